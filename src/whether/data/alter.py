"""What a question may do to data before anything learns from it: blur, turn and permute images, replace labels.

Plain sums in a fixed order, so that the bits are the same on every machine and for every number of threads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from whether.seeds import Seed, Stream

if TYPE_CHECKING:
    import numpy.typing as npt

    Images = npt.NDArray[np.float32]

_REACH = 4  # standard deviations after which a Gaussian is cut


def blurred(images: Images, sigma: float) -> Images:
    """Images under a Gaussian blur, cut at four standard deviations, the edges mirrored.

    Args:
        images: float32 [row, channel, height, width].
        sigma: standard deviation in pixels; 0 leaves them as they are.

    Example:
        >>> dot = np.zeros((1, 1, 1, 3), np.float32); dot[..., 1] = 1
        >>> (1000 * blurred(dot, 0.5)).round().tolist()
        [[[[107.0, 787.0, 107.0]]]]
    """
    if not sigma:
        return images
    reach = int(_REACH * sigma + 0.5)
    weights = [math.exp(-0.5 * (offset / sigma) ** 2) for offset in range(-reach, reach + 1)]
    weights = [weight / sum(weights) for weight in weights]
    for axis in (2, 3):
        size = images.shape[axis]
        around = [(reach, reach) if each == axis else (0, 0) for each in range(4)]
        wide = np.moveaxis(np.pad(images, around, mode="symmetric"), axis, 0)  # … 1 0 | 0 1 … n-1 | n-1 n-2 …
        total = np.zeros_like(wide[:size])
        for begin, weight in enumerate(weights):
            total += np.float32(weight) * wide[begin : begin + size]
        images = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(images)


def rotated(images: Images, degrees: float) -> Images:
    """Images turned counter-clockwise about their centre; multiples of 90 are exact, others bilinear.

    Args:
        images: float32 [row, channel, height, width].
        degrees: from 0; what comes from outside an image is 0, which is black.

    Example:
        >>> rotated(np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2), 90).tolist()
        [[[[1.0, 3.0], [0.0, 2.0]]]]
    """
    quarters, rest = divmod(degrees, 90.0)
    if not rest:
        return np.ascontiguousarray(np.rot90(images, int(quarters), (2, 3)))
    height, width = images.shape[2:]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    down, right = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width)[None] - (width - 1) / 2
    from_down = cos * down + sin * right + (height - 1) / 2
    from_right = cos * right - sin * down + (width - 1) / 2
    above, left = np.floor(from_down).astype(np.int64), np.floor(from_right).astype(np.int64)
    flat = images.reshape(*images.shape[:2], -1)
    total = np.zeros_like(images)
    for i in (0, 1):
        for j in (0, 1):
            row, column = above + i, left + j
            weight = (1 - np.abs(from_down - row)) * (1 - np.abs(from_right - column))
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            taken = np.take(flat, row.clip(0, height - 1) * width + column.clip(0, width - 1), axis=2)
            total += (weight * inside).astype(np.float32) * taken
    return total


def permuted(images: Images) -> Images:
    """Images with their pixels in one order, drawn once for each height and width; channels stay together."""
    height, width = images.shape[2:]
    order = Stream(Seed(0), f"pixels/{height}×{width}").permutation(height * width)
    flat = images.reshape(*images.shape[:2], -1)
    return np.ascontiguousarray(flat[:, :, order]).reshape(images.shape)


def randomised(
    labels: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], *, classes: int, share: float, seed: int
) -> npt.NDArray[np.int64]:
    """A copy of labels in which each of some rows has, with a chance of `share`, a label drawn evenly from all classes.

    A row's draws are its own: they depend on neither the other rows nor the share, so that a larger share replaces
    whatever a smaller one does. The drawn label may be the true one: of a share s, s/classes stay right on average.

    Args:
        labels: int64 [row], 0 to classes - 1.
        rows: where labels may be replaced.
        classes: how many there are.
        share: 0 to 1.
        seed: draws.

    Source: Zhang et al., "Understanding deep learning requires rethinking generalization" (2017), partially corrupted
    labels.
    """
    root = Seed(seed)
    replaced = Stream(root, "random labels/which").uniform(len(labels)) < share
    drawn = np.floor(classes * Stream(root, "random labels/what").uniform(len(labels))).astype(np.int64)
    result = labels.copy()
    result[rows] = np.where(replaced, drawn, labels)[rows]
    return result
