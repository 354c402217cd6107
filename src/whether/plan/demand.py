"""What facts need of one another: the points among them, and those that a piece waits for."""

from __future__ import annotations

from collections.abc import Iterable

from whether.history.facts import Fact, Point, Trajectory
from whether.history.walk import closure

__all__ = ["closure", "nearest_points", "stops_of", "waits_for"]


def stops_of(facts: Iterable[Fact]) -> dict[str, tuple[Trajectory, dict[int, Point]]]:
    """The points among facts, by trajectory and step."""
    found: dict[str, tuple[Trajectory, dict[int, Point]]] = {}
    for fact in facts:
        if isinstance(fact, Point):
            found.setdefault(fact.trajectory.digest, (fact.trajectory, {}))[1][fact.at] = fact
    return found


def waits_for(trajectory: Trajectory) -> list[Point]:
    """The trained points that a trajectory needs before it can begin: the nearest ones behind its first state."""
    return nearest_points(trajectory.begin)


def nearest_points(fact: Fact) -> list[Point]:
    """The trained points nearest behind a fact (itself, if it is one)."""
    return [item for item in closure([fact], stop=lambda item: isinstance(item, Point)) if isinstance(item, Point)]
