"""How things look: widths, wrapping, colour only where a terminal shows it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from whether.cli import page


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)


class TestColour:
    def test_in_a_terminal(self, terminal: None) -> None:
        assert page.strong("yes") == "\x1b[1myes\x1b[0m"

    def test_elsewhere_and_where_it_is_not_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert page.strong("yes") == page.faint("yes") == page.verdict("yes") == "yes"

    def test_not_where_it_is_not_wanted(self, terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert page.strong("yes") == "yes"

    def test_each_verdict_has_its_own(self, terminal: None) -> None:
        assert len({page.verdict(word)[:6] for word in ("YES", "no", "inconclusive")}) == 3

    def test_an_answer(self, terminal: None) -> None:
        told = page.told("YES  Is it?\n  It is.\n\nArms\n  a  1\n")
        assert told.splitlines()[1:] == ["  It is.", "", "\x1b[1mArms\x1b[0m", "  a  1"]
        assert told.startswith("\x1b[32m\x1b[1mYES\x1b[0m  \x1b[1mIs it?")


class TestLayout:
    def test_columns_line_up_whatever_their_colour(self, terminal: None) -> None:
        rows = [(page.strong("a"), "1"), ("long name", "2")]
        assert page.columns(rows) == "  \x1b[1ma\x1b[0m          1\n  long name  2"

    def test_the_last_column_is_wrapped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        lines = page.columns([("name", "word " * 12)]).splitlines()
        assert len(lines) == 2
        assert all(len(line) <= 40 for line in lines)
        assert lines[1].startswith("        word")

    def test_no_rows(self) -> None:
        assert page.columns([]) == ""

    def test_paragraphs_are_wrapped_and_examples_are_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        text = "word " * 12 + "\nword\n\n    an example  that is wider than forty columns"
        assert page.paragraph(text, 2).split("\n\n") == [
            "  word word word word word word word\n  word word word word word word",
            "      an example  that is wider than forty columns",
        ]

    def test_a_path_is_told_from_here(self, folder: Path) -> None:
        assert page.near(folder / "lab" / "x") == "lab/x"
        assert page.near(folder.parent) == str(folder.parent)
