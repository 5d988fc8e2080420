"""The runs on disk, and the actions on them."""
