"""Late rewinding: two searches that differ in the step alone, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.late_rewinding import SD, late_rewinding
from whether.errors import RequestError
from whether.history.facts import Point, ShuffledMask, Start
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def fact(found: Asked, name: str) -> Any:
    return next(fact for item, fact in found.arms[0] if item.name == name)


def state(found: Asked, name: str) -> Any:
    return fact(found, name).state


class TestArms:
    def test_the_two_searches_differ_in_the_step_alone(self) -> None:
        found = asked(late_rewinding(replicates=1))
        zero, late = (state(found, f"from step {k} at 7.78").trajectory for k in "0k")
        assert (zero.begin.step, late.begin.step) == (0, 40)
        assert isinstance(zero.begin.origin, Start)
        assert isinstance(late.begin.origin, Point)
        assert late.begin.origin.trajectory.begin.digest == zero.begin.origin.digest
        assert (zero.training.digest, zero.order) == (late.training.digest, late.order)
        assert {state(found, f"from step {k} at 7.78").step for k in "0k"} == {400}

    def test_each_search_prunes_its_own_networks(self) -> None:
        found = asked(late_rewinding(replicates=1))
        for k in "0k":
            before, after = state(found, f"from step {k} at 60"), state(found, f"from step {k} at 36")
            assert after.trajectory.begin.worn.state.digest == before.digest
            assert before.trajectory.begin.worn.state.digest == state(found, "dense").digest

    def test_the_random_mask_has_the_same_weights_elsewhere(self) -> None:
        found = asked(late_rewinding(replicates=1))
        random = state(found, "random mask, from step k").trajectory.begin
        late = state(found, "from step k at 7.78").trajectory.begin
        assert isinstance(random.worn, ShuffledMask)
        assert (random.worn.scope, random.worn.origin.digest) == ("layer", late.worn.digest)
        assert random.origin.digest == late.origin.digest

    def test_where_tickets_work_it_is_another_network_with_the_same_recipe(self) -> None:
        found = asked(late_rewinding(replicates=1))
        easy = state(found, "where tickets work, from step k")
        assert (easy.model.name, easy.trajectory.begin.step) == ("mlp-300-100", 40)
        assert easy.trajectory.training.digest == state(found, "dense").trajectory.training.digest

    def test_barriers_are_between_dense_copies_that_part(self) -> None:
        found = asked(late_rewinding(replicates=1))
        for k, step in (("0", 0), ("k", 40)):
            (part,) = fact(found, f"barrier from step {k}").parts
            assert part.state.digest == state(found, "dense").digest
            assert (part.other.trajectory.begin.step, part.other.mask) == (step, None)
            assert part.other.trajectory.order != part.state.trajectory.order


class TestTheQuestion:
    def test_claims_and_controls(self) -> None:
        made = late_rewinding()
        assert [claim.names for claim in made.claims] == [("from step k at 7.78", "from step 0 at 7.78")]
        assert [(item.claim.kind, item.expect) for item in made.controls] == [
            ("not_worse", "no"),
            ("exceeds", "yes"),
            ("same", "yes"),
        ]
        assert not made.published

    def test_the_spread_is_stated_where_it_was_measured_only(self) -> None:
        assert late_rewinding(s=0.5, replicates=5).claims[0].sd == SD
        for given in (
            {"step": "20it"},
            {"model": "mlp-100"},
            {"lr": 0.01},
            {"density": 0.13},
            {"init": "xavier-normal"},
        ):
            assert late_rewinding(**given).claims[0].sd is None, given

    def test_the_paper(self, shared_data: Callable[[str], Path]) -> None:
        shared_data("cifar10")
        made = late_rewinding(preset="paper", replicates=1)
        late = state(asked(made), "from step k at 16.8").trajectory
        assert (late.begin.step, late.training.batch) == (500, 128)
        assert late.training.total == 160 * late.training.per_epoch
        assert late.training.schedule["at"] == [80 * late.training.per_epoch, 120 * late.training.per_epoch]
        assert late.training.augment == ("flip", "crop-4")
        assert [item.value for item in made.published] == [500]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"step": "0it"}, "step is '0it'; expected one after the beginning and before the end, 400 iterations"),
            ({"step": "400it"}, "step is '400it'; expected one after the beginning"),
            ({"step": 40}, "40, a bare number"),
            ({"training": "papers"}, "unknown training 'papers'; did you mean 'paper'"),
            ({"density": 0.5}, r"no round leaves a density of 0\.5"),
            ({"works_at": 1.5}, r"density is 1\.5; expected a number in \(0, 1\)"),
            ({"fraction": 1}, "fraction is 1; expected a number"),
            ({"lr": -1}, "adam: lr is -1"),
            ({"s": 0}, "has the size 0"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            late_rewinding(**given)

    def test_models_that_are_refused_when_it_is_asked(self) -> None:
        with pytest.raises(RequestError, match="unknown model 'mpl-300'"):
            asked(late_rewinding(replicates=1, works="mpl-300"))


def test_a_tiny_one_from_end_to_end(tmp_path: Path) -> None:
    made = late_rewinding(
        model="mlp-12", works="mlp-9", rounds=2, density=0.36, step="10it", steps="40it", replicates=2
    )
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    values = answer.runs.set_index(["arm", "replicate"])["value"]
    assert values["from step k at 36", 0] != values["random mask, from step k", 0]
