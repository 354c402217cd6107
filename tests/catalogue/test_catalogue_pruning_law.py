"""The law of pruning as a question: what is fitted, what is held out, and what a tiny version of it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.pruning_law import SD, pruning_law
from whether.errors import RequestError
from whether.history.facts import Point, PrunedMask, Start, Wearing
from whether.history.resolved import NAMES
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed

TINY = {"models": ["mlp-4", "mlp-16", "mlp-8"], "rounds": 3, "fraction": 0.4, "steps": "30it"}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(found: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact for item, fact in found.arms[replicate] if item.name == name)


class TestArms:
    def test_chains_are_pruned_from_one_start_each_and_rewound(self) -> None:
        found = asked(pruning_law(replicates=1))
        starts = set()
        for model in ("mlp-40-20", "mlp-80-40", "mlp-160-80"):
            dense, pruned = (arm(found, f"loss of {model} at {x}").state for x in ("100", "3.52"))
            assert isinstance(dense, Point)
            assert isinstance(dense.trajectory.begin, Start)
            assert isinstance(pruned.trajectory.begin, Wearing)
            assert isinstance(pruned.trajectory.begin.worn, PrunedMask)
            assert pruned.trajectory.begin.origin.digest == dense.trajectory.begin.digest
            assert pruned.trajectory.order == dense.trajectory.order
            starts.add(dense.trajectory.begin.seed)
        assert len(starts) == 3

    def test_there_are_forty_networks_or_more_and_as_many_copies_as_are_asked(self) -> None:
        parts = arm(asked(pruning_law(replicates=1, copies=3)), "law").parts
        assert len({part.state.digest for part in parts}) == len(parts) == 3 * 48
        assert {part.name for part in parts} == {"loss"}
        once = arm(asked(pruning_law(replicates=1)), "law").parts
        assert len(once) == 48
        assert {part.digest for part in once} < {part.digest for part in parts}

    def test_losses_that_are_shown_are_those_of_the_first_copies(self) -> None:
        found = asked(pruning_law(replicates=1))
        fact = arm(found, "law")
        shown = {item.name: fact.digest for item, fact in found.arms[0] if item.x is not None}
        known = dict(zip(fact.options[NAMES], (part.digest for part in fact.parts), strict=True))
        assert shown["loss of mlp-80-40 at 80"] == known["mlp-80-40, copy 0, after 1"]
        assert len(shown) == 48

    def test_the_middle_width_is_held_out_but_for_its_unpruned_network(self) -> None:
        rows = arm(asked(pruning_law(replicates=1)), "margin over interpolation").options["nets"]
        assert [row[0] for row in rows if not row[4]] == ["mlp-80-40"] * 15
        assert [row[1] for row in rows if row[0] == "mlp-80-40" and row[4]] == [1.0]
        assert [row[1] for row in rows][:3] == pytest.approx([1.0, 0.8, 0.64])
        assert {row[0]: row[3] for row in rows} == {"mlp-40-20": 40.0, "mlp-80-40": 80.0, "mlp-160-80": 160.0}

    def test_within_chains_every_third_is_fitted_and_the_last(self) -> None:
        rows = arm(asked(pruning_law(replicates=1, rounds=16)), "margin within chains").options["nets"]
        assert [k for k in range(17) if rows[k][4]] == [0, 3, 6, 9, 12, 15, 16]

    def test_predictors_see_the_same_networks(self) -> None:
        found = asked(pruning_law(replicates=2))
        told = [arm(found, name) for name in ("law", "interpolation", "plain interpolation", "permuted law")]
        assert len({repr(fact.options["nets"]) for fact in told}) == 1
        assert len({tuple(part.digest for part in fact.parts) for fact in told}) == 1
        assert [fact.options["by"] for fact in told] == ["law", "rise", "interpolation", "permuted law"]
        seeds = {arm(found, "permuted law", number).options["permute"] for number in range(2)}
        assert len(seeds) == 2
        margins = [arm(found, f"margin {name}").options for name in ("over interpolation", "of permuted law")]
        said = [(one["by"], one["over"], one["less"]) for one in margins]
        assert said == [("law", "rise", 20.0), ("permuted law", "rise", 20.0)]

    def test_models_stand_in_any_order(self) -> None:
        given = pruning_law(models=["mlp-160-80", "mlp-40-20", "mlp-80-40"], replicates=1)
        assert arm(asked(given), "law").digest == arm(asked(pruning_law(replicates=1)), "law").digest


class TestOptions:
    def test_the_spread_is_stated_where_it_was_measured(self) -> None:
        assert [claim.sd for claim in pruning_law().claims] == [SD]
        for given in (
            {"rounds": 16},
            {"steps": "300it"},
            {"models": ["mlp-8", "mlp-16", "mlp-32"]},
            {"copies": 2},
            {"s": 10.0},
        ):
            assert [claim.sd for claim in pruning_law(**given).claims] == [None], given

    def test_sizes_of_interest(self) -> None:
        made = pruning_law(s=10.0)
        assert made.claims[0].size == 0.0
        assert made.claims[0].planned == pytest.approx((1.4, -1.4))
        assert [claim.size for claim in made.every_claim] == [0.0] * 5
        assert arm(asked(pruning_law(s=10.0, replicates=1)), "margin within chains").options["less"] == 10.0

    @pytest.mark.parametrize(
        ("models", "message"),
        [
            (["mlp-75", "mlp-150"], "expected three or more that differ in nothing but width"),
            (["mlp-75", "mlp-150", "mlp-150-50"], r"models is \['mlp-75', 'mlp-150', 'mlp-150-50'\]; expected three"),
            (["mlp-75", "mlp-150", "mlp-150"], "expected three or more"),
            (["resnet-20-w4", "resnet-20-w8", "resnet-32-w16"], "expected three or more"),
            (["resnet-20-w4", "resnet-20-w8", "resnet-20"], r"such as \[resnet-20-w4,resnet-20-w8,resnet-20-w16\]"),
            (["nets:a", "nets:b", "nets:c"], "those of the middle one are predicted from narrower and wider ones"),
        ],
    )
    def test_models_whose_widths_do_not_compare(self, models: list[str], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            pruning_law(models=models)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"rounds": 0}, "rounds is 0; expected a whole number"),
            ({"copies": 0}, "copies is 0; expected a whole number, 1 or more"),
            ({"fraction": 1.5}, r"fraction is 1\.5; expected a number in \(0, 1\)"),
            ({"training": "papr"}, "unknown training 'papr'; did you mean 'paper'"),
            ({"s": 100.0}, r"s / 100 is 1\.0; expected a number in \(0, 1\)"),
            ({"delta": 1}, "unknown option of pruning-law 'delta'"),
            ({"replicates": 0}, "replicates is 0"),
        ],
    )
    def test_other_options(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            pruning_law(**given)


def test_the_paper(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    made = pruning_law(preset="paper", rounds=2)
    found = asked(made)
    trained = arm(found, "loss of resnet-20-w8 at 64").state.trajectory
    assert (trained.training.total, trained.training.batch, trained.training.augment) == (
        56_160,
        128,
        ("flip", "crop-4"),
    )
    assert trained.begin.step == 3510
    assert {row[0]: row[3] for row in arm(found, "law").options["nets"]} == {
        "resnet-20-w4": 4.0,
        "resnet-20-w8": 8.0,
        "resnet-20-w16": 16.0,
    }
    assert {(item.arm, item.value) for item in made.published} == {
        ("deviation of fit", 6.0),
        ("mean error of fit", 2.0),
    }
    assert all("second-hand" in item.source for item in made.published)
    assert pruning_law().published == []


def test_a_tiny_one_from_end_to_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"report.html": b"page"})
    answer = lab.run(pruning_law(**TINY, replicates=2))
    means = {column.arm: column.mean for column in answer.arms}
    values = {(run.arm, run.replicate): run.value for run in answer.table}
    assert all(run.outcome == "done" for run in answer.table)
    for number in range(2):
        law, line = values["law", number], values["interpolation", number]
        assert values["margin over interpolation", number] == pytest.approx(0.8 * line - law)
        assert law >= 0
    assert means["loss of mlp-16 at 100"] < means["loss of mlp-4 at 21.6"]
