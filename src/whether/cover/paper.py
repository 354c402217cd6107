"""A cover sheet on paper: one A4 page by typst, which measures and takes the largest type that fits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from whether.cover.axis_svg import svg
from whether.cover.page import Page
from whether.report.style import LIGHT

SIZES = (
    *(
        (11.0, 1.0),
        (10.5, 1.0),
        (10.0, 1.0),
        (10.0, 0.5),
        (10.0, 0.0),
        (9.75, 0.0),
        (9.5, 0.0),
        (9.25, 0.0),
        (9.0, 0.0),
    ),
    *((8.75, 0.0), (8.5, 0.0), (8.25, 0.0), (8.0, 0.0), (7.0, 0.0), (6.0, 0.0), (5.0, 0.0)),
)
"""Size of type in points and how airy the page is, tried in this order; the fullest sheet needs none below 8.5."""
_WIDTH = 527.2  # of the text on the page, in points


def pdf(shown: Page) -> bytes:
    """The page as a PDF file, the same bytes each time."""
    from whether import typeset

    return typeset.pdf(source(), handed(shown))


def pictures(shown: Page, *, dpi: int = 110) -> list[bytes]:
    """The page as PNG files: one, as it is one page."""
    from whether import typeset

    return typeset.pictures(source(), handed(shown), dpi=dpi)


def handed(shown: Page) -> dict[str, Any]:
    """What the document is given: plain values."""
    tint = f"{shown.verdict}-tint" if shown.verdict in ("yes", "no") and not shown.shaky else "shade"
    return {
        "page": {**asdict(shown), "axis": None},
        "axis": svg(shown.axis, paper=True, width=_WIDTH),
        "word": shown.word,
        "no-verdict": shown.meaning,
        "tint": tint,
        "colours": {**LIGHT, "shade": "#f0f1f4"},
        "sizes": list(SIZES),
    }


def source() -> str:
    """The document, to which `handed` is handed."""
    from importlib.resources import files

    return files("whether.cover").joinpath("templates", "cover.typ").read_text(encoding="utf-8")
