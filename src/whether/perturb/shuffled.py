"""The same weights, or signs, in other places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.errors import unknown
from whether.perturb.change import Weights, change
from whether.seeds import Seed, Stream

SCOPES = ("layer", "filter")
Masks = Mapping[str, Bool[Tensor, "..."]]


def shuffle(
    weights: Weights, *, names: Sequence[str], seed: Seed, masks: Masks | None = None, scope: str = "layer"
) -> dict[str, Float[Tensor, "..."]]:
    """Permute the weights that exist, among the places that exist.

    Frankle, Schwab & Morcos (2020): a state whose weights can be shuffled without harm holds no more than their
    distribution. What is pruned takes no part, so that the mask put on afterwards cuts nothing.

    Args:
        weights: of a state, by name.
        names: which of them change, each by a permutation of its own.
        seed: of the permutations.
        masks: where weights exist; a name without a mask exists everywhere.
        scope: "layer" permutes within a weight tensor; "filter" within each of its rows, which are the filters of a
            convolution and the units of a linear layer.

    Raises:
        RequestError: for a name or a scope that is not there.

    Example:
        >>> whole = {"w": torch.arange(6.0).reshape(2, 3)}
        >>> shuffle(whole, names=["w"], seed=Seed(1), scope="filter")["w"].sort().values.equal(whole["w"])
        True
    """

    def become(name: str, weight: Tensor) -> Tensor:
        return _permuted(weight, (masks or {}).get(name), Stream(seed, f"perturb/shuffle/{name}"), scope)

    return change(weights, names, become)


def shuffle_signs(
    weights: Weights, *, names: Sequence[str], seed: Seed, masks: Masks | None = None, scope: str = "layer"
) -> dict[str, Float[Tensor, "..."]]:
    """Keep magnitudes, permute the signs of the weights that exist. Arguments and errors as in `shuffle`.

    Example:
        >>> signs = shuffle_signs({"w": torch.tensor([1.0, 2.0, -3.0])}, names=["w"], seed=Seed(1))["w"]
        >>> signs.abs().tolist(), int((signs < 0).sum())
        ([1.0, 2.0, 3.0], 1)
    """

    def become(name: str, weight: Tensor) -> Tensor:
        signs = torch.where(weight < 0, -1.0, 1.0).to(weight.dtype)
        stream = Stream(seed, f"perturb/shuffle-signs/{name}")
        return weight.abs() * _permuted(signs, (masks or {}).get(name), stream, scope)

    return change(weights, names, become)


def _permuted(values: Tensor, mask: Tensor | None, stream: Stream, scope: str) -> Tensor:
    if scope not in SCOPES:
        raise unknown("scope of a shuffle", scope, SCOPES)
    flat = values.reshape(-1)
    exists = torch.ones_like(flat, dtype=torch.bool) if mask is None else mask.reshape(-1)
    places = exists.nonzero().squeeze(1)
    row = places // max(1, values[0].numel()) if scope == "filter" else torch.zeros_like(places)
    # Places come row by row, so sorting by (row, random word) permutes within each row.
    order = torch.from_numpy(np.lexsort((stream.words(len(places)), row.numpy())))
    moved = flat.clone()
    moved[places] = flat[places[order]]
    return moved.reshape(values.shape)
