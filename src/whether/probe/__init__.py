"""Measures: numbers asked of networks."""
