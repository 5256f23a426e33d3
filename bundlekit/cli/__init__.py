"""The command line: one module a verb; `main` is where errors end."""

from bundlekit.cli.main import main

__all__ = ["main"]
