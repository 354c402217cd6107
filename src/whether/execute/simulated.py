"""Simulated devices: the real planner and the real driver, with a clock that jumps and nothing trained.

For the question "if I gave you 500 GPUs, could you keep them busy?": durations, stragglers, deaths and late arrivals
are drawn from a seed, so that the same simulation ends the same way.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from whether.execute.contract import Advanced, Ended, Event, Failure, Gone, Job, Joined, Reached, Slot, Stood
from whether.history.facts import MeasureFact
from whether.plan.plan import Piece
from whether.seeds import Seed, Stream

MEASURING = 0.05
"""Seconds that taking one measure takes on a simulated device."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What the simulated devices are like.

    Attributes:
        devices: how many.
        seconds: what a piece takes on one of them, by itself.
        jitter: how much durations vary: the standard deviation of their logarithm.
        stragglers: the share of devices that are slow.
        slowness: how many times slower they are.
        deaths: the chance that a device dies while it trains a piece; what it did since the last stop is lost.
        rejoin: seconds until another device stands in the place of one that died.
        arrive: seconds over which the devices arrive.
        seed: of all that is drawn.
    """

    devices: int
    seconds: Callable[[Piece], float]
    jitter: float = 0.0
    stragglers: float = 0.0
    slowness: float = 3.0
    deaths: float = 0.0
    rejoin: float = 60.0
    arrive: float = 0.0
    seed: Seed = field(default_factory=lambda: Seed(0))


@dataclass(order=True)
class _Coming:
    at: float
    number: int
    event: Event = field(compare=False)
    life: int = field(compare=False, default=0)


class Simulated:
    """An executor whose slots only let time pass.

    Attributes:
        history: (time, busy slots, slots) whenever one of them changed: for a picture of utilisation.
    """

    shares_process = False

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = 0.0
        self.history: list[tuple[float, int, int]] = []
        self._coming: list[_Coming] = []
        self._number = self._slots = self._busy = self._made = 0
        self._draws = Stream(world.seed, "simulation")
        self._drawn = 0
        self._pool: list[float] = []
        self._slow: dict[str, float] = {}
        self._lives: dict[str, int] = {}  # of slots: those that died hear no more of what was to come

    def start(self) -> None:
        """The devices arrive."""
        for place in range(self.world.devices):
            self._arrive(self.world.arrive * place / max(1, self.world.devices))

    def give(self, slot: str, job: Job) -> None:
        """The end of each piece and of the job are put into the calendar; or the death of the device."""
        self._busy += 1
        self._note()
        at = began = self.clock
        death = math.inf
        spans: list[tuple[float, int, Event]] = []  # when, how many steps, what
        longest = max((piece.steps for piece in job.pieces), default=0)
        whole = sum(self.world.seconds(piece) for piece in job.pieces) * self._speed(slot)
        for piece in job.pieces:  # they advance together, so the shorter ones end first
            before = piece.trajectory.begin.step
            for point in piece.points:
                end = began + whole * (point.at - piece.trajectory.begin.step) / max(1, longest)
                last = point is piece.points[-1]
                what: Event = Reached(slot, piece.trajectory.digest) if last else Stood(slot, point.digest)
                spans.append((end, point.at - before, what))
                before = point.at
            if self._uniform() < self.world.deaths:
                death = min(death, began + whole * self._uniform())
        for at, steps, told in sorted(spans, key=lambda span: span[0]):
            if at >= death:
                break
            self._put(at, Advanced(slot, steps), slot)
            self._put(at, told, slot)
        if death < math.inf:
            self._put(death, Gone(slot, "it died"), slot)
            return
        at += MEASURING * len(job.measures) * self._speed(slot)
        if job.measures:
            self._put(at, Advanced(slot, measures=tuple(fact.digest for fact in job.measures)), slot)
        self._put(at, Ended(slot, job.number, whole, job.steps), slot)

    def events(self, timeout: float) -> list[Event]:
        """Let time pass to what comes next; or, when nothing comes, by `timeout`."""
        found: list[Event] = []
        while self._coming and not found:
            self.clock = max(self.clock, self._coming[0].at)
            while self._coming and self._coming[0].at <= self.clock:
                coming = heapq.heappop(self._coming)
                if self._lives.get(coming.event.slot) == coming.life:
                    self._happens(coming.event)
                    found.append(coming.event)
        if not found:
            self.clock += timeout
        return found

    def drop(self, slot: str, because: str) -> None:
        """The device is gone, and another comes."""
        self._put(self.clock, Gone(slot, because), slot)

    def stop(self) -> None:
        """Nothing comes any more."""
        self._coming.clear()

    def now(self) -> float:
        """The simulated clock."""
        return self.clock

    def _happens(self, event: Event) -> None:
        match event:
            case Joined():
                self._slots += 1
            case Ended():
                self._busy -= 1
            case Gone(slot=slot):
                self._busy -= 1
                self._slots -= 1
                del self._lives[slot]
                self._arrive(self.clock + self.world.rejoin)
            case _:
                return
        self._note()

    def _arrive(self, at: float) -> None:
        self._made += 1
        name = f"device {self._made}"
        self._lives[name] = self._made
        self._slow[name] = self.world.slowness if self._uniform() < self.world.stragglers else 1.0
        self._put(at, Joined(name, Slot(name, f"host {self._made % 64}", "simulated", "simulated")), name)

    def _put(self, at: float, event: Event, slot: str) -> None:
        self._number += 1
        heapq.heappush(self._coming, _Coming(at, self._number, event, self._lives[slot]))

    def _speed(self, slot: str) -> float:
        if not self.world.jitter:
            return self._slow[slot]
        normal = math.sqrt(-2 * math.log(1 - self._uniform())) * math.cos(2 * math.pi * self._uniform())
        return self._slow[slot] * math.exp(self.world.jitter * normal)

    def _uniform(self) -> float:
        if not self._pool:
            self._pool = self._draws.uniform(4096, self._drawn).tolist()
            self._drawn += 1
        return self._pool.pop()

    def _note(self) -> None:
        if self.history and self.history[-1][0] == self.clock:
            self.history.pop()
        self.history.append((self.clock, self._busy, self._slots))


class Nowhere:
    """A shelf without a lab: nothing stands but what was done in the simulation."""

    def stands(self, piece: Piece) -> bool:  # noqa: ARG002 - the shelf of a lab looks
        """Nothing did before."""
        return False

    def fail(self, piece: Piece, failure: Failure, tries: int) -> None:
        """Nobody reads of it."""

    def fail_measure(self, fact: MeasureFact, failure: Failure) -> None:
        """Nobody reads of it."""

    def pace(self, pack: object, seconds: float, steps: int, slot: Slot) -> None:
        """Nothing was measured."""
