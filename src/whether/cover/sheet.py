"""A Sheet: for each field of a cover sheet what is said, how far it is known, and where to look.

Plain values; read from and written to `cover.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from whether.cover.fields import FIELDS

FORMAT = 1

State = Literal["verified", "declared", "not stated", "cannot verify"]
"""What is known of a field.

verified: computed anew from the evidence, now. declared: somebody says so, with a pointer to where a reader can look.
not stated: nothing is said. cannot verify: the tool ought to have computed it and could not; it never reads as blank.
"""
VERIFIED: State = "verified"
DECLARED: State = "declared"
NOT_STATED: State = "not stated"
CANNOT: State = "cannot verify"
HIDDEN = "hidden from reviewers"
THE_WORK = "the work"
"""What stands on a blind sheet for an address: who looks there finds the authors."""
NAME = 40
"""Characters of a name where many stand together."""
_ADDRESS = re.compile(r"https?://[^\s,]+|(?:doi|arxiv):\s*[^\s,]+|\b10\.\d{4,9}/[^\s,]+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a sheet says in one field.

    Attributes:
        state: how far it is known.
        text: for people, a phrase or a few sentences, without markup; lines are items of a list. Empty only when not
            stated.
        pointer: where a reader can open what it rests on: an address, a path within the bundle or the repository
            ("answer.json", "paper.pdf, section 4"), or a command. Of what is declared there is always one.
        note: for "cannot verify", what is the matter, in a sentence.
        value: the same for machines where that is of use: a number, a list, a mapping.
    """

    state: State
    text: str = ""
    pointer: str = ""
    note: str = ""
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class AxisRow:
    """One claim on the axis of the verdict: the effect, its interval, and the smallest size of interest.

    Attributes:
        said: the claim in words.
        kind: as claims are called ("exceeds", "not_worse", "same", "below", "above").
        verdict: "yes", "no" or "inconclusive".
        estimate, low, high: oriented so that positive supports the claim, in `unit`; None is unbounded or not stated.
        size: the smallest size of interest, at least 0; for a bound ("below", "above") where it lies.
        level: one-sided error of the interval; None where not stated.
    """

    said: str
    kind: str
    verdict: str
    estimate: float | None
    low: float | None
    high: float | None
    size: float
    unit: str
    level: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A cover sheet.

    Attributes:
        category: "science", "engineering" or "artifact"; `annex` a second one, or None.
        verdict: "yes", "no", "inconclusive"; empty where there is none to give, as of an artifact.
        fields: what is said, by the names of `fields.FIELDS`; those of other categories are left out, all others stand.
        axis: the claims that decide.
        made_by: "whether" for an answer of this lab, "by hand" for work done elsewhere.
        problems: what verification found, in sentences; empty when nothing.
    """

    format: int = FORMAT
    category: str
    annex: str | None = None
    verdict: str = ""
    fields: Mapping[str, Said]
    axis: Sequence[AxisRow] = field(default_factory=list)
    made_by: str = "whether"
    problems: Sequence[str] = ()

    @property
    def mark(self) -> State:
        """The sheet's own: "cannot verify" if that is said of any field; else "verified", elsewhere "declared"."""
        if self.problems or any(said.state == CANNOT for said in self.fields.values()):
            return CANNOT
        return VERIFIED if self.made_by == "whether" else DECLARED

    def blind(self) -> Sheet:
        """The same for double-blind reviewing: without fields that name the authors, and without addresses."""
        return replace(self, fields={name: _blind(name, said) for name, said in self.fields.items()})

    def to_json(self) -> str:
        """`cover.json`: readable, with sorted keys; it fits `schema.json` beside this file."""
        plain = {"schema": f"whether cover sheet {self.format}", **asdict(self), "mark": self.mark}
        return json.dumps(plain, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Sheet:
        """Read `cover.json` back."""
        told = json.loads(text)
        for derived in ("schema", "mark"):
            told.pop(derived, None)
        fields = {name: Said(**said) for name, said in told.pop("fields").items()}
        axis = [AxisRow(**row) for row in told.pop("axis")]
        return Sheet(**told, fields=fields, axis=axis)


def _blind(name: str, said: Said) -> Said:
    if FIELDS[name].names_authors:
        return Said(state=NOT_STATED, note=HIDDEN)
    if _ADDRESS.fullmatch(said.text):
        return Said(state=NOT_STATED, note=HIDDEN)
    if name == "reproduced":  # often by a colleague
        said = _by_somebody(said)
    return replace(said, text=_ADDRESS.sub(THE_WORK, said.text), pointer=_ADDRESS.sub(THE_WORK, said.pointer))


def _by_somebody(said: Said) -> Said:
    """Reproductions without who made them."""
    told = [one for one in said.value if isinstance(one, dict)] if isinstance(said.value, list) else []
    text = said.text
    for name in (str(one["by"]) for one in told if one.get("by")):
        text = text.replace(name, "Somebody").replace(name[:NAME], "Somebody")
    value = [{key: part for key, part in one.items() if key not in ("by", "text")} for one in told]
    return replace(said, text=text, value=value or said.value)
