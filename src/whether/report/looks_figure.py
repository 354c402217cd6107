"""What was seen at each look: every claim's interval as it narrows, and where it was decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whether.report.axis_view import BOUNDS, edge
from whether.report.chart import LINE, Scale, linear
from whether.report.numbers import confidence, unit_name
from whether.report.style import colour, panel, sheet, sheet_width, styled, text_size, text_width, wrap, write
from whether.report.wording import MARK, regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer, ClaimResult

_HEIGHT, _FOOT, _GAP, _RIGHT, _MOST = 92.0, 18.0, 12.0, 74.0, 4


def looks(answer: Answer) -> Figure:
    """A panel for each primary claim, four at most: replicates along, the effect with its interval up.

    Shaded as everywhere: where the whole interval must lie for a yes and for a no. A full dot is the look that decided
    the claim; it is not read again after that.
    """
    with styled():
        shown = range(min(len(answer.claims), _MOST))
        weight = "bold" if len(shown) > 1 else "normal"
        names = [wrap(answer.claims[place].said, sheet_width() - 4, lines=2, weight=weight) for place in shown]
        ups = [_up(answer, place) for place in shown]
        heads = [LINE * len(lines) + LINE + 8 for lines in names]
        figure = sheet(sum(heads) + len(ups) * (_HEIGHT + _FOOT) + _GAP + 3)
        left = max(up.margin for up in ups)
        across = _across([*(look.n for look in answer.looks if look.n < answer.planned), answer.planned])
        top = 0.0
        for place, lines, up, head in zip(shown, names, ups, heads, strict=True):
            for row, line in enumerate(lines):
                write(figure, 2, top + 9 + LINE * row, line, fontweight=weight)
            claim = answer.claims[place]
            unit = unit_name(claim.unit)
            title = f"{'mean' if claim.kind in BOUNDS else 'effect'} ({unit})".removesuffix(" ()")
            write(figure, 2, top + 9 + LINE * len(lines), title, color=colour("muted"))
            axes = panel(figure, left=left, top=top + head, width=sheet_width() - left - _RIGHT, height=_HEIGHT)
            up.apply_y(axes)
            across.apply_x(axes)
            _shade(axes, claim, up)
            _draw(axes, answer, place, up)
            _write_end(figure, answer, place, top + head + _HEIGHT * (1 - _last_share(answer, place, up)))
            top += head + _HEIGHT + _FOOT
        write(
            figure, left + (sheet_width() - left - _RIGHT) / 2, top + 9, "replicates", ha="center", fontsize=text_size()
        )
        return figure


def _across(ns: Sequence[int]) -> Scale:
    """An axis to the last replicate that was planned, with a mark at every look that was taken."""
    far = 0.09 * (ns[-1] - ns[0]) or 1.0
    low, high = ns[0] - far, ns[-1] + far
    kept: list[int] = []
    for n in reversed(ns):
        if not kept or (kept[-1] - n) / (high - low) * (sheet_width() - 120) > text_width(str(n)) + 4:
            kept.append(n)
    ticks = [float(n) for n in reversed(kept)]
    return Scale(low, high, ticks, [f"{tick:.0f}" for tick in ticks])


def _up(answer: Answer, place: int) -> Scale:
    """A view of the effects and edges; of an interval what lies far out is left to an arrow."""
    claim = answer.claims[place]
    edges = [-claim.size, claim.size] if claim.kind == "same" else [edge(claim)]
    core = [*edges, *_known(answer, place)] + ([] if claim.kind in BOUNDS else [0.0])
    low, high = min(core), max(core)
    span = high - low or abs(high) or 1.0
    limits = [limit for look in answer.looks for limit in (look.lows[place], look.highs[place]) if limit is not None]
    low, high = max(min([*limits, low]), low - 0.8 * span), min(max([*limits, high]), high + 0.8 * span)
    pad = 0.06 * (high - low)
    return linear(low - pad, high + pad, 4)


def _known(answer: Answer, place: int) -> list[float]:
    return [effect for look in answer.looks if (effect := look.estimates[place]) is not None]


def _shade(axes: Axes, claim: ClaimResult, up: Scale) -> None:
    for low, high, word in regions(claim):
        low, high = max(low, up.low), min(high, up.high)
        if low < high:
            axes.axhspan(low, high, color=colour(f"{word}-tint"), linewidth=0, zorder=0)
    for at in (-claim.size, claim.size) if claim.kind == "same" else (edge(claim),):
        axes.axhline(at, color=colour("ink"), linewidth=1.1, zorder=1)
    if claim.kind not in BOUNDS:
        axes.axhline(0, color=colour("paper"), linewidth=1.0, zorder=1)


def _draw(axes: Axes, answer: Answer, place: int, up: Scale) -> None:
    before = "inconclusive"
    for look in answer.looks:
        effect = look.estimates[place]
        if effect is None:
            continue
        word = look.verdicts[place]
        decided = word != "inconclusive" and before == "inconclusive"
        before, tone = word, colour(word)
        low = -math.inf if look.lows[place] is None else look.lows[place] or 0.0
        high = math.inf if look.highs[place] is None else look.highs[place] or 0.0
        axes.vlines([look.n], max(low, up.low), min(high, up.high), color=tone, linewidth=1.8, zorder=3)
        for limit, rim, sign in ((low, up.low, "v"), (high, up.high, "^")):
            if not up.low <= limit <= up.high:
                axes.plot([look.n], [rim], sign, color=tone, markersize=5, clip_on=False, zorder=4)
        face = tone if decided else colour("paper")
        inside = min(max(effect, up.low), up.high)
        axes.plot(
            [look.n], [inside], "o", color=tone, markerfacecolor=face, markersize=6.5, markeredgewidth=1.5, zorder=5
        )


def _last_share(answer: Answer, place: int, up: Scale) -> float:
    known = _known(answer, place)
    at = known[-1] if known else (up.low + up.high) / 2
    return min(max(up.share(min(max(at, up.low), up.high)), 0.18), 0.86)


def _write_end(figure: Figure, answer: Answer, place: int, y: float) -> None:
    """The claim's verdict beside its last interval, and with how many replicates it was reached."""
    claim = answer.claims[place]
    at = next((look.n for look in answer.looks if look.verdicts[place] != "inconclusive"), None)
    x = sheet_width() - _RIGHT + 6
    word = "open" if claim.verdict == "inconclusive" else claim.verdict
    write(figure, x, y, f"{MARK[claim.verdict]} {word}", color=colour(claim.verdict), fontweight="bold")
    write(figure, x, y + LINE, f"at n = {at}" if at is not None else f"n = {answer.looks[-1].n}", color=colour("muted"))


def spoken(answer: Answer) -> str:
    """The figure in words."""
    told = []
    for place, claim in enumerate(answer.claims[:_MOST]):
        seen = [f"{look.verdicts[place]} with {look.n} replicates at {confidence(look.level)}" for look in answer.looks]
        told.append(f"{claim.said}: {', '.join(seen)}.")
    return " ".join(told)
