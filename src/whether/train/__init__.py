"""Training: `loop.py` is the legible reference for one network, `pack.py` trains many at once."""
