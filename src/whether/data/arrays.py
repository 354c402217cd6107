"""A data set's content in memory, the one order its bytes have, and the digest of these bytes.

The same bytes in the same order are what the package ships, what the cache keeps, and what a card's digest is taken of:
training inputs, training labels, test inputs, test labels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from whether.data.facts import REGRESSION, Card

if TYPE_CHECKING:
    import numpy.typing as npt

    Labels = npt.NDArray[np.int64] | npt.NDArray[np.float32]

_CLASS, _NUMBER = np.dtype("<i8"), np.dtype("<f4")
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrays:
    """Inputs as uint8 [rows, *shape] and labels of both splits, in the order of their files.

    Inputs are pixels, or the tokens of a text. Labels are int64, [rows] or, for a text, [rows, positions] with -100
    where nothing is to be told; in a regression they are float32 [rows, 1].
    """

    train_x: npt.NDArray[np.uint8]
    train_y: Labels
    test_x: npt.NDArray[np.uint8]
    test_y: Labels

    def parts(self) -> tuple[memoryview, ...]:
        """The content as bytes, in four parts that follow one another; pixels are not copied."""
        return tuple(
            np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
            for x, y in ((self.train_x, self.train_y), (self.test_x, self.test_y))
            for part in (x, y.astype(_NUMBER if y.dtype.kind == "f" else _CLASS, copy=False))
        )

    def digest(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits: what a card calls `digest`."""
        running = hashlib.sha256()
        for part in self.parts():
            running.update(part)
        return running.hexdigest()


def unpack(card: Card, content: npt.NDArray[np.uint8]) -> Arrays | None:
    """The arrays that `content` holds if it is what the card says, to the bit; else None.

    Pixels are views of `content`; labels are copied, since they may stand at an odd address there.
    """
    stored = _NUMBER if card.task == REGRESSION else _CLASS
    a_label = stored.itemsize * prod(card.label_shape)
    if content.size != (card.train_rows + card.test_rows) * (card.features + a_label):
        return None
    if hashlib.sha256(content.data).hexdigest() != card.digest:
        return None
    taken = 0

    def take(count: int) -> npt.NDArray[np.uint8]:
        nonlocal taken
        taken += count
        return content[taken - count : taken]

    def split(rows: int) -> tuple[npt.NDArray[np.uint8], Labels]:
        pixels = take(rows * card.features).reshape(rows, *card.shape)
        labels = np.frombuffer(take(rows * a_label).tobytes(), stored).reshape(rows, *card.label_shape)
        return pixels, labels.astype(np.float32) if stored is _NUMBER else labels.astype(np.int64)

    train_x, train_y = split(card.train_rows)
    test_x, test_y = split(card.test_rows)
    return Arrays(train_x=train_x, train_y=train_y, test_x=test_x, test_y=test_y)


def describe(name: str, arrays: Arrays) -> Card:
    """A card for images and classes that come without one.

    A tenth of the training rows is validation. Mean and standard deviation are those of all training pixels of a
    channel, from exact counts and to four digits, so that they are the same on every machine.
    """
    mean, std = zip(*(_moments(arrays.train_x[:, channel]) for channel in range(arrays.train_x.shape[1])), strict=True)
    return Card(
        name=name,
        train_rows=len(arrays.train_x),
        test_rows=len(arrays.test_x),
        shape=arrays.train_x.shape[1:],
        classes=int(max(arrays.train_y.max(), arrays.test_y.max())) + 1,
        validation=len(arrays.train_x) // 10,
        mean=mean,
        std=std,
        digest=arrays.digest(),
        source="folder",
        licence="not stated",
        citation="not stated",
    )


def _moments(pixels: npt.NDArray[np.uint8]) -> tuple[float, float]:
    counts = np.zeros(256, np.int64)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        counts += np.bincount(pixels[start : start + _ROWS_AT_ONCE].reshape(-1), minlength=256)
    values = [(value, int(count)) for value, count in enumerate(counts)]
    total = sum(count for _, count in values)
    first = sum(value * count for value, count in values)
    second = sum(value * value * count for value, count in values)
    # Integers up to the last step: a sum of floats would depend on the order of adding.
    variance = (total * second - first * first) / (total * total)
    return round(first / (255 * total), 4), round(variance**0.5 / 255, 4) or 1.0
