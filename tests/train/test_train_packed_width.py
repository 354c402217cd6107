"""Packs are cut to what a device's memory holds, by what one network and two were measured to take."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from cases import BY_NAME, distance
from whether.train import pack, packed_width
from whether.train.pack import Watch, train_pack
from whether.train.packed_width import SHARE, Meter, cut, meter

TRAINING = BY_NAME["plain-sgd"].training


class Scales:
    """Says what packs take by a rule, and notes how often it was asked."""

    def __init__(self, fixed: int, each: int, look: int, room: int) -> None:
        self.fixed, self.each, self.look_takes, self.room = fixed, each, look, room
        self.taken, self.measured = 0, 0

    def free(self) -> int:
        return self.room

    def peak(self, work: Callable[[], None]) -> int:
        self.measured += 1
        self.taken = 0
        work()
        return self.taken


class Weighed:
    def __init__(self, scales: Scales, places: Sequence[int]) -> None:
        self.scales, self.places = scales, places

    def rehearse(self) -> None:
        self.scales.taken = self.scales.fixed + self.scales.each * len(self.places)

    def look(self) -> None:
        self.scales.taken = self.scales.look_takes


def packs(count: int, scales: Scales, module: nn.Module | None = None) -> list[list[int]]:
    made = lambda places: Weighed(scales, places)  # noqa: E731
    return cut(list(range(10, 10 + count)), made, module or nn.Identity(), TRAINING, scales)


def test_packs_are_as_few_and_even_as_memory_allows() -> None:
    scales = Scales(fixed=50, each=100, look=30, room=int((50 + 30 + 4 * 100) / SHARE) + 1)
    assert packs(10, scales) == [[10, 11, 12, 13], [14, 15, 16], [17, 18, 19]]
    assert packs(4, scales) == [[10, 11, 12, 13]]
    assert packs(2, Scales(50, 10**9, 0, 1)) == [[10, 11]], "two are not worth a measurement: out of memory halves them"


def test_what_was_measured_is_remembered_for_a_module_and_a_kind_of_training() -> None:
    scales, module = Scales(0, 1, 0, 10**6), nn.Identity()
    assert packs(5, scales, module) == packs(5, scales, module) == [[10, 11, 12, 13, 14]]
    assert scales.measured == 3
    scales.room = 3  # less is free now
    assert len(packs(5, scales, module)) == 3
    assert scales.measured == 3
    packs(5, scales)
    assert scales.measured == 6


def test_where_not_even_two_fit_they_go_one_by_one() -> None:
    class Full(Weighed):
        def rehearse(self) -> None:
            if len(self.places) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")

    scales = Scales(0, 1, 0, 100)
    made = lambda places: Full(scales, places)  # noqa: E731
    assert cut([3, 4, 5], made, nn.Identity(), TRAINING, scales) == [[3], [4], [5]]


def test_on_a_cpu_a_pack_is_as_wide_as_it_was_dealt() -> None:
    assert meter(torch.device("cpu")) is None
    assert cut([1, 2, 3, 4], lambda _: pytest.fail("measured"), nn.Identity(), TRAINING, None) == [[1, 2, 3, 4]]
    assert isinstance(Scales(0, 0, 0, 0), Meter)


@pytest.mark.parametrize("name", ["plain-sgd", "conv-2"])
def test_real_packs_are_rehearsed_without_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network ends where it ends in one pack, each told by its place, whatever was rehearsed before."""
    case = BY_NAME[name]
    widths: list[int] = []
    right = pack._Pack.run

    class Counting(Scales):
        def peak(self, work: Callable[[], None]) -> int:
            work()
            self.measured += 1
            return self.measured  # a step of two takes one more than of one

    def run(self: Any) -> None:
        widths.append(len(self.replicas))
        right(self)

    found: dict[int, Any] = {}
    watch = Watch(stop=lambda place, one: found.__setitem__(place, one))
    module, replicas = copy.deepcopy(case.module()), case.replicas(5)
    train_pack(module, replicas, case.tensors, watch)
    expected, found = found, {}
    watch = Watch(stop=lambda place, one: found.__setitem__(place, one))
    monkeypatch.setattr(pack._Pack, "run", run)
    monkeypatch.setattr(pack, "meter", lambda _: Counting(0, 0, 0, int(5 / SHARE) + 1))
    train_pack(module, replicas, case.tensors, watch)
    assert widths == [2, 2, 1]
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert all(distance(found[place].weights, expected[place].weights) == 0 for place in range(5))
    assert all(found[place].curves.values == expected[place].curves.values for place in range(5))
    assert packed_width._known[module]
