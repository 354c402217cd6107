"""A plan worked off by however many devices, in numbers: how soon it could be done, and how soon it would be."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence

from whether.plan.path import chain_lengths
from whether.plan.plan import Piece


class Schedule:
    """Pieces with their seconds, and what waits for which of their stops.

    Pieces go one by one, each for its share of the pack that it trains in; who begins from an early stop waits for that
    stop. Measures are not counted.

    Args:
        pieces: each after those that it waits for.
        seconds: that a piece takes on one device.

    Attributes:
        heights: for each piece, the seconds of the longest chain of work that begins with it.
        work: device-seconds of all pieces.
        critical_path: seconds of the longest chain.
    """

    def __init__(self, pieces: Sequence[Piece], seconds: Callable[[Piece], float]) -> None:
        self._seconds = [seconds(piece) for piece in pieces]
        self._missing = [len(piece.waits_for) for piece in pieces]
        waiting: dict[str, list[int]] = {}
        for place, piece in enumerate(pieces):
            for point in piece.waits_for:
                waiting.setdefault(point.digest, []).append(place)
        self._stops: list[list[tuple[float, list[int]]]] = []  # when after its beginning, and who waits for it
        for own, piece in zip(self._seconds, pieces, strict=True):
            begin, steps = piece.trajectory.begin.step, piece.steps
            stops = [((point.at - begin) / steps, waiting.get(point.digest)) for point in piece.points]
            self._stops.append([(own * part, who) for part, who in stops if who])
        heights = chain_lengths(pieces, seconds)
        self.heights = [heights[piece.trajectory.digest] for piece in pieces]
        self.work = math.fsum(self._seconds)
        self.critical_path = max(self.heights, default=0.0)

    def at_least(self, devices: int) -> float:
        """Seconds that no schedule on so many devices stays below."""
        return max(self.work / devices, self.critical_path)

    def finish(self, devices: int) -> float:
        """Seconds until the last piece ends, when a free device takes the ready piece with the longest chain behind it.

        By Graham (1966) that is at most (2 - 1 / devices) times `at_least`.
        """
        missing = list(self._missing)
        ready = [(-self.heights[place], place) for place, count in enumerate(missing) if not count]
        heapq.heapify(ready)
        events: list[tuple[float, int, int]] = []  # when, which piece, which of its stops; -1 for its end
        now, free = 0.0, devices
        while ready or events:
            while ready and free:
                _, place = heapq.heappop(ready)
                free -= 1
                for number, (after, _) in enumerate(self._stops[place]):
                    heapq.heappush(events, (now + after, place, number))
                heapq.heappush(events, (now + self._seconds[place], place, -1))
            now = events[0][0]
            while events and events[0][0] == now:  # all that happens at once, before anything is given out
                _, place, number = heapq.heappop(events)
                if number < 0:
                    free += 1
                    continue
                for follower in self._stops[place][number][1]:
                    missing[follower] -= 1
                    if not missing[follower]:
                        heapq.heappush(ready, (-self.heights[follower], follower))
        return now

    def longest_chain(self) -> list[int]:
        """The places of the pieces of the longest chain; each begins from a stop of the one before it."""
        chain: list[int] = []
        links = list(range(len(self.heights)))
        while links:
            place = max(links, key=lambda link: self.heights[link])
            chain.append(place)
            behind = [(after + self.heights[item], item) for after, who in self._stops[place] for item in who]
            links = [item for length, item in behind if length >= self.heights[place]]
        return chain
