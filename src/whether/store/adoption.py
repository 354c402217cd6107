"""Merging ledgers: the rest of the other's where ours is its beginning, else its entries, adopted one by one.

Also what merging as a whole reports.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from whether.errors import DamageError, WorkError
from whether.store.finding import Finding
from whether.store.layout import ENTRY
from whether.store.ledger import ADOPTED, RESTORE, Entry, adopted, as_entry, chain, entry_fields, entry_name, following
from whether.store.reach import Side, listed

MEND = "It was not carried over: `whether verify` in that lab tells more; mend it there and merge again."
_TRIES = 100


@dataclass
class Merged:
    """What merging carried over, and what it did not.

    Attributes:
        records, states, profiles, bytes: how many were carried over; optimisers' states count as states.
        alike: pieces that stood in both labs with the same result, whenever and wherever each was made.
        other_bits: pieces whose result in the target is another one, by digest; it stands.
        held: pieces that were not carried over because something that they were made from is not in the target.
        entries: of the ledger, carried over byte for byte.
        adopted: entries of the other's ledger that were adopted, since the ledgers went different ways.
        answers: carried over.
        left: names of questions whose answer was not: the target's ledger does not witness it.
        damaged: what is not what was written, in the source.
        damaged_there: the same, in the target.
    """

    records: int = 0
    states: int = 0
    profiles: int = 0
    bytes: int = 0
    alike: int = 0
    other_bits: list[str] = field(default_factory=list)
    held: int = 0
    entries: int = 0
    adopted: int = 0
    answers: int = 0
    left: list[str] = field(default_factory=list)
    damaged: list[Finding] = field(default_factory=list)
    damaged_there: list[Finding] = field(default_factory=list)


class Ledgers:
    """The two ledgers: `theirs` the source's, `ours` the target's, as it is after merging."""

    def __init__(self, source: Side, target: Side, merged: Merged) -> None:
        self.source, self.target, self.merged = source, target, merged
        self.theirs, self._raw, findings = _read(source)
        forged = [entry.number for entry in self.theirs if entry.kind == ADOPTED and adopted(entry) is None]
        findings += [(n, "It adopts an entry that is not what was written in the lab it came from.") for n in forged]
        self.sound = not findings
        merged.damaged += [Finding(f"ledger/{entry_name(number)}", what, MEND) for number, what in findings]
        self.ours: list[Entry] = []
        self.look()

    def look(self) -> None:
        """Read the target's.

        Raises:
            DamageError: it is damaged.
        """
        self.ours, _, findings = _read(self.target)
        if findings:
            number, what = findings[0]
            where = f"ledger/{entry_name(number)}"
            raise DamageError(
                f"the ledger of {self.target.name} is damaged at {where}: {what} Nothing is merged into it. {RESTORE}",
                place=where,
            )

    def merge(self) -> None:
        """Add to the target's what the source's has and it has not; a damaged one is left out.

        Raises:
            WorkError: others keep adding to it.
        """
        for _ in range(_TRIES):
            if not self.sound or self._added():
                return
            self.look()  # somebody else added something meanwhile
        raise WorkError(f"others keep adding to the ledger of {self.target.name}; merge again when they are done.")

    def _added(self) -> bool:
        pairs = zip(self.theirs, self.ours, strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0].hash == pair[1].hash, pairs))
        if common < len(self.theirs):
            carry = self._carry if common == len(self.ours) else self._adopt
            if not carry(self.theirs[common:]):
                return False
            self.look()
        return True

    def _carry(self, entries: Sequence[Entry]) -> bool:
        for entry in entries:
            if not self.target.publish(f"ledger/{entry_name(entry.number)}", self._raw[entry.number]):
                return False
            self.merged.entries += 1
        return True

    def _adopt(self, entries: Sequence[Entry]) -> bool:
        known = {(adopted(entry) or entry).hash for entry in self.ours} | {entry.hash for entry in self.ours}
        last = self.ours[-1]
        for entry in entries:
            origin, word, fields = entry, self.source.word, json.loads(self._raw[entry.number])
            if entry.kind == ADOPTED:
                found = adopted(entry)
                if found is None:
                    continue  # told of already
                origin, word, fields = found, str(entry.body.get("from")), entry.body["entry"]
            if origin.hash in known:
                continue
            body = {"from": word, "entry": fields}
            number, raw = following(last, ADOPTED, body)
            if not self.target.publish(f"ledger/{entry_name(number)}", raw):
                return False
            known.add(origin.hash)
            last = as_entry(json.loads(raw))
            self.merged.adopted += 1
        return True


def _read(side: Side) -> tuple[list[Entry], dict[int, bytes], list[tuple[int, str]]]:
    matches = [ENTRY.fullmatch(where.rpartition("/")[2]) for where in listed(side, "ledger", 2)]
    numbers = sorted(int(match["number"]) for match in matches if match)
    raws = dict(zip(numbers, side.read([f"ledger/{entry_name(number)}" for number in numbers]), strict=True))
    found = {number: raw for number, raw in raws.items() if raw is not None}
    entries, findings = chain(numbers, lambda number: entry_fields(found.get(number, b"")))
    return entries, found, findings
