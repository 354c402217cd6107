"""What a place of review asks of a sheet, beside the title, the authors and the abstract that every place asks anyway.

The same for all places: which fields, of which categories, how long, what stays covered until the design is reviewed,
and how one field reads as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from whether.cover.fields import CATEGORIES, FIELDS, Field, for_chairs
from whether.cover.sheet import CANNOT, NOT_STATED, Said, Sheet
from whether.errors import unknown

if TYPE_CHECKING:
    from whether.criteria.form import Criterion

COVERED = tuple(name for name, item in FIELDS.items() if not item.before and item.group != "identity")
"""What may tell how it came out: hidden from reviewers whose form judges the design before the verdict."""

UPLOADS: Mapping[str, tuple[str, str, str]] = {
    "cover_json": ("Sheet as JSON", "json", "cover.json, as `whether cover` writes it."),
    "cover_pdf": ("Sheet as PDF", "pdf", "The cover sheet as one page, as `whether cover` writes it."),
}
"""Files of a sheet by name: label, extension, what to upload. They tell the verdict, and the authors: both hidden."""

_PLACE_ASKS = ("title", "authors")
_BARE = ("category", "annex", "contact", "identifier", "version", "date", "digest", "doi")
_SAYS_MORE = 240
"""Characters kept free for the state of a field and its pointer."""


def checked_categories(categories: Iterable[str]) -> tuple[str, ...]:
    """Categories, each once and in the order of the forms; all of them when none is named.

    Raises:
        RequestError: there is no such category.

    Example:
        >>> checked_categories(["artifact", "science", "science"])
        ('science', 'artifact')
    """
    wanted = [word.strip() for word in categories]
    for word in wanted:
        if word not in CATEGORIES:
            raise unknown("category", word, CATEGORIES, "Several are separated by commas.")
    return tuple(name for name in CATEGORIES if name in wanted or not wanted)


def asked_fields(categories: Sequence[str]) -> dict[str, Field]:
    """The fields to ask for, in the order of the page: those that a sheet of any of the categories has."""
    return {
        name: item
        for name, item in FIELDS.items()
        if name not in _PLACE_ASKS and (not item.categories or set(item.categories) & set(categories))
    }


def only_of(item: Field, categories: Sequence[str]) -> tuple[str, ...]:
    """The categories that have a field, of those that a venue has; empty when all of them have it.

    Example:
        >>> only_of(FIELDS["adoption"], ["science", "engineering"])
        ('engineering',)
    """
    having = tuple(name for name in categories if not item.categories or name in item.categories)
    return () if len(having) == len(categories) else having


def looking(one: Criterion) -> str:
    """Which fields of the sheet speak of a criterion, as a sentence after what it asks; empty where none does."""
    labels = ", ".join(FIELDS[name].label for name in one.look)
    chairs = for_chairs(one.look)
    return f" On the sheet: {labels}.{f' {chairs}' if chairs else ''}" if labels else ""


def room(name: str) -> int:
    """Characters that a place takes of a field: what the page has room for, its state and where to look beside it.

    What the tool fills may be longer than a hand would write.

    Example:
        >>> room("digest")
        128
    """
    item = FIELDS[name]
    most = item.most if item.fill == "hand" else 2 * item.most
    return most if name in _BARE else most + _SAYS_MORE


def text_of(sheet: Sheet, name: str) -> str:
    """How a field reads where there is no page: its text, then how far it is known and where to look.

    Empty where nothing is said.

    Example:
        >>> said = {"code": Said(state="declared", text="github.com/ada/tickets at 1a2b3c4", pointer="paper.pdf, p. 9")}
        >>> print(text_of(Sheet(category="science", fields=said), "code"))
        github.com/ada/tickets at 1a2b3c4
        [declared: paper.pdf, p. 9]
    """
    if name == "category" or (name == "annex" and sheet.annex):
        return sheet.category if name == "category" else str(sheet.annex)
    said = sheet.fields.get(name) or Said(state=NOT_STATED)
    if said.state == NOT_STATED:
        return ""
    if name in _BARE:
        return " ".join(said.text.split())
    text = "" if said.state == CANNOT else said.text.strip()
    if name == "verdict" and sheet.verdict and text and not text.lower().startswith(sheet.verdict):
        text = f"{sheet.verdict}: {text}"
    where = said.note if said.state == CANNOT else said.pointer
    return f"{text}\n[{said.state}{': ' if where else ''}{where}]".strip()


def too_long(sheet: Sheet) -> list[str]:
    """What no place would take as it stands, in sentences; empty when everything fits."""
    lengths = {name: len(text_of(sheet, name)) for name in asked_fields([sheet.category])}
    return [
        f"{FIELDS[name].label} has {length:,} characters; the form takes {room(name):,}: shorten `{name}`"
        for name, length in lengths.items()
        if length > room(name)
    ]
