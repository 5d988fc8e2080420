"""The training tab: data set, options, runs and results."""
