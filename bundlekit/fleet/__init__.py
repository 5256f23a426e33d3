"""Many gateways as one: which ones, in which waves, what happened to each, and how to go on."""
