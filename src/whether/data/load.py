"""From a data set's name to its content, wherever that is found, and never without checking what it is.

In this order: shipped with the package or generated; a folder (WHETHER_DATA/<name>, or the path that the name is); the
cache of decoded content; the Hugging Face hub.
"""

from __future__ import annotations

import gzip
import os
import socket
import zlib
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import numpy as np

from whether.data import cache
from whether.data.arrays import Arrays, unpack
from whether.data.cards import CARDS, Card
from whether.data.folder import find, place, read_folder
from whether.data.parquet import Files, Progress, decode
from whether.errors import DamageError, RequestError

__all__ = ["Arrays", "load"]


def load(name: str, *, card: Card | None = None, progress: Progress | None = None) -> Arrays:
    """The content of a data set, equal to its card's digest.

    Args:
        name: as `whether.data.card` takes it.
        card: what the content must be; by default what the table says of the name, or what its folder holds now.
        progress: told (rows decoded, rows in all) while images are decoded.

    Raises:
        RequestError: for an unknown name, for files that are not the data set or no data set at all, and for a data
            set that is not on this machine and cannot be fetched; tells the command that fetches it.
        DamageError: when the copy in the package is not what was shipped.

    Example:
        >>> load("digits").train_x.shape
        (1200, 1, 8, 8)
    """
    known = CARDS.get(name)
    if known and known.source == "generated":
        return _xor()
    if known and known.source == "shipped":
        return _shipped(known)
    folder = place(name)
    if folder is not None:
        return _from_folder(name, folder, card or known, progress)
    assert known is not None, "a name without a folder is a name of the table"
    return cache.read(known) or _from_hub(known, progress)


def _xor() -> Arrays:
    """The four points of two bits, labelled by their exclusive or."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8)
    y = (x[:, 0] ^ x[:, 1]).astype(np.int64)
    return Arrays(train_x=x, train_y=y, test_x=x, test_y=y)


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


def _from_folder(name: str, folder: Path, wanted: Card | None, progress: Progress | None) -> Arrays:
    known = CARDS.get(name)
    try:
        files = find(folder)
        found, arrays = read_folder(name, files, expected=known, progress=progress)
    except RequestError as error:
        if known is None:
            raise
        raise RequestError(f"{error}; {_fetch(known)}") from error
    assert arrays is not None, "pixels were asked for"
    if wanted and found.digest != wanted.digest:
        cure = (
            f"{_fetch(wanted)}; or use it under its own name, data={str(folder)!r}"
            if wanted.files
            else "its files were changed since they were first read: start again to use them as they are now"
        )
        raise RequestError(
            f"{files.train[0].parent} is not {wanted.name}: its pixels and labels ({_size(found)}) have the SHA-256 "
            f"{found.digest}; expected {wanted.digest} ({_size(wanted)}); {cure}"
        )
    return arrays


def _from_hub(card: Card, progress: Progress | None) -> Arrays:
    try:
        paths = _download(card)
    except Exception as error:  # no network, no such file, a proxy's answer: the client has no common root for these
        why = (str(error).splitlines() or [""])[0]
        home = os.environ.get("WHETHER_DATA")
        looked = f"WHETHER_DATA ({home} has no folder {card.name})" if home else "WHETHER_DATA (not set)"
        raise RequestError(
            f"{card.name} is not on this machine: looked in {looked}, in the cache ({cache.place(card)}) and on the "
            f"hub ({card.source}: {type(error).__name__}: {why}); {_fetch(card)}, or give its folder: data=path/to/"
            f"{card.name}"
        ) from error
    files = Files(
        tuple(path for path in paths if path.name.startswith("train")),
        tuple(path for path in paths if path.name.startswith("test")),
    )
    arrays = decode(files, card, progress)
    got = arrays.digest()
    if got != card.digest:
        raise RequestError(
            f"{card.source} on the hub is not the {card.name} that Whether knows: its pixels and labels have the "
            f"SHA-256 {got}; expected {card.digest}; set WHETHER_DATA to a folder that holds the original {card.name}"
        )
    cache.write(card, arrays)
    return arrays


def _download(card: Card) -> list[Path]:
    import huggingface_hub as hub

    def get(*, local: bool) -> list[Path]:
        return [
            Path(hub.hf_hub_download(card.source, file, repo_type="dataset", local_files_only=local))
            for file in card.files
        ]

    try:
        return get(local=True)
    except Exception:  # whatever is wrong with the client's own cache, the hub may have the files
        # Without a network the client tries for half a minute; looking up the hub's address tells at once. Not behind a
        # proxy, which may be the only one to know the address.
        if not getproxies():
            socket.getaddrinfo(urlsplit(hub.constants.ENDPOINT).hostname, 443)
        return get(local=False)


def _fetch(card: Card) -> str:
    return (
        f"fetch {card.name} with `hf download {card.source} --repo-type dataset --local-dir DATA/{card.name}` and set "
        "WHETHER_DATA=DATA"
    )


def _size(card: Card) -> str:
    return f"{card.train_rows} and {card.test_rows} rows of {' × '.join(map(str, card.shape))}"
