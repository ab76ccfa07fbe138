"""Measurements, each printed with the machine it was made on. No test depends on them."""
