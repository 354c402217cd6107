"""What an author is still asked for a sheet, and what a typed line says.

Pure: the command line puts the questions and keeps what is said in the author's file (`hand.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from whether.cover.fields import FIELDS, GROUPS, Field
from whether.cover.hand import BY_HAND, Hand, grown, said_by_hand, with_questions, write
from whether.cover.questions import CONFIRMED
from whether.cover.sheet import CANNOT, NOT_STATED, Sheet
from whether.cover.words import Words

SKIP = "-"
"""What is typed to leave a drafted field as it is, neither confirmed nor added to."""
BACK = "<"
"""What is typed to go back to the question before."""
_BETWEEN = re.compile(r"\s*[,;&]\s*(?:and\s+)?|\s+and\s+")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One field to ask for.

    Attributes:
        name: of the field.
        draft: what the evidence says of it; empty where it says nothing.
    """

    name: str
    draft: str = ""

    @property
    def field(self) -> Field:
        """The field's own line in the table."""
        return FIELDS[self.name]

    @property
    def head(self) -> str:
        """Its label and group."""
        return f"{self.field.label} ({GROUPS[self.field.group].lower()})"

    @property
    def question(self) -> str:
        """What the author is asked."""
        many = f" A list of at most {self.field.items}, one a line; an empty line ends it." if self.field.many else ""
        return f"{self.field.ask}{many} At most {self.field.most} characters."


def to_ask(sheet: Sheet, hand: Hand) -> list[Ask]:
    """The fields that people fill and of which the author has said nothing, in the order of the page.

    A drafted field whose evidence is damaged is not asked for: there is nothing in it to confirm.
    """
    found = []
    for name, said in sheet.fields.items():
        if name not in BY_HAND or name in hand.said or said.state == CANNOT:
            continue
        if BY_HAND[name].fill == "half":
            found.append(Ask(name=name, draft=said.text))
        elif said.state == NOT_STATED:
            found.append(Ask(name=name))
    return found


def taken(ask: Ask, lines: Sequence[str]) -> Words | None:
    """What typed lines say in a field; None for nothing.

    Raises:
        RequestError: with what is wrong with them.
    """
    given = [line for line in lines if line.strip()]
    if not given:
        return Words(text=CONFIRMED) if ask.draft else None
    if given == [SKIP]:
        return None
    return said_by_hand(ask.name, given if ask.field.many or len(given) > 1 else given[0])


def drafts_of(sheet: Sheet) -> dict[str, str]:
    """What a sheet without an author's words says in the fields that an author confirms or adds to."""
    return {name: said.text for name, said in sheet.fields.items() if name in BY_HAND and said.text}


def kept(text: str | None, hand: Hand, more: Mapping[str, Words], drafts: Mapping[str, str]) -> str:
    """The author's file with what was said now.

    Args:
        text: the file as it is; None where there is none.
        hand: what it says.
        more: what was said now.
        drafts: from `drafts_of`.
    """
    if text is None:
        return write(hand.saying(more), drafts=drafts)
    return grown(text, hand, more, drafts)


def blank(text: str | None, hand: Hand, sheet: Sheet) -> str:
    """The author's file with the questions of all fields that are not in it yet.

    Args:
        text, hand: as `kept` takes them.
        sheet: of the answer, without the author's words; it says which fields there are, and their drafts.
    """
    names = [name for name in BY_HAND if name in sheet.fields]
    if text is None:
        return write(hand, drafts=drafts_of(sheet), names=names)
    return with_questions(text, hand, names, drafts_of(sheet))


def names_in(lines: Sequence[str]) -> list[str]:
    """The names in what was typed, where somebody wrote several on a line.

    Example:
        >>> names_in(["Ada Example, Bob Else and C. Candor"]), names_in(["Ada Example"])
        (['Ada Example', 'Bob Else', 'C. Candor'], ['Ada Example'])
    """
    parts = (part.strip() for line in lines for part in _BETWEEN.split(line))
    return [part for part in parts if part]


def ask_all(
    asks: Sequence[Ask],
    put: Callable[[Ask, Sequence[str]], list[str]],
    keep: Callable[[str, Words], None],
    refuse: Callable[[str], None],
) -> None:
    """Put the questions one by one; one that is answered wrongly is put again, `BACK` puts the one before again.

    Args:
        asks: from `to_ask`.
        put: shows a question, with the lines that were typed before, if any, and gives those that are typed now.
        keep: is handed what was said, field by field, so that nothing is lost when the rest is not answered.
        refuse: is told what is wrong.
    """
    from whether.errors import RequestError

    typed: dict[str, list[str]] = {}
    place = 0
    while place < len(asks):
        ask = asks[place]
        lines = put(ask, typed.get(ask.name, ()))
        if any(line.strip() == BACK for line in lines):
            place = max(0, place - 1)
            continue
        typed[ask.name] = [line for line in lines if line.strip()]
        try:
            words = taken(ask, lines)
        except RequestError as error:
            refuse(str(error))
            continue
        if words is not None:
            keep(ask.name, words)
        place += 1
