"""Rules about index.py and the modules that it imports."""
