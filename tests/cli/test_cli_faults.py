"""How wrong lines and refusals of the disk are told: in our words, and with what to do."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from whether.cli import main
from whether.store import Store


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--port", "abc"], "--port is 'abc'; expected a whole number. `whether serve --help`"),
        (["reproduce", "b.zip", "--replicates=1.5"], "--replicates is '1.5'; expected a whole number."),
        (["answer", "--runs"], "option '--runs' requires an argument. `whether answer --help` shows"),
        (["--lab"], "option '--lab' requires an argument. `whether --help` shows"),
    ],
)
def test_what_the_parser_refuses(words: list[str], said: str, whether: Any, folder: Path) -> None:
    done = whether(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "valid integer" not in done.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_verb_that_can_write_elsewhere_says_so(
    number: int, whether: Any, lab: Any, signs: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert whether("run", "signs.py", "replicates=3").code == 0

    def refusing(*_said: Any, **_how: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr("whether.store.publish._persist", refusing)
    monkeypatch.setattr("whether.cli.reading._write_figures", lambda *said: _put(folder / "figure.pdf"))
    done = whether("report", "@last", "--paper", "icml")
    assert done.code == 1
    assert done.err.endswith("Or write to another place: --to FOLDER\n")
    runs = whether("answer", "@last", "--runs", "r.csv")
    assert (runs.code, "--to" in runs.err) == (1, False)


def test_a_verb_within_a_verb_says_so_too(whether: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_said: Any, **_how: Any) -> None:
        raise OSError(errno.EROFS, "no")

    monkeypatch.setattr("whether.store.publish._persist", refusing)
    done = whether("criteria", "form", "science")
    assert done.code == 1
    assert done.err.endswith("Or write to another place: --to FOLDER\n")


def test_a_full_disk_is_not_mended_by_another_folder(
    whether: Any, lab: Any, signs: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert whether("run", "signs.py", "replicates=3").code == 0

    def full(*_said: Any, **_how: Any) -> None:
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr("whether.store.publish._persist", full)
    monkeypatch.setattr("whether.cli.reading._write_figures", lambda *said: _put(folder / "figure.pdf"))
    done = whether("report", "@last", "--paper", "icml")
    assert (done.code, "the disk is full" in done.err, "--to" in done.err) == (1, True, False)


def _put(path: Path) -> None:
    from whether.store.publish import replace

    replace(path, b"x")


@pytest.mark.parametrize("words", [["retry"], ["retry", "--json"], ["clean", "--yes"]])
def test_no_lab_is_made_where_nothing_can_be_done(words: list[str], folder: Path, capsys: Any) -> None:
    assert main(words) == 2
    assert "there is no lab in" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["answer", "x.zip"],
            "x.zip is no question but a bundle: `whether verify x.zip` checks it, `whether reproduce x",
        ),
        (["cover", "a b.zip"], "`whether verify 'a b.zip'` checks it"),
        (["run", "x.zip"], "x.zip is no question but a bundle"),
        (
            ["bundle", "zhang.toml"],
            "zhang.toml is no question but the file of a sheet: `whether cover zhang.toml` makes",
        ),
    ],
)
def test_files_that_are_no_questions(words: list[str], said: str, whether: Any, lab: Any, folder: Path) -> None:
    Store.find(folder / "lab", create=True)
    done = whether(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "lottery" not in done.err


def test_a_format_alone_is_refused(whether: Any, lab: Any, signs: Path) -> None:
    assert whether("run", "signs.py", "replicates=3").code == 0
    done = whether("report", "@last", "--format", "pdf")
    assert (done.code, "--format and --to go with --paper" in done.err) == (2, True)
