"""How large networks are: numbers, operations, bytes. Known for perceptrons; code of one's own is not looked into."""

from __future__ import annotations

import itertools
import math

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


def flops_per_step(model: Model, batch: int) -> float | None:
    """Operations of one training step of one network: forward, and back for weights and inputs of every layer.

    A layer from n to m units takes 2·batch·n·m each for its output, its weights' gradient and its input's gradient;
    the first layer's input needs no gradient. What is left out is a few operations a unit.

    Args:
        model: the architecture.
        batch: examples a step.

    Returns:
        None for code of one's own.

    Example:
        >>> lenet = Model(name="lenet-300-100", shape=(1, 28, 28), classes=10, options={})
        >>> round(flops_per_step(lenet, 128) / 1e6)
        144
    """
    wide = widths(model)
    if wide is None:
        return None
    products = [2.0 * batch * before * after for before, after in itertools.pairwise(wide)]
    return 3 * sum(products) - products[0]


def flops_per_look(model: Model, rows: int) -> float | None:
    """Operations of evaluating one network on so many examples; None for code of one's own."""
    wide = widths(model)
    return None if wide is None else sum(2.0 * rows * before * after for before, after in itertools.pairwise(wide))


def weights_stored(model: Model) -> int | None:
    """Numbers in a network's row of a pack: weights and biases, with the zeros that round layers up."""
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
        look at the validation split. None for code of one's own.
    """
    wide, stored = widths(model), weights_stored(model)
    if wide is None or stored is None:
        return None
    inputs, *layers = map(_up, wide)
    activations = batch * inputs + 2 * (batch + LOOKED_AT_ONCE) * sum(layers)
    return NUMBER * ((3 + moments) * stored + activations)


def _up(width: int) -> int:
    return -(-width // LINE) * LINE
