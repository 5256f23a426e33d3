"""Turn a bundle into a deterministic archive, and read archives safely."""
