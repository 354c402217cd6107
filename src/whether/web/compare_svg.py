"""Effects, or means, of two answers on one axis as SVG: for each claim or arm a band for A and one for B."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whether.answer import ClaimResult
from whether.report.axis_view import edges, view
from whether.report.chart import tick_labels
from whether.report.extent import cut
from whether.report.numbers import unit_name
from whether.report.wording import MARK, effect, interval, regions
from whether.web.compare import Arms, Claims
from whether.web.svg import fitted, roomy, safe, ticks

WIDE, NARROW = 680.0, 330.0
"""Pixels across a drawing, on a page and on a phone."""
_FOOT = 40.0


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


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Lengths: what stands left and right of the bands, a name above them, a band, between two, and after the last."""

    left: float = 34.0
    right: float = 120.0
    name: float = 20.0
    band: float = 19.0
    between: float = 4.0
    after: float = 14.0


_ABOVE, _ASIDE = _Look(), _Look(left=190.0, name=0.0, band=13.0, between=2.0, after=8.0)
_CLOSE = _Look(left=28.0, right=104.0)


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
    return groups, roomy(low, high, 0.07)


def of_arms(arms: Sequence[Arms]) -> tuple[list[Group], tuple[float, float]]:
    """The means of arms that share an axis, and how far it reaches."""
    groups = [
        Group(
            item.name,
            tuple(
                Bar(side=side, estimate=arm.mean, low=low, high=high, tone="arm", told=f"n = {arm.n}")
                for side, arm in (("A", item.a), ("B", item.b))
                for low, high in [cut(arm)]
            ),
        )
        for item in arms
    ]
    seen = [value for group in groups for bar in group.bars for value in (bar.estimate, bar.low, bar.high)]
    known = [value for value in seen if value is not None and math.isfinite(value)] or [0.0, 1.0]
    return groups, roomy(min(known), max(known), 0.07)


def told(claims: Sequence[Claims]) -> str:
    """The effects in sentences, for those who cannot see them."""
    return " ".join(
        f"{item.said}: {'; '.join(_told(side, claim) for side, claim in (('A', item.a), ('B', item.b)) if claim)}."
        for item in claims
    )


def _told(side: str, claim: ClaimResult) -> str:
    return f"{side} {claim.verdict}, {effect(claim)}, interval {interval(claim)}"


def bars_svg(
    groups: Sequence[Group],
    across: tuple[float, float],
    *,
    unit: str,
    title: str,
    text: str,
    name: str,
    aside: bool = False,
    wide: float = WIDE,
) -> str:
    """Groups of bars on one axis, as one <svg> element coloured by the page's style.

    Args:
        groups: from `of_claims` or `of_arms`.
        across: how far the axis reaches.
        unit: of the axis.
        title, text: a short name, and what is seen, for those who cannot see it.
        name: begins every identifier; unique in the page.
        aside: write the groups' names beside their bars, which suits short ones.
        wide: pixels across.
    """
    look = _ASIDE if aside else _ABOVE if wide == WIDE else _CLOSE
    axis = _Axis(*across, look.left, wide - look.right)
    parts, y = [], 6.0
    for group in groups:
        room = look.left - 40 if aside else wide
        low = y + (look.band + look.between / 2 + 4 if aside and len(group.bars) > 1 else 12)
        parts.append(f'<text class="name" x="0" y="{low:g}">{safe(fitted(group.name, room, 13))}</text>')
        y += look.name
        for bar in group.bars:
            parts += _bar(bar, axis, y, look.band)
            y += look.band + look.between
        y += look.after
    parts += _foot(axis, y, unit)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="effects" viewBox="0 0 {wide:g} {y + _FOOT:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-text"><title id="{name}-title">{safe(title)}</title>'
        f'<desc id="{name}-text">{safe(text)}</desc>'
    )
    return "".join([opening, *parts, "</svg>"])


@dataclass(frozen=True)
class _Axis:
    """From which value to which it reaches, and from where to where it is drawn."""

    low: float
    high: float
    left: float
    right: float

    def place(self, value: float) -> float:
        """Where a value is drawn; one beyond the axis at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def shows(self, value: float) -> bool:
        """Whether a value lies on it."""
        return self.low <= value <= self.high


def _bar(bar: Bar, axis: _Axis, y: float, high: float) -> Iterator[str]:
    middle = y + high / 2
    yield f'<text class="side" x="{axis.left - 26:g}" y="{middle + 4:g}">{bar.side}</text>'
    if not bar.regions:
        wide = axis.right - axis.left
        yield f'<rect class="plain" x="{axis.left:g}" y="{y:g}" width="{wide:g}" height="{high:g}"/>'
    for low, upto, word in bar.regions:
        left, right = axis.place(low), axis.place(upto)
        if right > left:
            yield f'<rect class="{word}-tint" x="{left:.1f}" y="{y:g}" width="{right - left:.1f}" height="{high:g}"/>'
    if axis.low < 0 < axis.high:
        yield f'<path class="zero" d="M{axis.place(0.0):.1f} {y:g}v{high:g}"/>'
    for edge in filter(axis.shows, bar.edges):
        yield f'<path class="edge" d="M{axis.place(edge):.1f} {y - 1:g}v{high + 2:g}"/>'
    yield from _interval(bar, axis, middle)
    yield f'<text class="told {bar.tone}" x="{axis.right + 12:g}" y="{middle + 4:g}">{safe(bar.told)}</text>'


def _interval(bar: Bar, axis: _Axis, middle: float) -> Iterator[str]:
    low = -math.inf if bar.low is None else bar.low
    high = math.inf if bar.high is None else bar.high
    unbounded = " unbounded" if bar.low is None or bar.high is None else ""
    if (bar.low is not None or bar.high is not None) and low <= axis.high and high >= axis.low:
        way = f"M{axis.place(low):.1f} {middle:g}H{axis.place(high):.1f}"
        yield f'<path class="interval {bar.tone}{unbounded}" d="{way}"/>'
        for limit in filter(axis.shows, (low, high)):
            yield f'<path class="interval {bar.tone}" d="M{axis.place(limit):.1f} {middle - 4:g}v8"/>'
    x = axis.place(bar.estimate)
    if axis.shows(bar.estimate):
        yield f'<circle class="estimate {bar.tone}" cx="{x:.1f}" cy="{middle:g}" r="4.2"/>'
    else:
        way_out = 1 if bar.estimate > axis.high else -1
        yield f'<path class="beyond {bar.tone}" d="M{x:.1f} {middle:g}l{-9 * way_out} -5v10z"/>'


def _foot(axis: _Axis, y: float, unit: str) -> Iterator[str]:
    yield f'<path class="axis" d="M{axis.left:g} {y:g}H{axis.right:g}"/>'
    marks = ticks(axis.low, axis.high, most=max(3, int((axis.right - axis.left) / 60)))
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        x = axis.place(mark)
        yield f'<path class="axis" d="M{x:.1f} {y:g}v4"/>'
        yield f'<text x="{x:.1f}" y="{y + 17:g}" text-anchor="middle">{label}</text>'
    if unit:
        middle = (axis.left + axis.right) / 2
        yield f'<text class="unit" x="{middle:g}" y="{y + 34:g}" text-anchor="middle">{safe(unit_name(unit))}</text>'
