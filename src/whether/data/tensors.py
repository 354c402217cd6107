"""Data on a device: normalised inputs, labels, and the rows of each split."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from whether.data.cards import Card, Data
from whether.data.load import load
from whether.data.parquet import Progress
from whether.seeds import Seed, Stream

if TYPE_CHECKING:
    import numpy.typing as npt

_KEPT = 2
_ROWS_AT_ONCE = 1024
_held: OrderedDict[tuple[str, str], _Content] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False, kw_only=True)
class Tensors:
    """A data set on one device. Shared between callers: to be read, never to be changed.

    Attributes:
        card: the facts of the data set.
        x_train: inputs of all training rows, normalised; those held out for validation included.
        y_train: their labels, 0 to card.classes - 1.
        x_test, y_test: the test split.
        train_index: rows of x_train that training sees, ascending.
        validation_index: rows of x_train that are held out, ascending.
    """

    card: Card
    x_train: Float[Tensor, "row *shape"]
    y_train: Int[Tensor, "row"]
    x_test: Float[Tensor, "test_row *shape"]
    y_test: Int[Tensor, "test_row"]
    train_index: Int[Tensor, "train_row"]
    validation_index: Int[Tensor, "validation_row"]


@dataclass(frozen=True, eq=False)
class _Content:
    """What all splits of one data set share."""

    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor


def tensors(data: Data | str, device: torch.device | str = "cpu", *, progress: Progress | None = None) -> Tensors:
    """The tensors of `data` on `device`.

    Pixels of the last two data sets stay in memory, whatever splits they are asked for with.

    Args:
        data: the data set and its split.
        device: where the tensors are to be.
        progress: told (rows decoded, rows in all) if images have to be decoded.

    Raises:
        RequestError: from `load`, and for a split that the data set does not have.

    Example:
        >>> digits = tensors("digits")
        >>> digits.x_train.shape, len(digits.train_index), len(digits.validation_index)
        (torch.Size([1200, 1, 8, 8]), 900, 300)
    """
    data, target = Data.parse(data), torch.device(device)
    card, held_out = data.card, data.validation_count
    with _lock:
        content = _content(data.name, card, target, progress)
    if card.one_split:
        train = validation = np.arange(card.train_rows)
    else:
        train, validation = split(card.train_rows, held_out, data.split_seed)
    return Tensors(
        card=card,
        x_train=content.x_train,
        y_train=content.y_train,
        x_test=content.x_test,
        y_test=content.y_test,
        train_index=torch.from_numpy(train).to(target),
        validation_index=torch.from_numpy(validation).to(target),
    )


def split(rows: int, validation: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of `rows` rows are trained on and which are held out, both ascending.

    The held-out ones are the first of a permutation drawn from the seed's stream "split", so that a larger validation
    split contains every smaller one of the same seed.
    """
    order = Stream(Seed(seed), "split").permutation(rows)
    return np.sort(order[validation:]), np.sort(order[:validation])


def _content(name: str, card: Card, device: torch.device, progress: Progress | None) -> _Content:
    key = (card.digest, str(device))
    if key not in _held:
        arrays = load(name, card=card, progress=progress)
        x_train = _normalised(arrays.train_x, card).to(device)
        y_train = torch.from_numpy(arrays.train_y).to(device)
        if card.one_split:
            content = _Content(x_train, y_train, x_train, y_train)
        else:
            x_test = _normalised(arrays.test_x, card).to(device)
            content = _Content(x_train, y_train, x_test, torch.from_numpy(arrays.test_y).to(device))
        _held[key] = content
        while len(_held) > _KEPT:
            _held.popitem(last=False)
    _held.move_to_end(key)
    return _held[key]


def _normalised(pixels: npt.NDArray[np.uint8], card: Card) -> Tensor:
    """(pixels / peak - mean) / std per channel, as one product and one sum in float32.

    Both are rounded as IEEE 754 says, each in a pass of its own, so the bits are the same on every host. In blocks, so
    that a block is still in the processor's cache for the second pass.
    """
    std, mean = torch.tensor(card.std, dtype=torch.float64), torch.tensor(card.mean, dtype=torch.float64)
    wide = (-1, *(1 for _ in card.shape[1:]))
    scale = (1.0 / (card.peak * std)).float().reshape(wide)
    shift = (-mean / std).float().reshape(wide)
    source = torch.from_numpy(pixels)
    result = torch.empty(source.shape, dtype=torch.float32)
    for start in range(0, len(source), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        result[block].copy_(source[block]).mul_(scale).add_(shift)
    return result
