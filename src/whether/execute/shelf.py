"""The lab as a driver sees it: what stands, and what a piece left that always fails."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from whether.answer import DONE, FAILED
from whether.errors import DamageError, WorkError
from whether.execute.contract import Failure, Slot
from whether.history import wire
from whether.history.facts import Fact, MeasureFact, Point
from whether.plan.cost import kind_of
from whether.plan.plan import Piece
from whether.store.folder import Store

NOTED_EVERY = 10.0  # seconds between two measurements of one kind that are taken down


class LabShelf:
    """A driver's look at a lab."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._noted: dict[str, float] = {}

    def stands(self, piece: Piece) -> bool:
        """Whether every point of a piece stands, with what is wanted of it."""
        return stands(self.store, piece, piece.points)

    def fail(self, piece: Piece, failure: Failure, tries: int) -> None:
        """Record that a piece always fails, or (`tries` 0) begins from one that does."""
        body: dict[str, object] = {
            "kind": "point",
            "trajectory": piece.trajectory.digest,
            "tries": tries,
            **_failed(failure),
        }
        for point in piece.points:
            self.store.keep(point.digest, body | {"step": point.at, "history": history(point)})

    def fail_measure(self, fact: MeasureFact, failure: Failure) -> None:
        """Record that there is nothing to measure."""
        body: dict[str, object] = {"kind": "measure", "name": fact.name, "parents": {}, "value": None, "note": "failed"}
        self.store.records.write(fact.digest, body | _failed(failure) | {"history": history(fact)})

    def pace(self, pack: Sequence[Piece], seconds: float, steps: int, slot: Slot) -> None:
        """Take down how fast a pack trained: the lab's last measurement of its kind, now and then."""
        kind, now = kind_of(pack[0]), time.monotonic()
        if now - self._noted.get(kind, -NOTED_EVERY) < NOTED_EVERY:
            return
        self._noted[kind] = now
        with suppress(WorkError):  # an estimate less
            self.store.paces.note(kind, seconds / steps, len(pack), slot.device)


def stands(store: Store, piece: Piece, points: Iterable[Point]) -> bool:
    """Whether some points of a piece stand in a lab, with what is wanted of them."""
    return all(_stands(store, point, point.at in piece.keep_optimizer) for point in points)


def _stands(store: Store, point: Point, with_optimizer: bool) -> bool:
    if not store.records.has(point.digest):
        return False
    if store.states.has(point.digest) and not with_optimizer:
        return True
    try:
        record = store.records.read(point.digest)
    except DamageError:
        return False
    if record.get("outcome") != DONE:
        return True
    optimizer = not with_optimizer or ("optimizer" in record and store.states.has(point.digest, "optimizer"))
    return store.states.has(point.digest) and optimizer


def _failed(failure: Failure) -> dict[str, object]:
    said: dict[str, object] = {
        "outcome": FAILED,
        "error": failure.message,
        "failure": failure.kind,
        "host": platform.node(),
    }
    return said | ({"traceback": failure.detail} if failure.detail else {})


def history(fact: Fact) -> dict[str, object]:
    """The facts between this one and the nearest trained points behind it: its record tells how it came to be."""
    return dict(wire.written([fact], stop=lambda found: isinstance(found, Point) and found is not fact))
