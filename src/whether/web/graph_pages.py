"""The page of a network or a measure: where it comes from, how it was trained, what was measured, where it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.answer import DIVERGED, DONE, FAILED
from whether.errors import RequestError
from whether.history import facts
from whether.history.fact import Fact
from whether.history.sentence import label, sentence
from whether.history.walk import parents_first
from whether.report.numbers import plural
from whether.report.wording import DIFFERENCES
from whether.web import graph as graphs
from whether.web.curve import curve_svg, panels
from whether.web.graph import Graph, Known, Taken, history, known, latest, spoken_name, value_text
from whether.web.graph_rounds import folded
from whether.web.graph_svg import graph_svg, spoken, summary
from whether.web.judged import Damage
from whether.web.measured import state_of
from whether.words import MEASURES

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.rendering import Render
    from whether.web.view import View

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{6,63}")
_MEANINGS = {
    graphs.STANDS: "Its record is there, and so are its weights.",
    graphs.DROPPED: "Its record is there; its weights are not, and are trained again when something needs them.",
    graphs.FAILED: "It always failed: whether retry does it again.",
    graphs.DIVERGED: "Its loss was no longer finite. It counts as it is.",
}
"""What it means that a piece is so, for those who read it for the first time."""
_SENTENCE = 12
"""Lines of a sentence that are shown at once."""


def routes(view: View, render: Render) -> APIRouter:
    """`/networks/<digest>`: of a trained state or a measure; the beginning of a digest leads there, too."""
    from fastapi import APIRouter
    from starlette.responses import RedirectResponse

    router = APIRouter()

    def network(request: Request) -> Response:
        digest = request.path_params["digest"]
        if not _DIGEST.fullmatch(digest):
            whole = _whole(view, digest)
            return RedirectResponse(f"/networks/{whole}") if whole else _nothing(request, render)
        record = view.record(digest)
        if record is None:
            return _nothing(request, render)
        told = _told(view, digest, record, unfolded="all" in request.query_params)
        return render(request, "network.html.j2", **told)

    router.add_route("/networks/{digest}", network, methods=["GET"])
    return router


def _nothing(request: Request, render: Render) -> Response:
    return render(request, "wrong.html.j2", status=404, code=404)


def _whole(view: View, prefix: str) -> str:
    """The one digest that begins so; empty when none does, or several."""
    found = (
        [name for name in view.store.records.listing() if name.startswith(prefix)] if _PREFIX.fullmatch(prefix) else []
    )
    return found[0] if len(found) == 1 else ""


def _told(view: View, digest: str, record: Mapping[str, Any] | Damage, *, unfolded: bool) -> dict[str, Any]:
    """Everything that the page of a piece says."""
    from markupsafe import Markup  # what is joined by it is escaped, and keeps its lines

    damage = record if isinstance(record, Damage) else None
    said = {} if isinstance(record, Damage) else record
    root, untold = (None, "") if damage else _root(view, digest)
    found = known(history(root), _knowing(view, root)) if root is not None else Graph((), ())
    shown = latest(found if root is None or unfolded else folded(found, root, f"/networks/{digest}?all=1#history"))
    here = next((node for node in found.nodes if node.key == digest), None)
    curves = panels(said.get("curves"))
    lines = _sentence(root) if root is not None else []
    return {
        "digest": digest,
        "kind": "measure" if said.get("kind") == "measure" else "network",
        "label": _label(root) if root is not None else "",
        "here": here,
        "meanings": _MEANINGS | ({graphs.STANDS: "Its record is there."} if said.get("kind") == "measure" else {}),
        "damage": damage,
        "untold": untold,
        "graph": shown,
        "drawn": graph_svg(shown, root=digest, title="History as a graph", text=summary(shown)) if shown.nodes else "",
        "foldable": len(shown.nodes) != len(found.nodes) or unfolded,
        "unfolded": unfolded,
        "coming": _coming(shown),
        "carried": {"mask" if edge.kind == "score" else edge.kind for edge in shown.edges},
        "curves": [(panel, curve_svg(panel, f"curve-{number}")) for number, panel in enumerate(curves)],
        "facts": list(_facts(said)),
        "sentence": Markup("\n").join(lines),
        "sentence_lines": len(lines),
        "sentence_is_long": len(lines) > _SENTENCE,
        "answers": list(_answers(view, digest, found)),
        "checks": said.get("checks") or [],
        "error": str(said.get("error") or ""),
    }


def _label(root: graphs.Drawn) -> str:
    """What it is, in a few words."""
    said = label(root)
    return said.replace(root.name, spoken_name(root.name), 1) if isinstance(root, facts.MeasureFact) else said


def _sentence(root: graphs.Drawn) -> list[str]:
    """A sentence in lines, with their indentation, and without signs that would turn the reading direction."""
    return ["".join(sign if sign.isprintable() else " " for sign in line) for line in sentence(root).splitlines()]


def _root(view: View, digest: str) -> tuple[graphs.Drawn | None, str]:
    """What a record is of, with its whole history; else why that cannot be told."""
    try:
        found = view.fact(digest)
    except (RequestError, KeyError, ValueError, TypeError) as error:
        return None, str(error) if isinstance(error, RequestError) else "Its history cannot be read."
    return (found, "") if isinstance(found, graphs.Drawn) else (None, "It is no network and no measure.")


def _knowing(view: View, root: Fact) -> Any:
    """What the lab knows of each node, found once for the whole graph."""
    items = {item.digest: item for item in parents_first([root])}
    points = [digest for digest, item in items.items() if isinstance(item, facts.Point)]
    taken: dict[str, list[Taken]] = {}
    for digest, record in view.measured.of(points):
        taken.setdefault(state_of(digest, record), []).append(taken_of(digest, record))

    def knows(digest: str) -> Known | None:
        item = items.get(digest)
        record = view.record(digest) if isinstance(item, facts.Point | facts.MeasureFact) else None
        href = "" if record is None else f"/networks/{digest}"
        if isinstance(item, facts.MeasureFact):
            values = (taken_of(digest, record, name="value"),) if isinstance(record, Mapping) else ()
            return Known(standing=_standing(view, digest, record, item), href=href, taken=values)
        standing = _standing(view, digest, record, item) if isinstance(item, facts.Point) else ""
        alone_first = sorted(taken.get(digest, ()), key=lambda one: (", with " in one.name, one.name, one.href))
        return Known(standing=standing, href=href, taken=tuple(alone_first))

    return knows


def taken_of(digest: str, record: Mapping[str, Any], name: str = "") -> Taken:
    """A recorded measure: what was measured on which split, beside which other network, and what came."""
    measure, fact = str(record.get("name", "measure")).partition("@")[0], record.get("history", {}).get(digest)
    said = fact if isinstance(fact, Mapping) else {}
    split = f" on {said['split']}" if said.get("split") else ""
    beside = f", with {str(said['other'])[:8]}" if said.get("other") else ""
    outcome = record.get("outcome")
    value = value_text(record.get("value"), unit_of(measure)) if outcome == DONE else str(outcome)
    return Taken(name=name or f"{spoken_name(measure)}{split}{beside}", value=value, href=f"/networks/{digest}")


def unit_of(measure: str) -> str:
    """The unit of a measure's values: a part of a whole is in per cent, and what parts differ by is in points."""
    known_ = MEASURES.get(measure)
    if known_ is None:
        return ""
    if known_.unit == "points":
        return "points" if measure in DIFFERENCES else "%"
    return "iterations" if known_.unit == "it" else known_.unit


def _standing(view: View, digest: str, record: Mapping[str, Any] | Damage | None, item: Fact | None) -> str:
    """How a recorded piece stands; of its weights whether they are there, as many bytes as they were, and no more."""
    if record is None:
        return graphs.MISSING
    if isinstance(record, Damage):
        return graphs.DAMAGED
    outcome = record.get("outcome")
    if outcome in (FAILED, DIVERGED):
        return graphs.FAILED if outcome == FAILED else graphs.DIVERGED
    if isinstance(item, facts.MeasureFact):
        return graphs.STANDS
    left = record.get("state")
    size = _size(view.store.states.path(digest)) if isinstance(left, Mapping) else None
    if size is None or not isinstance(left, Mapping):
        return graphs.DROPPED
    return graphs.STANDS if size == left.get("bytes") else graphs.DAMAGED


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _coming(graph: Graph) -> dict[str, list[tuple[str, str]]]:
    """By node: the numbers in the list of what went into it, and as what."""
    place = {node.key: number for number, node in enumerate(graph.nodes, 1)}
    found: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        found.setdefault(edge.head, []).append((str(place[edge.tail]), spoken(edge)))
    for key, said in list(found.items()):
        if said[0][0] == str(place[key] - 1) and len(said) == 1:
            del found[key]  # that it goes on from the one before it is what a list says
    return found


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a record says beside history and curves."""
    if record.get("kind") == "measure":
        yield "outcome", str(record.get("outcome", ""))
        if record.get("note"):
            yield "note", str(record["note"])
    if "step" in record:
        yield "step", f"{record['step']:,}"
    if isinstance(record.get("seconds"), int | float):
        yield "seconds of work", f"{record['seconds']:.3g}"
    if isinstance(record.get("state"), Mapping):
        yield "weights", f"{record['state'].get('bytes', 0):,} bytes"
    for name, called in (("host", "made on"), ("profile", "profile"), ("trajectory", "trajectory")):
        if record.get(name):
            value = str(record[name])
            yield called, f"{value[:12]}…" if _DIGEST.fullmatch(value) else value


def _answers(view: View, digest: str, graph: Graph) -> Iterable[tuple[str, str, str]]:
    """The answers whose runs name a piece: folder, question, and the arms in which."""
    own = {digest} | {
        taken.href.rpartition("/")[2] for node in graph.nodes if node.key == digest for taken in node.taken
    }
    for item in view.answers():
        if item.answer is not None:
            arms: Sequence[str] = list(
                dict.fromkeys(run.arm for run in item.answer.table if {run.state, run.measure} & own)
            )
            if arms:
                more = f" and {plural(len(arms) - 4, 'arm')} more" if len(arms) > 4 else ""
                yield item.folder, item.question, ", ".join(arms[:4]) + more
