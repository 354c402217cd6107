"""Decoded content on this machine's disk, so that 70,000 PNGs are decoded once.

    <cache>/data/<first 16 digits of the content's digest>.bin     pixels and labels, as arrays.py orders them
    <cache>/data/files-<first 16 digits of the files' digest>.json the card of the content that these files decode to

The cache is $WHETHER_CACHE, or `whether` in $XDG_CACHE_HOME or ~/.cache. Nothing in it is believed: content is hashed
and compared with its card whenever it is read, a card with the digest that stands beside it; what does not agree is
dropped and made again. A cache that cannot be written costs time, not the work.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from whether.data.arrays import Arrays, unpack
from whether.data.facts import Card
from whether.digest import digest

_FORMAT = 1  # raised when a card's fields, or how `describe` fills them, change
_log = logging.getLogger(__name__)


def folder() -> Path:
    """Where decoded content is kept."""
    if own := os.environ.get("WHETHER_CACHE"):
        return Path(os.path.expanduser(own)) / "data"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "whether" / "data"


def place(card: Card) -> Path:
    """The file that keeps the content of `card`."""
    return folder() / f"{card.digest[:16]}.bin"


def read(card: Card) -> Arrays | None:
    """The content of `card`, verified; None when it is not kept, or was damaged (it is removed then)."""
    path = place(card)
    try:
        content = np.fromfile(path, np.uint8)
    except OSError:
        return None
    arrays = unpack(card, content)
    if arrays is None:
        _drop(path)
    return arrays


def write(card: Card, arrays: Arrays) -> None:
    """Keep the content of `card`."""
    _publish(place(card), arrays.parts())


def read_card(files: str) -> Card | None:
    """The card of what the files with this digest decode to; None when it is not kept, or was damaged."""
    path = _card_place(files)
    try:
        kept = json.loads(path.read_bytes())
        plain = kept["card"]
        if kept["sum"] == digest([_FORMAT, files, plain]):
            fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in plain.items()}
            return Card(**fields)
    except OSError:
        return None
    except (ValueError, TypeError, KeyError):
        pass
    _drop(path)
    return None


def write_card(files: str, card: Card) -> None:
    """Remember what the files with this digest decode to."""
    plain = asdict(card)
    kept = {"card": plain, "sum": digest([_FORMAT, files, plain])}
    _publish(_card_place(files), [json.dumps(kept, indent=1).encode()])


def _card_place(files: str) -> Path:
    return folder() / f"files-{files[:16]}.json"


def _drop(path: Path) -> None:
    _log.warning("%s does not hold what it should; it is removed and made again", path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s could not be removed: %s", path, error)


def _publish(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    aside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as file:
            aside = Path(file.name)
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        _log.warning("%s could not be kept, so it will be decoded again next time: %s", path, error)
        if aside is not None:
            aside.unlink(missing_ok=True)
