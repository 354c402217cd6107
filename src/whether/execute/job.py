"""Jobs in writing, for slots in other processes: plain JSON, whose facts prove that they arrived as they were sent."""

from __future__ import annotations

import json

from whether.execute.contract import Job
from whether.history import wire
from whether.history.facts import MeasureFact, Point
from whether.plan.plan import Piece


def encode(job: Job) -> bytes:
    """A job as bytes: its facts once each, then what is wanted of them."""
    points = [point for piece in job.pieces for point in piece.points]
    told = {
        "number": job.number,
        "facts": wire.written([*points, *job.measures]),
        "pieces": [
            {"points": [point.digest for point in piece.points], "keep_optimizer": sorted(piece.keep_optimizer)}
            for piece in job.pieces
        ],
        "measures": [fact.digest for fact in job.measures],
    }
    return json.dumps(told).encode()


def decode(data: bytes) -> Job:
    """The job again.

    Raises:
        RequestError: when the sender runs another version of Whether.
        DamageError: when something was changed on the way.
    """
    told = json.loads(data)
    facts = wire.read(told["facts"])
    pieces = []
    for said in told["pieces"]:
        points = tuple(fact for name in said["points"] if isinstance(fact := facts[name], Point))
        pieces.append(Piece(points[0].trajectory, points, frozenset(said["keep_optimizer"]), ()))
    measures = tuple(fact for name in told["measures"] if isinstance(fact := facts[name], MeasureFact))
    return Job(int(told["number"]), tuple(pieces), measures)


def number(data: bytes) -> int:
    """The number of a job that may not be readable otherwise."""
    return int(json.loads(data)["number"])
