"""States: trained weights, masks, and what an optimiser needs to go on. Opaque bytes here.

Which bytes are the right ones stands in the record: nothing is handed out whose SHA-256 is another.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from whether.errors import DamageError, WorkError
from whether.store.layout import STATE, Part, checked, place, shelved
from whether.store.publish import Data, load, publish


class States:
    """states/ab/<digest>.safetensors and <digest>.optimizer.safetensors, published once and never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str, part: Part = "state") -> Path:
        """Where this state stands or would stand."""
        ending = ".safetensors" if part == "state" else f".{part}.safetensors"
        return self.folder / checked(digest)[:2] / f"{digest}{ending}"

    def listing(self, part: Part = "state") -> set[str]:
        """The digests of which this part stands, from directory listings alone."""
        wanted = part == "optimizer"
        return {match["digest"] for _, match in shelved(self.folder, STATE) if bool(match["optimizer"]) == wanted}

    def has(self, digest: str, part: Part = "state") -> bool:
        """Whether a file stands there; `read` tells whether it is the right one."""
        return self.path(digest, part).is_file()

    def write(self, digest: str, data: Data, part: Part = "state") -> str:
        """Publish a state; the first to finish stands.

        Returns:
            The SHA-256 of the bytes that stand. When it is not that of `data`, another process was first and had
            other bits; `Store.keep` sees to what follows from that.

        Raises:
            WorkError: the disk refused.
        """
        path = self.path(digest, part)
        if publish(path, data, what=_called(digest, part)):
            return hashlib.sha256(data).hexdigest()
        return sha256_of(path)

    def read(self, digest: str, sha256: str, part: Part = "state") -> bytes:
        """The bytes of a state, after checking that they are those which the record names.

        Args:
            digest: the piece that left the state.
            sha256: what the record says that its bytes hash to.
            part: the weights, or what the optimiser needs to go on.

        Raises:
            DamageError: there is no such file, or its bytes are others.
        """
        path = self.path(digest, part)
        where = place(path, self.folder.parent)
        raw = load(path, what=_called(digest, part))
        if raw is None:
            raise DamageError(
                f"{_called(digest, part)} is missing: {where} does not exist. "
                "It was dropped by `whether clean`, or removed; training the piece again brings it back.",
                place=where,
            )
        found = hashlib.sha256(raw).hexdigest()
        if found != sha256:
            raise DamageError(
                f"{_called(digest, part)} is damaged: {where} hashes to {found[:12]}…, its record says "
                f"{sha256[:12]}…. It is not used; `whether verify` checks the whole lab.",
                place=where,
            )
        return raw


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, without holding it in memory.

    Raises:
        WorkError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WorkError(f"could not read {path}: {error.strerror or error}. See that the file can be read.") from error


def _called(digest: str, part: Part) -> str:
    return f"the {'state' if part == 'state' else 'optimiser state'} of {digest[:12]}…"
