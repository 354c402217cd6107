"""Pruning at initialisation: what is shuffled, what is inverted, and what is asked of whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.papers import FIGURES, LEFT
from whether.catalogue.prune_at_init import METHODS, SDS, prune_at_init
from whether.errors import RequestError
from whether.history.facts import InvertedMask, PrunedMask, ShuffledMask, Start
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def trained(found: Asked, name: str) -> Any:
    return next(fact.state for item, fact in found.arms[0] if item.name == name)


def worn(found: Asked, name: str) -> Any:
    """The state that an arm's training begins with."""
    return trained(found, name).trajectory.begin


class TestArms:
    @pytest.mark.parametrize("by", [*METHODS, "random"])
    def test_only_places_within_layers_differ_from_the_shuffled(self, by: str) -> None:
        found = asked(prune_at_init(replicates=1, others=[0.05]))
        for left, fraction in (("10", "9/10"), ("5", "19/20")):
            plain, mixed = worn(found, f"{by} at {left}"), worn(found, f"{by} shuffled at {left}")
            assert isinstance(plain.origin, Start)
            assert plain.origin.digest == mixed.origin.digest
            assert isinstance(mixed.worn, ShuffledMask)
            assert (mixed.worn.scope, mixed.worn.origin.digest) == ("layer", plain.worn.digest)
            assert isinstance(plain.worn, PrunedMask)
            assert (plain.worn.by, str(plain.worn.fraction), plain.worn.scope) == (by, fraction, "global")
            assert plain.worn.state.digest == plain.origin.digest

    def test_synflow_scores_in_rounds_and_grasp_at_its_temperature(self) -> None:
        found = asked(prune_at_init(replicates=1, rounds=7, temperature=3.0))
        rounds = {by: worn(found, f"{by} at 10").worn.rounds for by in METHODS}
        assert rounds == {"snip": 1, "grasp": 1, "synflow": 7, "magnitude": 1}
        assert dict(worn(found, "grasp at 10").worn.options) == {"temperature": 3.0}

    def test_after_training_the_same_fresh_weights_wear_a_mask_found_by_training(self) -> None:
        found = asked(prune_at_init(replicates=1))
        after, snip = worn(found, "after training at 10"), worn(found, "snip at 10")
        assert after.origin.digest == snip.origin.digest
        assert (after.worn.by, after.worn.state.tag) == ("magnitude", "point")
        assert worn(found, "after training shuffled at 10").worn.origin.digest == after.worn.digest

    def test_the_inverted_mask_keeps_as_many_of_the_lowest(self) -> None:
        mask = worn(asked(prune_at_init(replicates=1)), "snip inverted at 10").worn
        assert isinstance(mask, InvertedMask)
        assert isinstance(mask.origin, PrunedMask)
        assert (mask.origin.by, str(mask.origin.fraction)) == ("snip", "1/10")


class TestClaims:
    def test_a_claim_for_each_method_that_is_named(self) -> None:
        made = prune_at_init(methods=["grasp", "snip"])
        assert [claim.names for claim in made.claims] == [
            ("grasp shuffled at 10", "grasp at 10"),
            ("snip shuffled at 10", "snip at 10"),
        ]
        assert {claim.kind for claim in made.claims} == {"not_worse"}
        assert made.combine == "all"

    def test_spreads_are_those_of_the_setting_in_which_they_were_measured(self) -> None:
        assert [claim.sd for claim in prune_at_init(s=0.5, others=[0.05]).claims] == [SDS[by] for by in METHODS]
        for given in ({"density": 0.05}, {"steps": "200it"}, {"init": "xavier-normal"}, {"model": "mlp-30"}):
            assert {claim.sd for claim in prune_at_init(**given).claims} == {None}, given

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"methods": ["snip", "snap"]}, "unknown method that prunes at initialisation 'snap'; did you mean 'snip'"),
            ({"methods": []}, "a Question needs at least one claim"),
            ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\), such as 0\.1"),
            ({"others": [0.05, 5]}, r"density is 5; expected a number in \(0, 1\)"),
            ({"training": "papr"}, "unknown training 'papr'; did you mean 'paper'"),
            ({"lr": -1}, "lr is -1"),
            ({"steps": 9}, "a bare number"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            prune_at_init(**given)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"rounds": 0}, "rounds is 0"),
            ({"fraction": 2}, "fraction is 2; expected a number"),
            ({"temperature": "hot"}, "'temperature' of 'grasp' is 'hot'; expected a number"),
        ],
    )
    def test_options_that_are_refused_when_it_is_asked(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            asked(prune_at_init(replicates=1, **given))


def test_the_paper(shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    made = prune_at_init(preset="paper", replicates=1)
    found = asked(made)
    training = trained(found, "snip at 0.1").trajectory.training
    per_epoch = 45_000 // 128
    assert (training.total, training.batch, training.augment) == (160 * per_epoch, 128, ("flip", "crop-4"))
    sgd = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4}
    assert dict(training.optimizer) == sgd
    assert training.schedule["at"] == [60 * per_epoch, 120 * per_epoch]
    shown = {row.arm: row.value for row in made.published}
    assert len(shown) == len(FIGURES) * len(LEFT)
    assert (shown["synflow at 0.1"], shown["random at 10"], shown["magnitude at 1.8"]) == (80.4, 91.1, 90.9)
    assert set(shown) <= {item.name for item, _ in found.arms[0]}
    assert prune_at_init().published == []


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    tiny = prune_at_init(model="mlp-12", steps="4it", replicates=2, others=[], methods=["grasp", "synflow"], rounds=2)
    answer = Lab(tmp_path).run(tiny)
    assert answer.verdict in ("yes", "no", "inconclusive")
    assert {arm.n for arm in answer.arms} == {2}
