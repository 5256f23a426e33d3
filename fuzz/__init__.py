"""Fuzzing what reads bundles: `make fuzz`, or one target alone: `python -m fuzz source -max_total_time=600`."""
