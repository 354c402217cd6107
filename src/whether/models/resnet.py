"""Residual networks for small images, of any depth 6n + 2, width and norm."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from whether import fit

Norm = Callable[[int], nn.Module]


def group_norm(channels: int) -> nn.GroupNorm:
    """GroupNorm (Wu & He, 2018) with eight channels a group, or the largest divisor of eight that fits."""
    return nn.GroupNorm(channels // math.gcd(channels, 8), channels)


def layer_norm(channels: int) -> nn.GroupNorm:
    """LayerNorm (Ba et al., 2016) of an image: over all channels and places, with a scale and a shift a channel."""
    return nn.GroupNorm(1, channels)


NORMS: dict[str, Norm] = {"bn": nn.BatchNorm2d, "gn": group_norm, "ln": layer_norm}


class Block(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut: relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)).

    The shortcut is x itself, or a 1 × 1 convolution with a norm where the shape changes.
    """

    def __init__(self, before: int, channels: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.norm1 = norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = norm(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), norm(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Images [batch, before, …] to [batch, channels, …], smaller by the stride."""
        h = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(h)) + self.shortcut(x))


class ResNet(nn.Module):
    """A convolution, three stages of blocks, the mean over the image, a linear layer."""

    def __init__(self, parts: fit.Resnet, channels: int, classes: int) -> None:
        super().__init__()
        norm = NORMS[parts.norm]
        self.conv = nn.Conv2d(channels, parts.width, 3, padding=1, bias=False)
        self.norm = norm(parts.width)
        blocks: list[nn.Module] = []
        before = parts.width
        for stage, width in enumerate(parts.widths):
            for place in range(parts.blocks):
                blocks.append(Block(before, width, 2 if stage and not place else 1, norm))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images [batch, channel, height, width] to logits [batch, class]."""
        h = self.blocks(torch.relu(self.norm(self.conv(x))))
        logits: Tensor = self.linear(h.mean((2, 3)))
        return logits


def resnet(name: str, shape: tuple[int, ...], classes: int) -> ResNet:
    """A residual network for CIFAR: three stages of n blocks with 16, 32 and 64 channels, 6n + 2 layers.

    Args:
        name: "resnet-20", "resnet-20-w8", "resnet-20-w8-gn": the depth, the channels of the first stage when they are
            not 16, and "gn" (GroupNorm) or "ln" (LayerNorm) for BatchNorm.
        shape: (channels, height, width).
        classes: outputs.

    Returns:
        A module from [batch, *shape] to logits [batch, classes]; ResNet-20 has 272,474 parameters on CIFAR-10.

    Raises:
        RequestError: for another form of the name or a depth that is not 6n + 2, or for what is no image.

    Example:
        >>> sum(value.numel() for value in resnet("resnet-20", (3, 32, 32), 10).parameters())
        272474

    Source:
        He, Zhang, Ren & Sun, "Deep residual learning" (2016), section 4.2. The original pads its shortcuts with zeros
        (option A); here they are convolutions with a norm (option B), as in the work on lottery tickets.
    """
    fit.fits(name, shape)
    return ResNet(fit.resnet(name), shape[0], classes)
