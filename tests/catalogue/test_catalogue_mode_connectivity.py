"""Stability from a step on: which networks part where, what stands beside them, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Answer, Lab
from whether.catalogue.mode_connectivity import SDS, keeps_statistics, mode_connectivity
from whether.catalogue.parting import mean, rungs
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history.facts import Perturbed, Point, Start
from whether.plan import Asked, ask
from whether.question import Ladder, Question
from whether.recipe import default_recipe
from whether.seeds import Seed

TINY = {"model": "mlp-8", "after": ["0it", "10it"], "stable_from": "10it", "steps": "40it", "points": 3, "copies": 2}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(found: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact for item, fact in found.arms[replicate] if item.name == name)


def ends(fact: Any) -> list[Point]:
    """The networks that a mean over pairs is of, each once, in order."""
    found = {state.digest: state for part in fact.parts for state in (part.state, part.other)}
    return list(found.values())


class TestCopies:
    def test_all_pairs_of_copies_that_share_the_state_at_the_step_are_measured(self) -> None:
        found = arm(asked(mode_connectivity(replicates=1)), "barrier at 20")
        first, *others = ends(found)
        assert len(others) == 2
        assert len(found.parts) == 3
        assert {part.name for part in found.parts} == {"barrier"}
        for other in others:
            begin = other.trajectory.begin
            assert isinstance(begin, Point)
            assert (begin.trajectory.digest, begin.at) == (first.trajectory.digest, 20)
            assert (first.at, other.at) == (400, 400)
        assert len({end.trajectory.order for end in (first, *others)}) == 3

    def test_at_step_0_they_share_fresh_weights(self) -> None:
        found = ends(arm(asked(mode_connectivity(replicates=1)), "barrier at 0"))
        begins = {end.trajectory.begin.digest: end.trajectory.begin for end in found}
        assert [type(begin) for begin in begins.values()] == [Start]
        assert len({end.trajectory.order for end in found}) == 3

    def test_one_copy_is_the_network_itself_whatever_the_step(self) -> None:
        found = asked(mode_connectivity(replicates=1))
        whole = arm(found, "trained").state.digest
        assert {ends(arm(found, f"barrier at {k}"))[0].digest for k in SDS} == {whole}

    def test_two_beginnings_share_nothing(self) -> None:
        found = arm(asked(mode_connectivity(replicates=1)), "two beginnings")
        one, other = found.state.trajectory, found.other.trajectory
        assert one.begin.seed != other.begin.seed
        assert one.order != other.order

    def test_twins_differ_by_a_rounding_at_the_named_step(self) -> None:
        found = arm(asked(mode_connectivity(replicates=1)), "rounding twins")
        one, other = (state.trajectory for state in (found.state, found.other))
        assert all(isinstance(twin.begin, Perturbed) for twin in (one, other))
        assert [twin.begin.options for twin in (one, other)] == [{"scale": 0.0}, {"scale": 1e-7}]
        assert one.begin.origin.digest == other.begin.origin.digest
        assert one.begin.origin.at == 20
        assert one.order == other.order

    def test_where_statistics_are_kept_both_kinds_stand_beside_each_other(self) -> None:
        made = mode_connectivity(model="resnet-8-w4", replicates=1)
        found = asked(made)
        fresh, stale = arm(found, "barrier at 5"), arm(found, "barrier, statistics interpolated at 5")
        assert [part.options["statistics"] for part in (*fresh.parts, *stale.parts)] == (
            ["re-estimated"] * 3 + ["interpolated"] * 3
        )
        assert [end.digest for end in ends(fresh)] == [end.digest for end in ends(stale)]
        assert [type(item) for item in made.secondary] == [Ladder]
        assert not mode_connectivity().secondary

    @pytest.mark.parametrize(
        ("model", "kept"),
        [
            *(("resnet-20", True), ("vgg-11-w8", True), ("timm/resnet18", True)),
            *(("resnet-20-gn", False), ("mlp-8", False), ("lenet-5", False), ("conv-2", False)),
        ],
    )
    def test_who_keeps_statistics(self, model: str, kept: bool) -> None:
        assert keeps_statistics(model) is kept


class TestRungs:
    def test_the_latest_is_asked_first_and_the_named_one_has_to_hold(self) -> None:
        made = mode_connectivity()
        assert [claim.left for claim in made.claims] == [f"barrier at {k}" for k in (200, 100, 50, 20, 10, 5, 0)]
        assert (made.combine, made.hold_to) == ("ordered", 4)
        assert {claim.size for claim in made.claims} == {2.0}

    def test_spreads_are_known_of_the_setting_that_was_measured_only(self) -> None:
        assert [claim.sd for claim in mode_connectivity().claims] == list(SDS.values())
        assert {claim.sd for claim in mode_connectivity(lr=1e-3).claims} == {None}

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"stable_from": "30it"}, "stable_from is '30it'; expected one of the steps in after: 0it, 5it"),
            ({"after": ["0it", "400it"], "stable_from": "0it"}, "part at 400it, where training ends"),
            ({"after": ["20it", "5%"]}, "each once"),
            ({"after": []}, "one step or more"),
            ({"after": ["20"]}, "expected a form like '500it'"),
            ({"copies": 1}, "copies is 1; expected a whole number, 2 or more"),
            ({"training": "lennet"}, "lenet"),
            ({"points": 2}, "points"),
        ],
    )
    def test_what_is_refused(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(RequestError, match=said):
            asked(mode_connectivity(replicates=1, **given))

    def test_steps_are_told_in_iterations(self) -> None:
        found = rungs(["50%", "2ep", "0it"], "30it", default_recipe("digits"), Data(name="digits"))
        assert found == ([200, 30, 0], 2)


class TestPresets:
    def test_the_paper_s(self, shared_data: Callable[[str], Path]) -> None:
        shared_data("cifar10")
        made = mode_connectivity(preset="paper")
        end = arm(asked(made), "barrier at 2000").parts[0].state
        training = end.trajectory.training
        assert end.model.name == "resnet-20"
        assert end.trajectory.begin.init == "kaiming-normal+bn-uniform"
        assert training.optimizer["lr"] == 0.1
        assert (training.optimizer["momentum"], training.optimizer["weight_decay"]) == (0.9, 1e-4)
        assert (training.batch, tuple(training.augment)) == (128, ("flip", "crop-4"))
        assert training.total == 160 * training.per_epoch
        assert [at / training.total for at in training.schedule["at"]] == [0.5, 0.75]
        assert made.hold_to == 2
        assert [(item.arm, item.value) for item in made.published] == [("stable from", 2000)]
        assert "second-hand" in made.published[0].source

    def test_lenet_s(self) -> None:
        made = mode_connectivity(preset="lenet", steps="3000it")
        training = arm(asked(made), "trained").state.trajectory.training
        assert (training.total, training.batch, training.optimizer["name"]) == (3000, 60, "adam")
        assert made.published[0].value == 0


def by_arm(answer: Answer) -> dict[str, list[float]]:
    return {name: list(rows["value"]) for name, rows in answer.runs.groupby("arm")}


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    answer = Lab(tmp_path).run(mode_connectivity(replicates=2, **TINY))
    values = by_arm(answer)
    assert set(values) == {
        *("barrier at 10", "barrier at 0", "two beginnings", "rounding twins", "trained", "untrained")
    }
    assert all(value >= 0 for name in values for value in values[name])
    assert values["rounding twins"] == [0.0, 0.0]
    assert min(values["two beginnings"]) > 0


def test_the_mean_is_that_of_the_values() -> None:
    assert mean({"1 and 2": 1.0, "1 and 3": 2.0, "2 and 3": 6.0}) == 3.0
