"""Plain files are read whole; links, pipes and what is too large are none, and nothing is left open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from whether.store.plain_file import plain_file

SECRET = b"what nobody may see"


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"told")
    assert plain_file(tmp_path, "a/b/c") == plain_file(tmp_path / "a", "b/c") == b"told"
    assert plain_file(tmp_path, "a/b/c", most=4) == b"told"
    assert plain_file(tmp_path, "a/b/c", most=3) is None


@pytest.mark.parametrize("name", ["gone", "a", "a/file/x", "linked", "way/file", "fifo", "x" * 300, "a\x00b", ""])
def test_nothing_else_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(SECRET)
    (tmp_path / "linked").symlink_to("a/file")
    (tmp_path / "way").symlink_to("a")
    os.mkfifo(tmp_path / "fifo")
    before = os.listdir("/proc/self/fd") if Path("/proc/self/fd").is_dir() else []
    assert plain_file(tmp_path, name) is None
    assert plain_file(tmp_path / "way", "file") is None
    assert plain_file(tmp_path / "a", "file") == SECRET
    assert len(os.listdir("/proc/self/fd") if before else []) == len(before)
