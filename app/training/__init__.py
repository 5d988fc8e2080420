"""Data set to run to curves."""
