"""Two networks and what lies between them: paths, barriers, distances, alignment. Pure functions on tensors by name."""

from whether.connect.align import match_activations, match_weights, permute, random_permutations
from whether.connect.distance import cosine, disagreement, l2
from whether.connect.path import Point, alphas, barrier, interpolate, walk
from whether.connect.statistics import reestimate

__all__ = [
    "Point",
    "alphas",
    "barrier",
    "cosine",
    "disagreement",
    "interpolate",
    "l2",
    "match_activations",
    "match_weights",
    "permute",
    "random_permutations",
    "reestimate",
    "walk",
]
