"""Figures for papers: exactly as wide as a column, all type of exactly one size.

A figure is laid out with our own type on a sheet that is wider or narrower by as much as its type will be smaller or
larger, and then everything on it is resized: type, lines, marks, distances.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whether.errors import RequestError, unknown
from whether.report.style import PAGE, Look, looking, png, styled, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whether.answer import Answer

_UNITS = {"in": 72.0, "cm": 72 / 2.54, "mm": 7.2 / 2.54, "pt": 1.0}
_SAID = re.compile(r"(?P<width>\d+(?:\.\d+)?)\s*(?P<unit>in|cm|mm|pt)(?:\s*,\s*(?P<type>\d+(?:\.\d+)?)\s*pt)?")
TYPE = 8.0
NARROWEST, WIDEST = 26.0, 78.0
"""Ems of type that a figure must be wide at least, and may be at most."""
SMALLEST, LARGEST = 4.0, 24.0

PRESETS: Mapping[str, str] = {
    "icml": "3.25in,8pt",
    "icml-wide": "6.75in,8pt",
    "neurips": "5.5in,9pt",
    "iclr": "5.5in,9pt",
    "tmlr": "6.5in,9pt",
    "jmlr": "6in,9pt",
}
"""The width of a column of these (of ICML also that of both), and type a little smaller than their text's."""
FORMATS = ("pdf", "svg", "png")


def look_of(said: str) -> Look:
    """The look that is asked for.

    Args:
        said: width and size of type, such as "3.25in,8pt" or "8.3cm" (then of 8 points), or the name of a preset.

    Raises:
        RequestError: it is neither, or no figure can be drawn so.

    Example:
        >>> look_of("3.25in,8pt") == look_of("icml") == Look(width=234.0, small=8.0, text=8.0)
        True
    """
    word = said.strip().lower()
    found = _SAID.fullmatch(PRESETS.get(word, word))
    if found is None:
        if word.replace("-", "").isalpha():
            raise unknown("paper", said, PRESETS, "Or say a width and a size of type, such as 3.25in,8pt.")
        raise RequestError(
            f"--paper is {said[:80]!r}; expected a width in {', '.join(_UNITS)} and a size of type, such as 3.25in,8pt "
            f"or 8.3cm, or one of {', '.join(PRESETS)}."
        )
    width, size = float(found["width"]) * _UNITS[found["unit"]], float(found["type"] or TYPE)
    if not SMALLEST <= size <= LARGEST:
        raise RequestError(f"--paper says type of {size:g} pt; expected {SMALLEST:g} to {LARGEST:g}.")
    if not NARROWEST * size <= width <= WIDEST * size:
        least, most = (f"{ems * size / 72:.2f}" for ems in (NARROWEST, WIDEST))
        raise RequestError(
            f"--paper says {width / 72:.2f} in with type of {size:g} pt; expected {least} to {most} in, so that names "
            "fit beside what they name. Take another width, or another size of type."
        )
    return Look(width=width, small=size, text=size)


def formats_of(said: str) -> list[str]:
    """The formats of a list such as "pdf,svg".

    Raises:
        RequestError: for another format, or none.
    """
    asked = list(dict.fromkeys(filter(None, (word.strip().lower() for word in said.split(",")))))
    wrong = [unknown("format of a figure", word, FORMATS) for word in asked if word not in FORMATS]
    if wrong or not asked:
        raise RequestError.join(wrong) if wrong else RequestError(f"--format is empty; expected {', '.join(FORMATS)}.")
    return asked


def folder_of(look: Look) -> str:
    """The name of the folder for figures of a look: "figures-3.25in-8pt"."""
    return f"figures-{round(look.width / 72, 3):g}in-{look.small:g}pt"


def render_figures(answer: Answer, look: Look, formats: Sequence[str] = ("pdf",)) -> Iterator[tuple[str, bytes]]:
    """The figures of an answer as files, one after the other: name and bytes; the same answer gives the same bytes."""
    from whether.report.figures import drawings

    save = {"pdf": pdf, "svg": svg, "png": png}
    with looking(look):
        for name, draw in drawings(answer).items():
            figure = resized(draw(), look.scale)
            for form in formats:
                yield f"{name}.{form}", save[form](figure)


def resized(figure: Figure, scale: float) -> Figure:
    """The figure with everything on it so many times as large: itself, unless `scale` is 1."""
    if scale == PAGE.scale:
        return figure
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Annotation, Text

    with styled():
        figure.canvas.draw()  # what is placed when it is drawn is placed now
    ticks = {item for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for item in axis.findobj()}
    figure.set_size_inches(*(scale * inches for inches in figure.get_size_inches()))
    for axes in figure.axes:
        _resize_ticks(axes, scale)
    for item in figure.findobj():
        if item in ticks:
            continue
        match item:
            case Text():
                item.set_fontsize(scale * float(item.get_fontsize()))
                if isinstance(item, Annotation):
                    right, up = item.xyann
                    item.xyann = (scale * right, scale * up)
            case Line2D():
                item.set_linewidth(scale * item.get_linewidth())
                item.set_markersize(scale * item.get_markersize())
                item.set_markeredgewidth(scale * item.get_markeredgewidth())
            case Collection():
                widths: Any = item.get_linewidth()
                item.set_linewidth([scale * float(width) for width in widths])
            case Patch():
                item.set_linewidth(scale * item.get_linewidth())
    return figure


def _resize_ticks(axes: Axes, scale: float) -> None:
    """Marks, labels and grid of both axes; they are made anew whenever they are drawn."""
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        found: Any = axis.get_major_ticks()
        if not found:
            continue
        tick = found[0]
        axes.tick_params(
            axis=name,  # type: ignore[arg-type]  # "x" and "y" are what it takes
            labelsize=scale * tick.label1.get_fontsize(),
            length=scale * tick.tick1line.get_markersize(),
            width=scale * tick.tick1line.get_markeredgewidth(),
            pad=scale * tick.get_pad(),
            grid_linewidth=scale * tick.gridline.get_linewidth(),
        )


def pdf(figure: Figure) -> bytes:
    """The figure as a PDF file with its fonts embedded (as TrueType) and no date: the same each time."""
    import matplotlib

    buffer = io.BytesIO()
    with styled():
        matplotlib.rcParams["pdf.fonttype"] = 42
        nothing = {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None}
        figure.savefig(buffer, format="pdf", metadata=nothing)
    return buffer.getvalue()


__all__ = ["FORMATS", "PRESETS", "folder_of", "formats_of", "look_of", "pdf", "render_figures", "resized"]
