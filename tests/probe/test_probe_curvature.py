"""The largest eigenvalue against explicit Hessians in float64."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_nets import fresh, scattered, written
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from whether.data.tensors import Tensors
from whether.errors import RequestError, WorkError
from whether.probe.curvature import hessian_eigenvalue, hessian_product, largest_eigenvalue
from whether.seeds import Seed, Stream
from whether.tasks.kinds import Regression


def explicit(module: nn.Module, x: Tensor, y: Tensor, exists: Tensor | None = None) -> Tensor:
    """The Hessian by differentiating twice, entry by entry; only of the weights that exist."""
    module = copy.deepcopy(module).double()
    named = {name: value.detach() for name, value in module.named_parameters()}
    sizes = [value.numel() for value in named.values()]

    def loss(flat: Tensor) -> Tensor:
        parts = torch.split(flat, sizes)
        given = {name: part.reshape(named[name].shape) for name, part in zip(named, parts, strict=True)}
        outputs = functional_call(module, given, (x.double(),))
        if y.is_floating_point():
            return (outputs - y.double()).square().mean()
        return nn.functional.cross_entropy(outputs, y)

    flat = torch.cat([value.flatten() for value in named.values()])
    found = torch.autograd.functional.hessian(loss, flat)
    assert isinstance(found, Tensor)
    return found if exists is None else found[exists][:, exists]


def net_and_data() -> tuple[nn.Sequential, Tensors]:
    net = fresh(nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 3)))
    return net, scattered(30)


def test_it_is_the_explicit_hessians() -> None:
    net, data = net_and_data()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = hessian_eigenvalue(net.train(), data, "test")
    expected = torch.linalg.eigvalsh(explicit(net.eval(), data.x_test, data.y_test))
    assert found == pytest.approx(float(expected[-1]), rel=1e-3)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(value.grad is None for value in net.parameters())


def test_a_product_is_the_explicit_hessians_to_rounding() -> None:
    net, data = net_and_data()
    exact = copy.deepcopy(net).double().eval()
    matrix = explicit(net.eval(), data.x_test, data.y_test)
    product = hessian_product(
        nn.functional.cross_entropy(exact(data.x_test.double()), data.y_test), list(exact.parameters())
    )
    vector = torch.from_numpy(Stream(Seed(1), "vector").normal(len(matrix)))
    assert torch.allclose(product(vector), matrix @ vector, rtol=1e-10, atol=1e-12)
    found = largest_eigenvalue(product, vector, tolerance=1e-8)
    assert found == pytest.approx(float(torch.linalg.eigvalsh(matrix)[-1]), rel=1e-9)


def test_it_is_of_the_named_rows_and_the_mode_is_left_as_it_was() -> None:
    net, data = net_and_data()
    rows = torch.from_numpy(Stream(Seed(0), "hessian/rows").permutation(30)[:8].copy())
    found = hessian_eigenvalue(net.train(), data, "test", rows=8)
    assert net.training
    expected = torch.linalg.eigvalsh(explicit(net.eval(), data.x_test[rows], data.y_test[rows]))
    assert found == pytest.approx(float(expected[-1]), rel=1e-3)
    assert found != pytest.approx(hessian_eigenvalue(net, data, "test"), rel=1e-2)


def test_under_masks_it_is_of_the_weights_that_exist() -> None:
    net, data = net_and_data()
    masks = {"0.weight": torch.rand(4, 5, generator=torch.Generator().manual_seed(2)) < 0.4}
    net[0].weight.data *= masks["0.weight"]
    exists = [
        masks.get(name, torch.ones(value.shape, dtype=torch.bool)).flatten() for name, value in net.named_parameters()
    ]
    expected = torch.linalg.eigvalsh(explicit(net.eval(), data.x_test, data.y_test, torch.cat(exists)))
    assert hessian_eigenvalue(net, data, "test", masks=masks) == pytest.approx(float(expected[-1]), rel=1e-3)


def test_it_goes_through_the_task() -> None:
    net, data = net_and_data()
    numbers = written(data.x_test, torch.randn(30, 3, generator=torch.Generator().manual_seed(3)))
    expected = torch.linalg.eigvalsh(explicit(net.eval(), numbers.x_test, numbers.y_test))
    found = hessian_eigenvalue(net, numbers, "test", task=Regression())
    assert found == pytest.approx(float(expected[-1]), rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.integers(0, 1000))
def test_lanczos_finds_the_algebraically_largest(values: list[float], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    size = len(values)
    turned, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    matrix = turned @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turned.T
    matrix = (matrix + matrix.T) / 2
    start = torch.randn(size, generator=generator, dtype=torch.float64)
    found = largest_eigenvalue(lambda vector: matrix @ vector, start, tolerance=1e-7)
    assert found == pytest.approx(max(values), abs=1e-5 * max(map(abs, values)) + 1e-12)


def test_many_close_eigenvalues_and_one_far_below() -> None:
    values = torch.cat([torch.linspace(0, 1, 400, dtype=torch.float64), torch.tensor([-50.0, 1.001])])
    start = torch.from_numpy(Stream(Seed(1), "start").normal(402))
    assert largest_eigenvalue(lambda vector: values * vector, start, tolerance=1e-8) == pytest.approx(1.001, abs=1e-6)
    with pytest.raises(WorkError, match="had not converged after 3 products with the Hessian"):
        largest_eigenvalue(lambda vector: values * vector, start, at_most=3)


def test_nothing_that_curves_is_flat() -> None:
    zeros = torch.zeros(4, dtype=torch.float64)
    assert largest_eigenvalue(lambda vector: zeros, torch.ones(4, dtype=torch.float64)) == 0.0
    assert largest_eigenvalue(lambda vector: vector, zeros) == 0.0


def test_attention_has_second_derivatives() -> None:
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.out = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            h = self.inner(x).unflatten(-1, (1, 4)).transpose(1, 2)
            result: Tensor = self.out(nn.functional.scaled_dot_product_attention(h, h, h, is_causal=True).mean((1, 2)))
            return result

    net, data = fresh(Attends()), scattered(12, shape=(6, 4))
    with sdpa_kernel(SDPBackend.MATH):
        expected = torch.linalg.eigvalsh(explicit(net.eval(), data.x_test, data.y_test))
    assert hessian_eigenvalue(net, data, "test") == pytest.approx(float(expected[-1]), rel=1e-3)


def test_what_cannot_be_is_told() -> None:
    net, data = net_and_data()
    with pytest.raises(RequestError, match="whole number of rows, at least 1; got rows=0"):
        hessian_eigenvalue(net, data, "test", rows=0)
    net[0].weight.data[0, 0] = torch.nan
    with pytest.raises(WorkError, match="the loss is nan; the network that was measured has diverged"):
        hessian_eigenvalue(net, data, "test")
