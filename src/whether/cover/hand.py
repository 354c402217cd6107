"""What the author says: `NAME.cover.toml`, beside the question that it belongs to.

Only fields that people fill stand in it. All mistakes are told at once; what is written is read back the same.

    title = "Winning tickets on handwritten digits"
    authors = ["Ada Example", "Bob Example"]
    start = { text = "result: Figure 2", pointer = "paper.pdf" }
    variation = "confirmed"                      # what was drafted is right as it is
    reproductions = ["reproduced/reproduction.json"]
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whether.cover.fields import CATEGORIES, FIELDS, GROUPS, Field
from whether.errors import RequestError, gather, unknown
from whether.report.numbers import clean, plural

CONFIRMED = "confirmed"
"""What an author writes in a drafted field that needs nothing added."""
REPRODUCTIONS = "reproductions"
SUFFIX = ".cover.toml"
MOST_POINTER = 200

_HEAD = '# What the cover sheet says in the words of its authors. What is left empty reads "not stated" there.'

BY_HAND: Mapping[str, Field] = {name: item for name, item in FIELDS.items() if item.fill != "auto"}
"""The fields that an author can fill."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What an author says in one field: lines are items of a list; `pointer` is where a reader can look."""

    text: str
    pointer: str = ""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What an author says of an answer.

    Attributes:
        said: by field; one that says nothing is left out.
        reproductions: paths of sealed files, from `folder`.
        name: of the file, to which what is declared points where its author names nothing better.
        folder: where the file is, or would be.
    """

    said: Mapping[str, Words] = field(default_factory=dict)
    reproductions: Sequence[str] = ()
    name: str = f"answer{SUFFIX}"
    folder: Path = field(default_factory=Path)

    def saying(self, more: Mapping[str, Words]) -> Hand:
        """The same, saying more; empty words take back what was said."""
        said = {name: words for name, words in {**self.said, **more}.items() if words.text}
        return Hand(said=said, reproductions=self.reproductions, name=self.name, folder=self.folder)


def read(text: str, name: str, folder: Path | None = None) -> Hand:
    """Read an author's file.

    Args:
        text: of the file, in TOML.
        name: of the file.
        folder: where it lies; by default the working directory.

    Raises:
        RequestError: with everything that is wrong in it.
    """
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RequestError(f'{name} is not TOML: {error}. A text stands in quotation marks: title = "…"') from None
    said: dict[str, Words] = {}
    paths = told.pop(REPRODUCTIONS, [])

    def take(key: str, value: Any) -> Callable[[], object]:
        return _named(name, lambda: said.update({key: words_of(key, value)}))

    gather(
        *(take(key, value) for key, value in told.items()),
        _named(name, lambda: _check_paths(paths)),
    )
    kept = {key: words for key, words in said.items() if words.text}
    return Hand(said=kept, reproductions=tuple(paths), name=name, folder=folder or Path())


def words_of(key: str, value: Any) -> Words:
    """What is said in one field, checked.

    Args:
        key: of the field.
        value: a text, a list of texts, or {"text": either, "pointer": a text}.

    Raises:
        RequestError: with all that is wrong with it.
    """
    if key not in BY_HAND:
        if key in FIELDS:
            raise RequestError(f"{key!r} is not for authors: it is filled from the evidence. Leave it out.")
        raise unknown("field", key, {*BY_HAND, REPRODUCTIONS})
    told = value if isinstance(value, Mapping) else {"text": value}
    text, pointer = _shaped(key, told)
    lines = [clean(line) for line in ([text] if isinstance(text, str) else text)]
    lines = [line for line in lines if line]
    gather(
        lambda: _check_size(key, lines), lambda: _check_pointer(key, clean(pointer)), lambda: _check_word(key, lines)
    )
    return Words(text="\n".join(lines), pointer=clean(pointer))


def write(hand: Hand, *, drafts: Mapping[str, str] | None = None, names: Sequence[str] = ()) -> str:
    """An author's file: what is said, and with `names` the questions of those fields that say nothing yet.

    Args:
        hand: what is said.
        drafts: of half fields, what the evidence says; shown as comments.
        names: of fields that shall stand there with nothing said.
    """
    parts, group = [_HEAD], ""
    for name, item in BY_HAND.items():
        if name not in hand.said and name not in names:
            continue
        if item.group != group:
            group = item.group
            parts.append(f"# --- {GROUPS[item.group]} ---")
        parts.append(entry(name, hand.said.get(name), (drafts or {}).get(name, "")))
    if hand.reproductions or names:
        asked = _comment(
            "Files that `whether reproduce` wrote where it was made again, from this folder: one path each."
        )
        parts.append(f"{asked}\n{REPRODUCTIONS} = {_value(list(hand.reproductions))}")
    return "\n\n".join(parts) + "\n"


def entry(name: str, words: Words | None, draft: str = "") -> str:
    """A field in the author's file: its question as comments, then what is said."""
    item = FIELDS[name]
    room = f"At most {item.most} characters{f', {item.items} items' if item.many else ''}."
    lines = [_comment(f"{item.ask} {room}")]
    if draft:
        lines += [_comment(f"Drafted: {clean(draft)}")]
        lines += [_comment(f'Write "{CONFIRMED}", or what is to be added.')] if item.fill == "half" else []
    else:
        lines.append(_comment(f"Such as: {item.example}"))
    return "\n".join([*lines, f"{name} = {_said(item, words)}"])


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
    for name, words in more.items():
        line = f"{name} = {_said(FIELDS[name], words)}"
        empty = {f'{name} = ""', f"{name} = []"}
        places = [place for place, old in enumerate(lines) if old.strip() in empty]
        if places:
            lines[places[0]] = line
        else:  # before everything else, as after the head of a table it would be the table's
            ahead += [*entry(name, words, (drafts or {}).get(name, "")).split("\n"), ""]
    made = "\n".join([*ahead, *lines]) + "\n"
    try:
        if read(made, hand.name, hand.folder) == wanted:
            return made
    except RequestError:
        pass
    return write(wanted, drafts=drafts)


def _named(name: str, check: Callable[[], object]) -> Callable[[], object]:
    """The same check, whose mistakes say in which file they are."""

    def run() -> None:
        try:
            check()
        except RequestError as error:
            raise RequestError(*(f"{name}: {problem}" for problem in error.problems)) from None

    return run


def _shaped(key: str, told: Mapping[str, Any]) -> tuple[str | list[str], str]:
    from pydantic import BaseModel, ConfigDict, ValidationError

    class Entry(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        text: str | list[str] = ""
        pointer: str = ""

    try:
        entry = Entry.model_validate(dict(told))
    except ValidationError as error:
        strange = sorted(set(told) - {"text", "pointer"})
        if strange:
            raise unknown(f"part of {key}", strange[0], ("text", "pointer")) from None
        got = repr(told.get(str(error.errors()[0]["loc"][0])))
        raise RequestError(
            f'{key} is {got if len(got) < 40 else got[:37] + "…"}; expected a text, {key} = "…", a list of texts, or '
            f'{key} = {{ text = "…", pointer = "…" }}.'
        ) from None
    return entry.text, entry.pointer


def _check_size(key: str, lines: Sequence[str]) -> None:
    item, length = FIELDS[key], sum(map(len, lines)) + max(0, len(lines) - 1)
    wrong = []
    if length > item.most:
        wrong.append(f"{key} has {length:,} characters; the page has room for {item.most}.")
    if item.many and len(lines) > item.items:
        wrong.append(f"{key} has {plural(len(lines), 'item')}; expected at most {item.items}.")
    if not item.many and len(lines) > 1:
        wrong.append(f"{key} is a list of {len(lines)}; expected one text.")
    if wrong:
        raise RequestError(*wrong)


def _check_pointer(key: str, pointer: str) -> None:
    if len(pointer) > MOST_POINTER:
        raise RequestError(f"the pointer of {key} has {len(pointer):,} characters; expected at most {MOST_POINTER}.")


def _check_word(key: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    if key == "category" and lines[0] not in CATEGORIES:
        raise unknown("category", lines[0], CATEGORIES, "It says by which criteria a sheet is read.")
    if key == "annex" and annex_of(lines[0]) is None:
        kinds = ", ".join(CATEGORIES)
        raise RequestError(
            f"annex begins with {lines[0].split(':')[0]!r}; expected a category ({kinds}), as in "
            f"{FIELDS['annex'].example!r}."
        )
    if lines == [CONFIRMED] and FIELDS[key].fill != "half":
        raise RequestError(f"{key} is {CONFIRMED!r}, but nothing is drafted there; say it in your own words.")


def annex_of(text: str) -> str | None:
    """The category with which an annex's text begins; None where it begins with none.

    Example:
        >>> annex_of("artifact: the code of the pruning library")
        'artifact'
    """
    word = text.partition(":")[0].strip().lower()
    return word if word in CATEGORIES else None


def _check_paths(paths: Any) -> None:
    if not (isinstance(paths, list) and all(isinstance(path, str) and path.strip() for path in paths)):
        raise RequestError(f'{REPRODUCTIONS} is no list of paths; expected {REPRODUCTIONS} = ["reproduction.json"].')


def _said(item: Field, words: Words | None) -> str:
    """What stands behind the sign of equality."""
    lines = words.text.split("\n") if words is not None and words.text else []
    value = _value(lines if item.many else "\n".join(lines))
    if words is not None and words.pointer:
        return f"{{ text = {value}, pointer = {_value(words.pointer)} }}"
    return value


def _comment(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _value(value: str | list[str]) -> str:
    """A text or a list in TOML, whose basic strings are those of JSON but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
