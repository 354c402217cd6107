"""Pruning: scores, selection, masks. Pure functions on tensors by name."""

from whether.prune.masks import density_percent, full, inverted, shuffled, wear
from whether.prune.scores import magnitude
from whether.prune.select import select

__all__ = ["density_percent", "full", "inverted", "magnitude", "select", "shuffled", "wear"]
