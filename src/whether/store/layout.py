"""What may stand where in a lab.

    lab/
      lab.json                                  the mark of a lab: its format
      ledger/00000017.json                      numbered, chained
      records/ab/<digest>.json                  sealed
      states/ab/<digest>.safetensors            weights and masks; the record has the hash
      states/ab/<digest>.optimizer.safetensors  what the optimiser needs to go on
      profiles/<digest>.json                    sealed
      answers/<name>-<digest8>/, answers/last   answers, and which was the last one
      work/                                     may be deleted at any time, and never leaves the lab
        checkpoints/, damaged/                  what was begun; what was found damaged and set aside
        drivers/<id>.json, claims/<digest>.json which commands are at work, and at which pieces
        sabotage/<name>/                        labs in which `whether sabotage` tries a pipeline, one for each bug

Beside any of these may lie temporaries, `.<name>.<process>-<random>.partial`: what a killed command was writing. They
are never read. `.publish.lock` is an empty file on which one process waits for another.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Part = Literal["state", "optimizer"]
PARTS: tuple[Part, ...] = ("state", "optimizer")

MARKER = "lab.json"
LOCK = ".publish.lock"
GRACE = 3600.0
"""Seconds for which something unfinished may still be in somebody's hands, and so is neither damage nor litter."""

SEALED = re.compile(r"(?P<digest>[0-9a-f]{64})\.json")
STATE = re.compile(r"(?P<digest>[0-9a-f]{64})(?P<optimizer>\.optimizer)?\.safetensors")
ENTRY = re.compile(r"(?P<number>[0-9]{8}|[1-9][0-9]{8,})\.json")
ANSWER = re.compile(r"(?P<question>\w[\w.\-]*)-(?P<digest8>[0-9a-f]{8})")
SHELF = re.compile(r"[0-9a-f]{2}")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"\..+\.partial")
# Finder's notes, and what NFS keeps of a file that was removed while somebody read it: nobody put them there.
_SYSTEM = re.compile(r"\.DS_Store|\.nfs[0-9a-f]+")


def checked(digest: str) -> str:
    """The digest itself, once it is sure that it is one and so cannot lead out of the lab.

    Raises:
        ValueError: for anything but 64 lower-case hexadecimal digits.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"a digest is 64 lower-case hexadecimal digits, got {digest!r}")
    return digest


def temporary_for(path: Path) -> Path:
    """A name beside `path` that nobody else has, for writing it aside in the same file system."""
    return path.with_name(temporary_name(path.name))


def temporary_name(name: str) -> str:
    """What a file is called while it is written aside."""
    return f".{name}.{os.getpid()}-{secrets.token_hex(4)}.partial"


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that somebody was writing aside."""
    return _TEMPORARY.fullmatch(name) is not None


def is_ours_or_the_systems(name: str) -> bool:
    """Whether a file of this name may lie anywhere in a lab without being foreign to it."""
    return name == LOCK or is_temporary(name) or _SYSTEM.fullmatch(name) is not None


def scan(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, sorted by name; nothing when it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def shelved(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[os.DirEntry[str], re.Match[str]]]:
    """The files of a two-level folder (`ab/<digest>…`) whose names are right and which stand on the right shelf."""
    for shelf in scan(folder):
        if SHELF.fullmatch(shelf.name):
            for entry in scan(Path(shelf.path)):
                match = pattern.fullmatch(entry.name)
                if match and entry.name.startswith(shelf.name):
                    yield entry, match


def place(path: Path, root: Path) -> str:
    """How a file of the lab is named to people: from the lab's root, with forward slashes."""
    return path.relative_to(root).as_posix()
