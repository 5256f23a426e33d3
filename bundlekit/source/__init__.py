"""What the Python source of a bundle says, without running it. Parsed by tree-sitter."""
