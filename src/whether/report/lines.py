"""Figures with lines: arms against their axis, learning curves, a ladder of claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whether.report.axis_view import BOUNDS, edge
from whether.report.chart import (
    LINE,
    Scale,
    Series,
    beside,
    draw,
    from_zero,
    key_rows,
    label_width,
    linear,
    logarithmic,
    mark,
    view,
    write_beside,
    write_key,
)
from whether.report.extent import common, cut, of_claims
from whether.report.numbers import amount, unit_name
from whether.report.published import points
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
from whether.report.together import Group, along_axis, is_share
from whether.report.wording import ladder_xs, metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer, ClaimResult, LadderResult

_HEIGHT, _HEAD, _FOOT, _GAP = 150.0, 16.0, 17.0, 12.0
_REFERENCE_DASHES: tuple[Any, ...] = ((0, (4, 2)), (0, (1.2, 1.6)), (0, (6, 1.6, 1.2, 1.6)))
_MOST_CURVES, _MOST_ASKED = 6, 3


def against_axis(answer: Answer) -> Figure:
    """Every family of arms against its axis, with intervals; arms without an x are levels, with a band.

    A panel for each measure. Weights left run from dense on the left to sparse on the right, on a logarithmic scale
    where they span more than five times; other axes are logarithmic from twenty times on. Dotted lines mark where the
    primary claims are asked, an ink line is a bound that they name. Published figures are hollow marks.
    """
    with styled():
        drawn = [_panel(answer, group) for group in along_axis(answer)]
        xs = [x for one in drawn for series in one.series if not series.level for x in series.xs]
        xs += [x for one in drawn for places in one.published.values() for x, _ in places]
        return _stack(drawn, axis_scale(answer.axis, xs), answer.axis or "x", asked_at(answer))


def learning_curves(answer: Answer) -> Figure:
    """How arms learned: the mean over replicates at each recorded step, with its interval; a gap where none is known.

    At most six arms: those of the primary claims first.
    """
    with styled():
        shown = curves_shown(answer)
        series = [_curve(name, answer.curves[name], _unmarked(index)) for index, name in enumerate(shown)]
        low, high, _ = curves_range(answer)
        across = linear(0, max(x for one in series for x in one.xs))
        return _bands(series, across, "accuracy on the validation split (%)", (low, high))


def ladder(answer: Answer, which: LadderResult) -> Figure:
    """The effects of a ladder of claims along the axis, with the regions where an interval means yes and no."""
    with styled():
        xs = ladder_xs(which, answer) or [float(place + 1) for place in range(len(which.claims))]
        claims, size = which.claims, edge(which.claims[0])
        across = axis_scale(answer.axis, xs)
        one = Series(
            name="effect",
            xs=xs,
            means=[claim.estimate for claim in claims],
            lows=[claim.low for claim in claims],
            highs=[claim.high for claim in claims],
        )
        bound, unit = claims[0].kind in BOUNDS, unit_name(claims[0].unit)
        whole = (size, size) if bound else (min(0.0, size), max(0.0, size))
        up = view([one, _level("", size, size, size, {})], whole=whole, within=of_claims(claims, answer))
        height, title = 130.0, f"{'mean' if bound else 'effect'} ({unit})".removesuffix(" ()")
        figure = sheet(_HEAD + height + _FOOT + _GAP + 4)
        axes = panel(figure, left=up.margin, top=_HEAD, width=sheet_width() - up.margin - 26, height=height)
        up.apply_y(axes)
        (across.spaced(sheet_width() - up.margin - 26) if across.log else across).apply_x(axes)
        _shade(axes, claims[0], up)
        _rungs(axes, which, one, up)
        write(figure, 2, 9, title)
        for word, place in (("yes", (up.high + size) / 2), ("no", (up.low + size) / 2)):
            flipped = {"yes": "no", "no": "yes"}[word] if claims[0].kind == "below" else word
            y = _HEAD + height * (1 - up.share(place)) + 3
            write(figure, sheet_width() - 22, y, flipped, color=colour(flipped), fontweight="bold")
        _write_axis_name(figure, answer.axis, up.margin, sheet_width() - 26)
        return figure


def has_ladder_figure(which: LadderResult, answer: Answer) -> bool:
    """Whether a ladder can be drawn: three steps or more along the axis, of one kind, size and unit."""
    same = {(claim.kind, claim.size, claim.unit) for claim in which.claims}
    return (
        len(which.claims) >= 3 and len(same) == 1 and which.claims[0].kind != "same" and bool(ladder_xs(which, answer))
    )


def curves_shown(answer: Answer) -> list[str]:
    """The arms whose learning curves are drawn: those of the primary claims, then references, then of controls."""
    claims = [*answer.claims, *(control.claim for control in answer.controls)]
    named = [name for claim in claims for name in (claim.left, claim.right) if name]
    lone = [arm.arm for arm in answer.arms if arm.x is None]
    order = dict.fromkeys([*named[: 2 * len(answer.claims)], *lone, *named]) if named else answer.curves
    shown: list[str] = []
    for name in order:
        curve = answer.curves.get(name, {})
        # Two measures of one network have one curve: it is drawn once.
        if any(mean is not None for mean in curve.get("mean", ())) and all(
            answer.curves[one] != curve for one in shown
        ):
            shown.append(name)
    return shown[:_MOST_CURVES]


def axis_scale(name: str, xs: Sequence[float]) -> Scale:
    """The horizontal scale of a named axis: weights left run from dense to sparse."""
    low, high = min(xs), max(xs)
    remains = any(word in name.lower() for word in ("left", "density", "remain", "kept"))
    least = min((x for x in xs if x > 0), default=0.0)
    if low >= 0 and least and high / least > (5 if remains else 20):
        edge = (high / least) ** 0.05
        if low == 0:
            return from_zero(least, high * edge, reverse=remains)
        return logarithmic(low / edge, high * edge, reverse=remains)
    edge = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return linear(low - edge, high + edge, 6, reverse=remains)


def _panel(answer: Answer, group: Group) -> Panel:
    beside = points(answer, group)
    values = [value for places in beside.values() for _, value in places]
    whole = (0.0, 100.0) if all(map(is_share, group)) else None
    return Panel(metric(group), _families(answer, group), whole, common(group), beside, values)


def _families(answer: Answer, group: Group) -> list[Series]:
    families: dict[str, Group] = {}
    for arm in group:
        if arm.x is not None:
            families.setdefault(arm.family, []).append(arm)
    reverse = axis_scale(answer.axis, [arm.x for arm in group if arm.x is not None]).reverse
    series = []
    for index, (name, members) in enumerate(families.items()):
        # The line ends where the axis does, which is where its name is written.
        inward = sorted(members, key=lambda arm: arm.x or 0.0, reverse=reverse)
        limits = [cut(arm) for arm in inward]
        series.append(
            Series(
                name=name,
                xs=[arm.x for arm in inward if arm.x is not None],
                means=[arm.mean for arm in inward],
                lows=[low for low, _ in limits],
                highs=[high for _, high in limits],
                look=line_style(index),
            )
        )
    for index, arm in enumerate(arm for arm in group if arm.x is None):
        dashes = _REFERENCE_DASHES[index % len(_REFERENCE_DASHES)]
        series.append(_level(arm.arm, arm.mean, *cut(arm), {"color": colour("muted"), "linestyle": dashes}))
    bounds = {
        claim.size for claim in answer.claims if claim.kind in BOUNDS and claim.left in {arm.arm for arm in group}
    }
    if len(bounds) == 1:
        size = bounds.pop()
        name = f"bound, {amount(size, group[0].unit)}"
        series.append(_level(name, size, None, None, {"color": colour("ink"), "linestyle": "solid"}))
    return series


def _level(name: str, mean: float, low: float | None, high: float | None, look: Mapping[str, Any]) -> Series:
    return Series(name=name, xs=[0.0], means=[mean], lows=[low], highs=[high], level=True, look=dict(look))


def asked_at(answer: Answer) -> list[float]:
    """Where on the axis the primary claims are asked, if that is at a few places."""
    at = {arm.arm: arm.x for arm in answer.arms}
    found = [at.get(name) for claim in answer.claims for name in (claim.left, claim.right or "")]
    asked = list(dict.fromkeys(x for x in found if x is not None))
    return asked if len(asked) <= _MOST_ASKED else []


@dataclass(frozen=True)
class Panel:
    """One measure's part of a figure: its title, its lines, the range that it always shows and the one it can have.

    `published` are places and values by family, `values` all of these values.
    """

    title: str
    series: list[Series]
    whole: tuple[float, float] | None
    extent: tuple[float, float]
    published: Mapping[str, Sequence[tuple[float, float]]]
    values: Sequence[float]


def _stack(panels: Sequence[Panel], across: Scale, axis: str, asked: Sequence[float]) -> Figure:
    ups = [view(one.series, whole=one.whole, within=one.extent, also=one.values) for one in panels]
    names = [beside(one.series, up, _HEIGHT) for one, up in zip(panels, ups, strict=True)]
    left = max(up.margin for up in ups)
    written = [label for labels in names if labels for label in labels]
    right = label_width(written) if written else 8.0
    keys = [
        [] if labels else key_rows(one.series, sheet_width() - 4) for one, labels in zip(panels, names, strict=True)
    ]
    key_heights = [(LINE + 3) * len(rows) + 3 if rows else 0.0 for rows in keys]
    figure = sheet(sum(key_heights) + len(panels) * (_HEAD + _HEIGHT + _FOOT) + _GAP + 4)
    top = 0.0
    for one, up, labels, rows, taken in zip(panels, ups, names, keys, key_heights, strict=True):
        write(figure, 2, top + 9, one.title)
        if rows:
            write_key(figure, rows, x=2, top=top + _HEAD - 2)
        place = top + _HEAD + taken
        axes = panel(figure, left=left, top=place, width=sheet_width() - left - right, height=_HEIGHT)
        up.apply_y(axes)
        (across.spaced(sheet_width() - left - right) if across.log else across).apply_x(axes)
        for x in asked:
            axes.axvline(x, color=colour("muted"), linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        draw(axes, one.series, up)
        _draw_published(figure, axes, one, top)
        if labels:
            write_beside(figure, labels, x=sheet_width() - right, foot=place + _HEIGHT)
        top = place + _HEIGHT + _FOOT
    _write_axis_name(figure, axis, left, sheet_width() - right)
    return figure


def _draw_published(figure: Figure, axes: Axes, one: Panel, top: float) -> None:
    """Published figures as hollow marks of their family, with a key in the panel's head."""
    looks = {series.name: series.look for series in one.series}
    for family, places in one.published.items():
        look = looks[family]
        hollow = {"color": look["color"], "marker": look["marker"], "markerfacecolor": colour("paper")}
        axes.plot(*zip(*places, strict=True), linestyle="none", markersize=6, markeredgewidth=1.3, zorder=3, **hollow)
    if one.published:
        word = "published"
        x = sheet_width() - 4 - text_width(word)
        mark(figure, x - 8, top + 6, color=colour("muted"))
        write(figure, x, top + 9, word, color=colour("muted"))


def _write_axis_name(figure: Figure, name: str, left: float, right: float) -> None:
    text = wrap(name, sheet_width() - 8, lines=1, size=text_size())[0]
    half = text_width(text, text_size()) / 2
    middle = min(max((left + right) / 2, half + 2), sheet_width() - half - 2)
    write(figure, middle, 72 * figure.get_size_inches()[1] - 4, text, ha="center", fontsize=text_size())


def _curve(name: str, curve: Mapping[str, Sequence[float | None]], look: dict[str, Any] | None = None) -> Series:
    means = [math.nan if mean is None else mean for mean in curve["mean"]]
    xs = [math.nan if step is None else step for step in curve["step"]]
    return Series(name=name, xs=xs, means=means, lows=curve["low"], highs=curve["high"], look=look or {})


def _unmarked(index: int) -> dict[str, Any]:
    dashes = ("solid", (0, (5, 1.5)), (0, (1.5, 1.3)), (0, (6, 1.5, 1.5, 1.5)), "solid", (0, (5, 1.5)))
    return {"color": line_style(index)["color"], "linestyle": dashes[index % len(dashes)]}


def curves_range(answer: Answer) -> tuple[float, float, bool]:
    """From where to where learning curves are shown, and whether their beginning is cut off.

    Curves that start at chance would flatten what tells arms apart later on: where the last four fifths of training
    take less than half of the whole range, only they are shown.
    """
    series = [_curve(name, answer.curves[name]) for name in curves_shown(answer)]
    whole = [mean for one in series for mean in one.means if mean == mean]
    last = max(x for one in series for x in one.xs)
    late = [mean for one in series for x, mean in zip(one.xs, one.means, strict=True) if x >= last / 5 and mean == mean]
    cut = bool(late) and max(whole) - min(whole) > 2 * (max(late) - min(late)) > 0
    seen = late if cut else whole
    return min(seen), max(seen), cut


def _bands(series: Sequence[Series], across: Scale, title: str, extent: tuple[float, float]) -> Figure:
    pad = 0.08 * (extent[1] - extent[0]) or 0.02 * abs(extent[1]) or 1.0
    up = linear(extent[0] - pad, extent[1] + pad)
    rows = key_rows(series, sheet_width() - 4)
    top = _HEAD + (LINE + 3) * len(rows) + 3
    figure = sheet(top + _HEIGHT + _FOOT + _GAP + 4)
    axes = panel(figure, left=up.margin, top=top, width=sheet_width() - up.margin - 12, height=_HEIGHT)
    up.apply_y(axes)
    across.apply_x(axes)
    for one in series:
        low, high = ([math.nan if limit is None else limit for limit in limits] for limits in (one.lows, one.highs))
        axes.fill_between(one.xs, low, high, color=one.look["color"], alpha=0.15, linewidth=0)
        axes.plot(one.xs, one.means, **one.look)
    write(figure, 2, 9, title)
    write_key(figure, rows, x=2, top=_HEAD - 2)
    _write_axis_name(figure, "steps of training (iterations)", up.margin, sheet_width() - 12)
    return figure


def _shade(axes: Axes, claim: ClaimResult, up: Scale) -> None:
    above, below = ("no", "yes") if claim.kind == "below" else ("yes", "no")
    axes.axhspan(edge(claim), up.high, color=colour(f"{above}-tint"), linewidth=0, zorder=0)
    axes.axhspan(up.low, edge(claim), color=colour(f"{below}-tint"), linewidth=0, zorder=0)
    axes.axhline(edge(claim), color=colour("ink"), linewidth=1.1)


def _rungs(axes: Axes, which: LadderResult, one: Series, up: Scale) -> None:
    for place, claim in enumerate(which.claims):
        tone = colour(claim.verdict)
        read = place <= which.held  # claims behind the stop are shown but were never read
        low = up.low if claim.low is None else max(claim.low, up.low)
        high = up.high if claim.high is None else min(claim.high, up.high)
        axes.vlines([one.xs[place]], low, high, color=tone, linewidth=1.6, alpha=1.0 if read else 0.5)
        inside = min(max(claim.estimate, up.low), up.high)
        face = tone if read and claim.verdict != "inconclusive" else colour("paper")
        axes.plot([one.xs[place]], [inside], "o", color=tone, markerfacecolor=face, markersize=5.5, clip_on=False)
