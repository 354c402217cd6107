"""`run`: questions in, answers out, progress between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


class TestRun:
    def test_it_ends_with_the_answer_and_where_things_are(self, whether: Any, lab: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "replicates=4")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("signs  Does a winning ticket need the signs it was drawn with?\n")
        assert "networks to train" in done.out
        assert "  note: a note\n" in done.out
        assert "\nYES  Does a winning ticket need" in done.out
        assert f"Report  {next(Path('lab/answers').glob('signs-*')) / 'report.html'}\n" in done.out
        assert done.out.endswith("Lab     lab\n")

    def test_options_reach_the_lab(self, whether: Any, lab: Any, signs: Path) -> None:
        whether("run", "signs.py", "replicates=4", "density=.3", "--open-test", "--seed", "7")
        made, open_test, seed = lab.asked[0]
        assert (made.replicates, made.options["density"], open_test, seed) == (4, 0.3, True, 7)

    def test_again_nothing_is_trained(self, whether: Any, lab: Any, signs: Path) -> None:
        whether("run", "signs.py", "replicates=4")
        done = whether("run", "signs.py", "replicates=4")
        assert "the answer stands already: nothing was trained" in done.out
        assert "\nYES  " in done.out

    def test_json_is_the_answer_and_nothing_else(self, whether: Any, lab: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "replicates=4", "--json")
        assert json.loads(done.out)["verdict"] == "yes"
        assert "networks to train" in done.err

    def test_a_sweep_answers_each_and_lists_the_verdicts(self, whether: Any, lab: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "replicates=4", "--sweep", "s=1,20")
        assert done.code == 0
        assert [made.options["s"] for made, _, _ in lab.asked] == [1.0, 20.0]
        assert "  signs s=1.0   yes\n  signs s=20.0  no\n" in done.out

    def test_several_answers_are_a_list_in_json(self, whether: Any, lab: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "xor", "replicates=4", "--json")
        assert [item["name"] for item in json.loads(done.out)] == ["signs", "xor"]

    def test_what_is_wrong_with_the_last_stops_the_first(self, whether: Any, lab: Any, signs: Path) -> None:
        (signs.parent / "late.py").write_text(
            signs.read_text().replace('"mlp-4"', '"mlp-four"').replace("signs(", "late(")
        )
        done = whether("run", "signs.py", "late.py", "replicates=2")
        assert done.code == 2
        assert "unknown model 'mlp-four'" in done.err
        assert lab.asked == ()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["nothing"], "unknown question 'nothing'"),
            (["xor", "ten"], "unknown question 'ten'"),
            (["signs.py", "replicates=0"], "replicates is 0; expected a whole number, 1 or more"),
            (["signs.py", "density=2"], "density is 2.0; expected a number in (0, 1)"),
            (["signs.py", "rewind=500"], "rewind is 500, a bare number: "),
            (["signs.py", "--seed", "-1"], "a seed is an integer from 0"),
            (["@last"], "@last is an answer"),
        ],
    )
    def test_wrong_requests_train_nothing(
        self, words: list[str], said: str, whether: Any, lab: Any, signs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lab, "run", lambda self, *asked, **how: self.plan(*asked, seed=how["seed"]))
        done = whether("run", *words)
        assert done.code == 2
        assert said in done.err

    def test_all_mistakes_of_a_line_are_told_at_once(self, whether: Any, lab: Any, signs: Path) -> None:
        done = whether("run", "signs.py", "nothing", "replicates=0", "rounds=ten", "densty=1", "--sweep", "s=1")
        assert done.code == 2
        for said in (
            "unknown question 'nothing'",
            "replicates is 0",
            "rounds=ten",
            "'densty'; did you mean 'density'",
            "--sweep",
        ):
            assert said in done.err
        assert lab.asked == ()
