"""What facts need of one another: walks over histories, without recursion and each fact once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from whether.history.facts import Fact, Point, Trajectory


def closure(roots: Iterable[Fact], stop: Callable[[Fact], bool] | None = None) -> Iterator[Fact]:
    """Every fact that the roots are said of, themselves included, each once.

    Args:
        roots: where to begin.
        stop: do not look behind a fact for which this is true (it is still given).
    """
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        fact = waiting.pop()
        if fact.digest in seen:
            continue
        seen.add(fact.digest)
        yield fact
        if stop is None or not stop(fact):
            waiting.extend(fact.parents())


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
