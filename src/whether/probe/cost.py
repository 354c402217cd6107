"""What a network costs that is counted rather than timed: parameters and multiply-adds that remain."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import unknown
from whether.models.build import PRUNABLE, prunable
from whether.probe.measures import evaluating, examples

Masks = Mapping[str, Bool[Tensor, "..."]]
COUNTED = ("all", "prunable")
TRANSPOSED = nn.modules.conv._ConvTransposeNd


def parameters_left(
    module: nn.Module,
    data: Tensors,  # noqa: ARG001
    split: str | None,  # noqa: ARG001
    *,
    masks: Masks | None = None,
    count: str = "all",
) -> float:
    """How many parameters exist.

    Args:
        module: gives names and shapes.
        data, split: not asked.
        masks: where prunable weights exist; None when all do.
        count: "all": the prunable weights that exist, and every parameter that is never pruned (biases, norms,
            embeddings), each shared one once; or "prunable": the first of these alone, which is what densities are of.

    Raises:
        RequestError: for another word.

    Example:
        >>> from whether.data.tensors import tensors
        >>> net, masks = nn.Linear(3, 2), {"weight": torch.eye(2, 3, dtype=torch.bool)}
        >>> [parameters_left(net, tensors("xor"), "test", masks=masks, count=count) for count in COUNTED]
        [4.0, 2.0]
    """
    if count not in COUNTED:
        raise unknown("count of parameters", count, COUNTED)
    names = set(prunable(module))
    counted = [item for item in module.named_parameters() if count == "all" or item[0] in names]
    return float(sum(_existing(name, value, masks) for name, value in counted))


def flops_left(module: nn.Module, data: Tensors, split: str, *, masks: Masks | None = None) -> float:
    """Multiply-adds of one example's forward pass that remain, in linear and convolution layers.

    A weight of a linear layer costs one at each place that the layer is applied to; of a convolution one at each place
    of its output, padding included; of a transposed convolution one at each place of its input. Biases, norms,
    activations and the products inside attention are not counted, nor is a layer whose weight is used without calling
    it. What a machine saves is another question: `speed.py`.

    Args:
        module: the network.
        data, split: whose first example is sent through, for its shape.
        masks: where prunable weights exist; None when all do.
    """
    names = {id(value): name for name, value in module.named_parameters()}
    total = 0

    def counting(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight: Tensor = layer.weight  # type: ignore[assignment]
        if isinstance(layer, nn.Linear):
            places = output[..., 0].numel()
        else:
            size = given[0].shape if isinstance(layer, TRANSPOSED) else output.shape
            places = math.prod(size[-(weight.ndim - 2) :])
        total += places * _existing(names.get(id(weight), ""), weight, masks)

    layers = [layer for layer in module.modules() if isinstance(layer, PRUNABLE)]
    handles = [layer.register_forward_hook(counting) for layer in layers]
    try:
        with evaluating(module), torch.no_grad():
            module(examples(data, split)[0][:1])
    finally:
        for handle in handles:
            handle.remove()
    return float(total)


def _existing(name: str, value: Tensor, masks: Masks | None) -> int:
    return int(masks[name].sum()) if masks is not None and name in masks else value.numel()
