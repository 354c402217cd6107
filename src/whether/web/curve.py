"""The learning curve of a trained network as SVG: a panel for each quantity, a line for each split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whether.report.chart import tick_labels
from whether.web.svg import roomy, safe, ticks

_WIDE, _HIGH = 420.0, 190.0
_LEFT, _TOP, _RIGHT, _LOW = 52.0, 14.0, 14.0, 38.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One line of a panel: of which split, its points by step."""

    split: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Panel:
    """One quantity over the steps of training."""

    quantity: str
    lines: tuple[Line, ...]


def panels(curves: Mapping[str, Any] | None) -> list[Panel]:
    """What a record's curves show; nothing where it has none, or they are none.

    Example:
        >>> said = {"steps": [0, 10], "values": {"train loss": [2.0, 1.0], "validation loss": [2.1, None]}}
        >>> [(panel.quantity, [line.split for line in panel.lines]) for panel in panels(said)]
        [('loss', ['train'])]
    """
    if not isinstance(curves, Mapping) or not isinstance(curves.get("values"), Mapping):
        return []
    found: dict[str, list[Line]] = {}
    for name, values in curves["values"].items():
        split, _, quantity = str(name).rpartition(" ")
        points = tuple(_points(curves.get("steps"), values))
        if len(points) > 1:
            found.setdefault(quantity, []).append(Line(split or "training", points))
    return [Panel(quantity, tuple(lines)) for quantity, lines in found.items()]


def _points(steps: Any, values: Any) -> Iterator[Point]:
    if isinstance(steps, Sequence) and isinstance(values, Sequence):
        for step, value in zip(steps, values, strict=False):
            if all(isinstance(one, int | float) and math.isfinite(one) for one in (step, value)):
                yield float(step), float(value)


def curve_svg(panel: Panel, name: str) -> str:
    """A panel as one <svg> element, coloured by the page's style.

    Args:
        panel: from `panels`.
        name: begins every identifier; unique in the page.
    """
    xs = [x for line in panel.lines for x, _ in line.points]
    ys = [y for line in panel.lines for _, y in line.points]
    across, up = (min(xs), max(xs)), roomy(min(ys), max(ys))

    def at(x: float, y: float) -> Point:
        return (
            _LEFT + (x - across[0]) / ((across[1] - across[0]) or 1) * (_WIDE - _LEFT - _RIGHT),
            _HIGH - _LOW - (y - up[0]) / (up[1] - up[0]) * (_HIGH - _LOW - _TOP),
        )

    parts = [_opening(panel, name)]
    marks = ticks(*up, most=5)
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        y = at(across[0], mark)[1]
        parts.append(f'<path class="grid" d="M{_LEFT:g} {y:.1f}H{_WIDE - _RIGHT:g}"/>')
        parts.append(f'<text x="{_LEFT - 7:g}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for mark in ticks(*across, most=5):
        x = at(mark, up[0])[0]
        parts.append(f'<text x="{x:.1f}" y="{_HIGH - _LOW + 17:g}" text-anchor="middle">{mark:,g}</text>')
    middle = (_LEFT + _WIDE - _RIGHT) / 2
    parts.append(f'<text x="{middle:g}" y="{_HIGH - 5:g}" text-anchor="middle" class="name">step of training</text>')
    for number, line in enumerate(panel.lines):
        drawn = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in line.points)
        parts.append(f'<polyline class="line line-{number % 2}" points="{drawn}"/>')
    return "".join([*parts, "</svg>"])


def _opening(panel: Panel, name: str) -> str:
    ends = "; ".join(
        f"{line.split}: {line.points[0][1]:.4g} at step {line.points[0][0]:g}, "
        f"{line.points[-1][1]:.4g} at step {line.points[-1][0]:g}"
        for line in panel.lines
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="curve" viewBox="0 0 {_WIDE:g} {_HIGH:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-text"><title id="{name}-title">{safe(panel.quantity)} over training'
        f'</title><desc id="{name}-text">{safe(ends)}</desc>'
    )
