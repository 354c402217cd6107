"""A linear layer whose weights are few, for any module and through autograd: y = x Wᵀ + b with W in compressed rows.

    Y = W X + b,   ∂X = Wᵀ ∂Y,   ∂W = ∂Y Xᵀ where W has entries        X: [in, row],  Y: [out, row]

A sparse product walks along rows of numbers, so what comes in row by row is turned, and what goes out is turned back.
It reads the rows of X in no order, so few examples at a time are multiplied, whose numbers stay in the caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from whether.train.compressed import Pattern, multiply, sample


@dataclass(frozen=True, eq=False)
class Kept:
    """Which weights of one network's layer exist.

    Attributes:
        pattern: of the weights.
        below: of the transposed weights, and `order` which weight each of its entries is.
        numbers: where each weight lies in the layer's own tensor, flat.
    """

    pattern: Pattern
    below: Pattern
    order: Int[Tensor, " entry"]
    numbers: Int[Tensor, " entry"]

    @staticmethod
    def of(mask: Bool[Tensor, "out in"]) -> Kept:
        """What a mask keeps.

        Example:
            >>> Kept.of(torch.eye(3, dtype=torch.bool)).numbers.tolist()
            [0, 4, 8]
        """
        outputs, inputs = mask.shape
        rows, columns = mask.nonzero(as_tuple=True)
        pattern = Pattern.of(rows, columns, (outputs, inputs))
        below, order = pattern.transposed()
        return Kept(pattern, below, order, rows * inputs + columns)


class Compressed:
    """One network's layer: its matrices, made once for the memory in which its values lie.

    Args:
        kept: which weights exist.

    Attributes:
        count: of them.
        shape: of the layer's weight.
        most: rows that are multiplied at once.
    """

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.count = len(kept.numbers)
        self.shape = kept.pattern.shape
        self.most = rows_at_once(*self.shape)
        self._values = torch.empty(0)

    def forward(self, values: Float[Tensor, " entry"], x: Float[Tensor, "in row"]) -> Float[Tensor, "out row"]:
        """W X."""
        self._bind(values)
        out = x.new_empty(self.shape[0], x.shape[1])
        multiply(self._matrix, x, out)
        return out

    def backward(
        self, values: Float[Tensor, " entry"], deltas: Sequence[Float[Tensor, "out row"]]
    ) -> Float[Tensor, "all in"]:
        """(Wᵀ ∂Y)ᵀ, from parts of ∂Y: by rows, but not always one behind the other."""
        self._bind(values)
        torch.index_select(values, 0, self.kept.order, out=self._gathered)
        parts = []
        for delta in deltas:
            below = delta.new_empty(self.shape[1], delta.shape[1])
            multiply(self._below, delta, below)
            parts.append(below.t())
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def gradient(
        self,
        values: Float[Tensor, " entry"],
        deltas: Sequence[Float[Tensor, "out row"]],
        inputs: Sequence[Float[Tensor, "in row"]],
    ) -> Float[Tensor, " entry"]:
        """∂Y Xᵀ where W has entries, and zeros behind them; from parts of both."""
        self._bind(values)
        self._slope.zero_()
        for delta, x in zip(deltas, inputs, strict=True):
            sample(self._slopes, delta, x, kept=1.0)
        if len(values) == self.count:
            return self._slope.clone()
        into = torch.zeros_like(values)
        into[: self.count] = self._slope
        return into

    def _bind(self, values: Tensor) -> None:
        """Let the matrix be that of these values, whose memory it shares: they are the same for many steps."""
        if values.data_ptr() == self._values.data_ptr() and values.dtype == self._values.dtype:
            return
        self._values = values.detach()[: self.count]  # held, so that nothing else comes to lie there
        self._gathered, self._slope = torch.empty_like(self._values), torch.empty_like(self._values)
        self._matrix = self.kept.pattern.matrix(self._values)
        self._below = self.kept.below.matrix(self._gathered)
        self._slopes = self.kept.pattern.matrix(self._slope)


class Product(torch.autograd.Function):
    """x Wᵀ + b and its gradients; only those that somebody asks for are computed."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Float[Tensor, "*row in"],
        values: Float[Tensor, " entry"],
        bias: Float[Tensor, " out"] | None,
        layer: Compressed,
    ) -> Float[Tensor, "*row out"]:
        """The layer's output.

        Args:
            ctx: PyTorch's, keeps what the gradients need.
            x: inputs.
            values: of the weights that exist, by rows; numbers behind them are no weights, and their gradient is zero.
            bias: added to each row.
            layer: which weights they are.
        """
        rows = x.new_empty(*x.shape[:-1], layer.shape[0])
        inputs: list[Tensor] = []
        for part, there in zip(_parts(x, layer.most), _parts(rows, layer.most), strict=True):
            turned = part.t().contiguous()
            out = layer.forward(values, turned).t()
            if bias is None:
                there.copy_(out)
            else:
                torch.add(out, bias, out=there)
            if ctx.needs_input_grad[1]:
                inputs.append(turned)
        ctx.save_for_backward(values, *inputs)
        ctx.layer = layer
        return rows

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, delta: Float[Tensor, "*row out"]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        """The gradients of input, weights and bias, from that of the output."""
        values, *inputs = ctx.saved_tensors
        layer: Compressed = ctx.layer
        deltas = _turned(delta, layer.most)
        below = into = bias = None
        if ctx.needs_input_grad[0]:
            below = layer.backward(values, deltas).view(*delta.shape[:-1], layer.shape[1])
        if ctx.needs_input_grad[1]:
            into = layer.gradient(values, deltas, inputs)
        if ctx.needs_input_grad[2]:
            bias = delta.reshape(-1, delta.shape[-1]).sum(0)
        return below, into, bias, None


def rows_at_once(outputs: int, inputs: int) -> int:
    """How many examples are multiplied at once: as many as caches hold, by what was measured."""
    return 256 if outputs + inputs <= 1024 else 128


def _parts(x: Float[Tensor, "*row unit"], most: int) -> Sequence[Float[Tensor, "part unit"]]:
    """Rows in parts of equal length, the last one shorter: views where rows lie one behind the other."""
    flat = x.reshape(-1, x.shape[-1])
    if len(flat) <= most:
        return (flat,)
    size = -(-len(flat) // -(-len(flat) // most))
    sizes = [min(size, len(flat) - begin) for begin in range(0, len(flat), size)]
    return torch.split_with_sizes(flat, sizes)


def _turned(x: Float[Tensor, "*row unit"], most: int) -> list[Float[Tensor, "unit part"]]:
    return [part.t().contiguous() for part in _parts(x, most)]


class SparseLinear(nn.Linear):
    """A linear layer whose weight is the vector of its entries; `own` says which they are, network after network.

    A layer is made one where it stands (`become`), so that whoever holds it still does.
    """

    own: Compressed

    @classmethod
    def become(cls, layer: nn.Linear, count: int) -> SparseLinear:
        """Change a linear layer into one that has so many entries, all zero."""
        values = nn.Parameter(layer.weight.detach().new_zeros(count))
        layer.__class__ = cls
        assert isinstance(layer, cls)
        layer.weight = values
        return layer

    def forward(self, x: Float[Tensor, "*row in"]) -> Float[Tensor, "*row out"]:
        """x Wᵀ + b."""
        found: Tensor = Product.apply(x, self.weight, self.bias, self.own)  # type: ignore[no-untyped-call]
        return found
