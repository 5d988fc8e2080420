"""Evaluation of a network."""
