from __future__ import annotations

import errno
import json
import math
import os
import shutil

import pytest

from whether.errors import WorkError
from whether.store import Store, verify

KIND, OTHER = "a" * 64, "b" * 64


def test_the_last_measurement_of_a_kind_on_a_device(store: Store) -> None:
    assert store.paces.read() == {}
    store.paces.note(KIND, 0.5, 4, "cpu")
    store.paces.note(OTHER, 0.1, 1, "cpu")
    store.paces.note(KIND, 0.25, 8, "cuda")
    store.paces.note(KIND, 0.4, 2, "cpu")
    assert store.paces.read() == {
        OTHER: {"cpu": {"seconds": 0.1, "networks": 1}},
        KIND: {"cuda": {"seconds": 0.25, "networks": 8}, "cpu": {"seconds": 0.4, "networks": 2}},
    }
    assert [list(store.paces.read()), list(store.paces.read()[KIND])] == [[OTHER, KIND], ["cuda", "cpu"]]  # newest last


def test_the_folder_may_go_at_any_time(store: Store) -> None:
    store.paces.note(KIND, 0.5, 4, "cpu")
    shutil.rmtree(store.work.folder)
    assert store.paces.read() == {}
    store.paces.note(KIND, 0.5, 4, "cpu")
    assert list(store.paces.read()) == [KIND]


def test_a_lab_with_paces_is_sound(filled: Store) -> None:
    filled.paces.note(KIND, 0.5, 4, "cpu")
    assert verify(filled) == []


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"a": 3}', b'{"a": {"cpu": 4}}'])
def test_a_damaged_file_is_no_measurement(store: Store, raw: bytes) -> None:
    store.paces.path.write_bytes(raw)
    assert store.paces.read() == {}
    store.paces.note(KIND, 0.5, 4, "cpu")
    assert list(store.paces.read()) == [KIND]


@pytest.mark.parametrize(
    "pace", [{"seconds": 0, "networks": 1}, {"seconds": math.inf, "networks": 1}, {"seconds": "1", "networks": 1}, {}]
)
def test_what_is_no_pace_is_left_out(store: Store, pace: object) -> None:
    right = {"seconds": 0.5, "networks": 4}
    store.paces.path.write_text(json.dumps({KIND: {"cpu": pace, "cuda": right}, OTHER: {"cpu": pace}}))
    assert store.paces.read() == {KIND: {"cuda": right}}


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_no_step_takes_that_long(store: Store, seconds: float) -> None:
    with pytest.raises(ValueError, match="a step takes seconds above zero, got"):
        store.paces.note(KIND, seconds, 4, "cpu")


def test_a_full_disk_leaves_what_was_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.paces.note(KIND, 0.5, 4, "cpu")

    def refuse(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(WorkError, match=r"could not write the paces of the lab .*: the disk is full"):
        store.paces.note(KIND, 0.1, 4, "cpu")
    assert store.paces.read()[KIND]["cpu"]["seconds"] == 0.5
