"""How figures look: colours, width, type; how they become bytes that are the same for the same answer.

Sizes are in points (1/72 inch) throughout. Figures are drawn 10.5 cm wide with type of 8.5 and 9 points, so that at
10 cm none is smaller than 8. For another `Look` they are laid out on a sheet of another width with type of 8.5 as
before, and then all of it is made larger or smaller (`paper.resized`): so every distance follows the type. The family
colours are those of Okabe and Ito (2008), darkened until they can carry text.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import io
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whether.report.numbers import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 10.5 / 2.54 * 72
TEXT, SMALL = 9.0, 8.5
DPI = 200


@dataclass(frozen=True, kw_only=True)
class Look:
    """How wide figures are, and how large their type, in points.

    Attributes:
        width: of the sheet.
        small: the size of type, but for
        text: that of the names of axes.
    """

    width: float = WIDTH
    small: float = SMALL
    text: float = TEXT

    @property
    def scale(self) -> float:
        """How many times larger everything is than it is laid out."""
        return self.small / SMALL


PAGE = Look()
"""The look of figures in a report."""
_look: ContextVar[Look] = ContextVar("look", default=PAGE)

# Every colour is unlike every other, so that a page can replace each by a variable (see `inline`).
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#58616c",
    "faint": "#d8dde3",
    "yes": "#0a5fa4",
    "no": "#a8460b",
    "inconclusive": "#5a5f73",
    "yes-tint": "#dbe9f6",
    "no-tint": "#fbe5d6",
    "alarm": "#8f6a00",
    "alarm-tint": "#fff4cf",
    "line-1": "#0068a9",
    "line-2": "#b84a00",
    "line-3": "#007558",
    "line-4": "#9b3f7e",
    "line-5": "#846000",
    "line-6": "#4b4f58",
}
DARK = {
    "paper": "#171b21",
    "ink": "#e9edf2",
    "muted": "#a3adb9",
    "faint": "#39414c",
    "yes": "#7cbcf2",
    "no": "#f2a36b",
    "inconclusive": "#b3b8ca",
    "yes-tint": "#1d3549",
    "no-tint": "#45301f",
    "alarm": "#d9b23c",
    "alarm-tint": "#37300f",
    "line-1": "#5cb3ee",
    "line-2": "#f08a4b",
    "line-3": "#3cc29c",
    "line-4": "#dd8fc3",
    "line-5": "#d8b04a",
    "line-6": "#bcc2cc",
}
LINES = 6
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.6)), (0, (1.4, 1.4)), (0, (6, 1.6, 1.4, 1.6)))

_RC: Any = {
    "font.family": ["sans-serif"],
    # Only the first comes with matplotlib and is measured; the others are for readers who lack it.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial"],
    "font.size": TEXT,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "axes.labelsize": TEXT,
    "axes.labelcolor": LIGHT["ink"],
    "axes.edgecolor": LIGHT["muted"],
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": LIGHT["faint"],
    "grid.linewidth": 0.6,
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "xtick.major.width": 0.7,
    "lines.linewidth": 1.5,
    "figure.facecolor": LIGHT["paper"],
    "figure.edgecolor": LIGHT["paper"],
    "savefig.facecolor": LIGHT["paper"],
    "savefig.edgecolor": LIGHT["paper"],
    "svg.fonttype": "none",
    "svg.hashsalt": "whether",
    "path.simplify": True,
}


def colour(role: str) -> str:
    """The colour of a role, for light paper."""
    return LIGHT[role]


def line_style(index: int) -> dict[str, Any]:
    """Colour, marker and dashes of the index-th family; from the seventh on colours repeat with other dashes."""
    again = index // LINES
    return {
        "color": LIGHT[f"line-{index % LINES + 1}"],
        "marker": _MARKERS[(index + again) % len(_MARKERS)],
        "linestyle": _DASHES[again % len(_DASHES)],
    }


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Our settings of matplotlib, for as long as something is drawn or saved."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a user's matplotlibrc must not change an answer's bytes
        matplotlib.rcParams.update(_RC | {"axes.labelsize": text_size()})
        # Names may hold signs that the font lacks; the SVG keeps them as text and the reader's font has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@contextlib.contextmanager
def looking(look: Look) -> Iterator[None]:
    """Lay figures out for another look, for as long as this lasts."""
    before = _look.set(look)
    try:
        yield
    finally:
        _look.reset(before)


def sheet_width() -> float:
    """How wide the sheet is on which figures are laid out, with type of `SMALL` points."""
    look = _look.get()
    return look.width / look.scale


def text_size() -> float:
    """The size of the names of axes there."""
    look = _look.get()
    return look.text / look.scale


def sheet(height: float) -> Figure:
    """An empty figure of our width and this height, in points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(sheet_width() / 72, height / 72), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, *, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place on the sheet, in points from its upper left corner."""
    across, down = (float(72 * inches) for inches in figure.get_size_inches())
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Text whose baseline starts at a place on the sheet, in points from its upper left corner."""
    across, down = (float(72 * inches) for inches in figure.get_size_inches())
    look.setdefault("fontsize", SMALL)
    figure.text(x / across, 1 - y / down, text, va="baseline", **look)


@functools.lru_cache(maxsize=8192)
def text_width(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """How wide a line of text is, in points, with a little room for other fonts and for hinting."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, weight=weight)
    return 1.03 * float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def wrap(text: str, width: float, *, lines: int = 2, size: float = SMALL, weight: str = "normal") -> list[str]:
    """Break a name between words into lines that fit a width in points; the middle of one that is too long is "…"."""
    words, made = clean(text[:2000]).split(), [""]
    for place, word in enumerate(words):
        longer = f"{made[-1]} {word}".strip()
        if not made[-1] or text_width(longer, size, weight) <= width:
            made[-1] = longer
        elif len(made) < lines:
            made.append(word)
        else:
            made[-1] = " ".join([made[-1], *words[place:]])
            break
    return [_cut(line, width, size, weight) for line in made]


def _cut(line: str, width: float, size: float, weight: str) -> str:
    """Leave the middle out: names of one family differ at their ends."""
    if text_width(line, size, weight) <= width:
        return line
    longest = min(len(line), int(width))  # no sign is narrower than a point
    fits = bisect.bisect_right(range(longest), width, key=lambda kept: text_width(_ends(line, kept), size, weight))
    return _ends(line, max(fits - 1, 2))


def _ends(line: str, kept: int) -> str:
    tail = kept // 3
    return f"{line[: kept - tail].rstrip()}…{line[len(line) - tail :].lstrip()}"


def svg(figure: Figure) -> bytes:
    """The figure as an SVG file with text as text: the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def png(figure: Figure) -> bytes:
    """The figure as a PNG file at 200 dots per inch: the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
