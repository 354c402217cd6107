"""Pruning: scores, selection, masks. Pure functions on tensors by name."""

from whether.prune.gradients import grasp, snip, synflow, taylor
from whether.prune.masks import density_percent, full, inverted, shuffled, wear
from whether.prune.readers import readers
from whether.prune.scores import initial_magnitude, magnitude, movement, random
from whether.prune.select import groups, select

__all__ = [
    "density_percent",
    "full",
    "grasp",
    "groups",
    "initial_magnitude",
    "inverted",
    "magnitude",
    "movement",
    "random",
    "readers",
    "select",
    "shuffled",
    "snip",
    "synflow",
    "taylor",
    "wear",
]
