"""The axis of the verdict: effect, interval and smallest size of interest of each claim, and where yes and no lie.

Worked out once as shares of a width (`panels`), then drawn as SVG (`axis_svg.py`), told in words (`spoken`) and set as
a line of text (`text_line`); the LaTeX include draws the same places with rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whether.cover.sheet import AxisRow
from whether.report import numbers
from whether.report.axis_view import BOUNDS, edge, edges, view
from whether.report.chart import tick_labels
from whether.report.style import LIGHT

MOST = 4
"""Claims that a page has room for."""
SCREEN: Mapping[str, str] = {role: f"var(--{role},{tone})" for role, tone in LIGHT.items()}
PAPER: Mapping[str, str] = LIGHT
_PAD, _MARKS = 0.1, 6


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where one claim's things lie, from 0 at the left rim to 1 at the right.

    Attributes:
        bands: from, to, and what an interval that lies there means.
        edges: where yes and no part: the smallest size of interest.
        zero: no difference; None for a bound, or where it is out of view.
        low, high: the interval as far as it is in view; None where none is stated.
        beyond: whether it goes on to the left, and to the right.
        dot: the estimate, or None where it is not stated or out of view.
    """

    row: AxisRow
    bands: Sequence[tuple[float, float, str]]
    edges: Sequence[float]
    zero: float | None
    low: float | None
    high: float | None
    beyond: tuple[bool, bool]
    dot: float | None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Claims that share an axis, and its round marks with their labels."""

    unit: str
    bound: bool
    marks: Sequence[tuple[float, str]]
    rows: Sequence[Placed]


def panels(rows: Sequence[AxisRow]) -> list[Panel]:
    """Claims of one unit on one axis, bounds apart from differences.

    Example:
        >>> row = AxisRow(said="a is as good as b", kind="not_worse", verdict="yes", estimate=0.0, low=-0.5, high=0.5,
        ...               size=1.0, unit="points")
        >>> panels([row])[0].rows[0].bands[1][2], [label for _, label in panels([row])[0].marks]
        ('yes', ['−1.0', '−0.5', '0.0', '0.5'])
    """
    found: dict[tuple[str, bool], list[AxisRow]] = {}
    for row in rows[:MOST]:
        found.setdefault((row.unit, row.kind in BOUNDS), []).append(row)
    return [_panel(group, unit, bound) for (unit, bound), group in found.items()]


def spoken(rows: Sequence[AxisRow]) -> str:
    """All claims in words, for those who cannot see the axis."""
    return " ".join(f"{_sentence(row.said)} {told(row)}; {row.verdict}." for row in rows)


def told(row: AxisRow) -> str:
    """The numbers of a claim in words.

    Example:
        >>> told(AxisRow(said="", kind="not_worse", verdict="yes", estimate=-0.23, low=-0.45, high=-0.01, size=1.0,
        ...              unit="points", level=0.05))
        '−0.23 points, 90 % interval −0.45 to −0.01; a yes needs all of it above −1 point'
    """
    return f"{found(row)}; a yes needs all of it {needs(row)}"


def found(row: AxisRow) -> str:
    """Estimate and interval."""
    decimals = numbers.decimals_for(row.low, row.estimate, row.high)
    alone = row.low is None and row.high is None
    parts = []
    if row.estimate is not None:
        value = numbers.short(row.estimate) if alone else numbers.number(row.estimate, decimals)
        parts.append(numbers.with_unit(value, numbers.clean(row.unit)))
    if alone:
        parts.append("no interval stated")
    else:
        level = f"{numbers.confidence(row.level)} " if row.level else ""
        parts.append(f"{level}interval {numbers.limits(row.low, row.high, decimals)}")
    return ", ".join(parts)


def needs(row: AxisRow) -> str:
    """Where the whole interval must lie for a yes."""
    unit = numbers.clean(row.unit)
    if row.kind == "same":
        return f"within ±{numbers.amount(row.size, unit)}"
    return f"{'below' if row.kind == 'below' else 'above'} {numbers.amount(edge(row), unit)}"


def text_line(row: AxisRow, columns: int = 44) -> str:
    """The axis of a claim as a line of text: `│` is the smallest size of interest.

    Example:
        >>> row = AxisRow(said="a is as good as b", kind="not_worse", verdict="yes", estimate=0.0, low=-0.5, high=0.5,
        ...               size=1.0, unit="points")
        >>> print(text_line(row, 30))
        no ··│·······├────────●───────┤·· yes
    """
    placed = panels([row])[0].rows[0]
    line = ["·"] * columns

    def put(share: float | None, sign: str) -> int:
        at = min(max(round((share or 0.0) * (columns - 1)), 0), columns - 1)
        if share is not None:
            line[at] = sign
        return at

    for share in placed.edges:
        put(share, "│")
    if placed.low is not None and placed.high is not None:
        first, last = put(placed.low, "─"), put(placed.high, "─")
        crossed = {place for place in range(first, last + 1) if line[place] == "│"}
        line[first : last + 1] = ["┼" if place in crossed else "─" for place in range(first, last + 1)]
        left, right = placed.beyond
        line[first], line[last] = "◄" if left else "├", "►" if right else "┤"
    put(placed.dot, "●")
    return f"{placed.bands[0][2]} {''.join(line)} {placed.bands[-1][2]}"


def _panel(rows: Sequence[AxisRow], unit: str, bound: bool) -> Panel:
    low, high = view(rows)
    pad = _PAD * (high - low)
    low, high = low - pad, high + pad
    ticks = [tick for tick in _round_marks(low, high) if 0.02 < (tick - low) / (high - low) < 0.98]
    marks = [((tick - low) / (high - low), label) for tick, label in zip(ticks, tick_labels(ticks), strict=True)]
    return Panel(unit=unit, bound=bound, marks=marks, rows=[_place(row, low, high) for row in rows])


def _place(row: AxisRow, low: float, high: float) -> Placed:
    def share(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0)

    alone = row.low is None and row.high is None
    left = -math.inf if row.low is None else row.low
    right = math.inf if row.high is None else row.high
    at = edges(row)
    words = ["no", "yes", "no"] if row.kind == "same" else ["yes", "no"] if row.kind == "below" else ["no", "yes"]
    places = [0.0, *map(share, at), 1.0]
    seen = row.estimate is not None and low <= row.estimate <= high
    return Placed(
        row=row,
        bands=[(places[i], places[i + 1], word) for i, word in enumerate(words)],
        edges=[share(place) for place in at if low <= place <= high],
        zero=share(0.0) if row.kind not in BOUNDS and low < 0 < high else None,
        low=None if alone else share(left),
        high=None if alone else share(right),
        beyond=(not alone and left < low, not alone and right > high),
        dot=share(row.estimate) if seen and row.estimate is not None else None,
    )


def _round_marks(low: float, high: float) -> list[float]:
    """Round numbers within a range, about six."""
    raw = (high - low) / _MARKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step + 0.0 for place in range(first, last + 1)]


def _sentence(text: str) -> str:
    said = numbers.clean(text).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}:" if said else ""
