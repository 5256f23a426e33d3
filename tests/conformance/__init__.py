"""What the original's controller does, case by case, and who is held to it: see `case.py`."""
