"""An executor on which every job takes the time and the course that a test says, on a clock that jumps."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from whether.execute.contract import (
    Advanced,
    Ended,
    Event,
    Failed,
    Failure,
    Gone,
    Job,
    Joined,
    Kind,
    Reached,
    Slot,
    Stood,
)
from whether.history.facts import MeasureFact
from whether.plan.plan import Piece

Course = Iterable[tuple[float, Event]]
"""What a job tells, each with the seconds after its beginning at which it is told."""


def well(slot: str, job: Job, each: float = 1.0) -> list[tuple[float, Event]]:
    """A job that goes well: each piece takes so long, one after the other; measures take none."""
    told: list[tuple[float, Event]] = []
    now = 0.0
    for piece in job.pieces:
        now += each
        told += [(now - each / 2, Stood(slot, point.digest)) for point in piece.points[:-1]]
        told += [(now, Advanced(slot, piece.steps)), (now, Reached(slot, piece.trajectory.digest))]
    taken = tuple(fact.digest for fact in job.measures)
    return [*told, *([(now, Advanced(slot, measures=taken))] if taken else []), (now, Ended(slot, job.number, now, 1))]


def broken(slot: str, job: Job, kind: Kind, *, after: float = 0.0, item: str = "") -> list[tuple[float, Event]]:
    """A job that fails."""
    return [(after, Failed(slot, job.number, Failure(kind, "so it is", item=item)))]


def killed(slot: str, *, after: float = 0.0) -> list[tuple[float, Event]]:
    """A slot that dies."""
    return [(after, Gone(slot, "it died"))]


def names(job: Job) -> list[str]:
    return [piece.trajectory.digest for piece in job.pieces]


@dataclass
class Stage:
    """Slots that do what `play` says; one that dies is followed by another.

    Attributes:
        most: jobs after which the test has gone on for too long.
    """

    play: Callable[[str, Job], Course] = well
    slots: int = 1
    shares_process: bool = False
    most: int = 300
    clock: float = 0.0
    given: list[tuple[float, str, Job]] = field(default_factory=list)
    stopped: bool = False
    _coming: list[tuple[float, int, Event]] = field(default_factory=list)
    _living: set[str] = field(default_factory=set)
    _made: int = 0
    _number: int = 0

    def start(self) -> None:
        for _ in range(self.slots):
            self._join()

    def give(self, slot: str, job: Job) -> None:
        assert slot in self._living, "a job for a slot that is gone"
        self.given.append((self.clock, slot, job))
        assert len(self.given) < self.most, "the driver gives jobs without end"
        for after, event in self.play(slot, job):
            self._put(self.clock + after, event)

    def events(self, timeout: float) -> list[Event]:
        if not self._coming or self._coming[0][0] > self.clock + timeout:
            self.clock += timeout
            return []
        found: list[Event] = []
        self.clock = max(self.clock, self._coming[0][0])
        while self._coming and self._coming[0][0] <= self.clock:
            event = heapq.heappop(self._coming)[2]
            if not isinstance(event, Joined) and event.slot not in self._living:
                continue
            if isinstance(event, Gone):
                self._living.discard(event.slot)
                self._join()
            found.append(event)
        return found

    def drop(self, slot: str, because: str) -> None:
        self._put(self.clock, Gone(slot, because))

    def stop(self) -> None:
        self.stopped = True

    def now(self) -> float:
        return self.clock

    def jobs_with(self, digest: str) -> list[Job]:
        """The jobs that had this piece, or this measure, in the order in which they were given."""
        return [job for _, _, job in self.given if digest in names(job) or digest in {m.digest for m in job.measures}]

    def _join(self) -> None:
        self._made += 1
        name = f"s{self._made}"
        self._living.add(name)
        self._put(self.clock, Joined(name, Slot(name, "here", "cpu", "p")))

    def _put(self, at: float, event: Event) -> None:
        self._number += 1
        heapq.heappush(self._coming, (at, self._number, event))


class Kept:
    """A shelf that keeps what it is told, each once."""

    def __init__(self, *there: str) -> None:
        self.there = set(there)
        self.failed: dict[str, int] = {}
        self.unmeasured: set[str] = set()

    def stands(self, piece: Piece) -> bool:
        return piece.trajectory.digest in self.there

    def measured(self, digest: str) -> bool:
        return digest in self.there

    def fail(self, piece: Piece, failure: Failure, tries: int) -> None:
        assert piece.trajectory.digest not in self.failed, "given up twice"
        self.failed[piece.trajectory.digest] = tries

    def fail_measure(self, fact: MeasureFact, failure: Failure) -> None:
        assert fact.digest not in self.unmeasured, "given up twice"
        self.unmeasured.add(fact.digest)

    def pace(self, pack: object, seconds: float, steps: int, slot: Slot) -> None:
        """Nobody reads it."""
