"""What makes the documentation site: its reference pages, its pictures, and the checks of it."""
