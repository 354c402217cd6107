"""The contract of executors: they give slots and carry jobs to them, nothing more.

    Driver   what next, claims, retries, what is told        one, in the process that asked
    Executor slots: lanes, processes, Ray actors, simulated  in the same process
    Worker   trains, measures, publishes                     one a slot, over the same lab

An executor never looks into a job, decides nothing and loses nothing: whatever a slot leaves behind stands in the lab.
What happens in slots reaches the driver as the events below; `execute.conformance` holds every executor to this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from whether.errors import DamageError, RaisedError, RequestError, WhetherError, WorkError
from whether.history.facts import MeasureFact
from whether.plan.plan import Piece


@dataclass(frozen=True, eq=False)
class Job:
    """What a slot is given: a pack of pieces to train, then measures to take."""

    number: int
    pieces: tuple[Piece, ...] = ()
    measures: tuple[MeasureFact, ...] = ()

    @property
    def steps(self) -> int:
        """Network-steps to train."""
        return sum(piece.steps for piece in self.pieces)


@dataclass(frozen=True)
class Slot:
    """One place where a job can be done.

    Attributes:
        name: unique among the slots of an executor's life; one that comes back has another.
        host: where it is, for people.
        device: "cpu", "cuda", … for people.
        profile: the digest of the profile under which it computes.
    """

    name: str
    host: str
    device: str
    profile: str


Kind = Literal["memory", "damaged", "damage", "request", "raised", "work"]


@dataclass(frozen=True)
class Failure:
    """Why a job failed, in plain values that travel between processes.

    Attributes:
        kind: "memory": it did not fit; "damaged": a stored piece is (`item`); "damage", "request", "work": errors of
            these classes; "raised": code raised while it worked.
        item: the digest of the piece or measure that it concerns, where that is known.
        problems: of a RequestError.
        detail: a traceback, for people who mend code.
    """

    kind: Kind
    message: str
    item: str = ""
    place: str = ""
    problems: tuple[str, ...] = ()
    detail: str = ""

    def error(self) -> WhetherError:
        """The failure as the error that it was."""
        match self.kind:
            case "request":
                return RequestError(*(self.problems or (self.message,)))
            case "damage" | "damaged":
                return DamageError(self.message, place=self.place)
            case "raised":
                return RaisedError(self.message)
            case _:
                return WorkError(self.message)


@dataclass(frozen=True)
class Event:
    """Something that happened in a slot."""

    slot: str


@dataclass(frozen=True)
class Joined(Event):
    """A slot can be given a job."""

    what: Slot


@dataclass(frozen=True)
class Advanced(Event):
    """Work went on: so many network-steps more, or so many measures. A sign of life."""

    steps: int = 0
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stood(Event):
    """A point before the end of a piece stands: who begins from it need not wait for the end."""

    point: str


@dataclass(frozen=True)
class Reached(Event):
    """A piece of the slot's job has ended: all its points stand."""

    trajectory: str


@dataclass(frozen=True)
class Told(Event):
    """Something worth a line to people."""

    text: str


@dataclass(frozen=True)
class Ended(Event):
    """The slot's job is done; it can be given another.

    Attributes:
        training: seconds that its pack trained.
        steps: network-steps that it trained in them.
    """

    job: int
    training: float = 0.0
    steps: int = 0


@dataclass(frozen=True)
class Failed(Event):
    """The slot's job failed; what it left behind stands, and the slot can be given another."""

    job: int
    failure: Failure = field(default_factory=lambda: Failure("work", ""))


@dataclass(frozen=True)
class Gone(Event):
    """The slot is no more, with whatever it was doing."""

    because: str


class Executor(Protocol):
    """Slots, and a way to carry jobs to them."""

    shares_process: bool
    """Whether all slots are threads of one process, so that code of one's own must be alone in it."""

    def start(self) -> None:
        """Begin to make slots; each joins by an event.

        Raises:
            RequestError: when there can be none, with what to do.
        """

    def give(self, slot: str, job: Job) -> None:
        """Give a slot that joined and has no job a job."""

    def events(self, timeout: float) -> list[Event]:
        """What happened since the last call; waits up to `timeout` seconds for the first."""

    def drop(self, slot: str, because: str) -> None:
        """Take a slot away from a job that hangs: it is gone, and where possible another joins in its place."""

    def stop(self) -> None:
        """End everything at once and leave nothing behind; may be called twice."""

    def now(self) -> float:
        """Seconds on the clock that durations here are measured with."""
