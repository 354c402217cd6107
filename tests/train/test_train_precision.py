"""Flags of precision belong to the process: a training on a CPU leaves them, one on a GPU puts them back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from cases import BY_NAME, bits, train
from whether.train import pack
from whether.train.precision import products

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def flags() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def put(matmul: bool, cudnn: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, cudnn


@pytest.fixture(params=[(False, True), (True, False)], ids=["usual", "turned"])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool]]:
    """The settings of the process."""
    held = flags()
    put(*request.param)
    yield request.param
    put(*held)


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_on_a_cpu_nothing_is_set(before: tuple[bool, bool], precision: str) -> None:
    with products(precision, CPU):
        assert flags() == before
    assert flags() == before


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_on_a_gpu_products_are_in_tf32_where_it_is_said(before: tuple[bool, bool], precision: str) -> None:
    with products(precision, GPU):
        assert flags() == ((precision == "tf32"),) * 2
    assert flags() == before
    with pytest.raises(ArithmeticError, match="in between"), products(precision, GPU):
        raise ArithmeticError("in between")
    assert flags() == before


@pytest.mark.parametrize("searched", [True, False])
def test_on_a_gpu_cudnn_tries_its_kernels_and_then_does_as_before(searched: bool) -> None:
    held = torch.backends.cudnn.benchmark
    try:
        torch.backends.cudnn.benchmark = searched
        with products("fp32", CPU):
            assert torch.backends.cudnn.benchmark is searched
        with products("fp32", GPU):
            assert torch.backends.cudnn.benchmark is True
        assert torch.backends.cudnn.benchmark is searched
    finally:
        torch.backends.cudnn.benchmark = held


def test_a_training_on_a_cpu_has_the_settings_and_the_bits_that_it_had(
    before: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = BY_NAME["plain-sgd"]
    found = train(case, [case.replica(1)])[0, case.total]
    assert flags() == before
    asked = []
    real = pack.products
    monkeypatch.setattr(pack, "products", lambda *how: asked.append(how) or real(*how))
    assert bits(train(case, [case.replica(1)])[0, case.total]) == bits(found)
    assert asked == [("fp32", CPU)]
