"""The ledger: what was done in this lab that must not be undone unseen.

Entries are numbered from zero, each with the seal of the one before it (64 zeros before the first), and created by
link: of two that want a number at once one gets it and the other takes the next. Whoever changes, removes or inserts an
entry breaks the chain from there on; whoever cuts its end is betrayed by the answers, which name the ledger they were
written under. Kinds are open words: "answered", "registered", "amended", "looked", "opened", "deviated", "dropped".

Where labs are merged whose ledgers went different ways, each entry of the other's is added as one of kind "adopted":
{"from": a word on the other lab, "entry": the entry as it stood there, seal included}. So nothing that was opened or
looked at is forgotten by merging; `said` sees through adoption.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from whether.errors import DamageError, WorkError
from whether.store.finding import Finding
from whether.store.layout import ENTRY, is_ours_or_the_systems, place, scan
from whether.store.publish import load, publish
from whether.store.sealed import SEAL, seal, unseal

BEGINNING = "0" * 64
"""What the first entry names as the seal of the one before it."""

ADOPTED = "adopted"
_FIELDS = {"number", "kind", "time", "previous", "body", "seal"}
RESTORE = (
    "Restore the ledger from a copy of the lab. Without one this ledger witnesses nothing more: go on in a new lab "
    "(--lab FOLDER), to which records/ and states/ may be copied."
)


@dataclass(frozen=True)
class Entry:
    """One line of the ledger. `time` is UTC in ISO 8601, for people; only the order is witnessed."""

    number: int
    kind: str
    time: str
    previous: str
    body: Mapping[str, Any]
    hash: str


class Ledger:
    """ledger/00000017.json and so on, only ever appended to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        """Where the entry of this number stands or would stand."""
        return self.folder / entry_name(number)

    def append(self, kind: str, body: Mapping[str, object]) -> Entry:
        """Add an entry at the end; several processes may do so at once, and all of theirs land.

        Args:
            kind: one word.
            body: plain values (`whether.digest.canonical`).

        Raises:
            DamageError: the last entry is damaged, so that nothing can be chained to it.
            WorkError: the disk refused.
        """
        if not kind:
            raise ValueError("an entry of the ledger needs a kind, got an empty one")
        last = self.head()
        while True:
            number, raw = following(last, kind, body)
            if publish(self.path(number), raw, what=f"entry {number} of the ledger"):
                return as_entry(json.loads(raw))
            # Somebody else was first. Opened by name, because a listing over a network may lag behind.
            last = self._read(number)

    def head(self) -> Entry | None:
        """The last entry, or None in a new lab.

        Raises:
            DamageError: it is damaged.
        """
        numbers = self._numbers()
        return self._read(numbers[-1]) if numbers else None

    def entries(self) -> list[Entry]:
        """All entries in order, after checking every seal and every link of the chain.

        Raises:
            DamageError: one is missing, altered or out of place.
        """
        entries, findings = self._walk()
        if findings:
            raise DamageError(
                f"the ledger is damaged at {findings[0].place}: {findings[0].what} {findings[0].remedy}",
                place=findings[0].place,
            )
        return entries

    def said(self, kind: str) -> list[Mapping[str, Any]]:
        """What the entries of a kind say, in order, those of merged labs included.

        Raises:
            DamageError: the ledger is damaged.
        """
        return said(self.entries(), kind)

    def sound(self) -> list[Entry]:
        """The entries that are whole in themselves, in order, whatever has become of the others."""
        return self._walk()[0]

    def betrayed(self, said: Mapping[str, Any], entries: Sequence[Entry]) -> str:
        """What an answer's words on the ledger, as it stood then, show to be wrong with it now; empty when nothing.

        Args:
            said: {"count": entries then, "head": the seal of the last of them}.
            entries: those that are whole now.

        Raises:
            KeyError, TypeError, ValueError: when it says no such thing.
        """
        count, head = int(said["count"]), str(said["head"])
        hashes = {entry.number: entry.hash for entry in entries}
        stands = max(hashes, default=-1) + 1
        if count > stands:
            return f"The ledger was cut: it has {stands} entries, but had {count}"
        if count and hashes.get(count - 1, head) != head:  # one that is missing is found by the chain's own check
            return f"The ledger was rewritten: entry {count - 1} is not the one that stood"
        return ""

    def check(self) -> list[Finding]:
        """What is wrong with the ledger: gaps, altered entries, wrong predecessors, wrong numbers, stray files."""
        entries, findings = self._walk()
        strays = [
            Finding(
                place(Path(entry.path), self.folder.parent),
                "No entry of the ledger has such a name.",
                "Somebody put it there: move it elsewhere.",
            )
            for entry in scan(self.folder)
            if not ENTRY.fullmatch(entry.name) and not is_ours_or_the_systems(entry.name)
        ]
        forged = [
            self._finding(entry.number, "It adopts an entry that is not what was written in the lab it came from.")
            for entry in entries
            if entry.kind == ADOPTED and adopted(entry) is None
        ]
        return findings + forged + strays

    def _numbers(self) -> list[int]:
        return sorted(int(match["number"]) for item in scan(self.folder) if (match := ENTRY.fullmatch(item.name)))

    def _read(self, number: int) -> Entry:
        path = self.path(number)
        found = self._fields(number)
        if found is None or found["number"] != number:
            raise DamageError(
                f"entry {number} of the ledger is damaged: {place(path, self.folder.parent)} is not what was written "
                f"there, so nothing can be added after it. {RESTORE}",
                place=place(path, self.folder.parent),
            )
        return as_entry(found)

    def _fields(self, number: int) -> dict[str, Any] | None:
        """What an entry says, or None when it cannot be read or is not what was written."""
        try:
            raw = load(self.path(number), what=f"entry {number} of the ledger")
        except WorkError:
            return None
        return entry_fields(raw) if raw is not None else None

    def _walk(self) -> tuple[list[Entry], list[Finding]]:
        entries, findings = chain(self._numbers(), self._fields)
        return entries, [self._finding(number, what) for number, what in findings]

    def _finding(self, number: int, what: str) -> Finding:
        return Finding(place(self.path(number), self.folder.parent), what, RESTORE)


def chain(
    numbers: Sequence[int], fields: Callable[[int], Mapping[str, Any] | None]
) -> tuple[list[Entry], list[tuple[int, str]]]:
    """Check a chain of entries, wherever they stand.

    Args:
        numbers: those that stand, in order.
        fields: what the entry of a number says, None when it is not what was written.

    Returns:
        The entries that are whole in themselves, and what is wrong at which number.
    """
    entries: list[Entry] = []
    findings: list[tuple[int, str]] = []
    expected, before = 0, BEGINNING
    for number in numbers:
        if number > expected:
            upto = f" to {number - 1}" if number - 1 > expected else ""
            findings.append(
                (expected, f"Entry {expected}{upto} of the ledger is missing although entry {number} stands.")
            )
        said = fields(number)
        # After a gap or a damaged entry there is no predecessor to compare with.
        known = before if number == expected else ""
        expected, before = number + 1, ""
        if said is None:
            what = f"Entry {number} of the ledger was altered or cannot be read: its bytes do not match its seal."
            findings.append((number, what))
        elif said["number"] != number:
            findings.append((number, f"This is entry {said['number']} of the ledger under the number {number}."))
        else:
            entry = as_entry(said)
            entries.append(entry)
            before = entry.hash
            if known and entry.previous != known:
                what = f"Entry {number} of the ledger does not follow the entry that stands before it."
                findings.append((number, what))
    return entries, findings


def following(last: Entry | None, kind: str, body: Mapping[str, object]) -> tuple[int, bytes]:
    """The number and the bytes of the entry that follows another, now."""
    number = last.number + 1 if last else 0
    fields = {
        "number": number,
        "kind": kind,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "previous": last.hash if last else BEGINNING,
        "body": dict(body),
    }
    return number, seal(fields)


def entry_name(number: int) -> str:
    """The file of the entry of this number."""
    return f"{number:08d}.json"


def entry_fields(raw: bytes) -> dict[str, Any] | None:
    """What the bytes of an entry say, or None when they are not what was written, or no entry's."""
    found = unseal(raw)
    return found if found and found.keys() >= _FIELDS else None


def adopted(entry: Entry) -> Entry | None:
    """The entry of another lab that an entry of kind "adopted" brings, or None when it is not what stood there."""
    try:
        fields = dict(entry.body["entry"])
        found = entry_fields(seal({key: value for key, value in fields.items() if key != SEAL}))
    except (KeyError, TypeError, ValueError):
        return None
    return as_entry(found) if found is not None and found[SEAL] == fields.get(SEAL) else None


def said(entries: Iterable[Entry], kind: str) -> list[Mapping[str, Any]]:
    """What the entries of a kind say, in order, those of merged labs included."""
    meant = ((adopted(entry) or entry) if entry.kind == ADOPTED else entry for entry in entries)
    return [entry.body for entry in meant if entry.kind == kind]


def as_entry(fields: Mapping[str, Any]) -> Entry:
    """An entry from its fields."""
    return Entry(
        number=fields["number"],
        kind=fields["kind"],
        time=fields["time"],
        previous=fields["previous"],
        body=fields["body"],
        hash=fields["seal"],
    )
