"""Making room in a lab, and setting a damaged piece aside so that it is made again.

Records are never removed: numbers stay. A state that is dropped is entered in the ledger with its hash before it goes
(kind "dropped": {"state": {digest: sha256}, "optimizer": {…}}), so that `verify` can tell it from one that was lost; a
command that is killed in between leaves states which stand although the ledger lets them go, and the next `clean` takes
them.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from whether.errors import DamageError, WorkError
from whether.store.folder import Store
from whether.store.layout import GRACE, PARTS, Part, is_temporary
from whether.store.publish import remove


@dataclass(frozen=True)
class Freed:
    """What cleaning freed, or would free."""

    files: int
    bytes: int


def clean(store: Store, needed: Collection[str], *, dry_run: bool, optimizers: Collection[str] | None = None) -> Freed:
    """Remove what no answer needs: states, leftovers of work/, temporaries.

    What is younger than an hour and unfinished (in work/, a temporary, a state without record) is left alone, because
    a command may be at it. Should a command still need what is removed, it trains it again.

    Args:
        store: the lab.
        needed: digests of the pieces whose states stay.
        dry_run: only tell what would be freed.
        optimizers: digests of the pieces whose optimiser states stay; those of `needed` when not given.

    Raises:
        DamageError: the ledger's last entry is damaged, so that nothing can be noted; no state was removed then.
        WorkError: the system did not let us remove something.
    """
    stay: dict[Part, Collection[str]] = {
        "state": frozenset(needed),
        "optimizer": frozenset(needed if optimizers is None else optimizers),
    }
    dropped: dict[str, Mapping[str, str]] = {}
    states: list[Path] = []
    litter = _leftovers(store)
    for part in PARTS:
        dropped[part], unnamed = _sorted_out(store, part, stay[part])
        states += [store.states.path(digest, part) for digest in dropped[part]]
        litter += unnamed
    freed = Freed(len(states) + len(litter), sum(_size(path) for path in states + litter))
    if dry_run:
        return freed
    for path in litter:
        remove(path)
    if states:
        _note(store, dropped, states)
    for path in states:
        remove(path)
    return freed


def _note(store: Store, dropped: Mapping[str, Mapping[str, str]], states: list[Path]) -> None:
    try:
        store.ledger.append("dropped", dropped)
    except WorkError as error:
        if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # On a full disk the note itself needs room. One state goes before it is noted: should we be killed here, it
        # is found missing and made again.
        remove(max(states, key=_size))
        store.ledger.append("dropped", dropped)


def quarantine(store: Store, digest: str) -> list[Path]:
    """Move a piece's record and states to work/damaged/, so that the next run that needs it makes it again.

    Returns:
        Where they are now; empty when the lab has nothing of this piece.

    Raises:
        WorkError: the system did not let us.
    """
    # The record first: without it the piece is no longer done, whatever happens next.
    paths = [store.records.path(digest), *(store.states.path(digest, part) for part in PARTS)]
    return [moved for path in paths if (moved := store.work.set_aside(path))]


def _sorted_out(store: Store, part: Part, stay: Collection[str]) -> tuple[dict[str, str], list[Path]]:
    """The states that may go: those that a record names, with the hash that it names, and those that none does."""
    named: dict[str, str] = {}
    unnamed: list[Path] = []
    records = store.records.listing()
    for digest in sorted(store.states.listing(part)):
        path = store.states.path(digest, part)
        if digest not in records:
            if digest not in stay and _is_old(path):
                unnamed.append(path)
            continue
        try:
            stated = store.records.read(digest).get(part)
        except DamageError:
            continue  # for `verify` to find; what its states should be is unknown
        if not stated:
            unnamed.append(path)
        elif digest not in stay:
            named[digest] = stated["sha256"]
    return named, unnamed


def _leftovers(store: Store) -> list[Path]:
    temporaries = (path for path in _files(store.root) if is_temporary(path.name))
    # work/ by itself as well: it may be a link to a disk of its own, which a walk from above does not follow.
    found = {*temporaries, *_files(store.work.folder)} - _claims_in_use(store)
    return sorted(path for path in found if _is_old(path))


def _claims_in_use(store: Store) -> set[Path]:
    """Claims are written once, their claimant's file every second: a claim is as old as the latter."""
    drivers = {name: store.claims.driver(name) for name in set(store.claims.listing().values())}
    beating = {name for name, path in drivers.items() if path.is_file() and not _is_old(path)}
    return {store.claims.path(digest) for digest, name in store.claims.listing().items() if name in beating}


def _files(folder: Path) -> Iterator[Path]:
    for inside, _, names in os.walk(folder):
        yield from (Path(inside, name) for name in names)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > GRACE
    except FileNotFoundError:
        return False


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
