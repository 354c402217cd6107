"""Folders of parquet files: which of them a name means, which files are the data set, and what they hold."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from whether.data import cache, hub
from whether.data.arrays import Arrays, describe
from whether.data.facts import Card
from whether.data.known import CARDS
from whether.data.parquet import LABEL_COLUMN, Files, Progress, decode
from whether.digest import digest
from whether.errors import RequestError, unknown

_LAYOUT = "train*.parquet and test*.parquet, as image data sets on the Hugging Face hub have them"
Columns = tuple[str, str]
# A plan asks for a card thousands of times; files are read again when their size or time of change is another.
_seen: dict[tuple[str, Columns | None, tuple[tuple[Path, int, int], ...]], Card] = {}
_fetched: dict[str, Files] = {}  # the hub's client takes half a second to say where its files are


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
        for spelled in _spellings(name):
            if home and bare and (home / spelled).is_dir():
                return home / spelled
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


def folder_card(name: str, columns: Columns | None = None) -> Card:
    """The card of a data set that is a folder, or whose files are told by their content wherever they are.

    The table's own card where the content is the one that it knows.

    Args:
        name: a folder, or a name of the table that has parquet files.
        columns: the image and the label column, where they are not the name's own.

    Raises:
        RequestError: when there is no such folder, it holds no readable data set, or one that is not the name's.
    """
    folder, known = place(name), CARDS.get(name)
    if folder is not None:
        files = find(folder)
    else:
        assert known is not None, "a name without a folder is a name of the table"
        if name not in _fetched:
            _fetched[name] = splits(hub.fetch(known))
        files = _fetched[name]
    with _reading(files.train[0].parent):
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in (*files.train, *files.test))
    key = (name, columns, stamps)
    if key not in _seen:
        expected = None if columns else known
        found = read_folder(name, files, expected=expected, columns=columns, pixels=False)[0]
        told = folder is not None and expected is not None and found.digest != expected.digest
        _seen[key] = replace(found, source="folder") if told else found
    return _seen[key]


def read_folder(
    name: str,
    files: Files,
    *,
    expected: Card | None = None,
    columns: Columns | None = None,
    pixels: bool = True,
    progress: Progress | None = None,
) -> tuple[Card, Arrays | None]:
    """The card of what the files hold and, unless `pixels` is false, the content; decoded only if the cache lacks it.

    Args:
        name: what the card is called when the content is none that the table knows.
        files: the parquet files.
        expected: the card that images and labels must agree with while decoding.
        columns: the image and the label column, where they are not those of `expected` or the usual ones.
        pixels: whether the content is wanted; without, it may be None.
        progress: told how far decoding is.

    Raises:
        RequestError: from `decode`, and where content that is told by what is found has not the size of `expected`.
    """
    if columns is None and expected and not expected.digest:
        columns = expected.columns
    key = fingerprint(files)
    if columns and columns[1] != LABEL_COLUMN:
        key = digest([key, columns])
    found = cache.read_card(key)
    arrays = cache.read(found) if found and pixels else None
    if found is None or (arrays is None and pixels):
        arrays = decode(files, expected, progress, columns=columns)
        found = describe(name, arrays)
        cache.write(found, arrays)
        cache.write_card(key, found)
    known = next((card for card in CARDS.values() if card.digest == found.digest), None)
    if known is None and expected and not expected.digest:
        known = _told(expected, found, files)
    return known or replace(found, name=name), arrays


def _told(expected: Card, found: Card, files: Files) -> Card:
    """The card of a name whose original's digest is not known here, by the content that is found under it."""
    sizes = [(card.train_rows, card.test_rows, card.shape, card.classes) for card in (found, expected)]
    if sizes[0] != sizes[1]:
        got, wanted = (f"{a} and {b} rows of {' × '.join(map(str, c))} in {d} classes" for a, b, c, d in sizes)
        folder = files.train[0].parent
        raise RequestError(
            f"{folder} is not {expected.name}: it holds {got}; expected {wanted}; {hub.how(expected)}, or use what is "
            f"there under its own name, data={str(folder)!r}"
        )
    return replace(
        expected,
        digest=found.digest,
        mean=found.mean,
        std=found.std,
        citation=f"{expected.citation} Told by its size: whether this copy has the pixels of the original is not "
        "checked.",
    )


def splits(paths: Sequence[Path]) -> Files:
    """Files of a repository, by the split that their names begin with."""
    train, test = (tuple(path for path in paths if path.name.startswith(split)) for split in ("train", "test"))
    return Files(train, test)


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


def _spellings(name: str) -> tuple[str, ...]:
    """How a folder of a known data set may be called: repositories write fashion_mnist, others tinyshakespeare."""
    return (name, name.replace("-", "_"), name.replace("-", "")) if name in CARDS else (name,)


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
