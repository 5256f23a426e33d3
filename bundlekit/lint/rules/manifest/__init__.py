"""Rules about bundle.json."""
