"""Iterative magnitude pruning: the loop that everyone writes, as a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from whether.errors import RequestError, gather
from whether.history.described import describe
from whether.history.network import Mask, Network
from whether.steps import Steps


@dataclass(frozen=True, eq=False, repr=False)
class Tickets(Sequence[Network]):
    """The trained networks of iterative pruning, densest first: `tickets[0]` is the dense one, `tickets[-1]` the last.

    Attributes:
        early: the state whose weights every round is rewound to.
        rounds: the trained network after each round of pruning, beginning with none.
    """

    early: Network
    rounds: tuple[Network, ...]

    @overload
    def __getitem__(self, index: int) -> Network: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Network, ...]: ...
    def __getitem__(self, index: int | slice) -> Network | tuple[Network, ...]:
        return self.rounds[index]

    def __len__(self) -> int:
        return len(self.rounds)

    def __iter__(self) -> Iterator[Network]:
        return iter(self.rounds)

    @property
    def dense(self) -> Network:
        """The network that was never pruned, trained."""
        return self.rounds[0]

    def mask(self, after: int = -1) -> Mask:
        """The mask after a round: by default the last one's."""
        return self.rounds[after].mask()

    def start(self, after: int = -1) -> Network:
        """The ticket before training: `early` under the mask of a round."""
        return self.early.masked(self.mask(after)) if after % len(self.rounds) else self.early

    def __repr__(self) -> str:
        return (
            f"<Tickets after 0 to {len(self) - 1} rounds, rewound to {describe(self.early.op, self.early.data.name)}>"
        )


def tickets(
    start: Network,
    *,
    density: float | None = None,
    rounds: int | None = None,
    fraction: float = 0.2,
    rewind: Steps | str = "0it",
    scope: str = "global",
    layer_fractions: Mapping[str, float] | None = None,
) -> Tickets:
    """Find winning tickets by iterative magnitude pruning with rewinding.

    Train; prune a fraction of the weights that remain, lowest magnitudes first; give those that are left the values
    they had at step `rewind`; train again; and so on. Source: Frankle & Carbin, "The Lottery Ticket Hypothesis"
    (ICLR 2019); rewinding to a later step: Frankle et al., "Linear Mode Connectivity and the Lottery Ticket
    Hypothesis" (ICML 2020).

    Args:
        start: the untrained network.
        density: what is left at the end, in (0, 1). Rounds are then as few as `fraction` a round allows, each of the
            same fraction, so that the density is met but for the rounding of each round to whole weights.
        rounds: or how many rounds of `fraction` each.
        fraction: of what remains, pruned in a round, in (0, 1).
        rewind: the step whose weights a ticket gets; "0it" are the fresh ones.
        scope: see `Network.prune`.
        layer_fractions: see `Network.prune`; {"output": 0.1} prunes the last layer half as fast.

    Example:
        >>> found = tickets(Network("mlp-300-100", data="digits", seed=1), density=0.1)
        >>> len(found) - 1
        11
    """
    if (density is None) == (rounds is None):
        raise RequestError("tickets() takes either density=0.1 (what is left at the end) or rounds=10, one of the two.")
    parts = {"fraction": (fraction, "that goes in a round, such as 0.2")}
    if density is not None:
        parts["density"] = (density, "that is left at the end, such as 0.1")
    gather(*(lambda name=name: _inside(name, *parts[name]) for name in parts))
    exact = fraction
    if density is not None:
        if layer_fractions:
            raise RequestError("tickets() with density prunes every layer alike; give rounds=… with layer_fractions.")
        rounds = max(1, math.ceil(math.log(density) / math.log(1 - fraction) - 1e-9))
        exact = 1 - density ** (1 / rounds)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise RequestError(f"rounds is {rounds!r}; expected a whole number, 1 or more.")
    early = start.train(until=rewind)
    found = [early.train()]
    for _ in range(rounds):
        mask = found[-1].prune(fraction=exact, scope=scope, layer_fractions=layer_fractions)
        found.append(early.masked(mask).train())
    return Tickets(early, tuple(found))


def _inside(name: str, value: float, part: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise RequestError(f"{name} is {value!r}; expected a number in (0, 1): the part {part}.")
