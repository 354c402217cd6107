"""`whether cover`: what it writes, what it asks, what it says when something is wrong."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from whether.cli import main

QUESTION = '''\
from whether import Network, Question, Recipe, adam, not_worse, question


@question(category="science")
def steady(density=0.5):
    """Does it hold?"""

    def arms(rep):
        recipe = Recipe(optimizer=adam(0.01), total="20it", batch=60)
        start = Network("mlp-8", data="digits", seed=rep, recipe=recipe)
        return {"trained": start.train(), "again": start.train(order=rep.seed("again"))}

    claims = [not_worse("trained", "again", by=60, unit="points", because="less is noise")]
    return Question(arms, claims=claims, if_yes="this", if_no="that", replicates=2)
'''
Call = Callable[..., Any]
FORMS = {"cover.json", "cover.html", "cover.md", "cover.tex", "cover.jsonld", "cover.pdf"}


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
        (home / "steady.py").write_text(QUESTION)
        assert main(["run", "steady.py"]) == 0
    del sys.modules["steady"]
    return home


@pytest.fixture
def home(_made: Path, folder: Path) -> Path:
    """A working folder with a question and its answer."""
    shutil.copytree(_made, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are drawn elsewhere, and take a while."""
    monkeypatch.setattr("whether.cover.render.pdf", lambda sheet: b"%PDF")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is typed at the prompts, one after the other; what is an error is raised."""
    lines: list[Any] = []

    def prompt(*_words: object, **_how: object) -> str:
        line = lines.pop(0) if lines else ""
        if isinstance(line, type):
            raise line
        return str(line)

    monkeypatch.setattr("typer.prompt", prompt)
    return lines


def answer_folder(home: Path) -> Path:
    (path,) = (home / "lab" / "answers").glob("steady-*")
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def damage(home: Path) -> None:
    path = answer_folder(home) / "answer.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"lab": ', b'"lap": ', 1))


def test_it_writes_every_form_beside_the_answer(home: Path, whether: Call) -> None:
    done = whether("cover", "steady.py")
    assert done.code == 0
    assert names(answer_folder(home) / "cover") == FORMS
    assert (answer_folder(home) / "cover" / "cover.pdf").read_bytes().startswith(b"%PDF")
    assert done.out.startswith("YES  Does it hold?\n")
    assert "Not stated: title, authors, contact" in done.out
    assert "Say it in steady.cover.toml, or with --ask." in " ".join(done.out.split())
    assert "cover/cover.html" in done.out
    assert not (home / "steady.cover.toml").exists()


@pytest.mark.usefixtures("plain")
class TestWhere:
    @pytest.mark.parametrize("words", [("@last",), ("steady.py", "density=0.5")])
    def test_an_answer_is_found_as_answer_finds_it(self, home: Path, whether: Call, words: tuple[str, ...]) -> None:
        assert whether("cover", *words).code == 0
        assert names(answer_folder(home) / "cover") == FORMS

    def test_to_a_folder_of_ones_own(self, home: Path, whether: Call) -> None:
        assert whether("cover", "steady", "--to", "out/here").code == 0
        assert names(home / "out" / "here") == FORMS
        assert not (answer_folder(home) / "cover").exists()

    def test_blind_stands_apart_and_names_nobody(self, home: Path, whether: Call) -> None:
        (home / "steady.cover.toml").write_text('authors = ["Ada Example"]')
        assert whether("cover", "steady", "--blind").code == 0
        files = [path.read_bytes() for path in (answer_folder(home) / "cover-blind").iterdir()]
        assert len(files) == len(FORMS)
        assert not any(b"Ada" in raw for raw in files)

    def test_json_is_the_sheet_and_writes_nothing(self, home: Path, whether: Call) -> None:
        done = whether("cover", "steady", "--json")
        told = json.loads(done.out)
        assert (told["schema"], told["mark"]) == ("whether cover sheet 1", "verified")
        assert not (answer_folder(home) / "cover").exists()

    def test_without_typst_it_says_how_to_get_it(
        self, home: Path, whether: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from whether.errors import RequestError
        from whether.typeset import NEEDS

        def missing(_sheet: object) -> bytes:
            raise RequestError(NEEDS)

        monkeypatch.setattr("whether.cover.render.pdf", missing)
        done = whether("cover", "steady")
        assert done.code == 0
        assert "pip install 'whether[pdf]'" in done.err
        assert names(answer_folder(home) / "cover") == FORMS - {"cover.pdf"}


@pytest.mark.usefixtures("plain")
class TestWords:
    def test_the_authors_file_lies_beside_the_question(self, home: Path, whether: Call) -> None:
        (home / "deep").mkdir()
        shutil.move(home / "steady.py", home / "deep" / "steady.py")
        (home / "deep" / "steady.cover.toml").write_text('title = "T"')
        told = json.loads(whether("cover", "deep/steady.py", "--json").out)
        assert told["fields"]["title"]["text"] == "T"

    def test_one_that_is_wrong_writes_nothing(self, home: Path, whether: Call) -> None:
        (home / "steady.cover.toml").write_text('titel = "T"\ncontact = 3')
        done = whether("cover", "steady")
        assert done.code == 2
        assert "did you mean 'title'" in done.err
        assert "contact is 3" in done.err
        assert not (answer_folder(home) / "cover").exists()

    def test_nobody_is_asked_without_a_terminal(self, home: Path, whether: Call, typed: list[Any]) -> None:
        typed[:] = [AssertionError]
        assert whether("cover", "steady").code == 0

    def test_what_is_asked_for_is_kept_and_declared(self, home: Path, whether: Call, typed: list[Any]) -> None:
        typed[:] = ["x" * 999, "Title", "Ada", "Bob", ""]
        done = whether("cover", "steady", "--ask")
        assert done.code == 0
        assert "title has 999 characters" in done.out
        text = (home / "steady.cover.toml").read_text()
        assert 'title = "Title"' in text
        assert 'authors = ["Ada", "Bob"]' in text
        assert 'variation = "confirmed"' in text
        told = json.loads((answer_folder(home) / "cover" / "cover.json").read_text())["fields"]
        assert told["authors"] == {
            "state": "declared",
            "text": "Ada\nBob",
            "pointer": "steady.cover.toml",
            "note": "",
            "value": None,
        }
        typed[:] = ["never asked again"]
        whether("cover", "steady", "--no-ask")
        assert typed

    def test_authors_on_one_line_are_asked_about(self, home: Path, whether: Call, typed: list[Any]) -> None:
        typed[:] = ["", "Ada Example, Bob Else and C. Candor", "", "", KeyboardInterrupt]
        done = whether("cover", "steady", "--ask")
        assert "3 authors: Ada Example · Bob Else · C. Candor?" in done.out
        assert 'authors = ["Ada Example", "Bob Else", "C. Candor"]' in (home / "steady.cover.toml").read_text()
        (home / "steady.cover.toml").unlink()
        typed[:] = ["", "Example, Ada", "", "n", KeyboardInterrupt]
        whether("cover", "steady", "--ask")
        assert 'authors = ["Example, Ada"]' in (home / "steady.cover.toml").read_text()

    def test_stopping_keeps_what_was_said(self, home: Path, whether: Call, typed: list[Any]) -> None:
        typed[:] = ["Title", KeyboardInterrupt]
        assert whether("cover", "steady", "--ask").code == 130
        assert 'title = "Title"' in (home / "steady.cover.toml").read_text()
        assert not (answer_folder(home) / "cover").exists()

    def test_blank_writes_the_questions_and_leaves_what_stands(self, home: Path, whether: Call) -> None:
        assert whether("cover", "steady.py", "--blank").code == 0
        text = (home / "steady.cover.toml").read_text()
        assert 'title = ""' in text
        assert "# Drafted: Varied: initial weights" in text
        (home / "steady.cover.toml").write_text(text.replace('title = ""', 'title = "T"'))
        assert whether("cover", "steady.py", "--blank").code == 0
        assert (home / "steady.cover.toml").read_text() == text.replace('title = ""', 'title = "T"')


@pytest.mark.usefixtures("plain")
class TestDamage:
    def test_a_damaged_answer_has_a_sheet_that_says_so(self, home: Path, whether: Call) -> None:
        damage(home)
        done = whether("cover", "steady")
        assert done.code == 3
        assert "Verification found damage:" in done.out
        assert "cannot verify" in done.out
        told = json.loads((answer_folder(home) / "cover" / "cover.json").read_text())
        assert told["mark"] == "cannot verify"
        assert json.loads(whether("cover", "--json").out)["problems"] == told["problems"]

    def test_so_has_one_under_a_damaged_ledger(self, home: Path, whether: Call) -> None:
        path = home / "lab" / "ledger" / "00000000.json"
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b"answered", b"Answered"))
        assert whether("cover", "steady.py").code == 3

    @pytest.mark.parametrize("raw", [b"", b"[1]", b"\xff\xfe", b"{}"])
    def test_one_that_cannot_be_read_has_none(self, home: Path, whether: Call, raw: bytes) -> None:
        path = answer_folder(home) / "answer.json"
        path.chmod(0o644)
        path.write_bytes(raw)
        done = whether("cover", "steady")
        assert done.code == 3
        assert "is not what the ledger says was answered" in done.err
        assert not (answer_folder(home) / "cover").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cover", "stady"), "did you mean 'steady'"),
        (("cover", "xor"), "no such answer in this lab yet"),
        (("cover", "steady", "xor"), "one name at a time"),
        (("cover", "none.toml"), "none.toml cannot be read: no such file or directory. Expected the file of a sheet"),
        (("cover", "steady", "--to", "steady.py"), "steady.py is a file; expected a folder"),
        (("cover", "--blank", "science", "--to", "steady.py/x"), "steady.py is a file; expected a folder"),
        (("cover", "work.toml", "--blank"), "work.toml makes its sheet by itself; leave out --blank"),
        (("cover", "--blank", "sience"), "unknown category 'sience'; did you mean 'science'?"),
        (("cover", "--form", "sience"), "did you mean 'science'"),
    ],
)
def test_wrong_requests_write_nothing(home: Path, whether: Call, words: tuple[str, ...], said: str) -> None:
    before = sorted(home.rglob("*"))
    done = whether(*words)
    assert (done.code, said in done.err) == (2, True)
    assert sorted(home.rglob("*")) == before


@pytest.mark.usefixtures("plain")
class TestElsewhere:
    """Work that was not made here."""

    @pytest.fixture(autouse=True)
    def _no_lab(self, folder: Path) -> Iterator[None]:
        yield
        assert not (folder / "lab").exists()

    def test_a_blank_file_lists_all_that_is_missing(self, folder: Path, whether: Call) -> None:
        assert whether("cover", "--blank", "science").code == 0
        text = (folder / "work.toml").read_text()
        done = whether("cover", "work.toml")
        assert done.code == 2
        assert "title" in done.err
        assert "limits" in done.err
        assert not (folder / "work-cover").exists()
        assert whether("cover", "--blank", "science").code == 2
        assert (folder / "work.toml").read_text() == text

    def test_the_form_is_a_page_that_needs_nothing(self, folder: Path, whether: Call) -> None:
        done = whether("cover", "--form")
        assert (done.code, "cover-form.html" in done.out) == (0, True)
        text = (folder / "cover-form.html").read_text()
        assert "<form" in text
        assert 'src="http' not in text

    def test_a_sheet_is_never_written_over_what_it_is_made_of(self, home: Path, whether: Call) -> None:
        assert whether("cover", "steady", "--to", "there").code == 0
        shutil.rmtree(home / "lab")
        before = (home / "there" / "cover.json").read_text()
        assert "would be written over by its own sheet" in whether("cover", "there/cover.json", "--to", "there").err
        assert (home / "there" / "cover.json").read_text() == before
        done = whether("cover", "there/cover.json")
        assert done.code == 0
        assert "declared · science" in done.out
        assert "--ask" not in done.out
        assert names(home / "there" / "cover-cover") == FORMS

    def test_no_text_and_too_much_of_it(self, folder: Path, whether: Call) -> None:
        (folder / "a.toml").write_bytes(b"\xff\xfe\x00")
        assert "no text in UTF-8" in whether("cover", "a.toml").err
        (folder / "b.toml").write_bytes(b"#" * 4_000_001)
        assert "more than 4,000,000 bytes" in whether("cover", "b.toml").err
