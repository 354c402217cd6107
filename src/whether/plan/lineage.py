"""Histories as the planner sees them: trajectories, and the trained points that each begins from.

Everything else of a history (masks, rewinding, drawing anew) lies between them and is walked once. So questions about
many histories are answered by passes over trajectories, whatever number of measures asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from whether.history.facts import Fact, MeasureFact, Point, Trajectory
from whether.plan.demand import nearest_points

AT_ONCE = 512
"""Measures whose needs are told apart in one pass: the bits of one integer a point."""

Stops = dict[str, tuple[Trajectory, dict[int, Point]]]
"""Trajectories with the points on them, by digest and step."""


class Lineage:
    """What begins from what, each looked up once."""

    def __init__(self) -> None:
        self._behind: dict[str, tuple[Point, ...]] = {}

    def nearest(self, fact: Fact) -> Sequence[Point]:
        """The trained points nearest behind a fact (itself, or of a measure its state, if it is one)."""
        state = fact.state if isinstance(fact, MeasureFact) and fact.other is None and not fact.parts else fact
        return (state,) if isinstance(state, Point) else nearest_points(state)

    def behind(self, trajectory: Trajectory) -> tuple[Point, ...]:
        """The trained points that a trajectory begins from."""
        found = self._behind.get(trajectory.digest)
        if found is None:
            found = self._behind[trajectory.digest] = tuple(self.nearest(trajectory.begin))
        return found

    def stops(self, wanted: Iterable[Fact], stands: Callable[[Point], bool] = lambda _: False) -> Stops:
        """Every trajectory behind facts, each after those that it begins from, with all its points that are needed.

        Args:
            wanted: what is needed.
            stands: whether a point is there already: it and what lies behind it is left out.
        """
        found: Stops = {}
        waiting = [point for fact in wanted for point in self.nearest(fact)][::-1]
        while waiting:
            point = waiting[-1]
            trajectory = point.trajectory
            if stands(point):
                waiting.pop()
                continue
            if trajectory.digest not in found:
                behind = [item for item in self.behind(trajectory) if not stands(item)]
                missing = [item for item in behind if item.trajectory.digest not in found]
                if missing:
                    waiting.extend(missing)
                    continue
                for item in behind:
                    found[item.trajectory.digest][1][item.at] = item
                found[trajectory.digest] = trajectory, {}
            found[trajectory.digest][1][point.at] = point
            waiting.pop()
        return found


def demand(wanted: Sequence[Fact], lineage: Lineage) -> tuple[Counter[str], int]:
    """How many of the wanted need each trajectory, and the steps if each of them were trained by itself.

    Each of the wanted has a bit. From the last trajectories back, a trajectory passes the bits of all who need it to
    the points that it begins from. A step between two stops is needed by whoever needs a stop after it.
    """
    needed_by: Counter[str] = Counter()
    alone = 0
    for first in range(0, len(wanted), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        bits: dict[str, int] = {}
        for place, fact in enumerate(some):
            for point in lineage.nearest(fact):
                bits[point.digest] = bits.get(point.digest, 0) | 1 << place
        for trajectory, points in reversed(lineage.stops(some).values()):
            needed, end = 0, 0
            for at in sorted(points, reverse=True):
                alone += (end - at) * needed.bit_count()
                needed |= bits.get(points[at].digest, 0)
                end = at
            alone += (end - trajectory.begin.step) * needed.bit_count()
            needed_by[trajectory.digest] += needed.bit_count()
            for point in lineage.behind(trajectory):
                bits[point.digest] = bits.get(point.digest, 0) | needed
    return needed_by, alone
