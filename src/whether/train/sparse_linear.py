"""A linear layer whose weights are few, for any module and through autograd: y = x Wᵀ + b with W in compressed rows.

    Y = W X + b,   ∂X = Wᵀ ∂Y,   ∂W = ∂Y Xᵀ where W has entries        X: [in, row],  Y: [out, row]

A sparse product walks along rows of numbers, so what comes in row by row is turned, and what goes out is turned back.
It reads the rows of X in no order, so few examples at a time are multiplied, whose numbers stay in the caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from whether.train.sparse_weights import Compressed


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
        layer.bind(values)
        most = rows_at_once(*layer.shape)
        rows = x.new_empty(*x.shape[:-1], layer.shape[0])
        inputs: list[Tensor] = []
        for part, there in zip(_parts(x, most), _parts(rows, most), strict=True):
            turned = part.t().contiguous()
            out = layer.forward(turned).t()
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
        layer.bind(values)
        layer.begin()
        deltas = [part.t().contiguous() for part in _parts(delta, rows_at_once(*layer.shape))]
        below = into = bias = None
        if ctx.needs_input_grad[0]:
            parts = [layer.backward(part).t() for part in deltas]
            below = (parts[0] if len(parts) == 1 else torch.cat(parts)).view(*delta.shape[:-1], layer.shape[1])
        if ctx.needs_input_grad[1]:
            for part, x in zip(deltas, inputs, strict=True):
                layer.add(part, x)
            into = layer.gradient(values)
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


class SparseLinear(nn.Linear):
    """A linear layer whose weight is the vector of its entries; `own` says which they are, network after network."""

    own: Compressed

    def forward(self, input: Float[Tensor, "*row in"]) -> Float[Tensor, "*row out"]:
        """x Wᵀ + b."""
        found: Tensor = Product.apply(input, self.weight, self.bias, self.own)  # type: ignore[no-untyped-call]
        return found
