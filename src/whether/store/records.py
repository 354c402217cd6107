"""Records: what each piece of work left behind. A piece is done exactly when its record stands.

A record's fields are its writer's business but for these, which the store reads:

- "digest", "seal": added on writing.
- "state", "optimizer": {"sha256": …, "bytes": …} of the files in states/, where the piece left any.
- "parents": {digest: hash}, the seal of each parent's record, or the SHA-256 of its state where only the weights count.
"""

from __future__ import annotations

from typing import ClassVar

from whether.store.sealed import SealedFiles


class Records(SealedFiles):
    """records/ab/<digest>.json, published once and never changed."""

    noun: ClassVar[str] = "record"
    shelves: ClassVar[bool] = True
