"""Plain files read without following links and without waiting: for labs into which others may put what they like."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST = 256 * 1024 * 1024
"""Bytes beyond which nothing is read into memory."""
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def plain_file(folder: Path, name: str, most: int = LARGEST) -> bytes | None:
    """The bytes of a plain file in a folder; None where none of this name lies there that can be read.

    No step of the way follows a link, and nothing that waits for a writer is waited for, whatever somebody puts there
    between a look and the reading.

    Args:
        folder: no link itself.
        name: of the file, which may have sub-folders.
        most: bytes that it may have.
    """
    *way, last = name.split("/")
    try:
        held = os.open(folder, _FOLDER)
        try:
            for step in way:
                held, above = os.open(step, _FOLDER, dir_fd=held), held
                os.close(above)
            file = os.open(last, _FILE, dir_fd=held)
        finally:
            os.close(held)
        try:
            return _all(file, most)
        finally:
            os.close(file)
    except (OSError, ValueError):
        return None


def _all(file: int, most: int) -> bytes | None:
    """What an open file holds, if it is a plain one and no larger than that."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        return None
    with open(file, "rb", closefd=False) as found:
        raw = found.read(most + 1)
    return raw if len(raw) <= most else None
