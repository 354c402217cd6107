"""`answer`, `report`, `status`, `why`: what a lab knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from whether.cli import piece


@pytest.fixture
def answered(whether: Any, lab: Any, signs: Path) -> Any:
    """A lab with two answers; that to xor is the last one."""
    assert whether("run", "signs.py", "replicates=3").code == 0
    assert whether("run", "xor", "replicates=4").code == 0
    return lab


class TestAnswer:
    @pytest.mark.parametrize(
        ("words", "name"),
        [
            ([], "xor"),
            (["@last"], "xor"),
            (["xor"], "xor"),
            (["signs"], "signs"),
            (["signs.py"], "signs"),
            (["signs.py", "replicates=3"], "signs"),
        ],
    )
    def test_by_name(self, words: list[str], name: str, whether: Any, answered: Any) -> None:
        assert json.loads(whether("answer", *words, "--json").out)["name"] == name

    def test_as_text(self, whether: Any, answered: Any) -> None:
        done = whether("answer", "signs")
        assert done.code == 0
        assert done.out.startswith("YES  Does a winning ticket need")
        assert "\nReport  lab/answers/signs-" in done.out

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (
                ["xor", "replicates=5"],
                "xor has no such answer in this lab yet. To get it: whether run xor replicates=5",
            ),
            (["xor", "--open-test", "replicates=4"], "To get it: whether run xor replicates=4 --open-test"),
            (["lottery-ticket"], "lottery-ticket has no such answer in this lab yet"),
            (["sings"], "unknown question 'sings'; did you mean 'signs'"),
            (["xor", "signs"], "one name at a time, got xor and signs"),
            (["@last", "rounds=3"], "@last takes no options"),
        ],
    )
    def test_what_is_not_there(self, words: list[str], said: str, whether: Any, answered: Any) -> None:
        done = whether("answer", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err

    def test_a_lab_without_answers(self, whether: Any, lab: Any) -> None:
        lab()
        assert "this lab has no answer yet. `whether run NAME` makes one" in whether("answer").err

    def test_no_lab_is_made_by_asking_for_an_answer(self, whether: Any, lab: Any, folder: Path) -> None:
        done = whether("answer")
        assert (done.code, list(folder.iterdir())) == (2, [])
        assert "there is no lab in" in done.err


class TestReport:
    def test_where_it_is(self, whether: Any, answered: Any) -> None:
        path = Path(whether("report", "signs").out.strip())
        assert path.is_file()
        assert path.name == "report.html"
        assert json.loads(whether("report", "signs", "--json").out)["report"] == str(path)

    def test_it_opens_in_the_browser(self, whether: Any, answered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []
        monkeypatch.setattr("typer.launch", lambda url: opened.append(url))
        done = whether("report", "--open")
        assert opened == [Path(done.out.strip()).as_uri()]

    def test_one_that_was_removed(self, whether: Any, answered: Any) -> None:
        Path(whether("report").out.strip()).unlink()
        done = whether("report")
        assert done.code == 2
        assert "report.html is not there any more. Run the question again" in done.err


class TestStatus:
    def test_what_the_lab_holds(self, whether: Any, answered: Any) -> None:
        found = json.loads(whether("status", "--json").out)
        assert found["lab"] == str(Path("lab").resolve())
        assert (found["records"], found["states"], found["ledger"], found["begun"]) == (0, 0, 2, 0)
        assert found["bytes"] == sum(path.stat().st_size for path in Path("lab").rglob("*") if path.is_file())
        assert {(item["name"], item["verdict"]) for item in found["answers"]} == {("signs", "yes"), ("xor", "no")}

    def test_for_people(self, whether: Any, answered: Any) -> None:
        out = whether("status").out
        assert out.startswith(f"lab  {Path('lab').resolve()}\n")
        assert "\nAnswers\n" in out
        assert "  signs  yes" in out

    def test_an_empty_lab(self, whether: Any, lab: Any) -> None:
        lab()
        assert "none yet; `whether run NAME` makes one" in whether("status").out


class TestWhy:
    def test_a_piece(self, whether: Any, answered: Any) -> None:
        assert whether("why", "abcd", "signs.py").out.splitlines() == [
            "point abcd00000000…  done, its weights stand",
            "",
            "  mlp-4 on digits, step 400 of 400",
            "",
            "  start = Network('mlp-4')",
            "  start.train()",
            "",
            "  step            400",
            "  made from       111111111111…, 222222222222…",
            "  weights, bytes  694",
            "  train loss      0.25 at step 400, of 3 points",
            "  numbers         0, 1, 2, 3, 4, 5, 6, 7, … (20 in all)",
            "",
            "Answers that rest on it",
            "  signs",
            "",
            "Why it would be made again",
            "  - another history: any word of its sentence, its seed, its data or the code",
            "    that it names",
        ]

    def test_json_has_all_of_it(self, whether: Any, answered: Any) -> None:
        assert json.loads(whether("why", "abcd", "--json").out)["seal"] == "3" * 64

    def test_what_failed_shows_where_it_raised(self, capsys: pytest.CaptureFixture[str]) -> None:
        raised = 'Traceback (most recent call last):\n  File "{}", line {}, in f\n    g()\n'
        cause = raised.format("engine.py", 1) + '  File "mine.py", line 8, in g\n    1 / 0\nZeroDivisionError: by zero'
        between = "\n\nThe above exception was the direct cause of the following exception:\n\n"
        piece.show(
            {
                "digest": "c" * 64,
                "kind": "point",
                "outcome": "failed",
                "error": "training failed: by zero",
                "traceback": cause + between + raised.format("engine.py", 2) + "RaisedError: training failed",
            }
        )
        assert "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()[-6:]) == (
            "Why it failed\n"
            "  training failed: by zero\n"
            '    File "mine.py", line 8, in g\n'
            "      1 / 0\n"
            "  ZeroDivisionError: by zero\n"
            "  (--json has the whole traceback)"
        )

    def test_a_failure_without_a_traceback_and_a_piece_without_a_record(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        piece.show({"digest": "c" * 64, "kind": "point", "outcome": "failed", "error": "the worker died"})
        assert capsys.readouterr().out.endswith("Why it failed\n  the worker died\n")
        piece.show({"digest": "c" * 64, "kind": "measure"})
        assert capsys.readouterr().out.startswith("measure cccccccccccc…  not made yet\n")
