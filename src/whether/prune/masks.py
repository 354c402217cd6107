"""Masks by layer name: true where a weight exists."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.prune.select import Masks, cut_units, hidden_layers, units_alive
from whether.seeds import Seed, Stream


def full(weights: Mapping[str, Float[Tensor, "..."]], names: tuple[str, ...]) -> dict[str, Bool[Tensor, "..."]]:
    """Every one of the named weights exists."""
    return {name: torch.ones(weights[name].shape, dtype=torch.bool) for name in names}


def wear(weights: Mapping[str, Float[Tensor, "..."]], masks: Masks) -> dict[str, Float[Tensor, "..."]]:
    """Weights under masks: zero where the mask is false, whatever stood there (`where`, so that a NaN is gone too)."""
    return {name: value.where(masks[name], 0.0) if name in masks else value for name, value in weights.items()}


def inverted(masks: Masks) -> dict[str, Bool[Tensor, "..."]]:
    """The weights that the mask leaves out."""
    return {name: ~mask for name, mask in masks.items()}


def shuffled(masks: Masks, seed: Seed, scope: str) -> dict[str, Bool[Tensor, "..."]]:
    """A random mask of the same density.

    Args:
        masks: by name.
        seed: of the permutation.
        scope: "layer" permutes places within each layer and keeps its density; "global" permutes all places and keeps
            the whole's; "unit" permutes the hidden units of each layer and keeps how many there are.
    """
    if scope == "unit":
        layers = hidden_layers(masks)
        alive = {name: _permuted(units_alive(masks[name]), seed, name) for name in layers}
        return cut_units({name: torch.ones_like(mask) for name, mask in masks.items()}, alive)
    if scope == "layer":
        return {name: _permuted(mask, seed, name) for name, mask in masks.items()}
    flat = _permuted(torch.cat([mask.reshape(-1) for mask in masks.values()]), seed, "global")
    pieces = torch.split(flat, [mask.numel() for mask in masks.values()])
    return {name: piece.reshape(mask.shape) for (name, mask), piece in zip(masks.items(), pieces, strict=True)}


def density_percent(masks: Masks) -> float:
    """Per cent of the places that exist, over all layers."""
    there = sum(int(mask.sum()) for mask in masks.values())
    return 100.0 * there / sum(mask.numel() for mask in masks.values())


def _permuted(mask: Bool[Tensor, "..."], seed: Seed, name: str) -> Bool[Tensor, "..."]:
    order = torch.from_numpy(Stream(seed, f"shuffle/{name}").permutation(mask.numel()))
    return mask.reshape(-1)[order].reshape(mask.shape)
