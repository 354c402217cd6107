"""A cover sheet in all its forms. The same sheet gives the same bytes."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from whether.cover import linked, paper
from whether.cover.axis import MOST
from whether.cover.axis_svg import svg
from whether.cover.latex import latex
from whether.cover.markdown import markdown
from whether.cover.page import Page, page
from whether.report.look import stylesheet, templates

if TYPE_CHECKING:
    from jinja2 import Environment

    from whether.cover.sheet import Sheet

_PRINTED = ((3300, 10.5), (3800, 10.0), (4350, 9.5), (4950, 9.0), (5300, 8.5))


def render(sheet: Sheet) -> dict[str, bytes]:
    """All forms but the PDF, by the names of their files: cover.json, .html, .md, .tex and .jsonld."""
    made = {
        "cover.json": sheet.to_json(),
        "cover.html": html(sheet),
        "cover.md": markdown(sheet),
        "cover.tex": latex(sheet),
        "cover.jsonld": linked.document(sheet),
    }
    return {name: text.encode("utf-8", "replace") for name, text in made.items()}


def pdf(sheet: Sheet) -> bytes:
    """One A4 page as a PDF.

    Raises:
        RequestError: typst is not installed.
    """
    return paper.pdf(page(sheet))


def html(sheet: Sheet) -> str:
    """One page that needs nothing beside it: no file, no network, no script. It prints on one sheet of A4."""
    return (
        _environment()
        .get_template("cover.html.j2")
        .render(page=page(sheet), body=_body(page(sheet), 1), style=style(), linked=linked.script(sheet))
    )


def fragment(sheet: Sheet, *, covered: bool = False) -> str:
    """A sheet as markup that stands inside another page, which brings `style()` along.

    Args:
        sheet: what is shown.
        covered: hide verdict, effect, axis, and whatever else may give the sign of the result away, and say that they
            are covered until the design is scored. Two sheets that differ in those alone look the same.
    """
    return _body(page(sheet, covered=covered), 2)


def style() -> str:
    """The rules for `fragment`, with our colours as variables."""
    return stylesheet("whether.cover", "cover.css")


def _body(shown: Page, level: int) -> str:
    # Names in the drawing must be unique where several sheets stand in one page.
    name = f"axis-{hashlib.sha256(repr(shown).encode('utf-8', 'replace')).hexdigest()[:8]}"
    return (
        _environment()
        .get_template("sheet.html.j2")
        .render(page=shown, level=level, axis=svg(shown.axis, name=name), size=print_size(shown))
    )


def print_size(shown: Page) -> float:
    """Size of type in points at which a page of HTML prints on one sheet of A4, by how much it says.

    Browsers cannot be asked beforehand, so that this is an estimate on the safe side; the PDF measures.
    """
    columns = sum(
        44 + sum(len(line) + 8 for line in item.lines) + 0.8 * (len(item.pointer) + len(item.note))
        for part in shown.parts
        for item in part.items
    )
    top = sum(
        len(shown.items[name].text)
        for name in ("effect", "limits", "question", "offer", "if_yes")
        if name in shown.items
    )
    much = columns + 0.7 * top + 260 * len(shown.axis[:MOST]) + 150 * len(shown.problems)
    return next((size for most, size in _PRINTED if much <= most), 8.0)


@functools.cache
def _environment() -> Environment:
    return templates("whether.cover")
