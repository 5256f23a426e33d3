"""What a bundle promises, in the forms that other tools read."""
