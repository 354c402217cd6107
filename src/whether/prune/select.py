"""From scores to masks: exactly so many weights stay.

Of n weights that remain, pruning by a fraction f keeps exactly round((1−f)·n), halves to even. Where scores tie at the
edge, the weight that comes first (in the order of layers, then row by row) stays: never one more or one less.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.errors import RequestError, WorkError, unknown

Scores = Mapping[str, Float[Tensor, "..."]]
Masks = Mapping[str, Bool[Tensor, "..."]]


def select(
    scores: Scores,
    masks: Masks,
    *,
    fraction: Fraction,
    scope: str = "global",
    structure: str = "weight",
    layers: Mapping[str, Fraction] | None = None,
) -> dict[str, Bool[Tensor, "..."]]:
    """The masks after one round of pruning.

    Args:
        scores: by name; the lowest are pruned. Finite wherever the mask is true.
        masks: what exists now; what is false stays false.
        fraction: of what exists, to prune.
        scope: "global" compares scores across layers, "layer" prunes each by the fraction.
        structure: "weight", or "unit" for whole rows of the hidden layers, with the columns that read them.
        layers: fractions of their own by name, or by "output" for the last layer; these are pruned by themselves.

    Returns:
        New masks, subsets of the old ones.

    Raises:
        RequestError: for a layer that is not there, units in a network that is no chain of linear layers, or a fraction
            of the output's units.
        WorkError: when a score is not a number.
    """
    own = _named(layers or {}, masks)
    if structure == "unit":
        return _select_units(scores, masks, fraction=fraction, scope=scope, own=own)
    chosen = {name: (scores[name], masks[name]) for name in masks}
    kept = _keep_groups(chosen, fraction=fraction, scope=scope, own=own)
    return {name: kept[name] for name in masks}


def _keep_groups(
    chosen: Mapping[str, tuple[Tensor, Tensor]], *, fraction: Fraction, scope: str, own: Mapping[str, Fraction]
) -> dict[str, Tensor]:
    rest = [name for name in chosen if name not in own]
    groups = [[name] for name in rest] if scope == "layer" else [rest]
    kept: dict[str, Tensor] = {}
    for group, part in [*((group, fraction) for group in groups if group), *(([name], own[name]) for name in own)]:
        flat = keep_highest(
            torch.cat([chosen[name][0].reshape(-1) for name in group]),
            torch.cat([chosen[name][1].reshape(-1) for name in group]),
            part,
        )
        sizes = [chosen[name][1].numel() for name in group]
        for name, piece in zip(group, torch.split(flat, sizes), strict=True):
            kept[name] = piece.reshape(chosen[name][1].shape)
    return kept


def keep_highest(scores: Float[Tensor, " n"], exists: Bool[Tensor, " n"], fraction: Fraction) -> Bool[Tensor, " n"]:
    """Of the places that exist, keep exactly round((1−fraction)·count) with the highest scores, ties by position.

    Example:
        >>> keep_highest(torch.ones(5), torch.ones(5, dtype=torch.bool), Fraction(2, 5)).tolist()
        [True, True, True, False, False]
    """
    places = exists.nonzero().squeeze(1)
    found = scores[places]
    if not bool(torch.isfinite(found).all()):
        raise WorkError("a pruning score is not a finite number; the network that was scored has diverged.")
    count = round((1 - fraction) * len(places))
    best = torch.sort(found, descending=True, stable=True).indices[:count]
    kept = torch.zeros_like(exists)
    kept[places[best]] = True
    return kept


def _select_units(
    scores: Scores, masks: Masks, *, fraction: Fraction, scope: str, own: Mapping[str, Fraction]
) -> dict[str, Tensor]:
    hidden = hidden_layers(masks)
    strangers = [name for name in own if name not in hidden]
    if strangers:
        raise RequestError(
            f"{strangers[0]} is the output: its units are the classes. Fractions of units are of {', '.join(hidden)}."
        )
    rows = {name: scores[name].where(masks[name], 0.0).square().sum(1).sqrt() for name in hidden}
    chosen = {name: (rows[name], units_alive(masks[name])) for name in hidden}
    alive = _keep_groups(chosen, fraction=fraction, scope=scope, own=own)
    return cut_units(masks, alive)


def hidden_layers(masks: Masks) -> list[str]:
    """The layers whose rows are hidden units, in a chain of linear layers: all but the last.

    Raises:
        RequestError: when each layer's outputs are not the next one's inputs.
    """
    names = list(masks)
    for name, following in itertools.pairwise(names):
        first, second = masks[name], masks[following]
        if first.dim() != 2 or second.dim() != 2 or first.shape[0] != second.shape[1]:
            raise RequestError(
                f"units can be pruned in a chain of linear layers; here {name} {tuple(first.shape)} is followed by "
                f"{following} {tuple(second.shape)}. Use structure='weight'."
            )
    return names[:-1]


def units_alive(mask: Bool[Tensor, "out in"]) -> Bool[Tensor, " out"]:
    """The units that still have an input."""
    return mask.any(1)


def cut_units(masks: Masks, alive: Mapping[str, Bool[Tensor, " out"]]) -> dict[str, Bool[Tensor, "..."]]:
    """Take away the rows of units that are gone, and the columns of the next layer that read them."""
    names = list(masks)
    cut = {name: mask.clone() for name, mask in masks.items()}
    for name, units in alive.items():
        cut[name] &= units.unsqueeze(1)
        cut[names[names.index(name) + 1]] &= units.unsqueeze(0)
    return cut


def _named(layers: Mapping[str, Fraction], masks: Masks) -> dict[str, Fraction]:
    names = list(masks)
    found: dict[str, Fraction] = {}
    for name, part in layers.items():
        if name != "output" and name not in names:
            raise unknown("layer with a fraction of its own", name, [*names, "output"])
        found[names[-1] if name == "output" else name] = part
    return found
