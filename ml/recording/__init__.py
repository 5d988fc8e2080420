"""Recordings: what was seen, in a folder, written while it happens and read again."""
