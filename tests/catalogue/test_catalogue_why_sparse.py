"""`why-sparse`: what its arms share and differ in, what its options refuse, and a small one from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whether.catalogue.why_sparse import SD, why_sparse
from whether.errors import RequestError
from whether.history.facts import Holding, MeasureFact, Point, PrunedMask, Start, Wearing
from whether.lab import Lab
from whether.plan import ask
from whether.seeds import Seed


def arms(replicate: int = 0, **options: Any) -> dict[str, MeasureFact]:
    found = ask(why_sparse(**{"replicates": 2, **options}), seed=Seed(0), open_test=False)
    return {arm.name: fact for arm, fact in found.arms[replicate]}


def test_all_are_one_network_by_its_initial_weights() -> None:
    found = arms()
    initial = found["initial"].state
    assert isinstance(initial, Start)
    for name in ("trained", "with weight decay", "with large steps", "on random labels"):
        state = found[name].state
        assert isinstance(state, Point)
        assert state.trajectory.begin.digest == initial.digest
        assert state.at == state.trajectory.training.total
        assert (found[name].name, found[name].split) == ("activation_sparsity", "validation")
    assert arms(1)["initial"].state.digest != initial.digest


def test_nobody_asks_for_zeros_but_where_weight_decay_is_named() -> None:
    found = arms(decay=0.02)
    said = {name: found[name].state.trajectory.training for name in ("trained", "with weight decay")}  # type: ignore[attr-defined]
    plain, decays = (dict(said[name].optimizer) for name in ("trained", "with weight decay"))
    assert (plain["weight_decay"], decays["weight_decay"]) == (0.0, 0.02)
    assert {**plain, "weight_decay": 0.02} == decays
    assert said["trained"].total == said["with weight decay"].total == 400


def test_large_steps_are_those_of_sgd_with_momentum() -> None:
    state = arms(large=0.2)["with large steps"].state
    assert isinstance(state, Point)
    optimizer = dict(state.trajectory.training.optimizer)
    assert (optimizer["name"], optimizer["lr"], optimizer["momentum"]) == ("sgd", 0.2, 0.9)
    assert optimizer["weight_decay"] == 0.0


def test_random_labels_are_drawn_anew_in_every_replicate_and_zeros_counted_on_the_same_images() -> None:
    first, second = arms(0), arms(1)
    data = []
    for found in (first, second):
        state = found["on random labels"].state
        assert isinstance(state, Point)
        assert state.at == 6000
        data.append(dict(state.trajectory.training.data))
    assert [item["random_labels"] for item in data] == [1.0, 1.0]
    assert data[0]["labels"] != data[1]["labels"]
    assert data[0]["content"] == first["trained"].data["content"]  # type: ignore[index]
    losses = [first[name] for name in ("training loss", "training loss on random labels")]
    assert [fact.split for fact in losses] == ["train", "train"]
    assert [fact.state.digest for fact in losses] == [first[n].state.digest for n in ("trained", "on random labels")]


def test_the_controls_are_what_they_say() -> None:
    found = arms()
    held, few = found["output trained"].state, found["one weight in a thousand"].state
    assert isinstance(held, Point)
    assert isinstance(held.trajectory.begin, Holding)
    assert held.trajectory.begin.trains == "output"
    assert isinstance(few, Wearing)
    assert isinstance(few.worn, PrunedMask)
    assert (few.worn.by, few.worn.scope, few.worn.plain()["fraction"]) == ("random", "layer", "999/1000")


def test_the_transformer_has_no_random_labels() -> None:
    made = why_sparse(preset="transformer", replicates=2)
    found = arms(preset="transformer")
    assert "on random labels" not in found
    assert len(made.secondary) == 2
    state = found["trained"].state
    assert (state.model.name, state.model.task) == ("gpt-1-32-relu", "language-modelling")


def test_the_spread_is_stated_where_it_was_measured() -> None:
    for given in ({}, {"replicates": 8}, {"s": 5.0}, {"decay": 0.1}):
        assert why_sparse(**given).claims[0].sd == SD, given
    for given in ({"lr": 0.01}, {"optimizer": "sgd"}, {"steps": "500it"}, {"model": "mlp-100"}, {"layer": "2"}):
        assert why_sparse(**given).claims[0].sd is None, given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimizer": "adm"}, "unknown optimizer 'adm'; did you mean 'adam'"),
        ({"decay": -1}, "adam: weight_decay is -1; expected a number"),
        ({"large": -1}, "sgd: lr is -1"),
        ({"random_steps": 6000}, "total is 6000, a bare number"),
        ({"steps": "0it"}, "total is '0it'"),
        ({"data": "digit"}, "unknown data set 'digit'; did you mean 'digits'"),
        ({"s": 0}, "has the size 0"),
    ],
)
def test_what_cannot_be_asked_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        why_sparse(**given)


def test_a_layer_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"unknown ReLU 'x'\. Known: 2"):
        Lab(tmp_path / "lab").run(why_sparse(layer="x", steps="3it", random_steps="3it", replicates=2, model="mlp-8"))


def test_from_end_to_end(tmp_path: Path) -> None:
    made = why_sparse(model="mlp-30", steps="20it", random_steps="20it", replicates=2)
    answer = Lab(tmp_path / "lab").run(made)
    means = {arm.arm: arm.mean for arm in answer.arms}
    assert means["output trained"] == means["initial"]
    assert means["one weight in a thousand"] > means["initial"] + 10
    assert 30 < means["initial"] < 70
