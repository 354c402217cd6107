"""Cover sheets for work that was not done in this lab, from a file that its author fills in.

    category = "science"
    source = "https://arxiv.org/abs/1803.03635"    # where everything stands that names no place of its own
    title = "The Lottery Ticket Hypothesis"
    runs = { text = "five of each", pointer = "section 2" }

    [[claim]]
    said = "…"
    kind = "not_worse"

What is said with a place to look is "declared", never "verified": nothing is computed anew, except that a verdict must
follow from the interval that is given for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from whether.cover.fields import FIELDS, fields_of
from whether.cover.form import own_word
from whether.cover.reading import sheet_of
from whether.cover.sheet import DECLARED, NOT_STATED, AxisRow, Said, Sheet
from whether.cover.words import MOST_POINTER, NOT_KNOWN, Words, annex_of, words_of
from whether.errors import RequestError, gather
from whether.handwritten import nearest, shown, toml_or_json
from whether.report.numbers import clean
from whether.stats.verdict import VERDICTS

_WORD = re.compile(rf"({'|'.join(VERDICTS)})(?=$|[\s:;,.–—])", re.IGNORECASE)
_BESIDE = ("source", "claim")
"""What a file has beside its fields."""


def read(text: str, name: str) -> Sheet:
    """Read the sheet of work done elsewhere.

    Args:
        text: TOML, the JSON that the form saves, or a cover.json (`reading.read_sheet`).
        name: of the file; what only its author can say points there, unless a place is named.

    Raises:
        RequestError: with everything that is wrong in it.
    """
    told = toml_or_json(text, name)
    if isinstance(told.get("fields"), dict):
        return sheet_of(told, name)
    if isinstance(told.get("answer"), str):
        raise RequestError(
            f"{name}: it is what authors say of the answer {shown(told['answer'])}, which has a sheet of its own: "
            f"whether cover {shown(told['answer'])[:-9]}"
        )
    try:
        return _sheet(told, name)
    except RequestError as error:
        raise RequestError(*(f"{name}: {problem}" for problem in error.problems)) from None


def _sheet(told: Mapping[str, Any], name: str) -> Sheet:
    from whether.cover.claims import check_together, claims_of

    words: dict[str, Words] = {}
    fields: dict[str, Said] = {}
    rows: list[AxisRow] = []

    def take(key: str) -> None:
        words[key] = words_of(key, told[key])

    def place(key: str) -> None:
        fields[key] = _said(key, words.get(key, Words(text="")), clean(str(told.get("source", ""))), name)

    gather(
        lambda: _check_names(told),
        *(partial(take, key) for key in told if key in FIELDS),
        # From here on what could be read is looked at, though something else was wrong.
        lambda: _check_fields(told, words),
        lambda: gather(*(partial(place, key) for key in fields_of(_category(words)))),
        lambda: rows.extend(claims_of(told.get("claim", []))),
        lambda: _verdict(words),
    )
    verdict = _verdict(words)
    check_together(verdict, rows)
    annex = annex_of(fields["annex"].text)
    category = _category(words)
    return Sheet(category=category, annex=annex, verdict=verdict, fields=fields, axis=rows, made_by="by hand")


def _category(words: Mapping[str, Words]) -> str:
    """The category; science where it is wrong or missing, so that the rest can be looked at all the same."""
    return words["category"].text if "category" in words and words["category"].text else "science"


def _check_names(told: Mapping[str, Any]) -> None:
    known = [*FIELDS, *_BESIDE]
    wrong = [f"{shown(key)} is unknown{nearest(key, known)}" for key in told if key not in known]
    source = told.get("source", "")
    if not isinstance(source, str) or len(source) > MOST_POINTER:
        got = f"has {len(source):,} characters" if isinstance(source, str) else f"is {shown(source)}"
        wrong.append(f"source {got}; expected one address, at most {MOST_POINTER} characters.")
    if wrong:
        raise RequestError(*wrong)


def _check_fields(told: Mapping[str, Any], words: Mapping[str, Words]) -> None:
    """No field is missing, and none is of another category."""
    category = _category(words)
    known = fields_of(category)
    wrong = [
        f"{key} stands on sheets of category {' or '.join(FIELDS[key].categories)} only; "
        f"this one is of category {category}."
        for key, one in words.items()
        if key not in known and one.text
    ]
    # What is wrong is not missing, too.
    empty = {key for key in known if key not in told or (key in words and not words[key].text)}
    missing = [key for key, item in known.items() if item.needed and key in empty]
    if missing:
        wrong.insert(0, f'missing: {", ".join(missing)}. Where nobody can say, write "{NOT_KNOWN}".')
    if wrong:
        raise RequestError(*wrong)


def _said(key: str, words: Words, source: str, name: str) -> Said:
    if not words.text or words.text.lower() == NOT_KNOWN:
        return Said(state=NOT_STATED)
    pointer = _pointer(key, words.pointer, source, name)
    if not pointer:
        raise RequestError(
            f"{key} is declared without a place to look; expected {key} = {{ text = …, pointer = "
            '"section 3" }, or an address for all: source = "https://…".'
        )
    return Said(state=DECLARED, text=words.text, pointer=pointer)


def _pointer(key: str, own: str, source: str, name: str) -> str:
    """Where to look: in the source, at a place of its own; what only the author can say, in this file."""
    if own and source and not own.startswith(("http://", "https://", source)):
        return f"{source}, {own}"
    return own or source or (clean(name) if own_word(FIELDS[key]) else "")


def _verdict(words: Mapping[str, Words]) -> str:
    """The word that the verdict begins with."""
    text = words["verdict"].text if "verdict" in words and "verdict" in fields_of(_category(words)) else ""
    if not text or text.lower() == NOT_KNOWN:
        return ""
    found = _WORD.match(text)
    if found is None:
        raise RequestError(
            f"verdict begins with '{shown(text.split()[0])}'; expected yes, no or inconclusive, then what it means."
        )
    return found[0].lower()
