"""The cover sheet of an answer in the browser, and its other forms.

A sheet is computed from the evidence, which takes a moment where there are many runs. A page does not wait for that
longer than it may: it says so, and loads again, less and less often. Nobody who waits holds a thread that others need.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.errors import DamageError
from whether.provenance import LOCK_FILE
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

PATIENCE = 0.15
"""Seconds that a page waits for a sheet."""

SOONEST, LATEST = 2, 30
"""Seconds after which a page that could not wait loads again: as many as were taken already, within these."""

NARROW = 250.0
"""Points across the axis on a phone, where its type of 9 can be read."""

FRESH, FAILED = 60.0, 5.0
"""Seconds for which a sheet is shown again when nothing that it names has changed, and for which a failure stands."""

WORDS = "cover/hand.toml"
"""What its author says, as `whether cover` kept it beside the answer."""

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
    """A sheet, when it was computed, and whether its authors' words stand in it; or why it could not be."""

    sheet: Sheet | None
    time: datetime
    worded: bool = False
    error: Exception | None = None


@dataclass(frozen=True)
class Begun:
    """A sheet that is computed: from which files, since when in seconds of a clock that never goes back, and where."""

    marks: object
    since: float
    future: Future[Computed]

    async def waited(self, seconds: float | None = None) -> Computed | None:
        """What came, or None when it takes longer than so many seconds; whoever goes away stops nothing."""
        found = asyncio.wrap_future(self.future)
        done, _ = await asyncio.wait([found], timeout=seconds)
        return found.result() if done else None

    @property
    def again(self) -> int:
        """Whole seconds after which it is worth looking again."""
        return min(max(SOONEST, round(time.monotonic() - self.since)), LATEST)

    @property
    def is_stale(self) -> bool:
        """Whether it was computed too long ago to be shown again."""
        if not self.future.done():
            return False
        found = self.future.result()
        return (datetime.now(UTC) - found.time).total_seconds() > (FAILED if found.error else FRESH)


class Sheets:
    """The sheets of a lab's answers, each computed by one thread beside those that answer requests.

    Args:
        view: of the lab.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cover")
        self._found: dict[str, Begun] = {}

    def of(self, item: Listed, answer: Answer) -> Begun:
        """The sheet of an answer, computed now or not long ago from files that are still the same."""
        with self._lock:
            known = self._found.get(item.folder)
        if known is not None and not known.future.done():
            return known
        now = self._marks(item, answer)
        with self._lock:
            known = self._found.get(item.folder)
            if known is not None and known.marks == now and not known.is_stale:
                return known
            begun = Begun(now, time.monotonic(), self._pool.submit(self._compute, item, answer))
            self._found[item.folder] = begun
            return begun

    def _compute(self, item: Listed, answer: Answer) -> Computed:
        from whether.cover.filled import fill

        try:
            self._view.check_ledger()
            words = words_of(self._view.folder(item).path)
            return Computed(fill(self._view.store, answer, words), datetime.now(UTC), words is not None)
        except Exception as error:  # told to whoever asked for it
            return Computed(None, datetime.now(UTC), error=error)

    def _marks(self, item: Listed, answer: Answer) -> object:
        """What tells the evidence from what it was."""
        records = self._view.store.records.folder
        digests = {digest for run in answer.table for digest in (run.measure, run.state) if digest.isalnum()}
        folder = self._view.folder(item).path
        beside = tuple(mark(folder / name) for name in ("answer.json", LOCK_FILE, WORDS))
        return (
            beside,
            self._view.chronicle(),
            {digest: mark(f"{records}/{digest[:2]}/{digest}.json") for digest in digests},
        )


def words_of(folder: Path) -> Hand | None:
    """What authors say, as `whether cover` kept it with the answer; None where nothing is, or it cannot be read.

    Args:
        folder: of the answer.
    """
    from whether.cover.keeping import kept

    try:
        words = kept(folder)
    except DamageError:
        return None
    return words if words.said or words.reproductions else None


def routes(view: View, render: Render) -> APIRouter:
    """`/answers/<folder>/cover` and `/answers/<folder>/cover.<form>`."""
    from fastapi import APIRouter
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.responses import Response as Plain

    router = APIRouter()
    sheets = Sheets(view)

    async def page(request: Request) -> Response:
        item = await run_in_threadpool(view.answer, request.path_params["folder"])
        if item is None:
            raise HTTPException(404)
        if item.answer is None:
            return render(request, "damaged.html.j2", item=item)
        begun = await run_in_threadpool(sheets.of, item, item.answer)
        computed = await begun.waited(PATIENCE)
        told: dict[str, Any] = {"item": item, "answer": item.answer, "forms": _forms(), "again": begun.again}
        if computed is not None:
            told |= await run_in_threadpool(_shown, computed)
        return await run_in_threadpool(render, request, "cover_page.html.j2", waiting=computed is None, **told)

    async def form(request: Request) -> Response:
        item = await run_in_threadpool(view.answer, request.path_params["folder"])
        ending = request.path_params["form"]
        if item is None or item.answer is None or ending not in _forms():
            raise HTTPException(404)
        begun = await run_in_threadpool(sheets.of, item, item.answer)
        computed = await begun.waited()
        content = await run_in_threadpool(lambda: _FORMS[ending](_sheet(computed)))
        how = "inline" if ending == "pdf" else "attachment"
        headers = {"Content-Disposition": f'{how}; filename="cover.{ending}"'}
        return Plain(content, media_type=KINDS[ending], headers=headers)

    router.add_route("/answers/{folder}/cover", page, methods=["GET"])
    router.add_route("/answers/{folder}/cover.{form}", form, methods=["GET"])
    return router


def _forms() -> list[str]:
    """The forms that can be had here: a PDF takes typst."""
    return [form for form in KINDS if form != "pdf" or find_spec("typst") is not None]


def _sheet(computed: Computed | None) -> Sheet:
    """The sheet that came.

    Raises:
        Exception: why none did.
    """
    if computed is None or computed.sheet is None:
        raise (computed.error if computed and computed.error else TimeoutError("the sheet"))
    return computed.sheet


def _shown(computed: Computed) -> dict[str, Any]:
    from whether.cover.axis_svg import svg
    from whether.cover.page import page
    from whether.cover.render import fragment

    sheet = _sheet(computed)
    # Pages allow no style in elements; the size in print is a class of our style file instead.
    told = _PRINT_SIZE.sub(r' data-print="\1\2"', fragment(sheet))
    narrow = svg(page(sheet).axis, name="axis-narrow", width=NARROW).replace("<svg ", '<svg class="narrow-only" ', 1)
    told = told.replace("</svg>", f"</svg>{narrow}", 1).replace("<svg ", '<svg class="wide-only" ', 1)
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
