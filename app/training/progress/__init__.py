"""During a run: progress, curves, epochs."""
