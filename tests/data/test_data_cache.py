"""Decoded content on disk: used when it is right, made again when it is not, never in the way."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whether.data import cache, card, folder
from whether.data.load import load


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one whenever files are decoded."""
    done: list[Any] = []
    decode = folder.decode

    def counted(files: Any, *arguments: Any, **named: Any) -> Any:
        done.append(files)
        return decode(files, *arguments, **named)

    monkeypatch.setattr(folder, "decode", counted)
    return done


@pytest.fixture
def letters(write: Any, tmp_path: Path) -> str:
    return str(write(tmp_path / "letters"))


def _fresh() -> None:
    folder._seen.clear()


def test_the_second_opening_decodes_nothing(letters: str, decoded: list[Any]) -> None:
    first = load(letters)
    made = card(letters)
    _fresh()
    second = load(letters)
    assert card(letters) == made
    assert len(decoded) == 1
    assert first.digest() == second.digest()
    assert second.train_x.shape == first.train_x.shape
    assert second.train_y.dtype == np.int64


def test_a_card_needs_no_pixels(letters: str, decoded: list[Any]) -> None:
    made = card(letters)
    cache.place(made).unlink()
    _fresh()
    assert card(letters) == made
    assert len(decoded) == 1


def test_a_kept_file_is_the_content_and_is_named_by_it(letters: str) -> None:
    made = card(letters)
    path = cache.place(made)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.digest
    assert path.name == f"{made.digest[:16]}.bin"
    assert not list(path.parent.glob("*.part"))


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "grown"])
def test_damaged_content_is_made_again(
    damage: str, letters: str, decoded: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    right = load(letters).digest()
    path = cache.place(card(letters))
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[7] ^= 16
    path.write_bytes({"flipped": content, "cut": content[:-1], "emptied": b"", "grown": content + b"x"}[damage])
    assert load(letters).digest() == right
    assert "does not hold what it should" in caplog.text
    assert len(decoded) == 2
    assert hashlib.sha256(path.read_bytes()).hexdigest() == right


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"classes": 3', '"classes": 4'),
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: '{"card": NaN, "sum": ""}',
        lambda text: json.dumps({"card": {}, "sum": ""}),
    ],
)
def test_a_damaged_card_is_made_again(change: Any, letters: str, decoded: list[Any]) -> None:
    made = card(letters)
    (path,) = cache.folder().glob("files-*.json")
    kept = path.read_text()
    path.write_text(change(kept))
    _fresh()
    assert card(letters) == made
    assert len(decoded) == 2
    assert path.read_text() == kept


def test_a_card_of_another_form_is_made_again(
    letters: str, decoded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = card(letters)
    monkeypatch.setattr(cache, "_FORMAT", 2)
    _fresh()
    assert card(letters) == made
    assert len(decoded) == 2


def test_a_card_kept_for_other_files_is_not_taken(letters: str, write: Any, rows: Any, tmp_path: Path) -> None:
    card(letters)
    (first,) = cache.folder().glob("files-*.json")
    other = str(write(tmp_path / "other", (rows[0][:9], rows[1][:9])))
    made = card(other)
    (second,) = set(cache.folder().glob("files-*.json")) - {first}
    second.write_bytes(first.read_bytes())
    _fresh()
    assert card(other) == made


def test_a_cache_that_cannot_be_written_costs_only_time(
    letters: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    monkeypatch.setenv("WHETHER_CACHE", str(tmp_path / "blocked"))
    with caplog.at_level(logging.WARNING):
        assert len(load(letters).train_y) == 20
    assert "could not be kept, so it will be decoded again" in caplog.text


def test_a_full_disk_leaves_nothing_half_written(
    letters: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    assert len(load(letters).train_y) == 20
    assert list(cache.folder().iterdir()) == []
    assert "No space left on device" in caplog.text


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHETHER_CACHE", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "elsewhere" / "data"
    monkeypatch.delenv("WHETHER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder() == tmp_path / "xdg" / "whether" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == tmp_path / ".cache" / "whether" / "data"
