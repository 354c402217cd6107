"""What an author says, kept with the answer of which it is said: whoever tells of the answer elsewhere finds it there.

answers/<folder>/cover/hand.toml           the author's file, as it was when the sheet was made
answers/<folder>/cover/reproductions/      the files that it names
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from whether.cover.hand import Hand, read
from whether.errors import DamageError, RequestError, WhetherError
from whether.store.packed import wrong_name
from whether.store.publish import load

FOLDER = "cover"
HAND = "hand.toml"
REPRODUCTIONS = "reproductions"
MOST_BYTES = 100_000_000
"""Of a reproduction, and of an author's file far more than anybody writes."""


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What is to be kept.

    Attributes:
        hand: the author's words, whose reproductions are found beside them.
        files: the reproductions, by the names that `hand` has for them.
        lacking: those that are not there, as the author calls them.
    """

    hand: Hand
    files: Mapping[str, bytes]
    lacking: tuple[str, ...] = ()


def kept(folder: Path) -> Hand:
    """The words that were kept with an answer; nothing said where none were.

    Args:
        folder: of the answer, answers/<name>-<digest>.

    Raises:
        DamageError: they cannot be read, or are of another answer.
    """
    path = folder / FOLDER / HAND
    if not path.exists() and not path.is_symlink():
        return Hand(name=HAND, folder=path.parent)
    mend = "Remove it, or make the sheet again where the author's file is: whether cover."
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise RequestError("it is no file that somebody wrote")
        hand = read((load(path, what=HAND) or b"").decode(), HAND, path.parent)
    except (WhetherError, UnicodeDecodeError, OSError) as error:
        what = f"{folder.name}/{FOLDER}/{HAND}, the author's words, cannot be read: {error}"
        raise DamageError(f"{what} {mend}", place=folder.name) from None
    if any(wrong_name(one) for one in hand.reproductions):
        what = f"{folder.name}/{FOLDER}/{HAND} names reproductions outside of {folder.name}/{FOLDER}."
        raise DamageError(f"{what} {mend}", place=folder.name)
    if hand.answer not in ("", folder.name):
        raise DamageError(f"{folder.name}/{FOLDER}/{HAND} speaks of {hand.answer}. {mend}", place=folder.name)
    return hand


def keep(hand: Hand, answer: str) -> Keep:
    """What an author says as it is kept with an answer.

    Args:
        hand: the author's words.
        answer: the folder's name.
    """
    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    lacking = []
    for path in dict.fromkeys(hand.reproductions):
        names[path] = _name(path, set(names.values()))
        raw = _raw(hand.folder / path)
        if raw is None:
            lacking.append(path)
        else:
            files[names[path]] = raw
    paths = tuple(names[path] for path in hand.reproductions)
    made = replace(hand, reproductions=paths, name=HAND, answer=answer)
    return Keep(hand=made, files=files, lacking=tuple(lacking))


def _name(path: str, taken: set[str]) -> str:
    """A plain name that no other has."""
    plain = re.sub(r"[^\w.\-]+", "-", path.replace("\\", "/").rpartition("/")[2], flags=re.ASCII).strip("-._")[:80]
    stem, dot, ending = (plain or "reproduction.json").rpartition(".")
    name, number = f"{REPRODUCTIONS}/{stem}{dot}{ending}", 1
    while name in taken:
        number += 1
        name = f"{REPRODUCTIONS}/{stem or ending}-{number}{dot}{ending if stem else ''}"
    return name


def _raw(path: Path) -> bytes | None:
    try:
        return load(path, what="a reproduction") if path.is_file() and path.stat().st_size <= MOST_BYTES else None
    except (OSError, ValueError, WhetherError):
        return None
