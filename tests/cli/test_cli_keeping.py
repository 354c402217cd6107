"""`verify`, `clean`: is the lab what it was, and what may go."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from whether.digest import digest
from whether.store import Store


@pytest.fixture
def kept(whether: Any, lab: Any, signs: Path) -> Store:
    """A lab with an answer, one state that it names and one that nothing names."""
    assert whether("run", "signs.py", "replicates=3").code == 0
    store = Store.find()
    for name in (digest(["ticket", 0, "state"]), digest("nobody's")):
        store.keep(name, {"kind": "point", "parents": {}}, state=b"weights")
    return store


class TestVerify:
    def test_all_is_well(self, whether: Any, kept: Store) -> None:
        done = whether("verify")
        assert (done.code, done.out) == (
            0,
            "lab: all is well; 5 files and the ledger checked, every answer concluded anew\n",
        )

    def test_damage_is_named_and_has_its_exit_code(self, whether: Any, kept: Store) -> None:
        path = kept.states.path(digest("nobody's"))
        path.chmod(0o644)
        path.write_bytes(b"weighty")
        done = whether("verify")
        assert done.code == 3
        assert done.out.startswith("lab: 1 finding\n")
        assert f"  {path.relative_to(kept.root).as_posix()}\n    Its bytes are not those" in done.out
        found = json.loads(whether("verify", "--json").out)
        assert [item["digest"] for item in found["findings"]] == [digest("nobody's")]

    def test_no_lab_is_made_to_be_verified(self, whether: Any, folder: Path) -> None:
        done = whether("verify")
        assert (done.code, list(folder.iterdir())) == (2, [])


class TestClean:
    def test_without_yes_it_only_tells(self, whether: Any, kept: Store) -> None:
        done = whether("clean")
        assert done.code == 0
        assert "would drop 1 file, 7 bytes" in done.out
        assert "To do it: whether clean --yes" in done.out
        assert kept.states.listing("state") == {digest(["ticket", 0, "state"]), digest("nobody's")}

    def test_with_yes_what_no_answer_names_goes(self, whether: Any, kept: Store) -> None:
        assert whether("clean", "--yes").out == "lab: dropped 1 file, 7 bytes\n"
        assert kept.states.listing("state") == {digest(["ticket", 0, "state"])}
        assert len(kept.records.listing()) == 2
        assert whether("verify").code == 0
        assert "nothing to drop" in whether("clean").out

    def test_leftovers_go_too(self, whether: Any, kept: Store) -> None:
        kept.work.write("begun", b"checkpoint")
        path = next(kept.work.checkpoints.iterdir())
        os.utime(path, (time.time() - 7200,) * 2)
        assert json.loads(whether("clean", "--yes", "--json").out)["files"] == 2
        assert kept.work.listing() == set()
