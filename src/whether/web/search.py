"""Searching plain values: every word must occur, what stands in a heading counts more, and where it stands is marked.

Small enough that everything is looked through each time: a thousand entries take a few milliseconds.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from whether.report.numbers import clean

LONGEST, WORDS = 200, 10
"""Signs and words of a query beyond which the rest is left out."""
AROUND = 70
"""Signs that are shown on either side of what was found in a longer text."""
_PARTS = re.compile(r'"([^"]+)"|(\S+)')
_HEX = re.compile(r"[0-9a-f]{4,64}")

Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it is marked."""


@dataclass(frozen=True)
class Field:
    """One text of an entry: what it is called, the text, how much a word in it counts.

    `digest` fields are found by their beginning only, and from four digits on.
    """

    name: str
    text: str
    weight: float = 1.0
    digest: bool = False

    @cached_property
    def folded(self) -> tuple[str, list[int]]:
        """The text as it is compared, and where each of its signs stands in the text."""
        return fold(self.text)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that can be found.

    Attributes:
        kind: of thing, such as "answer".
        title: what it is called.
        href: its page; empty where it has none.
        about: a line that is always shown.
        fields: what is looked through; the title is one of them.
    """

    kind: str
    title: str
    href: str = ""
    about: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An entry that was found: its title and, where words stand elsewhere, that place, with the words marked."""

    entry: Entry
    score: float
    title: Pieces
    place: str
    excerpt: Pieces


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search gives.

    Attributes:
        words: that were looked for.
        hits: the best first, of the kinds that were asked for.
        kinds: how many there are of each kind, whichever were asked for.
        nowhere: words that occur in nothing at all; `near` what may have been meant by them.
    """

    words: tuple[str, ...]
    hits: Sequence[Hit]
    kinds: dict[str, int]
    nowhere: Sequence[str] = ()
    near: Sequence[str] = ()


def fold(text: str) -> tuple[str, list[int]]:
    """A text without case and accents, and for each of its signs where that stands in the text.

    Example:
        >>> fold("Né ß")
        ('ne ss', [0, 1, 2, 3, 3])
    """
    signs, places = [], []
    for place, sign in enumerate(text):
        for one in unicodedata.normalize("NFKD", sign).casefold():
            if not unicodedata.combining(one):
                signs.append(one)
                places.append(place)
    return "".join(signs), places


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query; what stands in quotation marks is one.

    Example:
        >>> words_of('Winning "random  mask" density=0.1')
        ('winning', 'random mask', 'density=0.1')
    """
    found = (clean(whole or part.strip('"')) for whole, part in _PARTS.findall(clean(query[:LONGEST])))
    return tuple(dict.fromkeys(fold(word)[0] for word in found if fold(word)[0]))[:WORDS]


def search(entries: Iterable[Entry], query: str, *, kind: str = "", most: int = 60) -> Found:
    """Look for words.

    Args:
        entries: all that can be found; of those that are found equally well the earlier comes first.
        query: as people write it.
        kind: only hits of this kind; empty for all.
        most: hits that are given.

    Example:
        >>> one = Entry(kind="answer", title="Do tickets win?", fields=(Field("title", "Do tickets win?", 3),))
        >>> [hit.title for hit in search([one], "TICK win").hits]
        [(('Do ', False), ('tick', True), ('ets ', False), ('win', True), ('?', False))]
    """
    every, words = list(entries), words_of(query)
    if not words:
        return Found(words=words, hits=(), kinds={})
    scored = [(score, entry) for entry in every if (score := _score(entry, words)) > 0]
    wanted = [(score, entry) for score, entry in scored if kind in ("", entry.kind)]
    best = sorted(wanted, key=lambda pair: -pair[0])[:most]
    nowhere = [] if scored else [word for word in words if not any(_score(entry, (word,)) for entry in every)]
    return Found(
        words=words,
        hits=[_hit(entry, score, words) for score, entry in best],
        kinds=dict(Counter(entry.kind for _, entry in scored)),
        nowhere=nowhere,
        near=_near(every, nowhere),
    )


def _score(entry: Entry, words: Sequence[str]) -> float:
    """How well an entry is found: nothing unless every word occurs in one of its fields."""
    total = 0.0
    for word in words:
        best = max((field.weight * _fit(field, word) for field in entry.fields), default=0.0)
        if not best:
            return 0.0
        total += best
    return total


def _fit(field: Field, word: str) -> float:
    """How well a word stands in a field: as the whole of it, as a word, at the beginning of one, within one."""
    text = field.folded[0]
    if field.digest:
        return 3.0 if _HEX.fullmatch(word) and text.startswith(word) else 0.0
    if word not in text:
        return 0.0
    if word == text:
        return 3.0
    best, at = 1.0, text.find(word)
    while at >= 0:
        begins = at == 0 or not text[at - 1].isalnum()
        ends = at + len(word) == len(text) or not text[at + len(word)].isalnum()
        best = max(best, 2.0 if begins and ends else 1.5 if begins else 1.0)
        at = text.find(word, at + 1) if best < 2 else -1
    return best


def _hit(entry: Entry, score: float, words: Sequence[str]) -> Hit:
    title = marked(entry.title, words)
    left = [word for word in words if not any(is_marked for _, is_marked in marked(entry.title, (word,)))]
    if not left:
        return Hit(entry=entry, score=score, title=title, place="", excerpt=())
    others = [field for field in entry.fields if field.text != entry.title]
    best = max(others, key=lambda field: sum(field.weight * _fit(field, word) for word in left), default=None)
    if best is None:
        return Hit(entry=entry, score=score, title=title, place="", excerpt=())
    return Hit(entry=entry, score=score, title=title, place=best.name, excerpt=marked(_excerpt(best, left), words))


def marked(text: str, words: Sequence[str]) -> Pieces:
    """A text in pieces, those marked that are one of some words, which are folded.

    Example:
        >>> marked("Née <b>", ["nee", "b"])
        (('Née', True), (' <', False), ('b', True), ('>', False))
    """
    folded, places = fold(text)
    inside = [False] * len(text)
    for word in words:
        at = folded.find(word)
        while word and at >= 0:
            for place in places[at : at + len(word)]:
                inside[place] = True
            at = folded.find(word, at + len(word))
    pieces: list[tuple[str, bool]] = []
    for sign, is_in in zip(text, inside, strict=True):
        if pieces and pieces[-1][1] == is_in:
            pieces[-1] = (pieces[-1][0] + sign, is_in)
        else:
            pieces.append((sign, is_in))
    return tuple(pieces)


def _excerpt(field: Field, words: Sequence[str]) -> str:
    """Of a long text what stands around the first word that occurs."""
    folded, places = field.folded
    if field.digest or len(field.text) <= 2 * AROUND + 20:
        return field.text[: 4 * AROUND]
    at = min((folded.find(word) for word in words if word in folded), default=0)
    middle = places[at] if places else 0
    first = max(0, middle - AROUND)
    if first:
        first = field.text.find(" ", first, middle) + 1 or first
    last = min(len(field.text), middle + AROUND)
    last = field.text.rfind(" ", middle, last) if last < len(field.text) and " " in field.text[middle:last] else last
    return f"{'… ' if first else ''}{field.text[first:last].strip()}{' …' if last < len(field.text) else ''}"


def _near(entries: Sequence[Entry], nowhere: Sequence[str]) -> list[str]:
    """Words of titles and names that are written almost like those that occur nowhere."""
    if not nowhere:
        return []
    known = {word for entry in entries for word in _vocabulary(entry)}
    return list(dict.fromkeys(near for word in nowhere for near in difflib.get_close_matches(word, known, n=3)))


def _vocabulary(entry: Entry) -> Iterator[str]:
    for field in entry.fields:
        if field.weight >= 2 and not field.digest:
            yield from re.findall(r"[\w\-]{3,}", field.folded[0])
