"""The cover sheet of an answer in the browser, and its other forms.

A sheet is computed from the evidence, which takes a moment where there are many runs. A page does not wait for that
longer than it may: it says so, and loads again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from whether.errors import RequestError
from whether.web.stored import mark

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.answer import Answer
    from whether.cover.sheet import Sheet
    from whether.web.rendering import Render
    from whether.web.view import Listed, View

PATIENCE = 0.05
"""Seconds that a page waits for a sheet."""

FRESH = 60.0
"""Seconds for which a sheet is shown again as it was computed, when nothing that it names has changed."""

KINDS = {
    "pdf": "application/pdf",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "tex": "application/x-tex; charset=utf-8",
    "jsonld": "application/ld+json",
}
_PRINT_SIZE = re.compile(r' style="--print-size: (\d+)\.(\d)pt"')


@dataclass(frozen=True)
class Computed:
    """A sheet, and when it was computed."""

    sheet: Sheet
    time: datetime


class Sheets:
    """The sheets of a lab's answers, each computed by one thread beside those that answer requests.

    Args:
        view: of the lab.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cover")
        self._found: dict[str, tuple[object, Future[Computed]]] = {}

    def of(self, item: Listed, answer: Answer) -> Future[Computed]:
        """The sheet of an answer, computed now or not long ago from files that are still the same."""
        with self._lock:
            known = self._found.get(item.folder)
        if known is not None and not known[1].done():
            return known[1]
        now = self._marks(item, answer)
        with self._lock:
            known = self._found.get(item.folder)
            if known is not None and known[0] == now and not _stale(known[1]):
                return known[1]
            begun = self._pool.submit(self._compute, answer)
            self._found[item.folder] = (now, begun)
            return begun

    def _compute(self, answer: Answer) -> Computed:
        from whether.cover.filled import fill

        return Computed(fill(self._view.store, answer), datetime.now(UTC))

    def _marks(self, item: Listed, answer: Answer) -> object:
        """What tells the evidence from what it was."""
        records = self._view.store.records.folder
        digests = {digest for run in answer.table for digest in (run.measure, run.state) if digest.isalnum()}
        folder = self._view.folder(item).path
        beside = tuple(mark(folder / name) for name in ("answer.json", "environment.json"))
        return (
            beside,
            self._view.chronicle(),
            {digest: mark(f"{records}/{digest[:2]}/{digest}.json") for digest in digests},
        )


def _stale(found: Future[Computed]) -> bool:
    if not found.done():
        return False
    return found.exception() is not None or (datetime.now(UTC) - found.result().time).total_seconds() > FRESH


def routes(view: View, render: Render) -> APIRouter:
    """`/answers/<folder>/cover` and `/answers/<folder>/cover.<form>`."""
    from fastapi import APIRouter
    from starlette.exceptions import HTTPException
    from starlette.responses import Response as Plain

    router = APIRouter()
    sheets = Sheets(view)

    def page(request: Request) -> Response:
        item = view.answer(request.path_params["folder"])
        if item is None:
            raise HTTPException(404)
        if item.answer is None:
            return render(request, "damaged.html.j2", item=item)
        waited = sheets.of(item, item.answer)
        told: dict[str, Any] = {"item": item, "answer": item.answer, "forms": list(KINDS)}
        try:
            computed = waited.result(PATIENCE)
        except TimeoutError:
            return render(request, "cover_page.html.j2", waiting=True, **told)
        return render(request, "cover_page.html.j2", waiting=False, **told, **_shown(computed))

    def form(request: Request) -> Response:
        item = view.answer(request.path_params["folder"])
        ending = request.path_params["form"]
        if item is None or item.answer is None or ending not in KINDS:
            raise HTTPException(404)
        sheet = sheets.of(item, item.answer).result().sheet
        try:
            content = _FORMS[ending](sheet)
        except RequestError:  # typst is not installed; the page says so
            raise HTTPException(404) from None
        headers = {"Content-Disposition": f'inline; filename="cover.{ending}"'}
        if ending != "pdf":
            headers["Content-Disposition"] = f'attachment; filename="cover.{ending}"'
        return Plain(content, media_type=KINDS[ending], headers=headers)

    router.add_route("/answers/{folder}/cover", page, methods=["GET"])
    router.add_route("/answers/{folder}/cover.{form}", form, methods=["GET"])
    return router


def _shown(computed: Computed) -> dict[str, Any]:
    from whether.cover.render import fragment

    # Pages allow no style in elements; the size in print is a class of our style file instead.
    told = _PRINT_SIZE.sub(r' data-print="\1\2"', fragment(computed.sheet))
    return {"sheet": told, "time": f"{computed.time:%H:%M:%S} UTC", "problems": list(computed.sheet.problems)}


def _pdf(sheet: Sheet) -> bytes:
    from whether.cover.render import pdf

    return pdf(sheet)


def _rendered(name: str) -> Callable[[Sheet], bytes]:
    def make(sheet: Sheet) -> bytes:
        from whether.cover.render import render

        return render(sheet)[name]

    return make


_FORMS: dict[str, Callable[[Sheet], bytes]] = {
    "pdf": _pdf,
    **{ending: _rendered(f"cover.{ending}") for ending in KINDS if ending != "pdf"},
}
