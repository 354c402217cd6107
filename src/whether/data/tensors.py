"""Data on a device: inputs, changed as a question says and normalised, labels, and the rows of each split."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from whether.data import alter
from whether.data.cards import Card, Data
from whether.data.facts import LANGUAGE
from whether.data.load import load
from whether.data.parquet import Progress
from whether.seeds import Seed, Stream

if TYPE_CHECKING:
    import numpy.typing as npt

_KEPT, _SPLITS_KEPT = 2, 8
_ROWS_AT_ONCE, _ALTERED_AT_ONCE = 1024, 64
_held: OrderedDict[tuple[object, ...], _Content] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False, kw_only=True)
class Tensors:
    """A data set on one device. Shared between callers: to be read, never to be changed.

    Attributes:
        card: the facts of the data set; `card.task` says what the labels are.
        x_train: inputs of all training rows, normalised, those held out for validation included; of a text its tokens,
            int64.
        y_train: their labels: classes from 0 to card.classes - 1 (int64); one for each position of a text, -100 where
            none is asked; float32 [row, 1] in a regression. Random labels stand here, in the rows of train_index.
        x_test, y_test: the test split.
        train_index: rows of x_train that training sees, ascending.
        validation_index: rows of x_train that are held out, ascending.
    """

    card: Card
    x_train: Shaped[Tensor, "row *shape"]
    y_train: Shaped[Tensor, "row *label"]
    x_test: Shaped[Tensor, "test_row *shape"]
    y_test: Shaped[Tensor, "test_row *label"]
    train_index: Int[Tensor, "train_row"]
    validation_index: Int[Tensor, "validation_row"]


@dataclass(frozen=True, eq=False)
class _Content:
    """What all splits of one data set share, and the last of these: drawing one of MNIST takes six milliseconds."""

    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    splits: OrderedDict[tuple[Data, Card], Tensors] = field(default_factory=OrderedDict)


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
    card, held_out, trained = data.card, data.validation_count, data.train_count
    data.check_fit(card)
    with _lock:
        content = _content(data, card, target, progress)
        if (data, card) not in content.splits:
            content.splits[data, card] = _split(content, data, card, held_out, trained)
            while len(content.splits) > _SPLITS_KEPT:
                content.splits.popitem(last=False)
        return content.splits[data, card]


def _split(content: _Content, data: Data, card: Card, held_out: int, trained: int) -> Tensors:
    target = content.x_train.device
    if card.one_split:
        train = validation = np.arange(card.train_rows)
    else:
        train, validation = split(card.train_rows, held_out, data.split_seed, kept=trained)
    return Tensors(
        card=card,
        x_train=content.x_train,
        y_train=_labels(content.y_train, data, card, train),
        x_test=content.x_test,
        y_test=content.y_test,
        train_index=torch.from_numpy(train).to(target),
        validation_index=torch.from_numpy(validation).to(target),
    )


def split(
    rows: int, validation: int, seed: int, *, kept: int | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of `rows` rows are trained on and which are held out, both ascending.

    The held-out ones are the first of a permutation drawn from the seed's stream "split", so that a larger validation
    split contains every smaller one of the same seed. The trained ones follow: all, or the first `kept`, so that beside
    one validation split a larger set to train on contains every smaller one.
    """
    order = Stream(Seed(seed), "split").permutation(rows)
    end = rows if kept is None else validation + kept
    return np.sort(order[validation:end]), np.sort(order[:validation])


def black(card: Card) -> Float[Tensor, " channel"]:
    """What a pixel of value 0 is in `Tensors`, by channel, to the bit."""
    return _scale(card)[1]


def _labels(labels: Tensor, data: Data, card: Card, rows: npt.NDArray[np.int64]) -> Tensor:
    if not data.random_labels:
        return labels
    plain = labels.cpu().numpy()
    given = alter.randomised(plain, rows, classes=card.classes, share=float(data.random_labels), seed=data.label_seed)
    return torch.from_numpy(given).to(labels.device)


def _content(data: Data, card: Card, device: torch.device, progress: Progress | None) -> _Content:
    key = (card.digest, str(device), float(data.blur), data.angle, data.permute_pixels)
    if key not in _held:
        arrays = load(data.name, card=card, columns=data.columns, progress=progress)
        x_train = _inputs(arrays.train_x, data, card).to(device)
        y_train = torch.from_numpy(arrays.train_y).to(device)
        if card.one_split:
            content = _Content(x_train, y_train, x_train, y_train)
        else:
            x_test = _inputs(arrays.test_x, data, card).to(device)
            content = _Content(x_train, y_train, x_test, torch.from_numpy(arrays.test_y).to(device))
        _held[key] = content
        while len(_held) > _KEPT:
            _held.popitem(last=False)
    _held.move_to_end(key)
    return _held[key]


def _inputs(stored: npt.NDArray[np.uint8], data: Data, card: Card) -> Tensor:
    """Inputs as they are learned from: (pixels / peak - mean) / std per channel, as one product and one sum in float32.

    Both are rounded as IEEE 754 says, each in a pass of its own, so the bits are the same on every host. In blocks, so
    that a block is still in the processor's cache for the second pass. A text's tokens stay as they are.
    """
    if card.task == LANGUAGE:
        return torch.from_numpy(stored.astype(np.int64))
    scale, shift = (values.reshape(-1, *(1 for _ in card.shape[1:])) for values in _scale(card))
    result = torch.empty(stored.shape, dtype=torch.float32)
    rows = _ALTERED_AT_ONCE if data.changes_images else _ROWS_AT_ONCE
    for start in range(0, len(stored), rows):
        block = slice(start, start + rows)
        result[block].copy_(torch.from_numpy(_changed(stored[block], data))).mul_(scale).add_(shift)
    return result


def _changed(stored: npt.NDArray[np.uint8], data: Data) -> npt.NDArray[np.uint8] | npt.NDArray[np.float32]:
    if not data.changes_images:
        return stored
    images = alter.rotated(alter.blurred(stored.astype(np.float32), float(data.blur)), data.angle)
    return alter.permuted(images) if data.permute_pixels else images


def _scale(card: Card) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
    """What a stored value is multiplied by, and what is added then."""
    std, mean = torch.tensor(card.std, dtype=torch.float64), torch.tensor(card.mean, dtype=torch.float64)
    return (1.0 / (card.peak * std)).float(), (-mean / std).float()
