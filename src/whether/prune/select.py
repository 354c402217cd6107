"""From scores to masks: exactly so many weights stay.

Of n weights that remain, pruning by a fraction f keeps exactly round((1−f)·n), halves to even. Where scores tie at the
edge, the weight that comes first (in the order of layers, then row by row) stays: never one more or one less.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.errors import RequestError, unknown
from whether.prune import structures
from whether.structure import Structure, fraction_of, parse

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
    readers: Mapping[str, str] | None = None,
) -> dict[str, Bool[Tensor, "..."]]:
    """The masks after one round of pruning.

    Args:
        scores: by name; the lowest are pruned. Finite wherever the mask is true.
        masks: what exists now; what is false stays false.
        fraction: of what exists, to prune.
        scope: "global" compares scores across layers, "layer" prunes each by the fraction.
        structure: "weight"; "unit" for whole rows of the hidden layers, with the columns that read them; "channel" for
            whole filters and rows of all layers but the output; "N:M" or "block-RxC" (`whether.structure`).
        layers: fractions of their own by name, or by "output" for the last layer; these are pruned by themselves.
        readers: for channels, the one layer that reads a layer's outputs and nothing else (`readers` finds them); its
            inputs go along. Without, only rows go.

    Returns:
        New masks, subsets of the old ones.

    Raises:
        RequestError: for a layer that is not there, units in a network that is no chain of linear layers, a fraction
            of the output's units, a structure that does not fit a layer, or a fraction that is not its own.
        WorkError: when a score is not a number.
    """
    own = named(layers or {}, masks)
    form = parse(structure)
    if form.kind == "n:m":
        return _select_of_each(scores, masks, form, fraction, own)
    there = groups(masks, structure, whole=[name for name, part in own.items() if not part])
    strangers = [name for name in own if name not in there]
    if strangers and form.kind != "block":
        raise RequestError(
            f"{strangers[0]} is the output: its units are the classes. Fractions of {structure}s are of "
            f"{', '.join(there)}."
        )
    chosen = {name: (_scored(scores[name], masks[name], form), there[name]) for name in there}
    own = {name: part for name, part in own.items() if name in there}
    kept = _keep_groups(chosen, fraction=fraction, scope=scope, own=own)
    match form.kind:
        case "unit":
            return cut_units(masks, kept)
        case "channel":
            return structures.cut_channels(masks, kept, readers or {})
        case "block":
            wide = {name: structures.spread(tiles, form, masks[name].shape) for name, tiles in kept.items()}
            return {name: mask & wide[name] if name in wide else mask.clone() for name, mask in masks.items()}
    return {name: kept[name] for name in masks}


def groups(masks: Masks, structure: str, *, whole: Sequence[str] = ()) -> dict[str, Bool[Tensor, "..."]]:
    """Which of the groups that a structure takes at a time still exist, by layer; how many is what rounds count.

    Args:
        masks: by name.
        structure: "weight", "unit", "channel" or "block-RxC".
        whole: layers that are left as they are, which tiles need not fit.

    Raises:
        RequestError: when the structure does not fit the layers.
    """
    form = parse(structure)
    match form.kind:
        case "unit":
            return {name: units_alive(masks[name]) for name in hidden_layers(masks)}
        case "channel":
            hidden = list(masks)[:-1]
            if not hidden:
                raise RequestError("channels of the output are the classes, and this network has no other layer.")
            return {name: structures.channels_alive(masks[name]) for name in hidden}
        case "block":
            cut = [name for name in masks if name not in whole]
            structures.check_fits(masks, form, cut)
            return {name: structures.tiles_alive(masks[name], form) for name in cut}
        case "n:m":
            raise RequestError(f"structure {structure!r} prunes once, by a fraction of its own; it has no rounds.")
    return dict(masks)


def _scored(scores: Tensor, exists: Tensor, form: Structure) -> Tensor:
    match form.kind:
        case "unit":
            return scores.where(exists, 0.0).square().sum(1).sqrt()
        case "channel":
            return structures.channel_scores(scores, exists)
        case "block":
            return structures.tile_scores(scores, exists, form)
    return scores


def _select_of_each(
    scores: Scores, masks: Masks, form: Structure, fraction: Fraction, own: Mapping[str, Fraction]
) -> dict[str, Tensor]:
    fixed = fraction_of(form.name)
    wrong = [part for part in (fraction, *filter(None, own.values())) if part != fixed]
    if wrong:
        raise RequestError(
            f"structure {form.name!r} prunes exactly {fixed} of a layer, got {wrong[0]}; only 0 may be said besides, "
            "for a layer that stays whole."
        )
    cut = [name for name in masks if own.get(name, fixed)]
    structures.check_fits(masks, form, cut)
    return {
        name: structures.keep_of_each(scores[name], mask, form) if name in cut else mask.clone()
        for name, mask in masks.items()
    }


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
    structures.check_finite(found)
    count = round((1 - fraction) * len(places))
    kept = torch.zeros_like(exists)
    if not count:
        return kept
    edge = found.kthvalue(len(found) - count + 1).values  # a quarter of the time of sorting
    best = found > edge
    best[(found == edge).nonzero().squeeze(1)[: count - int(best.sum())]] = True
    kept[places[best]] = True
    return kept


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


def named(layers: Mapping[str, Fraction], masks: Masks) -> dict[str, Fraction]:
    """Fractions by the names of weights, "output" being the last.

    Raises:
        RequestError: for a layer that is not there.
    """
    names = list(masks)
    found: dict[str, Fraction] = {}
    for name, part in layers.items():
        if name != "output" and name not in names:
            raise unknown("layer with a fraction of its own", name, [*names, "output"])
        found[names[-1] if name == "output" else name] = part
    return found
