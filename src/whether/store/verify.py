"""Whether every byte of a lab is what it was, and everything in it is ours.

Found are: altered, missing, misnamed and foreign files in ledger/, records/, states/ and profiles/; states that no
record names; parents that are no longer those a piece was made from; a broken or cut ledger, and entries adopted from
another lab that are not what was written there; answers that the ledger does not know. Not looked at are work/, whose
loss costs only time (checkpoints, claims), and the pages beside an `answer.json`, which are drawn again from it.
Leftover temporaries are no damage, and neither is what is younger than an hour and unfinished.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whether.errors import DamageError, WorkError
from whether.store.answers import ANSWER_FILE, LAST, AnswerFolder
from whether.store.finding import Finding
from whether.store.folder import MARK, Store
from whether.store.layout import (
    GRACE,
    MARKER,
    PARTS,
    SEALED,
    SHELF,
    STATE,
    Part,
    is_ours_or_the_systems,
    place,
    scan,
)
from whether.store.ledger import RESTORE, Entry, said
from whether.store.publish import load
from whether.store.sealed import SealedFiles, unseal
from whether.store.states import sha256_of

Progress = Callable[[int, int], None]

_KEPT = ("seal", "parents", "kind", "outcome", "trajectory", "step", "seconds", "profile", *PARTS)
"""What of a record is kept in memory while others are checked."""
_RETRAIN = "It is not used: set aside, it is made again by the next run that needs it."
_FOREIGN = "Somebody put it there: move it elsewhere."
_ANSWER_AGAIN = "Run the question again: what was trained stands, and the answer is written anew."


def verify(store: Store, progress: Progress | None = None, *, without: Collection[Part] = ()) -> list[Finding]:
    """Check every byte and every chain of a lab.

    Args:
        store: the lab.
        progress: called with the number of files checked and of all, as it goes.
        without: states of these parts were left out, as in the small lab of a bundle: none needs to stand.

    Returns:
        What was found, in the order mark, ledger, records, states, parents, profiles, answers; empty when all is well.
    """
    return list(_Check(store, progress, without).findings())


@dataclass(frozen=True)
class Rested:
    """What an answer rests on, checked.

    Attributes:
        findings: what is wrong with it.
        records: of its runs and of all that these were made from, as far as they are whole, without their curves.
    """

    findings: list[Finding]
    records: Mapping[str, Mapping[str, Any]]


def verify_answer(store: Store, folder: AnswerFolder, runs: Iterable[str]) -> Rested:
    """Check what one answer rests on: its bytes, the ledger, the records of its runs and of what these come from.

    Trained states are not read: its numbers stand in records, and `verify` checks every byte.

    Args:
        store: of its lab.
        folder: the answer's.
        runs: the digests of its runs' measures.
    """
    check = _Check(store, None)
    return Rested(list(check.rested(folder, runs)), check.records)


class _Check:
    def __init__(self, store: Store, progress: Progress | None, without: Collection[Part] = ()) -> None:
        self.store = store
        self.progress = progress
        self.without = without
        # In a bundle records are sealed again without the names of machines (`whether.bundle.withheld`).
        self.seals = ("seal", "sealed_as") if store.bundled else ("seal",)
        self.records: dict[str, dict[str, Any]] = {}
        self.done = self.all = 0

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the whole lab."""
        store = self.store
        self.all = len(store.records.listing()) + len(store.profiles.listing()) + len(store.answers.listing())
        self.all += sum(len(store.states.listing(part)) for part in PARTS)
        yield from self._mark()
        yield from self.store.ledger.check()
        yield from self._records()
        yield from _foreign(self.store.records.folder, SEALED, self.store.root)
        for part in PARTS:
            yield from self._states(part)
        yield from _foreign(self.store.states.folder, STATE, self.store.root)
        yield from self._parents()
        remedy = "Remove it: the next run that trains on that machine writes it again."
        yield from self._sealed(self.store.profiles, remedy, self.store.profiles.listing())
        yield from _foreign(self.store.profiles.folder, SEALED, self.store.root, shelves=False)
        yield from self._answers(self.store.answers.listing())
        yield from self._last()

    def rested(self, folder: AnswerFolder, runs: Iterable[str]) -> Iterator[Finding]:
        """What is wrong with what one answer rests on."""
        yield from self.store.ledger.check()
        seen: set[str] = set()
        waiting = set(runs)
        while waiting:  # what has no record is told of by whoever asks for it
            yield from self._sealed(self.store.records, _RETRAIN, filter(self.store.records.has, waiting))
            seen |= waiting
            waiting = {up for digest in waiting for up in self._parents_of(digest)} - seen
        yield from self._parents()
        yield from self._answers([folder])

    def _parents_of(self, digest: str) -> Mapping[str, Any]:
        return self.records.get(digest, {}).get("parents") or {}

    def _mark(self) -> Iterator[Finding]:
        if load(self.store.root / MARKER, what="the mark of the lab") != MARK:
            line = MARK.decode().strip()
            yield Finding(MARKER, "The mark of the lab is not what was written there.", f"Put this line there: {line}")

    def _records(self) -> Iterator[Finding]:
        yield from self._sealed(self.store.records, _RETRAIN, self.store.records.listing())

    def _sealed(self, files: SealedFiles, remedy: str, digests: Iterable[str]) -> Iterator[Finding]:
        is_record = files is self.store.records
        for digest in sorted(digests):
            try:
                found = files.read(digest)
            except DamageError as error:
                what = f"The {files.noun} is not what was written under this name."
                yield Finding(error.place, what, remedy, digest if is_record else "")
            except WorkError as error:
                yield Finding(place(files.path(digest), self.store.root), str(error), "See to the disk.")
            else:
                if is_record:
                    self.records[digest] = {key: found.get(key) for key in (*self.seals, *_KEPT)}
            self._step()

    def _states(self, part: Part) -> Iterator[Finding]:
        states, standing = self.store.states, self.store.states.listing(part)
        # In this order: what another command drops meanwhile it enters in the ledger first.
        dropped = dropped_states(self.store.ledger.sound(), part)
        for digest in sorted(standing):
            where, named = self._where(digest, part), self._named(digest, part)
            self._step()
            if named is None:
                yield from self._unnamed(digest, part)
                continue
            try:
                found = sha256_of(states.path(digest, part))
            except WorkError as error:
                yield Finding(where, str(error), "See to the disk.")
                continue
            if found != named:
                yield Finding(where, "Its bytes are not those that its record names.", _RETRAIN, digest)
        for digest in sorted(self.records.keys() - standing):
            named = self._named(digest, part)
            if named is not None and dropped.get(digest) != named and part not in self.without:
                yield Finding(self._where(digest, part), "A record names it, but it does not stand.", _RETRAIN, digest)

    def _unnamed(self, digest: str, part: Part) -> Iterator[Finding]:
        # A damaged record has been found as such; what it named is unknown.
        if digest not in self.records and self.store.records.has(digest):
            return
        path = self.store.states.path(digest, part)
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return
        # Between a state and its record a run may be at work, or may have been killed: it will come back to it.
        if digest in self.records or age > GRACE:
            yield Finding(self._where(digest, part), "No record names this state.", "`whether clean` removes it.")

    def _parents(self) -> Iterator[Finding]:
        for digest in sorted(self.records):
            for parent, pinned in sorted(self._parents_of(digest).items()):
                where = place(self.store.records.path(digest), self.store.root)
                if parent in self.records:
                    seals = [self.records[parent][key] for key in self.seals]
                    if pinned not in (*seals, self._named(parent, "state")):
                        what = f"Its parent {parent[:12]}… is not the one that it was made from."
                        yield Finding(where, what, _RETRAIN, digest)
                elif not self.store.records.has(parent):
                    what = f"Its parent {parent[:12]}… has no record here."
                    yield Finding(where, what, "The next run that needs the parent makes it again.")

    def _answers(self, folders: Iterable[AnswerFolder]) -> Iterator[Finding]:
        answers = {folder.name: folder.read(ANSWER_FILE) for folder in folders}
        entries = self.store.ledger.sound()  # after the answers, should one be given meanwhile
        latest = {entry.body.get("folder"): entry.body.get("answer") for entry in entries if entry.kind == "answered"}
        for name, raw in answers.items():
            where = place(self.store.answers.folder / name / ANSWER_FILE, self.store.root)
            self._step()
            if raw is None:
                continue
            if name not in latest:
                yield Finding(where, "The ledger has no entry for this answer.", _ANSWER_AGAIN)
            elif latest[name] != hashlib.sha256(raw).hexdigest():
                yield Finding(where, "It is not the answer that the ledger's latest entry names.", _ANSWER_AGAIN)
            yield from self._witness(name, raw, entries)

    def _witness(self, name: str, raw: bytes, entries: list[Entry]) -> Iterator[Finding]:
        """What an answer says of the ledger as it stood when the answer was written."""
        where = place(self.store.ledger.folder, self.store.root)
        try:
            what = self.store.ledger.betrayed(json.loads(raw)["ledger"], entries)
        except (ValueError, KeyError, TypeError):
            what = "The answer does not say which ledger it was written under."
            yield Finding(place(self.store.answers.folder / name / ANSWER_FILE, self.store.root), what, _ANSWER_AGAIN)
            return
        if what:
            yield Finding(where, f"{what} when {name} was answered.", RESTORE)

    def _last(self) -> Iterator[Finding]:
        raw = load(self.store.answers.folder / LAST, what="the note of the last answer")
        if raw is not None and unseal(raw) is None:
            where = place(self.store.answers.folder / LAST, self.store.root)
            yield Finding(where, "The note of the last answer is damaged.", "Delete it; the next run writes it anew.")

    def _named(self, digest: str, part: Part) -> str | None:
        stated = (self.records.get(digest) or {}).get(part)
        return str(stated["sha256"]) if isinstance(stated, Mapping) and "sha256" in stated else None

    def _where(self, digest: str, part: Part) -> str:
        return place(self.store.states.path(digest, part), self.store.root)

    def _step(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done, max(self.all, self.done))


def dropped_states(entries: list[Entry], part: Part) -> dict[str, str]:
    """The hashes of the states that `clean` dropped, here or in a lab that was merged, by digest."""
    dropped: dict[str, str] = {}
    for body in said(entries, "dropped"):
        dropped.update(body.get(part, {}))
    return dropped


def _foreign(folder: Path, pattern: re.Pattern[str], root: Path, *, shelves: bool = True) -> Iterator[Finding]:
    """Whatever in a folder is neither one of its files on its shelf, nor something unfinished, nor the system's."""
    for entry in scan(folder):
        if is_ours_or_the_systems(entry.name):
            continue
        if shelves and SHELF.fullmatch(entry.name) and entry.is_dir():
            for item in scan(Path(entry.path)):
                right = pattern.fullmatch(item.name) and item.name.startswith(entry.name) and item.is_file()
                if not right and not is_ours_or_the_systems(item.name):
                    yield _stray(Path(item.path), folder, root)
        elif shelves or not (pattern.fullmatch(entry.name) and entry.is_file()):
            yield _stray(Path(entry.path), folder, root)


def _stray(path: Path, folder: Path, root: Path) -> Finding:
    return Finding(place(path, root), f"No file of {folder.name}/ has such a name or place.", _FOREIGN)
