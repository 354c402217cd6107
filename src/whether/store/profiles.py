"""Profiles: how a device runs packs, measured once and then frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from whether.store.publish import replace
from whether.store.sealed import SealedFiles


class Profiles(SealedFiles):
    """profiles/<digest>.json: the first one published stands until a person asks for another."""

    noun: ClassVar[str] = "profile"
    shelves: ClassVar[bool] = False

    def change(self, digest: str, body: Mapping[str, object]) -> None:
        """Put another profile in this one's place; only a command that was asked to does this.

        Raises:
            WorkError: the disk refused; the old one stands.
        """
        replace(self.path(digest), self._sealed(digest, body), what=self._called(digest))
