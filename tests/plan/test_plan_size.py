"""How large networks are, held to what the trainer really makes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel

from whether import Data, adam, sgd
from whether.history.facts import Model, Training
from whether.history.resolve import settle
from whether.models.build import build
from whether.models.gpt import gpt
from whether.plan.size import (
    LINE,
    LOOKED_AT_ONCE,
    flops_per_look,
    flops_per_step,
    memory_per_network,
    moments,
    weights_stored,
)
from whether.plan.width import networks_at_once, width_within
from whether.recipe import default_recipe
from whether.train import chain, layout
from whether.train.chain import Chain
from whether.train.optim import PackOptimizer

OWN = Model(name="nets:make", shape=(1, 8, 8), classes=10, options={})


def model(name: str, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10) -> Model:
    return Model(name=name, shape=shape, classes=classes, options={})


def training(batch: int = 60, optimizer: object = None) -> Training:
    changes = {"batch": batch} | ({"optimizer": optimizer} if optimizer else {})
    return settle(default_recipe("digits").but(**changes), Data(name="digits"))


class TestOperations:
    def test_by_hand(self) -> None:
        # 2 inputs, 3 hidden, 2 classes, batch 5: 60 + 60 forward, as many for weights, 60 for the hidden layer.
        assert flops_per_step(model("mlp-3", (2,), 2), 5) == 120 + 120 + 60
        assert flops_per_look(model("mlp-3", (2,), 2), 5) == 120

    def test_lenet_is_what_was_measured_against(self) -> None:
        assert flops_per_step(model("lenet-300-100"), 128) == pytest.approx(144.2e6, rel=1e-3)
        assert flops_per_step(model("lenet-300-100"), 128) == flops_per_step(model("mlp-300-100"), 128)

    @pytest.mark.parametrize("name", ["mlp-7", "mlp-40-3-17"])
    def test_they_are_what_torch_counts(self, name: str) -> None:
        counter = pytest.importorskip("torch.utils.flop_counter")
        known = model(name, (1, 5, 5), 4)
        module, x = build(known), torch.zeros(6, 1, 5, 5)
        with counter.FlopCounterMode(display=False) as counted:
            torch.nn.functional.cross_entropy(module(x), torch.zeros(6, dtype=torch.int64)).backward()
        assert counted.get_total_flops() == flops_per_step(known, 6)

    @pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 17), (3, 32, 32)])
    @pytest.mark.parametrize("name", ["lenet-5", "conv-2", "conv-6", "vgg-13-w4", "resnet-14-w4", "resnet-8-w5-gn"])
    def test_they_are_what_torch_counts_of_convolutions(self, name: str, shape: tuple[int, ...]) -> None:
        counter = pytest.importorskip("torch.utils.flop_counter")
        known = model(name, shape, 4)
        module, x = build(known), torch.zeros(2, *shape)
        with counter.FlopCounterMode(display=False) as looked, torch.no_grad():
            module(x)
        assert looked.get_total_flops() == flops_per_look(known, 2)
        with counter.FlopCounterMode(display=False) as counted:
            torch.nn.functional.cross_entropy(module(x), torch.zeros(2, dtype=torch.int64)).backward()
        assert counted.get_total_flops() == flops_per_step(known, 2)

    @pytest.mark.parametrize(("name", "places", "vocabulary"), [("gpt-1-32", 5, 7), ("gpt-3-64", 12, 40)])
    def test_they_are_what_torch_counts_of_a_gpt(self, name: str, places: int, vocabulary: int) -> None:
        counter = pytest.importorskip("torch.utils.flop_counter")
        known = model(name, (places,), vocabulary)
        module, x = gpt(name, (places,), vocabulary), torch.zeros(2, places, dtype=torch.int64)
        with sdpa_kernel(SDPBackend.MATH), counter.FlopCounterMode(display=False) as counted:
            module(x).sum().backward()
        assert counted.get_total_flops() == flops_per_step(known, 2)

    def test_what_is_no_perceptron_is_trained_alone(self) -> None:
        for name in ("lenet-5", "conv-2", "vgg-11", "resnet-8"):
            known = model(name, (1, 8, 8))
            assert weights_stored(known) is memory_per_network(known, 5, 2) is None
            assert networks_at_once(known) == 1

    def test_code_of_ones_own_is_not_known(self) -> None:
        assert flops_per_step(OWN, 5) is flops_per_look(OWN, 5) is weights_stored(OWN) is None
        assert memory_per_network(OWN, 5, 2) is None


class TestMemory:
    @pytest.mark.parametrize("name", ["mlp-7", "lenet-300-100", "mlp-40-3-17"])
    def test_a_row_is_as_long_as_the_packs(self, name: str) -> None:
        known = model(name)
        assert weights_stored(known) == Chain(build(known)).layout.size

    def test_constants_are_the_trainers(self) -> None:
        assert (LINE, LOOKED_AT_ONCE) == (layout.LINE, chain.EVALUATED_AT_ONCE)

    @pytest.mark.parametrize(("optimizer", "count"), [(adam(0.1), 2), (sgd(0.1), 0), (sgd(0.1, momentum=0.9), 1)])
    def test_moments_are_the_optimisers(self, optimizer: object, count: int) -> None:
        given = training(optimizer=optimizer)
        assert moments(given) == count == len(PackOptimizer([given], torch.zeros(1, 4)).moments)

    def test_activations_are_what_the_program_makes(self) -> None:
        known, batch = model("mlp-40-3", (1, 5, 5), 4), 6
        program = Chain(build(known))
        weights = torch.zeros(2, program.layout.size)
        x = program.inputs(torch.zeros(2 * batch, 1, 5, 5)).view(2, batch, -1)
        program.gradient(weights, torch.zeros_like(weights), x, torch.zeros(2, batch, dtype=torch.int64), 0)
        held = program.inputs(torch.zeros(LOOKED_AT_ONCE, 1, 5, 5))
        program.evaluate(weights, held, torch.zeros(len(held), dtype=torch.int64))
        rooms = [tensor for space in program._spaces.values() for tensor in (*space.hidden, *space.deltas)]
        made = x.nbytes + sum(tensor.nbytes for tensor in rooms) + 5 * weights.nbytes
        assert memory_per_network(known, batch, 2) == made / 2

    def test_a_pack_is_as_wide_as_memory_allows(self) -> None:
        small, given = model("mlp-2", (2,), 2), training(batch=4)
        each = memory_per_network(small, 4, 2)
        assert each is not None
        assert width_within(small, given, 10 * each + each // 2) == 10
        assert width_within(small, given, 2**60) == networks_at_once(small)
        assert width_within(small, given, 2**60, most=1000) == 1000
        assert width_within(small, given, 1) == 1
        assert width_within(OWN, given, 1) == 1
        assert width_within(OWN, given, 1, most=4) == 4

    @given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200), st.integers(0, 2))
    def test_more_takes_more(self, width: int, more: int, batch: int, kept: int) -> None:
        one, other = (
            memory_per_network(model(f"mlp-{width}"), batch, kept),
            memory_per_network(model(f"mlp-{width + more}"), batch + 1, kept + 1),
        )
        assert one is not None
        assert other is not None
        assert one < other
