"""A convolution whose weights are few, for any module and through autograd: W in compressed rows times patches.

    Y = W P(X) + b,   ∂X = Pᵀ(Wᵀ ∂Y),   ∂W = ∂Y P(X)ᵀ where W has entries

P lays out what each position of the output sees: [in × height × width, position]. Pᵀ adds it up again. The patches of
few images at a time are laid out, and again for the gradient: they would be many times as large as the images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from whether.train.sparse_weights import Compressed

POSITIONS_AT_ONCE = 512


@dataclass(frozen=True)
class Window:
    """What a position of the output sees: (height, width) of the kernel, of a step, and of the border of zeros."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    border: tuple[int, int]

    def patches(self, x: Float[Tensor, "image in row column"]) -> Float[Tensor, "patch position"]:
        """What each position of the output sees, positions image by image.

        Example:
            >>> x = torch.arange(4.0).view(1, 1, 2, 2)
            >>> Window((2, 2), (1, 1), (0, 0)).patches(x).flatten().tolist()
            [0.0, 1.0, 2.0, 3.0]
        """
        height, width = self.border
        wide = pad(x, (width, width, height, height)) if height or width else x
        seen = wide.unfold(2, self.kernel[0], self.stride[0]).unfold(3, self.kernel[1], self.stride[1])
        return seen.permute(1, 4, 5, 0, 2, 3).reshape(x.shape[1] * self.kernel[0] * self.kernel[1], -1).contiguous()

    def folded(
        self, patches: Float[Tensor, "patch position"], into: Float[Tensor, "image in row column"], out: tuple[int, int]
    ) -> None:
        """Add up for each number of an image what the patches say that it is in.

        Args:
            patches: as `patches` lays them out.
            into: is written.
            out: height and width of the output.
        """
        images, channels, *size = into.shape
        said = patches.view(channels, *self.kernel, images, *out).transpose(0, 3)  # [image, kernel…, in, out…]
        if self.kernel == (1, 1) and self.stride == (1, 1) and self.border == (0, 0):
            into.copy_(said[:, 0, 0])
            return
        wide = into.new_zeros(images, channels, *(side + 2 * add for side, add in zip(size, self.border, strict=True)))
        (up, left), (down, right) = self.stride, out
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                rows, columns = slice(row, row + up * down, up), slice(column, column + left * right, left)
                wide[:, :, rows, columns] += said[:, row, column]
        top, side = self.border
        into.copy_(wide[:, :, top : top + size[0], side : side + size[1]])

    def size(self, x: Tensor) -> tuple[int, int]:
        """Height and width of the output."""
        height, width = (
            (have + 2 * add - kernel) // step + 1
            for have, add, kernel, step in zip(x.shape[2:], self.border, self.kernel, self.stride, strict=True)
        )
        return height, width


class Convolution(torch.autograd.Function):
    """A convolution and its gradients; only those that somebody asks for are computed."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Float[Tensor, "image in row column"],
        values: Float[Tensor, " entry"],
        bias: Float[Tensor, " out"] | None,
        layer: Compressed,
        window: Window,
    ) -> Float[Tensor, "image out height width"]:
        """The layer's output.

        Args:
            ctx: PyTorch's, keeps what the gradients need.
            x: images.
            values: of the weights that exist, by rows; numbers behind them are no weights, and their gradient is zero.
            bias: added to each position.
            layer: which weights they are.
            window: what a position sees.
        """
        layer.bind(values)
        height, width = window.size(x)
        found = x.new_empty(len(x), layer.shape[0], height, width)
        for part in _parts(len(x), height * width):
            out = layer.forward(window.patches(x[part])).view(layer.shape[0], -1, height, width).transpose(0, 1)
            if bias is None:
                found[part] = out
            else:
                torch.add(out, bias.view(-1, 1, 1), out=found[part])
        ctx.save_for_backward(x, values)
        ctx.layer, ctx.window = layer, window
        return found

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, delta: Float[Tensor, "image out height width"]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        """The gradients of input, weights and bias, from that of the output."""
        x, values = ctx.saved_tensors
        layer: Compressed = ctx.layer
        window: Window = ctx.window
        layer.bind(values)
        layer.begin()
        of_input, of_weights, of_bias = ctx.needs_input_grad[:3]
        below = torch.empty_like(x, memory_format=torch.contiguous_format) if of_input else None
        for part in _parts(len(x), delta.shape[2] * delta.shape[3]):
            slopes = delta[part].transpose(0, 1).reshape(layer.shape[0], -1).contiguous()
            if of_weights:
                layer.add(slopes, window.patches(x[part]))
            if below is not None:
                window.folded(layer.backward(slopes), below[part], (delta.shape[2], delta.shape[3]))
        into = layer.gradient(values) if of_weights else None
        return below, into, delta.sum((0, 2, 3)) if of_bias else None, None, None


def images_at_once(positions: int) -> int:
    """How many images of so many positions are multiplied at once: as many as caches hold, by what was measured."""
    return max(1, POSITIONS_AT_ONCE // positions)


def _parts(images: int, positions: int) -> Iterator[slice]:
    size = images_at_once(positions)
    return (slice(begin, begin + size) for begin in range(0, images, size))


class SparseConv2d(nn.Conv2d):
    """A convolution whose weight is the vector of its entries; `own` says which they are, network after network."""

    own: Compressed

    def forward(self, input: Float[Tensor, "image in row column"]) -> Float[Tensor, "image out height width"]:
        """W P(X) + b."""
        window = Window(_pair(self.kernel_size), _pair(self.stride), _pair(self.padding))
        found: Tensor = Convolution.apply(input, self.weight, self.bias, self.own, window)  # type: ignore[no-untyped-call]
        return found


def fits(layer: nn.Conv2d) -> bool:
    """Whether a convolution is one of these: in one group, without gaps, within a border of zeros."""
    plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    return plain and not isinstance(layer.padding, str)


def _pair(sides: Any) -> tuple[int, int]:
    height, width = sides
    return height, width
