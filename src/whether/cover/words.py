"""What somebody writes in one field of a sheet: read strictly, and written as TOML.

title = "Winning tickets on handwritten digits"
authors = ["Ada Example", "Bob Example"]
start = { text = "result: Figure 2", pointer = "paper.pdf" }
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whether.cover.fields import CATEGORIES, FIELDS, Field
from whether.errors import RequestError, unknown
from whether.handwritten import nearest, quoted, shown
from whether.report.numbers import clean, plural

MOST_POINTER = 200
"""Characters of a pointer."""


NOT_KNOWN = "not stated"
"""What is written in a field that is needed, where nobody can say."""

SHAPES: Mapping[str, tuple[str, str]] = {
    "contact": (
        r"[^ @]+@[^ @]+[.][^ @]+|https?://[^ ]+|(^|[ <(])[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z]{2,}",
        "expected an address of mail or of a page on the web, such as ada@example.org",
    ),
    "doi": (
        r"^(doi: ?)?10[.][0-9]{4,9}/[^ ]+$|^[a-z][a-z0-9+.-]*:[^ ]+$",
        "expected a DOI or another lasting address, such as 10.5281/zenodo.1234567",
    ),
    "date": (
        r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        "expected a year, year-month or year-month-day, such as 2026-11-25",
    ),
}
"""What some fields look like, whatever else stands in them, and what is said if not; forms in browsers read it, too."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody says in one field: lines are items of a list; `pointer` is where a reader can look."""

    text: str
    pointer: str = ""


def words_of(key: str, value: Any) -> Words:
    """What is said in one field, checked; empty where nothing is.

    Args:
        key: of the field.
        value: a text, a list of texts, a date, or {"text": either, "pointer": a text}.

    Raises:
        RequestError: with all that is wrong with it.

    Example:
        >>> words_of("authors", {"text": ["Ada Example", " "], "pointer": "paper.pdf"})
        Words(text='Ada Example', pointer='paper.pdf')
    """
    lines, pointer = _parts(key, value)
    if wrong := [*_too_much(key, lines, pointer), *_no_category(key, lines), *_misshapen(key, lines)]:
        raise RequestError(*wrong)
    return Words(text="\n".join(lines), pointer=pointer)


def annex_of(text: str) -> str | None:
    """The category with which an annex's text begins; None where it begins with none.

    Example:
        >>> annex_of("artifact: the code of the pruning library")
        'artifact'
    """
    word = text.partition(":")[0].strip().lower()
    return word if word in CATEGORIES else None


def in_toml(item: Field, words: Words | None) -> str:
    """What stands behind the sign of equality.

    Example:
        >>> in_toml(FIELDS["authors"], Words(text="Ada", pointer="paper.pdf")), in_toml(FIELDS["title"], None)
        ('{ text = ["Ada"], pointer = "paper.pdf" }', '""')
    """
    text = words.text if words is not None else ""
    value = list_in_toml(text.split("\n") if text else []) if item.many else quoted(text)
    pointer = words.pointer if words is not None else ""
    return f"{{ text = {value}, pointer = {quoted(pointer)} }}" if pointer else value


def list_in_toml(texts: Sequence[str]) -> str:
    """A list of texts."""
    return f"[{', '.join(map(quoted, texts))}]"


def _parts(key: str, value: Any) -> tuple[list[str], str]:
    """The lines that say something, and the pointer."""
    told = value if isinstance(value, Mapping) else {"text": value}
    if strange := [name for name in told if name not in ("text", "pointer")]:
        raise RequestError(*(f"{key}.{shown(name)} is unknown{nearest(name, ('text', 'pointer'))}" for name in strange))
    text, pointer = told.get("text", ""), told.get("pointer", "")
    if isinstance(text, datetime.datetime):
        text = text.date()
    if isinstance(text, datetime.date):
        text = text.isoformat()
    texts = text if isinstance(text, list) else [text]
    if not all(isinstance(one, str) for one in (*texts, pointer)):
        raise RequestError(
            f'{key} is {shown(value)}; expected a text, {key} = "…", a list of texts, or '
            f'{key} = {{ text = "…", pointer = "…" }}.'
        )
    return [line for line in map(clean, texts) if line], clean(pointer)


def _too_much(key: str, lines: Sequence[str], pointer: str) -> list[str]:
    item, length = FIELDS[key], len("\n".join(lines))
    wrong = []
    if length > item.most:
        wrong.append(f"{key} has {length:,} characters; the page has room for {item.most}.")
    if item.many and len(lines) > item.items:
        wrong.append(f"{key} has {plural(len(lines), 'item')}; expected at most {item.items}.")
    if not item.many and len(lines) > 1:
        wrong.append(f"{key} is a list of {len(lines)}; expected one text.")
    if len(pointer) > MOST_POINTER:
        wrong.append(f"the pointer of {key} has {len(pointer):,} characters; expected at most {MOST_POINTER}.")
    return wrong


def _no_category(key: str, lines: Sequence[str]) -> Sequence[str]:
    if key == "category" and lines and lines[0] not in CATEGORIES:
        return unknown("category", shown(lines[0]), CATEGORIES, "It says by which criteria a sheet is read.").problems
    if key == "annex" and lines and annex_of(lines[0]) is None:
        began, kinds = shown(lines[0].partition(":")[0]), ", ".join(CATEGORIES)
        return [f"annex begins with '{began}'; expected a category ({kinds}), as in {FIELDS['annex'].example!r}."]
    return []


def _misshapen(key: str, lines: Sequence[str]) -> list[str]:
    text = lines[0] if len(lines) == 1 else ""
    if key not in SHAPES or not text or text.lower() == NOT_KNOWN or len(text) > FIELDS[key].most:
        return []
    pattern, wanted = SHAPES[key]
    if re.search(pattern, text, re.IGNORECASE) and (key != "date" or _is_day(text)):
        return []
    return [f"{key} is '{shown(text)}'; {wanted}."]


def _is_day(text: str) -> bool:
    """Whether a date of the right shape stands in the calendar."""
    try:
        datetime.date.fromisoformat(text if len(text) == 10 else f"{text[:4]}-01-01")
    except ValueError:
        return False
    return True
