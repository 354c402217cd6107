"""`list`, `show`, `plan`: what can be asked, and what it would take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.find import names, reading_order
from whether.cli.wordlist import PLACES


class TestList:
    def test_a_line_for_each_question(self, whether: Any) -> None:
        lines = whether("list").out.splitlines()
        assert any(re.match("xor +Does a pruned two-unit network", line) for line in lines)

    def test_json(self, whether: Any) -> None:
        found = json.loads(whether("list", "--json").out)
        assert {"lottery-ticket", "xor"} <= {item["name"] for item in found}
        assert all(set(item) == {"name", "category", "text"} for item in found)

    def test_the_table_of_words(self, whether: Any) -> None:
        done = whether("list", "--words")
        for said in ("models  ", "lenet-300-100", "initialisers  ", "scores  ", "measures  ", "module:function"):
            assert said in done.out
        for said in ("perturbations", "freezings", "optimisers", "structures", "data sets", "bins=15", "needs a seed"):
            assert said in done.out
        assert max(map(len, done.out.splitlines())) <= 100
        found = json.loads(whether("list", "--words", "--json").out)
        assert {"kind", "name", "takes", "needs", "options"} == set(found[0])
        assert {item["kind"] for item in found} == set(PLACES)

    def test_the_data_sets(self, whether: Any) -> None:
        lines = whether("list", "--data").out.splitlines()
        assert any(
            re.fullmatch(r"  digits +1,200 \+ 597 +classification, 1 × 8 × 8, 10 classes +CC BY 4.0", line)
            for line in lines
        )
        found = json.loads(whether("list", "--data", "--json").out)
        assert {"name", "train_rows", "test_rows", "task", "licence"} <= set(found[0])

    def test_questions_stand_in_their_reading_order(self, whether: Any) -> None:
        found = [item["name"] for item in json.loads(whether("list", "--json").out)]
        assert found == [name for group in reading_order().values() for name in group]
        assert sorted(found) == names()
        assert found.index("xor") < found.index("lottery-ticket")


class TestShow:
    def test_everything_that_a_reader_must_know(self, whether: Any, signs: Path) -> None:
        done = whether("show", "signs.py", "density=.2", "replicates=5")
        assert done.code == 0
        for said in (
            "Does a winning ticket need the signs it was drawn with?",
            "A ticket whose signs are drawn again tells.",
            "  yes           Signs carry the ticket.",
            "  no            The mask alone carries it.",
            "  ticket exceeds new signs by more than 1 point\n    because two seeds differ by less",
            "  5 replicates, compared in pairs of equal seeds",
            "  widths=[2,4]",
            "  preset=deep  density=0.05 widths=[3,5]",
            "  whether run signs.py density=.2 replicates=5",
        ):
            assert said in done.out
        assert "\n  density=0.2 of the ticket, in (0, 1); lower is harder.\n" in re.sub(" {3,}", " ", done.out)
        assert "Args:" not in done.out

    def test_no_line_is_wider_than_the_terminal(self, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for columns, widest in (("80", 80), ("200", 100)):
            monkeypatch.setenv("COLUMNS", columns)
            printed = whether("show", "lottery-ticket").out + whether("show", "xor").out
            assert max(map(len, printed.splitlines())) <= widest

    def test_long_ladders_are_cut(self, whether: Any) -> None:
        lines = whether("show", "lottery-ticket").out.splitlines()
        assert sum(line.startswith("    ticket at ") for line in lines) == 3
        assert any(line.startswith("    … ") for line in lines)

    def test_json(self, whether: Any, signs: Path) -> None:
        found = json.loads(whether("show", "signs.py", "--json", "rounds=7").out)
        assert found["claims"][0]["because"] == "two seeds differ by less"
        assert found["options"] == {
            "replicates": 8,
            "alpha": 0.05,
            "looks": [],
            "spending": "obrien-fleming",
            "power": 0.8,
            "density": 0.1,
            "rounds": 7,
            "deep": False,
            "widths": [2, 4],
            "rewind": "0it",
            "lr": None,
            "s": 1.0,
        }
        assert found["explained"]["density"] == "of the ticket, in (0, 1); lower is harder."
        assert found["presets"] == {"deep": {"density": 0.05, "widths": [3, 5]}}

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["xor", "lottery-ticket"], "one question at a time, got xor and lottery-ticket"),
            (["@last"], "@last is an answer"),
            (["xor", "hiden=3"], "unknown option of xor 'hiden'; did you mean 'hidden'"),
            (["xor", "hidden=many"], "hidden=many: expected a whole number, such as hidden=10"),
        ],
    )
    def test_what_cannot_be_shown(self, words: list[str], said: str, whether: Any) -> None:
        done = whether("show", *words)
        assert done.code == 2
        assert said in done.err


class TestPlan:
    def test_sums_say_what_they_mean(self, whether: Any) -> None:
        done = whether("plan", "xor", "replicates=3")
        assert done.code == 0
        for said in ("12 measures of 3 replicates", "each arm on its own", "sharing nothing", "12 networks, 1.5 times"):
            assert said in done.out

    def test_it_makes_no_lab(self, whether: Any, folder: Path) -> None:
        done = whether("plan", "xor", "replicates=3")
        assert done.err.startswith("note: planned as for an empty lab: there is no lab in")
        assert list(folder.iterdir()) == []

    def test_a_lab_that_is_named_must_be_there(self, whether: Any) -> None:
        done = whether("plan", "xor", "--lab", "nowhere")
        assert done.code == 2
        assert "there is no lab at" in done.err

    def test_pieces(self, whether: Any) -> None:
        lines = whether("plan", "xor", "replicates=2", "--pieces").out.splitlines()
        assert sum(line.endswith("to train") for line in lines) == 8

    def test_several_questions_are_planned_together(self, whether: Any, signs: Path) -> None:
        found = json.loads(whether("plan", "xor", "signs.py", "replicates=2", "--json").out)
        assert found["questions"] == ["xor", "signs"]
        assert found["steps_alone"] > found["steps_unique"] == sum(item["steps"] for item in found["trajectories"])

    def test_a_sweep_shares_what_it_can(self, whether: Any, signs: Path) -> None:
        found = json.loads(whether("plan", "signs.py", "replicates=2", "--sweep", "s=1,2", "--json").out)
        assert found["questions"] == ["signs", "signs"]
        assert found["sharing"] >= 2

    def test_what_is_in_the_lab_is_told(self, whether: Any, monkeypatch: pytest.MonkeyPatch, lab: Any) -> None:
        whether("run", "xor", "replicates=2")
        done = whether("plan", "xor", "replicates=2")
        assert done.err == ""
        assert "in the lab already" in done.out
