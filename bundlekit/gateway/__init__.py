"""A gateway's REST API, from its client's side."""
