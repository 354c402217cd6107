"""`push`, `pull`: labs are merged, and what was not carried over is told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from whether.cli.live import counting
from whether.digest import digest
from whether.store import Store

NET, OTHER = digest("net"), digest("other")


@pytest.fixture
def mine(folder: Path) -> Store:
    """./lab with a network, a measure of it and an answer."""
    store = Store.find(folder / "lab")
    store.keep(NET, {"kind": "point", "parents": {}, "seconds": 1.5}, state=b"weights")
    pinned = {NET: store.records.read(NET)["state"]["sha256"]}
    store.records.write(OTHER, {"kind": "measure", "value": 0.5, "parents": pinned})
    store.conclude(store.answers.open("signs", digest("signs")), {"verdict": "yes"})
    return store


@pytest.fixture
def far() -> Iterator[str]:
    yield "memory://cli-merging/lab"
    if MemoryFileSystem().exists("/cli-merging"):
        MemoryFileSystem().rm("/cli-merging", recursive=True)


class TestPush:
    def test_to_a_new_folder_and_again(self, whether: Any, mine: Store) -> None:
        done = whether("push", "backup")
        assert (done.code, done.err) == (0, "")
        assert done.out == (
            "lab → backup\n\n"
            "  carried over   2 records, 1 state, 754 bytes\n"
            "  ledger         1 entry\n"
            "  answers        1 answer\n"
        )
        assert whether("verify", "--lab", "backup").code == 0
        assert whether("push", "backup").out == (
            "lab → backup\n\n"
            "  carried over   nothing new\n"
            "  alike          2 pieces that both had, with the same result\n"
            "  ledger         nothing new\n"
        )

    def test_as_json(self, whether: Any, mine: Store, far: str) -> None:
        done = whether("push", far, "--json")
        said = json.loads(done.out)
        assert (said["from"], said["to"]) == (str(mine.root), far)
        assert [said[key] for key in ("records", "states", "entries", "answers")] == [2, 1, 1, 1]
        assert (said["damaged"], said["other_bits"], said["left"]) == ([], [], [])

    def test_what_is_not_carried_over_is_told(self, whether: Any, mine: Store, folder: Path) -> None:
        other = Store.find(folder / "other")
        other.keep(NET, {"kind": "point", "parents": {}}, state=b"other weights")
        other.ledger.append("looked", {})
        done = whether("push", "other")
        assert done.code == 0
        told = " ".join(done.out.split())
        assert f"other bits 1 piece with another result there, which stands: {NET[:12]} " in told
        assert "held back 1 piece made from what is not there to the bit" in told
        assert "ledger 1 entry adopted: the two ledgers went different ways" in told
        assert (
            "left 1 answer of which the ledger there knows nothing: `whether run signs` concludes again there" in told
        )
        assert "nothing is trained for it" in told

    def test_damage_is_named_and_has_its_exit_code(self, whether: Any, mine: Store) -> None:
        mine.states.path(NET).write_bytes(b"weighty")
        done = whether("push", "backup")
        assert done.code == 3
        assert "Damaged in lab\n  states/" in done.out
        assert "Its bytes are not what was written there." in done.out
        assert "held back      1 piece" in done.out
        assert whether("verify", "--lab", "backup").code == 0

    def test_damage_there_is_told_apart(self, whether: Any, mine: Store, folder: Path) -> None:
        whether("push", "backup")
        Store.find(folder / "backup").records.path(OTHER).write_bytes(b"{}")
        done = whether("push", "backup")
        assert done.code == 3
        assert "Damaged in backup\n  records/" in done.out
        assert "It was left as it is" in done.out

    def test_from_where_there_is_no_lab(self, whether: Any, folder: Path) -> None:
        done = whether("push", "backup")
        assert (done.code, list(folder.iterdir())) == (2, [])
        assert "there is no lab in" in done.err

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("lab", "is this lab itself: there is nothing to merge"),
            ("lab/work/inner", "the one lies in the other. Name a folder outside"),
            ("notes", "whether push: {folder}/notes is no lab: it holds todo and no lab.json of ours."),
            ("lab/lab.json/x", "the one lies in the other"),
            ("todo", "whether push: {folder}/todo is a file; a lab is a folder. Name another\n"),
            ("memroy://x", "unknown protocol 'memroy'; did you mean 'memory'?"),
        ],
    )
    def test_wrong_places(self, whether: Any, mine: Store, folder: Path, url: str, told: str) -> None:
        (folder / "notes").mkdir()
        for name in ("todo", "notes/todo"):
            (folder / name).write_text("")
        done = whether("push", url)
        assert (done.code, done.out) == (2, "")
        assert told.format(folder=folder) in done.err
        assert not (mine.work.folder / "inner").exists()

    def test_without_a_place(self, whether: Any, mine: Store) -> None:
        done = whether("push")
        assert done.code == 2
        assert "missing argument 'URL'" in done.err


class TestPull:
    def test_a_lab_is_made_for_what_is_pulled(self, whether: Any, mine: Store, far: str, folder: Path) -> None:
        whether("push", far)
        done = whether("--lab", "fresh", "pull", far)
        assert done.code == 0
        assert done.out.startswith(f"{far} → fresh\n\n  carried over   2 records, 1 state, 754 bytes\n")
        assert whether("verify", "--lab", "fresh").code == 0
        assert Store.find(folder / "fresh").answers.listing()[0].question == "signs"

    def test_what_has_other_bits_here(self, whether: Any, mine: Store, folder: Path) -> None:
        other = Store.find(folder / "other")
        other.keep(NET, {"kind": "point", "parents": {}}, state=b"other weights")
        assert f"with another result here, which stands: {NET[:12]}" in " ".join(whether("pull", "other").out.split())

    @pytest.mark.parametrize("url", ["nowhere", "memory://cli-merging/nowhere", "s4://bucket/lab", "cluster:lab"])
    def test_a_wrong_address_makes_no_lab(self, whether: Any, folder: Path, url: str) -> None:
        done = whether("pull", url)
        assert (done.code, done.out) == (2, "")
        assert list(folder.iterdir()) == []

    def test_itself(self, whether: Any, mine: Store) -> None:
        done = whether("pull", f"file://{mine.root}")
        assert done.code == 2
        assert "is this lab itself" in done.err


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestCounting:
    def test_nothing_is_said_of_what_is_quick(self) -> None:
        clock, stream = Clock(), io.StringIO()
        with counting("pieces", clock, stream) as progress:
            for clock.now in (0.0, 1.9):
                progress(1, 9)
        assert stream.getvalue() == ""

    def test_lines_now_and_then(self) -> None:
        clock, stream = Clock(), io.StringIO()
        with counting("pieces", clock, stream) as progress:
            for clock.now in (1.0, 2.5, 3.0, 12.0, 12.5, 13.0):
                progress(int(clock.now * 1000), 20_000)
        assert stream.getvalue() == "  2,500 of 20,000 pieces\n  12,500 of 20,000 pieces\n"

    def test_a_line_that_stays_in_a_terminal_and_goes(self) -> None:
        clock, stream = Clock(), Terminal()
        with counting("pieces", clock, stream) as progress:
            for clock.now in (1.0, 2.5, 2.55, 3.0):
                progress(int(clock.now * 100), 400)
        assert stream.getvalue() == "\r\x1b[K  250 of 400 pieces\r\x1b[K  300 of 400 pieces\r\x1b[K"
