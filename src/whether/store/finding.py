"""What a check of the lab found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing in a lab that is not as it was left, or does not belong there.

    Attributes:
        place: the file, from the lab's root: `records/ab/<digest>.json`.
        what: what is wrong with it, as a sentence.
        remedy: what to do, as a sentence.
        digest: the piece that `quarantine` can set aside so that it is trained again; empty when that is no remedy.
    """

    place: str
    what: str
    remedy: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what} {self.remedy}"
