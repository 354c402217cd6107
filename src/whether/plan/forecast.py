"""What a plan would take: device-seconds, packs, and the time until it is done on so many devices."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from whether.plan.board import pack_key
from whether.plan.cost import Costs, Source
from whether.plan.path import chain_lengths
from whether.plan.plan import Piece, Plan
from whether.plan.portfolio import Turn, bounds, turns
from whether.plan.width import networks_at_once, shares

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
    chain = longest_chain(plan.pieces, costs)
    limits = bounds(plan, costs, 1)
    finishes = []
    for count in devices:
        work, path = limits.work_seconds / count, limits.critical_path_seconds
        by = "chain" if path > work else "work"
        finishes.append(Finish(count, time_to_finish(plan, costs, count), max(work, path), by))
    sources = Counter(costs.source(piece) for piece in plan.pieces)
    return Forecast(
        device_seconds=limits.work_seconds,
        device=costs.device,
        sources=dict(sorted(sources.items())),
        known=costs.guessed_from > 0 or not sources["unknown"],
        packs=dict(sorted(packs(plan).items(), reverse=True)),
        chain_seconds=limits.critical_path_seconds,
        chain_pieces=len(chain),
        finishes=finishes,
        turns=turns(plan, costs),
    )


def longest_chain(pieces: Sequence[Piece], costs: Costs) -> list[Piece]:
    """The pieces of the longest chain, one after the other; each begins from a stop of the one before it."""
    heights = chain_lengths(pieces, costs.seconds)
    makers = {point.digest: piece for piece in pieces for point in piece.points}
    following: dict[str, tuple[float, Piece]] = {}  # of those that begin from a piece, the one that ends it all latest
    for piece in pieces:
        for point in piece.waits_for:
            before = makers[point.digest]
            length = costs.seconds(before) * share(before, point.at) + heights[piece.trajectory.digest]
            if length > following.get(before.trajectory.digest, (0.0, piece))[0]:
                following[before.trajectory.digest] = length, piece
    chain: list[Piece] = []
    link = max(pieces, key=lambda piece: heights[piece.trajectory.digest], default=None)
    while link is not None:
        chain.append(link)
        length, after = following.get(link.trajectory.digest, (0.0, link))
        link = after if length > costs.seconds(link) else None
    return chain


def time_to_finish(plan: Plan, costs: Costs, devices: int) -> float:
    """Seconds until the last piece ends, when each free device takes the ready piece on which the longest chain hangs.

    By Graham (1966) that is at most (2 - 1 / devices) times the lower bound of `bounds`. Pieces go one by one, each for
    its share of a pack; who begins from an early stop waits for that stop; measures are not counted.
    """
    heights = chain_lengths(plan.pieces, costs.seconds)
    urgency = [-heights[piece.trajectory.digest] for piece in plan.pieces]
    missing = [len(piece.waits_for) for piece in plan.pieces]
    waiting: dict[str, list[int]] = {}  # by point
    for place, piece in enumerate(plan.pieces):
        for point in piece.waits_for:
            waiting.setdefault(point.digest, []).append(place)
    ready = [(urgency[place], place) for place, count in enumerate(missing) if not count]
    heapq.heapify(ready)
    events: list[tuple[float, int, str]] = []  # when, whether a device comes free, which point stands
    now, free = 0.0, devices
    while ready or events:
        while ready and free:
            piece = plan.pieces[heapq.heappop(ready)[1]]
            seconds, last = costs.seconds(piece), piece.points[-1]
            free -= 1
            heapq.heappush(events, (now + seconds, 1, last.digest))
            for point in piece.points[:-1]:
                heapq.heappush(events, (now + seconds * share(piece, point.at), 0, point.digest))
        now, freed, stands = heapq.heappop(events)
        free += freed
        for place in waiting.pop(stands, ()):
            missing[place] -= 1
            if not missing[place]:
                heapq.heappush(ready, (urgency[place], place))
    return now


def share(piece: Piece, at: int) -> float:
    """The part of a piece that lies before a step."""
    return (at - piece.trajectory.begin.step) / piece.steps


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
