"""Effects, or means, of two answers on one axis as SVG: for each claim or arm a band for A and one for B."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from whether.answer import ClaimResult
from whether.report.axis_view import edges, view
from whether.report.numbers import clean, unit_name
from whether.report.wording import MARK, effect, interval, regions
from whether.web.axis import labels, ticks
from whether.web.compare import Arms, Claims
from whether.web.graph_svg import fitted

_WIDE = 680.0
_LEFT, _RIGHT = 34.0, 120.0
_NAME, _BAND, _BETWEEN, _AFTER, _FOOT = 20.0, 19.0, 4.0, 14.0, 40.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One interval on the axis.

    Attributes:
        side: "A" or "B".
        tone: a verdict, or "arm".
        told: what stands beside it.
        regions: what is shaded: from, to, "yes" or "no"; `edges` where yes and no part.
    """

    side: str
    estimate: float
    low: float | None
    high: float | None
    tone: str
    told: str
    regions: Sequence[tuple[float, float, str]] = ()
    edges: Sequence[float] = ()


@dataclass(frozen=True)
class Group:
    """Bars that belong together, and what they are called."""

    name: str
    bars: tuple[Bar, ...]


def of_claims(claims: Sequence[Claims]) -> tuple[list[Group], tuple[float, float]]:
    """The effects of claims that share an axis, and how far it reaches."""
    every = [claim for item in claims for claim in (item.a, item.b) if claim is not None]
    deciding = [claim for item in claims if item.role == "decides" for claim in (item.a, item.b) if claim is not None]
    groups = [
        Group(
            item.said if item.role == "decides" else f"{item.role}: {item.said}",
            tuple(
                Bar(
                    side=side,
                    estimate=claim.estimate,
                    low=claim.low,
                    high=claim.high,
                    tone=claim.verdict,
                    told=f"{MARK[claim.verdict]} {claim.verdict}",
                    regions=regions(claim),
                    edges=edges(claim),
                )
                for side, claim in (("A", item.a), ("B", item.b))
                if claim is not None
            ),
        )
        for item in claims
    ]
    low, high = view(deciding or every, every if deciding else ())
    return groups, _roomy(low, high)


def of_arms(arms: Sequence[Arms]) -> tuple[list[Group], tuple[float, float]]:
    """The means of arms that share an axis, and how far it reaches."""
    groups = [
        Group(
            item.name,
            tuple(
                Bar(side=side, estimate=arm.mean, low=arm.low, high=arm.high, tone="arm", told=f"n = {arm.n}")
                for side, arm in (("A", item.a), ("B", item.b))
            ),
        )
        for item in arms
    ]
    seen = [value for group in groups for bar in group.bars for value in (bar.estimate, bar.low, bar.high)]
    known = [value for value in seen if value is not None and math.isfinite(value)] or [0.0, 1.0]
    return groups, _roomy(min(known), max(known))


def told(claims: Sequence[Claims]) -> str:
    """The effects in sentences, for those who cannot see them."""
    return " ".join(
        f"{item.said}: {'; '.join(_told(side, claim) for side, claim in (('A', item.a), ('B', item.b)) if claim)}."
        for item in claims
    )


def _told(side: str, claim: ClaimResult) -> str:
    return f"{side} {claim.verdict}, {effect(claim)}, interval {interval(claim)}"


def _roomy(low: float, high: float) -> tuple[float, float]:
    room = 0.07 * (high - low) or max(0.07 * abs(high), 0.5)
    return low - room, high + room


def bars_svg(
    groups: Sequence[Group], across: tuple[float, float], *, unit: str, title: str, text: str, name: str
) -> str:
    """Groups of bars on one axis, as one <svg> element coloured by the page's style.

    Args:
        groups: from `of_claims` or `of_arms`.
        across: how far the axis reaches.
        unit: of the axis.
        title, text: a short name, and what is seen, for those who cannot see it.
        name: begins every identifier; unique in the page.
    """
    parts, y = [], 6.0
    for group in groups:
        parts.append(f'<text class="name" x="0" y="{y + 12:g}">{_safe(fitted(group.name, _WIDE, 13))}</text>')
        y += _NAME
        for bar in group.bars:
            parts += _bar(bar, across, y)
            y += _BAND + _BETWEEN
        y += _AFTER
    parts += _foot(across, y, unit)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="effects" viewBox="0 0 {_WIDE:g} {y + _FOOT:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-text"><title id="{name}-title">{_safe(title)}</title>'
        f'<desc id="{name}-text">{_safe(text)}</desc>'
    )
    return "".join([opening, *parts, "</svg>"])


def _place(value: float, across: tuple[float, float]) -> float:
    share = (min(max(value, across[0]), across[1]) - across[0]) / (across[1] - across[0])
    return _LEFT + share * (_WIDE - _LEFT - _RIGHT)


def _bar(bar: Bar, across: tuple[float, float], y: float) -> Iterator[str]:
    middle = y + _BAND / 2
    yield f'<text class="side" x="8" y="{middle + 4:g}">{bar.side}</text>'
    if not bar.regions:
        yield f'<rect class="plain" x="{_LEFT:g}" y="{y:g}" width="{_WIDE - _LEFT - _RIGHT:g}" height="{_BAND:g}"/>'
    for low, high, word in bar.regions:
        left, right = _place(low, across), _place(high, across)
        if right > left:
            yield f'<rect class="{word}-tint" x="{left:.1f}" y="{y:g}" width="{right - left:.1f}" height="{_BAND:g}"/>'
    for edge in bar.edges:
        if across[0] <= edge <= across[1]:
            yield f'<path class="edge" d="M{_place(edge, across):.1f} {y - 1:g}v{_BAND + 2:g}"/>'
    yield from _interval(bar, across, middle)
    yield f'<text class="told {bar.tone}" x="{_WIDE - _RIGHT + 12:g}" y="{middle + 4:g}">{_safe(bar.told)}</text>'


def _interval(bar: Bar, across: tuple[float, float], middle: float) -> Iterator[str]:
    low = -math.inf if bar.low is None else bar.low
    high = math.inf if bar.high is None else bar.high
    unbounded = " unbounded" if bar.low is None or bar.high is None else ""
    if (bar.low is not None or bar.high is not None) and low <= across[1] and high >= across[0]:
        way = f"M{_place(low, across):.1f} {middle:g}H{_place(high, across):.1f}"
        yield f'<path class="interval {bar.tone}{unbounded}" d="{way}"/>'
        for limit in (low, high):
            if across[0] <= limit <= across[1]:
                yield f'<path class="interval {bar.tone}" d="M{_place(limit, across):.1f} {middle - 4:g}v8"/>'
    x = _place(bar.estimate, across)
    if across[0] <= bar.estimate <= across[1]:
        yield f'<circle class="estimate {bar.tone}" cx="{x:.1f}" cy="{middle:g}" r="4.2"/>'
    else:
        way = 1 if bar.estimate > across[1] else -1
        yield f'<path class="beyond {bar.tone}" d="M{x:.1f} {middle:g}l{-9 * way} -5v10z"/>'


def _foot(across: tuple[float, float], y: float, unit: str) -> Iterator[str]:
    right = _WIDE - _RIGHT
    yield f'<path class="axis" d="M{_LEFT:g} {y:g}H{right:g}"/>'
    marks = ticks(*across, most=7)
    for mark, label in zip(marks, labels(marks), strict=True):
        x = _place(mark, across)
        yield f'<path class="axis" d="M{x:.1f} {y:g}v4"/>'
        yield f'<text x="{x:.1f}" y="{y + 17:g}" text-anchor="middle">{label}</text>'
    if across[0] < 0 < across[1]:
        yield f'<path class="zero" d="M{_place(0.0, across):.1f} 2V{y:g}"/>'
    if unit:
        middle = (_LEFT + right) / 2
        yield f'<text class="unit" x="{middle:g}" y="{y + 34:g}" text-anchor="middle">{_safe(unit_name(unit))}</text>'


def _safe(text: str) -> str:
    return escape(clean(text))
