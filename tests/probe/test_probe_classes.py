"""Errors of classes and groups, counted by hand."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from probe_nets import Says, written
from torch import Tensor

from whether.data.tensors import Tensors
from whether.errors import RequestError, WorkError
from whether.probe.classes import class_error, subgroup_error, worst_class_error


@pytest.fixture
def data() -> Tensors:
    """Class 0: one of four wrong. Class 2: two of three wrong. Class 1: nowhere."""
    said = torch.tensor([0, 0, 0, 1, 2, 1, 0])
    return written(torch.nn.functional.one_hot(said, 3).float(), torch.tensor([0, 0, 0, 0, 2, 2, 2]))


def test_of_one_class_and_of_the_worst(data: Tensors) -> None:
    assert class_error(Says(), data, "test", label=0) == 25.0
    assert class_error(Says(), data, "validation", label=2) == pytest.approx(200 / 3)
    assert worst_class_error(Says(), data, "test") == pytest.approx(200 / 3)


def test_a_class_without_examples_is_told(data: Tensors) -> None:
    with pytest.raises(RequestError, match=r"unknown class in the test split '1'.*Known: 0, 2\."):
        class_error(Says(), data, "test", label=1)


def failing(x: Tensor, y: Tensor) -> Tensor:
    raise ValueError("no")


@pytest.fixture
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("groups_of_mine")
    made.__dict__.update(
        halves=lambda x, y: (torch.arange(len(y)) >= 2).long(),
        sums=lambda x, y: x.sum(1),
        short=lambda x, y: y[:2],
        failing=failing,
    )
    monkeypatch.setitem(sys.modules, "groups_of_mine", made)


@pytest.mark.usefixtures("_own")
def test_of_a_subgroup(data: Tensors) -> None:
    assert subgroup_error(Says(), data, "test", groups="groups_of_mine:halves", group=0) == 0.0
    assert subgroup_error(Says(), data, "test", groups="groups_of_mine:halves@12", group=1) == 60.0
    with pytest.raises(RequestError, match=r"unknown group in the test split '7'.*Known: 0, 1\."):
        subgroup_error(Says(), data, "test", groups="groups_of_mine:halves", group=7)


@pytest.mark.usefixtures("_own")
@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ("halves", "expected 'module:function' of"),
        ("groups_of_mine:sums", r"gave torch.float32 \(7,\); expected integers \(7,\), one for each example"),
        ("groups_of_mine:short", r"gave torch.int64 \(2,\); expected integers \(7,\)"),
    ],
)
def test_groups_are_an_integer_a_row(data: Tensors, groups: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        subgroup_error(Says(), data, "test", groups=groups, group=0)


@pytest.mark.usefixtures("_own")
def test_a_grouping_that_raises_is_told(data: Tensors) -> None:
    with pytest.raises(WorkError, match="the grouping 'groups_of_mine:failing' failed: ValueError: no"):
        subgroup_error(Says(), data, "test", groups="groups_of_mine:failing", group=0)


def test_positions_that_are_not_counted_are_left_out() -> None:
    said = torch.nn.functional.one_hot(torch.tensor([[0, 1], [1, 1]]), 2).float()
    data = written(said, torch.tensor([[0, -100], [0, 1]]))
    assert class_error(Says(), data, "test", label=0) == 50.0
    assert worst_class_error(Says(), data, "test") == 50.0
