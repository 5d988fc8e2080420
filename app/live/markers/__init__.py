"""Moments and intervals that the user marks, and the bar to do so."""
