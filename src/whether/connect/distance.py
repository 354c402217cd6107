"""How far apart two networks are: in their weights, and in what they answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether.connect.named import check_alike
from whether.errors import RequestError, unknown


def l2(a: Mapping[str, Tensor], b: Mapping[str, Tensor], names: Sequence[str]) -> float:
    """The Euclidean length of the difference of two networks' weights, over the named tensors together.

    Args:
        a: one network's weights.
        b: the other's, with the same shapes.
        names: which tensors: `models.prunable(module)`, or `parameters(module)` for all that is trained.

    Returns:
        At least 0, summed in float64.

    Raises:
        RequestError: for a name that is not there, no names, or networks that differ in shape.

    Example:
        >>> l2({"w": torch.tensor([3.0, 0.0])}, {"w": torch.tensor([0.0, 4.0])}, ["w"])
        5.0
    """
    first, second = _chosen(a, b, names)
    return math.sqrt(sum(float((first[name] - second[name]).square().sum()) for name in names))


def cosine(a: Mapping[str, Tensor], b: Mapping[str, Tensor], names: Sequence[str]) -> float:
    """The cosine distance of two networks' weights as seen from zero: 1 − a·b / (|a|·|b|), over the named tensors.

    Args:
        a: one network's weights.
        b: the other's, with the same shapes.
        names: which tensors, as for `l2`.

    Returns:
        From 0 (the same direction) over 1 (orthogonal) to 2 (opposite), summed in float64.

    Raises:
        RequestError: as for `l2`, and when all the named weights of a network are zero, which have no direction.

    Example:
        >>> cosine({"w": torch.tensor([3.0, 0.0])}, {"w": torch.tensor([0.0, 4.0])}, ["w"])
        1.0
    """
    first, second = _chosen(a, b, names)
    dot, of_first, of_second = (
        sum(float((left[name] * right[name]).sum()) for name in names)
        for left, right in ((first, second), (first, first), (second, second))
    )
    if of_first == 0.0 or of_second == 0.0:
        which = "first" if of_first == 0.0 else "second"
        raise RequestError(f"the {which} network's weights are all zero: they have no direction. Use l2.")
    # One root of the product: exactly 0 for a network with itself.
    return 1.0 - max(-1.0, min(1.0, dot / math.sqrt(of_first * of_second)))


def parameters(module: nn.Module) -> tuple[str, ...]:
    """Names of all parameters, a shared one once: without buffers such as running statistics."""
    return tuple(name for name, _ in module.named_parameters())


def disagreement(a: Float[Tensor, "*row class"], b: Float[Tensor, "..."]) -> float:
    """Per cent of examples (or tokens) on which two networks answer differently, whoever is right.

    Args:
        a: one network's logits; its answer is the class of the highest, of equal ones the first.
        b: the other's, on the same examples.

    Returns:
        From 0 to 100.

    Raises:
        RequestError: for logits of other shapes, or none.

    Example:
        >>> disagreement(torch.eye(4), torch.tensor([[1.0, 0, 0, 0]]).repeat(4, 1))
        75.0
    """
    if a.shape != b.shape or a.numel() == 0:
        raise RequestError(
            f"disagreement needs both networks' logits on the same examples, got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    return 100.0 * float((a.argmax(-1) != b.argmax(-1)).double().mean())


def _chosen(
    a: Mapping[str, Tensor], b: Mapping[str, Tensor], names: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    if not names:
        raise RequestError("a distance needs the names of the tensors that it is over; see models.prunable(module)")
    for name in names:
        if name not in a:
            raise unknown("tensor", name, a)
    picked = [{name: weights[name] for name in names if name in weights} for weights in (a, b)]
    check_alike(*picked, what="a distance")
    first, second = ({name: value.detach().to(torch.float64) for name, value in part.items()} for part in picked)
    return first, second
