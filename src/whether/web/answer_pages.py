"""The pages of one answer: the verdict and what it rests on, its runs, and its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whether.report import account, wording
from whether.report.numbers import column_decimals
from whether.report.page import Drawn, families, place
from whether.web import files
from whether.web.drawn import safe_svg
from whether.web.guard import FILE_POLICY
from whether.web.rendering import page_of
from whether.web.stored import Kept, mark

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.answer import Answer, Run
    from whether.web.rendering import Render
    from whether.web.view import Listed, View

A_PAGE = 1_000
"""Runs that stand on one page."""

_MOST_FIGURES = 2_000


@dataclass(frozen=True)
class Shown:
    """A figure on a page: drawn, or why it is not."""

    name: str
    drawn: Drawn | None
    damaged: bool = False


def routes(view: View, render: Render) -> APIRouter:
    """`/answers/<folder>` and what lies under it."""
    from fastapi import APIRouter
    from starlette.exceptions import HTTPException
    from starlette.responses import Response as Plain

    router = APIRouter()
    kept: Kept[Shown] = Kept(_MOST_FIGURES)

    def found(request: Request) -> Listed:
        item = view.answer(request.path_params["folder"])
        if item is None:
            raise HTTPException(404)
        return item

    def whole(request: Request) -> tuple[Listed, Answer]:
        item = found(request)
        if item.answer is None:
            raise HTTPException(404)
        return item, item.answer

    def page(request: Request) -> Response:
        item = found(request)
        if item.answer is None:
            return render(request, "damaged.html.j2", item=item)
        return render(request, "answer.html.j2", **_told(view, item, item.answer, kept))

    def runs(request: Request) -> Response:
        item = found(request)
        if item.answer is None:
            return render(request, "damaged.html.j2", item=item)
        return render(request, "runs.html.j2", **_runs(view, item, item.answer, request.query_params.get("page", "1")))

    def file(request: Request) -> Response:
        item, answer = whole(request)
        return _sent(files.given(view.folder(item), answer, request.path_params["file"]))

    def figure(request: Request) -> Response:
        item, answer = whole(request)
        return _sent(files.figure(view.folder(item), answer, request.path_params["file"]))

    def _sent(given: files.Given | None) -> Response:
        if given is None:
            raise HTTPException(404)
        headers = {"Content-Security-Policy": FILE_POLICY}
        if not given.shown:
            headers["Content-Disposition"] = "attachment"
        return Plain(given.content, media_type=given.kind, headers=headers)

    add = _adder(router)
    add("/answers/{folder}", page)
    add("/answers/{folder}/runs", runs)
    add("/answers/{folder}/figures/{file}", figure)
    add("/answers/{folder}/{file}", file)
    return router


def _adder(router: APIRouter) -> Callable[[str, Callable[[Request], Response]], None]:
    return lambda path, endpoint: router.add_route(path, endpoint, methods=["GET"])


def _told(view: View, item: Listed, answer: Answer, kept: Kept[Shown]) -> dict[str, Any]:
    """What the page of an answer is given."""
    shown = [_figure(view, item, answer, name, kept) for name in files.figures(answer)]
    apart = ("claims", "answerable", "looks")
    return {
        "item": item,
        "answer": answer,
        "level": wording.level(answer),
        "placed": {one.name: one for one in shown if one.name in apart or one.name.startswith("ladder")},
        "figures": [one for one in shown if one.name not in apart and not one.name.startswith("ladder")],
        "families": families(answer),
        "overrun": account.overrun(answer),
        "circumstances": account.circumstances(answer.circumstances),
        "study": _study_of(view, answer),
        "others": [other for other in view.answers() if other.question == item.question and other != item],
    }


def _study_of(view: View, answer: Answer) -> str:
    """The id of the study that an answer says it belongs to, where this lab's ledger knows it."""
    said = str(answer.study.get("registration", ""))
    return next((study.id for study in view.studies() if study.digest == said), "")


def _figure(view: View, item: Listed, answer: Answer, name: str, kept: Kept[Shown]) -> Shown:
    folder = view.folder(item)
    now = mark(folder.path / "figures" / f"{name}.svg")

    def draw() -> Shown:
        raw = files.stored(folder, f"figures/{name}.svg")
        if raw is None:
            return Shown(name, None)
        safe = safe_svg(raw)
        return Shown(name, place(name, safe, answer)) if safe is not None else Shown(name, None, damaged=True)

    return kept.get((item.folder, name), (now, answer.digest, item.time), draw)


def _runs(view: View, item: Listed, answer: Answer, asked: str) -> dict[str, Any]:
    """What the table of runs is given: one page of them."""
    every = [*answer.table, *account.overrun(answer)]
    number, pages = page_of(asked, len(every), A_PAGE)
    table = every[(number - 1) * A_PAGE : number * A_PAGE]
    return {
        "item": item,
        "answer": answer,
        "table": table,
        "damage": damage(view, table),
        "number": number,
        "total": pages,
        "decimals": _decimals(answer),
        "first": (number - 1) * A_PAGE + 1,
        "many": len(every),
    }


def _decimals(answer: Answer) -> dict[str, int]:
    """With how many decimals an arm's values are written: the same for all arms of one unit."""
    units = {arm.arm: arm.unit for arm in answer.arms}
    values: dict[str, list[float]] = {}
    for run in answer.table:
        values.setdefault(units.get(run.arm, ""), []).append(run.value)
    found = {unit: column_decimals(seen) for unit, seen in values.items()}
    return {arm: found.get(unit, 2) for arm, unit in units.items()}


def damage(view: View, table: Sequence[Run]) -> dict[str, str]:
    """What is wrong with the records that runs rest on, in a word, by their digest."""
    found: dict[str, str] = {}
    for digest in dict.fromkeys(digest for run in table for digest in (run.measure, run.state) if digest):
        try:
            state = view.state_of(digest)
        except ValueError:
            state = "no digest"
        if state:
            found[digest] = state
    return found
