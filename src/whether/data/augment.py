"""Augmentation on the device, for all networks of a pack at once: what `draws` drew is applied.

`stacked` or `drawn_there` once an epoch, `apply` once a step; nothing is drawn in between, and nothing waits for a GPU.
`plain` is the same one image after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from whether.data import philox
from whether.data.draws import choices, draws, parse, stream_of
from whether.seeds import Stream

__all__ = ["apply", "drawn_there", "draws", "parse", "plain", "stacked"]

Drawn = Mapping[str, Int[Tensor, "*replica row 2"]]


def stacked(
    streams: Sequence[Stream],
    rows: int,
    epoch: int,
    *,
    words: Sequence[str],
    shape: Sequence[int],
    device: torch.device | str = "cpu",
) -> dict[str, Int[Tensor, "replica row 2"]]:
    """The draws of an epoch for every network of a pack, on the device.

    Args:
        streams: one a network, its own for augmentation.
        rows: in the epoch, the same for all.
        epoch: counted from 0.
        words: as `parse` takes them.
        shape: of one example, (channels, height, width).
        device: where they are wanted.
    """
    drawn = [draws(stream, rows, epoch, words, shape) for stream in streams]
    return {kind: torch.from_numpy(np.stack([one[kind] for one in drawn])).to(device) for kind in drawn[0]}


def drawn_there(
    streams: Sequence[Stream],
    rows: int,
    epoch: int,
    *,
    words: Sequence[str],
    shape: Sequence[int],
    device: torch.device | str,
) -> dict[str, Int[Tensor, "replica row 2"]]:
    """What `stacked` gives, to the bit, drawn on the device itself: for many networks on a GPU."""
    found = {}
    for kind, size in parse(words, shape):
        own = [stream_of(stream, kind) for stream in streams]
        values = torch.empty(len(own), rows, 2, dtype=torch.int64, device=device)
        for part in philox.parts(len(own), 2 * rows):
            uniform = philox.uniform(own[part], 2 * rows, epoch, device).view(-1, rows, 2)
            for axis, most in enumerate(choices(kind, size, shape)):
                values[part, :, axis] = (uniform[..., axis] * most).floor().long()
        found[kind] = values
    return found


def apply(
    x: Float[Tensor, "*replica batch channel height width"],
    drawn: Drawn,
    words: Sequence[str],
    black: Float[Tensor, " channel"],
) -> Float[Tensor, "*replica batch channel height width"]:
    """Augmented images, in the order of the words.

    A crop is taken from an image with black around it, that is the pixel value 0 *before* normalisation, as He et al.
    (2015) and torchvision's transforms of stored images do it. What is cut out becomes 0 *after* normalisation, the
    mean, as DeVries and Taylor (2017) do it; their square has an even side, here any, and is cut at the image's edge.

    Args:
        x: normalised images, [replica, batch, …] or [batch, …].
        drawn: by kind, for exactly these images: [replica, batch, 2] or [batch, 2] of `stacked` or `draws`.
        words: as `parse` takes them.
        black: what a pixel of value 0 is after normalisation (`whether.data.tensors.black`), on the device of x.

    Returns:
        New images of the same shape; x stays as it is.

    Raises:
        RequestError: from `parse`.

    Example:
        >>> row = torch.arange(3.0).reshape(1, 1, 1, 3)
        >>> apply(row, {"flip": torch.tensor([[1, 0]])}, ["flip"], torch.zeros(1)).tolist()
        [[[[2.0, 1.0, 0.0]]]]
    """
    steps = parse(words, x.shape[-3:])
    images = x.flatten(0, -4)
    for kind, size in steps:
        values = drawn[kind].reshape(-1, 2)
        if kind == "flip":
            images = torch.where(values[:, 0].bool().view(-1, 1, 1, 1), images.flip(-1), images)
        elif kind == "crop":
            images = _cropped(images, values, size, black)
        else:
            images = _cut_out(images, values, size)
    return images.reshape(x.shape)


def plain(
    x: Float[Tensor, "*replica batch channel height width"],
    drawn: Drawn,
    words: Sequence[str],
    black: Float[Tensor, " channel"],
) -> Float[Tensor, "*replica batch channel height width"]:
    """What `apply` gives, one image after the other: slower, and the same bits."""
    images = [image.clone() for image in x.flatten(0, -4)]
    height, width = x.shape[-2:]
    for kind, size in parse(words, x.shape[-3:]):
        for place, (first, second) in enumerate(drawn[kind].reshape(-1, 2).tolist()):
            image = images[place]
            if kind == "flip" and first:
                images[place] = image.flip(-1)
            elif kind == "crop":
                around = black.view(-1, 1, 1).repeat(1, height + 2 * size, width + 2 * size)
                around[:, size : size + height, size : size + width] = image
                images[place] = around[:, first : first + height, second : second + width]
            elif kind == "cutout":
                top, left = first - size // 2, second - size // 2
                image[:, max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)] = 0.0
    return torch.stack(images).reshape(x.shape)


def _cropped(images: Tensor, begins: Tensor, size: int, black: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    wide = black.view(1, -1, 1, 1).expand(count, channels, height + 2 * size, width + 2 * size).clone()
    wide[:, :, size : size + height, size : size + width] = images
    # All crops of all images as a view, of which one is taken for each image.
    crops = wide.unfold(2, height, 1).unfold(3, width, 1)
    return crops[torch.arange(count, device=images.device), :, begins[:, 0], begins[:, 1]]


def _cut_out(images: Tensor, centres: Tensor, size: int) -> Tensor:
    inside = []
    for axis, place in ((2, 0), (3, 1)):
        offset = torch.arange(images.shape[axis], device=images.device) - (centres[:, place, None] - size // 2)
        inside.append((offset >= 0) & (offset < size))
    hidden = inside[0][:, :, None] & inside[1][:, None, :]
    return images.masked_fill(hidden[:, None], 0.0)
