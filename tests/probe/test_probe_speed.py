"""Both sides of a timing compute the same; blocks take turns; what cannot be timed is told."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_nets import fresh, scattered
from torch import Tensor, nn

from whether.errors import RequestError
from whether.probe import speed
from whether.probe.speed import (
    LayerTimes,
    Structure,
    dense_uses,
    inference_time,
    sparse_speed,
    sparse_uses,
    step_time,
    time_layer,
)

# PyTorch says once in each process that sparse rows are in beta state.
pytestmark = pytest.mark.filterwarnings("ignore:.*[Ss]parse.*")


def layer(out: int, inputs: int, batch: int, density: float, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight, mask = torch.randn(out, inputs, generator=generator), torch.rand(out, inputs, generator=generator) < density
    return weight, mask, torch.randn(batch, inputs, generator=generator), torch.randn(batch, out, generator=generator)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.floats(0.2, 1), st.integers(0, 99))
def test_both_sides_compute_the_layer(out: int, inputs: int, batch: int, density: float, seed: int) -> None:
    weight, mask, x, g = layer(out, inputs, batch, density, seed)
    mask[0, 0] = True
    exact = (weight * mask).double()
    expected = (x.double() @ exact.T, g.double().T @ x.double(), g.double() @ exact)
    dense = dense_uses(weight * mask, x, g)["training"]()
    for found, right in zip(dense, expected, strict=True):
        assert torch.allclose(found.double(), right, atol=1e-4)
    uses = sparse_uses(Structure.of(weight, mask), x, g)
    y, to_weight, to_x = uses["training"]()
    assert torch.allclose(y.T.double(), expected[0], atol=1e-4)
    assert torch.allclose(to_weight.to_dense().double(), expected[1] * mask, atol=1e-4)
    assert torch.allclose(to_x.T.double(), expected[2], atol=1e-4)
    assert torch.allclose(uses["inference"]()[0].T.double(), expected[0], atol=1e-4)


def test_a_step_that_changed_the_weights_reaches_the_gradient_of_the_inputs() -> None:
    weight, mask, x, g = layer(6, 7, 5, 0.5, 1)
    structure = Structure.of(weight, mask)
    structure.weight.values().mul_(2.0)
    y, _, to_x = sparse_uses(structure, x, g)["training"]()
    assert torch.allclose(y.T, x @ (2 * weight * mask).T, atol=1e-4)
    assert torch.allclose(to_x.T, g @ (2 * weight * mask), atol=1e-4)


def test_a_weight_of_zero_that_exists_is_kept() -> None:
    structure = Structure.of(torch.zeros(2, 3), torch.eye(2, 3, dtype=torch.bool))
    assert structure.weight.values().numel() == structure.transposed.values().numel() == 2


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_times_come_in_blocks(kind: str) -> None:
    weight, mask, x, _ = layer(8, 8, 4, 0.3, 2)
    times = time_layer(weight, mask, x, kind=kind, repeats=3)
    assert not times.refused
    assert len(times.dense) == len(times.sparse) == 3
    assert min(*times.dense, *times.sparse, times.building) > 0


def test_blocks_take_turns_and_are_divided_by_their_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, order = [0.0], []

    def use(name: str, seconds: float) -> None:
        clock[0] += seconds
        order.append(name)

    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(speed, "BLOCK_SECONDS", 2.0)
    dense, sparse = speed._blocks(3, lambda: use("d", 1.0), lambda: use("s", 4.0))
    assert "".join(order[-9:]) == "dds" + "sdd" + "dds"
    assert dense == [1.0] * 3
    assert sparse == [4.0] * 3


def test_the_ratio_counts_the_building_once_in_so_many_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    times = LayerTimes(dense=(6.0, 4.0, 8.0), sparse=(1.0, 1.5, 3.0), building=10.0)
    monkeypatch.setattr(speed, "time_layer", lambda *_, **__: times)
    net = fresh(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)))
    found = sparse_speed(net, scattered(), "test", layer="0", batch=8, uses=10)
    assert found == 2.0  # the quickest of each side: 4 / (1 + 10 / 10)
    assert sparse_speed(net, scattered(), "test", layer="0", batch=8, uses=4) == pytest.approx(4.0 / 3.5)


def test_a_layer_is_timed_on_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given_: list[tuple[Tensor, Tensor, Tensor]] = []

    def note(weight: Tensor, mask: Tensor, x: Tensor, **_: object) -> LayerTimes:
        given_.append((weight, mask, x))
        return LayerTimes(dense=(1.0,), refused="no such product")

    monkeypatch.setattr(speed, "time_layer", note)
    net, data = fresh(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))), scattered()
    net[2].weight.data[0] = 0.0
    with pytest.raises(RequestError, match=r"sparse_speed of 2.weight: no such product"):
        sparse_speed(net, data, "test", layer="output", batch=8)
    weight, mask, x = given_[0]
    assert torch.equal(weight, net[2].weight)
    assert torch.equal(mask, net[2].weight != 0)
    assert torch.equal(x, net[:2](data.x_test[:8]))


def test_a_machine_that_lacks_the_product_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("needs MKL\nand more")

    monkeypatch.setattr(torch.sparse, "sampled_addmm", refuse)
    weight, mask, x, _ = layer(8, 8, 4, 0.3, 2)
    times = time_layer(weight, mask, x, repeats=2)
    assert times.refused == "this build of PyTorch has no such sparse product here (needs MKL)."
    assert (len(times.dense), times.sparse) == (2, ())


def test_what_cannot_be_timed_is_told() -> None:
    weight, mask, x, _ = layer(8, 8, 4, 0.3, 2)
    with pytest.raises(RequestError, match="unknown kind of timing 'train'; did you mean 'training'"):
        time_layer(weight, mask, x, kind="train")
    net, data = fresh(nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten())), scattered(shape=(1, 2, 2))
    with pytest.raises(RequestError, match=r"0\.weight is of a Conv2d; PyTorch has no sparse convolution"):
        sparse_speed(net, data, "test", layer="0", batch=8)
    with pytest.raises(RequestError, match="a batch of 60 is asked for, and the test split has 40 examples"):
        inference_time(net, data, "test")
    with pytest.raises(RequestError, match="whole number of repeats, at least 1; got 0"):
        step_time(net, data, "test", batch=8, repeats=0)


def test_a_timed_network_is_left_as_it_was() -> None:
    net = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
    net.eval()
    before, drawn = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    assert step_time(net, scattered(), "test", batch=8, repeats=2) > 0
    assert inference_time(net, scattered(), "test", batch=8, repeats=2) > 0
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert not net.training
