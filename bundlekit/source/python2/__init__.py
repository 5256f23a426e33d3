"""Whether Python 2.7 takes a source, and why not."""
