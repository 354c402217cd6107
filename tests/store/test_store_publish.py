from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from whether.errors import WorkError
from whether.store import publish as publishing
from whether.store.layout import LOCK, is_temporary, temporary_for
from whether.store.publish import load, make_folder, publish, remove, replace


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    def refusing(*arguments: Any, **others: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refusing)


def test_the_first_to_finish_stands(tmp_path: Path) -> None:
    path = tmp_path / "ab" / "file"
    assert publish(path, b"first")
    assert not publish(path, b"second")
    assert path.read_bytes() == b"first"
    assert names(path.parent) == ["file"]


def test_one_that_comes_between_our_look_and_our_link_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "file", os.link

    def slower(source: Path, target: Path) -> None:
        path.write_bytes(b"theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", slower)
    assert not publish(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["file"]


def test_our_own_link_that_a_server_reports_twice_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def twice(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", twice)
    assert publish(tmp_path / "file", b"ours")


def test_replacing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    replace(path, b"old")
    replace(path, b"new, ", bytearray(b"in "), memoryview(b"parts"))
    assert path.read_bytes() == b"new, in parts"
    assert names(path.parent) == ["file"]


def test_bytes_last_before_they_get_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for call in ("fsync", "link", "replace"):
        real = getattr(os, call)

        def noting(*arguments: Any, call: str = call, real: Any = real) -> Any:
            seen.append(call)
            return real(*arguments)

        monkeypatch.setattr(os, call, noting)
    publish(tmp_path / "a", b"a")
    assert seen == ["fsync", "link", "fsync"]
    seen.clear()
    replace(tmp_path / "a", b"b")
    assert seen == ["fsync", "replace", "fsync"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, bytes(data)[:3]))
    publish(tmp_path / "file", b"more than three bytes")
    assert (tmp_path / "file").read_bytes() == b"more than three bytes"


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS])
def test_without_hard_links_the_first_still_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse(monkeypatch, "link", number)
    path = tmp_path / "file"
    assert publish(path, b"first")
    assert not publishing._rename_if_free(path.with_name("other"), path)  # what a racing second one comes to
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == [LOCK, "file"]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "the disk is full.*whether clean"),
        (errno.EDQUOT, "your quota on this disk is used up.*Free some space"),
        (errno.EROFS, "the file system is read-only.*--lab"),
        (errno.EACCES, "you may not write there.*Ask the folder's owner"),
        (errno.EPERM, "you may not write there.*Ask the folder's owner"),
        (errno.EIO, "input/output error.*copy the lab.*whether verify"),
        (errno.ENAMETOOLONG, "File name too long.*See what is in the way"),
    ],
)
@pytest.mark.parametrize("write", [publish, replace])
def test_a_refusal_teaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str, write: Any) -> None:
    refuse(monkeypatch, "open" if number in (errno.EROFS, errno.EACCES, errno.EPERM) else "write", number)
    everything = f"could not write the record abc .*file.: .*{told}.*the same command again"
    with pytest.raises(WorkError, match=everything) as caught:
        write(tmp_path / "file", b"bytes", what="the record abc")
    assert "Nothing that was written before is lost." in str(caught.value)
    assert names(tmp_path) == []


def test_neither_links_nor_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def no_locks(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    refuse(monkeypatch, "link", errno.EPERM)
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(WorkError, match=r"neither hard links nor locks.*Move the lab to another file system"):
        publish(tmp_path / "file", b"bytes")
    assert "file" not in names(tmp_path)


def test_a_disk_that_fills_while_replacing_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(tmp_path / "file", b"old")
    refuse(monkeypatch, "fsync", errno.ENOSPC)
    with pytest.raises(WorkError, match="the disk is full"):
        replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_synchronised_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def files_only(descriptor: int) -> None:
        if os.path.isdir(f"/dev/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    assert publish(tmp_path / "file", b"bytes")


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "ab").write_bytes(b"")
    with pytest.raises(WorkError, match=r"could not write a file .*ab.file.*See what is in the way"):
        publish(tmp_path / "ab" / "file", b"bytes")


def test_loading(tmp_path: Path) -> None:
    assert load(tmp_path / "file") is None
    publish(tmp_path / "file", b"bytes")
    assert load(tmp_path / "file") == b"bytes"
    with pytest.raises(WorkError, match=r"could not read the record abc .*Is a directory.*It was not changed"):
        load(tmp_path, what="the record abc")


def test_removing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "file", b"bytes")
    assert remove(tmp_path / "file") == 5
    assert remove(tmp_path / "file") == 0
    with pytest.raises(WorkError, match=r"could not remove .*See that it may be removed"):
        remove(tmp_path)


def test_every_new_folder_is_synchronised_into_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(publishing, "_sync_folder", synced.append)
    make_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]


def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def gone_the_first_time(folder: Path) -> None:
        made.append(folder)
        if len(made) == 1:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        make_folder(folder)

    monkeypatch.setattr(publishing, "make_folder", gone_the_first_time)
    replace(tmp_path / "work" / "file", b"bytes")
    assert made == [tmp_path / "work"] * 2
    assert (tmp_path / "work" / "file").read_bytes() == b"bytes"


def test_names_of_temporaries(tmp_path: Path) -> None:
    temporary = temporary_for(tmp_path / "a.json")
    assert temporary.parent == tmp_path
    assert is_temporary(temporary.name)
    assert temporary != temporary_for(tmp_path / "a.json")
    assert not is_temporary("a.json")
    assert not is_temporary("a.json.partial")
