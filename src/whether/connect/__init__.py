"""Two networks and what lies between them: paths, barriers, distances, alignment. Pure functions on tensors by name."""

from whether.connect.distance import cosine, disagreement, l2
from whether.connect.path import Point, alphas, barrier, interpolate, walk
from whether.connect.statistics import reestimate

__all__ = ["Point", "alphas", "barrier", "cosine", "disagreement", "interpolate", "l2", "reestimate", "walk"]
