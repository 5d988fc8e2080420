"""The runs on disk, and what can be done with them."""
