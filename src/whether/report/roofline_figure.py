"""A roofline: rates that were reached under the roof that a machine's products and its memory set."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whether.report.chart import LINE, Scale, logarithmic
from whether.report.lines import asked_at
from whether.report.numbers import clean, number
from whether.report.style import (
    SMALL,
    colour,
    line_style,
    panel,
    sheet,
    sheet_width,
    styled,
    text_size,
    text_width,
    write,
)
from whether.report.together import under_roofs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer, ArmSummary

_HEAD, _HEIGHT, _FOOT, _RIGHT = 16.0, 190.0, 33.0, 10.0


@dataclass(frozen=True)
class Place:
    """Where one side of a layer lies: FLOP a byte and GFLOP/s; `x` is its place on the answer's axis, if it has one."""

    side: str
    x: float | None
    intensity: float
    rate: float


def places(answer: Answer) -> list[Place]:
    """Every rate with its intensity: "rate, sparse at 10" goes with "intensity, sparse at 10"."""
    at = {(_side(arm), arm.x): arm.mean for arm in answer.arms if arm.measure == "intensity"}
    rates = [(_side(arm), arm.x, arm.mean) for arm in answer.arms if arm.measure == "flop_rate"]
    return [Place(side, x, at[side, x], mean) for side, x, mean in rates if (side, x) in at]


def bandwidths(answer: Answer) -> list[tuple[str, float]]:
    """Names and GB/s of what sets a slope, the slowest first."""
    found = [(arm.arm, arm.mean) for arm in answer.arms if arm.measure == "peak_bandwidth"]
    return sorted(found, key=lambda item: item[1])


def peak(answer: Answer) -> float:
    """GFLOP/s of the level part of the roof."""
    return max(arm.mean for arm in answer.arms if arm.measure == "peak_flops")


HEAD = ("side", "FLOP/byte", "bound, GFLOP/s", "reached, GFLOP/s", "of the bound")


def rows(answer: Answer) -> list[tuple[str, ...]]:
    """The figure as a table, with the columns of HEAD; none where an answer has no roofline."""
    if not under_roofs(answer):
        return []
    shares = {(_side(arm), arm.x): arm.mean for arm in answer.arms if arm.measure == "share_of_bound"}
    most, memory = peak(answer), bandwidths(answer)[0][1]
    return [
        (
            _called(one, answer),
            number(one.intensity, 1),
            number(min(most, one.intensity * memory), 0),
            number(one.rate, 1),
            f"{number(shares[one.side, one.x], 0)} %" if (one.side, one.x) in shares else "–",
        )
        for one in places(answer)
    ]


def roofline(answer: Answer) -> Figure:
    """The roof min(peak, intensity × bandwidth) and each side's place under it, on logarithmic axes."""
    with styled():
        found, roofs, most = places(answer), bandwidths(answer), peak(answer)
        ridges = [most / bandwidth for _, bandwidth in roofs]
        across = _scale([*(one.intensity for one in found), *(ridge / 3 for ridge in ridges), 2 * ridges[0]], 1.35)
        up = _scale([*(one.rate for one in found), most], 1.6)
        width = sheet_width() - up.margin - _RIGHT
        figure = sheet(_HEAD + _HEIGHT + _FOOT)
        axes = panel(figure, left=up.margin, top=_HEAD, width=width, height=_HEIGHT)
        axes.set_yscale("log")
        axes.minorticks_off()
        up.apply_y(axes)
        axes.grid(False)
        across.spaced(width).apply_x(axes)
        ends = [across.high, *ridges]  # a faster memory's roof goes on where it meets that of the next slower one
        for (name, bandwidth), end in zip(roofs, ends, strict=False):
            _roof(axes, across, up, Roof(name, bandwidth, most, end), width)
        _marks(axes, answer, found, across, up, width)
        write(figure, 2, 9, "rate that was reached (GFLOP/s)")
        middle = up.margin + width / 2
        write(figure, middle, _HEAD + _HEIGHT + 28, "operations a byte (FLOP/byte)", ha="center", fontsize=text_size())
        return figure


def spoken(answer: Answer) -> str:
    """The figure in words."""
    roofs = [f"{name} {number(value, 0)} GB/s" for name, value in bandwidths(answer)]
    told = [
        f"{_called(one, answer)}: {number(one.rate, 1)} GFLOP/s at {number(one.intensity, 1)} FLOP/byte"
        for one in places(answer)
    ]
    return clean(f"Products reach {number(peak(answer), 0)} GFLOP/s, {', '.join(roofs)}. {', '.join(told)}.")


@dataclass(frozen=True)
class Roof:
    """One roof: what sets its slope, in GB/s, the peak in GFLOP/s, and up to which intensity it is level."""

    name: str
    bandwidth: float
    peak: float
    end: float


def _roof(axes: Axes, across: Scale, up: Scale, roof: Roof, width: float) -> None:
    ridge = min(max(roof.peak / roof.bandwidth, across.low), across.high)
    lowest, start = roof.end == across.high, across.low
    look: dict[str, Any] = {"color": colour("ink"), "linewidth": 1.3}
    if not lowest:
        look = {"color": colour("muted"), "linewidth": 1.0, "linestyle": (0, (4, 2))}
    xs = [start, ridge, roof.end]
    axes.plot(xs, [min(roof.peak, x * roof.bandwidth) for x in xs], **look, zorder=1)
    steep = math.degrees(math.atan2(_per_decade(up, _HEIGHT), _per_decade(across, width)))
    foot = max(start, up.low / roof.bandwidth)
    middle = foot * (ridge / foot) ** (0.4 if lowest else 0.6)  # names of slopes beside each other are not side by side
    told = f"{_short(roof.name)}, {number(roof.bandwidth, 0)} GB/s"
    room = math.hypot(_between(up, foot, ridge, _HEIGHT), _between(across, foot, ridge, width))
    tone = look["color"]
    how: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": SMALL, "color": tone}
    if text_width(told) < room:
        along = {**how, "ha": "center", "rotation": steep, "rotation_mode": "anchor"}
        axes.annotate(told, (middle, middle * roof.bandwidth), (0, 2.5), **along)
    if lowest:
        level = f"products, {number(roof.peak, 0)} GFLOP/s"
        axes.annotate(level, (across.high, roof.peak), (0, 5), ha="right", **how)


def _marks(axes: Axes, answer: Answer, found: Sequence[Place], across: Scale, up: Scale, width: float) -> None:
    sides = list(dict.fromkeys(one.side for one in found))
    for index, side in enumerate(reversed(sides)):
        look = line_style(index)
        own = sorted((one for one in found if one.side == side), key=lambda one: one.x or 0.0)
        xs, ys = [one.intensity for one in own], [one.rate for one in own]
        axes.plot(xs, ys, **{**look, "linewidth": 1.0}, markersize=5, markeredgecolor=colour("paper"), zorder=3)
        spots = [(width * across.share(x), _HEIGHT * up.share(y)) for x, y in zip(xs, ys, strict=True)]
        told = [_label(one, answer) for one in own]
        last = max(range(len(own)), key=lambda place: xs[place])

        names = [(told[place], place) for place in _named(own, told, spots, asked_at(answer))]
        if own[0].x is not None:
            names.append((side, len(own) // 2))
        for text, place in names:
            right = place == last and len(own) > 1
            at, ha = ((6, -3), "left") if right else ((0, -LINE - 2), "center")
            if text == side and own[0].x is not None:
                at, ha = (-6, 6), "right"
            how: dict[str, Any] = {"textcoords": "offset points", "fontsize": SMALL, "color": look["color"]}
            axes.annotate(text, (xs[place], ys[place]), at, ha=ha, **how)


def _named(
    own: Sequence[Place], told: Sequence[str], spots: Sequence[tuple[float, float]], asked: Sequence[float]
) -> list[int]:
    """Which marks are named: the one at the far right, what is asked, then others where there is room below them."""
    last = max(range(len(own)), key=lambda place: spots[place])
    order = [*(place for place, one in enumerate(own) if one.x in asked), 0, *range(len(own))]
    kept: list[int] = []  # the last one's name stands beside its mark, out of the way
    for place in dict.fromkeys(order):
        if place != last and all(_clear(spots[place], spots[other], told[place], told[other]) for other in kept):
            kept.append(place)
    return [*kept, last]


def _clear(spot: tuple[float, float], other: tuple[float, float], text: str, beside: str) -> bool:
    """Whether two names below their marks do not touch."""
    across, down = abs(spot[0] - other[0]), abs(spot[1] - other[1])
    return across > (text_width(text) + text_width(beside)) / 2 + 1 or down > LINE + 1


def _scale(values: Sequence[float], edge: float) -> Scale:
    return logarithmic(min(values) / edge, max(values) * edge)


def _per_decade(scale: Scale, length: float) -> float:
    return length / math.log10(scale.high / scale.low)


def _between(scale: Scale, low: float, high: float, length: float) -> float:
    return _per_decade(scale, length) * math.log10(high / low)


def _side(arm: ArmSummary) -> str:
    return arm.family.partition(", ")[2] or arm.family


def _short(name: str) -> str:
    return name.rpartition("bandwidth of the ")[2]


def _label(one: Place, answer: Answer) -> str:
    if one.x is None:
        return one.side
    unit = re.search(r"\(([^()]*)\)\s*$", answer.axis)
    return f"{one.x:g} {unit[1] if unit else ''}".strip()


def _called(one: Place, answer: Answer) -> str:
    return one.side if one.x is None else f"{one.side} at {_label(one, answer)}"
