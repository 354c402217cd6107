"""The axis of the verdict drawn as SVG: plain shapes and text, in a page's colours or in fixed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from whether.cover import axis
from whether.cover.axis import PAPER, SCREEN, Panel, Placed
from whether.cover.page import cut
from whether.cover.sheet import AxisRow
from whether.report import numbers
from whether.report.axis_view import BOUNDS

TYPE = 9.0
_LINE, _GAP, _MARKS, _KEY = 11.5, 5.0, 15.0, 13.0
_FACES = {True: "Libertinus Serif", False: "inherit"}
_WIDE = {True: 0.43, False: 0.52}  # of a letter, in ems


class _Drawing:
    """Shapes one below the other; `y` is how far down it has come."""

    def __init__(self, width: float, *, paper: bool) -> None:
        self.width, self.paper, self.y = width, paper, 0.0
        self.band = 20.0
        self.tone: Mapping[str, str] = PAPER if paper else SCREEN
        self.parts: list[str] = []

    def text(self, x: float, y: float, said: str, tone: str, *, anchor: str = "start", bold: bool = False) -> None:
        weight = ' font-weight="bold"' if bold else ""
        look = f'fill="{self.tone[tone]}" text-anchor="{anchor}"{weight}'
        self.parts.append(f'<text x="{x:.2f}" y="{y:.2f}" {look}>{escape(said)}</text>')

    def box(self, x: float, y: float, width: float, height: float, tone: str) -> None:
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{self.tone[tone]}"/>'
        )

    def line(
        self, x: float, y: float, to: tuple[float, float], tone: str, *, width: float = 1.2, dash: str = ""
    ) -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x:.2f}" y1="{y:.2f}" x2="{to[0]:.2f}" y2="{to[1]:.2f}" stroke="{self.tone[tone]}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def dot(self, x: float, y: float, tone: str, *, hollow: bool = False) -> None:
        face = self.tone["paper" if hollow else tone]
        self.parts.append(
            f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3.6" fill="{face}" stroke="{self.tone[tone]}" stroke-width="1.5"/>'
        )

    def arrow(self, x: float, y: float, way: int, tone: str) -> None:
        self.parts.append(f'<path d="M{x:.2f} {y:.2f}l{-7 * way} -4.5v9z" fill="{self.tone[tone]}"/>')  # its tip at x

    def wide(self, said: str) -> float:
        return _WIDE[self.paper] * TYPE * len(said)


def svg(rows: Sequence[AxisRow], *, name: str = "axis", paper: bool = False, width: float = 520.0) -> str:
    """The axis as one SVG element; empty where there are no claims.

    Args:
        rows: the claims; the first `axis.MOST` are drawn.
        name: begins the identifiers in it, unique in a page.
        paper: fixed colours and the typeface of our PDF pages, instead of a page's variables and type.
        width: in points; type has 9.
    """
    panels = axis.panels(rows)
    if not panels:
        return ""
    sheet = _Drawing(width, paper=paper)
    sheet.band = 20.0 if len(rows) == 1 else 14.0
    for place, panel in enumerate(panels):
        sheet.y += _GAP if place else 0
        _draw_panel(sheet, panel)
    _draw_key(sheet, rows)
    if len(rows) > axis.MOST:
        sheet.text(0, sheet.y + TYPE, f"and {len(rows) - axis.MOST} more in cover.json", "muted")
        sheet.y += _LINE
    face = f' font-family="{_FACES[True]}"' if paper else ""
    size = f' width="{width:g}" height="{sheet.y:.2f}"' if paper else ""
    words = "" if paper else _words(name, rows)
    role = "" if paper else f' role="img" aria-labelledby="{name}-title {name}-text"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {sheet.y:.2f}"{size}{role} '
        f'font-size="{TYPE:g}"{face}>{words}{"".join(sheet.parts)}</svg>'
    )


def _words(name: str, rows: Sequence[AxisRow]) -> str:
    return (
        f'<title id="{name}-title">Effect, interval and smallest size of interest</title>'
        f'<desc id="{name}-text">{escape(axis.spoken(rows))}</desc>'
    )


def _draw_panel(sheet: _Drawing, panel: Panel) -> None:
    previous = ""
    for placed in panel.rows:
        _draw_claim(sheet, placed)
        layout = f"{placed.row.kind} {placed.row.size}"
        if layout != previous:
            _draw_words(sheet, placed)
        previous = layout
        _draw_row(sheet, placed)
        sheet.y += sheet.band + _GAP
    sheet.y -= _GAP
    _draw_marks(sheet, panel)


def _draw_claim(sheet: _Drawing, placed: Placed) -> None:
    """A claim in words, its numbers and its verdict, on one line or two."""
    row, letter = placed.row, _WIDE[sheet.paper] * TYPE
    room = sheet.width - sheet.wide(row.verdict) - 14
    said, came = numbers.clean(row.said), axis.found(row)
    sheet.text(sheet.width, sheet.y + TYPE, row.verdict, row.verdict, anchor="end", bold=True)
    sheet.text(0, sheet.y + TYPE, cut(said, int(room / letter)), "ink")
    if sheet.wide(said) + sheet.wide(came) + 12 <= room:
        sheet.text(room, sheet.y + TYPE, came, "muted", anchor="end")
    else:
        sheet.y += _LINE
        sheet.text(0, sheet.y + TYPE, cut(came, int(sheet.width / letter)), "muted")
    sheet.y += _LINE + 2


def _draw_words(sheet: _Drawing, placed: Placed) -> None:
    """What an interval means that lies wholly there, over each region."""
    for low, high, word in placed.bands:
        room = (high - low) * sheet.width
        long = (f"all of the interval here: {word}", f"here: {word}", word)
        said = next((one for one in long if sheet.wide(one) < room - 4), "")
        sheet.text((low + high) / 2 * sheet.width, sheet.y + TYPE, said, word, anchor="middle")
    sheet.y += _LINE + 1


def _draw_row(sheet: _Drawing, placed: Placed) -> None:
    top, wide, verdict = sheet.y, sheet.width, placed.row.verdict
    middle = top + sheet.band / 2
    for low, high, word in placed.bands:
        sheet.box(low * wide, top, (high - low) * wide, sheet.band, f"{word}-tint")
    if placed.zero is not None:
        sheet.line(placed.zero * wide, top, (placed.zero * wide, top + sheet.band), "muted", width=0.8, dash="2 2")
    for place in placed.edges:
        sheet.line(place * wide, top - 2, (place * wide, top + sheet.band + 2), "ink", width=1.6)
    if placed.low is not None and placed.high is not None:
        low, high = placed.low * wide, placed.high * wide
        dash = "4 2.5" if None in (placed.row.low, placed.row.high) else ""
        sheet.line(low, middle, (high, middle), verdict, width=2.2, dash=dash)
        for x, beyond, way in ((low, placed.beyond[0], -1), (high, placed.beyond[1], 1)):
            if beyond:
                sheet.arrow(x, middle, way, verdict)
            else:
                sheet.line(x, middle - 4, (x, middle + 4), verdict, width=2.2)
    if placed.dot is not None:
        sheet.dot(placed.dot * wide, middle, verdict, hollow=verdict == "inconclusive")


def _draw_marks(sheet: _Drawing, panel: Panel) -> None:
    """Round numbers below the rows, and the unit at the right."""
    wide = sheet.width
    unit = cut(numbers.unit_name(panel.unit), 24)
    room = wide - sheet.wide(unit) - 8
    for share, label in panel.marks:
        sheet.line(share * wide, sheet.y, (share * wide, sheet.y + 3), "muted", width=0.7)
        half = sheet.wide(label) / 2
        if half <= share * wide <= room - half:
            sheet.text(share * wide, sheet.y + 4 + TYPE, label, "muted", anchor="middle")
    sheet.text(wide, sheet.y + 4 + TYPE, unit, "muted", anchor="end")
    sheet.y += _MARKS


def _draw_key(sheet: _Drawing, rows: Sequence[AxisRow]) -> None:
    """What the signs mean."""
    y = sheet.y + 5 + TYPE
    sheet.line(0, y - 3, (22, y - 3), "muted", width=2.2)
    sheet.dot(11, y - 3, "muted")
    sheet.text(28, y, "effect with its interval", "ink")
    name = "bound" if all(row.kind in BOUNDS for row in rows) else "smallest size of interest"
    x = sheet.width - sheet.wide(name) - 10
    sheet.line(x, y - 8, (x, y + 2), "ink", width=1.6)
    sheet.text(x + 6, y, name, "ink")
    sheet.y += _KEY + 3
