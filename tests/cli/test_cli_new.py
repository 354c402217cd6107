"""`new`: a question of one's own, written to a file that runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.find import find
from whether.cli import draft
from whether.seeds import Seed

SAID = ["--question", "Is it so", "--yes", "Do it.", "--no", "Leave it.", "--size", "2", "--because", "less is noise"]


class TestWritten:
    def test_without_a_word_it_is_the_example_that_runs(self, whether: Any) -> None:
        done = whether("new", "signs.py")
        assert done.code == 0
        assert "signs.py asks: Does a winning ticket need the signs it was drawn with?" in done.out
        made = find("signs.py")(replicates=2)
        assert (made.name, made.claims[0].size) == ("signs", 1.0)
        assert [arm.name for arm in made.replicate(0, Seed(0))] == ["ticket", "new signs"]

    def test_what_is_said_stands_in_it(self, whether: Any) -> None:
        assert whether("new", "my_own.py", *SAID, "--claim", "same").code == 0
        template = find("my_own.py")
        made = template()
        assert (template.name, template.text) == ("my-own", "Is it so?")
        assert (made.if_yes, made.if_no) == ("Do it.", "Leave it.")
        claim = made.claims[0]
        assert (claim.kind, claim.size, claim.because) == ("same", 2.0, "less is noise")

    @pytest.mark.parametrize(
        "text", ['Is "this" so?', "Is it \\so?", 'Is """it""" so?', "Is\nit\nso?", "Ist es größer?"]
    )
    def test_whatever_is_said_the_file_is_python(self, text: str, whether: Any) -> None:
        said = [text if word == "Is it so" else text.rstrip("?") if word == "Do it." else word for word in SAID]
        assert whether("new", "own.py", *said).code == 0
        assert find("own.py").text == " ".join(text.split())
        assert find("own.py")().if_yes == " ".join(text.rstrip("?").split())

    @pytest.mark.parametrize("stem", ["tickets", "question", "exceeds", "class_", "7th"])
    def test_names_that_the_file_uses_itself(self, stem: str, whether: Any) -> None:
        assert whether("new", f"{stem}.py").code == 0
        assert find(f"{stem}.py")(replicates=2).replicate(0, Seed(0))

    def test_the_page_of_a_new_question(self, whether: Any) -> None:
        whether("new", "own.py", *SAID)
        done = whether("show", "own.py")
        assert done.code == 0
        assert "ticket exceeds new signs by more than 2 points" in done.out


class TestRefused:
    def test_it_never_overwrites(self, whether: Any) -> None:
        Path("signs.py").write_text("mine\n")
        done = whether("new", "signs.py")
        assert (done.code, Path("signs.py").read_text()) == (2, "mine\n")
        assert "signs.py exists; it was left as it is" in done.err

    def test_not_even_what_came_into_being_meanwhile(self, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(draft, "_complete", lambda given: Path("signs.py").write_text("mine\n") and draft.EXAMPLE)
        done = whether("new", "signs.py")
        assert (done.code, Path("signs.py").read_text()) == (2, "mine\n")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["signs"], "signs is not the name of a Python file; write signs.py"),
            (["deep/signs.py"], "there is no folder deep; make it first"),
            (["123.py"], "use letters, such as signs.py"),
            (["random.py"], "'random' is the name of a module that others import"),
            (["own.py", "--question", "Is it so?"], "these are missing: --yes, --no, --size, --because"),
            (["own.py", "--size", "0"], "--size is 0; expected a number above zero"),
            (["own.py", "--size", "small"], "--size is 'small'; expected a number above zero, such as --size 1"),
            (["own.py", "--claim", "exceed"], "unknown claim 'exceed'; did you mean 'exceeds'"),
            (["own.py", "--yes", "a", "--no", "a "], "--yes and --no say the same"),
            (["own.py", "--because", " "], "--because says nothing"),
        ],
    )
    def test_what_cannot_be_written(self, words: list[str], said: str, whether: Any, folder: Path) -> None:
        done = whether("new", *words)
        assert (done.code, list(folder.glob("*.py"))) == (2, [])
        assert said in done.err

    def test_mistakes_are_told_together(self, whether: Any) -> None:
        done = whether("new", "random", "--size", "-1", "--claim", "more")
        assert "error: 3 things are wrong:" in done.err


class TestAsked:
    def test_what_is_not_given_is_asked_in_a_terminal(self, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        said = iter(["Is it so?", "Do it.", "Do it.", "Leave it.", "exceeds", "-1", "1.5", "less is noise"])
        asked: list[str] = []

        def prompt(text: str, **how: Any) -> Any:
            asked.append(text)
            return how["type"](next(said))

        monkeypatch.setattr("typer.prompt", prompt)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        done = whether("new", "own.py")
        assert done.code == 0
        assert "--yes and --no say the same" in done.out
        assert "--size is -1; expected a number above zero" in done.out
        assert len(asked) == 8
        assert find("own.py")().claims[0].size == 1.5

    def test_only_what_is_not_given(self, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("typer.prompt", lambda text, **how: how["default"] if how["default"] else "less is noise")
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        assert whether("new", "own.py", *SAID[:6]).code == 0
        assert find("own.py")().claims[0].because == "less is noise"

    def test_leaving_writes_nothing(self, whether: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        def leave(text: str, **how: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr("typer.prompt", leave)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        assert whether("new", "own.py").code == 130
        assert list(folder.glob("*.py")) == []
