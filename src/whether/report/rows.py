"""Figures with a row for each arm: shares with their intervals, and means with every replicate's own value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from whether.report.chart import LINE, Scale, linear
from whether.report.extent import cut
from whether.report.numbers import column_decimals, number
from whether.report.style import (
    colour,
    line_style,
    panel,
    sheet,
    sheet_width,
    styled,
    text_size,
    text_width,
    wrap,
    write,
)
from whether.report.together import Group, apart, is_share
from whether.report.wording import metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer, ArmSummary, Run

_ROW, _FOOT, _HEAD, _NAMES, _MOST = 26.0, 32.0, 4.0, 100.0, 40
_DOT, _CROSS = 3.2, 4.5
"""Diameters of what stands for a replicate, in points."""
_PITCH, _ROWS, _REACH = 3.3, 3, 30.0
"""How far apart equal replicates lie in both directions, in how many rows, and how far from their value at most."""
_NEAR = 40
"""Of the dots before one, which go from left to right, so many of a row can be near it."""


def shares(answer: Answer) -> Figure:
    """The share of networks in each arm that did what was asked, with Wilson's interval, from 0 to 100 %."""
    with styled():
        arms = share_arms(answer)[:_MOST]
        title = f"{metric(arms).partition(' (')[0].replace('mean of the arm', 'share')} (% of networks)"
        ended = [f"{round(arm.mean * arm.n / 100)} of {arm.n}" for arm in arms]

        def dot(axes: Axes, arm: ArmSummary, y: float) -> None:
            _draw_mean(axes, arm, y)

        return _rows_of(arms, linear(-3, 103, 6), title, ended, dot)


def arms(answer: Answer, group: Group) -> Figure:
    """The mean of each arm of a group with its interval, and every replicate's own value; a cross where it diverged."""
    with styled():
        found = group[:_MOST]
        runs: dict[str, list[Run]] = {arm.arm: [] for arm in found}
        for run in answer.table:
            if run.arm in runs:
                runs[run.arm].append(run)
        seen = [run.value for these in runs.values() for run in these] + [arm.mean for arm in found]
        span = max(seen) - min(seen) or 0.02 * abs(max(seen)) or 1.0
        limits = [limit for arm in found for limit in cut(arm) if limit is not None]
        low, high = max(min([*seen, *limits]), min(seen) - span), min(max([*seen, *limits]), max(seen) + span)
        across = linear(low - 0.06 * span, high + 0.06 * span, 5)
        decimals = column_decimals([arm.mean for arm in found])

        def dots(axes: Axes, arm: ArmSummary, y: float) -> None:
            _draw_runs(axes, runs[arm.arm], y + 4)
            _draw_mean(axes, arm, y - 4)

        return _rows_of(found, across, metric(found), [number(arm.mean, decimals) for arm in found], dots)


def share_arms(answer: Answer) -> Group:
    """Arms whose mean is a share of networks and that no other figure shows along an axis."""
    return [arm for group in apart(answer) for arm in group if is_share(arm)]


def lone_groups(answer: Answer) -> list[Group]:
    """Arms with a mean that no other figure shows along an axis, by what they have in common."""
    groups = [[arm for arm in group if not is_share(arm)] for group in apart(answer)]
    return [group for group in groups if group]


def _rows_of(
    found: Sequence[ArmSummary],
    across: Scale,
    title: str,
    ended: Sequence[str],
    mark: Callable[[Axes, ArmSummary, float], None],
) -> Figure:
    names = [wrap(arm.arm, _NAMES, lines=2) for arm in found]
    left = max(text_width(line) for lines in names for line in lines) + 10
    right = max(text_width(text) for text in ended) + 12
    height = _ROW * len(found)
    figure = sheet(_HEAD + height + _FOOT)
    axes = panel(figure, left=left, top=_HEAD, width=sheet_width() - left - right, height=height)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    across.apply_x(axes)
    axes.grid(axis="x")
    for index, (arm, lines, value) in enumerate(zip(found, names, ended, strict=True)):
        middle = _ROW * (index + 0.5)
        for row, line in enumerate(lines):
            y = _HEAD + middle + 3 + LINE * (row - (len(lines) - 1) / 2)
            write(figure, left - 8, y, line, ha="right")
        mark(axes, arm, middle)
        write(figure, sheet_width() - 2, _HEAD + middle + 3, value, ha="right", color=colour("muted"))
    text = wrap(title, sheet_width() - 8, lines=1, size=text_size())[0]
    half = text_width(text, text_size()) / 2
    middle = min(left + (sheet_width() - left - right) / 2, sheet_width() - half - 2)
    write(figure, max(middle, half + 2), _HEAD + height + 27, text, ha="center", fontsize=text_size())
    return figure


def _draw_mean(axes: Axes, arm: ArmSummary, y: float) -> None:
    tone = line_style(0)["color"]
    low, high = cut(arm)
    if low is not None and high is not None:
        least, most = axes.get_xlim()
        axes.hlines([y], max(low, least), min(high, most), color=tone, linewidth=1.8)
        for limit, rim, sign in ((low, least, "<"), (high, most, ">")):
            if least <= limit <= most:
                axes.vlines([limit], y - 3, y + 3, color=tone, linewidth=1.8)
            else:
                axes.plot([rim], [y], sign, color=tone, markersize=5, clip_on=False)
    axes.plot([arm.mean], [y], "o", color=tone, markersize=6)


def _draw_runs(axes: Axes, runs: Sequence[Run], y: float) -> None:
    """Every replicate under its arm's mean; equal values lie side by side as far as there is room."""
    least, most = axes.get_xlim()
    width = axes.get_position().width * sheet_width()
    taken = sorted(runs, key=lambda run: (run.value, run.outcome != "done"))
    sizes = [_CROSS if run.outcome != "done" else _DOT for run in taken]
    places = spread([(run.value - least) / (most - least) * width for run in taken], sizes, width)
    for run, size, (x, row) in zip(taken, sizes, places, strict=True):
        mark, tone = ("X", colour("no")) if run.outcome != "done" else ("o", colour("muted"))
        at = least + x / width * (most - least)
        axes.plot([at], [y + _PITCH * row], mark, color=tone, markersize=size, alpha=0.7, markeredgewidth=0)


def spread(xs: Sequence[float], sizes: Sequence[float], width: float) -> list[tuple[float, int]]:
    """Places of dots along a line so that none covers another, as near to their own as can be.

    Args:
        xs: where each belongs, in points.
        sizes: their diameters, in points.
        width: of the line; no dot is moved beyond its ends.

    Returns:
        Of each its x and its row, 0 to 2. One for which nothing is free within `_REACH` points stays at its own x.

    Example:
        >>> spread([10.0, 10.0, 10.0, 10.0, 30.0], [3.0] * 5, 40.0)
        [(10.0, 0), (10.0, 1), (10.0, 2), (6.7, 0), (30.0, 0)]
    """
    rows: list[list[tuple[float, float]]] = [[] for _ in range(_ROWS)]
    steps = range(1, int(_REACH / _PITCH) + 1)
    moves = [0.0, *(sign * _PITCH * step for step in steps for sign in (-1, 1))]
    found = []
    for x, size in zip(xs, sizes, strict=True):
        free = (
            (x + move, row)
            for move in moves
            for row in range(_ROWS)
            if (not move or 0 <= x + move <= width)
            and all(abs(x + move - at) >= (size + other) / 2 for at, other in rows[row][-_NEAR:])
        )
        place = next(free, None)
        if place is not None:
            rows[place[1]].append((place[0], size))
        found.append(place or (x, 0))
    return found
