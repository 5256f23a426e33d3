"""Rules about what else is on the gateway."""
