"""The box of an emulated gateway: a sandbox without root, and the SSH server by which one gets into it."""
