"""Make a new bundle from answers."""
