"""Places for the nodes of a graph, and ways for its edges that run through no node.

Nodes stand in rows, each below all that went into it, and in lanes, where a chain goes straight down. An edge goes down
in its lane where nothing stands between; otherwise it leaves into the gap below its row, runs down in a gutter between
lanes, and comes in through the gap above its end. Gaps and gutters hold no nodes, and every edge has a place of its own
in them, so that nothing covers anything however long the chain is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH = 264.0
"""Of a node, in pixels; so are all other lengths."""
MARGIN = 12.0
_GAP, _STEP, _PORT, _TRACK = 30.0, 9.0, 22.0, 14.0


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where a node stands: its row and lane, its upper left corner, its height."""

    row: int
    lane: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Way:
    """An edge: from the lower side of one node to the upper side of another, through these points."""

    tail: str
    head: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Places:
    """A graph with places: its size, its boxes by key, and a way for each edge in their order."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    ways: Sequence[Way]


Pair = tuple[str, str]


def places(heights: Mapping[str, float], pairs: Sequence[Pair]) -> Places:
    """Give every node a place and every edge a way.

    Args:
        heights: of the nodes, each after all that went into it.
        pairs: the edges, from what went in to what it went into.

    Example:
        >>> found = places({"start": 60.0, "trained": 60.0}, [("start", "trained")])
        >>> [box.row for box in found.boxes.values()], found.ways[0].points
        ([0, 1], ((144.0, 72.0), (144.0, 102.0)))
    """
    pairs = list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
    rows = _rows(list(heights), pairs)
    lanes = _lanes(list(heights), pairs, rows)
    return _Plan(heights, pairs, rows, lanes).drawn()


def _rows(keys: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """The row of each node: below what went into it, and what nothing went into right above what it goes into."""
    before, after = _neighbours(pairs)
    row: dict[str, int] = {}
    for key in keys:
        row[key] = 1 + max((row[tail] for tail in before[key]), default=-1)
    for key in reversed(keys):
        if after[key]:
            row[key] = min(row[head] for head in after[key]) - 1
    lowest = min(row.values(), default=0)
    return {key: at - lowest for key, at in row.items()}


def _neighbours(pairs: Iterable[Pair]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for tail, head in pairs:
        before[head].append(tail)
        after[tail].append(head)
    return before, after


def _lanes(keys: Sequence[str], pairs: Sequence[Pair], rows: Mapping[str, int]) -> dict[str, int]:
    """The lane of each node: that of the one right above which it comes of, if nobody else has taken it."""
    before, after = _neighbours(pairs)
    depth: dict[str, int] = {}
    for key in reversed(keys):
        depth[key] = 1 + max((depth[head] for head in after[key]), default=0)
    lane: dict[str, int] = {}
    taken: set[tuple[int, int]] = set()
    handed: set[str] = set()
    order = {key: number for number, key in enumerate(keys)}

    def heirs(key: str, *, right_above: bool = False) -> list[str]:
        """Of what a node comes of those whose lanes it could go on, the lowest first."""
        near = (tail for tail in before[key] if not right_above or rows[tail] == rows[key] - 1)
        free = (tail for tail in near if tail not in handed and (rows[key], lane[tail]) not in taken)
        return sorted(free, key=lambda tail: (-rows[tail], lane[tail]))

    for row in range(max(rows.values(), default=-1) + 1):
        inside = [key for key in keys if rows[key] == row]
        for key in sorted(inside, key=lambda key: (not heirs(key, right_above=True), -depth[key], order[key])):
            above = heirs(key)
            if above:
                handed.add(above[0])
                lane[key] = lane[above[0]]
            else:
                near = min((lane[tail] for tail in before[key]), default=0)
                free = (at for at in range(len(keys)) if (row, at) not in taken)
                lane[key] = min(free, key=lambda at: (abs(at - near), at))
            taken.add((row, lane[key]))
    return lane


class _Plan:
    """The gaps between rows and the gutters left of lanes, with what runs in them."""

    def __init__(
        self,
        heights: Mapping[str, float],
        pairs: Sequence[Pair],
        rows: Mapping[str, int],
        lanes: Mapping[str, int],
    ) -> None:
        self.heights, self.pairs, self.rows, self.lanes = heights, pairs, rows, lanes
        self.cells = {(rows[key], lanes[key]) for key in heights}
        self.straight = {pair for pair in pairs if self._goes_straight(pair)}
        self.across = [pair for pair in pairs if pair not in self.straight]
        self.tracks = self._tracks()
        self.slots = self._slots()

    def _goes_straight(self, pair: Pair) -> bool:
        (first, lane), (last, other) = ((self.rows[key], self.lanes[key]) for key in pair)
        return lane == other and not any((row, lane) in self.cells for row in range(first + 1, last))

    def _is_near(self, pair: Pair) -> bool:
        return self.rows[pair[1]] == self.rows[pair[0]] + 1

    def _tracks(self) -> dict[tuple[int, str], int]:
        """By gutter and tail: in which track the tail's edges run down there; those of one tail run together."""
        reach: dict[tuple[int, str], int] = {}
        for tail, head in self.across:
            if not self._is_near((tail, head)):
                key = self.lanes[head], tail
                reach[key] = max(reach.get(key, 0), self.rows[head] - 1)
        ends: dict[tuple[int, int], int] = {}
        found: dict[tuple[int, str], int] = {}
        for gutter, tail in sorted(reach, key=lambda key: (key[0], self.rows[key[1]], -reach[key])):
            track = 0
            while ends.get((gutter, track), -1) >= self.rows[tail]:
                track += 1
            ends[gutter, track] = reach[gutter, tail]
            found[gutter, tail] = track
        return found

    def _slots(self) -> dict[tuple[int, str, str], int]:
        """By gap, side and node: the height at which an edge runs there; those that leave run above those that come."""
        wanted: dict[int, dict[tuple[int, str, str], None]] = defaultdict(dict)
        for tail, _ in self.across:
            gap = self.rows[tail]
            wanted[gap][gap, "out", tail] = None
        for tail, head in self.across:
            if not self._is_near((tail, head)):
                gap = self.rows[head] - 1
                wanted[gap][gap, "in", f"{tail}>{head}"] = None
        ordered = {gap: sorted(keys, key=lambda key: key[1] == "in") for gap, keys in wanted.items()}
        return {key: number for keys in ordered.values() for number, key in enumerate(keys)}

    def drawn(self) -> Places:
        """Lengths for all of it."""
        widths = self._widths()
        lane_x, x = {}, MARGIN
        for lane in range(max(self.lanes.values(), default=0) + 1):
            lane_x[lane] = x = x + widths.get(lane, 0.0)
            x += WIDTH + _PORT
        top, heights = self._tops()
        boxes = {
            key: Box(
                row=self.rows[key],
                lane=self.lanes[key],
                x=lane_x[self.lanes[key]],
                y=top[self.rows[key]],
                height=self.heights[key],
            )
            for key in self.heights
        }
        low = max((box.y + box.height for box in boxes.values()), default=0.0)
        right = max((box.x for box in boxes.values()), default=0.0) + WIDTH
        slots = {key: top[key[0]] + heights[key[0]] + _GAP / 2 + _STEP * at for key, at in self.slots.items()}
        return Places(
            width=right + MARGIN, height=low + MARGIN, boxes=boxes, ways=tuple(self._ways(boxes, slots, lane_x))
        )

    def _widths(self) -> dict[int, float]:
        count: dict[int, int] = {}
        for (gutter, _), track in self.tracks.items():
            count[gutter] = max(count.get(gutter, 0), track + 1)
        return {gutter: _TRACK * (tracks + 0.5) for gutter, tracks in count.items()}

    def _tops(self) -> tuple[dict[int, float], dict[int, float]]:
        """Where each row begins, and how high it is."""
        count: dict[int, int] = defaultdict(int)
        for gap, _, _ in self.slots:
            count[gap] += 1
        heights = {
            row: max(height for key, height in self.heights.items() if self.rows[key] == row)
            for row in sorted(set(self.rows.values()))
        }
        top, y = {}, MARGIN
        for row, height in heights.items():
            top[row] = y
            y += height + _GAP + _STEP * max(count[row] - 1, 0)
        return top, heights

    def _ways(
        self, boxes: Mapping[str, Box], slots: Mapping[tuple[int, str, str], float], lane_x: Mapping[int, float]
    ) -> Iterable[Way]:
        ports = self._ports(boxes)
        for pair in self.pairs:
            tail, head = pair
            box, end = boxes[tail], boxes[head]
            x, low = box.x + WIDTH / 2, box.y + box.height
            if pair in self.straight:
                yield Way(tail=tail, head=head, points=((x, low), (x, end.y)))
                continue
            out, port = slots[box.row, "out", tail], ports[pair]
            points = [(x, low), (x, out)]
            if not self._is_near(pair):
                track = self.tracks[end.lane, tail]
                down, above = lane_x[end.lane] - _TRACK * (track + 1), slots[end.row - 1, "in", f"{tail}>{head}"]
                points += [(down, out), (down, above), (port, above)]
            else:
                points.append((port, out))
            yield Way(tail=tail, head=head, points=(*points, (port, end.y)))

    def _ports(self, boxes: Mapping[str, Box]) -> dict[Pair, float]:
        """Where an edge that does not go straight comes in on the upper side of its end: on the side it comes from."""
        coming: dict[tuple[str, bool], list[Pair]] = defaultdict(list)
        for pair in self.across:
            from_right = self._is_near(pair) and boxes[pair[0]].x > boxes[pair[1]].x
            coming[pair[1], from_right].append(pair)
        found = {}
        for (head, from_right), pairs in coming.items():
            middle = boxes[head].x + WIDTH / 2
            step = min(_PORT, (WIDTH / 2 - 10) / len(pairs))
            for number, pair in enumerate(pairs, 1):
                found[pair] = middle + step * number * (1 if from_right else -1)
        return found
