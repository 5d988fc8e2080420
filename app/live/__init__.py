"""Camera to faces to expressions, on screen."""
