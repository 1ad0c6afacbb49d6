"""Measurements: taking them in, keeping them, and what they say about health."""
