"""While a run goes on: progress, curves, epochs."""
