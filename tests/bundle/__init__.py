"""What a bundle is."""
