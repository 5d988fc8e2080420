"""Before a run: the data set and the options."""
