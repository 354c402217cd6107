"""A linear layer whose weights are few, for any module and through autograd: y = x Wᵀ + b with W in compressed rows.

    Y = W X + b,   ∂X = Wᵀ ∂Y,   ∂W = ∂Y Xᵀ where W has entries        X: [in, row],  Y: [out, row]

A sparse product walks along rows of numbers, so what comes in row by row is turned, and what goes out is turned back.
"""

from __future__ import annotations

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
    """

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.count = len(kept.numbers)
        self.shape = kept.pattern.shape
        self._values = torch.empty(0)

    def forward(self, values: Float[Tensor, " entry"], x: Float[Tensor, "in row"]) -> Float[Tensor, "out row"]:
        """W X."""
        self._bind(values)
        out = x.new_empty(self.shape[0], x.shape[1])
        multiply(self._matrix, x, out)
        return out

    def backward(self, values: Float[Tensor, " entry"], delta: Float[Tensor, "out row"]) -> Float[Tensor, "in row"]:
        """Wᵀ ∂Y."""
        self._bind(values)
        torch.index_select(values, 0, self.kept.order, out=self._gathered)
        below = delta.new_empty(self.shape[1], delta.shape[1])
        multiply(self._below, delta, below)
        return below

    def gradient(
        self, values: Float[Tensor, " entry"], delta: Float[Tensor, "out row"], x: Float[Tensor, "in row"]
    ) -> Float[Tensor, " entry"]:
        """∂Y Xᵀ where W has entries, and zeros behind them."""
        self._bind(values)
        self._slope.zero_()  # a product is added to nothing of what stood there: 0 · NaN would be NaN
        sample(self._slopes, delta, x)
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
        turned = x.reshape(-1, x.shape[-1]).t().contiguous()
        out = layer.forward(values, turned)
        ctx.save_for_backward(turned, values)
        ctx.layer = layer
        rows = out.new_empty(out.shape[::-1])
        if bias is None:
            rows.copy_(out.t())
        else:
            torch.add(out.t(), bias, out=rows)
        return rows.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, delta: Float[Tensor, "*row out"]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        """The gradients of input, weights and bias, from that of the output."""
        turned, values = ctx.saved_tensors
        layer: Compressed = ctx.layer
        flat = delta.reshape(-1, delta.shape[-1])
        slopes = flat.t().contiguous()
        below = into = bias = None
        if ctx.needs_input_grad[0]:
            below = layer.backward(values, slopes).t().view(*delta.shape[:-1], -1)
        if ctx.needs_input_grad[1]:
            into = layer.gradient(values, slopes, turned)
        if ctx.needs_input_grad[2]:
            bias = flat.sum(0)
        return below, into, bias, None


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
