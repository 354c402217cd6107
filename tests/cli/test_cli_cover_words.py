"""`whether cover` and `bundle`: the author's words go with the answer of which they are said."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_cli_covering import _made, answer_folder, home, plain, typed  # noqa: F401

from whether.cover.keeping import kept
from whether.store.sealed import seal

Call = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("plain")


@pytest.fixture
def away(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """Another working directory, from which the lab is named."""
    (home / "away").mkdir()
    monkeypatch.chdir(home / "away")
    return home


def said(home: Path) -> dict[str, Any]:  # noqa: F811
    return dict(json.loads((answer_folder(home) / "cover" / "cover.json").read_text())["fields"])


def test_from_elsewhere_the_kept_words_are_used_and_bundled(
    home: Path,  # noqa: F811
    whether: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (home / "steady.cover.toml").write_text('title = "T"\nvariation = "and the weather"\nreproductions = ["r.json"]')
    sha = hashlib.sha256((answer_folder(home) / "answer.json").read_bytes()).hexdigest()
    again = {"format": 1, "answer": sha, "agrees": "yes", "replicates": 2, "runs": 4, "time": "2026-06-01", "by": "B"}
    (home / "r.json").write_bytes(seal(again))
    assert whether("cover", "steady").code == 0
    assert kept(answer_folder(home)).reproductions == ("reproductions/r.json",)
    first = said(home)
    (home / "away").mkdir()
    monkeypatch.chdir(home / "away")
    done = whether("cover", "@last", "--lab", "../lab")
    assert f"answers/{answer_folder(home).name}/cover/hand.toml" in done.err
    assert said(home)["title"]["text"] == "T"
    assert said(home)["variation"]["text"] == first["variation"]["text"]
    assert said(home)["variation"]["text"].endswith("and the weather")
    assert said(home)["reproduced"]["pointer"] == "reproductions/r.json"
    assert whether("bundle", "@last", "--lab", "../lab", "--to", "b.zip").code == 0
    with zipfile.ZipFile("b.zip") as archive:
        assert {"cover/hand.toml", "cover/reproductions/r.json"} <= set(archive.namelist())


def test_a_file_of_another_answer_is_left_alone(home: Path, whether: Call) -> None:  # noqa: F811
    mine = answer_folder(home).name
    (home / "steady.cover.toml").write_text('answer = "steady-00000000"\ntitle = "Other"\nreproductions = ["none"]')
    done = whether("cover", "steady")
    assert done.code == 0
    assert "speaks of steady-00000000 and is not used" in " ".join(done.err.split())
    assert f"{mine}.cover.toml" in done.out
    assert said(home)["title"]["state"] == "not stated"
    (home / f"{mine}.cover.toml").write_text('title = "Mine"')
    assert whether("cover", "steady").err == ""
    assert said(home)["title"]["text"] == "Mine"
    (home / f"{mine}.cover.toml").write_text('answer = "steady-00000000"')
    assert "says that it speaks of steady-00000000" in whether("cover", "steady").err


def test_what_is_written_names_its_answer(home: Path, whether: Call, typed: list[Any]) -> None:  # noqa: F811
    line = f'answer = "{answer_folder(home).name}"'
    assert whether("cover", "steady", "--blank").code == 0
    assert line in (home / "steady.cover.toml").read_text()
    (home / "steady.cover.toml").unlink()
    typed[:] = ["Title"]
    whether("cover", "steady", "--ask")
    assert line in (home / "steady.cover.toml").read_text()


def test_a_file_that_names_none_is_told_of_where_there_are_several(home: Path, whether: Call) -> None:  # noqa: F811
    (home / "steady.cover.toml").write_text('title = "T"')
    assert whether("cover", "steady").err == ""
    shutil.copytree(answer_folder(home), home / "lab" / "answers" / "steady-00000000")
    done = whether("cover", "@last")
    assert "does not say of which answer it speaks" in " ".join(done.err.split())


def test_words_asked_for_elsewhere_join_those_that_were_kept(
    away: Path,
    whether: Call,
    typed: list[Any],  # noqa: F811
) -> None:
    folder = answer_folder(away) / "cover"
    folder.mkdir()
    (folder / "hand.toml").write_text('title = "T"')
    typed[:] = ["Ada", ""]
    assert whether("cover", "@last", "--lab", "../lab", "--ask").code == 0
    assert 'title = "T"' in (away / "away" / "steady.cover.toml").read_text()
    assert said(away)["authors"]["text"] == "Ada"
    assert kept(answer_folder(away)).said["authors"].text == "Ada"
