"""Layers with few weights inside any module: their products and their layout.

`cases.py` has twins of its cases, "compressed", which every property of training walks.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from case import sparser
from cases import BY_NAME, Case, bits, raw, train
from whether.seeds import Seed, Stream
from whether.train.pack import Watch, _Pack
from whether.train.sparse_conv import Convolution, Window
from whether.train.sparse_layout import SparseLayout
from whether.train.sparse_linear import Product
from whether.train.sparse_modules import SparseModules
from whether.train.sparse_weights import Compressed, Kept

CLOSE = 1e-12  # of float64, whose sums have another order
LINEAR, CONV = BY_NAME["smoothed-and-clipped-compressed"], BY_NAME["conv-2-compressed"]


def numbers(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    size = int(torch.Size(shape).numel())
    drawn = Stream(Seed(seed), "numbers").normal(size) if size else []
    return torch.as_tensor(drawn, dtype=torch.float64).to(dtype).reshape(shape)


def few(seed: int, *shape: int, density: float) -> Tensor:
    return torch.as_tensor(Stream(Seed(seed), "mask").uniform(int(torch.Size(shape).numel()))).reshape(shape) < density


def entries(weight: Tensor, mask: Tensor, behind: int) -> Tensor:
    """The weights that exist, and numbers behind them that are none."""
    return torch.cat([weight[mask], torch.ones(behind, dtype=weight.dtype)]).requires_grad_()


class TestProducts:
    @given(
        shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
        rows=st.sampled_from([0, 1, 2, 7, 255, 256, 257, 600]),
        density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        behind=st.integers(0, 3),
        bias=st.booleans(),
        seed=st.integers(0, 10**6),
    )
    @settings(max_examples=40, deadline=None)
    def test_a_layer_is_a_dense_one_with_zeros(
        self, shape: tuple[int, int], rows: int, density: float, behind: int, bias: bool, seed: int
    ) -> None:
        outputs, inputs = shape
        mask = few(seed, outputs, inputs, density=density)
        weight = numbers(seed, outputs, inputs).where(mask, 0.0).requires_grad_()
        values = entries(weight.detach(), mask, behind)
        b = numbers(seed + 1, outputs).requires_grad_() if bias else None
        x, slope = numbers(seed + 2, rows, 2, inputs).requires_grad_(), numbers(seed + 3, rows, 2, outputs)
        expected = nn.functional.linear(x, weight, b)
        found = Product.apply(x, values, b, Compressed(Kept.of(mask)))
        torch.testing.assert_close(found, expected, rtol=CLOSE, atol=CLOSE)
        leaves = [x, *([b] if b is not None else [])]
        dense = torch.autograd.grad(expected, [weight, *leaves], slope)
        sparse = torch.autograd.grad(found, [values, *leaves], slope)
        torch.testing.assert_close(sparse[0][: int(mask.sum())], dense[0][mask], rtol=1e-10, atol=1e-10)
        assert sparse[0][int(mask.sum()) :].tolist() == [0.0] * behind
        torch.testing.assert_close(sparse[1:], dense[1:], rtol=1e-10, atol=1e-10)

    @given(
        channels=st.tuples(st.integers(1, 4), st.integers(1, 5)),
        kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
        border=st.tuples(st.integers(0, 2), st.integers(0, 2)),
        images=st.sampled_from([0, 1, 3, 70]),
        seed=st.integers(0, 10**6),
    )
    @settings(max_examples=40, deadline=None)
    def test_a_convolution_is_a_dense_one_with_zeros(
        self,
        channels: tuple[int, int],
        kernel: tuple[int, int],
        stride: tuple[int, int],
        border: tuple[int, int],
        images: int,
        seed: int,
    ) -> None:
        inputs, outputs = channels
        mask = few(seed, outputs, inputs, *kernel, density=0.4)
        weight = numbers(seed, *mask.shape).where(mask, 0.0).requires_grad_()
        values = entries(weight.detach(), mask, 2)
        bias, x = numbers(seed + 1, outputs).requires_grad_(), numbers(seed + 2, images, inputs, 7, 5).requires_grad_()
        expected = nn.functional.conv2d(x, weight, bias, stride=stride, padding=border)
        found = Convolution.apply(x, values, bias, Compressed(Kept.of(mask)), Window(kernel, stride, border))
        torch.testing.assert_close(found, expected, rtol=CLOSE, atol=CLOSE)
        slope = numbers(seed + 3, *expected.shape)
        dense = torch.autograd.grad(expected, [weight, x, bias], slope)
        sparse = torch.autograd.grad(found, [values, x, bias], slope)
        torch.testing.assert_close(sparse[0][:-2], dense[0][mask], rtol=1e-10, atol=1e-10)
        assert sparse[0][-2:].tolist() == [0.0, 0.0]
        torch.testing.assert_close(sparse[1:], dense[1:], rtol=1e-10, atol=1e-10)

    def test_only_what_is_asked_for_is_computed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mask = few(1, 6, 5, density=0.5)
        layer, values = Compressed(Kept.of(mask)), entries(numbers(2, 6, 5), mask, 0)
        done: list[str] = []
        for name in ("backward", "add"):
            plain = getattr(layer, name)
            monkeypatch.setattr(layer, name, lambda *given, name=name, plain=plain: done.append(name) or plain(*given))
        x = numbers(3, 4, 5)
        Product.apply(x, values, None, layer).sum().backward()
        assert done == ["add"]
        done.clear()
        Product.apply(x.requires_grad_(), values.detach(), None, layer).sum().backward()
        assert done == ["backward"]

    def test_no_gradient_is_remembered(self) -> None:
        mask = few(1, 6, 5, density=0.5)
        layer, values = Compressed(Kept.of(mask)), entries(numbers(2, 6, 5), mask, 0)
        x = numbers(3, 4, 5)
        slopes = [
            torch.autograd.grad(Product.apply(given, values, None, layer).sum(), values)[0]
            for given in (x, x * float("nan"), x)
        ]
        assert bool(slopes[1].isnan().any())
        assert torch.equal(slopes[0], slopes[2])

    def test_weights_that_move_in_place_or_to_other_memory_are_seen(self) -> None:
        mask, x = few(1, 6, 5, density=0.5), numbers(3, 4, 5)
        layer, values = Compressed(Kept.of(mask)), entries(numbers(2, 6, 5), mask, 0).detach()
        once = Product.apply(x, values, None, layer)
        values.mul_(2.0)
        torch.testing.assert_close(Product.apply(x, values, None, layer), 2 * once)
        torch.testing.assert_close(Product.apply(x, 3 * values, None, layer), 6 * once)

    def test_gradients_have_no_gradient(self) -> None:
        mask = few(1, 6, 5, density=0.5)
        values = entries(numbers(2, 6, 5), mask, 0)
        out = Product.apply(numbers(3, 4, 5), values, None, Compressed(Kept.of(mask))).square().sum()
        (slope,) = torch.autograd.grad(out, values, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            slope.sum().backward()


class TestLayout:
    def test_tensors_come_back_from_rows_that_hold_only_what_exists(self) -> None:
        shapes = {"a.weight": (7, 5), "a.bias": (7,), "c.weight": (3, 2, 3, 3), "n.weight": (4,)}
        masks = [
            {name: few(seed, *shapes[name], density=seed / 4) for name in ("a.weight", "c.weight")} for seed in (1, 2)
        ]
        layout = SparseLayout(shapes, masks)
        assert layout.size < 7 * 5 + 3 * 2 * 3 * 3
        rows = torch.zeros(2, layout.size)
        values = [
            {name: numbers(seed, *shape, dtype=torch.float32) for name, shape in shapes.items()} for seed in (1, 2)
        ]
        for place in range(2):
            layout.at(place).fill(rows[place], values[place])
            expected = {
                name: value.where(masks[place][name], 0.0) if name in masks[place] else value
                for name, value in values[place].items()
            }
            assert raw(layout.at(place).take(rows[place])) == raw(expected)
            assert int((rows[place] != 0).sum()) == sum(int((value != 0).sum()) for value in expected.values())
        assert [slot.begin % 16 for slot in layout.slots] == [0] * 4
        layout.keep([1])
        assert raw(layout.at(0).take(rows[1])) == raw(
            {n: v.where(masks[1][n], 0.0) if n in masks[1] else v for n, v in values[1].items()}
        )

    @pytest.mark.parametrize("case", [LINEAR, CONV], ids=str)
    def test_moments_exist_only_for_weights_that_do_and_unequal_networks_are_filled_up_with_zeros(
        self, case: Case
    ) -> None:
        replicas = [sparser(replica, fraction) for replica, fraction in zip(case.replicas(2), (0.5, 0.9), strict=True)]
        pack = _Pack(case.module(), replicas, case.tensors, Watch(stop=lambda *_: None), settings=case.settings)
        assert isinstance(pack.program, SparseModules)
        everything = sum(value.numel() for value in replicas[0].weights.values())
        assert pack.weights.shape[1] < everything
        for _ in range(2):
            pack._advance()
        own = [sum(int(mask.sum()) for mask in (replica.masks or {}).values()) for replica in replicas]
        rest = everything - sum(mask.numel() for mask in (replicas[0].masks or {}).values())
        for rows in (pack.weights, pack.gradient, *pack.optimizer.moments.values()):
            assert int((rows[1] != 0).sum()) <= own[1] + rest < int((rows[0] != 0).sum()) <= own[0] + rest
        lone = [bits(train(case, [replica])[0, case.total]) for replica in replicas]
        found = train(case, replicas)
        assert [bits(found[place, case.total]) for place in range(2)] == lone
