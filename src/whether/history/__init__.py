"""The history language: Network, Mask, Measure, and how they become facts."""

from whether.history.iterative import Tickets, tickets
from whether.history.measures import (
    Measure,
    accuracy,
    barrier,
    curve,
    density,
    derived,
    disagreement,
    distance,
    early_stop,
    loss,
    loss_barrier,
    measure,
    path,
    solved,
)
from whether.history.network import Mask, Network

__all__ = [
    "Mask",
    "Measure",
    "Network",
    "Tickets",
    "accuracy",
    "barrier",
    "curve",
    "density",
    "derived",
    "disagreement",
    "distance",
    "early_stop",
    "loss",
    "loss_barrier",
    "measure",
    "path",
    "solved",
    "tickets",
]
