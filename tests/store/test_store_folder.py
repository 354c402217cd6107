from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
from store_cases import CHILD, FAILED, PARENT, Spawn, answer_folder, flip, sha

from whether.digest import digest
from whether.errors import DamageError, RequestError, WorkError
from whether.store import AnswerFolder, Store, folder, verify
from whether.store.folder import MARK
from whether.store.layout import temporary_for
from whether.store.sealed import seal


def test_a_new_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.find()
    assert store.root == tmp_path / "lab"
    names = sorted(item.name for item in store.root.iterdir())
    assert names == ["answers", "lab.json", "ledger", "profiles", "records", "states", "work"]
    assert (store.root / "lab.json").read_bytes() == MARK
    assert verify(store) == []
    assert repr(store) == f"Store('{tmp_path}/lab')"


def test_the_nearest_lab_upward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = Store.find(tmp_path / "lab")
    deep = tmp_path / "project" / "src"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Store.find().root == outer.root
    inner = Store.find(tmp_path / "project" / "lab")
    assert Store.find(create=False).root == inner.root
    monkeypatch.chdir(inner.root / "answers")
    assert Store.find().root == inner.root


def test_a_foreign_folder_on_the_way_up_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = Store.find(tmp_path / "lab")
    foreign = tmp_path / "project" / "lab"
    foreign.mkdir(parents=True)
    (foreign / "lab.json").write_text("{}")  # other programs have such files, too
    monkeypatch.chdir(tmp_path / "project")
    assert Store.find().root == outer.root


def test_given_before_variable_before_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Store.find()
    monkeypatch.setenv("WHETHER_LAB", str(tmp_path / "second"))
    assert Store.find().root == tmp_path / "second"
    assert Store.find("third").root == tmp_path / "third"
    monkeypatch.setenv("WHETHER_LAB", "")
    assert Store.find().root == tmp_path / "lab"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store.find("~/fourth").root == tmp_path / "fourth"


def test_no_lab_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        RequestError, match=r"there is no lab in .* or above it.*`whether run NAME` makes one.*WHETHER_LAB"
    ):
        Store.find(create=False)
    with pytest.raises(RequestError, match=r"--lab: there is no lab at .*nowhere. Check the path"):
        Store.find("nowhere", create=False)
    assert list(tmp_path.iterdir()) == []


def test_no_lab_but_a_folder_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in "abcd":
        (other / name).write_text("")
    with pytest.raises(
        RequestError, match=r"--lab: .*other is no lab: it holds a, b, c, … and no lab.json.*other-whether"
    ):
        Store.find(other)
    Store.find(other / "lab")
    monkeypatch.setenv("WHETHER_LAB", str(other))
    with pytest.raises(RequestError, match=r"WHETHER_LAB: .*Did you mean .*other/lab\?"):
        Store.find()
    with pytest.raises(RequestError, match=r"--lab: .*a is a file; a lab is a folder"):
        Store.find(other / "a")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_to(store: Store, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(place: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder, "probe", refuse)
    told = rf"--lab: .*lab cannot be written to \({os.strerror(number)}\).*a folder of your own with --lab FOLDER"
    with pytest.raises(RequestError, match=told):
        Store.find(store.root)
    assert Store.find(store.root, create=False).root == store.root  # it can still be read


def test_a_full_disk_is_not_the_requests_fault(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder, "probe", refuse)
    with pytest.raises(WorkError, match=r"could not write the lab .*the disk is full"):
        Store.find(store.root)


def test_a_folder_that_cannot_be_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(folder, "scan", refuse)
    with pytest.raises(RequestError, match=r"lab cannot be read \(Permission denied\).*ask its owner"):
        Store.find(store.root, create=False)


def test_a_damaged_mark(store: Store) -> None:
    flip(store.root / "lab.json", 5)
    with pytest.raises(DamageError, match="lab.json is damaged.*put this line.*" + re.escape(MARK.decode().strip())):
        Store.find(store.root)


def test_a_lab_of_a_later_format(store: Store) -> None:
    (store.root / "lab.json").write_bytes(seal({"format": 2, "kind": "whether lab"}))
    with pytest.raises(
        RequestError, match=r"a lab of format 2; this Whether knows formats up to 1. Install a newer one"
    ):
        Store.find(store.root)


@pytest.mark.parametrize("left", ["nothing", "a temporary", "the mark alone"])
def test_a_lab_whose_maker_was_killed_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    root = tmp_path / "lab"
    root.mkdir()
    if left == "a temporary":
        temporary_for(root / "lab.json").write_bytes(MARK[:9])
    if left == "the mark alone":
        (root / "lab.json").write_bytes(MARK)
    monkeypatch.chdir(tmp_path)
    store = Store.find()
    assert store.root == root
    assert store.ledger.folder.is_dir()
    assert verify(store) == []


def test_several_make_the_same_lab(tmp_path: Path, spawn: Spawn) -> None:
    processes = [spawn("store.ledger.append('x', {})", tmp_path / "lab") for _ in range(3)]
    assert [process.wait(20) for process in processes] == [0, 0, 0]
    store = Store.find(tmp_path / "lab")
    assert verify(store) == []
    assert len(store.ledger.entries()) == 3


def test_keeping_a_piece(filled: Store) -> None:
    record = filled.records.read(PARENT)
    assert record["state"] == {"sha256": sha(b"parent's weights"), "bytes": 16}
    assert record["optimizer"] == {"sha256": sha(b"parent's momentum"), "bytes": 17}
    assert filled.states.read(PARENT, record["state"]["sha256"]) == b"parent's weights"
    assert "state" not in filled.records.read(FAILED)
    assert not filled.keep(CHILD, {"curve": [0.25]}, state=b"others")
    assert filled.records.read(CHILD)["curve"] == [0.5]
    assert verify(filled) == []


def test_the_state_stands_before_the_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> bool:
        assert store.states.has(CHILD)
        raise WorkError("killed here")

    monkeypatch.setattr(store.records, "write", refuse)
    with pytest.raises(WorkError, match="killed here"):
        store.keep(CHILD, {}, state=b"weights")
    assert not store.records.has(CHILD)


def test_a_state_that_a_killed_run_left_does_not_get_our_figures(store: Store) -> None:
    store.states.write(CHILD, b"the weights of another profile")
    assert store.keep(CHILD, {"accuracy": 0.9}, state=b"our weights")
    assert store.states.read(CHILD, store.records.read(CHILD)["state"]["sha256"]) == b"our weights"
    assert verify(store) == []
    assert [path.read_bytes() for path in store.work.damaged.iterdir()] == [b"the weights of another profile"]


def test_a_dropped_state_comes_back_when_it_is_the_same(filled: Store) -> None:
    for data, back in ((b"other weights", False), (b"child's weights", True)):
        filled.states.path(CHILD).unlink(missing_ok=True)
        assert not filled.keep(CHILD, {}, state=data)
        assert filled.states.has(CHILD) == back


def test_concluding(filled: Store) -> None:
    answer = answer_folder(filled)
    entry = filled.ledger.head()
    assert entry is not None
    assert entry.kind == "answered"
    assert entry.body == {"folder": answer.name, "answer": sha(answer.read("answer.json") or b"")}
    assert b'"count": 2' in (answer.read("answer.json") or b"")
    assert filled.conclude(answer, {"verdict": "yes"}) == entry  # nothing new: nothing is written
    assert len(filled.ledger.entries()) == 3
    later = filled.conclude(answer, {"verdict": "no", "why": ("a", "b")})
    assert later.number == 3
    assert filled.conclude(answer, {"verdict": "no", "why": ("a", "b")}) == later
    assert verify(filled) == []


def test_an_interrupted_conclusion_is_made_good(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise WorkError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(AnswerFolder, "write", refuse)
        with pytest.raises(WorkError, match="killed here"):
            filled.conclude(answer_folder(filled), {"verdict": "no"})
    assert [finding.place for finding in verify(filled)] == [f"answers/{answer_folder(filled).name}/answer.json"]
    filled.conclude(answer_folder(filled), {"verdict": "no"})
    assert verify(filled) == []


def test_nothing_is_concluded_from_a_damaged_ledger(filled: Store) -> None:
    flip(filled.ledger.path(0), 20)
    with pytest.raises(DamageError, match=r"the ledger is damaged at ledger/00000000.json.*Restore the ledger"):
        filled.conclude(answer_folder(filled), {"verdict": "no"})


def test_digests_cannot_lead_out_of_the_lab(store: Store) -> None:
    for bad in ("", "../" * 20 + "etc", digest("x").upper(), digest("x") + "\n"):
        for path in (store.records.path, store.states.path, store.profiles.path):
            with pytest.raises(ValueError, match="a digest is 64 lower-case hexadecimal digits"):
                path(bad)
