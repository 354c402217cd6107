"""Rewinding or fine-tuning: what is kept of a pruned network, at which rate, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.rewind_or_finetune import FIGURES, SD, rewind_or_finetune
from whether.errors import RequestError
from whether.history.facts import Clocked, Point, Redrawn, Start, Wearing
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def state(found: Asked, name: str) -> Any:
    return next(fact.state for item, fact in found.arms[0] if item.name == name)


class TestArms:
    def test_fine_tuning_differs_in_the_rate_alone(self) -> None:
        found = asked(rewind_or_finetune(replicates=1))
        rate, fine = state(found, "rate rewound at 60"), state(found, "fine-tuned at 60")
        begin = rate.trajectory.begin
        assert isinstance(begin, Clocked)
        assert (begin.step, rate.step, fine.step) == (60, 600, 600)
        assert begin.digest == fine.trajectory.begin.digest
        assert rate.trajectory.order == fine.trajectory.order
        one, other = (dict(item.trajectory.training.plain()) for item in (rate, fine))
        assert {key for key in one if one[key] != other[key]} == {"optimizer", "schedule"}
        assert {key for key in one["optimizer"] if one["optimizer"][key] != other["optimizer"][key]} == {"lr"}
        assert other["optimizer"]["lr"] == pytest.approx(0.001)

    def test_each_way_prunes_what_it_has_trained_itself(self) -> None:
        found = asked(rewind_or_finetune(replicates=1))
        for name in ("rate rewound", "fine-tuned", "weights rewound", "weights of step 0"):
            before, after = state(found, f"{name} at 60"), state(found, f"{name} at 36")
            begin = after.trajectory.begin
            worn = begin.origin if isinstance(begin, Clocked) else begin
            assert isinstance(worn, Wearing)
            assert (worn.worn.state.digest, worn.worn.by, worn.worn.scope) == (before.digest, "magnitude", "global")

    def test_weights_are_those_of_an_earlier_step_or_of_the_first(self) -> None:
        found = asked(rewind_or_finetune(replicates=1, weights_of="90it"))
        rewound, first = (
            state(found, f"{name} at 7.78").trajectory for name in ("weights rewound", "weights of step 0")
        )
        assert (rewound.begin.step, first.begin.step) == (90, 0)
        assert isinstance(rewound.begin.origin, Point)
        assert isinstance(first.begin.origin, Start)
        drawn = state(found, "re-initialised").trajectory.begin
        assert isinstance(drawn.origin, Redrawn)
        assert drawn.worn.digest == rewound.begin.worn.digest

    def test_the_dense_network_is_retrained_as_often(self) -> None:
        found = asked(rewind_or_finetune(replicates=1))
        going, times = state(found, "dense, retrained as often"), 0
        while isinstance(going.trajectory.begin, Clocked):
            going, times = going.trajectory.begin.origin, times + 1
            assert going.mask is None
        assert (times, going.digest) == (5, state(found, "dense").digest)

    def test_before_fine_tuning_it_is_pruned_only(self) -> None:
        found = asked(rewind_or_finetune(replicates=1))
        before = state(found, "fine-tuned, before it")
        assert before.digest == state(found, "fine-tuned at 7.78").trajectory.begin.digest


class TestTheQuestion:
    def test_claims_and_controls(self) -> None:
        made = rewind_or_finetune()
        assert [claim.names for claim in made.claims] == [("rate rewound at 7.78", "fine-tuned at 7.78")]
        assert [(item.claim.kind, item.expect) for item in made.controls] == [
            ("exceeds", "yes"),
            ("same", "yes"),
            ("not_worse", "yes"),
        ]
        assert not made.published

    def test_the_spread_is_stated_where_it_was_measured_only(self) -> None:
        assert rewind_or_finetune(s=0.5, replicates=5).claims[0].sd == SD
        for given in ({"low": 0.1}, {"rewind": "0it"}, {"model": "mlp-100"}, {"lr": 0.05}, {"density": 0.13}):
            assert rewind_or_finetune(**given).claims[0].sd is None, given

    def test_the_paper(self, shared_data: Callable[[str], Path]) -> None:
        shared_data("cifar10")
        made = rewind_or_finetune(preset="paper", replicates=1)
        found = asked(made)
        base, rate = state(found, "dense").trajectory.training, state(found, "rate rewound at 10.7")
        assert (base.total, base.batch) == (182 * base.per_epoch, 128)
        assert base.schedule["at"] == [91 * base.per_epoch, 136 * base.per_epoch]
        assert (base.optimizer["lr"], base.optimizer["momentum"], base.optimizer["weight_decay"]) == (0.1, 0.9, 2e-4)
        assert base.augment == ("flip", "crop-4")
        assert rate.trajectory.begin.step == 0
        assert state(found, "weights rewound at 10.7").trajectory.begin.step == 32 * base.per_epoch
        names = {item.name for item, _ in found.arms[0]}
        assert {item.arm for item in made.published} <= names
        assert len(made.published) == 4 * len(FIGURES)
        assert {item.arm: item.value for item in made.published}["rate rewound at 16.8"] == 91.7
        assert not rewind_or_finetune(preset="paper", steps="1ep").published

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"low": 2}, r"low is 2; expected a number in \(0, 1\)"),
            ({"rewind": 60}, "rewind is 60, a bare number"),
            ({"weights_of": 60}, "weights_of is 60, a bare number"),
            ({"training": "papers"}, "unknown training 'papers'; did you mean 'paper'"),
            ({"density": 0.5}, r"no round leaves a density of 0\.5"),
            ({"rounds": 0}, "rounds is 0"),
            ({"steps": 400}, "a recipe's total is 400, a bare number"),
            ({"lr": -1}, "sgd: lr is -1"),
            ({"s": 0}, "has the size 0"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            rewind_or_finetune(**given)

    def test_a_step_beyond_the_end_is_refused_before_anything_is_trained(self) -> None:
        with pytest.raises(RequestError, match="beyond the recipe's total of 600"):
            asked(rewind_or_finetune(replicates=1, rewind="601it"))


def test_a_tiny_one_from_end_to_end(tmp_path: Path) -> None:
    made = rewind_or_finetune(model="mlp-12", rounds=1, density=0.6, steps="40it", replicates=2)
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    values = answer.runs.set_index(["arm", "replicate"])["value"]
    assert values["rate rewound at 60", 0] != values["fine-tuned, before it", 0]
