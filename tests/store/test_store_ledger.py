from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from store_cases import Spawn, flip

from whether.errors import DamageError
from whether.store import Ledger, Store
from whether.store.ledger import BEGINNING
from whether.store.sealed import seal


@pytest.fixture
def ledger(store: Store) -> Ledger:
    for number in range(5):
        store.ledger.append("looked", {"at": number})
    return store.ledger


def test_a_chain(ledger: Ledger) -> None:
    entries = ledger.entries()
    assert [entry.number for entry in entries] == [0, 1, 2, 3, 4]
    assert [entry.previous for entry in entries] == [BEGINNING] + [entry.hash for entry in entries[:-1]]
    assert entries[3].body == {"at": 3}
    assert entries[3].kind == "looked"
    assert abs((datetime.now(UTC) - datetime.fromisoformat(entries[3].time)).total_seconds()) < 60
    assert ledger.head() == entries[-1]
    assert ledger.path(17).name == "00000017.json"
    assert ledger.check() == []


def test_an_empty_ledger(store: Store) -> None:
    assert store.ledger.head() is None
    assert store.ledger.entries() == []
    with pytest.raises(ValueError, match="needs a kind"):
        store.ledger.append("", {})


def test_several_append_at_once(store: Store, spawn: Spawn) -> None:
    text = "for n in range(25): store.ledger.append('looked', {'who': NAME, 'n': n})"
    processes = [spawn(text.replace("NAME", str(name)), store.root) for name in range(4)]
    assert [process.wait(30) for process in processes] == [0, 0, 0, 0]
    entries = store.ledger.entries()  # raises unless they are one chain
    assert len(entries) == 100
    for name in range(4):
        assert [entry.body["n"] for entry in entries if entry.body["who"] == name] == list(range(25))


def test_one_that_loses_the_race_takes_the_next_number(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = ledger.entries()[2]
    monkeypatch.setattr(ledger, "head", lambda: stale)  # a listing that lags behind
    entry = ledger.append("looked", {"at": 5})
    monkeypatch.undo()
    assert entry.number == 5
    assert ledger.check() == []


def _cut_the_middle(folder: Path) -> None:
    (folder / "00000001.json").unlink()
    (folder / "00000002.json").unlink()


def _alter(folder: Path) -> None:
    flip(folder / "00000002.json", 30)


def _alter_the_last(folder: Path) -> None:
    flip(folder / "00000004.json", 30)


def _rewrite(folder: Path) -> None:
    other = Ledger(folder.parent / "other" / "ledger")
    for number in range(3):
        other.append("looked", {"at": number + 10})
    shutil.copy(other.path(2), folder / "00000002.json")


def _misnumber(folder: Path) -> None:
    shutil.copy(folder / "00000001.json", folder / "00000005.json")


def _a_far_number(folder: Path) -> None:
    shutil.copy(folder / "00000001.json", folder / "99999999.json")


def _a_sealed_file_of_another_sort(folder: Path) -> None:
    (folder / "00000004.json").write_bytes(seal({"number": 4}))


def _a_folder(folder: Path) -> None:
    (folder / "00000005.json").mkdir()


def _a_stray_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("")


def _a_stray_number(folder: Path) -> None:
    (folder / "000000003.json").write_text("")


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_cut_the_middle, {"00000001.json": "Entry 1 to 2 of the ledger is missing although entry 3 stands."}),
        (_alter, {"00000002.json": "Entry 2 of the ledger was altered"}),
        (_alter_the_last, {"00000004.json": "Entry 4 of the ledger was altered"}),
        (
            _rewrite,
            {
                "00000002.json": "Entry 2 of the ledger does not follow the entry that stands before it.",
                "00000003.json": "Entry 3 of the ledger does not follow the entry that stands before it.",
            },
        ),
        (_misnumber, {"00000005.json": "This is entry 1 of the ledger under the number 5."}),
        (
            _a_far_number,
            {
                "00000005.json": "Entry 5 to 99999998 of the ledger is missing",
                "99999999.json": "This is entry 1 of the ledger under the number 99999999.",
            },
        ),
        (_a_sealed_file_of_another_sort, {"00000004.json": "Entry 4 of the ledger was altered"}),
        (_a_folder, {"00000005.json": "Entry 5 of the ledger was altered or cannot be read"}),
        (_a_stray_file, {"notes.txt": "No entry of the ledger has such a name."}),
        (_a_stray_number, {"000000003.json": "No entry of the ledger has such a name."}),
    ],
)
def test_harm_is_found_and_named(ledger: Ledger, harm: Callable[[Path], None], found: dict[str, str]) -> None:
    harm(ledger.folder)
    findings = {finding.place.removeprefix("ledger/"): finding for finding in ledger.check()}
    assert findings.keys() == found.keys()
    for name, what in found.items():
        assert findings[name].what.startswith(what)
        assert "Restore the ledger from a copy" in findings[name].remedy or "move it elsewhere" in findings[name].remedy
    if "stray" not in harm.__name__:
        with pytest.raises(DamageError, match="the ledger is damaged at ledger/0000"):
            ledger.entries()


def test_nothing_follows_a_damaged_end(ledger: Ledger) -> None:
    _alter_the_last(ledger.folder)
    with pytest.raises(
        DamageError, match=r"entry 4 of the ledger is damaged.*nothing can be added after it.*--lab FOLDER"
    ):
        ledger.append("looked", {})
    assert not ledger.path(5).exists()


def test_what_is_whole_can_be_read_beside_what_is_not(ledger: Ledger) -> None:
    _alter(ledger.folder)
    assert [entry.number for entry in ledger.sound()] == [0, 1, 3, 4]
