"""How large networks are: numbers, operations, bytes.

Operations are known for the models of the table, what a pack stores for perceptrons alone: on a CPU nothing else is
trained several at once. Code of one's own is not looked into.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from whether import fit
from whether.history.facts import Model, Training

LINE = 16
"""Layers are stored with widths rounded up to this (`train/layout.py`)."""

LOOKED_AT_ONCE = 1000
"""Rows of a split that are evaluated in one product (`train/chain.py`)."""

NUMBER = 4  # bytes of a float32, and of the bits that clear a masked one


def widths(model: Model) -> list[int] | None:
    """The widths of a perceptron's layers, its input first; None for a model that is not known from its name."""
    name = "mlp-300-100" if model.name == "lenet-300-100" else model.name
    if not name.startswith("mlp-"):
        return None
    return [math.prod(model.shape), *(int(width) for width in name.split("-")[1:]), model.classes]


def products(model: Model) -> list[float] | None:
    """Multiplications of one example's way through a network, for each of its products of matrices or convolutions.

    The first one's input is data, which needs no gradient; a GPT begins with a table, where nothing is multiplied.

    Returns:
        None for a model that is not known from its name.

    Example:
        >>> products(Model(name="conv-2", shape=(1, 8, 8), classes=10, options={}))
        [36864.0, 2359296.0, 262144.0, 65536.0, 2560.0]
    """
    wide = widths(model)
    if wide is not None:
        return [float(before * after) for before, after in itertools.pairwise(wide)]
    count = next((count for start, count in _COUNTS.items() if model.name.startswith(start)), None)
    return None if count is None else [float(product) for product in count(model)]


def flops_per_step(model: Model, batch: int) -> float | None:
    """Operations of one training step of one network: forward, and back for weights and inputs of every layer.

    A layer from n to m units takes 2·batch·n·m each for its output, its weights' gradient and its input's gradient;
    the first layer's input needs no gradient. What is left out is a few operations a unit, such as norms.

    Args:
        model: the architecture.
        batch: examples a step; of a GPT, sequences.

    Returns:
        None for code of one's own.

    Example:
        >>> lenet = Model(name="lenet-300-100", shape=(1, 28, 28), classes=10, options={})
        >>> round(flops_per_step(lenet, 128) / 1e6)
        144
    """
    each = products(model)
    return None if each is None else 2.0 * batch * (3 * sum(each) - each[0])


def flops_per_look(model: Model, rows: int) -> float | None:
    """Operations of evaluating one network on so many examples; None for code of one's own."""
    each = products(model)
    return None if each is None else 2.0 * rows * sum(each)


def weights_stored(model: Model) -> int | None:
    """Numbers in a perceptron's row of a pack: weights and biases, with the zeros that round layers up; else None."""
    wide = widths(model)
    if wide is None:
        return None
    return sum((before + 1) * after for before, after in itertools.pairwise(map(_up, wide)))


def moments(training: Training) -> int:
    """Numbers that the optimiser keeps beside each weight."""
    if training.optimizer["name"] != "sgd":
        return 2
    return 0 if training.optimizer["momentum"] == 0 else 1


def memory_per_network(model: Model, batch: int, moments: int) -> int | None:
    """Bytes that each network of a pack takes while it trains.

    Args:
        model: the architecture.
        batch: examples a step.
        moments: numbers that the optimiser keeps beside each weight: none for plain SGD, 1 with momentum, 2 for Adam.

    Returns:
        Weights, gradient, moments and mask; the batch; every layer's output and its gradient, for a step and for a
        look at the validation split. None for what is no perceptron.
    """
    wide, stored = widths(model), weights_stored(model)
    if wide is None or stored is None:
        return None
    inputs, *layers = map(_up, wide)
    activations = batch * inputs + 2 * (batch + LOOKED_AT_ONCE) * sum(layers)
    return NUMBER * ((3 + moments) * stored + activations)


def _up(width: int) -> int:
    return -(-width // LINE) * LINE


def _lenet_5(model: Model) -> list[int]:
    channels, *sides = model.shape
    borders = fit.lenet_5_borders(*sides)
    found = []
    for before, after, border in ((channels, 6, borders[0]), (6, 16, borders[1])):
        sides = [side + 2 * border - 4 for side in sides]
        found.append(25 * before * after * math.prod(sides))
        sides = [side // 2 for side in sides]
    return [*found, 16 * math.prod(sides) * 120, 120 * 84, 84 * model.classes]


def _conv(model: Model) -> list[int]:
    before, *sides = model.shape
    found = []
    for channels in (64, 128, 256)[: fit.conv(model.name) // 2]:
        found += [9 * wide * channels * math.prod(sides) for wide in (before, channels)]
        before, sides = channels, [side // 2 for side in sides]
    return [*found, before * math.prod(sides) * 256, 256 * 256, 256 * model.classes]


def _vgg(model: Model) -> list[int]:
    before, *sides = model.shape
    parts, found = fit.vgg(model.name), []
    for count, channels in zip(parts.layers, parts.widths, strict=True):
        for _ in range(count):
            found.append(9 * before * channels * math.prod(sides))
            before = channels
        if min(sides) > 1:
            sides = [side // 2 for side in sides]
    return [*found, before * model.classes]


def _resnet(model: Model) -> list[int]:
    channels, *sides = model.shape
    parts = fit.resnet(model.name)
    before, found = parts.width, [9 * channels * parts.width * math.prod(sides)]
    for stage, wide in enumerate(parts.widths):
        for place in range(parts.blocks):
            first = stage > 0 and place == 0
            sides = [-(-side // 2) for side in sides] if first else sides
            found += [9 * before * wide * math.prod(sides), 9 * wide * wide * math.prod(sides)]
            found += [before * wide * math.prod(sides)] if first else []  # the shortcut's convolution
            before = wide
    return [*found, before * model.classes]


def _gpt(model: Model) -> list[int]:
    places, parts = model.shape[0], fit.gpt(model.name)
    layers = [3 * parts.width**2, parts.width**2, 4 * parts.width**2, 4 * parts.width**2]
    attention = [places**2 * parts.width] * 2  # of all places, though each sees those before it alone
    block = [*(places * layer for layer in layers), *attention]
    return [0, *block * parts.layers, places * parts.width * model.classes]


_COUNTS: dict[str, Callable[[Model], list[int]]] = {
    "lenet-5": _lenet_5,
    "conv-": _conv,
    "vgg-": _vgg,
    "resnet-": _resnet,
    "gpt-": _gpt,
}
