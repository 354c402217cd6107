"""What can be said of a network or a mask: each word of the history language is one plain value.

`network.py` has the classes whose methods say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from whether.seeds import Seed
from whether.steps import Steps

if TYPE_CHECKING:
    from whether.history.network import Mask, Network

SCOPES = ("global", "layer")
SHUFFLES = ("layer", "global", "unit")
KEEPS = ("nothing", "signs", "magnitudes")


@dataclass(frozen=True, eq=False)
class Start:
    """Fresh weights."""

    model: str
    options: Mapping[str, Any]
    init: str
    seed: Seed


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights after training on from another network's."""

    origin: Network
    until: Steps | None


@dataclass(frozen=True, eq=False)
class Masked:
    """Another network's weights, zero where a mask says so."""

    origin: Network
    mask: Mask
    keep_optimizer: bool


@dataclass(frozen=True, eq=False)
class Redrawn:
    """Another network with its weights drawn again, wholly or but for their signs or magnitudes."""

    origin: Network
    seed: Seed
    keep: str


@dataclass(frozen=True, eq=False)
class Loaded:
    """Weights from a file."""

    model: str
    options: Mapping[str, Any]
    init: str
    path: str


@dataclass(frozen=True, eq=False)
class Perturbed:
    """Another network's weights, changed by a function of the early phase or of a path between two networks."""

    origin: Network
    how: str
    seed: Seed | None
    other: Network | None
    examples: int | None
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Only:
    """Another network of which only some parameters are trained from here on."""

    origin: Network
    trains: str
    seed: Seed | None


@dataclass(frozen=True, eq=False)
class RateRewound:
    """Another network's weights, at an earlier step of the schedule."""

    origin: Network
    to: Steps


@dataclass(frozen=True, eq=False)
class Pruned:
    """The mask of what pruning leaves of a network."""

    network: Network
    by: str
    fraction: Fraction
    scope: str
    structure: str
    layers: Mapping[str, Fraction]
    since: Network | None = None
    seed: Seed | None = None
    examples: int | None = None
    rounds: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Another mask with its places permuted."""

    mask: Mask
    seed: Seed
    scope: str


@dataclass(frozen=True, eq=False)
class Inverted:
    """What another mask leaves out."""

    mask: Mask


@dataclass(frozen=True, eq=False)
class WornBy:
    """The mask that a network wears."""

    network: Network


NetworkOp = Start | Loaded | Trained | Masked | Redrawn | Perturbed | Only | RateRewound
MaskOp = Pruned | Shuffled | Inverted | WornBy
