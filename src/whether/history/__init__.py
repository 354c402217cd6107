"""The history language: Network, Mask, Measure, and how they become facts."""

from whether.history.iterative import Tickets, tickets
from whether.history.measures import Measure, accuracy, curve, density, early_stop, loss, measure, solved
from whether.history.network import Mask, Network

__all__ = [
    "Mask",
    "Measure",
    "Network",
    "Tickets",
    "accuracy",
    "curve",
    "density",
    "early_stop",
    "loss",
    "measure",
    "solved",
    "tickets",
]
