"""The critical path: how long a chain hangs on each piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from whether.plan.plan import Piece


def chain_lengths(pieces: Sequence[Piece], weight: Callable[[Piece], float]) -> dict[str, float]:
    """For each piece, by trajectory, the length of the longest chain of work that begins with it.

    Who begins from an early stop of a piece waits for that stop, not for the end of the piece.

    Args:
        pieces: of a plan.
        weight: how long one takes; its stops lie in proportion to their steps.
    """
    maker = {point.digest: (piece, point.at) for piece in pieces for point in piece.points}
    followers: dict[str, list[tuple[float, Piece]]] = {}
    for piece in pieces:
        for point in piece.waits_for:
            if point.digest in maker:
                before, at = maker[point.digest]
                share = (at - before.trajectory.begin.step) / before.steps
                followers.setdefault(before.trajectory.digest, []).append((share, piece))
    heights: dict[str, float] = {}
    waiting = list(pieces)
    while waiting:
        piece = waiting[-1]
        if piece.trajectory.digest in heights:
            waiting.pop()
            continue
        after = followers.get(piece.trajectory.digest, [])
        missing = [item for _, item in after if item.trajectory.digest not in heights]
        if missing:
            waiting.extend(missing)
            continue
        own = weight(piece)
        behind = max((own * share + heights[item.trajectory.digest] for share, item in after), default=0.0)
        heights[piece.trajectory.digest] = max(own, behind)
        waiting.pop()
    return heights
