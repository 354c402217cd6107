"""A sheet from `cover.json`, as somebody hands it in: a Sheet, or what is wrong with the file."""

from __future__ import annotations

import json
from typing import Any, get_args

from whether.cover.fields import CATEGORIES, FIELDS
from whether.cover.sheet import FORMAT, Sheet, State
from whether.errors import RequestError, unknown

_MAKE_ONE = "`whether cover NAME` writes one."


def read_sheet(text: str, shown: str) -> Sheet:
    """A sheet from the text of its file.

    Args:
        text: of `cover.json`.
        shown: how its user calls the file, for messages.

    Raises:
        RequestError: it is no cover sheet: where, what was got, what would be right.
    """
    try:
        told = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise RequestError(f"{shown} is not JSON{where}; expected a cover sheet, cover.json. {_MAKE_ONE}") from None
    if not isinstance(told, dict) or not isinstance(told.get("fields"), dict):
        raise RequestError(f"{shown} is no cover sheet: it has no table of fields. {_MAKE_ONE}")
    if told.get("format") != FORMAT:
        raise RequestError(f"{shown} has format {told.get('format')!r}; this version of whether reads format {FORMAT}.")
    if told.get("category") not in CATEGORIES:
        raise unknown("category", told.get("category"), CATEGORIES, f"It stands in {shown}.")
    problems = [problem for name, said in told["fields"].items() for problem in _wrong(name, said)]
    if problems:
        raise RequestError(*(f"{shown}: {problem}" for problem in problems))
    try:
        return Sheet.from_json(text)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise RequestError(f"{shown} is no cover sheet: {error}. {_MAKE_ONE}") from None


def _wrong(name: str, said: Any) -> list[str]:
    if name not in FIELDS:
        return list(unknown("field", name, FIELDS).problems)
    if not isinstance(said, dict):
        return [f"fields.{name} is {type(said).__name__}; expected a table with state and text"]
    state, words = said.get("state"), ("text", "pointer", "note")
    wrong = [f"fields.{name}.{word} is no text" for word in words if not isinstance(said.get(word, ""), str)]
    known = get_args(State)
    return wrong if state in known else [f"fields.{name}.state is {state!r}; expected {', '.join(known)}", *wrong]
