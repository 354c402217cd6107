"""The critical path: how long a chain hangs on each piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from whether.plan.plan import Piece


def chain_lengths(pieces: Sequence[Piece], weight: Callable[[Piece], float]) -> dict[str, float]:
    """For each piece, by trajectory, the length of the longest chain of work that begins with it.

    Who begins from an early stop of a piece waits for that stop, not for the end of the piece.

    Args:
        pieces: of a plan: each after those that it waits for.
        weight: how long one takes; its stops lie in proportion to their steps.
    """
    heights: dict[str, float] = {}
    behind: dict[str, float] = {}  # by point, the longest chain that begins from it
    for piece in reversed(pieces):
        own, begin = weight(piece), piece.trajectory.begin.step
        stops = [(point.at - begin, behind[point.digest]) for point in piece.points if point.digest in behind]
        height = max([own, *(own * after / piece.steps + length for after, length in stops)])
        heights[piece.trajectory.digest] = height
        for point in piece.waits_for:
            behind[point.digest] = max(height, behind.get(point.digest, 0.0))
    return heights
