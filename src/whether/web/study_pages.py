"""The pages of registered studies, and the ledger that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from whether.registration import REASONS, command, question_of
from whether.report.numbers import chance, listed, plural
from whether.store.ledger import ADOPTED, BEGINNING, Entry, adopted
from whether.web.rendering import page_of
from whether.web.rows import ago_from_now

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.registration import Study
    from whether.web.rendering import Render
    from whether.web.view import Listed, View

A_PAGE = 500
"""Entries of the ledger that stand on one page."""


@dataclass(frozen=True)
class Line:
    """An entry of the ledger as a table shows it.

    Attributes:
        what: it says, in a few words.
        address: of the page on what it is about; empty where there is none.
    """

    number: int
    time: str
    kind: str
    what: str
    address: str
    seal: str


def routes(view: View, render: Render) -> APIRouter:
    """`/studies`, `/studies/<id>` and `/ledger`."""
    from fastapi import APIRouter
    from starlette.exceptions import HTTPException

    router = APIRouter()

    def studies(request: Request) -> Response:
        answers = _answers(view)
        told = [
            (study, [_standing(view, study, name, answers) for name in study.questions]) for study in view.studies()
        ]
        return render(request, "studies.html.j2", studies=told[::-1], ago=ago_from_now())

    def study(request: Request) -> Response:
        wanted = request.path_params["study"]
        found = [study for study in view.studies() if wanted in (study.id, study.digest)]
        if not found:
            raise HTTPException(404)
        answers = _answers(view)
        told = [_standing(view, found[0], name, answers) for name in found[0].questions]
        return render(request, "study.html.j2", study=found[0], standings=told, reasons=REASONS, ago=ago_from_now())

    def ledger(request: Request) -> Response:
        chronicle = view.chronicle()
        number, pages = page_of(request.query_params.get("page", ""), len(chronicle.entries), A_PAGE)
        newest = [*chronicle.entries][::-1][(number - 1) * A_PAGE : number * A_PAGE]
        head = chronicle.entries[-1].hash if chronicle.entries else ""
        return render(
            request,
            "ledger.html.j2",
            lines=[line(entry) for entry in newest],
            many=len(chronicle.entries),
            head=head,
            number=number,
            total=pages,
            beginning=BEGINNING,
        )

    router.add_route("/studies", studies, methods=["GET"])
    router.add_route("/studies/{study}", study, methods=["GET"])
    router.add_route("/ledger", ledger, methods=["GET"])
    return router


def line(entry: Entry) -> Line:
    """An entry in a few words; one of another lab, which was merged in, as it stood there."""
    told = adopted(entry) if entry.kind == ADOPTED else entry
    kind = entry.kind if told is entry or told is None else f"{told.kind}, in another lab"
    what, address = _what(told.kind, told.body) if told is not None else ("not what was written there", "")
    return Line(entry.number, entry.time, kind, what, address, entry.hash)


def _what(kind: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """What an entry says, and where the page on that is."""
    question, study = str(body.get("question", "")), str(body.get("study", ""))
    at_study = f"/studies/{quote(study[:8])}" if study else ""
    match kind:
        case "answered":
            folder = str(body.get("folder", ""))
            return f"{folder}, {str(body.get('answer', ''))[:8]}", f"/answers/{quote(folder)}"
        case "registered":
            runs = body.get("runs")
            names = listed(sorted(map(str, runs))) if isinstance(runs, Mapping) else "a study"
            by = " stamped" if body.get("witness") else ""
            return f"{names}, as study {study[:8]}{by}", at_study
        case "amended":
            return f"{question}: {body.get('what', '')}", at_study
        case "deviated":
            return f"{question}: {body.get('what', '')} ({body.get('because', '')})", at_study
        case "looked":
            return f"{question} at {body.get('n', '?')} replicates: {body.get('verdict', '?')}", at_study
        case "opened":
            return f"the test split, for {question or 'a measure'}", ""
        case "dropped":
            gone = [part for part in body.values() if isinstance(part, Mapping)]
            return plural(sum(map(len, gone)), "state that no answer needs", "states that no answer needs"), ""
    return ", ".join(f"{key}: {str(value)[:80]}" for key, value in list(body.items())[:4]), ""


def _answers(view: View) -> Mapping[str, Listed]:
    """The whole answers by their digests."""
    return {item.answer.digest: item for item in view.answers() if item.answer}


def _standing(view: View, study: Study, name: str, answers: Mapping[str, Listed]) -> dict[str, Any]:
    """A registered question: what was fixed, and how far it has come."""
    asked = study.questions[name]
    looks = [body for body in view.said("looked") if (body.get("study"), body.get("question")) == (study.digest, name)]
    item = answers.get(study.answers.get(name, ""))
    return {
        "name": name,
        "asked": asked,
        "question": question_of(asked),
        "grade": study.grade_of(name),
        "command": command(asked),
        "looks": looks,
        "folder": item.folder if item else "",
        "verdict": item.answer.verdict if item and item.answer else "",
        "rule": _rule(asked),
        "chances": _chances(asked),
        "amendments": [said for said in study.amendments if said["question"] == name],
        "deviations": [said for said in study.deviations if said["question"] == name],
        "runs": sum(len(runs) for runs in study.runs.get(name, {}).values()),
    }


def _rule(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How it is decided, in rows of a name and a value."""
    looks: Sequence[int] = asked["looks"]
    data = asked.get("data") or {}
    combined = {"all": "all claims must hold", "any": "one claim must hold", "ordered": "claims in their order"}
    rows = [
        ("replicates", f"{asked['replicates']}, {asked['unit']}"),
        ("one-sided level", f"{asked['alpha']:g}"),
        ("looks", f"at {listed([str(n) for n in looks])} replicates"),
        ("spending", asked["spending"] if len(looks) > 1 else ""),
        ("verdict", combined.get(asked["combine"], str(asked["combine"]))),
        ("compared", "in pairs of equal seeds" if asked["pairing"] == "replicate" else "not paired"),
        ("measured", " ".join(filter(None, [str(asked["metric"]), f"on the {asked['split']} split"]))),
        ("data", " ".join(str(data.get(key, ""))[:16] for key in ("name", "content")).strip()),
        ("design", str(asked["design"])),
    ]
    return [(name, value) for name, value in rows if value]


def _chances(asked: Mapping[str, Any]) -> str:
    planned = asked.get("planned") or {}
    if not planned or planned.get("yes") is None or planned.get("no") is None:
        return ""
    spread = f" Spread: {planned['sd']}." if planned.get("sd") else ""
    when_yes = planned.get("when_yes") or "the effect is as planned for it"
    when_no = planned.get("when_no") or "it is as planned for that"
    return (
        f"Chance of a yes {chance(planned['yes'])} when {when_yes}, of a no {chance(planned['no'])} when {when_no}; "
        f"{chance(asked['power'])} was asked for.{spread}"
    )
