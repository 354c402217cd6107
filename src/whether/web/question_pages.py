"""The pages of questions: all of them, and one with all its answers."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whether.web.rows import FILTERS, STATES, ago_from_now, choices, chosen, decisive, rows

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.rendering import Render
    from whether.web.view import View


def routes(view: View, render: Render) -> APIRouter:
    """`/` and `/questions/<name>`."""
    from fastapi import APIRouter
    from starlette.exceptions import HTTPException

    router = APIRouter()

    def all_questions(request: Request) -> Response:
        asked = {key: request.query_params.get(key, "") for key in FILTERS}
        found = rows(view.answers(), view.studies(), view.at_work())
        shown = chosen(found, asked)
        groups = {state: [row for row in shown if row.state == state] for state in STATES}
        return render(
            request,
            "questions.html.j2",
            groups={state: group for state, group in groups.items() if group},
            states=STATES,
            total=len(found),
            shown=len(shown),
            choices=choices(found),
            asked=asked,
            unasked=_unasked({row.name for row in found}),
            ago=ago_from_now(),
        )

    def one_question(request: Request) -> Response:
        name = request.path_params["name"]
        told = _question(view, name)
        if told is None:
            raise HTTPException(404)
        return render(request, "question.html.j2", name=name, ago=ago_from_now(), decisive=decisive, **told)

    router.add_route("/", all_questions, methods=["GET"])
    router.add_route("/questions/{name}", one_question, methods=["GET"])
    return router


def _question(view: View, name: str) -> dict[str, Any] | None:
    """What the page of a question tells; None where nobody knows it."""
    answers = [item for item in view.answers() if item.question == name]
    studies = [study for study in view.studies() if name in study.questions]
    found = [row for row in rows(answers, studies, view.at_work()) if row.name == name]
    known = catalogue().get(name)
    if not found and known is None:
        return None
    whole = [item.answer for item in answers if item.answer]
    keys = sorted({key for answer in whole for key in answer.options})
    varied = [key for key in keys if len({answer.options.get(key) for answer in whole}) > 1]
    text = next((row.text for row in found if row.state != "damaged"), known["text"] if known else name)
    return {
        "text": text,
        "known": known,
        "rows": found,
        "answers": [item for item in answers if item.answer],
        "varied": varied,
        "same": [(key, whole[0].options[key]) for key in keys if key not in varied] if whole else [],
        "studies": studies,
    }


def _unasked(asked: set[str]) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The catalogue's questions that were not asked here, in its order, by its groups."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for name, told in catalogue().items():
        if name not in asked:
            found.setdefault(told["group"], []).append(told)
    return found


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """The catalogue's questions by name, in the order in which they are best read."""
    from whether.catalogue.find import find, reading_order

    return {
        name: {"name": name, "group": group, "text": template.text, "category": template.category, "idea": _idea(name)}
        for group, names in reading_order().items()
        for name, template in ((name, find(name)) for name in names)
    }


def _idea(name: str) -> str:
    """The first paragraph of what the catalogue says of a question."""
    from whether.catalogue.find import find

    prose = find(name).idea.partition("Args:\n")[0].strip()
    return " ".join(prose.partition("\n\n")[0].split())
