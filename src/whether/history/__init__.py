"""The history language: Network, Mask, Measure, and how they become facts."""

from whether.history.network import (
    Mask,
    Measure,
    Network,
    accuracy,
    curve,
    density,
    early_stop,
    loss,
    measure,
    solved,
)
from whether.history.iterative import Tickets, tickets

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
