"""Templates of the pages, and the function that makes a page of one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from whether.report import account, numbers, published, roofline_figure, rule, standing, wording
from whether.report.look import stylesheet, templates

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.view import View

PAGES = {
    "questions": ("/", "Questions"),
    "live": ("/live", "Live"),
    "compare": ("/compare", "Compare"),
    "search": ("/search", "Search"),
    "studies": ("/studies", "Studies"),
}
"""The navigation: the section that a page says it is in, its address, its name."""


class Render(Protocol):
    """Makes a page of a template."""

    def __call__(self, request: Request, template: str, *, status: int = 200, **told: Any) -> Response:
        """Render.

        Args:
            request: that is answered; its path is known to the template as `path`.
            template: its file; it extends `base.html.j2`, and may set `section` to a key of PAGES.
            status: of HTTP.
            told: what the template is given.
        """


def renderer(view: View, there: Callable[[], frozenset[str]]) -> Render:
    """The function that makes pages of a lab.

    Args:
        view: of the lab; its name and what is wrong with its ledger stand on every page.
        there: which sections of the navigation exist.
    """

    def render(request: Request, template: str, *, status: int = 200, **told: Any) -> Response:
        from starlette.responses import HTMLResponse

        findings = view.chronicle().findings
        shown = [(name, *PAGES[name]) for name in PAGES if name in there()]
        common = {"lab": view.name, "findings": findings, "pages": shown, "path": request.url.path}
        page = environment().get_template(template).render(**common, **told)
        return HTMLResponse(page.encode("utf-8", "replace"), status)

    return render


@functools.cache
def environment() -> Environment:
    """The templates of the pages, those of reports under `report/`, and what they call."""
    from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

    made = templates("whether.web")
    reports = PrefixLoader({"report": PackageLoader("whether.report")})
    made.loader = ChoiceLoader([*filter(None, [made.loader]), reports])
    made.globals.update(say=wording, write=numbers, rule=rule, standing=standing, account=account, published=published)
    made.globals.update(roofline=roofline_figure)
    made.filters["part"] = part
    made.finalize = _tidy
    return made


def _tidy(value: Any) -> Any:
    """As all our templates clean what is put into them, but what is clean already is passed on as it is."""
    if type(value) is not str or (value.isprintable() and "  " not in value and value == value.strip(" ")):
        return value
    return numbers.clean(value)


def prepare() -> None:
    """Do what the first request of each page would have to wait for."""
    static()
    made = environment()
    for name in made.list_templates(filter_func=lambda name: name.endswith(".html.j2")):
        made.get_template(name)


def part(name: object) -> str:
    """A name as one part of an address.

    Example:
        >>> part("é/?x")
        '%C3%A9%2F%3Fx'
    """
    return quote(str(name), safe="")


def page_of(asked: str, many: int, each: int) -> tuple[int, int]:
    """Which page of a long table is shown, and how many there are.

    Args:
        asked: the page's number as an address says it; whatever is none means the first, or the last beyond it.
        many: rows.
        each: rows on a page.

    Example:
        >>> page_of("2", 1200, 500), page_of("99", 1200, 500), page_of("-1", 0, 500), page_of("٣", 9, 2)
        ((2, 3), (3, 3), (1, 1), (1, 5))
    """
    pages = max(1, -(-many // each))
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    return min(max(number, 1), pages), pages


@functools.cache
def static() -> Mapping[str, tuple[str, bytes]]:
    """The files that pages load, by name, with their media types: the styles, and what stands in `static/`."""
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    from whether.cover.render import style as of_sheets

    style = stylesheet("whether.report", "report.css")
    found = {}
    for item in sorted(files("whether.web").joinpath("static").iterdir(), key=lambda item: item.name):
        ending = item.name[item.name.rfind(".") :]
        if ending in kinds:
            found[item.name] = (kinds[ending], item.read_bytes())
    own = found.pop("web.css", ("", b""))[1].decode()
    sheets = ("text/css", of_sheets().encode())
    return {**found, "style.css": ("text/css", f"{style}\n{own}".encode()), "cover.css": sheets}
