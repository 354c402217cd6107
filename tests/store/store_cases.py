"""What the tests of the store share: the pieces of the lab that `filled` holds, and ways to harm a file."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from whether.digest import digest
from whether.store import AnswerFolder, Store

Spawn = Callable[[str, Path], "subprocess.Popen[bytes]"]

PARENT, CHILD, FAILED = digest("parent"), digest("child"), digest("failed")


def fill(store: Store) -> None:
    """One of everything: a parent and its child, a failed run, a profile, an answer after two entries."""
    store.keep(PARENT, {"curve": [1.5, "nan"]}, state=b"parent's weights", optimizer=b"parent's momentum")
    parents = {PARENT: store.records.read(PARENT)["seal"]}
    store.keep(CHILD, {"curve": [0.5], "parents": parents}, state=b"child's weights")
    store.keep(FAILED, {"failure": "the loss was not finite"})
    store.profiles.write(digest("cpu"), {"threads": 2})
    store.ledger.append("registered", {"study": digest("study")})
    store.ledger.append("looked", {"study": digest("study")})
    folder = answer_folder(store)
    store.conclude(folder, {"verdict": "yes"})
    store.answers.point(folder)


def answer_folder(store: Store) -> AnswerFolder:
    return store.answers.open("lottery-ticket", digest("lottery-ticket"))


def age(path: Path, hours: float = 2.0) -> None:
    """Make a file look as if it had been left alone for hours."""
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def flip(path: Path, position: int, bit: int = 0) -> None:
    """Turn one bit of a file, as a failing disk would."""
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1 << bit
    path.write_bytes(raw)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
