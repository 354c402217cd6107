"""Effective rank against its formula, and what it is taken of."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from probe_nets import fresh, scattered
from torch import nn

from whether.errors import RequestError
from whether.probe import rank
from whether.probe.rank import effective_rank, rank_of


@given(
    st.lists(st.sampled_from([0.0, 0.001, 0.5, 2.0, 7.0]), min_size=1, max_size=5).filter(any),
    st.integers(0, 20),
    st.integers(0, 1000),
)
def test_it_is_exp_of_the_entropy_of_singular_values(values: list[float], more: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    count = len(values)
    tall, _ = torch.linalg.qr(torch.randn(count + more, count, generator=generator, dtype=torch.float64))
    turned, _ = torch.linalg.qr(torch.randn(count, count, generator=generator, dtype=torch.float64))
    matrix = tall @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turned
    shares = [value / sum(values) for value in values if value]
    expected = math.exp(-sum(share * math.log(share) for share in shares))
    assert rank_of(matrix) == pytest.approx(expected, rel=1e-6)
    assert rank_of(matrix.T) == pytest.approx(expected, rel=1e-6)


def test_its_ends() -> None:
    assert rank_of(torch.zeros(3, 2)) == 0.0
    assert rank_of(torch.ones(7, 2)) == pytest.approx(1.0)
    assert rank_of(torch.eye(4)) == pytest.approx(4.0)


@pytest.mark.parametrize("at_once", [7, 1000])
def test_it_is_of_what_the_last_linear_layer_is_given(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank, "AT_ONCE", at_once)
    net, data = fresh(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))), scattered()
    hidden = torch.relu(data.x_test.double() @ net[0].weight.double().T + net[0].bias.double()).detach()
    assert effective_rank(net, data, "test") == pytest.approx(rank_of(hidden), rel=1e-5)
    assert effective_rank(net, data, "test", layer="0") == rank_of(net[0].weight.detach())
    assert not net[2]._forward_pre_hooks


def test_a_network_without_a_linear_layer_names_one() -> None:
    net, data = fresh(nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten())), scattered(shape=(1, 2, 2))
    with pytest.raises(RequestError, match="this network has none; name a layer="):
        effective_rank(net, data, "test")
    assert effective_rank(net, data, "test", layer="0") == rank_of(net[0].weight.detach().reshape(3, 4))
