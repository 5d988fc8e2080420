"""Tests of ml.batch."""
