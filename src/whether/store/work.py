"""Work in progress: checkpoints, and what was found damaged. Only time is lost when this folder is deleted.

A checkpoint is a line of text with its SHA-256, then its bytes. One that is absent or damaged is the same to its
reader: the piece starts again.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from whether.errors import WorkError
from whether.store.layout import scan
from whether.store.publish import Data, make_folder, refused, remove, replace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,199}")
_ENDING = ".checkpoint"
_HEADER = 65


class Work:
    """work/: may be deleted at any time, also while somebody is writing here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.damaged = folder / "damaged"
        self.logs = folder / "logs"

    def write(self, name: str, data: Data) -> None:
        """Keep a checkpoint under a name, in the place of the one before it.

        Raises:
            WorkError: the disk refused; the checkpoint before it stands.
        """
        mark = hashlib.sha256(data).hexdigest().encode() + b"\n"
        replace(self._path(name), mark, data, what=f"the checkpoint {name}")

    def read(self, name: str) -> bytes | None:
        """The last checkpoint of this name, or None when there is none that is whole."""
        try:
            raw = self._path(name).read_bytes()
        except OSError:
            return None
        mark, data = raw[:_HEADER], raw[_HEADER:]
        return data if mark == hashlib.sha256(data).hexdigest().encode() + b"\n" else None

    def log(self, name: str) -> BinaryIO:
        """A file, new and open, where a worker writes what it has to say to people.

        Raises:
            WorkError: the system did not let us.
        """
        path = self.logs / f"{name}.log"
        try:
            make_folder(self.logs)
            return path.open("wb")
        except OSError as error:
            raise refused("the log of a worker", path, error) from error

    def mark(self, token: str) -> None:
        """Lay a mark by which workers elsewhere know that they see this very lab.

        Raises:
            WorkError: the disk refused.
        """
        replace(self._mark(token), b"", what="the mark of a run")

    def is_marked(self, token: str) -> bool:
        """Whether this mark lies here."""
        return self._mark(token).is_file()

    def unmark(self, token: str) -> None:
        """Take a mark away."""
        remove(self._mark(token))

    def drop_log(self, path: Path) -> None:
        """Remove a worker's log if it had nothing to say."""
        with suppress(OSError):
            if not path.stat().st_size:
                path.unlink()

    def remove(self, name: str) -> None:
        """Remove a checkpoint, if there is one."""
        remove(self._path(name))

    def listing(self) -> set[str]:
        """The names of the checkpoints, whole or not."""
        names = (item.name for item in scan(self.checkpoints) if item.name.endswith(_ENDING))
        return {name for full in names if _NAME.fullmatch(name := full.removesuffix(_ENDING))}

    def set_aside(self, path: Path) -> Path | None:
        """Move a file of the lab to work/damaged/ under a name of its own; None when it is not there.

        Raises:
            WorkError: the system did not let us.
        """
        target = self.damaged / f"{path.name}.{secrets.token_hex(4)}"
        while os.path.lexists(path):
            try:
                make_folder(self.damaged)
                # Not a plain rename: work/ may be a link to a disk of its own.
                shutil.move(path, target)
            except FileNotFoundError:
                continue  # somebody deleted work/ meanwhile, or was first to move the file
            except OSError as error:
                raise WorkError(
                    f"could not set {path} aside: {error.strerror or error}. Move it out of the lab by hand."
                ) from error
            return target
        return None

    def _mark(self, token: str) -> Path:
        return self.folder / "marks" / token

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"a checkpoint's name is letters, digits, '.', '_' and '-', at most 200, got {name!r}")
        return self.checkpoints / f"{name}{_ENDING}"
