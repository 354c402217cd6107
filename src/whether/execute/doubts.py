"""Doubts: is it one network that always fails, or its whole kind? Seen from others of its kind, which may take long.

A network that failed often enough alone is put aside here. When another of its kind ends well it is recorded as failed;
when none can any more, or many failed and none has got anywhere, the kind is bad and the run ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from whether.execute.contract import Failure
from whether.history.facts import Point, PrunedMask, Trajectory
from whether.history.walk import closure
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
    """What failed alone so far, by kind: the network's architecture, or the code that makes what it begins from.

    Args:
        worked: whether a network of a kind ended well on another day.
    """

    def __init__(self, worked: Callable[[str], bool]) -> None:
        self._worked = worked
        self._good: set[str] = set()
        self._kinds: dict[str, _Kind] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def works(self, task: Task) -> None:
        """A piece has ended well."""
        self._good |= kinds_of(task.piece.trajectory)

    def failed(self, task: Task, failure: Failure, *, lost: bool) -> None:
        """A piece failed alone; `lost` when its slot went with it, which may have been anybody's fault."""
        weight = 1 if lost else 2
        task.tries += weight
        kind = self._kinds.setdefault(_kind(task, failure), _Kind((task, failure)))
        kind.last, kind.weight = (task, failure), kind.weight + weight

    def put_aside(self, task: Task, failure: Failure) -> None:
        """A piece failed as often as it may."""
        self._kinds[_kind(task, failure)].aside.append((task, failure))

    def settled(self, going: Collection[str], open_: Collection[str]) -> tuple[list[Case], Case | None]:
        """What can be said now.

        Args:
            going: kinds of which something is being trained and has got somewhere.
            open_: architectures of which something is ready or being trained.

        Returns:
            The pieces that always fail while others of their kind work; and one of a kind that does not work at all.
        """
        found: list[Case] = []
        for name, kind in list(self._kinds.items()):
            enough = kind.weight >= 2 * ENOUGH and name not in going
            if name not in self._good and (enough or (kind.aside and architecture_of(kind.last[0]) not in open_)):
                if not self._worked(name):
                    return found, kind.last
                self._good.add(name)
            if name in self._good:
                found += kind.aside
                kind.aside = []
        return found, None


def architecture_of(task: Task) -> str:
    """The digest of a network's architecture."""
    return task.piece.trajectory.begin.model.digest


def kinds_of(trajectory: Trajectory) -> set[str]:
    """What is seen to work when a network ends well: its architecture, and that with the scores that made its mask."""
    model = trajectory.begin.model.digest
    return {model, _with_scores(model, trajectory)}


def _kind(task: Task, failure: Failure) -> str:
    """What a failure speaks against: the making of what a piece begins from when it names the piece."""
    architecture = architecture_of(task)
    return _with_scores(architecture, task.piece.trajectory) if failure.item == task.digest else architecture


def _with_scores(architecture: str, trajectory: Trajectory) -> str:
    """A score of one's own that always raises is a slip, however well networks do that it did not prune."""
    behind = closure([trajectory.begin], stop=lambda fact: isinstance(fact, Point))
    scores = sorted({f"{fact.by}@{fact.code}" for fact in behind if isinstance(fact, PrunedMask) and fact.code})
    return " ".join([architecture, *scores])
