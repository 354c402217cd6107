"""What the author says: `NAME.cover.toml`, beside the question that it belongs to.

Only fields that people fill stand in it. All mistakes are told at once; what is written is read back the same.

    answer = "lottery-ticket-2574f036"           # of which answer it speaks; without it, of any to the question
    title = "Winning tickets on handwritten digits"
    authors = ["Ada Example", "Bob Example"]
    start = { text = "result: Figure 2", pointer = "paper.pdf" }
    variation = "confirmed"                      # what was drafted is right as it is
    reproductions = ["reproduced/reproduction.json"]
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from whether.cover.fields import FIELDS, Field
from whether.cover.questions import CONFIRMED, comment, question, questions
from whether.cover.words import Words, in_toml, list_in_toml, words_of
from whether.errors import RequestError, gather, unknown
from whether.handwritten import quoted, shown, toml
from whether.store.layout import ANSWER as NAMED

__all__ = ["BY_HAND", "CONFIRMED", "Hand", "Words", "grown", "read", "said_by_hand", "write"]

REPRODUCTIONS = "reproductions"
ANSWER = "answer"
SUFFIX = ".cover.toml"

_HEAD = '# What the cover sheet says in the words of its authors. What is left empty reads "not stated" there.'

BY_HAND: Mapping[str, Field] = {name: item for name, item in FIELDS.items() if item.fill != "auto"}
"""The fields that an author can fill."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What an author says of an answer.

    Attributes:
        said: by field; one that says nothing is left out.
        reproductions: paths of sealed files, from `folder`.
        name: of the file, to which what is declared points where its author names nothing better.
        folder: where the file is, or would be.
        answer: the folder of the answer that it speaks of; empty where it names none.
    """

    said: Mapping[str, Words] = field(default_factory=dict)
    reproductions: Sequence[str] = ()
    name: str = f"answer{SUFFIX}"
    folder: Path = field(default_factory=Path)
    answer: str = ""

    def saying(self, more: Mapping[str, Words]) -> Hand:
        """The same, saying more; empty words take back what was said."""
        return replace(self, said={name: words for name, words in {**self.said, **more}.items() if words.text})

    def moved(self, file: Path) -> Hand:
        """The same as another file would say it: its reproductions are found from there."""
        folder = file.parent
        paths = tuple(os.path.relpath(self.folder / path, folder) for path in self.reproductions)
        paths = paths if folder.resolve() != self.folder.resolve() else tuple(self.reproductions)
        return replace(self, name=file.name, folder=folder, reproductions=paths)


def read(text: str, name: str, folder: Path | None = None) -> Hand:
    """Read an author's file.

    Args:
        text: of the file, in TOML.
        name: of the file.
        folder: where it lies; by default the working directory.

    Raises:
        RequestError: with everything that is wrong in it.
    """
    told = toml(text, name)
    said: dict[str, Words] = {}
    paths, answer = told.pop(REPRODUCTIONS, []), told.pop(ANSWER, "")

    def take(key: str, value: Any) -> Callable[[], object]:
        return lambda: said.update({key: said_by_hand(key, value)})

    try:
        gather(
            *(take(key, value) for key, value in told.items()),
            lambda: _check_paths(paths),
            lambda: _check_answer(answer),
        )
    except RequestError as error:
        raise RequestError(*(f"{name}: {problem}" for problem in error.problems)) from None
    kept = {key: words for key, words in said.items() if words.text}
    return Hand(said=kept, reproductions=tuple(paths), name=name, folder=folder or Path(), answer=answer)


def said_by_hand(key: str, value: Any) -> Words:
    """What an author says in one field, checked.

    Args:
        key: of the field.
        value: as `words_of` takes it.

    Raises:
        RequestError: with all that is wrong with it.
    """
    if key not in BY_HAND:
        if key in FIELDS:
            raise RequestError(f"{key!r} is not for authors: it is filled from the evidence. Leave it out.")
        raise unknown("field", key, {*BY_HAND, REPRODUCTIONS, ANSWER})
    words = words_of(key, value)
    if words.text == CONFIRMED and FIELDS[key].fill != "half":
        raise RequestError(f"{key} is {CONFIRMED!r}, but nothing is drafted there; say it in your own words.")
    return words


def write(hand: Hand, *, drafts: Mapping[str, str] | None = None, names: Sequence[str] = ()) -> str:
    """An author's file: what is said, and with `names` the questions of those fields that say nothing yet.

    Args:
        hand: what is said.
        drafts: of half fields, what the evidence says; shown as comments.
        names: of fields that shall stand there with nothing said.
    """
    head = [_HEAD, *([answer_line(hand.answer)] if hand.answer else [])]
    parts = [*head, *questions([name for name in BY_HAND if name in hand.said or name in names], hand.said, drafts)]
    if hand.reproductions or names:
        parts.append(_reproductions(hand.reproductions))
    return "\n\n".join(parts) + "\n"


def grown(text: str, hand: Hand, more: Mapping[str, Words], drafts: Mapping[str, str] | None = None) -> str:
    """An author's file that says more: lines of its own stay as they are; new ones take the place of empty fields.

    Args:
        text: the file as it is.
        hand: what it says.
        more: what it shall say beside.
        drafts: as `write` takes them.

    Returns:
        The new file. Where it cannot be made by exchanging and adding lines it is written anew.
    """
    wanted, lines = hand.saying(more), text.splitlines()
    if text == write(hand, drafts=drafts):  # nobody has touched it: in the order of the page
        return write(wanted, drafts=drafts)
    ahead: list[str] = []
    if hand.answer and not any(line.partition("=")[0].strip() == ANSWER for line in lines):
        ahead += [*answer_line(hand.answer).split("\n"), ""]
    for name, words in more.items():
        line = f"{name} = {in_toml(FIELDS[name], words)}"
        empty = {f'{name} = ""', f"{name} = []"}
        places = [place for place, old in enumerate(lines) if old.strip() in empty]
        if places:
            lines[places[0]] = line
        else:
            ahead += [*question(name, words, (drafts or {}).get(name, "")).split("\n"), ""]
    start = _after_head(lines)  # before all keys, as after the head of a table it would be the table's
    made = "\n".join([*lines[:start], *ahead, *lines[start:]]) + "\n"
    try:
        if read(made, hand.name, hand.folder) == wanted:
            return made
    except RequestError:
        pass
    return write(wanted, drafts=drafts)


def with_questions(text: str, hand: Hand, names: Sequence[str], drafts: Mapping[str, str] | None = None) -> str:
    """An author's file with the questions of all fields that do not stand in it yet; what stands there stays.

    Args:
        text, hand, drafts: as `grown` takes them.
        names: of the fields that there are.
    """
    if text == write(hand, drafts=drafts):  # nobody has touched it: in the order of the page
        return write(hand, drafts=drafts, names=names)
    there = {line.partition("=")[0].strip().strip("[]") for line in text.splitlines() if not line.startswith("#")}
    lacking = {name: Words(text="") for name in names if name not in there and name not in hand.said}
    made = grown(text, hand, lacking, drafts) if lacking or (hand.answer and ANSWER not in there) else text
    if REPRODUCTIONS in there or not lacking:
        return made
    lines = made.splitlines()
    start = _after_head(lines)
    return "\n".join([*lines[:start], _reproductions(()), "", *lines[start:]]) + "\n"


def answer_line(answer: str) -> str:
    """What says of which answer a file speaks."""
    return f"{comment('Of which answer this is said; it is used for no other.')}\n{ANSWER} = {quoted(answer)}"


def _after_head(lines: Sequence[str]) -> int:
    """Where the comment ends with which a file begins, if it is parted from what follows by an empty line."""
    end = next((place for place, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return end + 1 if 0 < end < len(lines) and not lines[end].strip() else 0


def _reproductions(paths: Sequence[str]) -> str:
    asked = comment("Files that `whether reproduce` wrote where it was made again: paths from this folder.")
    return f"{asked}\n{REPRODUCTIONS} = {list_in_toml(paths)}"


def _check_rest(paths: Any, answer: Any) -> None:
    gather(lambda: _check_paths(paths), lambda: _check_answer(answer))


def _check_answer(answer: Any) -> None:
    if not isinstance(answer, str) or (answer and not NAMED.fullmatch(answer)):
        raise RequestError(
            f'{ANSWER} is {shown(answer)!r}; expected the folder of an answer, {ANSWER} = "lottery-ticket-2574f036".'
        )


def _check_paths(paths: Any) -> None:
    if not isinstance(paths, list) or not all(
        isinstance(path, str) and path.strip() and path.isprintable() for path in paths
    ):
        raise RequestError(f'{REPRODUCTIONS} is no list of paths; expected {REPRODUCTIONS} = ["reproduction.json"].')
