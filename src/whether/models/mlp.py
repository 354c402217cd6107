"""Multilayer perceptrons of any widths."""

from __future__ import annotations

import itertools
import math

from torch import nn


def mlp(name: str, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """A perceptron with ReLU between its layers: "mlp-300-100" has hidden layers of 300 and 100 units.

    Args:
        name: "mlp-" and the widths of the hidden layers, joined by hyphens.
        shape: of one example; it is flattened.
        classes: outputs.

    Returns:
        A module from [batch, *shape] to logits [batch, classes].

    Example:
        >>> mlp("mlp-16-8", (1, 8, 8), 10)[1]
        Linear(in_features=64, out_features=16, bias=True)
    """
    widths = [math.prod(shape), *(int(width) for width in name.split("-")[1:])]
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], classes))


def lenet_300_100(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """LeNet-300-100 (LeCun et al., 1998): for images of 28 × 28; 266,610 parameters on ten classes."""
    return mlp("mlp-300-100", shape, classes)
