"""What a run tells while it goes on. Results do not depend on anybody listening."""

from __future__ import annotations

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
    """

    networks: int
    label: str
    done: int
    of: int
    trained: int
    to_train: int


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


def nobody(event: Event) -> None:
    """The listener of those who do not listen."""
