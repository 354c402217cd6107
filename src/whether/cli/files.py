"""Files that verbs are handed and files that they write: read within limits, and never written over somebody's work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from whether.errors import RequestError

LARGEST = 4_000_000
"""Bytes beyond which a file was not written by a person."""


def text_of(file: Path, expected: str, most: int = LARGEST) -> str:
    """The text of a file that somebody wrote.

    Args:
        file: may be a pipe.
        expected: what it should be, and how to get one: "a filled review".
        most: bytes; no more are read.

    Raises:
        RequestError: it cannot be read, is too long, or is no text.
    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(most + 1)
    except (OSError, ValueError) as error:  # a name with a null in it is a ValueError
        told = (getattr(error, "strerror", None) or str(error)).lower()
        raise RequestError(f"{file} cannot be read: {told}. Expected {expected}.") from None
    if len(raw) > most:
        raise RequestError(f"{file} has more than {most:,} bytes. Expected {expected}.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{file} is no text in UTF-8 (byte {error.start}); save it as such. Expected {expected}."
        ) from None


def check_folder(folder: Path) -> None:
    """See that something can be a folder, whether or not it is one already.

    Raises:
        RequestError: it, or one that it lies in, is a file.
    """
    for one in (folder, *folder.parents):
        if one.exists() and not one.is_dir():
            raise RequestError(f"{one} is a file; expected a folder to write into. Name another one, or a new one.")


def write_new(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files that somebody will fill in or change: all of them, or none where one stands there otherwise already.

    Args:
        folder: made if need be.
        files: contents by name.

    Returns:
        Where they stand.

    Raises:
        RequestError: the folder is a file, or holds other contents under one of the names.
    """
    from whether.store.publish import replace

    check_folder(folder)
    paths = {folder / name: raw for name, raw in files.items()}
    others = [path.name for path, raw in paths.items() if path.exists() and _bytes(path) != raw]
    if others:
        raise RequestError(
            f"{folder} has other contents in {', '.join(others)}, and nothing was written: somebody may have filled "
            "in or changed them. Name another folder, or remove these files first."
        )
    for path, raw in paths.items():
        replace(path, raw, what=path.name)
    return list(paths)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
