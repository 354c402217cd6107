from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest
from store_cases import CHILD, FAILED, PARENT, age, flip

from whether.digest import digest
from whether.errors import DamageError, WorkError
from whether.store import Freed, Store, clean, quarantine, verify
from whether.store.layout import temporary_for


def everything(store: Store) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}


def test_a_dry_run_tells_and_touches_nothing(filled: Store) -> None:
    before = everything(filled)
    freed = clean(filled, {CHILD}, dry_run=True)
    assert freed == Freed(files=2, bytes=len(b"parent's weights") + len(b"parent's momentum"))
    assert everything(filled) == before
    assert clean(filled, {CHILD}, dry_run=False) == freed


def test_what_is_dropped_is_not_damage_and_numbers_stay(filled: Store) -> None:
    clean(filled, {CHILD}, dry_run=False)
    assert filled.states.listing() == {CHILD}
    assert filled.states.listing("optimizer") == set()
    assert filled.records.listing() == {PARENT, CHILD, FAILED}
    assert verify(filled) == []
    head = filled.ledger.head()
    assert head is not None
    assert head.kind == "dropped"
    assert head.body["state"].keys() == {PARENT}
    assert clean(filled, {CHILD}, dry_run=False) == Freed(0, 0)
    assert filled.ledger.head() == head  # nothing dropped, nothing noted


def test_only_what_was_dropped_may_be_missing(filled: Store) -> None:
    clean(filled, {CHILD}, dry_run=False)
    filled.states.path(CHILD).unlink()
    assert [finding.digest for finding in verify(filled)] == [CHILD]
    quarantine(filled, PARENT)
    quarantine(filled, CHILD)
    filled.keep(PARENT, {}, state=b"trained again, otherwise")
    assert verify(filled) == []
    filled.states.path(PARENT).unlink()  # the dropped one had another hash
    assert [finding.digest for finding in verify(filled)] == [PARENT]


def test_optimiser_states_may_go_alone(filled: Store) -> None:
    clean(filled, {PARENT, CHILD}, dry_run=False, optimizers=set())
    assert filled.states.listing() == {PARENT, CHILD}
    assert filled.states.listing("optimizer") == set()
    assert verify(filled) == []


def test_killed_between_noting_and_removing(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["whether.store.clean"], "remove", lambda path: 0)
        clean(filled, set(), dry_run=False)
    assert filled.states.listing() == {PARENT, CHILD}
    assert verify(filled) == []
    assert clean(filled, set(), dry_run=False).files == 3
    assert verify(filled) == []


def test_leftovers_go_once_they_are_old(filled: Store) -> None:
    filled.work.write("piece", b"step 500")
    filled.work.set_aside(filled.records.path(FAILED))
    left = [temporary_for(filled.records.path(CHILD)), temporary_for(filled.answers.folder / "last")]
    for path in left:
        path.write_bytes(b"half")
    orphan = digest("orphan")
    filled.states.write(orphan, b"weights")
    needed = {PARENT, CHILD}
    assert clean(filled, needed, dry_run=False) == Freed(0, 0)  # somebody may be at them
    litter = [*left, filled.states.path(orphan), *filled.work.checkpoints.iterdir(), *filled.work.damaged.iterdir()]
    for path in litter:
        age(path)
    assert clean(filled, {*needed, orphan}, dry_run=True).files == len(litter) - 1
    assert clean(filled, needed, dry_run=False).files == len(litter)
    assert not any(path.exists() for path in litter)
    assert verify(filled) == []


def test_work_on_another_disk_is_cleaned_too(store: Store, tmp_path: Path) -> None:
    store.work.folder.rmdir()
    (tmp_path / "scratch").mkdir()
    store.work.folder.symlink_to(tmp_path / "scratch")
    store.work.write("piece", b"step 500")
    age(next(store.work.checkpoints.iterdir()))
    assert clean(store, set(), dry_run=False).files == 1
    assert store.work.listing() == set()


def test_what_is_damaged_is_left_for_verify(filled: Store) -> None:
    flip(filled.records.path(PARENT), 40)
    clean(filled, {CHILD}, dry_run=False)
    assert filled.states.has(PARENT)
    assert [finding.digest for finding in verify(filled)] == [PARENT]


def test_without_a_sound_ledger_nothing_is_dropped(filled: Store) -> None:
    flip(filled.ledger.path(2), 40)
    before = everything(filled)
    with pytest.raises(DamageError, match="entry 2 of the ledger is damaged"):
        clean(filled, set(), dry_run=False)
    assert everything(filled) == before


def test_a_full_disk_is_cleaned_too(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    append, number = filled.ledger.append, errno.ENOSPC

    def full_until_something_is_removed(kind: str, body: dict[str, object]) -> object:
        if len(filled.states.listing()) + len(filled.states.listing("optimizer")) == 3:
            raise WorkError("could not write") from OSError(number, "refused")
        return append(kind, body)

    monkeypatch.setattr(filled.ledger, "append", full_until_something_is_removed)
    number = errno.EROFS
    with pytest.raises(WorkError, match="could not write"):
        clean(filled, set(), dry_run=False)
    assert filled.states.listing("optimizer") == {PARENT}
    number = errno.ENOSPC
    assert clean(filled, set(), dry_run=False).files == 3
    assert filled.states.listing() == set()
    assert verify(filled) == []


def test_a_damaged_piece_is_set_aside_and_made_again(filled: Store) -> None:
    flip(filled.states.path(CHILD), 3)
    (finding,) = verify(filled)
    moved = quarantine(filled, finding.digest)
    assert [path.parent for path in moved] == [filled.work.damaged] * 2
    assert not filled.records.has(CHILD)
    assert verify(filled) == []
    assert filled.keep(CHILD, {"curve": [0.5]}, state=b"child's weights")
    assert verify(filled) == []
    assert quarantine(filled, digest("nobody")) == []
