"""Many gateways: which ones, and what is done to all of them."""
