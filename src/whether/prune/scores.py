"""How much each weight is worth keeping: higher scores stay. Those that need no data; `gradients` has the others."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.seeds import Seed, Stream


def magnitude(
    weights: Mapping[str, Float[Tensor, "..."]], masks: Mapping[str, Bool[Tensor, "..."]]
) -> dict[str, Float[Tensor, "..."]]:
    """|w|: a weight is worth what it is large (Han et al., 2015; Frankle & Carbin, 2019).

    Args:
        weights: prunable weights by name.
        masks: where they exist; a score elsewhere is never read.
    """
    return {name: weights[name].abs() for name in masks}


def initial_magnitude(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    since: Mapping[str, Float[Tensor, "..."]],
) -> dict[str, Float[Tensor, "..."]]:
    """|w₀|: what a weight was worth before it was trained (Zhou et al., "Deconstructing lottery tickets", 2019).

    Args:
        weights: prunable weights by name; only where they lie counts.
        masks: where they exist.
        since: the weights of the other state, usually the initial one.

    Example:
        >>> initial_magnitude({"w": torch.ones(2)}, {"w": torch.ones(2).bool()}, since={"w": torch.tensor([-3.0, 1.0])})
        {'w': tensor([3., 1.])}
    """
    return {name: since[name].to(weights[name]).abs() for name in masks}


def movement(
    weights: Mapping[str, Float[Tensor, "..."]],
    masks: Mapping[str, Bool[Tensor, "..."]],
    *,
    since: Mapping[str, Float[Tensor, "..."]],
) -> dict[str, Float[Tensor, "..."]]:
    """|w| − |w₀|: how much larger a weight has become (Zhou et al., 2019: "magnitude increase").

    Not the movement pruning of Sanh et al. (2020), which adds up −w·∂L/∂w while a network is trained. Scores may be
    below zero.

    Args:
        weights: prunable weights by name.
        masks: where they exist.
        since: the weights of the other state, usually the initial one.

    Example:
        >>> now, then = torch.tensor([2.0, -1.0]), torch.tensor([-1.5, 4.0])
        >>> movement({"w": now}, {"w": torch.ones(2).bool()}, since={"w": then})
        {'w': tensor([ 0.5000, -3.0000])}
    """
    return {name: weights[name].abs() - since[name].to(weights[name]).abs() for name in masks}


def random(
    weights: Mapping[str, Float[Tensor, "..."]], masks: Mapping[str, Bool[Tensor, "..."]], *, seed: Seed
) -> dict[str, Float[Tensor, "..."]]:
    """Uniform on [0, 1): every choice of as many weights is as likely. The control of every other score.

    Args:
        weights: prunable weights by name; only where they lie counts.
        masks: where they exist.
        seed: each tensor draws from a stream of its own, so that adding a layer leaves the others as they were.

    Returns:
        Scores in float64, so that ties do not happen.
    """
    drawn = {
        name: torch.from_numpy(Stream(seed, f"score/{name}").uniform(mask.numel())).reshape(mask.shape)
        for name, mask in masks.items()
    }
    return {name: scores.to(weights[name].device) for name, scores in drawn.items()}
