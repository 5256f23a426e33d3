"""Check a bundle against the rules of the gateway."""
