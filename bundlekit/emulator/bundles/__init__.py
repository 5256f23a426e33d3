"""Bundles that run on this machine, beside an emulated gateway."""
