"""From records to an answer's evidence: what was asked, what stands for divergence, how fine a measure is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from whether import (
    Control,
    Measure,
    Network,
    Question,
    Recipe,
    Replicate,
    accuracy,
    adam,
    density,
    early_stop,
    evidence,
    exceeds,
    loss,
    measure,
    ordered,
    solved,
)
from whether.conclude import conclude
from whether.design import design_digest, same_prose
from whether.errors import RequestError
from whether.evidence import columns, curves, data_facts, failed_checks
from whether.plan import Asked, ask
from whether.question import Published
from whether.seeds import Seed

WHY = "less is noise"
RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60, evaluate="5it")


def network(rep: Seed, **changes: Any) -> Network:
    return Network("mlp-8", **({"data": "digits", "seed": rep, "recipe": RECIPE} | changes))


def arms_of(rep: Replicate) -> Mapping[str, Any]:
    return {"a": network(rep).train(), "b": network(rep)}


def asking(arms: Any = arms_of, **changes: Any) -> Question:
    said: dict[str, Any] = {
        "claims": [exceeds("a", "b", by=1, because=WHY)],
        "if_yes": "this",
        "if_no": "that",
        "name": "q",
        "replicates": 2,
    }
    return Question(arms, **(said | changes))


def asked(question: Question, **how: Any) -> Asked:
    return ask(question, **({"seed": Seed(0), "open_test": False} | how))


def measured(value: Any = 50.0, outcome: str = "done", **more: Any) -> dict[str, Any]:
    return {"value": value, "outcome": outcome, "note": "", "checks": ()} | more


CLAIM, MORE = (exceeds("a", "b", by=size, because=WHY) for size in (1, 2))


class TestDesign:
    def test_what_decides_is_told_apart(self) -> None:
        control = Control(MORE, expect="yes", because=WHY)
        designs = [
            asked(asking(**said), **how)
            for said, how in [
                ({}, {}),
                ({"name": "r"}, {}),
                ({"claims": [MORE]}, {}),
                ({"claims": [CLAIM, MORE]}, {}),
                ({"secondary": [MORE]}, {}),
                ({"secondary": [ordered(MORE)]}, {}),
                ({"secondary": [ordered(CLAIM, MORE)]}, {}),
                ({"secondary": [ordered(CLAIM), ordered(MORE)]}, {}),
                ({"controls": [control]}, {}),
                ({"controls": [Control(MORE, expect="no", because=WHY)]}, {}),
                ({"claims": [CLAIM, MORE], "combine": "any"}, {}),
                ({"claims": [CLAIM, MORE], "combine": "ordered"}, {}),
                ({"claims": [CLAIM, MORE], "combine": "ordered", "hold_to": 1}, {}),
                ({"alpha": 0.1}, {}),
                ({"pairing": "none"}, {}),
                ({"replicates": 3}, {}),
                ({"arms": lambda rep: {"b": network(rep).train(), "a": network(rep)}}, {}),
                ({"metric": "solved"}, {}),
                ({}, {"seed": Seed(1)}),
                ({}, {"open_test": True}),
            ]
        ]
        assert len({design_digest(item) for item in designs}) == len(designs)

    def test_prose_and_the_way_a_number_is_written_are_not(self) -> None:
        said = exceeds("a", "b", by=1.0, because="another", if_no="a no of its own")
        same = [
            asking(),
            asking(if_yes="these", if_no="those", if_inconclusive="who knows"),
            asking(claims=[said]),
            asking(axis="x", text="Is it?", category="engineering", options={"k": 1}),
        ]
        assert len({design_digest(asked(item)) for item in same}) == 1

    def test_whether_the_prose_is_still_that_of_the_question(self) -> None:
        question = asking(
            secondary=[MORE, ordered(CLAIM)], controls=[Control(CLAIM, expect="yes", because="known")], text="Is it?"
        )
        found = columns(asked(question), lambda digest: measured())
        answer = conclude(question, found, digest="", grade="", split="", data={})
        assert same_prose(answer, question)
        for other in (
            {"text": "Is it so?"},
            {"if_yes": "these"},
            {"if_no": "those"},
            {"if_inconclusive": "?"},
            {"axis": "x"},
            {"claims": [exceeds("a", "b", by=1, because="another")]},
            {"secondary": [MORE, ordered(exceeds("a", "b", by=1, because="another"))]},
            {"controls": [Control(CLAIM, expect="yes", because="rumoured")]},
        ):
            changed = {"secondary": question.secondary, "controls": question.controls, "text": question.text} | other
            assert not same_prose(answer, asking(**changed))

    def test_a_figure_beside_is_shown_and_is_no_design(self) -> None:
        figure = Published(arm="a", value=91, unit="%", source="A. Author (2020)")
        plain, shown = asking(), asking(published=(figure,))
        assert design_digest(asked(plain)) == design_digest(asked(shown))
        found = columns(asked(plain), lambda digest: measured())
        answers = [conclude(one, found, digest="", grade="", split="", data={}) for one in (plain, shown)]
        assert [same_prose(answer, one) for answer in answers for one in (plain, shown)] == [True, False, False, True]


class TestColumns:
    def test_each_arm_has_its_runs_by_replicate(self) -> None:
        what = asked(asking())
        values = {fact.digest: float(place) for place, row in enumerate(what.arms) for _, fact in row}
        found = columns(what, lambda digest: measured(values[digest]))
        assert [(column.arm, column.values) for column in found] == [("a", [0.0, 1.0]), ("b", [0.0, 1.0])]
        assert [run.seed for run in found[0].runs] == [seed.hex for seed in what.seeds]
        assert [run.steps for run in (found[0].runs[0], found[1].runs[0])] == [20, 0]
        assert (found[0].unit, found[0].better, found[0].share, found[0].split) == (
            "points",
            "higher",
            False,
            "validation",
        )

    @pytest.mark.parametrize(
        ("ask_of", "resolution"),
        [
            (accuracy, 100 / 300),
            (solved, 100 / 300),
            (early_stop, 5.0),
            (loss, evidence.CONTINUOUS),
            (density, evidence.CONTINUOUS),
            (lambda net: accuracy(net, split="train"), 100 / 900),
            (lambda net: accuracy(net, split="test"), 100 / 597),
        ],
    )
    def test_the_smallest_step_of_a_measure(self, ask_of: Any, resolution: float) -> None:
        def arms(rep: Replicate) -> dict[str, Measure]:
            return {name: ask_of(network(rep).train()) for name in "ab"}

        unit = ask_of(network(Seed(0))).kind.unit
        question = asking(arms, claims=[exceeds("a", "b", by=1, unit=unit, because=WHY)])
        assert columns(asked(question), lambda digest: measured())[0].resolution == pytest.approx(resolution)

    @pytest.mark.parametrize(("worst", "value"), [(None, None), (7.5, 7.5), (0.0, 0.0)])
    def test_a_measure_of_ones_own_says_what_divergence_counts_as(
        self, worst: float | None, value: float | None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "own.py").write_text("def f(module, data, split): return 1.0\n", encoding="utf-8")

        def arms(rep: Replicate) -> dict[str, Measure]:
            return {name: measure("own:f", network(rep).train(), unit="ms", worst=worst) for name in "ab"}

        what = asked(asking(arms, claims=[exceeds("a", "b", by=1, unit="ms", because=WHY)]))
        if value is None:
            with pytest.raises(
                RequestError, match=r"the arm 'a' diverged, and its measure 'own:f' has no worst value to"
            ):
                columns(what, lambda digest: measured(None, "diverged"))
        else:
            assert columns(what, lambda digest: measured(None, "diverged"))[0].values == [value] * 2


class TestCurves:
    def curve(self, *values: float | None) -> dict[str, Any]:
        return {"steps": [5 * place for place in range(len(values))], "values": {"validation accuracy": list(values)}}

    def test_means_over_replicates_of_the_arms_that_are_claimed_about(self) -> None:
        what = asked(
            asking(lambda rep: {"a": network(rep).train(), "b": network(rep).train(until="10it"), "c": network(rep)})
        )
        rows = iter([self.curve(1.0, 2.0), self.curve(3.0, 6.0), self.curve(5.0), self.curve(7.0)])
        found = curves(what, lambda digest: {"curves": next(rows)})
        assert set(found) == {"a", "b"}
        assert (found["a"]["step"], found["a"]["mean"]) == ([0, 5], [2.0, 4.0])
        assert found["a"]["low"][0] < 2.0 < found["a"]["high"][0]

    def test_what_diverged_or_was_never_looked_at_is_left_out(self) -> None:
        what = asked(asking(lambda rep: {name: network(rep, data="digits").train() for name in "ab"}, replicates=3))
        rows = iter([self.curve(1.0, 2.0), self.curve(9.0), None, *[self.curve(None, None)] * 3])
        found = curves(what, lambda digest: {"curves": next(rows)})
        assert set(found) == {"a"}
        assert found["a"]["mean"] == [1.0, 2.0]
        assert found["a"]["low"] == [None, None]


def test_failed_checks_are_counted_over_networks() -> None:
    what = asked(
        asking(lambda rep: {"a": network(rep).train(), "b": network(rep).train(until="10it"), "c": network(rep)})
    )
    odd = {what.arms[0][0][1].state.digest, what.arms[1][0][1].state.digest}
    found = failed_checks(what, lambda digest: {"checks": ["too high", "b"] if digest in odd else ["b"]})
    assert found == ["b (4 of 4 networks)", "too high (2 of 4 networks)"]


def test_data_facts_name_the_split_and_its_rows() -> None:
    assert [data_facts(asked(asking(), open_test=opened))["rows"] for opened in (False, True)] == [300, 597]
    told = data_facts(asked(asking(lambda rep: {"a": network(rep, data="xor"), "b": network(rep, data="xor")})))
    assert (told["name"], told["rows"], told["classes"], told["one_split"]) == ("xor", 4, 2, True)


@pytest.mark.parametrize(
    ("splits", "split", "rows"), [(("train", "train"), "train", 900), (("train", None), "test", 597)]
)
def test_data_facts_tell_the_split_that_all_measures_name(splits: Any, split: str, rows: int) -> None:
    def arms(rep: Replicate) -> Mapping[str, Any]:
        return {name: accuracy(network(rep), split=one) for name, one in zip("ab", splits, strict=True)}

    told = data_facts(asked(asking(arms), open_test=True))
    assert (told["split"], told["rows"]) == (split, rows)
