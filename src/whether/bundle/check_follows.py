"""What of a bundle follows from its answer: made anew, and compared with what stands there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whether.answer import FAILED
from whether.bundle import crate, places
from whether.bundle.table import read_parquet, rows_of
from whether.errors import RequestError
from whether.provenance import LOCK_FILE
from whether.store.finding import Finding
from whether.store.packed import wrong_name

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.bundle.archive import Bundle
    from whether.cover.sheet import Sheet

Follows = Callable[["Bundle", "Answer"], Iterator[Finding]]
COVER_FILE = f"{places.COVER}cover.json"
HAND_FILE = f"{places.COVER}hand.toml"
"""What the author said, from which the sheet was filled."""
_SHOWN = 3


def _crate(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    """One action for each run, with the end that it had and the records that it left."""
    graph = bundle.told(places.CRATE)["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    if len(entities) != len(graph):
        yield _of(places.CRATE, "It says several things of one name.")
    found = {name: entity for name, entity in entities.items() if entity.get("@type") == "CreateAction"}
    records = bundle.store.records.listing()
    errors = {run.measure: _error(bundle, run.measure) for run in answer.table if run.outcome == FAILED}
    main = entities["./"]["mainEntity"]["@id"]
    wanted = {action["@id"]: action for action in crate.actions(answer, records, errors, main)}
    for name, action in wanted.items():
        if name not in found:
            yield _of(places.CRATE, f"The run of {action['name']} has no action: every run is to be accounted for.")
        elif different := [key for key in action if found[name].get(key) != action[key]]:
            told = ", ".join(different)
            yield _of(places.CRATE, f"The action of {action['name']} says otherwise than its record: {told}.")
    for name in sorted(found.keys() - wanted.keys()):
        yield _of(places.CRATE, f"It has an action ({name[:40]}) for which the answer has no run.")
    mentioned = {item["@id"] for item in _many(entities["./"].get("mentions", []))}
    if not wanted.keys() <= mentioned:
        yield _of(places.CRATE, "Not every action is mentioned by the whole.")
    gone = [entity["@id"] for entity in graph if _is_file(entity) and not _stands(bundle, entity["@id"])]
    if gone:
        yield _of(places.CRATE, f"It names files that are not there: {', '.join(gone[:_SHOWN])}.")


def _results(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    from whether.report.write import runs_csv

    csv = runs_csv(answer).encode("utf-8", "replace")
    beside = f"{places.LAB}answers/{answer.name}-{answer.digest[:8]}/runs.csv"
    for name in (places.RUNS_CSV, beside):
        if (name == places.RUNS_CSV or _stands(bundle, name)) and bundle.read(name) != csv:
            yield _of(name, "Its rows are not the runs of the answer.")
    if [*map(_row, read_parquet(bundle.read(places.RUNS_PARQUET)))] != [*map(_row, rows_of(answer))]:
        yield _of(places.RUNS_PARQUET, "Its rows are not the runs of the answer.")


def _croissant(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    from whether.bundle.croissant import croissant

    licence = str(bundle.told(places.CROISSANT).get("license", ""))
    made = croissant(answer, bundle.read(places.RUNS_CSV), bundle.read(places.RUNS_PARQUET), licence=licence)
    told, again = bundle.told(places.CROISSANT), json.loads(made)
    if different := [key for key in {**told, **again} if told.get(key) != again.get(key)]:
        yield _of(places.CROISSANT, f"It says otherwise than the tables: {', '.join(different)}.")


def _question(bundle: Bundle, answer: Answer) -> Iterator[Finding]:
    told = bundle.question()
    wanted = {
        "name": answer.name,
        "text": answer.text,
        "options": dict(answer.options),
        "seed": answer.seed,
        "open_test": answer.split == "test",
        "registration": answer.study.get("registration"),
        "design": answer.digest,
    }
    if different := [key for key, value in wanted.items() if told.get(key) != value]:
        yield _of(places.QUESTION_FILE, f"It says otherwise than the answer: {', '.join(different)}.")
    listed = {places.QUESTION + str(name) for name in told["files"]} | {places.QUESTION_FILE}
    there = {name for name in bundle.files() if name.startswith(places.QUESTION)}
    for name in sorted(there - listed):
        yield _of(name, "question.json does not name it.")
    for name in sorted(listed - there):
        yield _of(name, "question.json names it, and it is not there.")


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
    from whether.bundle.source import own_code
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
    again = fill(bundle.store, answer, hand)
    yield from (_of(COVER_FILE, what) for what in _different(told, again))
    if bundle.about().get("code") == own_code():  # another version may draw it otherwise
        for name, raw in render(told).items():
            if _stands(bundle, places.COVER + name) and bundle.read(places.COVER + name) != raw:
                yield _of(places.COVER + name, "It does not show what cover.json says.")


def _different(told: Sheet, again: Sheet) -> Iterator[str]:
    """In which fields a sheet says otherwise than one that was filled now; compared as JSON, as one of them was."""
    a, b = (_known_here(json.loads(sheet.to_json())) for sheet in (told, again))
    fields = [name for name in {**a["fields"], **b["fields"]} if a["fields"].get(name) != b["fields"].get(name)]
    if fields:
        yield f"Filled anew from this bundle, it says otherwise of: {', '.join(fields)}."
    rest = [name for name in {**a, **b} if name != "fields" and a.get(name) != b.get(name)]
    if rest and not fields:
        yield f"Filled anew from this bundle, it says otherwise of: {', '.join(rest)}."


def _known_here(sheet: dict[str, Any]) -> dict[str, Any]:
    """A sheet without what only the lab knows: how much other answers to the question took beside this one."""
    said = sheet["fields"].get("compute")
    if said and isinstance(said["value"], dict):
        value = {name: one for name, one in said["value"].items() if name != "others"}
        sheet["fields"]["compute"] = {**said, "value": value, "text": ""}
    return sheet


FOLLOWS: Mapping[str, Follows] = {
    places.CRATE: _crate,
    places.RESULTS: _results,
    places.CROISSANT: _croissant,
    places.QUESTION_FILE: _question,
    places.ENVIRONMENT: _environment,
    COVER_FILE: _cover,
}
"""By the file that is at fault where nothing can be read."""


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


def _row(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A row in writing: a number is then itself only, whatever kinds of numbers the file has."""
    return [(name, repr(value)) for name, value in row.items()]
