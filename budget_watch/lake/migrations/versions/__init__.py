"""The migrations, one after the other: `0001_lake.py`, `0002_….py`."""
