"""`new`: a question of one's own, written to a file that runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.find import find
from whether.cli import draft
from whether.history.difference import differences
from whether.plan import ask
from whether.seeds import Seed

SAID = ["--question", "Is it so", "--yes", "Do it.", "--no", "Leave it.", "--size", "2", "--because", "less is noise"]


class TestWritten:
    def test_without_a_word_it_is_the_example_that_runs(self, whether: Any) -> None:
        done = whether("new", "signs.py")
        assert done.code == 0
        assert "signs.py asks: Does a winning ticket need the signs it was drawn with?" in done.out
        made = find("signs.py")(replicates=2)
        assert (made.name, made.claims[0].size) == ("signs", 1.0)
        arms = ["ticket", "new signs", "random mask", "another order"]
        assert [arm.name for arm in made.replicate(0, Seed(0))] == arms
        assert "whether register signs.py" in done.out

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

    @pytest.mark.parametrize("control", draft.CONTROLS)
    @pytest.mark.parametrize("claim", draft.CLAIMS)
    def test_every_claim_with_every_control_can_be_shown_and_planned(
        self, claim: str, control: str, whether: Any
    ) -> None:
        assert whether("new", "own.py", *SAID, "--claim", claim, "--control", control).code == 0
        made = find("own.py")()
        expected = {"both": ["exceeds", "same"], "random-mask": ["exceeds"], "order": ["same"], "none": []}[control]
        assert [item.claim.kind for item in made.controls] == expected
        assert made.claims[0].kind == claim
        shown = whether("show", "own.py")
        assert (shown.code, shown.err) == (0, "")
        planned = whether("plan", "own.py")
        assert planned.code == 0
        assert "fail" not in planned.err


class TestControls:
    def test_what_they_compare_are_different_networks(self, whether: Any) -> None:
        """A control that compared a network with itself would always behave."""
        whether("new", "own.py")
        asked = ask(find("own.py")(), seed=Seed(0), open_test=False)
        for row in asked.arms:
            assert len({fact.state.digest for _, fact in row}) == 4

    def test_another_order_is_all_that_its_arm_differs_in(self, whether: Any) -> None:
        whether("new", "own.py")
        row = {arm.name: fact for arm, fact in ask(find("own.py")(), seed=Seed(0), open_test=False).arms[0]}
        found = differences(row["ticket"], row["another order"])
        assert [item.path.rpartition(" › ")[2] for item in found] == ["order"]

    def test_a_random_mask_has_as_many_weights_in_every_layer(self, whether: Any) -> None:
        whether("new", "own.py")
        row = {arm.name: fact for arm, fact in ask(find("own.py")(), seed=Seed(0), open_test=False).arms[0]}
        worn = row["random mask"].state.trajectory.begin.mask
        assert (type(worn).__name__, worn.scope) == ("ShuffledMask", "layer")

    @pytest.mark.parametrize(
        ("control", "lacking"),
        [
            ("random-mask", "one where there is nothing to see."),
            ("order", "one where there is something to see."),
            ("none", "one where there is something to see and one where there is nothing to see."),
        ],
    )
    def test_leaving_one_out_is_remarked_on(self, control: str, lacking: str, whether: Any) -> None:
        done = whether("new", "own.py", *SAID, "--control", control)
        assert f"note: to register it, name a control too, {lacking}" in done.out
        assert "note:" not in whether("new", "other.py", *SAID).out

    @pytest.mark.long
    def test_both_behave_on_the_digits(self, whether: Any) -> None:
        whether("new", "signs.py")
        done = whether("run", "signs.py")
        assert done.code == 0
        assert "2 of 2 controls behaved" in done.out


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
            (["own.py", "--control", "mask"], "unknown control 'mask'; did you mean 'random-mask'"),
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
        said = iter(
            ["Is it so?", "Do it.", "Do it.", "Leave it.", "exceeds", "-1", "1.5", "less is noise", "no", "order"]
        )
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
        assert len(asked) == 10
        assert "random-mask (must be seen), order (must not be seen), both or none" in asked[-1]
        assert find("own.py")().claims[0].size == 1.5
        assert [item.claim.right for item in find("own.py")().controls] == ["another order"]

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
