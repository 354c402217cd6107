"""A JSON file that can tell whether it is what it was when it was written.

Its field "seal" is the SHA-256 of the canonical JSON of everything else. The file is the canonical JSON of all and a
line feed. Reading takes the seal out of the bytes again and hashes what remains, so every single byte is guarded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from whether.digest import canonical
from whether.errors import DamageError
from whether.store.layout import SEALED, checked, place, scan, shelved
from whether.store.publish import load, publish

SEAL = "seal"


def seal(body: Mapping[str, object]) -> bytes:
    """The bytes of a sealed file.

    Args:
        body: plain values (`whether.digest.canonical`); numbers that may be non-finite go through `store.numbers`.

    Example:
        >>> unseal(seal({"steps": 500}))["steps"]
        500
    """
    if SEAL in body:
        raise ValueError(f"{SEAL!r} is added by the store and cannot be a field of what is sealed")
    mark = hashlib.sha256(canonical(body)).hexdigest()
    return canonical({**body, SEAL: mark}) + b"\n"


def unseal(raw: bytes) -> dict[str, Any] | None:
    """What a sealed file says, its seal included, or None when it is not what was written."""
    try:
        found = json.loads(raw)
        mark = found[SEAL]
        before, fragment, after = raw.partition(b'"%s":"%s"' % (SEAL.encode(), mark.encode()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not fragment or not raw.endswith(b"\n"):
        return None
    rest = before + after.removeprefix(b",") if before == b"{" else before.removesuffix(b",") + after
    whole = hashlib.sha256(rest[:-1]).hexdigest() == mark
    return found if whole and isinstance(found, dict) else None


class SealedFiles:
    """A folder of sealed files named after digests; the base of records and profiles."""

    noun: ClassVar[str] = "file"
    shelves: ClassVar[bool] = True
    """Whether files stand in sub-folders named after the first two digits of their digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the file of this digest stands or would stand."""
        name = f"{checked(digest)}.json"
        return self.folder / digest[:2] / name if self.shelves else self.folder / name

    def listing(self) -> set[str]:
        """The digests of all that stand here, from directory listings alone: nothing is opened."""
        if self.shelves:
            return {match["digest"] for _, match in shelved(self.folder, SEALED)}
        return {match["digest"] for entry in scan(self.folder) if (match := SEALED.fullmatch(entry.name))}

    def has(self, digest: str) -> bool:
        """Whether one stands under this digest. It may be damaged; `read` tells."""
        return self.path(digest).is_file()

    def read(self, digest: str) -> dict[str, Any]:
        """What stands under this digest, with its fields "digest" and "seal".

        Raises:
            DamageError: there is none, or its bytes are not those that were written.
        """
        path = self.path(digest)
        raw = load(path, what=self._called(digest))
        where = place(path, self.folder.parent)
        if raw is None:
            raise DamageError(
                f"{self._called(digest)} is missing: {where} does not exist. "
                "It was removed, or this lab never had it; the next run that needs it makes it.",
                place=where,
            )
        found = unseal(raw)
        if found is None or found.get("digest") != digest:
            raise DamageError(
                f"{self._called(digest)} is damaged: {where} is not what was written there. "
                "It is not used; `whether verify` checks the whole lab.",
                place=where,
            )
        return found

    def write(self, digest: str, body: Mapping[str, object]) -> bool:
        """Publish under this digest; the first to finish stands.

        Args:
            digest: 64 hexadecimal digits.
            body: plain values. "digest" and "seal" are added, and may be there if they are the right ones, so that
                what was read can be written into another lab.

        Returns:
            False when one stands already, which then is the one that counts.

        Raises:
            WorkError: the disk refused.
        """
        return publish(self.path(digest), self._sealed(digest, body), what=self._called(digest))

    def _sealed(self, digest: str, body: Mapping[str, object]) -> bytes:
        fields = {key: value for key, value in body.items() if key not in ("digest", SEAL)}
        raw = seal({**fields, "digest": digest})
        for key in ("digest", SEAL):
            if key in body and body[key] != json.loads(raw)[key]:
                raise ValueError(f"the {self.noun} {digest} says {key} = {body[key]!r}, which is not its own")
        return raw

    def _called(self, digest: str) -> str:
        return f"the {self.noun} {digest[:12]}…"
