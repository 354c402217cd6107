"""Every claim on an axis in its unit: effect, interval, smallest size of interest, and where yes and no lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whether.report.axis_view import BOUNDS, edges, view
from whether.report.chart import LINE, Scale, linear
from whether.report.numbers import short, unit_name
from whether.report.style import SMALL, colour, panel, sheet, sheet_width, styled, text_size, text_width, wrap, write
from whether.report.wording import MARK, claim_level, common_level, estimate, regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer, ClaimResult

_BAND, _AFTER, _VERDICT, _SIDE = 17.0, 9.0, 82.0, 4.0
_GROUP, _FOOT, _KEY = 15.0, 34.0, 12.0
_WHOLE, _SIZE = "(if the whole interval lies there)", "smallest size of interest"


@dataclass(frozen=True)
class Row:
    """One claim in the figure: what it is called, in its lines, and the group that it belongs to."""

    claim: ClaimResult
    group: str
    lines: list[str]
    decides: bool

    @property
    def height(self) -> float:
        """Points from the row's first line to the next row."""
        return LINE * len(self.lines) + 4 + _BAND + _AFTER


def claims_axis(answer: Answer) -> Figure:
    """Every primary, control and secondary claim as a row; claims of different units, and bounds, on separate panels.

    Each row is shaded where the whole interval must lie for a yes and for a no; the line between them is the smallest
    size of interest. An arrow shows that an interval, or an estimate with its value, lies beyond the view.
    """
    with styled():
        panels = _panels(_rows(answer))
        heights = [sum(row.height for row in rows) + _GROUP * len(_groups(rows)) for rows in panels]
        level = common_level([row.claim for rows in panels for row in rows])
        interval = f"{level} interval" if level else "interval"
        top = _key_places(interval)[-1][1] + _KEY
        figure = sheet(top + sum(heights) + _FOOT * len(panels))
        _write_key(figure, interval)
        for rows, height in zip(panels, heights, strict=True):
            _draw_panel(figure, rows, top, height)
            if not level:
                _write_levels(figure, rows, top)
            top += height + _FOOT
        return figure


def _rows(answer: Answer) -> list[Row]:
    primary = "The claim that decides" if len(answer.claims) == 1 else "Claims that decide"
    rows = [(claim, primary) for claim in answer.claims]
    rows += [(item.claim, f"Control, expected to be {item.expect}") for item in answer.controls]
    rows += [(claim, "Secondary") for claim in answer.secondary]
    return [
        Row(claim, group, wrap(claim.said, sheet_width() - 2 * _SIDE, lines=3), group == primary)
        for claim, group in rows
    ]


def _panels(rows: Sequence[Row]) -> list[list[Row]]:
    found: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        found.setdefault((row.claim.unit, row.claim.kind in BOUNDS), []).append(row)
    return list(found.values())


def _groups(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.group for row in rows))


def _draw_panel(figure: Figure, rows: Sequence[Row], top: float, height: float) -> None:
    width = sheet_width() - _VERDICT - _SIDE
    across = _view(rows).clear_of_rim(8, width)
    axes = panel(figure, left=_SIDE, top=top, width=width, height=height)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    across.apply_x(axes)
    place = 0.0
    for group in _groups(rows):
        write(figure, _SIDE, top + place + 9, group, color=colour("muted"), fontweight="bold")
        place += _GROUP
        for row in (row for row in rows if row.group == group):
            _draw_row(figure, axes, row, across, (top, place))
            place += row.height
    claim = rows[0].claim
    name = f"{'mean' if claim.kind in BOUNDS else 'effect'} ({unit_name(claim.unit)})"
    name = name.replace(" ()", "")
    if claim.kind not in BOUNDS and all(row.claim.kind != "same" for row in rows):
        longer = f"{name}: above 0 the arm named first is better"
        name = longer if text_width(longer, text_size()) <= sheet_width() - 2 * _SIDE else name
    text = wrap(name, sheet_width() - 2 * _SIDE, lines=1, size=text_size())[0]
    middle = max(_SIDE + width / 2, _SIDE + text_width(text, text_size()) / 2)
    write(figure, middle, top + height + 26, text, ha="center", fontsize=text_size())


def _write_levels(figure: Figure, rows: Sequence[Row], top: float) -> None:
    """Under each verdict the level of its interval, where looks have given them different ones."""
    place = 0.0
    for group in _groups(rows):
        place += _GROUP
        for row in (row for row in rows if row.group == group):
            place += row.height
            y = top + place - _AFTER + 4
            write(figure, sheet_width() - _VERDICT + 10, y, f"at {claim_level(row.claim)}", color=colour("muted"))


def _draw_row(figure: Figure, axes: Axes, row: Row, across: Scale, at: tuple[float, float]) -> None:
    claim, (top, place) = row.claim, at
    for number, line in enumerate(row.lines):
        write(figure, _SIDE, top + place + 8 + LINE * number, line)
    upper = place + LINE * len(row.lines) + 4
    middle = upper + _BAND / 2
    for low, high, word in regions(claim):
        low, high = max(low, across.low), min(high, across.high)
        if low < high:
            axes.fill_between([low, high], upper, upper + _BAND, color=colour(f"{word}-tint"), linewidth=0, zorder=0)
    if claim.kind not in BOUNDS and across.low < 0 < across.high:
        axes.vlines([0], upper, upper + _BAND, color=colour("paper"), linewidth=1.2, zorder=1)
    marks = edges(claim)
    inside = [mark for mark in marks if across.low <= mark <= across.high]
    axes.vlines(inside, upper - 1.5, upper + _BAND + 1.5, color=colour("ink"), linewidth=1.4, zorder=2)
    _draw_interval(figure, axes, claim, across, middle)
    for mark in marks:
        if mark not in inside:
            _write_beyond(figure, axes, claim, across, (mark, middle))
    tone = colour(claim.verdict)
    verdict = f"{MARK[claim.verdict]} {claim.verdict}"
    write(
        figure, sheet_width() - _VERDICT + 10, top + middle + 3, verdict, color=tone, fontweight="bold", fontsize=SMALL
    )


def _draw_interval(figure: Figure, axes: Axes, claim: ClaimResult, across: Scale, y: float) -> None:
    tone = colour(claim.verdict)
    low = -math.inf if claim.low is None else claim.low
    high = math.inf if claim.high is None else claim.high
    if low <= across.high and high >= across.low:
        dashes = (0, (2, 1.5)) if math.isinf(low) or math.isinf(high) else "solid"
        axes.hlines(
            [y], max(low, across.low), min(high, across.high), color=tone, linewidth=1.8, linestyle=dashes, zorder=3
        )
    for limit, rim, sign in ((low, across.low, "<"), (high, across.high, ">")):
        beyond = limit < across.low if sign == "<" else limit > across.high
        if beyond:
            axes.plot([rim], [y], sign, color=tone, markersize=6, clip_on=False, zorder=4)
        elif across.low <= limit <= across.high:
            axes.vlines([limit], y - 3, y + 3, color=tone, linewidth=1.8, zorder=3)
    if across.low <= claim.estimate <= across.high:
        face = colour("paper") if claim.verdict == "inconclusive" else tone
        axes.plot(
            [claim.estimate], [y], "o", color=tone, markerfacecolor=face, markersize=6.5, markeredgewidth=1.5, zorder=5
        )
        return
    right = claim.estimate > across.high
    axes.plot(
        [across.high if right else across.low], [y], ">" if right else "<", color=tone, markersize=6, clip_on=False
    )
    if low > across.high or high < across.low:
        _write_rim(figure, axes, (y, _marks(claim, across)), estimate(claim), right=right, color=tone)


def _write_beyond(figure: Figure, axes: Axes, claim: ClaimResult, across: Scale, at: tuple[float, float]) -> None:
    """Say at the rim that a smallest size of interest lies beyond the view, unless the interval is there."""
    mark, y = at
    right = mark > across.high
    text = f"size {short(mark)} ›" if right else f"‹ size {short(mark)}"
    taken = (text_width(text) + 18) / (sheet_width() - _VERDICT - _SIDE) * (across.high - across.low)
    low, high = (across.high - taken, math.inf) if right else (-math.inf, across.low + taken)
    reaches = (claim.low is None or claim.low <= high) and (claim.high is None or claim.high >= low)
    if not reaches:
        _write_rim(figure, axes, (y, _marks(claim, across)), text, right=right, color=colour("muted"))


def _marks(claim: ClaimResult, across: Scale) -> list[float]:
    """Where on the sheet the sizes of interest of a claim are drawn, in points from the left."""
    marks = edges(claim)
    width = sheet_width() - _VERDICT - _SIDE
    return [_SIDE + width * across.share(mark) for mark in marks if across.low <= mark <= across.high]


def _write_rim(
    figure: Figure, axes: Axes, at: tuple[float, Sequence[float]], text: str, *, right: bool, color: str
) -> None:
    """Text at the rim of a row, moved inwards until it is clear of the lines there."""
    (y, lines), wide = at, text_width(text)
    x = sheet_width() - _VERDICT - 9 if right else _SIDE + 9
    for line in sorted(lines, reverse=right):
        left = x - wide if right else x
        if left - 3 < line < left + wide + 3:
            x = line - 4 if right else line + 4
    top = 72 * figure.get_size_inches()[1] * (1 - axes.get_position().y1)
    write(figure, x, top + y + 3, text, ha="right" if right else "left", color=color)


def _view(rows: Sequence[Row]) -> Scale:
    """The range of a panel; what does not decide widens it only a little."""
    deciding = [row.claim for row in rows if row.decides] or [row.claim for row in rows]
    low, high = view(deciding, [row.claim for row in rows])
    pad = 0.07 * (high - low)
    found = linear(low - pad, high + pad, 6)
    # A mark at the very edge would have its label hang over the side.
    marks = [
        (tick, label)
        for tick, label in zip(found.ticks, found.labels, strict=True)
        if (sheet_width() - _VERDICT - _SIDE) * min(tick - found.low, found.high - tick) / (found.high - found.low)
        > text_width(label) / 2 - _SIDE
    ]
    return replace(found, ticks=[tick for tick, _ in marks], labels=[label for _, label in marks])


def _key_places(interval: str) -> list[tuple[float, float]]:
    """Where each part of the key stands, from the left and from the top: side by side as far as there is room."""
    fits = sheet_width() - 2
    note, size, effect = (text_width(text) for text in (_WHOLE, _SIZE, f"effect, {interval}"))
    noted = (_SIDE + 120, 9.0) if _SIDE + 120 + note <= fits else (_SIDE, 9.0 + LINE)
    y = noted[1] + 9
    beside = _SIDE + 30 + size
    drawn = (beside, y) if beside + 26 + effect <= fits else (_SIDE, y + LINE + 3)
    return [(_SIDE, 9.0), noted, (_SIDE, y), drawn]


def _write_key(figure: Figure, interval: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    across, down = (float(72 * inches) for inches in figure.get_size_inches())
    _, noted, (_, y), (start, middle) = _key_places(interval)
    for word, x in (("yes", _SIDE), ("no", _SIDE + 62)):
        corner = (x / across, 1 - 10 / down)
        face = colour(f"{word}-tint")
        figure.add_artist(Rectangle(corner, 12 / across, 9 / down, facecolor=face, edgecolor="none"))
        write(figure, x + 16, 9, f"here: {word}", color=colour("muted"))
    write(figure, *noted, _WHOLE, color=colour("muted"))
    ink = colour("ink")
    figure.add_artist(
        Line2D([(_SIDE + 6) / across] * 2, [1 - (y - 5) / down, 1 - (y + 6) / down], color=ink, linewidth=1.4)
    )
    write(figure, _SIDE + 16, y + 4, _SIZE, color=colour("muted"))
    xs = [start / across, (start + 10) / across, (start + 20) / across]
    line = Line2D(
        xs, [1 - middle / down] * 3, color=colour("muted"), marker="o", markevery=[1], markersize=5, linewidth=1.6
    )
    figure.add_artist(line)
    write(figure, start + 26, middle + 4, f"effect, {interval}", color=colour("muted"))
