"""From a data set's name to its content, wherever that is found, and never without checking what it is.

In this order: shipped with the package or generated; a folder (WHETHER_DATA/<name>, or the path that the name is); the
cache of decoded content; the Hugging Face hub.
"""

from __future__ import annotations

import gzip
import zlib
from importlib import resources
from pathlib import Path

import numpy as np

from whether.data import cache, hub, text
from whether.data.arrays import Arrays, unpack
from whether.data.cards import CARDS, card
from whether.data.facts import LANGUAGE, Card
from whether.data.folder import find, place, read_folder, splits
from whether.data.generated import is_family, make
from whether.data.parquet import Progress, decode
from whether.errors import DamageError, RequestError

__all__ = ["Arrays", "load"]


def load(
    name: str,
    *,
    card: Card | None = None,
    columns: tuple[str, str] | None = None,
    progress: Progress | None = None,
) -> Arrays:
    """The content of a data set, equal to its card's digest.

    Args:
        name: as `whether.data.card` takes it.
        card: what the content must be; by default what the table says of the name, or what its folder holds now.
        columns: the image and the label column, as `whether.data.card` takes them.
        progress: told (rows decoded, rows in all) while images are decoded.

    Raises:
        RequestError: for an unknown name, for files that are not the data set or no data set at all, and for a data
            set that is not on this machine and cannot be fetched; tells the command that fetches it.
        DamageError: when the copy in the package is not what was shipped, or a generated set comes out otherwise.

    Example:
        >>> load("digits").train_x.shape
        (1200, 1, 8, 8)
    """
    known = CARDS.get(name)
    if is_family(name) or (known and known.source == "generated"):
        return make(name, card or _card(name))
    if known and known.source == "shipped":
        return _shipped(known)
    if known and columns == known.columns:
        columns = None
    folder = place(name)
    if known and known.task == LANGUAGE:
        return _text(known, folder)
    if folder is not None:
        return _from_folder(name, folder, card, columns, progress)
    assert known is not None, "a name without a folder is a name of the table"
    if known.digest and columns is None:
        return cache.read(known) or _from_hub(known, progress)
    kept = cache.read(card) if card else None
    return kept or _told(name, known, card, columns, progress)


def _card(name: str) -> Card:
    return card(name)


def _shipped(card: Card) -> Arrays:
    file = resources.files("whether.data") / f"{card.name}.bin.gz"
    try:
        # A bytearray, because arrays over bytes are read-only and torch warns of those.
        arrays = unpack(card, np.frombuffer(bytearray(gzip.decompress(file.read_bytes())), np.uint8))
    except (OSError, EOFError, zlib.error):
        arrays = None
    if arrays is None:
        raise DamageError(
            f"the {card.name} that ships with the package is damaged: {file} does not have the digest {card.digest}; "
            "install whether again",
            place=str(file),
        )
    return arrays


def _text(known: Card, folder: Path | None) -> Arrays:
    if folder is not None:
        return text.checked(text.files_in(folder), known, hub.how(known))
    kept = cache.read(known)
    if kept is None:
        kept = text.checked(hub.fetch(known), known, "set WHETHER_DATA to a folder that holds the original")
        cache.write(known, kept)
    return kept


def _from_folder(
    name: str, folder: Path, wanted: Card | None, columns: tuple[str, str] | None, progress: Progress | None
) -> Arrays:
    known = None if columns else CARDS.get(name)
    if wanted is None and known and known.digest:
        wanted = known
    try:
        files = find(folder)
        found, arrays = read_folder(name, files, expected=known, columns=columns, progress=progress)
    except RequestError as error:
        if known is None:
            raise
        raise RequestError(f"{error}; {hub.how(known)}") from error
    assert arrays is not None, "pixels were asked for"
    if wanted and found.digest != wanted.digest:
        cure = (
            f"{hub.how(wanted)}; or use it under its own name, data={str(folder)!r}"
            if known and known.digest
            else "its files were changed since they were first read: start again to use them as they are now"
        )
        raise RequestError(
            f"{files.train[0].parent} is not {wanted.name}: its pixels and labels ({_size(found)}) have the SHA-256 "
            f"{found.digest}; expected {wanted.digest} ({_size(wanted)}); {cure}"
        )
    return arrays


def _from_hub(card: Card, progress: Progress | None) -> Arrays:
    arrays = decode(splits(hub.fetch(card)), card, progress)
    got = arrays.digest()
    if got != card.digest:
        raise RequestError(
            f"{card.source} on the hub is not the {card.name} that Whether knows: its pixels and labels have the "
            f"SHA-256 {got}; expected {card.digest}; set WHETHER_DATA to a folder that holds the original {card.name}"
        )
    cache.write(card, arrays)
    return arrays


def _told(
    name: str, known: Card, wanted: Card | None, columns: tuple[str, str] | None, progress: Progress | None
) -> Arrays:
    """The content of a repository whose digest is not known beforehand, or of other columns of it."""
    expected = None if columns else known
    found, arrays = read_folder(name, splits(hub.fetch(known)), expected=expected, columns=columns, progress=progress)
    assert arrays is not None, "pixels were asked for"
    if wanted and found.digest != wanted.digest:
        raise RequestError(
            f"{known.source} on the hub holds other pixels and labels ({found.digest}) than when {name} was first read "
            f"({wanted.digest}): start again to use them as they are now"
        )
    return arrays


def _size(card: Card) -> str:
    return f"{card.train_rows} and {card.test_rows} rows of {' × '.join(map(str, card.shape))}"
