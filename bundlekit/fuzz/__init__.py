"""Finds requests with which a bundle fails, on an emulated gateway."""
