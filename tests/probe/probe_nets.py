"""Small networks and data sets that probes are tried on."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from cases import XOR
from whether.data.tensors import Tensors, tensors


def written(x: Tensor, y: Tensor) -> Tensors:
    """A data set of these rows: all of them in every split."""
    rows = torch.arange(len(y))
    return replace(
        tensors(XOR), x_train=x, y_train=y, x_test=x, y_test=y, train_index=rows, validation_index=rows.flip(0)
    )


def scattered(rows: int = 40, *, classes: int = 3, shape: tuple[int, ...] = (5,), seed: int = 1) -> Tensors:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, *shape, generator=generator)
    return written(x, torch.randint(classes, (rows,), generator=generator))


def fresh(module: nn.Module, seed: int = 1) -> nn.Module:
    """A module whose parameters follow from the seed."""
    generator = torch.Generator().manual_seed(seed)
    for value in module.parameters():
        value.data = torch.randn(value.shape, generator=generator) / max(1, value[0].numel()) ** 0.5
    return module


class Says(nn.Module):
    """Gives what is written into the examples."""

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training, "measures are taken in evaluation mode"
        return x


class Residual(nn.Module):
    """ReLUs of all kinds: a shared layer, functions, in place, and one in a block."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 6)
        self.act = nn.ReLU(inplace=True)
        self.second = nn.Linear(6, 6)
        self.out = nn.Linear(6, 3)
        self.seen: dict[str, list[Tensor]] = {}

    def _note(self, name: str, value: Tensor) -> Tensor:
        self.seen.setdefault(name, []).append(value.clone())
        return value

    def forward(self, x: Tensor) -> Tensor:
        h = self._note("act", self.act(self.first(x)))
        h = self._note("act#2", self.act(self.second(h))) + 1.0
        h = self._note("", torch.relu(h - 1.5))
        h = self._note("#2", nn.functional.relu(h - 0.1))
        result: Tensor = self.out(h)
        return result
