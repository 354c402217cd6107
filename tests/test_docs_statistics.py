"""docs/statistics.md is true: every block of Python in it, and its three questions from registration to verdict."""

from __future__ import annotations

import doctest
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from whether import Lab
from whether.cli import main

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "statistics.md"
TEXT = PAGE.read_text(encoding="utf-8")
SAID = " ".join(TEXT.split())
NAMES = ("largest", "order", "width")


class Done(NamedTuple):
    """What a command left: its exit code and what it printed, white space made one."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


@pytest.fixture
def whether(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """The command line in an empty folder that has the three files; registrations draw the same nonce in every run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("whether.studies.token_hex", lambda size: "5a" * size)
    for name in NAMES:
        (tmp_path / f"{name}.py").write_bytes((DOCS / "examples" / f"{name}.py").read_bytes())
        monkeypatch.delitem(sys.modules, name, raising=False)

    def call(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        return Done(code, *(" ".join(text.split()) for text in capsys.readouterr()))

    yield call
    for name in NAMES:
        sys.modules.pop(name, None)


def test_every_block_gives_what_the_page_prints() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted > 60


def test_the_picture_of_the_kinds_is_their_table() -> None:
    """The verdicts beside the drawn intervals are those that the block below computes."""
    drawn = re.findall(r"^      ([A-G])    :.*:       (\w+)\s+(\w+)\s+(\w+)$", TEXT, flags=re.MULTILINE)
    computed = re.findall(r"^    ([A-G]) (\w+) (\w+) (\w+)$", TEXT, flags=re.MULTILINE)
    assert drawn == computed
    assert len(drawn) == 7


def test_what_the_page_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (DOCS / target).is_file(), target
    for target in re.findall(r"`((?:tests|docs)/[\w/.]+\.(?:py|md))`", TEXT):
        assert (DOCS.parent / target).is_file(), target
    headings = [re.sub(r"[^\w -]", "", line[3:]).lower().replace(" ", "-") for line in re.findall("^## .*", TEXT, re.M)]
    assert [anchor for anchor in re.findall(r"\]\(#([^)]+)\)", TEXT) if anchor not in headings] == []


def test_pictures_are_small() -> None:
    shown = re.findall(r"\]\((img/[^)]+)\)", TEXT)
    assert sorted(shown) == [f"img/{name}.png" for name in NAMES]
    assert max((DOCS / name).stat().st_size for name in shown) < 150_000


def test_chances_are_told_as_the_page_has_them(whether: Call) -> None:
    done = whether("show", "order.py")
    rows = re.findall(r"^      (\d+(?: \*)?)  +(\S.* %) +[#.|]+ +(\S.* %) +[#.|]+$", TEXT, flags=re.MULTILINE)
    assert len(rows) == 4
    for n, yes, no in rows:
        assert re.search(rf"(?<!\d){re.escape(n)} {yes.strip()} [#.|]+ {no.strip()} [#.|]+", done.out), (n, done.out)
    tickets = whether("show", "lottery-ticket").out
    assert re.search(r"16 \* 96 % [#.|]+ 92 % ", tickets), tickets


def test_too_few_replicates_are_refused_in_the_words_of_the_page(whether: Call) -> None:
    done = whether("register", "width.py")
    assert done.code == 2
    quoted = re.search(r"    (  NOT PASSED  answerable.*?)\n\n", TEXT, flags=re.DOTALL)
    assert quoted is not None
    parts = " ".join(quoted[1].split()).split("…")
    assert len(parts) == 3
    told = " ".join((done.out + done.err).split())
    assert all(part.strip() in told for part in parts[:2]), told
    assert parts[2].strip() == done.err.strip()
    assert Lab().studies.listing() == []


@pytest.mark.long
def test_yes_no_and_inconclusive(whether: Call, tmp_path: Path) -> None:
    for name in ("largest", "order"):
        assert whether("register", f"{name}.py").code == 0
        assert whether("run", f"{name}.py").code == 0
    refused = whether("register", "width.py")
    assert (refused.code, "--underpowered registers it" in " ".join(refused.out.split())) == (2, True)
    forced = whether("register", "width.py", "--underpowered")
    assert (forced.code, "every page will say so" in forced.err) == (0, True)
    told = whether("run", "width.py")
    assert told.code == 0

    answers = {name: json.loads(whether("answer", f"{name}.py", "--json").out) for name in NAMES}
    assert {name: said["verdict"] for name, said in answers.items()} == {
        "largest": "yes",
        "order": "no",
        "width": "inconclusive",
    }
    assert {said["grade"] for said in answers.values()} == {"registered"}
    assert all(control["behaved"] for said in answers.values() for control in said["controls"])
    assert [len(answers[name]["looks"]) for name in NAMES] == [2, 1, 1]

    warned = "Underpowered, and registered all the same."
    assert f"Before you believe it ! {warned}" in told.out
    pages = {name: _page(tmp_path, name) for name in NAMES}
    assert [name for name, page in pages.items() if warned in page] == ["width"]

    done = whether("verify")
    assert done.code == 0, done.out + done.err
    assert "every answer concluded anew" in done.out


def _page(folder: Path, name: str) -> str:
    """The text of an answer's page, without tags."""
    (path,) = (folder / "lab" / "answers").glob(f"{name}-*/report.html")
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())
