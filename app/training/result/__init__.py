"""After a run: what was measured, and the pictures behind it."""
