"""What an author says stays with the answer of which it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from whether.cover.hand import Hand, Words, write
from whether.cover.keeping import keep, kept
from whether.errors import DamageError

SAID = {"title": Words(text="T"), "variation": Words(text="confirmed")}


def lay(folder: Path, text: str) -> Path:
    path = folder / "cover" / "hand.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return folder


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "r.json").write_bytes(b"one")
    (tmp_path / "r.json").write_bytes(b"two")
    hand = Hand(said=SAID, reproductions=["there/r.json", "r.json", "none.json"], folder=tmp_path)
    made = keep(hand, "q-12345678")
    assert made.files == {"reproductions/r.json": b"one", "reproductions/r-2.json": b"two"}
    assert made.lacking == ("none.json",)
    found = kept(lay(tmp_path / "q-12345678", write(made.hand)))
    assert (found.said, found.answer) == (SAID, "q-12345678")
    assert found.reproductions == ("reproductions/r.json", "reproductions/r-2.json", "reproductions/none.json")
    assert found.folder == tmp_path / "q-12345678" / "cover"


def test_nothing_was_kept(tmp_path: Path) -> None:
    assert kept(tmp_path) == Hand(name="hand.toml", folder=tmp_path / "cover")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("titel = 3", "unknown field 'titel'"),
        ('answer = "q-87654321"', "speaks of q-87654321"),
        ('reproductions = ["../../x"]', "names reproductions outside"),
    ],
)
def test_damage_is_told(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(DamageError, match=rf"q-12345678/cover/hand\.toml.*{what}"):
        kept(lay(tmp_path / "q-12345678", text))


@pytest.mark.parametrize("path", ["../../etc/pass wd", "a\\b/../é\u202e.json", "...", "/dev/zero", "x" * 300 + ".json"])
def test_names_are_plain_and_what_is_no_file_is_lacking(tmp_path: Path, path: str) -> None:
    made = keep(Hand(reproductions=[path], folder=tmp_path), "q-12345678")
    (name,) = made.hand.reproductions
    assert name.isascii()
    assert name.startswith("reproductions/")
    assert len(name) < 120
    assert ".." not in name
    assert made.lacking == (path,)


def test_words_are_moved_with_the_paths_that_they_name(tmp_path: Path) -> None:
    hand = Hand(said=SAID, reproductions=["reproductions/r.json"], folder=tmp_path / "lab" / "cover")
    moved = hand.moved(tmp_path / "q.cover.toml")
    assert (moved.name, moved.reproductions) == ("q.cover.toml", ("lab/cover/reproductions/r.json",))
