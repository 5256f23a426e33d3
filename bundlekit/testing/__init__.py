"""A gateway for the tests of a bundle: the pytest plugin."""
