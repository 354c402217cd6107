"""The fields of a cover sheet: one table (`fields.toml`), in the order of the page, of which everything else is made.

Forms, questions at the terminal, the schema and the exports to places of review all read it, so that a field is named,
explained and limited in one place only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Fill = Literal["auto", "half", "hand"]
Group = Literal["identity", "question", "verdict", "trust", "evidence", "use", "declarations", "reading"]

GROUPS: Mapping[Group, str] = {
    "identity": "What this is",
    "question": "The question",
    "verdict": "The answer",
    "trust": "How far to trust it",
    "evidence": "What it rests on",
    "use": "Using it",
    "declarations": "Declarations",
    "reading": "Where to start",
}
CATEGORIES: Mapping[str, str] = {
    "science": "Is it so?",
    "engineering": "Does it work better?",
    "artifact": "Can others use it?",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field.

    Attributes:
        label: as it stands on the sheet.
        fill: "auto": by the tool; "half": drafted by it, confirmed by the author; "hand": by the author.
        ask: what a person is asked for it, a sentence; for automatic fields it is asked of work done elsewhere only.
        example: what a good entry looks like.
        most: characters that a page has room for.
        categories: those whose sheets have it; empty for all.
        needed: whether a sheet without it is incomplete, where a person fills it.
        names_authors: whether it is hidden from reviewers who must not know the authors.
        before: whether it is known before the result is, so that it is shown while the verdict is covered.
        many: whether it is a list, one item a line; at most `items`.
    """

    label: str
    group: Group
    fill: Fill
    ask: str
    example: str
    most: int = 300
    categories: tuple[str, ...] = ()
    needed: bool = False
    names_authors: bool = False
    before: bool = False
    many: bool = False
    items: int = 6


def _read() -> dict[str, Field]:
    from importlib.resources import files

    told = tomllib.loads(files("whether.cover").joinpath("fields.toml").read_text(encoding="utf-8"))
    return {name: Field(**{**said, "categories": tuple(said.get("categories", ()))}) for name, said in told.items()}


FIELDS: Mapping[str, Field] = _read()
"""Every field by its name, in the order of the page."""


def for_chairs(names: Iterable[str]) -> str:
    """What is said where fields are named to reviewers who may not see all of them; nothing where they may.

    Example:
        >>> for_chairs(["ethics", "funding"])
        'Where the authors are hidden from you, the chairs see to this: Funding.'
    """
    hidden = [FIELDS[name].label for name in names if FIELDS[name].names_authors]
    return f"Where the authors are hidden from you, the chairs see to this: {', '.join(hidden)}." if hidden else ""


def fields_of(category: str) -> dict[str, Field]:
    """The fields that a sheet of a category has, in the order of the page.

    Raises:
        RequestError: there is no such category.

    Example:
        >>> "adoption" in fields_of("engineering"), "adoption" in fields_of("science")
        (True, False)
    """
    from whether.errors import unknown

    if category not in CATEGORIES:
        raise unknown("category", category, CATEGORIES, "It says by which criteria a sheet is read.")
    return {name: item for name, item in FIELDS.items() if not item.categories or category in item.categories}
