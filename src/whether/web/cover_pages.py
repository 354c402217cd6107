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
from whether.provenance import LOCK_FILE
from whether.web.files import stored
from whether.web.stored import mark

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.answer import Answer
    from whether.cover.hand import Hand
    from whether.cover.sheet import Sheet
    from whether.web.rendering import Render
    from whether.web.view import Listed, View

PATIENCE = 0.05
"""Seconds that a page waits for a sheet."""

FRESH = 60.0
"""Seconds for which a sheet is shown again as it was computed, when nothing that it names has changed."""

WRITTEN = "cover/cover.json"
"""The sheet that `whether cover` wrote beside the answer."""

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
    """A sheet, when it was computed, and whether its authors' words stand in it."""

    sheet: Sheet
    time: datetime
    worded: bool


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
            begun = self._pool.submit(self._compute, item, answer)
            self._found[item.folder] = (now, begun)
            return begun

    def _compute(self, item: Listed, answer: Answer) -> Computed:
        from whether.cover.filled import fill

        words = words_in(stored(self._view.folder(item), WRITTEN))
        return Computed(fill(self._view.store, answer, words), datetime.now(UTC), words is not None)

    def _marks(self, item: Listed, answer: Answer) -> object:
        """What tells the evidence from what it was."""
        records = self._view.store.records.folder
        digests = {digest for run in answer.table for digest in (run.measure, run.state) if digest.isalnum()}
        folder = self._view.folder(item).path
        beside = tuple(mark(folder / name) for name in ("answer.json", LOCK_FILE, WRITTEN))
        return (
            beside,
            self._view.chronicle(),
            {digest: mark(f"{records}/{digest[:2]}/{digest}.json") for digest in digests},
        )


def _stale(found: Future[Computed]) -> bool:
    if not found.done():
        return False
    return found.exception() is not None or (datetime.now(UTC) - found.result().time).total_seconds() > FRESH


def words_in(raw: bytes | None) -> Hand | None:
    """What authors say, taken from the sheet that `whether cover` wrote; None where there is none, or not as it writes.

    Only fields that nobody but they can fill: everything else is computed anew.
    """
    from whether.cover.fields import FIELDS
    from whether.cover.hand import Hand, Words, read, write
    from whether.cover.sheet import DECLARED, Sheet

    if raw is None:
        return None
    try:
        fields = Sheet.from_json(raw.decode()).fields
        said = {
            name: Words(text=one.text, pointer=one.pointer) for name, one in fields.items() if one.state == DECLARED
        }
        own = {name: words for name, words in said.items() if name in FIELDS and FIELDS[name].fill == "hand"}
        return read(write(Hand(said=own)), "cover.json") if own else None  # which checks every word of it
    except (RequestError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


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
    return {"sheet": told, "time": f"{computed.time:%H:%M:%S} UTC", "worded": computed.worded}


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
