"""Weights by the groups that go together: N of each M inputs, tiles, whole filters.

A layer is seen as a matrix [output, input]. The kernel of a convolution [out, in, *kernel] is flattened to
[out, kernel·in] with the input channels innermost, so that neighbours are channels at one place of the kernel, which is
what fast kernels for sparse convolutions read side by side. (A transposed convolution keeps its inputs first: its rows
are inputs.)

The score of a group is Σ s·|s| over the scores of what still exists in it: for scores of one sign the sum of squares,
and where a score is below zero it counts against its group. Sums are taken in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from whether.errors import RequestError, WorkError
from whether.structure import Structure


def as_rows(values: Shaped[Tensor, "out in *kernel"]) -> Shaped[Tensor, "out column"]:
    """A layer as a matrix, input channels innermost.

    Example:
        >>> as_rows(torch.arange(8).reshape(1, 2, 2, 2)).tolist()
        [[0, 4, 1, 5, 2, 6, 3, 7]]
    """
    return values.movedim(1, -1).reshape(len(values), -1)


def from_rows(rows: Shaped[Tensor, "out column"], shape: torch.Size) -> Shaped[Tensor, "out in *kernel"]:
    """The layer that `as_rows` was given."""
    return rows.reshape(shape[0], *shape[2:], shape[1]).movedim(-1, 1)


def keep_of_each(
    scores: Float[Tensor, "out in *kernel"], exists: Bool[Tensor, "out in *kernel"], form: Structure
) -> Bool[Tensor, "out in *kernel"]:
    """Of each M neighbouring inputs of a row, keep the N highest that exist; ties by position.

    Args:
        scores: finite wherever the mask is true.
        exists: the mask; a group that has fewer than N keeps them.
        form: "N:M", where M divides the columns of the matrix.

    Example:
        >>> from whether.structure import parse
        >>> scores = torch.tensor([[1.0, 3.0, 2.0, 2.0], [5.0, 6.0, 7.0, 8.0]])
        >>> keep_of_each(scores, scores < 8, parse("2:4")).int().tolist()
        [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    there = as_rows(exists).reshape(-1, form.second)
    found = as_rows(scores).reshape(-1, form.second)
    check_finite(found[there])
    ranked = torch.sort(found.where(there, -torch.inf), dim=1, descending=True, stable=True).indices
    kept = torch.zeros_like(there).scatter_(1, ranked[:, : form.first], True) & there
    return from_rows(kept.reshape(len(exists), -1), exists.shape)


def tile_scores(
    scores: Float[Tensor, "out in *kernel"], exists: Bool[Tensor, "out in *kernel"], form: Structure
) -> Float[Tensor, "down across"]:
    """The score of each tile of R outputs by C inputs."""
    return _tiled(as_rows(_signed_squares(scores, exists)), form).sum((1, 3))


def tiles_alive(exists: Bool[Tensor, "out in *kernel"], form: Structure) -> Bool[Tensor, "down across"]:
    """The tiles that still have a weight."""
    return _tiled(as_rows(exists), form).any(3).any(1)


def spread(tiles: Bool[Tensor, "down across"], form: Structure, shape: torch.Size) -> Bool[Tensor, "out in *kernel"]:
    """Every place of a layer, by the tile in which it lies."""
    wide = tiles.repeat_interleave(form.first, 0).repeat_interleave(form.second, 1)
    return from_rows(wide, shape)


def channel_scores(
    scores: Float[Tensor, "out in *kernel"], exists: Bool[Tensor, "out in *kernel"]
) -> Float[Tensor, " out"]:
    """The L2 norm of each filter or row; with the sign of its sum where scores have signs.

    Li et al., "Pruning filters for efficient ConvNets" (2017), take the L1 norm, and find L2 to do about as well.
    """
    sums = _signed_squares(scores, exists).flatten(1).sum(1)
    return sums.sign() * sums.abs().sqrt()


def channels_alive(exists: Bool[Tensor, "out in *kernel"]) -> Bool[Tensor, " out"]:
    """The filters or rows that still have a weight."""
    return exists.flatten(1).any(1)


def cut_channels(
    masks: Mapping[str, Bool[Tensor, "..."]], alive: Mapping[str, Bool[Tensor, " out"]], readers: Mapping[str, str]
) -> dict[str, Bool[Tensor, "..."]]:
    """Take away the rows of channels that are gone, and what reads them where that is known.

    Args:
        masks: by name.
        alive: the channels that stay, by the layer that makes them.
        readers: the one layer that reads a layer's channels; where it has several inputs for each of them (a linear
            layer after flattening), neighbours belong together.
    """
    cut = {name: mask.clone() for name, mask in masks.items()}
    for name, stays in alive.items():
        cut[name] &= stays.reshape(-1, *[1] * (cut[name].dim() - 1))
        if (reader := readers.get(name)) in cut:
            inputs = cut[reader].shape[1]
            if inputs % len(stays):
                raise RequestError(f"{reader} has {inputs} inputs, which cannot be {name}'s {len(stays)} channels.")
            read = stays.repeat_interleave(inputs // len(stays))
            cut[reader] &= read.reshape(1, -1, *[1] * (cut[reader].dim() - 2))
    return cut


def check_fits(masks: Mapping[str, Bool[Tensor, "..."]], form: Structure, names: Iterable[str]) -> None:
    """Refuse layers that cannot be cut into the groups of a form, all at once, with what would fit.

    Raises:
        RequestError: naming each layer, its size, and what divides it.
    """
    problems = []
    for name in names:
        rows, columns = as_rows(masks[name]).shape
        sides = [("inputs", "M", columns, form.second)]
        if form.kind == "block":
            sides = [("outputs", "R", rows, form.first), ("inputs", "C", columns, form.second)]
        for what, letter, size, part in sides:
            if size % part:
                fitting = ", ".join(map(str, _divisors(size, least=2 if form.kind == "n:m" else 1)))
                problems.append(
                    f"structure {form.name!r} does not fit {name} {tuple(masks[name].shape)}: its {size} {what} are no "
                    f"multiple of {part}. What would fit as {letter}: {fitting}. Or leave this layer whole: "
                    f"layer_fractions={{{name!r}: 0}}."
                )
    if problems:
        raise RequestError(*problems)


def check_finite(scores: Float[Tensor, "..."]) -> None:
    """Refuse scores that are no numbers.

    Raises:
        WorkError: what was scored has diverged.
    """
    if not bool(torch.isfinite(scores).all()):
        raise WorkError("a pruning score is not a finite number; the network that was scored has diverged.")


def _signed_squares(scores: Tensor, exists: Tensor) -> Tensor:
    found = scores.where(exists, 0.0).double()
    return found * found.abs()


def _tiled(rows: Tensor, form: Structure) -> Tensor:
    return rows.reshape(len(rows) // form.first, form.first, rows.shape[1] // form.second, form.second)


def _divisors(size: int, least: int) -> list[int]:
    """The smallest few, and the whole."""
    found = [part for part in range(least, size + 1) if size % part == 0]
    return found if len(found) <= 9 else [*found[:8], size]
