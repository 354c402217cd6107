"""Several questions worked on together: which goes first.

While one question waits for its serial parts, others keep the devices busy. Where the budget is short, the question
that has least left goes first, so that most verdicts are reached with what there is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from whether.plan.cost import Costs
from whether.plan.lineage import Lineage
from whether.plan.plan import Plan


def needed_by(plan: Plan) -> dict[str, int]:
    """For each piece, by trajectory, the questions that need it: bit i for the question at place i."""
    lineage = Lineage()
    bits: dict[str, int] = {}
    asking: dict[str, int] = {}
    for place, digests in plan.needs.items():
        for digest in digests:
            asking[digest] = asking.get(digest, 0) | 1 << place
    for fact in plan.missing:
        for point in lineage.nearest(fact):
            bits[point.digest] = bits.get(point.digest, 0) | asking.get(fact.digest, 0)
    found: dict[str, int] = {}
    for piece in reversed(plan.pieces):  # those that begin from a piece stand after it
        needed = 0
        for point in piece.points:
            needed |= bits.get(point.digest, 0)
        for point in piece.waits_for:
            bits[point.digest] = bits.get(point.digest, 0) | needed
        found[piece.trajectory.digest] = needed
    return found


@dataclass(frozen=True)
class Turn:
    """A question's turn in a portfolio.

    Attributes:
        place: of the question in `Plan.asked`.
        seconds: device-seconds that it adds to what the questions before it need.
        pieces: how many pieces it adds.
    """

    place: int
    seconds: float
    pieces: int


def turns(plan: Plan, costs: Costs) -> list[Turn]:
    """The questions in the order of least remaining work: each next one adds least to those before it."""
    return _turns(plan, costs, needed_by(plan))


def ranks(plan: Plan, costs: Costs) -> dict[str, int]:
    """By trajectory, the turn of the first question that needs a piece: 0 goes first."""
    needed = needed_by(plan)
    rank_of = {turn.place: rank for rank, turn in enumerate(_turns(plan, costs, needed))}
    first = {bits: min((rank_of[place] for place in _places(bits)), default=0) for bits in set(needed.values())}
    return {digest: first[bits] for digest, bits in needed.items()}


def _turns(plan: Plan, costs: Costs, needed: Mapping[str, int]) -> list[Turn]:
    seconds: dict[int, float] = {}  # by the questions that share some pieces
    pieces: Counter[int] = Counter()
    for piece in plan.pieces:
        bits = needed[piece.trajectory.digest]
        seconds[bits] = seconds.get(bits, 0.0) + costs.seconds(piece)
        pieces[bits] += 1
    open_ = set(seconds)
    of = {place: [bits for bits in seconds if bits >> place & 1] for place in plan.needs}
    found: list[Turn] = []
    left = {place: sum(seconds[bits] for bits in groups) for place, groups in of.items()}
    while left:
        place = min(left, key=lambda item: (left[item], item))
        del left[place]
        adds = [bits for bits in of[place] if bits in open_]
        open_.difference_update(adds)
        found.append(Turn(place, math.fsum(seconds[bits] for bits in adds), sum(pieces[bits] for bits in adds)))
        for bits in adds:
            for other in _places(bits):
                if other in left:
                    left[other] -= seconds[bits]
    return found


def _places(bits: int) -> Iterator[int]:
    """The places of the bits of a number, from the lowest on."""
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1
