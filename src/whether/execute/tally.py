"""The Tally: how busy the slots are and were, for progress, `whether status --live` and the answer's account."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from whether.execute.contract import Job, Slot

WINDOW = 300.0
"""Seconds over which the utilisation and the pace are taken that people see."""


@dataclass
class Seated:
    """A slot that joined, and what it does."""

    slot: Slot
    since: float
    job: Job | None = None
    label: str = ""
    heard: float = 0.0


class Tally:
    """Sums over slots and time.

    Attributes:
        done, of: network-steps of the plan.
        trained, to_train: pieces.
        measured, to_measure: measures.
        retried: how often a job was given again.
        lost: slots that were gone while they worked.
    """

    def __init__(self, now: float) -> None:
        self.slots: dict[str, Seated] = {}
        self.begin(now, steps=0, pieces=0, measures=0)

    def begin(self, now: float, *, steps: int, pieces: int, measures: int) -> None:
        """So much is to be done, from now on."""
        self.began = self._last = now
        self.done, self.of = 0, steps
        self.trained, self.to_train = 0, pieces
        self.measured, self.to_measure = 0, measures
        self.retried = self.lost = self.failed = 0
        self.most = 0
        self.busy_seconds = self.slot_seconds = 0.0
        self._busy = 0
        self._seen: deque[tuple[float, float, float, int]] = deque([(now, 0.0, 0.0, 0)])

    def more(self, *, steps: int, pieces: int, measures: int) -> None:
        """So much more (or less) is to be done."""
        self.of += steps
        self.to_train += pieces
        self.to_measure += measures

    def at(self, now: float) -> None:
        """Let time pass up to `now`."""
        passed = max(0.0, now - self._last)
        self.busy_seconds += self._busy * passed
        self.slot_seconds += len(self.slots) * passed
        self._last = max(now, self._last)
        if now - self._seen[-1][0] >= 1.0:
            self._seen.append((now, self.busy_seconds, self.slot_seconds, self.done))
            while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
                self._seen.popleft()

    def joined(self, slot: Slot, now: float) -> None:
        """A slot can be given jobs."""
        self.at(now)
        self.slots[slot.name] = Seated(slot, now, heard=now)
        self.most = max(self.most, len(self.slots))

    def gone(self, name: str, now: float) -> None:
        """A slot is no more; what it was doing, if anything, was given up before."""
        self.at(now)
        del self.slots[name]

    def begins(self, name: str, job: Job, label: str, now: float) -> None:
        """A slot was given a job."""
        self.at(now)
        self._busy += 1
        going = self.slots[name]
        going.job, going.label, going.since, going.heard = job, label, now, now

    def ends(self, name: str, now: float) -> float:
        """A slot has no job any more; the seconds for which it had it."""
        self.at(now)
        self._busy -= 1
        going = self.slots[name]
        spent = now - going.since
        going.job, going.since = None, now
        return spent

    @property
    def busy(self) -> int:
        """Slots with a job."""
        return self._busy

    @property
    def idle_share(self) -> float:
        """The share of the slots' time without a job, so far."""
        return 1.0 - self.busy_seconds / self.slot_seconds if self.slot_seconds > 0 else 0.0

    @property
    def lately(self) -> float:
        """The share of the slots' time with a job over the last minutes."""
        _, busy, slots, _ = self._seen[0]
        passed = self.slot_seconds - slots
        return (self.busy_seconds - busy) / passed if passed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to the end of training at the pace of the last minutes; None while it is too early to tell."""
        began, _, _, before = self._seen[0]
        spent, done = self._last - began, self.done - before
        return spent * (self.of - self.done) / done if spent > 2 and done > 0 else None

    def account(self) -> dict[str, Any]:
        """What the answer says of how it was worked."""
        return {
            "devices": self.most,
            "device_seconds": round(self.slot_seconds, 1),
            "idle_share": round(self.idle_share, 3),
            "jobs_retried": self.retried,
            "devices_lost": self.lost,
        }

    def status(self, *, ready: int, waiting: int, elsewhere: int) -> dict[str, Any]:
        """What goes on, in plain values, for whoever looks at the lab from outside."""
        rows = [
            {
                "slot": going.slot.name,
                "host": going.slot.host,
                "device": going.slot.device,
                "doing": going.label if going.job else "",
                "seconds": round(self._last - going.since, 1),
                "silent": round(self._last - going.heard, 1),
            }
            for going in self.slots.values()
        ]
        left = self.left
        return {
            "slots": rows,
            "busy": self._busy,
            "utilisation": round(self.lately, 3),
            "idle_share": round(self.idle_share, 3),
            "steps": [self.done, self.of],
            "pieces": [self.trained, self.to_train],
            "measures": [self.measured, self.to_measure],
            "ready": ready,
            "waiting": waiting,
            "elsewhere": elsewhere,
            "retried": self.retried,
            "lost": self.lost,
            "failed": self.failed,
            "seconds": round(self._last - self.began, 1),
            "seconds_left": None if left is None else round(left, 1),
        }
