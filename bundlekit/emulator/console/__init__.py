"""The console: a page that shows who is registered, what they say to each other and what they print."""
