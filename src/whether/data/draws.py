"""Which images are turned over and by how much each is moved: what augmentation draws, without PyTorch.

All rows of an epoch are drawn at once, from the network's own stream. Row i is the one that stands at place i of the
epoch's order; so a network's draws are the same alone and in a pack, whatever the batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whether.errors import RequestError, unknown
from whether.seeds import Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_WORD = re.compile(r"(flip)|(crop|cutout)-([1-9]\d*)")
_FORMS = ("flip", "crop-4", "cutout-8")


def parse(words: Sequence[str], shape: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Augmentation as (kind, pixels), in the order in which it is done.

    Args:
        words: "flip" (left for right, with probability ½), "crop-<n>" (n black pixels around, then a random crop of the
            old size), "cutout-<n>" (a square of n pixels is blanked); each at most once.
        shape: of one example, (channels, height, width).

    Raises:
        RequestError: for a word that is none of these, one said twice, sizes that do not fit the images, and data that
            are no images.

    Example:
        >>> parse(("crop-4", "flip"), (3, 32, 32))
        (('crop', 4), ('flip', 0))
    """
    problems: list[RequestError] = []
    found: list[tuple[str, int]] = []
    for word in words:
        match = _WORD.fullmatch(word) if isinstance(word, str) else None
        if match is None:
            problems.append(unknown("augmentation", word, _FORMS, "Sizes are pixels, such as crop-2."))
            continue
        kind, size = match[1] or match[2], int(match[3] or 0)
        if kind in [other for other, _ in found]:
            problems.append(RequestError(f"augment={list(words)!r} says {kind} twice; say it once"))
        found.append((kind, size))
        if len(shape) == 3 and size > min(shape[1:]):
            problems.append(
                RequestError(
                    f"{word} is larger than images of {shape[1]} × {shape[2]} pixels; expected at most "
                    f"{kind}-{min(shape[1:])}"
                )
            )
    if found and len(shape) != 3:
        problems.append(
            RequestError(
                f"augment={list(words)!r} is of images, and an example has the shape {list(shape)}; leave it out"
            )
        )
    if problems:
        raise RequestError.join(problems)
    return tuple(found)


def draws(
    stream: Stream, rows: int, epoch: int, words: Sequence[str], shape: Sequence[int]
) -> dict[str, npt.NDArray[np.int64]]:
    """What is drawn for all rows of one epoch.

    Each kind has a stream of its own, named after the given one, so that adding a word leaves the draws of the others
    as they were.

    Args:
        stream: the network's own for augmentation.
        rows: in the epoch.
        epoch: counted from 0: the time of the stream.
        words: as `parse` takes them.
        shape: of one example, (channels, height, width).

    Returns:
        By kind, int64 [rows, 2]: "flip", (0 or 1, 0); "crop-<n>", how far down and right the crop begins in the padded
        image, 0 to 2n each; "cutout-<n>", the row and the column of the square's centre.

    Raises:
        RequestError: from `parse`.

    Example:
        >>> from whether.seeds import Seed
        >>> drawn = draws(Stream(Seed(1), "augment"), 5, 0, ("flip",), (1, 8, 8))
        >>> drawn["flip"].shape
        (5, 2)
    """
    import numpy as np

    found: dict[str, npt.NDArray[np.int64]] = {}
    for kind, size in parse(words, shape):
        uniform = stream_of(stream, kind).uniform(2 * rows, epoch).reshape(rows, 2)
        found[kind] = np.floor(uniform * np.array(choices(kind, size, shape))).astype(np.int64)
    return found


def stream_of(stream: Stream, kind: str) -> Stream:
    """The stream of one kind of draws, named after a network's own for augmentation."""
    return Stream(stream.seed, f"{stream.name}/{kind}")


def choices(kind: str, size: int, shape: Sequence[int]) -> tuple[int, int]:
    """How many values each of a kind's two draws can have, from 0 on.

    Example:
        >>> choices("crop", 4, (3, 32, 32))
        (9, 9)
    """
    if kind == "flip":
        return 2, 1
    return (2 * size + 1, 2 * size + 1) if kind == "crop" else (shape[1], shape[2])
