"""Folders of parquet files: which of them a name means, which files are the data set, and what they hold."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from whether.data import cache
from whether.data.arrays import Arrays, describe
from whether.data.cards import CARDS, Card
from whether.data.parquet import Files, Progress, decode
from whether.errors import RequestError, unknown

_LAYOUT = "train*.parquet and test*.parquet, as image data sets on the Hugging Face hub have them"
# A plan asks for a card thousands of times; files are read again when their size or time of change is another.
_seen: dict[tuple[str, tuple[tuple[Path, int, int], ...]], Card] = {}


def data_home() -> Path | None:
    """The folder that holds one folder per data set, if WHETHER_DATA names one."""
    home = os.environ.get("WHETHER_DATA")
    return Path(os.path.expanduser(home)) if home else None


def place(name: str) -> Path | None:
    """The folder that `name` means on this machine; None for a name of the table without a folder in WHETHER_DATA.

    A name of the table never means a folder of the working directory: write "./mnist" for that.

    Raises:
        RequestError: when it is neither a name of the table nor a folder.
    """
    home, path = data_home(), Path(os.path.expanduser(name))
    bare = path.name == name and not name.startswith(".")
    with _reading(path):
        if home and bare and (home / name).is_dir():
            return home / name
        if name in CARDS:
            return None
        if path.is_dir():
            return path
        if path.is_file():
            raise RequestError(f"data={name!r} is a file; expected the folder that holds it, with {_LAYOUT}")
        if not bare:
            raise RequestError(f"no folder at data={name!r} (that is {path.absolute()}); expected one with {_LAYOUT}")
        kept = [found.name for found in home.iterdir() if _holds(found)] if home and home.is_dir() else []
    raise unknown("data set", name, {*CARDS, *kept}, f"Or give the path of a folder with {_LAYOUT}.")


def folder_card(name: str) -> Card:
    """The card of a data set that is a folder; the table's own card where the content is the same.

    Raises:
        RequestError: when there is no such folder, or it holds no readable data set.
    """
    folder = place(name)
    assert folder is not None, f"{name} is a name of the table"
    files = find(folder)
    with _reading(folder):
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in (*files.train, *files.test))
    if (name, stamps) not in _seen:
        _seen[name, stamps] = read_folder(name, files, pixels=False)[0]
    return _seen[name, stamps]


def read_folder(
    name: str, files: Files, *, expected: Card | None = None, pixels: bool = True, progress: Progress | None = None
) -> tuple[Card, Arrays | None]:
    """The card of what the files hold and, unless `pixels` is false, the content; decoded only if the cache lacks it.

    Args:
        name: what the card is called when the content is none that the table knows.
        files: the parquet files.
        expected: the card that images and labels must agree with while decoding.
        pixels: whether the content is wanted; without, it may be None.
        progress: told how far decoding is.

    Raises:
        RequestError: from `decode`.
    """
    key = fingerprint(files)
    found = cache.read_card(key)
    arrays = cache.read(found) if found and pixels else None
    if found is None or (arrays is None and pixels):
        arrays = decode(files, expected, progress)
        found = describe(name, arrays)
        cache.write(found, arrays)
        cache.write_card(key, found)
    known = next((card for card in CARDS.values() if card.digest == found.digest), None)
    return known or replace(found, name=name), arrays


def find(folder: Path) -> Files:
    """The parquet files of a data set, in `folder` itself or in the one subfolder that has them.

    Raises:
        RequestError: when there are none, when a split is missing, or a shard of one ("00000-of-00002" alone).
    """
    with _reading(folder):
        seen = sorted(folder.iterdir())
    homes = [folder] if _holds(folder) else [path for path in seen if path.is_dir() and _holds(path)]
    if len(homes) > 1:
        raise RequestError(
            f"{folder} holds several data sets: {', '.join(home.name for home in homes)}; expected one; "
            f"give the folder of one of them, such as data={str(homes[0])!r}"
        )
    if not homes:
        names = [path.name for path in seen]
        raise RequestError(
            f"{folder} is no data set: found {', '.join(names[:8]) or 'nothing'}{' …' if len(names) > 8 else ''}; "
            f"expected {_LAYOUT}"
        )
    train, test = (tuple(sorted(homes[0].glob(f"{split}*.parquet"))) for split in ("train", "test"))
    if not test:
        raise RequestError(
            f"{homes[0]} has no test split: found {', '.join(path.name for path in train)}; expected {_LAYOUT}"
        )
    _check_shards(train)
    _check_shards(test)
    return Files(train, test)


def fingerprint(files: Files) -> str:
    """SHA-256 over the bytes of all files and the split that each belongs to; their names do not matter."""
    running = hashlib.sha256()
    for split, paths in (("train", files.train), ("test", files.test)):
        for path in paths:
            with _reading(path.parent), path.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").digest()
            running.update(split.encode() + inner)
    return running.hexdigest()


def _holds(folder: Path) -> bool:
    return any(folder.glob("train*.parquet"))


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RequestError(f"{folder} cannot be read: {error}; expected a folder with {_LAYOUT}") from error


def _check_shards(paths: tuple[Path, ...]) -> None:
    numbered = [match for path in paths if (match := re.search(r"-(\d+)-of-(\d+)", path.name))]
    totals = {int(match[2]) for match in numbered}
    if not totals:
        return
    whole = len(totals) == 1 and sorted(int(match[1]) for match in numbered) == list(range(max(totals)))
    if not whole or len(numbered) != len(paths):
        raise RequestError(
            f"{paths[0].parent} holds parts that make no whole: {', '.join(path.name for path in paths)}; expected all "
            "parts from 00000 on of one numbering; fetch what is missing, remove what is left over"
        )
