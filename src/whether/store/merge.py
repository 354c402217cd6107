"""Merging labs: what the one has and the other has not is carried over, and nothing that stands is touched.

    ledger      where one is the beginning of the other, the rest of it, byte for byte; else entries are adopted
    profiles    those that are missing
    pieces      states before the record that names them, parents before children
    answers     those that the target's own ledger witnesses by now

In this order, so that an interrupted merge leaves a sound lab, and the next one goes on. Everything is checked when it
is read: what is damaged is named and stays behind, with what was made from it. A piece whose parent has other bits in
the target stays behind, too: it was made from a network that the target does not have. work/ and `answers/last` are a
lab's own and are never carried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from whether.store.adoption import MEND, Ledgers, Merged
from whether.store.answers import ANSWER_FILE
from whether.store.finding import Finding
from whether.store.layout import ANSWER, PARTS, SEALED, STATE, Part
from whether.store.ledger import Entry
from whether.store.reach import Near, Side, is_plain, listed, record_place, see_apart, state_place
from whether.store.sealed import SEAL, unseal
from whether.store.verify import dropped_states

Progress = Callable[[int, int], None]

BATCH = 256
"""Records that are read at once."""

ALTERED = "Its bytes are not what was written there."
LOST = "A record names it, but it does not stand."
LEFT = "It was left as it is: `whether verify` in that lab tells more."

CIRCUMSTANCES = frozenset({SEAL, "seconds", "host", "profile", "tries", "error", "failure", "traceback"})
"""Fields of a record that may differ although the result is the same."""


def merge(source: Side, target: Side, progress: Progress | None = None) -> Merged:
    """Carry over what a lab has into another; neither is changed but for what the target gains.

    Args:
        source: where from.
        target: where to.
        progress: called with the number of pieces looked at and of all, as it goes.

    Raises:
        RequestError: they are one lab, or one lies in the other.
        DamageError: the ledger of the target is damaged, so that nothing can be added to it.
        WorkError: one of them refused; what was carried over stays.
    """
    if isinstance(source, Near) and isinstance(target, Near):
        see_apart(source.store.root, target.store.root)
    merged = Merged()
    ledgers = Ledgers(source, target, merged)
    ledgers.merge()
    _profiles(source, target, merged)
    _Pieces(source, target, merged, ledgers.theirs).merge(progress or _nobody)
    _answers(source, target, merged, ledgers)
    return merged


class _Pieces:
    """Records and their states."""

    def __init__(self, source: Side, target: Side, merged: Merged, ledger: list[Entry]) -> None:
        self.source, self.target, self.merged = source, target, merged
        # The records first: a state that a command drops meanwhile, or one of a piece that it finishes, is no damage.
        self.theirs, self.ours = _records(source), _records(target)
        self.their_states, self.our_states = _states(source), _states(target)
        self.dropped = {part: dropped_states(ledger, part) for part in PARTS}
        self.new = self.theirs - self.ours
        self.stands: dict[str, frozenset[str]] = {}
        """By digest, what a child may have pinned of the target's piece; nothing for one that is not to be used."""
        self._ahead: dict[str, bytes | None] = {}

    def merge(self, progress: Progress) -> None:
        """Compare what both have, carry over what the target has not."""
        done, of = 0, len(self.theirs)
        for batch in _batches(self.theirs & self.ours):
            self._compare(batch)
            done += len(batch)
            progress(done, of)
        for batch in _batches(self.new):
            raws = self.source.read([record_place(digest) for digest in batch])
            self._ahead = dict(zip(batch, raws, strict=True))
            for digest in batch:
                self._carry(digest)
                done += 1
                progress(done, of)

    def _compare(self, digests: Sequence[str]) -> None:
        places = [record_place(digest) for digest in digests]
        for digest, their_raw, our_raw in zip(digests, self.source.read(places), self.target.read(places), strict=True):
            theirs, ours = _record(their_raw, digest), _record(our_raw, digest)
            self.stands[digest] = _pins(ours)
            if ours is None and our_raw is not None:
                self.merged.damaged_there.append(Finding(record_place(digest), ALTERED, LEFT))
            if theirs is None and their_raw is not None:
                self._damaged(record_place(digest))
            if ours is None or theirs is None or our_raw is None:
                continue
            if _result(ours) != _result(theirs):
                self.merged.other_bits.append(digest)
                continue
            self.merged.alike += 1
            self._put_back(digest, theirs, ours, our_raw)

    def _put_back(self, digest: str, theirs: dict[str, Any], ours: dict[str, Any], our_raw: bytes) -> None:
        """Carry over states that `clean` dropped there and that stand here, the same to the bit."""
        missing: set[Part] = {
            part
            for part in PARTS
            if (digest, part) in self.their_states and (digest, part) not in self.our_states
            if _hash(ours, part) == _hash(theirs, part)
        }
        if missing and (states := self._read_states(digest, theirs, missing)):
            self.target.keep(digest, our_raw, states)
            self._count(states)

    def _carry(self, digest: str) -> None:
        """Carry a piece over, after those it was made from: depth first, without recursion."""
        waiting, begun = [digest], dict[str, tuple[bytes, dict[str, Any]]]()
        while waiting:
            item = waiting[-1]
            if item not in self.stands and item not in begun:
                raw = self._ahead.pop(item) if item in self._ahead else self.source.read([record_place(item)])[0]
                record = _record(raw, item)
                if raw is None or record is None:
                    if raw is not None:  # else it was set aside meanwhile
                        self._damaged(record_place(item))
                    self.stands[item] = frozenset()
                else:
                    begun[item] = raw, record
                    first = self.new.intersection(_parents(record))
                    waiting += [parent for parent in first if parent not in self.stands and parent not in begun]
                    continue
            waiting.pop()
            if item in begun and item not in self.stands:
                self.stands[item] = self._settle(item, *begun.pop(item))

    def _settle(self, digest: str, raw: bytes, record: dict[str, Any]) -> frozenset[str]:
        if not all(pinned in self._standing(parent) for parent, pinned in _parents(record).items()):
            self.merged.held += 1
            return frozenset()
        states = self._read_states(digest, record, set(PARTS))
        if states is None:
            return frozenset()
        if not self.target.keep(digest, raw, states):
            (raw_there,) = self.target.read([record_place(digest)])  # somebody made it there meanwhile
            return _pins(_record(raw_there, digest))
        self.merged.records += 1
        self.merged.bytes += len(raw)
        self._count(states)
        return _pins(record)

    def _read_states(self, digest: str, record: Mapping[str, Any], wanted: set[Part]) -> dict[Part, bytes] | None:
        """The states that a record names, checked; None when one of them is damaged, or was lost."""
        found: dict[Part, bytes] = {}
        for part in PARTS:
            named, where = _hash(record, part), state_place(digest, part)
            if named is None or part not in wanted:
                continue
            (raw,) = self.source.read([where]) if (digest, part) in self.their_states else (None,)
            if raw is not None and hashlib.sha256(raw).hexdigest() == named:
                found[part] = raw
            elif raw is not None or self.dropped[part].get(digest) != named:
                self._damaged(where, ALTERED if raw is not None else LOST)
                return None
        return found

    def _standing(self, digest: str) -> frozenset[str]:
        """What a child may have pinned of a piece in the target; nothing when it has none."""
        if digest not in self.stands:
            (raw,) = self.target.read([record_place(digest)]) if SEALED.fullmatch(f"{digest}.json") else (None,)
            self.stands[digest] = _pins(_record(raw, digest))
        return self.stands[digest]

    def _count(self, states: Mapping[Part, bytes]) -> None:
        self.merged.states += len(states)
        self.merged.bytes += sum(map(len, states.values()))

    def _damaged(self, where: str, what: str = ALTERED) -> None:
        self.merged.damaged.append(Finding(where, what, MEND))


def _profiles(source: Side, target: Side, merged: Merged) -> None:
    theirs, ours = (listed(side, "profiles", 2) for side in (source, target))
    for where in sorted(theirs - ours):
        match = SEALED.fullmatch(where.rpartition("/")[2])
        (raw,) = source.read([where]) if match else (None,)
        if match is None or raw is None:
            continue
        if _record(raw, match["digest"]) is None:
            merged.damaged.append(Finding(where, ALTERED, MEND))
        elif target.publish(where, raw):
            merged.profiles += 1
            merged.bytes += len(raw)


def _answers(source: Side, target: Side, merged: Merged, ledgers: Ledgers) -> None:
    """Carry answers over: those of which the target's own ledger says that they were given, and latest."""
    places = listed(source, "answers", 3, 9)
    folders = {where.split("/")[1] for where in places if where.count("/") == 2 and where.endswith(f"/{ANSWER_FILE}")}
    given, known = _answered(ledgers.theirs), _answered(ledgers.ours)
    for folder in sorted(name for name in folders if ANSWER.fullmatch(name)):
        base = f"answers/{folder}/"
        (raw,), (stands,) = (side.read([f"{base}{ANSWER_FILE}"]) for side in (source, target))
        if raw is None or raw == stands:
            continue
        seen = hashlib.sha256(raw).hexdigest()
        if ledgers.sound and given.get(folder) != seen:
            what = "It is not the answer that the ledger's latest entry names."
            merged.damaged.append(Finding(f"{base}{ANSWER_FILE}", what, MEND))
        elif known.get(folder) == seen:
            pages = sorted(where for where in places if where.startswith(base) and is_plain(where))
            # The answer last: when it stands, its pages do.
            for where in sorted(pages, key=lambda where: where == f"{base}{ANSWER_FILE}"):
                (page,) = source.read([where])
                if page is not None:
                    target.replace(where, page)
                    merged.bytes += len(page)
            merged.answers += 1
        elif stands is None and (match := ANSWER.fullmatch(folder)):
            merged.left.append(match["question"])


def _answered(entries: Sequence[Entry]) -> dict[str, str]:
    """The hash of the answer that was given last, by its folder; adopted entries witness nothing."""
    return {str(e.body.get("folder")): str(e.body.get("answer")) for e in entries if e.kind == "answered"}


def _nobody(done: int, of: int) -> None:
    """The listener of those who do not listen."""


def _batches(digests: set[str]) -> Iterator[list[str]]:
    ordered = sorted(digests)
    return (ordered[first : first + BATCH] for first in range(0, len(ordered), BATCH))


def _records(side: Side) -> set[str]:
    return {match["digest"] for match in _shelved(side, "records", SEALED)}


def _states(side: Side) -> set[tuple[str, Part]]:
    return {
        (match["digest"], "optimizer" if match["optimizer"] else "state") for match in _shelved(side, "states", STATE)
    }


def _shelved(side: Side, folder: str, pattern: Any) -> Iterator[Any]:
    for where in listed(side, folder, 3):
        _, shelf, name = where.split("/")
        match = pattern.fullmatch(name)
        if match and shelf == name[:2]:
            yield match


def _record(raw: bytes | None, digest: str) -> dict[str, Any] | None:
    """What a sealed file says, None when it is not what was written under this digest."""
    found = unseal(raw) if raw is not None else None
    return found if found is not None and found.get("digest") == digest else None


def _parents(record: Mapping[str, Any]) -> dict[str, str]:
    parents = record.get("parents")
    return {str(parent): str(pinned) for parent, pinned in parents.items()} if isinstance(parents, Mapping) else {}


def _hash(record: Mapping[str, Any], part: Part) -> str | None:
    stated = record.get(part)
    return str(stated["sha256"]) if isinstance(stated, Mapping) and "sha256" in stated else None


def _pins(record: Mapping[str, Any] | None) -> frozenset[str]:
    """What a child's record may have pinned of this one."""
    return frozenset() if record is None else frozenset({record[SEAL], _hash(record, "state") or record[SEAL]})


def _result(record: Mapping[str, Any]) -> object:
    """What is the same in two records of a piece that came out the same."""
    named = _hash(record, "state")
    return named or {key: value for key, value in record.items() if key not in CIRCUMSTANCES}
