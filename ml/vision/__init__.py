"""From a source's frames to faces and their expressions."""
