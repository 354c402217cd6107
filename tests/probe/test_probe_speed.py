"""All ways to compute a layer compute the same; blocks take turns; what cannot be timed is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_nets import fresh, scattered
from torch import Tensor, nn

from whether.errors import RequestError
from whether.probe import clock, kernels, speed
from whether.probe.kernels import Layer, Structure, kernel
from whether.probe.roofline import csr_work, dense_work, two_four_work
from whether.probe.speed import LayerTimes, inference_time, layer_times, ready, sparse_speed, step_time, time_layer

# PyTorch says once in each process that sparse rows are in beta state.
pytestmark = pytest.mark.filterwarnings("ignore:.*[Ss]parse.*")


def layer(out: int, inputs: int, batch: int, density: float, seed: int) -> Layer:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(out, inputs, generator=generator) < density
    mask[0, 0] = True
    weight = torch.randn(out, inputs, generator=generator) * mask
    return Layer(
        weight,
        mask,
        torch.randn(batch, inputs, generator=generator),
        torch.randn(batch, out, generator=generator),
    )


def exact(one: Layer) -> tuple[Tensor, Tensor, Tensor]:
    weight, x, g = (value.double() for value in (one.weight, one.x, one.g))
    return x @ weight.T, g.T @ x, g @ weight


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.floats(0.2, 1), st.integers(0, 99))
def test_both_sides_compute_the_layer(out: int, inputs: int, batch: int, density: float, seed: int) -> None:
    one = layer(out, inputs, batch, density, seed)
    expected = exact(one)
    for found, right in zip(kernel("dense", one, "training").use(), expected, strict=True):
        assert torch.allclose(found.double(), right, atol=1e-4)
    y, to_weight, to_x = kernel("csr", one, "training").use()
    assert torch.allclose(y.T.double(), expected[0], atol=1e-4)
    assert torch.allclose(to_weight.to_dense().double(), expected[1] * one.mask, atol=1e-4)
    assert torch.allclose(to_x.T.double(), expected[2], atol=1e-4)
    (y,) = kernel("csr", one, "inference").use()
    assert torch.allclose(y.T.double(), expected[0], atol=1e-4)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_units_that_are_gone_are_left_out(out: int, inputs: int, seed: int) -> None:
    one = layer(out, inputs, 5, 0.3, seed)
    rows, columns = one.mask.any(1), one.mask.any(0)
    expected = exact(one)
    found = kernel("units", one, "training")
    y, to_weight, to_x = found.use()
    assert torch.allclose(y.double(), expected[0][:, rows], atol=1e-4)
    assert torch.allclose(to_weight.double(), expected[1][rows][:, columns], atol=1e-4)
    assert torch.allclose(to_x.double(), expected[2][:, columns], atol=1e-4)
    assert found.work == dense_work(int(rows.sum()), int(columns.sum()), 5, kind="training")


def halved(out: int, inputs: int, batch: int) -> Layer:
    one = layer(out, inputs, batch, 1.0, 3)
    mask = torch.tensor([True, False, False, True]).repeat(out, inputs // 4)
    return Layer(one.weight * mask, mask, one.x, one.g)


def test_two_in_four_computes_the_layer_and_packs_anew_in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[Tensor] = []

    def pack(weight: Tensor) -> Tensor:
        packed.append(weight)
        return weight.clone()

    monkeypatch.setattr(torch.sparse, "to_sparse_semi_structured", pack)
    one = halved(16, 32, 8)
    training = kernel("2:4", one, "training")
    assert len(packed) == 1
    for found, right in zip(training.use(), exact(one), strict=True):
        assert torch.allclose(found.double(), right, atol=1e-4)
    assert len(packed) == 2
    (y,) = kernel("2:4", one, "inference").use()
    assert len(packed) == 3  # when it was built, and not when it was used
    assert torch.allclose(y.double(), exact(one)[0], atol=1e-4)
    assert training.work == two_four_work(16, 32, 8, kind="training", size=4)


def test_a_mask_that_is_no_two_in_four_is_told() -> None:
    one = halved(16, 32, 8)
    one.mask[0, :8] = True
    with pytest.raises(RequestError, match=r"at most 2 of each 4 neighbouring inputs, and 2 groups of this layer have"):
        kernel("2:4", one, "inference")


def test_a_step_that_changed_the_weights_reaches_the_gradient_of_the_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    one, built = layer(6, 7, 5, 0.5, 1), []
    of = Structure.of

    def build(*given_: Tensor) -> Structure:
        built.append(of(*given_))
        return built[-1]

    monkeypatch.setattr(Structure, "of", build)
    use = kernel("csr", one, "training").use
    built[0].weight.values().mul_(2.0)
    y, _, to_x = use()
    assert torch.allclose(y.T, one.x @ (2 * one.weight).T, atol=1e-4)
    assert torch.allclose(to_x.T, one.g @ (2 * one.weight), atol=1e-4)


def test_a_weight_of_zero_that_exists_is_kept() -> None:
    structure = Structure.of(torch.zeros(2, 3), torch.eye(2, 3, dtype=torch.bool))
    assert structure.weight.values().numel() == structure.transposed.values().numel() == 2


@pytest.mark.parametrize("kind", ["training", "inference"])
@pytest.mark.parametrize("structure", ["csr", "units", "dense"])
def test_times_come_in_blocks_with_the_work_of_each_side(kind: str, structure: str) -> None:
    one = layer(8, 8, 4, 0.3, 2)
    times = time_layer(one.weight, one.mask, one.x, kind=kind, structure=structure, repeats=3)
    assert len(times.dense) == len(times.sparse) == 3
    assert min(*times.dense, *times.sparse, times.building) > 0
    assert times.dense_work == dense_work(8, 8, 4, kind=kind)
    if structure == "csr":
        assert times.sparse_work == csr_work(8, 8, int(one.mask.sum()), 4, kind=kind)


def test_blocks_take_turns_and_are_divided_by_their_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    now, order = [0.0], []

    def use(name: str, seconds: float) -> None:
        now[0] += seconds
        order.append(name)

    monkeypatch.setattr(clock.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(clock, "BLOCK_SECONDS", 2.0)
    dense, sparse = clock.blocks(3, lambda: use("d", 1.0), lambda: use("s", 4.0))
    assert "".join(order[-9:]) == "dds" + "sdd" + "dds"
    assert dense == [1.0] * 3
    assert sparse == [4.0] * 3


def test_a_gpu_is_timed_by_events_that_enclose_the_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Event:
        def __init__(self, *, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            seen.append("record")

        def synchronize(self) -> None:
            seen.append("wait")

        def elapsed_time(self, end: Event) -> float:
            assert end is not self
            return 12.0  # milliseconds

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: seen.append("all"))
    assert clock.timer("cuda")(lambda: seen.append("use"), 2) == pytest.approx(0.012)
    assert seen == ["all", "record", "use", "use", "record", "wait"]
    assert clock.timer("cpu") is clock.on_host


def small() -> nn.Sequential:
    return fresh(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)))


def test_the_ratio_counts_the_quickest_and_the_building_once_in_so_many_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    works = {"dense_work": dense_work(1, 1, 1), "sparse_work": csr_work(1, 1, 1, 1)}
    times = LayerTimes(dense=(6.0, 4.0, 8.0), sparse=(1.0, 1.5, 3.0), building=10.0, **works)
    monkeypatch.setattr(speed, "time_layer", lambda *_, **__: times)
    assert sparse_speed(small(), scattered(), "test", layer="0", batch=8, uses=10) == 2.0  # 4 / (1 + 10 / 10)
    assert sparse_speed(small(), scattered(), "test", layer="0", batch=8, uses=4) == pytest.approx(4.0 / 3.5)
    told = layer_times(small(), scattered(), "test", layer="0", batch=8)
    assert told["dense"] == {"seconds": 4.0, "flop": 2.0, "bytes": 12.0}
    assert (told["sparse"]["seconds"], told["building"]) == (1.0, 10.0)


def test_a_layer_is_timed_on_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given_: list[tuple[Tensor, Tensor, Tensor]] = []

    def note(weight: Tensor, mask: Tensor, x: Tensor, **_: object) -> LayerTimes:
        given_.append((weight, mask, x))
        raise RequestError("enough")

    monkeypatch.setattr(speed, "time_layer", note)
    net, data = small(), scattered()
    net[2].weight.data[0] = 0.0
    with pytest.raises(RequestError, match="enough"):
        sparse_speed(net, data, "test", layer="output", batch=8, precision="bf16", structure="units")
    weight, mask, x = given_[0]
    assert weight.dtype == x.dtype == torch.bfloat16
    assert torch.equal(weight, net[2].weight.bfloat16())
    assert torch.equal(mask, net[2].weight != 0)
    assert torch.equal(x, net[:2](data.x_test[:8]).bfloat16())


def test_a_machine_that_lacks_the_product_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("needs MKL\nand more")

    monkeypatch.setattr(torch.sparse, "sampled_addmm", refuse)
    with pytest.raises(RequestError, match=r"structure=csr: this build of PyTorch has no such .* \(needs MKL\)\."):
        sparse_speed(small(), scattered(), "test", layer="0", batch=8)


USUAL: dict[str, Any] = {"layer": "0", "structure": "csr", "device": "cpu", "precision": None}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"structure": "2:4"}, r"structure=2:4 is computed on GPUs alone.*: say device=cuda where there is one"),
        ({"structure": "2:4", "device": "cuda", "precision": "fp32"}, r"computed in fp16 or bf16; got precision=fp32"),
        ({"precision": "fp16"}, r"structure=csr is computed in fp32, which its sampled product needs; got fp16"),
        ({"structure": "crs"}, "unknown structure to compute with 'crs'; did you mean 'csr'"),
        ({"device": "gpu"}, "unknown device 'gpu'; did you mean 'cpu'"),
        ({"precision": "fp61"}, "unknown precision 'fp61'; did you mean 'fp16'"),
        ({"layer": "9"}, "unknown layer '9'"),
    ],
)
def test_what_cannot_be_asked_here_is_told_before_anything_is_trained(said: dict[str, Any], message: str) -> None:
    ready(small(), **USUAL)
    with pytest.raises(RequestError, match=message):
        ready(small(), **{**USUAL, **said})


def test_a_gpu_is_asked_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = {**USUAL, "structure": "2:4", "device": "cuda"}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match=r"device=cuda, and PyTorch sees no GPU on .*: say device=cpu"):
        ready(small(), **packed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cusparselt, "is_available", lambda: False)
    with pytest.raises(RequestError, match=r"2:4 needs cuSPARSELt, and this build"):
        ready(small(), **packed)
    monkeypatch.setattr(torch.backends.cusparselt, "is_available", lambda: True)
    with pytest.raises(RequestError, match=r"multiples of 16 and .* of 8; got a layer of 4 × 5 and a batch of 16"):
        ready(small(), **packed)
    ready(fresh(nn.Sequential(nn.Linear(32, 16))), **packed)
    with pytest.raises(RequestError, match="got a layer of 16 × 32 and a batch of 12"):
        kernels.check_shape((16, 32), 12, "2:4")


def test_what_cannot_be_timed_is_told() -> None:
    one = layer(8, 8, 4, 0.3, 2)
    with pytest.raises(RequestError, match="unknown kind of timing 'train'; did you mean 'training'"):
        time_layer(one.weight, one.mask, one.x, kind="train")
    with pytest.raises(RequestError, match="unknown structure to compute with 'unit'; did you mean 'units'"):
        time_layer(one.weight, one.mask, one.x, structure="unit")
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
    assert layer_times(net, scattered(), "test", layer="0", batch=8, repeats=2)["building"] > 0
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert not net.training
