from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path

import pytest
from store_cases import CHILD, Spawn, flip

from whether.errors import WorkError
from whether.store import Store


def test_the_last_checkpoint(store: Store) -> None:
    assert store.work.read("piece-1") is None
    store.work.write("piece-1", b"step 500")
    store.work.write("piece-1", bytearray(b"step 1000"))
    store.work.write("piece-2", b"")
    assert store.work.read("piece-1") == b"step 1000"
    assert store.work.read("piece-2") == b""
    assert store.work.listing() == {"piece-1", "piece-2"}
    store.work.remove("piece-1")
    store.work.remove("piece-1")
    assert store.work.listing() == {"piece-2"}


def test_a_damaged_checkpoint_is_none(store: Store) -> None:
    store.work.write("piece", b"step 500")
    (path,) = store.work.checkpoints.iterdir()
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole)
        flip(path, position, position % 8)
        assert store.work.read("piece") is None
    for cut in (b"", whole[:40], whole[:-1]):
        path.write_bytes(cut)
        assert store.work.read("piece") is None


def test_names_stay_inside(store: Store) -> None:
    for bad in ("", "../piece", "a/b", ".hidden", "a\n", "x" * 201):
        with pytest.raises(ValueError, match="a checkpoint's name is letters, digits"):
            store.work.write(bad, b"")


def test_the_folder_may_go_at_any_time(store: Store, spawn: Spawn) -> None:
    writing = "for n in range(300): store.work.write('piece', bytes(1000)); store.work.read('piece')"
    process = spawn(writing, store.root)
    while process.poll() is None:
        shutil.rmtree(store.work.folder, ignore_errors=True)
        time.sleep(0.03)
    assert process.returncode == 0
    assert store.work.listing() <= {"piece"}


def test_setting_aside(filled: Store) -> None:
    shutil.rmtree(filled.work.folder)
    moved = filled.work.set_aside(filled.states.path(CHILD))
    assert moved is not None
    assert moved.read_bytes() == b"child's weights"
    assert moved.parent == filled.work.damaged
    assert not filled.states.has(CHILD)
    assert filled.work.set_aside(filled.states.path(CHILD)) is None


def test_setting_aside_a_second_of_the_same_name(store: Store) -> None:
    for data in (b"a", b"b"):
        store.states.write(CHILD, data)
        store.work.set_aside(store.states.path(CHILD))
    assert sorted(path.read_bytes() for path in store.work.damaged.iterdir()) == [b"a", b"b"]


def test_what_cannot_be_set_aside(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(shutil, "move", refuse)
    with pytest.raises(WorkError, match=r"could not set .* aside: Permission denied. Move it out of the lab by hand"):
        filled.work.set_aside(filled.states.path(CHILD))
