"""BatchNorm and nothing else: what is held in which arm, and that as many weights are trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.batchnorm_only import SD, batchnorm_only
from whether.errors import RequestError
from whether.history.facts import Holding, Start
from whether.models.build import build
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed
from whether.train.freeze import trainable

HELD = {
    "BatchNorm": "batchnorm",
    "random weights": "random-as-batchnorm",
    "output layer": "output",
    "nothing": "nothing",
}


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def trajectory(found: Asked, name: str, replicate: int = 0) -> Any:
    state: Any = next(fact.state for item, fact in found.arms[replicate] if item.name == name)
    return state.trajectory


def test_arms_differ_in_what_is_trained_only() -> None:
    found = asked(batchnorm_only(replicates=2))
    whole = trajectory(found, "everything")
    assert isinstance(whole.begin, Start)
    for name, trains in HELD.items():
        one = trajectory(found, name)
        assert isinstance(one.begin, Holding)
        assert one.begin.trains == trains
        assert one.begin.origin.digest == whole.begin.digest
        assert (one.training.digest, one.order) == (whole.training.digest, whole.order)
    draws = {trajectory(found, "random weights", number).begin.seed for number in range(2)}
    assert len(draws) == 2


def test_as_many_weights_are_trained_in_each_layer_and_no_output() -> None:
    begin = trajectory(asked(batchnorm_only(replicates=1)), "random weights").begin
    module = build(begin.model)
    norms, drawn = trainable(module, "batchnorm"), trainable(module, "random-as-batchnorm", seed=begin.seed)
    assert not drawn["linear.weight"].any()
    assert not norms["linear.weight"].any()
    counts = {name: int(mask.sum()) for name, mask in drawn.items() if mask.any()}
    for name, count in counts.items():
        assert count == 2 * drawn[name].shape[0], name
        assert set(drawn[name].flatten(1).sum(1).tolist()) == {2}, name
    assert sum(counts.values()) == sum(int(mask.sum()) for mask in norms.values())


def test_spreads_are_those_of_the_setting_in_which_they_were_measured() -> None:
    assert batchnorm_only(s=3).claims[0].sd == SD
    for given in ({"lr": 0.01}, {"rows": 300}, {"init": "kaiming-normal"}, {"model": "resnet-14"}):
        assert batchnorm_only(**given).claims[0].sd is None, given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training": "papre"}, "unknown training 'papre'; did you mean 'paper'"),
        ({"rows": 0}, "rows"),
        ({"data": "digit"}, "digit"),
        ({"steps": 300}, "a bare number"),
        ({"s": 0}, "has the size 0"),
    ],
)
def test_options_that_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        asked(batchnorm_only(replicates=1, **given))


def test_without_batchnorm_nothing_is_trained(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'batchnorm' trains the weights and biases of BatchNorm layers, and this"):
        Lab(tmp_path).run(batchnorm_only(model="mlp-8", init="kaiming-normal", replicates=2))
    assert not [path for path in (tmp_path / "states").rglob("*") if path.is_file()]


@pytest.mark.long
@pytest.mark.parametrize(
    ("preset", "parameters", "value"), [("paper", 1_120, 47.5), ("paper-110", 8_288, 67.5), ("paper-866", 64_736, 80)]
)
def test_the_paper(preset: str, parameters: int, value: float, shared_data: Callable[[str], Path]) -> None:
    shared_data("cifar10")
    made = batchnorm_only(preset=preset, replicates=1)
    found = trajectory(asked(made), "BatchNorm")
    per_epoch = 45_000 // 128
    assert (found.training.total, found.training.batch) == (160 * per_epoch, 128)
    assert found.training.schedule["at"] == [80 * per_epoch, 120 * per_epoch]
    assert found.begin.origin.init == "kaiming-normal+bn-uniform"
    if preset != "paper-866":  # which takes half a minute to build
        masks = trainable(build(found.begin.model), "batchnorm")
        assert sum(int(mask.sum()) for mask in masks.values()) == parameters
    assert [(row.arm, row.value) for row in made.published] == [("BatchNorm", value)]
    assert "second-hand" in made.published[0].source


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    answer = Lab(tmp_path).run(batchnorm_only(model="resnet-8-w2", steps="3it", replicates=2))
    assert answer.verdict in ("yes", "no", "inconclusive")
    assert {arm.n for arm in answer.arms} == {2}
