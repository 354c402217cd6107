"""Doubts: is it one network that always fails, or its whole kind? Seen from others of its kind, which may take long.

A network that failed often enough alone is put aside here. When another of its kind ends well it is recorded as failed;
when none can any more, or many failed and none has got anywhere, the kind is bad and the run ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from whether.execute.contract import Failure
from whether.plan.board import Task

MOST_TRIES = 3
"""How often a piece may fail alone before it is given up; a lost slot weighs half as much."""

ENOUGH = MOST_TRIES * MOST_TRIES
"""Failures alone, of a kind of which nothing has got anywhere, that speak against all of it."""

Case = tuple[Task, Failure]


@dataclass
class _Kind:
    last: Case
    weight: int = 0
    aside: list[Case] = field(default_factory=list)


class Doubts:
    """What failed alone so far, by the network's architecture.

    Args:
        worked: whether a network like this one ended well on another day.
    """

    def __init__(self, worked: Callable[[Task], bool]) -> None:
        self._worked = worked
        self._good: set[str] = set()
        self._kinds: dict[str, _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def works(self, task: Task) -> None:
        """A piece has ended well."""
        self._good.add(kind_of(task))

    def failed(self, task: Task, failure: Failure, *, lost: bool) -> None:
        """A piece failed alone; `lost` when its slot went with it, which may have been anybody's fault."""
        weight = 1 if lost else 2
        task.tries += weight
        kind = self._kinds.setdefault(kind_of(task), _Kind((task, failure)))
        kind.last, kind.weight = (task, failure), kind.weight + weight

    def put_aside(self, task: Task, failure: Failure) -> None:
        """A piece failed as often as it may."""
        self._kinds[kind_of(task)].aside.append((task, failure))

    def settled(self, going: Collection[str], open_: Collection[str]) -> tuple[list[Case], Case | None]:
        """What can be said now.

        Args:
            going: kinds of which something is being trained and has got somewhere.
            open_: kinds of which something is ready or being trained.

        Returns:
            The pieces that always fail while others of their kind work; and one of a kind that does not work at all.
        """
        found: list[Case] = []
        for name, kind in list(self._kinds.items()):
            enough = kind.weight >= 2 * ENOUGH and name not in going
            if name not in self._good and (enough or (kind.aside and name not in open_)):
                if not self._worked(kind.last[0]):
                    return found, kind.last
                self._good.add(name)
            if name in self._good:
                found += kind.aside
                kind.aside = []
        return found, None


def kind_of(task: Task) -> str:
    """What a network shares with those from which it is seen whether it can work: the architecture."""
    return task.piece.trajectory.begin.model.digest
