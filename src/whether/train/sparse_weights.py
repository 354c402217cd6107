"""The weights of one layer that exist, for products through autograd: a matrix in compressed rows, and its gradients.

A convolution's weight is the matrix [out, in × height × width] that meets patches of its input.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

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
    def of(mask: Bool[Tensor, "out *in"]) -> Kept:
        """What a mask keeps.

        Example:
            >>> Kept.of(torch.eye(3, dtype=torch.bool)).numbers.tolist()
            [0, 4, 8]
        """
        outputs, inputs = mask.flatten(1).shape
        rows, columns = mask.flatten(1).nonzero(as_tuple=True)
        pattern = Pattern.of(rows, columns, (outputs, inputs))
        below, order = pattern.transposed()
        return Kept(pattern, below, order, rows * inputs + columns)


class Compressed:
    """One network's layer: its matrices, made once for the memory in which its values lie.

    Args:
        kept: which weights exist.

    Attributes:
        count: of them.
        shape: of the layer's weight as a matrix.
    """

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.count = len(kept.numbers)
        self.shape = kept.pattern.shape
        self._values = torch.empty(0)
        self._is_bound = False  # an empty view lies nowhere, as that placeholder does

    def bind(self, values: Float[Tensor, " entry"]) -> None:
        """Let the matrix be that of these values, whose memory it shares: they are the same for many steps."""
        same = values.data_ptr() == self._values.data_ptr() and values.dtype == self._values.dtype
        if self._is_bound and same:
            return
        self._is_bound = True
        self._values = values.detach()[: self.count]  # held, so that nothing else comes to lie there
        self._gathered, self._slope = torch.empty_like(self._values), torch.empty_like(self._values)
        self._matrix = self.kept.pattern.matrix(self._values)
        self._below = self.kept.below.matrix(self._gathered)
        self._slopes = self.kept.pattern.matrix(self._slope)

    def forward(self, x: Float[Tensor, "in row"]) -> Float[Tensor, "out row"]:
        """W X."""
        out = x.new_empty(self.shape[0], x.shape[1])
        multiply(self._matrix, x, out)
        return out

    def begin(self) -> None:
        """Before the gradients of a step: the transposed weights as they are now, and nothing added up."""
        torch.index_select(self._values, 0, self.kept.order, out=self._gathered)
        self._slope.zero_()

    def backward(self, delta: Float[Tensor, "out row"]) -> Float[Tensor, "in row"]:
        """Wᵀ ∂Y."""
        below = delta.new_empty(self.shape[1], delta.shape[1])
        multiply(self._below, delta, below)
        return below

    def add(self, delta: Float[Tensor, "out row"], x: Float[Tensor, "in row"]) -> None:
        """Add ∂Y Xᵀ where W has entries."""
        sample(self._slopes, delta, x, kept=1.0)

    def gradient(self, values: Float[Tensor, " entry"]) -> Float[Tensor, " entry"]:
        """What was added up, and zeros for the numbers behind these values that are no weights."""
        if len(values) == self.count:
            return self._slope.clone()
        into = torch.zeros_like(values)
        into[: self.count] = self._slope
        return into
