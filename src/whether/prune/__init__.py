"""Pruning: scores, selection, masks. Pure functions on tensors by name."""

from whether.prune.densities import erdos_renyi, erk, uniform
from whether.prune.dynamic import begin, change, changes_at, cubic_density
from whether.prune.gradients import grasp, snip, synflow, taylor
from whether.prune.iterate import iterate
from whether.prune.masks import density_percent, full, inverted, shuffled, wear
from whether.prune.readers import readers
from whether.prune.scores import initial_magnitude, magnitude, movement, random
from whether.prune.select import groups, select

__all__ = [
    "begin",
    "change",
    "changes_at",
    "cubic_density",
    "density_percent",
    "erdos_renyi",
    "erk",
    "full",
    "grasp",
    "groups",
    "initial_magnitude",
    "inverted",
    "iterate",
    "magnitude",
    "movement",
    "random",
    "readers",
    "select",
    "shuffled",
    "snip",
    "synflow",
    "taylor",
    "uniform",
    "wear",
]
