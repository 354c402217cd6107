"""Work counted by hand, the bound of a roofline, and what is derived of a layer's times."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from whether.errors import RequestError
from whether.probe import peaks, roofline
from whether.probe.roofline import Work, bound, csr_work, dense_work, two_four_work

SIZES = st.integers(1, 300)


def test_the_work_of_lenets_first_layer_is_what_a_hand_counts() -> None:
    # 300 × 784 weights, 60 examples: 2 · 60 · 235,200 operations; 4 bytes of weights, inputs and outputs each.
    one = dense_work(300, 784, 60)
    assert one == Work(28_224_000.0, 4.0 * (235_200 + 47_040 + 18_000))
    assert one.intensity == pytest.approx(23.5012, abs=1e-4)
    assert dense_work(300, 784, 60, kind="training") == Work(3 * one.flop, 3 * one.bytes)
    # A tenth in compressed rows: 23,520 numbers of 4 bytes with indices of 8, and 301 pointers.
    tenth = csr_work(300, 784, 23_520, 60)
    assert tenth == Work(2_822_400.0, 23_520 * 12.0 + 301 * 8 + 4 * 65_040)
    assert tenth.intensity == pytest.approx(2_822_400 / 544_808)
    # Three products, the last along 785 pointers, and a copy that reads numbers and places and writes numbers.
    trained = csr_work(300, 784, 23_520, 60, kind="training")
    assert trained == Work(3 * 2_822_400.0, 3.0 * (23_520 * 12 + 4 * 65_040) + (301 + 301 + 785) * 8 + 23_520 * 16)


def test_the_work_of_two_in_four() -> None:
    # 32 × 64 in halves: 1,024 numbers of 2 bytes and 2 bits each; 8 examples.
    packed, moved = 1024 * 2 + 1024 * 2 / 8, 2 * 8 * (32 + 64)
    assert two_four_work(32, 64, 8) == Work(2.0 * 8 * 1024, packed + moved)
    dense = dense_work(32, 64, 8, size=2)
    whole = Work(2 * 8 * 1024 + 2 * dense.flop, packed + moved + 2 * dense.bytes + 2 * 2048 + packed)
    assert two_four_work(32, 64, 8, kind="training") == whole


@given(SIZES, SIZES, SIZES, st.sampled_from(roofline.KINDS))
def test_compressed_rows_of_all_weights_have_the_work_of_dense_ones_and_move_more(
    outputs: int, inputs: int, batch: int, kind: str
) -> None:
    full = csr_work(outputs, inputs, outputs * inputs, batch, kind=kind)
    dense = dense_work(outputs, inputs, batch, kind=kind)
    assert full.flop == dense.flop
    assert full.intensity < dense.intensity


@given(st.floats(0.01, 1e3), st.floats(1, 1e5), st.floats(1, 1e4))
def test_the_bound_is_a_slope_and_then_level(intensity: float, peak: float, bandwidth: float) -> None:
    ridge = peak / bandwidth
    assert bound(ridge * 2, peak=peak, bandwidth=bandwidth) == peak
    assert bound(ridge / 2, peak=peak, bandwidth=bandwidth) == pytest.approx(peak / 2)
    assert bound(intensity, peak=peak, bandwidth=bandwidth) <= peak


LAYER: dict[str, Any] = {
    "dense": {"seconds": 2e-3, "flop": 8e7, "bytes": 4e6},
    "sparse": {"seconds": 1e-3, "flop": 1e7, "bytes": 5e6},
    "building": 0.1,
}


def test_what_is_derived_of_a_layers_times() -> None:
    assert roofline.speed_up({"layer": LAYER}, uses=100) == pytest.approx(1.0)
    assert roofline.speed_up({"layer": LAYER}, uses=10**6) == pytest.approx(2.0, abs=1e-3)
    assert roofline.flop_rate({"layer": LAYER}) == pytest.approx(10.0)
    assert roofline.flop_rate({"layer": LAYER}, side="dense") == pytest.approx(40.0)
    assert roofline.intensity({"layer": LAYER}) == 2.0
    whole = {"layer": LAYER, "products": 100.0, "memory": 25.0}
    assert roofline.share_of_bound(whole) == pytest.approx(100 * 10 / 50)
    assert roofline.share_of_bound(whole, side="dense") == pytest.approx(40.0)


@pytest.mark.parametrize("flag", [0, True])
def test_a_number_of_uses_that_is_none_is_told(flag: Any) -> None:
    with pytest.raises(RequestError, match="whole number of uses, at least 1; got"):
        roofline.speed_up({"layer": LAYER}, uses=flag)


def test_other_words_are_told() -> None:
    with pytest.raises(RequestError, match="unknown side of a layer 'sparce'; did you mean 'sparse'"):
        roofline.flop_rate({"layer": LAYER}, side="sparce")
    with pytest.raises(RequestError, match="unknown kind of timing 'train'; did you mean 'training'"):
        dense_work(1, 1, 1, kind="train")


class TestPeaks:
    def test_rates_are_operations_and_bytes_by_the_quickest_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []

        def seconds(use: Any, repeats: int, clock: Any) -> list[float]:
            use()
            asked.append(repeats)
            return [0.5, 0.25, 1.0]

        monkeypatch.setattr(peaks, "seconds", seconds)
        monkeypatch.setattr(peaks, "PRODUCTS", {"cpu": (10, 20)})
        assert peaks.peak_flops(nn.Linear(1, 1), repeats=7) == pytest.approx(2e-9 * 20**3 / 0.25)
        assert asked == [7, 7]
        assert peaks.peak_bandwidth(nn.Linear(1, 1), mib=24.0) == pytest.approx(1e-9 * 24 * 2**20 / 0.25)
        # Of a few MiB many sums are timed at once.
        assert peaks.peak_bandwidth(nn.Linear(1, 1), mib=0.5) == pytest.approx(1e-9 * 32 * 2**20 / 0.25, rel=1e-4)

    def test_a_machine_has_both(self) -> None:
        assert peaks.peak_flops(nn.Linear(1, 1), repeats=1) > 0
        assert peaks.peak_bandwidth(nn.Linear(1, 1), mib=1.0, repeats=1) > 0

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
    def test_a_gpu_that_is_not_there_is_told(self) -> None:
        with pytest.raises(RequestError, match=r"device=cuda, and PyTorch sees no GPU on .*: say device=cpu"):
            peaks.peak_flops(nn.Linear(1, 1), device="cuda")

    @pytest.mark.parametrize("mib", [0.0, -1.0, 5000.0])
    def test_a_size_that_is_none_is_told(self, mib: float) -> None:
        with pytest.raises(RequestError, match=r"mib is .*; expected a number in \(0, 4096\]"):
            peaks.peak_bandwidth(nn.Linear(1, 1), mib=mib)
