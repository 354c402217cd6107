from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from store_cases import CHILD, FAILED, PARENT, age, answer_folder, flip

from whether.digest import digest
from whether.store import Finding, Store, clean, quarantine, verify
from whether.store.layout import temporary_for


def _place(store: Store, path: Path) -> str:
    return path.relative_to(store.root).as_posix()


def test_a_sound_lab_is_quiet_and_its_progress_told(filled: Store) -> None:
    told: list[tuple[int, int]] = []
    assert verify(filled, lambda done, total: told.append((done, total))) == []
    assert told == [(n + 1, 8) for n in range(8)]  # 3 records, 3 states, a profile, an answer


@pytest.mark.parametrize(
    "file",
    [
        lambda store: store.root / "lab.json",
        lambda store: store.records.path(PARENT),
        lambda store: store.records.path(CHILD),
        lambda store: store.records.path(FAILED),
        lambda store: store.states.path(PARENT),
        lambda store: store.states.path(PARENT, "optimizer"),
        lambda store: store.states.path(CHILD),
        lambda store: store.ledger.path(0),
        lambda store: store.ledger.path(2),
        lambda store: store.profiles.path(digest("cpu")),
        lambda store: answer_folder(store).path / "answer.json",
        lambda store: store.answers.folder / "last",
    ],
)
def test_a_flipped_bit_in_any_byte_of_any_file_is_found_there(filled: Store, file: Callable[[Store], Path]) -> None:
    path = file(filled)
    size = path.stat().st_size
    for position in [*range(0, size, max(1, size // 12)), size - 1]:
        flip(path, position, position % 8)
        assert _place(filled, path) in [finding.place for finding in verify(filled)]
        flip(path, position, position % 8)
    assert verify(filled) == []


def test_a_damaged_record_is_told_once_with_its_remedy(filled: Store) -> None:
    flip(filled.records.path(CHILD), 40)
    age(filled.states.path(CHILD))
    (finding,) = verify(filled)
    assert finding == Finding(
        f"records/{CHILD[:2]}/{CHILD}.json",
        "The record is not what was written under this name.",
        "It is not used: set aside, it is made again by the next run that needs it.",
        CHILD,
    )
    assert str(finding).startswith("records/")
    assert str(finding).endswith("that needs it.")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("records/notes.txt", "No file of records/ has such a name or place."),
        ("records/ab/notes.txt", "No file of records/ has such a name or place."),
        (f"records/{'0' if CHILD[0] != '0' else '1'}0/{CHILD}.json", "No file of records/ has such a name or place."),
        (f"records/{CHILD}.json", "No file of records/ has such a name or place."),
        (f"states/{CHILD[:2]}/{CHILD}.pt", "No file of states/ has such a name or place."),
        (f"states/{CHILD[:2]}/{CHILD.upper()}.safetensors", "No file of states/ has such a name or place."),
        ("states/abc/x", "No file of states/ has such a name or place."),
        ("ledger/README", "No entry of the ledger has such a name."),
        ("profiles/mine.json", "No file of profiles/ has such a name or place."),
        (f"profiles/ab/{CHILD}.json", "No file of profiles/ has such a name or place."),
    ],
)
def test_a_foreign_file_is_found(filled: Store, where: str, told: str) -> None:
    path = filled.root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("foreign")
    (finding,) = verify(filled)
    assert where.startswith(finding.place)
    assert (finding.what, finding.remedy) == (told, "Somebody put it there: move it elsewhere.")


def test_what_the_system_and_killed_writers_leave_is_no_damage(filled: Store) -> None:
    for folder in (
        filled.records.path(CHILD).parent,
        filled.ledger.folder,
        filled.states.folder,
        filled.profiles.folder,
    ):
        (folder / ".DS_Store").write_text("")
        (folder / ".nfs00000000deadbeef00000001").write_text("")
        (folder / ".publish.lock").write_text("")
        temporary = temporary_for(folder / "x.json")
        temporary.write_text("half a rec")
        age(temporary)
    assert verify(filled) == []


def test_notes_beside_an_answer_are_welcome(filled: Store) -> None:
    (answer_folder(filled).path / "my notes.txt").write_text("")
    (filled.answers.folder / "todo").write_text("")
    assert verify(filled) == []


def test_a_lost_state(filled: Store) -> None:
    filled.states.path(PARENT, "optimizer").unlink()
    (finding,) = verify(filled)
    assert finding.place == f"states/{PARENT[:2]}/{PARENT}.optimizer.safetensors"
    assert finding.what == "A record names it, but it does not stand."


def test_a_state_that_no_record_names(filled: Store) -> None:
    path = filled.states.path(digest("orphan"))
    filled.states.write(digest("orphan"), b"weights")
    assert verify(filled) == []  # a run may be between its state and its record
    age(path)
    (finding,) = verify(filled)
    assert finding.place == _place(filled, path)
    assert (finding.what, finding.remedy) == ("No record names this state.", "`whether clean` removes it.")
    path.unlink()
    filled.states.write(FAILED, b"weights")  # its record stands and names none: never sound, however young
    assert [finding.what for finding in verify(filled)] == ["No record names this state."]
    assert clean(filled, {PARENT, CHILD, FAILED}, dry_run=False).files == 1
    assert verify(filled) == []


def test_a_record_that_cannot_be_read(filled: Store) -> None:
    filled.records.path(FAILED).unlink()
    filled.records.path(FAILED).mkdir()
    assert any("could not read the record" in finding.what for finding in verify(filled))


def test_a_state_that_cannot_be_read(filled: Store) -> None:
    filled.states.path(CHILD).unlink()
    filled.states.path(CHILD).mkdir()
    assert any("could not read" in finding.what for finding in verify(filled))


def test_a_parent_that_was_made_again_otherwise(filled: Store) -> None:
    quarantine(filled, PARENT)
    (finding,) = verify(filled)
    assert finding.what == f"Its parent {PARENT[:12]}… has no record here."
    filled.keep(PARENT, {"curve": [9.0]}, state=b"other weights")
    (finding,) = verify(filled)
    assert finding.place == f"records/{CHILD[:2]}/{CHILD}.json"
    assert finding.what == f"Its parent {PARENT[:12]}… is not the one that it was made from."
    assert finding.digest == CHILD


def test_a_parent_pinned_by_its_weights_may_be_made_again_to_the_bit(filled: Store) -> None:
    weights = filled.records.read(PARENT)["state"]["sha256"]
    filled.keep(digest("grandchild"), {"parents": {PARENT: weights}})
    quarantine(filled, CHILD)
    quarantine(filled, PARENT)
    filled.keep(PARENT, {"curve": [], "when": "later"}, state=b"parent's weights")
    assert verify(filled) == []
    quarantine(filled, PARENT)
    filled.keep(PARENT, {}, state=b"other weights")
    assert [finding.digest for finding in verify(filled)] == [digest("grandchild")]


def test_a_cut_ledger(filled: Store) -> None:
    name = answer_folder(filled).name
    filled.ledger.path(2).unlink()
    (finding,) = verify(filled)
    assert finding.place == f"answers/{name}/answer.json"
    assert finding.what == "The ledger has no entry for this answer."
    filled.ledger.path(1).unlink()
    whats = [finding.what for finding in verify(filled)]
    assert f"The ledger was cut: it has 1 entries, but had 2 when {name} was answered." in whats


def test_a_ledger_that_was_cut_and_continued(filled: Store) -> None:
    name = answer_folder(filled).name
    body = dict(filled.ledger.entries()[2].body)
    for number in (2, 1):
        filled.ledger.path(number).unlink()
    filled.ledger.append("looked", {"study": "another"})
    filled.ledger.append("answered", body)
    assert filled.ledger.check() == []
    (finding,) = verify(filled)
    assert finding.what == f"The ledger was rewritten: entry 1 is not the one that stood when {name} was answered."
    assert "Restore the ledger from a copy" in finding.remedy


def test_a_ledger_that_is_gone(filled: Store) -> None:
    shutil.rmtree(filled.ledger.folder)
    whats = [finding.what for finding in verify(filled)]
    assert any(what.startswith("The ledger was cut: it has 0 entries") for what in whats)


def test_an_answer_that_was_edited(filled: Store) -> None:
    path = answer_folder(filled).path / "answer.json"
    path.write_text(path.read_text().replace("yes", "no"))
    (finding,) = verify(filled)
    assert finding.what == "It is not the answer that the ledger's latest entry names."
    assert finding.remedy.startswith("Run the question again")


def test_an_answer_put_back_is_not_the_latest(filled: Store) -> None:
    path = answer_folder(filled).path / "answer.json"
    first = path.read_bytes()
    filled.conclude(answer_folder(filled), {"verdict": "no"})
    path.write_bytes(first)
    assert [finding.place for finding in verify(filled)] == [_place(filled, path)]


@pytest.mark.parametrize("said", [{}, {"ledger": 3}, {"ledger": {"count": "many", "head": ""}}, []])
def test_an_answer_that_does_not_say_its_ledger(filled: Store, said: object) -> None:
    (answer_folder(filled).path / "answer.json").write_text(json.dumps(said))
    assert "The answer does not say which ledger it was written under." in [finding.what for finding in verify(filled)]
