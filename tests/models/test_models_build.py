"""From names to modules: shapes and counts, code of one's own, and what is told when it does not fit."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cases import raw, threads
from whether.errors import RequestError
from whether.history.facts import Model
from whether.models import build, prunable
from whether.models.alone import alone
from whether.seeds import Seed


def model(name: str, shape: tuple[int, ...] = (1, 8, 8), classes: int = 10, **options: Any) -> Model:
    return Model(name=name, shape=shape, classes=classes, options=options)


def parameters(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def test_lenet_has_as_many_parameters_as_in_the_paper() -> None:
    lenet = build(model("lenet-300-100", (1, 28, 28)))
    assert parameters(lenet) == 266_610
    assert sum(dict(lenet.named_parameters())[name].numel() for name in prunable(lenet)) == 266_200
    same = build(model("mlp-300-100", (1, 28, 28)))
    assert [value.shape for value in same.parameters()] == [value.shape for value in lenet.parameters()]


@pytest.mark.parametrize(
    ("name", "shape", "classes", "widths"),
    [
        ("mlp-1", (2,), 2, [2, 1, 2]),
        ("mlp-3-1-5", (1, 8, 8), 10, [64, 3, 1, 5, 10]),
        ("mlp-300-100", (1, 8, 8), 10, [64, 300, 100, 10]),
        ("mlp-7", (3, 2, 5), 4, [30, 7, 4]),
    ],
)
def test_perceptrons_have_the_widths_of_their_names(
    name: str, shape: tuple[int, ...], classes: int, widths: list[int]
) -> None:
    module = build(model(name, shape, classes))
    linear = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    assert [layer.in_features for layer in linear] == widths[:-1]
    assert [layer.out_features for layer in linear] == widths[1:]
    assert module(torch.zeros(3, *shape)).shape == (3, classes)
    kinds = [type(layer) for layer in module.children()]
    assert kinds == [nn.Flatten, *[nn.Linear, nn.ReLU] * (len(widths) - 2), nn.Linear]
    assert prunable(module) == tuple(f"{2 * place + 1}.weight" for place in range(len(linear)))


def test_prunable_are_weights_of_linear_and_conv_layers_and_nothing_else() -> None:
    assert prunable(build(model("foreign:conv_batchnorm"))) == ("0.weight", "5.weight")
    assert prunable(build(model("foreign:deep"))) == ("stem.weight", "head.weight"), "in the order of the layers"
    assert prunable(build(model("foreign:odd"))) == ("stem.weight", "body.weight", "fixed.weight", "answer.weight")
    assert prunable(nn.Sequential(nn.Embedding(4, 4), nn.LayerNorm(4), nn.BatchNorm1d(4))) == ()
    assert prunable(nn.Linear(2, 2)) == ("weight",)


def test_own_code_is_given_what_it_takes() -> None:
    module = build(model("foreign:perceptron", width=7))
    assert [layer.out_features for layer in module.modules() if isinstance(layer, nn.Linear)] == [7, 10]
    assert module.training


def test_own_code_draws_from_its_seed_and_from_nothing_else() -> None:
    states = []
    for seed, world in ((1, 5), (1, 6), (2, 5)):
        torch.manual_seed(world)
        before = torch.get_rng_state()
        states.append(raw(dict(build(model("foreign:conv_batchnorm"), Seed(seed)).state_dict())))
        assert torch.equal(torch.get_rng_state(), before)
    assert states[0] == states[1] != states[2]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("foreign:wrong_outputs", {}, r"for 2 examples it gives \(2, 11\); expected \(2, 10\), a logit for each"),
        ("foreign:wrong_inputs", {}, r"does not fit the data: examples are 1 × 8 × 8, and it says RuntimeError"),
        ("foreign:no_module", {}, r"gave something of type int; expected an nn\.Module"),
        ("foreign:perceptron", {"depth": 3}, r"cannot be made from classes, depth, shape: TypeError"),
        ("foreign:refuses", {}, r"cannot be made from classes: ValueError: no such network"),
        ("foreign:number", {}, r"model 'foreign:number' is a int; expected a function"),
        ("foreign:perceptro", {}, r"perceptron"),
        ("nowhere:at_all", {}, r"the module 'nowhere' fails to import"),
        ("mpl-300", {}, r"mlp-<width>"),
    ],
)
def test_what_does_not_fit_is_told(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        build(model(name, **options))


def test_the_fit_is_tried_without_leaving_a_trace() -> None:
    module = build(model("foreign:conv_batchnorm"), Seed(1))
    assert int(module.state_dict()["1.num_batches_tracked"]) == 0
    assert all(layer.training for layer in module.modules())
    assert all(value.grad is None for value in module.parameters())


def drawn() -> tuple[float, float, float]:
    return float(torch.rand(())), float(np.random.rand()), random.random()


def test_alone_draws_from_its_key_and_puts_the_world_back() -> None:
    seen = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        expected = drawn()
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        with alone(2**64 - 1):
            seen.append(drawn())
        assert drawn() == expected
    assert seen[0] == seen[1]
    with alone(2**63 - 1), alone(3):
        other = drawn()
    assert all(one != another for one, another in zip(seen[0], other, strict=True))


def _disturb_and_fail() -> None:
    assert torch.get_num_threads() == 1
    assert torch.zeros(1).dtype == torch.float32
    torch.set_num_threads(3)
    torch.rand(5)
    raise KeyError("out")


def test_alone_computes_on_one_thread_in_single_precision_and_survives_errors() -> None:
    state = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        with threads(2):
            with pytest.raises(KeyError, match="out"), alone(1):
                _disturb_and_fail()
            assert torch.get_num_threads() == 2
        assert torch.zeros(1).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.get_rng_state(), state)
