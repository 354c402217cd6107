"""Files of the lab, read once and kept for as long as they are the same: by their size, their time and their number."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from whether.store.plain_file import LARGEST

Mark = tuple[int, int, int]
"""Of a file: when it was written in nanoseconds, its bytes, and its number in the file system."""

T = TypeVar("T")


def mark(path: Path | str) -> Mark | None:
    """What tells a file from what stood there before; None where there is no plain file of a size that can be read.

    A link is none: it could lead out of the lab.
    """
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Kept(Generic[T]):
    """What was made of files, for as long as these are the same; the least recently used are let go first.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[object, tuple[object, T]] = OrderedDict()

    def get(self, key: object, now: object, make: Callable[[], T]) -> T:
        """What is kept under a key if it was made under the same mark, else what `make` gives."""
        with self._lock:
            if key in self._found and self._found[key][0] == now:
                self._found.move_to_end(key)
                return self._found[key][1]
        made = make()
        with self._lock:
            self._found[key] = (now, made)
            self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return made
