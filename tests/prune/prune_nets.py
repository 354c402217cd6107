"""Small modules and data for the tests of pruning, made from seeds of their own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Named = dict[str, Tensor]


def net(kind: str, seed: int = 1, dtype: torch.dtype = torch.float64) -> nn.Module:
    """One of KINDS, with weights that are drawn anew."""
    module = KINDS[kind]().to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator, dtype=torch.float64) * 0.5)
    return module.train()


def plain() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.Tanh(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def normed() -> nn.Module:
    conv = nn.Conv2d(1, 3, 3, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3))


class Tied(nn.Module):
    """A weight that two layers share, a frozen layer, and one that is never asked."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(16, 4)
        self.body = nn.Linear(4, 4, bias=False)
        self.again = nn.Linear(4, 4, bias=False)
        self.again.weight = self.body.weight
        self.fixed = nn.Linear(4, 4).requires_grad_(False)
        self.idle = nn.Linear(4, 4)
        self.answer = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.body(torch.tanh(self.stem(x.flatten(1)))))
        result: Tensor = self.answer(torch.tanh(self.again(h)) + self.fixed(h))
        return result


KINDS = {"plain": plain, "normed": normed, "tied": Tied}


def examples(dtype: torch.dtype = torch.float64, count: int = 7) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(count, 1, 4, 4, generator=generator, dtype=torch.float64)
    return x.to(dtype), torch.arange(count) % 3


def entropy(out: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(out, y)


def scattered(shapes: dict[str, tuple[int, ...]], seed: int = 1) -> Named:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def everything(shapes: dict[str, tuple[int, ...]]) -> Named:
    return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}


def raw(tensors: Mapping[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Tensors as bytes, to compare bit by bit."""
    return {
        name: (str(value.dtype), tuple(value.shape), value.detach().contiguous().numpy().tobytes())
        for name, value in tensors.items()
    }
