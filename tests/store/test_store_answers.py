from __future__ import annotations

import os
from pathlib import Path

import pytest
from store_cases import answer_folder, flip

from whether.digest import digest
from whether.errors import DamageError, RequestError
from whether.store import Store


def test_a_folder_for_an_answer(store: Store) -> None:
    folder = store.answers.open("lottery-ticket", digest("q"))
    assert folder.name == f"lottery-ticket-{digest('q')[:8]}"
    assert not folder.path.exists()
    folder.write("report.html", b"<html>")
    folder.write("report.html", b"<html></html>")
    assert folder.write("figures/accuracy at 3.6 %.svg".replace(" %", ""), b"<svg>").parent == folder.path / "figures"
    assert folder.read("report.html") == b"<html></html>"
    assert folder.read("cover.html") is None
    assert store.answers.listing() == [folder]


@pytest.mark.parametrize(
    "bad", ["", "..", "../report.html", "/report.html", "figures/../../x", "a//b", ".x", "a\n", "a\\b"]
)
def test_file_names_stay_inside(store: Store, bad: str) -> None:
    folder = store.answers.open("xor", digest("q"))
    for act in (lambda: folder.write(bad, b""), lambda: folder.read(bad)):
        with pytest.raises(
            RequestError, match=r"cannot be a file of the answer xor-.*expected a plain name like 'report.html'"
        ):
            act()


def test_a_link_does_not_lead_out_either(store: Store, tmp_path: Path) -> None:
    folder = store.answers.open("xor", digest("q"))
    folder.write("report.html", b"")
    (folder.path / "figures").symlink_to(tmp_path)
    with pytest.raises(RequestError, match=r"'figures/a.svg' cannot be a file of the answer"):
        folder.write("figures/a.svg", b"")


@pytest.mark.parametrize("bad", ["", "..", "a/b", ".x", "x" * 101, "a b"])
def test_question_names_that_are_no_folders(store: Store, bad: str) -> None:
    with pytest.raises(RequestError, match=r"cannot name a folder for its answer: .*rename the question"):
        store.answers.open(bad, digest("q"))


def test_the_answers_to_a_question_latest_first(store: Store) -> None:
    folders = [store.answers.open("xor", digest(n)) for n in range(3)]
    for n, folder in enumerate(folders):
        store.conclude(folder, {"verdict": "yes"})
        os.utime(folder.path / "answer.json", (n, n))
    store.answers.open("xor", digest("without answer")).write("notes.txt", b"")
    store.conclude(store.answers.open("xor-again", digest(0)), {"verdict": "no"})
    assert store.answers.find("xor") == folders[::-1]
    assert [folder.question for folder in store.answers.find("xor-again")] == ["xor-again"]
    assert store.answers.find("nor") == []
    assert len(store.answers.listing()) == 5


def test_the_last_answer(filled: Store) -> None:
    assert filled.answers.latest() == answer_folder(filled)
    other = filled.answers.open("xor", digest("q"))
    other.write("report.html", b"")
    filled.answers.point(other)
    assert filled.answers.latest() == other
    (other.path / "report.html").unlink()
    other.path.rmdir()
    assert filled.answers.latest() is None


def test_no_last_answer(store: Store) -> None:
    assert store.answers.latest() is None


def test_a_damaged_note_of_the_last_answer(filled: Store) -> None:
    flip(filled.answers.folder / "last", 15)
    with pytest.raises(DamageError, match=r"the note of the last answer is damaged: answers/last.*instead of @last"):
        filled.answers.latest()
