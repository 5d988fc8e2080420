"""Labelled pictures: FER2013 and its like, as people keep them."""
