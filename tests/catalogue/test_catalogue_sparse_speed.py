"""`sparse-speed`: what is timed, what its options refuse, and a small one from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.sparse_speed import SD, TIMED, sparse_speed
from whether.errors import RequestError
from whether.history.facts import MeasureFact, Point, PrunedMask, Start, Wearing
from whether.lab import Lab
from whether.plan import ask
from whether.seeds import Seed


def timed(replicate: int = 0, **options: Any) -> dict[str, MeasureFact]:
    found = ask(sparse_speed(**{"replicates": 2, **options}), seed=Seed(0), open_test=False)
    return {arm.name: fact for arm, fact in found.arms[replicate]}


def test_both_kinds_are_timed_at_each_density_with_the_same_mask() -> None:
    arms = timed()
    assert len(arms) == 2 * len(TIMED)
    for x in TIMED:
        training, inference = (arms[f"{kind} speed-up at {x:.3g}"] for kind in ("training", "inference"))
        assert training.state.digest == inference.state.digest
        assert dict(training.options) == {**inference.options, "kind": "training"}
        assert training.machine != ""


def test_masks_are_the_smallest_of_fresh_weights_layer_by_layer() -> None:
    state = timed()["training speed-up at 10"].state
    assert isinstance(state, Wearing)
    assert isinstance(state.origin, Start)
    assert isinstance(state.worn, PrunedMask)
    assert (state.worn.by, state.worn.scope, state.worn.plain()["fraction"]) == ("magnitude", "layer", "9/10")
    assert isinstance(timed()["training speed-up at 100"].state, Start)


def test_a_replicate_has_weights_of_its_own() -> None:
    name = "training speed-up at 10"
    first, second = (timed(replicate)[name].state for replicate in (0, 1))
    assert first.digest != second.digest


def test_trained_weights_may_be_pruned_instead() -> None:
    state = timed(trained="30it")["training speed-up at 10"].state
    assert isinstance(state, Wearing)
    assert isinstance(state.origin, Point)
    assert state.origin.at == 30


def test_the_named_density_is_timed_and_decides() -> None:
    made = sparse_speed(density=0.035)
    assert [claim.left for claim in made.claims] == ["training speed-up at 3.5", "inference speed-up at 3.5"]
    assert "training speed-up at 3.5" in timed(density=0.035)
    assert [claim.sd for claim in made.claims] == [None, None]
    assert [claim.sd for claim in sparse_speed(s=1.5, replicates=5).claims] == [SD, SD]
    assert {claim.sd for claim in sparse_speed(layer="1").claims} == {None}


def test_lenet_itself() -> None:
    fact = timed(preset="lenet")["inference speed-up at 10"]
    assert fact.state.model.name == "lenet-300-100"
    assert {key: fact.options[key] for key in ("layer", "uses", "batch")} == {"layer": "1", "uses": 50_000, "batch": 60}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"density": 1.0}, r"density is 1\.0; expected a number in \(0, 1\): the part of the layer that is left"),
        ({"density": True}, "density is True"),
        ({"uses": 0}, "uses is 0; expected a whole number, 1 or more"),
        ({"batch": 2.5}, r"batch is 2\.5; expected a whole number"),
        ({"repeats": "9"}, "repeats is '9'; expected a whole number"),
        ({"s": 0}, "s is 0; expected a number above zero: how many times faster"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        sparse_speed(**given)


def test_a_stop_without_a_unit_is_told() -> None:
    with pytest.raises(RequestError, match="trained is 5, a bare number"):
        sparse_speed(trained=5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layer": "7"}, r"unknown layer '7'\. Known: 1\.weight, 3\.weight, 5\.weight, output"),
        ({"model": "lenet-5", "layer": "0"}, r"sparse_speed is of linear layers, and .* is of a Conv2d"),
    ],
)
def test_layers_that_cannot_be_timed_are_told(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=message):
        Lab(tmp_path / "lab").run(sparse_speed(replicates=2, **given))


def test_from_end_to_end(tmp_path: Path) -> None:
    made = sparse_speed(model="mlp-200-200", repeats=3, replicates=2)
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    means = {arm.arm: arm.mean for arm in answer.arms}
    assert all(value > 0 for value in means.values())
    assert means["inference speed-up at 1"] > means["inference speed-up at 100"]
