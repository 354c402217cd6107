"""What the line figures share: series, axes with few and round marks, names beside lines or in a key above."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from whether.report.numbers import MINUS
from whether.report.style import colour, sheet_width, text_width, wrap, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 10.0
"""Height of a line of small type, in points."""
_LABEL_WIDTH = 96.0
_LINEAR = 0.6  # decades that the way from zero to the first place takes
_FARTHEST = 15.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a figure; `level` is a single value that holds along the whole axis.

    `lows` and `highs` are the limits of intervals, None where there is none.
    """

    name: str
    xs: Sequence[float]
    means: Sequence[float]
    lows: Sequence[float | None]
    highs: Sequence[float | None]
    level: bool = False
    look: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """The range of an axis, its marks, and their labels."""

    low: float
    high: float
    ticks: list[float]
    labels: list[str]
    log: bool = False
    reverse: bool = False
    first: float = 0.0

    def apply_x(self, axes: Axes) -> None:
        """Set a horizontal axis to this scale; from zero to `first` it is linear, if there is one."""
        if self.first:
            axes.set_xscale("symlog", linthresh=self.first, linscale=_LINEAR)
        elif self.log:
            axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xlim(*((self.high, self.low) if self.reverse else (self.low, self.high)))
        axes.set_xticks(self.ticks, self.labels)

    def apply_y(self, axes: Axes) -> None:
        """Set a vertical axis to this scale, with quiet lines across."""
        axes.set_ylim(self.low, self.high)
        axes.set_yticks(self.ticks, self.labels)
        axes.grid(axis="y")

    def clear_of_rim(self, points: float, width: float) -> Scale:
        """The same scale without marks so near a rim that their labels would stick out."""
        near = points / width
        kept = [
            (tick, label)
            for tick, label in zip(self.ticks, self.labels, strict=True)
            if near < self.share(tick) < 1 - near
        ]
        return replace(self, ticks=[tick for tick, _ in kept], labels=[label for _, label in kept])

    def spaced(self, width: float) -> Scale:
        """The same scale without labels that would touch on an axis of this width; zero and powers of ten go last."""
        order = sorted(zip(self.ticks, self.labels, strict=True), key=lambda item: _roundness(item[0]))
        kept: list[tuple[float, str]] = []
        for tick, label in order:
            if all(
                width * abs(self.share(tick) - self.share(other)) > (text_width(label) + text_width(beside)) / 2 + 3
                for other, beside in kept
            ):
                kept.append((tick, label))
        kept.sort()
        return replace(self, ticks=[tick for tick, _ in kept], labels=[label for _, label in kept])

    def share(self, value: float) -> float:
        """How far along the axis a value lies, from 0 to 1, whichever way it runs."""
        at, low, high = (self._at(one) for one in (value, self.low, self.high))
        share = (at - low) / (high - low)
        return 1 - share if self.reverse else share

    def _at(self, value: float) -> float:
        if not self.log:
            return value
        if self.first and value <= self.first:
            return _LINEAR / 0.9 * value / self.first  # as matplotlib has it, at base 10
        return math.log10(value / self.first) + _LINEAR / 0.9 if self.first else math.log10(value)

    @property
    def margin(self) -> float:
        """Points that the labels of a vertical axis take."""
        return max(text_width(label) for label in self.labels) + 8


def _roundness(tick: float) -> tuple[int, float]:
    """What of several marks is kept first: zero, powers of ten, five times, twice."""
    if tick <= 0:
        return 0, tick
    digit = round(tick / 10 ** math.floor(math.log10(tick) + 1e-9))
    return {1: 1, 5: 2}.get(digit, 3), tick


def linear(low: float, high: float, marks: int = 5, *, reverse: bool = False) -> Scale:
    """A linear scale from low to high with about so many round marks inside it."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=marks, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = 1e-9 * (high - low)
    ticks = [float(tick) for tick in found if low - slack <= tick <= high + slack]
    return Scale(low, high, ticks, tick_labels(ticks), reverse=reverse)


def logarithmic(low: float, high: float, *, reverse: bool = False) -> Scale:
    """A logarithmic scale with marks at 1, 2 and 5 times the powers of ten; at the powers alone over many decades."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if math.log10(high / low) < 3.2 else (1,)
    ticks = [step * 10.0**power for power in decades for step in steps if low <= step * 10.0**power <= high]
    return Scale(low, high, ticks, [f"{tick:g}" for tick in ticks], log=True, reverse=reverse)


def from_zero(first: float, high: float, *, reverse: bool = False) -> Scale:
    """A logarithmic scale from `first` on, with zero a step before it: for places such as 0, 10, 100, 1000."""
    rest = logarithmic(first, high)
    ticks, labels = [0.0, *rest.ticks], ["0", *rest.labels]
    return Scale(-0.25 * first, high, ticks, labels, log=True, reverse=reverse, first=first)


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Labels with as many decimals as the finest step needs."""
    step = min((b - a for a, b in itertools.pairwise(ticks)), default=1.0)
    if step < 1e-5 or max(map(abs, ticks), default=0.0) >= 1e7:
        return [f"{tick:.3g}".replace("-", MINUS) for tick in ticks]
    decimals = next((d for d in range(7) if all(abs(round(t, d) - t) < 1e-6 * step for t in ticks)), 6)
    return [f"{round(tick, decimals) + 0.0:.{decimals}f}".replace("-", MINUS) for tick in ticks]


def view(
    series: Sequence[Series],
    *,
    whole: tuple[float, float] | None = None,
    within: tuple[float, float] = (-math.inf, math.inf),
    also: Sequence[float] = (),
) -> Scale:
    """A vertical scale that shows every mean, and intervals as far as they do not dwarf the means.

    Args:
        series: at least one, with at least one mean.
        whole: the range of a measure that is always shown in full, such as 0 to 100 for shares.
        within: what the measure can be at all; no interval is followed beyond it.
        also: further values to show.
    """
    means = [*also, *(mean for one in series for mean in one.means)]
    lows = [low for one in series for low in one.lows if low is not None]
    highs = [high for one in series for high in one.highs if high is not None]
    low, high = min(means), max(means)
    span = high - low or max([*(b - a for a, b in zip(lows, highs, strict=True)), abs(high) * 0.02, 1e-3])
    low, high = max(min([*lows, low]), low - 0.6 * span), min(max([*highs, high]), high + 0.6 * span)
    low, high = min(max(low, within[0]), *means), max(min(high, within[1]), *means)
    if whole:
        low, high = min(low, whole[0]), max(high, whole[1])
    pad = 0.05 * (high - low)
    return linear(low - pad, high + pad)


def draw(axes: Axes, series: Sequence[Series], scale: Scale) -> None:
    """Lines with a bar for each interval, levels with a band; an arrow where an interval leaves the view."""
    from matplotlib.transforms import ScaledTranslation

    dodged = [one for one in series if not one.level]
    for one in series:
        tone = one.look["color"]
        if one.level:
            _draw_level(axes, one)
            continue
        # Bars of families that share an x would hide each other: each is moved by a point or two.
        aside = 1.6 * (dodged.index(one) - (len(dodged) - 1) / 2) if len(dodged) > 1 else 0.0
        moved = axes.transData + ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans)
        bars = [
            (x, a, b) for x, a, b in zip(one.xs, one.lows, one.highs, strict=True) if a is not None and b is not None
        ]
        if bars:
            axes.vlines(*zip(*bars, strict=True), color=tone, linewidth=1.2, alpha=0.75, transform=moved)
        axes.plot(one.xs, one.means, **_LINE | one.look, transform=moved)
        for x, low, high in bars:
            for limit, mark in ((low, "v"), (high, "^")):
                if not scale.low <= limit <= scale.high:
                    rim = min(max(limit, scale.low), scale.high)
                    axes.plot([x], [rim], mark, color=tone, markersize=4, clip_on=False, transform=moved)


_LINE: dict[str, Any] = {
    "markersize": 4.0,
    "markeredgecolor": colour("paper"),
    "markeredgewidth": 0.5,
    "linewidth": 1.5,
}


def _draw_level(axes: Axes, one: Series) -> None:
    tone = one.look["color"]
    low, high = one.lows[0], one.highs[0]
    if low is not None and high is not None:
        axes.axhspan(low, high, color=tone, alpha=0.13, linewidth=0)
    axes.axhline(one.means[0], color=tone, linestyle=one.look["linestyle"], linewidth=1.2)


@dataclass(frozen=True)
class Label:
    """The name of a line, where it ends and where it is written, as heights above the panel's foot in points."""

    lines: list[str]
    end: float
    at: float
    look: dict[str, Any]


def beside(series: Sequence[Series], scale: Scale, height: float) -> list[Label] | None:
    """Names to the right of the lines' ends, moved apart until none touches; None where they would lie too far off."""
    names = [wrap(one.name, _LABEL_WIDTH, lines=3) for one in series]
    if len(series) > 7 or any("…" in text for lines in names for text in lines):
        return None
    ends = [height * min(max(scale.share(one.means[-1]), 0.0), 1.0) for one in series]
    tall = [LINE * len(lines) + 2 for lines in names]
    at = _spread(ends, tall)
    if any(abs(a - b) > _FARTHEST for a, b in zip(at, ends, strict=True)):
        return None
    return [Label(lines, end, place, one.look) for lines, end, place, one in zip(names, ends, at, series, strict=True)]


def _spread(ends: Sequence[float], tall: Sequence[float]) -> list[float]:
    at, order = list(ends), sorted(range(len(ends)), key=lambda index: ends[index])
    for _ in range(200):
        moved = False
        for below, above in itertools.pairwise(order):
            overlap = (tall[below] + tall[above]) / 2 - (at[above] - at[below])
            if overlap > 0.01:
                at[below], at[above], moved = at[below] - overlap / 2, at[above] + overlap / 2, True
        if not moved:
            break
    return at


def write_beside(figure: Figure, labels: Sequence[Label], *, x: float, foot: float) -> None:
    """Write names to the right of a panel whose right edge is at x and whose foot is at `foot`, from the top."""
    for label in labels:
        tone = label.look["color"]
        if abs(label.at - label.end) > 3:
            _stroke(figure, (x + 2, foot - label.end), (x + 9, foot - label.at), color=tone, linewidth=0.7)
        top = foot - label.at - LINE * (len(label.lines) - 1) / 2 + 3
        for row, line in enumerate(label.lines):
            write(figure, x + 11, top + LINE * row, line, color=tone)


def label_width(labels: Sequence[Label]) -> float:
    """Points that names beside a panel take, with their gap."""
    return max(text_width(line) for label in labels for line in label.lines) + 13


def key_rows(series: Sequence[Series], width: float) -> list[list[Series]]:
    """The series of a key in rows that fit a width in points."""
    rows: list[list[Series]] = [[]]
    used = 0.0
    for one in series:
        wide = text_width(_key_name(one)) + 38
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(one)
        used += wide
    return rows


def write_key(figure: Figure, rows: Sequence[Sequence[Series]], *, x: float, top: float) -> None:
    """A key of line samples and names, its first row's upper edge at `top`."""
    for number, row in enumerate(rows):
        along, middle = x, top + 6 + (LINE + 3) * number
        for one in row:
            look = _LINE | one.look
            _stroke(figure, (along, middle), (along + 10, middle), (along + 20, middle), markevery=[1], **look)
            name = _key_name(one)
            write(figure, along + 25, middle + 3, name)
            along += text_width(name) + 38


def _key_name(one: Series) -> str:
    return wrap(one.name, sheet_width() - 50, lines=1)[0]


def mark(figure: Figure, x: float, y: float, *, color: str) -> None:
    """A hollow mark at a place on the sheet."""
    hollow = {"marker": "o", "markersize": 5, "markerfacecolor": colour("paper"), "markeredgewidth": 1.2}
    _stroke(figure, (x, y), color=color, linestyle="none", **hollow)


def _stroke(figure: Figure, *points: tuple[float, float], **look: Any) -> None:
    from matplotlib.lines import Line2D

    across, down = (float(72 * inches) for inches in figure.get_size_inches())
    xs, ys = [x / across for x, _ in points], [1 - y / down for _, y in points]
    figure.add_artist(Line2D(xs, ys, transform=figure.transFigure, **look))
