"""What of a bundle follows from its answer: made anew, and compared with what stands there.

Where another version of Whether wrote it, its words and pages may be others than ours would be. Then numbers, ends of
runs, digests and verdicts are compared, and no words.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whether.answer import FAILED
from whether.bundle import crate, places
from whether.errors import DamageError, RequestError
from whether.provenance import LOCK_FILE
from whether.report.tables import read_parquet, rows_of, runs_csv
from whether.store.finding import Finding
from whether.store.packed import wrong_name

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.bundle.archive import Bundle
    from whether.bundle.source import Source
    from whether.cover.sheet import Sheet

Follows = Callable[["Bundle", "Answer"], Iterator[Finding]]
COVER_FILE = f"{places.COVER}cover.json"
HAND_FILE = f"{places.COVER}hand.toml"
"""What the author said, from which the sheet was filled."""
_SHOWN = 3
_ENDS = ("actionStatus", "error", "result")
"""What of an action no version words otherwise."""
_RUN = ("arm", "replicate", "seed", "value", "outcome", "measure")
"""Columns that every table of runs has."""
_ASKED = ("name", "text", "kind", "source", "options", "seed", "open_test", "registration", "design")
_DECIDED = ("verdict", "grade", "runs")
"""Fields of a sheet of which another version says the same for machines, in whatever words for people.

The claims with their numbers stand on its axis.
"""


def _crate(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    """One action for each run, with the end that it had and the records that it left."""
    graph = bundle.told(places.CRATE)["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    if len(entities) != len(graph):
        yield _of(places.CRATE, "It says several things of one name.")
    found = {name: entity for name, entity in entities.items() if entity.get("@type") == "CreateAction"}
    records = bundle.store.records.listing()
    errors = {run.measure: _error(bundle, run.measure) for run in answer.table if run.outcome == FAILED}
    root, exact = entities["./"], same_code(bundle)
    wanted = {action["@id"]: action for action in crate.actions(answer, records, errors, root["mainEntity"]["@id"])}
    for name, action in wanted.items():
        if name not in found:
            yield _of(places.CRATE, f"The run of {action['name']} has no action: every run is to be accounted for.")
        elif different := [key for key in (action if exact else _ENDS) if found[name].get(key) != action.get(key)]:
            told = ", ".join(different)
            yield _of(places.CRATE, f"The action of {action['name']} says otherwise than its record: {told}.")
    for name in sorted(found.keys() - wanted.keys()):
        yield _of(places.CRATE, f"It has an action ({name[:40]}) for which the answer has no run.")
    mentioned = {item["@id"] for item in _many(root.get("mentions", []))}
    if not wanted.keys() <= mentioned:
        yield _of(places.CRATE, "Not every action is mentioned by the whole.")
    if exact and root.get("description") != crate.description(answer):
        yield _of(places.CRATE, "It says otherwise than the answer of the whole: description.")
    gone = [entity["@id"] for entity in graph if _is_file(entity) and not _stands(bundle, entity["@id"])]
    if gone:
        yield _of(places.CRATE, f"It names files that are not there: {', '.join(gone[:_SHOWN])}.")


def _results(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    wanted, exact = runs_csv(answer), same_code(bundle)
    beside = f"{places.LAB}answers/{answer.name}-{answer.digest[:8]}/runs.csv"
    for name in (places.RUNS_CSV, beside):
        if name == places.RUNS_CSV or _stands(bundle, name):
            told = bundle.read(name)
            same = told == wanted.encode("utf-8", "replace") or (
                not exact and _alike(_cells(told.decode()), _cells(wanted))
            )
            if not same:
                yield _of(name, "Its rows are not the runs of the answer.")
    rows = rows_of(answer)
    if not _alike(read_parquet(bundle.read(places.RUNS_PARQUET), len(rows)), rows):
        yield _of(places.RUNS_PARQUET, "Its rows are not the runs of the answer.")


def _cells(table: str) -> list[dict[str, Any]]:
    return [*DictReader(StringIO(table, newline=""))]


def _alike(rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether tables have the same rows, in the columns that both versions of Whether give them.

    Compared in writing: a number is then itself only, whatever kinds of numbers a file has.
    """
    if len(rows) != len(others):
        return False
    names = {*_RUN, *(name for row in rows[:1] for name in row if name in others[0])}
    pairs = zip(rows, others, strict=True)
    return all(repr(row.get(name)) == repr(other[name]) for row, other in pairs for name in names)


def _croissant(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    from whether.bundle.croissant import croissant

    told = bundle.told(places.CROISSANT)
    licence = str(told.get("license", ""))
    made = croissant(answer, bundle.read(places.RUNS_CSV), bundle.read(places.RUNS_PARQUET), licence=licence)
    again = json.loads(made)
    looked = {**told, **again} if same_code(bundle) else ("distribution",)
    if different := [key for key in looked if told.get(key) != again.get(key)]:
        yield _of(places.CROISSANT, f"It says otherwise than the tables: {', '.join(different)}.")


def _question(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    from whether.bundle import source

    told = bundle.question()
    said = _source(told, answer)
    again = source.told(answer, said, same_design=told.get("same_design"))
    looked = (*_ASKED, "command") if same_code(bundle) else _ASKED
    if different := [key for key in looked if told.get(key) != again[key]]:
        yield _of(places.QUESTION_FILE, f"It says otherwise than the answer: {', '.join(different)}.")
    listed = {places.QUESTION + str(name) for name in told["files"]} | {places.QUESTION_FILE}
    there = {name for name in bundle.files() if name.startswith(places.QUESTION)}
    for name in sorted(there - listed):
        yield _of(name, "question.json does not name it.")
    for name in sorted(listed - there):
        yield _of(name, "question.json names it, and it is not there.")


def _source(told: Mapping[str, Any], answer: Answer) -> Source:
    """Where the question comes from, as question.json says; what of it the answer knows is taken from there."""
    from whether.bundle.source import Kind, Source, called_within

    called = called_within(answer)
    is_file = called.partition(":")[0].endswith(".py")
    kind: Kind = "file" if is_file else "unknown" if told["kind"] == "unknown" else "catalogue"
    files = {str(name): Path(str(name)) for name in told["files"]}
    return Source(kind=kind, called=called, files=files, missing=tuple(map(str, told["missing"])))


def _readme(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    from whether.bundle.readme import readme

    if same_code(bundle):
        made = readme(answer, _source(bundle.question(), answer), states=bundle.about().get("states") is True)
        if bundle.read(places.README) != made.encode("utf-8", "replace"):
            yield _of(places.README, "It says otherwise than the answer.")


def _environment(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    told = answer.circumstances.get("environment")
    if not isinstance(told, Mapping):
        return  # of an older answer: none was recorded
    beside = f"{places.LAB}answers/{answer.name}-{answer.digest[:8]}/{LOCK_FILE}"
    for name in (places.ENVIRONMENT, beside):
        if hashlib.sha256(bundle.read(name)).hexdigest() != told.get("lock_sha256"):
            yield _of(name, "It is not the environment that the answer names.")


def _cover(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    """The sheet filled anew from the bundle, and its pages drawn anew."""
    from whether.cover.filled import fill
    from whether.cover.hand import Hand, read
    from whether.cover.render import render
    from whether.cover.sheet import Sheet

    if not any(name.startswith(places.COVER) for name in bundle.files()):
        return
    told = Sheet.from_json(bundle.read(COVER_FILE).decode())
    hand = Hand()
    if _stands(bundle, HAND_FILE):
        hand = read(bundle.read(HAND_FILE).decode(), "hand.toml", bundle.root / "cover")
    if any(wrong_name(path) for path in hand.reproductions):
        raise RequestError("It names reproductions outside the bundle.")
    for problem in unverified(told):
        yield _of(COVER_FILE, f"The sheet says of itself that it cannot be verified: {problem}")
    exact, again = same_code(bundle), fill(bundle.store, answer, hand)
    different = list(_different(told, again, exact=exact))
    yield from (_of(COVER_FILE, what) for what in different)
    for name, raw in render(told).items() if exact and not different else ():  # nobody else's words are drawn here
        if _stands(bundle, places.COVER + name) and bundle.read(places.COVER + name) != raw:
            yield _of(places.COVER + name, "It does not show what cover.json says.")


def unverified(sheet: Sheet) -> list[str]:
    """Why a sheet says of itself that it cannot be verified, in sentences; empty where it does not say so."""
    from whether.cover.sheet import CANNOT

    fields = (
        f"{name}: {said.note or 'no reason given'}" for name, said in sheet.fields.items() if said.state == CANNOT
    )
    return [*(sheet.problems or fields)]


def _different(told: Sheet, again: Sheet, *, exact: bool) -> Iterator[str]:
    """In which fields a sheet says otherwise than one that was filled now; compared as JSON, as one of them was."""
    a, b = (_known_here(json.loads(sheet.to_json())) for sheet in (told, again))
    if not exact:
        a, b = (_decided(sheet) for sheet in (a, b))
    same = operator.eq if exact else _agree
    fields = [name for name in {**a["fields"], **b["fields"]} if not same(a["fields"].get(name), b["fields"].get(name))]
    if fields:
        yield f"Filled anew from this bundle, it says otherwise of: {', '.join(fields)}."
    rest = [name for name in {**a, **b} if name != "fields" and not same(a.get(name), b.get(name))]
    if rest and not fields:
        yield f"Filled anew from this bundle, it says otherwise of: {', '.join(rest)}."


def _decided(sheet: dict[str, Any]) -> dict[str, Any]:
    """What of a sheet every version says alike, if perhaps beside other things."""
    told = {name: sheet["fields"].get(name) or {} for name in _DECIDED}
    fields = {name: {key: said.get(key) for key in ("state", "value")} for name, said in told.items()}
    return {"verdict": sheet["verdict"], "axis": sheet["axis"], "fields": fields}


def _agree(one: Any, other: Any) -> bool:
    """Whether two values are equal in all that both have."""
    match one, other:
        case dict(), dict():
            return all(_agree(one[name], other[name]) for name in one.keys() & other.keys())
        case list(), list():
            return len(one) == len(other) and all(map(_agree, one, other))
    return bool(one == other)


def _known_here(sheet: dict[str, Any]) -> dict[str, Any]:
    """A sheet without what only the lab knows: how much other answers to the question took beside this one."""
    said = sheet["fields"].get("compute")
    if said and isinstance(said["value"], dict):
        value = {name: one for name, one in said["value"].items() if name != "others"}
        sheet["fields"]["compute"] = {**said, "value": value, "text": ""}
    return sheet


FOLLOWS: Mapping[str, Follows] = {
    places.README: _readme,
    places.CRATE: _crate,
    places.RESULTS: _results,
    places.CROISSANT: _croissant,
    places.QUESTION_FILE: _question,
    places.ENVIRONMENT: _environment,
    COVER_FILE: _cover,
}
"""By the file that is at fault where nothing can be read."""


def same_code(bundle: Bundle) -> bool:
    """Whether the very Whether that is here wrote it: only then words and pages are compared."""
    from whether.bundle.source import own_code

    try:
        return bundle.about().get("code") == own_code()
    except DamageError:
        return False


def _of(place: str, what: str) -> Finding:
    return Finding(place, what, "")


def _error(bundle: Bundle, digest: str) -> str:
    return str(bundle.store.records.read(digest).get("error", ""))


def _stands(bundle: Bundle, name: str) -> bool:
    from urllib.parse import unquote

    plain = unquote(str(name))
    return not wrong_name(plain.rstrip("/")) and (bundle.root / plain).exists()


def _is_file(entity: Mapping[str, Any]) -> bool:
    return "File" in _many(entity.get("@type", []))


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
