"""What can be measured: functions of a module and of data, or of what a training recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import RequestError
from whether.tasks.kinds import Classification
from whether.tasks.task import Task

AT_ONCE = 1000
IN_CACHE = 125  # rows a pass: more, and activations of convolutions no longer fit the cache


def examples(data: Tensors, split: str) -> tuple[Shaped[Tensor, "row *shape"], Shaped[Tensor, "row *label"]]:
    """The examples of a split: "train", "validation" or "test"."""
    if split == "test":
        return data.x_test, data.y_test
    index = data.train_index if split == "train" else data.validation_index
    return data.x_train[index], data.y_train[index]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """A module in evaluation mode, and each of its parts as it was afterwards."""
    before = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


@torch.no_grad()
def logits(module: nn.Module, x: Shaped[Tensor, "row *shape"]) -> Shaped[Tensor, "row *out"]:
    """A module's outputs in evaluation mode, some rows at a time."""
    with evaluating(module):
        return torch.cat([module(part) for part in torch.split(x, IN_CACHE)])


def accuracy(module: nn.Module, data: Tensors, split: str, *, task: Task | None = None) -> float:
    """Per cent of a split's predictions that are right.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        task: what is a prediction, and right; classification when None.

    Raises:
        RequestError: for regression, where nothing is right or wrong.
    """
    task = task or Classification()
    if task.name == "regression":
        raise RequestError(
            "accuracy counts what is right, and in regression nothing is right or wrong; ask for the loss."
        )
    x, y = examples(data, split)
    if task.name == "classification":
        return 100.0 * int((logits(module, x).argmax(-1) == y).sum()) / len(y)
    parts = zip(torch.split(x, AT_ONCE), torch.split(y, AT_ONCE), strict=True)
    right = sum(int(task.right(logits(module, part), labels)) for part, labels in parts)
    return 100.0 * right / int(task.counted(y))


def loss(module: nn.Module, data: Tensors, split: str, *, task: Task | None = None) -> float:
    """Mean loss over a split's predictions, by default cross-entropy in nats. Arguments as in `accuracy`.

    A loss of one's own is the mean over parts of 1,000 examples, weighed by their examples.
    """
    x, y = examples(data, split)
    task = task or Classification()
    if task.name == "classification":
        return float(nn.functional.cross_entropy(logits(module, x).double(), y))
    total = 0.0
    for part, labels in zip(torch.split(x, AT_ONCE), torch.split(y, AT_ONCE), strict=True):
        with torch.no_grad():
            total += float(task.loss(logits(module, part), labels)) * int(task.counted(labels))
    return total / int(task.counted(y))


def solved(module: nn.Module, data: Tensors, split: str) -> float:
    """100 when every example of a split is classified rightly, else 0."""
    return 100.0 if accuracy(module, data, split) == 100.0 else 0.0


@dataclass(frozen=True)
class EarlyStop:
    """The step of the lowest validation loss on the recorded grid.

    Attributes:
        step: of the minimum, the first one where it is met twice.
        after, before: the neighbours on the grid: a finer grid could have found a minimum anywhere between them.
        censored: the minimum is the last point: training on may have found a lower one.
    """

    step: int
    after: int
    before: int
    censored: bool


def early_stop(steps: Sequence[int], losses: Sequence[float | None]) -> EarlyStop | None:
    """Where to stop by the validation loss (Frankle & Carbin, 2019), None when none was recorded.

    Example:
        >>> early_stop([0, 100, 200, 300], [2.3, 0.4, 0.3, 0.5])
        EarlyStop(step=200, after=100, before=300, censored=False)
    """
    known = [(value, place) for place, value in enumerate(losses) if value is not None]
    if not known:
        return None
    _, best = min(known)
    last = len(steps) - 1
    return EarlyStop(steps[best], steps[max(0, best - 1)], steps[min(last, best + 1)], best == last)
