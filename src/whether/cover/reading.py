"""A cover.json read in: a Sheet by its authors' word, since nothing of it is computed anew here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from whether.cover.fields import CATEGORIES, FIELDS, fields_of
from whether.cover.sheet import CANNOT, DECLARED, FORMAT, NOT_STATED, VERIFIED, Said, Sheet, State
from whether.errors import RequestError, gather, unknown
from whether.handwritten import json_of, shown
from whether.report.numbers import clean
from whether.stats.verdict import VERDICTS

_MAKE_ONE = "`whether cover NAME` writes one."
_PARTS = ("state", "text", "pointer", "note", "value")


def read_sheet(text: str, name: str) -> Sheet:
    """A sheet from the text of a cover.json.

    Args:
        text: JSON.
        name: of the file; what was verified where it was made points there, unless a place is named.

    Returns:
        Everything that was verified is declared; fields that the file lacks are not stated.

    Raises:
        RequestError: it is no cover sheet: everything that is wrong with it.
    """
    try:
        told = json_of(text, name)
    except RequestError as error:
        raise RequestError(f"{error} Expected a cover sheet, cover.json; {_MAKE_ONE}") from None
    if not isinstance(told, dict) or not isinstance(told.get("fields"), dict):
        raise RequestError(f"{name} is no cover sheet: it has no table of fields. {_MAKE_ONE}")
    return sheet_of(told, name)


def sheet_of(told: Mapping[str, Any], name: str) -> Sheet:
    """The same from plain values that have a table of fields."""
    from whether.cover.claims import rows_of

    if told.get("format") != FORMAT:
        got = shown(repr(told.get("format")))
        raise RequestError(f"{name} has format {got}; this version of whether reads format {FORMAT}.")
    category = told.get("category")
    if not isinstance(category, str) or category not in CATEGORIES:
        raise unknown("category", shown(category), CATEGORIES, f"It stands in {name}.")
    known = fields_of(category)
    try:
        gather(
            *(partial(_check_field, key, said, known) for key, said in told["fields"].items()),
            lambda: rows_of(told.get("axis", "missing")),
            lambda: _check_rest(told),
        )
    except RequestError as error:
        raise RequestError(*(f"{name}: {problem}" for problem in error.problems)) from None
    return Sheet(
        category=category,
        annex=told.get("annex"),
        verdict=told.get("verdict", "") if "verdict" in known else "",
        fields={key: _declared(told["fields"].get(key, {"state": NOT_STATED}), name) for key in known},
        axis=rows_of(told.get("axis")),
        made_by="by hand",
        problems=[clean(problem) for problem in told.get("problems", ())],
    )


def _check_field(key: str, said: Any, known: Mapping[str, object]) -> None:
    """A field says what its state needs, as the schema has it."""
    where = f"fields.{shown(key)}"
    if key not in FIELDS:
        raise unknown("field", shown(key), FIELDS)
    if key not in known:
        raise RequestError(f"{where} stands on sheets of category {' or '.join(FIELDS[key].categories)} only.")
    if not isinstance(said, dict):
        raise RequestError(f"{where} is {type(said).__name__}; expected a table with state and text.")
    wrong = [f"{where}.{shown(part)} is unknown; expected {', '.join(_PARTS)}." for part in said if part not in _PARTS]
    wrong += [f"{where}.{part} is no text." for part in _PARTS[1:4] if not isinstance(said.get(part, ""), str)]
    state, states = str(said.get("state")), get_args(State)
    if state not in states:
        wrong.append(f"{where}.state is '{shown(state)}'; expected {', '.join(states)}.")
    if wrong:
        raise RequestError(*wrong)
    needs: Mapping[str, Sequence[str]] = {VERIFIED: ("text",), DECLARED: ("text", "pointer"), CANNOT: ("note",)}
    wrong = [f"{where} is {state}, but its {part} is empty." for part in needs.get(state, ()) if not _part(said, part)]
    if state == NOT_STATED and _part(said, "text"):
        wrong.append(f"{where} is {state}, but has a text.")
    if wrong:
        raise RequestError(*wrong)


def _check_rest(told: Mapping[str, Any]) -> None:
    wrong = []
    for name, words in (("verdict", (*VERDICTS, "")), ("annex", (*CATEGORIES, None))):
        if name in told and told[name] not in words:
            wrong.append(f"{name} is '{shown(told[name])}'; expected {', '.join(filter(None, words))}, or nothing.")
    problems = told.get("problems", [])
    if not isinstance(problems, list) or not all(isinstance(one, str) for one in problems):
        wrong.append("problems is no list of texts.")
    if wrong:
        raise RequestError(*wrong)


def _declared(said: Mapping[str, Any], name: str) -> Said:
    made = Said(
        state=said["state"],
        text=_part(said, "text"),
        pointer=_part(said, "pointer"),
        note=_part(said, "note"),
        value=said.get("value"),
    )
    if made.state != VERIFIED:
        return made
    return Said(state=DECLARED, text=made.text, pointer=made.pointer or clean(name), value=made.value)


def _part(said: Mapping[str, Any], part: str) -> str:
    """A text without signs that no document may hold, line by line."""
    return "\n".join(filter(None, map(clean, said.get(part, "").splitlines())))
