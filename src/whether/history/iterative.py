"""Iterative pruning: the loop that everyone writes, as a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from whether.errors import RequestError, gather
from whether.history.checks import one_of
from whether.history.described import describe
from whether.history.network import Mask, Network
from whether.history.ops import Trained
from whether.recipe import Recipe
from whether.steps import Steps
from whether.structure import fraction_of as share_of

RETRAIN = ("weights", "rate")


@dataclass(frozen=True, eq=False, repr=False)
class Tickets(Sequence[Network]):
    """The trained networks of iterative pruning, densest first: `tickets[0]` is the dense one, `tickets[-1]` the last.

    Attributes:
        early: the state at the step that every round is rewound to.
        rounds: the trained network after each round of pruning, beginning with none.
        retrain: what happens after pruning, as it was said to `tickets`.
    """

    early: Network
    rounds: tuple[Network, ...]
    retrain: str | Recipe = "weights"

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
        """The ticket before it is trained again: with rewound weights, `early` under the mask of a round."""
        last = self.rounds[after].op
        assert isinstance(last, Trained)
        return last.origin

    def __repr__(self) -> str:
        begun = describe(self.early.op, self.early.data.name)
        how = {"weights": "rewound to", "rate": "rates rewound to"}.get(str(self.retrain), "fine-tuned; begun with")
        return f"<Tickets after 0 to {len(self) - 1} rounds, {how} {begun}>"


def tickets(
    start: Network,
    *,
    density: float | None = None,
    rounds: int | None = None,
    fraction: float = 0.2,
    rewind: Steps | str = "0it",
    scope: str = "global",
    layer_fractions: Mapping[str, float] | None = None,
    by: str = "magnitude",
    structure: str = "weight",
    retrain: str | Recipe = "weights",
) -> Tickets:
    """Find winning tickets by iterative pruning with rewinding, or sparse networks by what is done in its place.

    Train; prune a fraction of the weights that remain, lowest scores first; give those that are left the values they
    had at step `rewind`; train again; and so on. Source: Frankle & Carbin, "The Lottery Ticket Hypothesis" (ICLR 2019);
    rewinding to a later step: Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis" (ICML 2020);
    learning-rate rewinding: Renda et al., "Comparing Rewinding and Fine-tuning in Neural Network Pruning" (ICLR 2020).

    Args:
        start: the untrained network.
        density: what is left at the end, in (0, 1). Rounds are then as few as `fraction` a round allows, each of the
            same fraction, so that the density is met but for the rounding of each round to whole weights.
        rounds: or how many rounds of `fraction` each.
        fraction: of what remains, pruned in a round, in (0, 1).
        rewind: the step whose weights a ticket gets; "0it" are the fresh ones.
        scope: see `Network.prune`.
        layer_fractions: see `Network.prune`; {"output": 0.1} prunes the last layer half as fast.
        by, structure: see `Network.prune`; not a structure with a share of its own, such as "2:4".
        retrain: after pruning, go back to the "weights" of step `rewind`; or keep the trained weights and go back to
            that step's "rate", that is to its place in the schedule and in the data; or do the latter with a Recipe of
            its own, from step `rewind` to its total: fine-tuning, when its rate is low.

    Example:
        >>> found = tickets(Network("mlp-300-100", data="digits", seed=1), density=0.1)
        >>> len(found) - 1
        11
    """
    _check_way(structure, retrain)
    many, exact = _rounds(density, rounds, fraction, uneven=bool(layer_fractions))
    early = start.train(until=rewind)
    found = [early.train()]
    for _ in range(many):
        last = found[-1]
        mask = last.prune(fraction=exact, by=by, scope=scope, structure=structure, layer_fractions=layer_fractions)
        if retrain == "weights":
            found.append(early.masked(mask).train())
        else:
            recipe = retrain if isinstance(retrain, Recipe) else None
            found.append(last.masked(mask).rate_rewound(rewind).train(recipe))
    return Tickets(early, tuple(found), retrain)


def _check_way(structure: str, retrain: str | Recipe) -> None:
    if not isinstance(retrain, Recipe):
        one_of("way to retrain", retrain, RETRAIN)
    if share_of(structure) is not None:
        raise RequestError(
            f"tickets() got structure={structure!r}, which leaves the same share whatever the round; expected one that "
            "is pruned by a fraction, such as 'weight' or 'channel'. `Network.prune` takes it."
        )


def _rounds(density: float | None, rounds: int | None, fraction: float, *, uneven: bool) -> tuple[int, float]:
    """How many rounds, and the fraction that goes in each."""
    if (density is None) == (rounds is None):
        raise RequestError("tickets() takes either density=0.1 (what is left at the end) or rounds=10, one of the two.")
    parts = {"fraction": (fraction, "that goes in a round, such as 0.2")}
    if density is not None:
        parts["density"] = (density, "that is left at the end, such as 0.1")
    gather(*(lambda name=name: _inside(name, *parts[name]) for name in parts))
    exact = fraction
    if density is not None:
        if uneven:
            raise RequestError("tickets() with density prunes every layer alike; give rounds=… with layer_fractions.")
        rounds = max(1, math.ceil(math.log(density) / math.log(1 - fraction) - 1e-9))
        exact = 1 - density ** (1 / rounds)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise RequestError(f"rounds is {rounds!r}; expected a whole number, 1 or more.")
    return rounds, exact


def _inside(name: str, value: float, part: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise RequestError(f"{name} is {value!r}; expected a number in (0, 1): the part {part}.")
