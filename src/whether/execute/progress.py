"""What a run tells while it goes on. Results do not depend on anybody listening."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.plan.plan import Plan


@dataclass(frozen=True)
class Event:
    """Something that a listener may show."""


@dataclass(frozen=True)
class Planned(Event):
    """The plan is made; training begins."""

    plan: Plan


@dataclass(frozen=True)
class Training(Event):
    """Networks are being trained.

    Attributes:
        networks: in the pack that trains now; `label` says of what kind.
        done, of: network-steps over the whole plan.
        trained, to_train: trajectories finished and in all.
        busy, slots: how many places to train there are, and how many of them are at it.
    """

    networks: int
    label: str
    done: int
    of: int
    trained: int
    to_train: int
    busy: int = 1
    slots: int = 1


@dataclass(frozen=True)
class Measuring(Event):
    """Measures are being taken: `done` of `of`."""

    done: int
    of: int


@dataclass(frozen=True)
class Note(Event):
    """Something worth a line: a damaged state that is trained again, a run that goes on from a checkpoint."""

    text: str


@dataclass(frozen=True)
class Finished(Event):
    """The answer stands."""

    answer: Answer


Listener = Callable[[Event], None]


class Spoken:
    """Lines on stderr for whoever works in Python and hands in no listener.

    Nothing is said of what takes less than two seconds; after that, a line now and then.
    """

    FIRST, EVERY = 2.0, 10.0  # seconds

    def __init__(self) -> None:
        self._next = time.monotonic() + self.FIRST

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if isinstance(event, Note):
            print(f"whether: {event.text}", file=sys.stderr)
        if not isinstance(event, (Training, Measuring)) or time.monotonic() < self._next or not event.of:
            return
        self._next = time.monotonic() + self.EVERY
        if isinstance(event, Training):
            told = f"training, {event.done / event.of:.0%}: {event.trained} of {event.to_train} networks"
        else:
            told = f"measuring: {event.done} of {event.of}"
        print(f"whether: {told}", file=sys.stderr)


def nobody(event: Event) -> None:
    """The listener of those who do not listen."""
