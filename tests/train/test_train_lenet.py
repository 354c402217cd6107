"""LeNet-300-100 at its own size: 784 inputs, 266,610 parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from cases import DIGITS, Snapshots, bits, distance, threads
from whether.data.tensors import Tensors, tensors
from whether.history import Network, accuracy, density, tickets
from whether.history.facts import Model
from whether.history.resolve import settle
from whether.lab import Lab
from whether.models import build, draw
from whether.recipe import Recipe, adam, ticket_paper_mnist
from whether.seeds import Seed
from whether.train.loop import train_one
from whether.train.pack import Watch, train_pack
from whether.train.replica import Replica


@pytest.fixture(scope="module")
def large() -> Tensors:
    """The digits, drawn at 28 × 28."""
    held = tensors(DIGITS)
    return replace(held, x_train=nn.functional.interpolate(held.x_train, (28, 28)))


@pytest.fixture(scope="module")
def lenet() -> nn.Module:
    return build(Model(name="lenet-300-100", shape=(1, 28, 28), classes=10, options={}))


def replicas(module: nn.Module) -> list[Replica]:
    recipe = Recipe(optimizer=adam(1.2e-3), total="3it", batch=60, evaluate="3it")
    return [
        Replica(
            training=settle(recipe, DIGITS),
            order=Seed(seed),
            step=0,
            stops=(3,),
            weights=draw(module, "xavier-normal", Seed(seed)),
        )
        for seed in (1, 2, 3)
    ]


def trained(module: nn.Module, given: list[Replica], data: Tensors) -> Snapshots:
    found: Snapshots = {}
    train_pack(module, given, data, Watch(stop=lambda place, snapshot: found.__setitem__((place, 3), snapshot)))
    return found


def test_a_pack_of_lenets_is_the_loop_and_keeps_its_bits(lenet: nn.Module, large: Tensors) -> None:
    one, two, three = replicas(lenet)
    with threads(2):
        found = trained(lenet, [one, two, three], large)
        lone = trained(lenet, [two], large)
    with threads(1):
        assert bits(lone[0, 3]) == bits(found[1, 3]) == bits(trained(lenet, [three, two], large)[1, 3])
    expected, _ = train_one(copy.deepcopy(lenet), two, large)
    assert distance(expected, found[1, 3].weights) < 1e-5


@pytest.mark.long
def test_tickets_of_half_the_weights_match_on_mnist(lab: Lab, shared_data: Callable[[str], Path]) -> None:
    shared_data("mnist")
    recipe = ticket_paper_mnist().but(total="1500it", evaluate="500it")
    start = Network("lenet-300-100", data="mnist", seed=1, recipe=recipe)
    found = tickets(start, rounds=3, fraction=0.2, scope="layer", layer_fractions={"output": 0.1})
    assert lab.value(density(found[-1])) == pytest.approx(51.28, abs=0.005)
    dense, ticket = (lab.value(accuracy(net)) for net in (found.dense, found[-1]))
    assert dense > 95
    assert ticket > dense - 0.5
