"""Rules about comments that hide findings."""
