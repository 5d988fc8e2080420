"""After a run: its evaluation, and the pictures behind it."""
