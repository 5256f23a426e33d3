"""Rules about the files of a bundle."""
