"""The course of what was seen, below the picture."""
