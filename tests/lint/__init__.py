"""The checks of a bundle, held to their word."""
