"""How long pieces take: as the lab last measured it, else counted from operations, else guessed from the others.

A piece's seconds are its share of a device: those of the pack that it trains in, divided among the networks. Estimates
decide what goes first and what `whether plan` prints; no answer depends on them.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Literal

from whether.digest import digest
from whether.history.facts import Model, Training
from whether.plan.plan import Piece
from whether.plan.size import flops_per_look, flops_per_step
from whether.plan.width import pack_key

Source = Literal["measured", "counted", "unknown"]
Noted = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By kind, then by device, "seconds" of a network-step: what `store.paces` reads."""

NOMINAL_RATE = 5e10
NOMINAL_OVERHEAD = 1.5e-4
"""What is counted with: one core of a CPU at 50 GFLOP/s, and 150 µs a step for all that is no product of matrices
(`docs/performance.md`)."""


def kind_of(piece: Piece) -> str:
    """What a pace is noted under: the digest of the architecture and of all that networks of a pack share."""
    return _kind(piece.trajectory.begin.model, piece.trajectory.training)


class Costs:
    """Estimates of time.

    Args:
        paces: what the lab measured.
        device: on which; by default the one that was measured last.
        pieces: those among which what is unknown is guessed to be the median; by default the lab's measurements are.

    Attributes:
        device: on which the measured paces were measured; empty when there are none.
    """

    def __init__(self, paces: Noted | None = None, *, device: str = "", pieces: Iterable[Piece] = ()) -> None:
        paces = paces or {}
        self.device = device or next((name for found in [*paces.values()][-1:] for name in [*found][-1:]), "")
        self._measured = {
            kind: float(devices[self.device]["seconds"]) for kind, devices in paces.items() if self.device in devices
        }
        self._known: dict[tuple[str, str], tuple[float, Source]] = {}
        self._paces: dict[str, tuple[float, Source]] = {}  # by trajectory
        self._guess = NOMINAL_OVERHEAD
        known = [pace for pace, source in map(self._pace, pieces) if source != "unknown"]
        others = known or list(self._measured.values())
        self.guessed_from = len(others)
        """How many paces the guess for what is unknown rests on; with none it says nothing."""
        if others:
            self._guess = statistics.median(others)

    def seconds(self, piece: Piece) -> float:
        """Device-seconds to train a piece."""
        pace, source = self._pace(piece)
        return piece.steps * (self._guess if source == "unknown" else pace)

    def source(self, piece: Piece) -> Source:
        """Where `seconds` is from."""
        return self._pace(piece)[1]

    def _pace(self, piece: Piece) -> tuple[float, Source]:
        """Seconds of a network-step, and where they are from."""
        found = self._paces.get(piece.trajectory.digest)
        if found is None:
            model, training = piece.trajectory.begin.model, piece.trajectory.training
            key = model.digest, training.digest
            if key not in self._known:
                self._known[key] = self._look_up(model, training)
            found = self._paces[piece.trajectory.digest] = self._known[key]
        return found

    def _look_up(self, model: Model, training: Training) -> tuple[float, Source]:
        measured = self._measured.get(_kind(model, training))
        if measured is not None:
            return measured, "measured"
        counted = _counted(model, training)
        return (0.0, "unknown") if counted is None else (counted, "counted")


def _kind(model: Model, training: Training) -> str:
    return digest({"model": model.digest, "shared": pack_key(training)})


def _counted(model: Model, training: Training) -> float | None:
    """Seconds of a network-step by the nominal rate; the looks at the validation split are spread over the steps."""
    step = flops_per_step(model, training.batch)
    look = flops_per_look(model, int(training.data["validation"]))
    if step is None or look is None:
        return None
    return (step + look * len(training.grid) / training.total) / NOMINAL_RATE + NOMINAL_OVERHEAD
