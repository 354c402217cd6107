"""What a plan would take: device-seconds, packs, and the time until it is done on so many devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from whether.plan.cost import Costs, Source
from whether.plan.plan import Plan
from whether.plan.portfolio import Turn, turns
from whether.plan.schedule import Schedule
from whether.plan.width import networks_at_once, pack_key, shares

DEVICES = (1, 2, 8, 64, 500)


@dataclass(frozen=True)
class Finish:
    """When a plan would be done on so many devices.

    Attributes:
        seconds: until its last piece ends.
        at_least: what no schedule stays below.
        bound_by: which of the two makes that bound: the "work" divided among the devices, or the longest "chain".
    """

    devices: int
    seconds: float
    at_least: float
    bound_by: str


@dataclass(frozen=True)
class Forecast:
    """What a plan would take.

    Attributes:
        device_seconds: of all pieces, on one device.
        device: on which the lab's measurements were made; empty when there are none.
        sources: how many pieces' seconds were "measured", "counted", or are "unknown" and guessed.
        known: whether any piece's are not guessed; otherwise the seconds mean nothing.
        packs: how many packs of which width.
        chain_seconds: of the longest chain of pieces that wait for one another, and `chain_pieces` how many those are.
        finishes: on several numbers of devices.
        turns: the order of several questions.
    """

    device_seconds: float
    device: str
    sources: dict[Source, int]
    known: bool
    packs: dict[int, int]
    chain_seconds: float
    chain_pieces: int
    finishes: Sequence[Finish]
    turns: Sequence[Turn]

    def plain(self, plan: Plan) -> dict[str, Any]:
        """For `--json`."""
        names = plan.questions
        return asdict(self) | {
            "packs": [{"networks": width, "packs": count} for width, count in self.packs.items()],
            "turns": [{"question": names[turn.place]} | asdict(turn) for turn in self.turns],
        }


def forecast(plan: Plan, costs: Costs, devices: Sequence[int] = DEVICES) -> Forecast:
    """Estimate what a plan would take.

    Args:
        plan: with pieces to train.
        costs: of the pieces.
        devices: the numbers of devices that are asked about.
    """
    schedule = Schedule(plan.pieces, costs.seconds)
    finishes = [
        Finish(
            devices=count,
            seconds=schedule.finish(count),
            at_least=schedule.at_least(count),
            bound_by="chain" if schedule.critical_path > schedule.work / count else "work",
        )
        for count in devices
    ]
    sources = Counter(costs.source(piece) for piece in plan.pieces)
    return Forecast(
        device_seconds=schedule.work,
        device=costs.device,
        sources=dict(sorted(sources.items())),
        known=costs.guessed_from > 0 or not sources["unknown"],
        packs=dict(sorted(packs(plan).items(), reverse=True)),
        chain_seconds=schedule.critical_path,
        chain_pieces=len(schedule.longest_chain()),
        finishes=finishes,
        turns=turns(plan, costs),
    )


def packs(plan: Plan) -> Counter[int]:
    """How many packs of which width the pieces make when all that is ready at a time, and may, trains together."""
    makers = {point.digest: piece.trajectory.digest for piece in plan.pieces for point in piece.points}
    keys: dict[str, tuple[object, ...]] = {}
    depth: dict[str, int] = {}
    widths: dict[str, int] = {}
    alike: Counter[tuple[object, ...]] = Counter()
    for piece in plan.pieces:
        trajectory, training = piece.trajectory, piece.trajectory.training
        model = trajectory.begin.model
        depth[trajectory.digest] = 1 + max((depth[makers[point.digest]] for point in piece.waits_for), default=-1)
        if training.digest not in keys:
            keys[training.digest] = pack_key(training)
        if model.digest not in widths:
            widths[model.digest] = networks_at_once(model)
        alike[model.digest, keys[training.digest], trajectory.begin.step, depth[trajectory.digest]] += 1
    return Counter(width for key, count in alike.items() for width in shares(count, widths[str(key[0])]))
