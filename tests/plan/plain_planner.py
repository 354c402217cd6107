"""The planner written plainly, one walk a measure, and histories of any shape to hold the quick one to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from whether import Network, Recipe, adam, loss
from whether.history.facts import Fact, MeasureFact, Point, Trajectory
from whether.history.resolve import Resolver
from whether.plan import Piece
from whether.plan.demand import closure, stops_of, waits_for

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)


@dataclass
class Shelf:
    """A lab's listings, as a test likes them."""

    measures: Collection[str] = ()
    points: Collection[str] = ()
    resumable: Collection[str] = ()


def demand(wanted: Sequence[Fact]) -> tuple[Counter[str], int]:
    """How many of the wanted need each trajectory, and the steps if each were trained by itself."""
    needed_by: Counter[str] = Counter()
    alone = 0
    for fact in wanted:
        for digest, (trajectory, stops) in stops_of(closure([fact])).items():
            needed_by[digest] += 1
            alone += max(stops) - trajectory.begin.step
    return needed_by, alone


def pieces(wanted: Sequence[Fact], have: Shelf) -> list[Piece]:
    """What is to be trained, found by walking again whenever a point turns out not to do."""
    again: set[str] = set()

    def stood(fact: Fact) -> bool:
        return isinstance(fact, Point) and fact.digest in have.points and fact.digest not in again

    while True:
        needed = list(closure(wanted, stop=stood))
        resumed = {point.digest for fact in needed if isinstance(fact, Trajectory) and (point := fact.resumes)}
        lacking = {name for name in resumed - again if name in have.points and name not in have.resumable}
        if not lacking:
            break
        again |= lacking
    found = []
    for trajectory, stops in stops_of(fact for fact in needed if not stood(fact)).values():
        kept = {step for step, point in stops.items() if point.digest in resumed}
        if max(stops) < trajectory.training.total:
            kept.add(max(stops))
        points = tuple(stops[step] for step in sorted(stops))
        waits = tuple(point for point in waits_for(trajectory) if not stood(point))
        found.append(Piece(trajectory, points, frozenset(kept), waits))
    return found


def told(found: Sequence[Piece]) -> dict[str, Any]:
    """Pieces as values that can be compared, whatever their order."""
    return {
        piece.trajectory.digest: (
            [point.digest for point in piece.points],
            piece.keep_optimizer,
            {point.digest for point in piece.waits_for},
        )
        for piece in found
    }


Move = tuple[int, int, int, bool]
MOVES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 99), st.booleans()), min_size=1, max_size=14
)
"""How a history grows: from which network, by what, with which number, and whether the result is asked of."""


def grown(moves: Sequence[Move]) -> list[MeasureFact]:
    """Measures of some networks of a history that grew by such moves, the last of them always."""
    made = [Network("mlp-2", data="xor", seed=1, recipe=RECIPE)]
    resolver = Resolver()
    for whom, how, number, _ in moves:
        base = made[-1 - whom % len(made)]
        match how:
            case 0:
                made.append(base.train(until=f"{max(resolver.state(base).step, number)}it"))
            case 1:
                made.append(base.masked(made[number % len(made)].prune(fraction=0.3)))
            case 2:
                made.append(base.masked(made[number % len(made)].mask(), optimizer="keep"))
            case 3:
                made.append(base.reinit(number, keep="signs"))
            case _:
                made.append(base.train(order=number % 7))
    asked = [item for item, (*_, of) in zip(made[1:-1], moves[:-1], strict=True) if of]
    return [resolver.measure(loss(item)) for item in [*asked, made[-1]]]
