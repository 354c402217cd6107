"""What can be measured: functions of a module and of data, or of what a training recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.data.tensors import Tensors

AT_ONCE = 1000


def examples(data: Tensors, split: str) -> tuple[Float[Tensor, "row *shape"], Int[Tensor, " row"]]:
    """The examples of a split: "train", "validation" or "test"."""
    if split == "test":
        return data.x_test, data.y_test
    index = data.train_index if split == "train" else data.validation_index
    return data.x_train[index], data.y_train[index]


@torch.no_grad()
def logits(module: nn.Module, x: Float[Tensor, "row *shape"]) -> Float[Tensor, "row class"]:
    """A module's outputs in evaluation mode, some rows at a time."""
    module.eval()
    return torch.cat([module(part) for part in torch.split(x, AT_ONCE)])


def accuracy(module: nn.Module, data: Tensors, split: str) -> float:
    """Per cent of a split that is classified rightly."""
    x, y = examples(data, split)
    return 100.0 * int((logits(module, x).argmax(-1) == y).sum()) / len(y)


def loss(module: nn.Module, data: Tensors, split: str) -> float:
    """Mean cross-entropy on a split, in nats."""
    x, y = examples(data, split)
    return float(nn.functional.cross_entropy(logits(module, x).double(), y))


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
