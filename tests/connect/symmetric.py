"""Modules whose hidden units can change places, and what of them moves: one table, walked by every property."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two convolutions with norms, and a shortcut of a 1 × 1 convolution with a norm where the width changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(w, after, 3, s, 1, bias=False) for w, s in ((before, stride), (after, 1)))
        self.one, self.two = nn.BatchNorm2d(after), nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.one(self.first(x)))
        out = self.two(self.second(out))
        out += self.shortcut(x)
        return F.relu(out, inplace=True)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.blocks = nn.Sequential(Block(6, 6, 1), Block(6, 8, 2), Block(8, 8, 1))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        return self.head(F.avg_pool2d(x, x.size(3)).view(x.size(0), -1))


class Gated(nn.Module):
    """Squeeze and excitation, a depthwise convolution, a scale for each channel, channels last and first."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding="same", padding_mode="reflect")
        self.deep = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.squeeze, self.excite = nn.Linear(6, 4), nn.Linear(4, 6)
        self.norm, self.scale = nn.LayerNorm(6), nn.Parameter(torch.ones(6, 1, 1))
        self.wide, self.narrow, self.prelu = nn.Linear(6, 9), nn.Linear(9, 6), nn.PReLU(6)
        self.out = nn.Linear(6 * 16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.prelu(self.stem(x))
        gate = torch.sigmoid(self.excite(torch.tanh(self.squeeze(x.mean((2, 3))))))
        x = x * gate.unsqueeze(-1).unsqueeze(-1)
        inner = self.norm(self.deep(x).permute(0, 2, 3, 1))
        inner = self.narrow(F.gelu(self.wide(inner))).permute(0, 3, 1, 2)
        x = x + self.scale * inner
        if x.dim() == 4 and x.shape[1] > 2:
            x = F.pad(x, (1, 1, 1, 1))
        return self.out(F.max_pool2d(x, 2).reshape(len(x), -1))


class Tied(nn.Module):
    """One layer that is called twice: what it reads and what it makes are the same units."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.again, self.after = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x).relu()
        return self.after(self.again(self.again(x).relu()).relu())


class Tokens(nn.Module):
    """A causal language model of one block, with attention of PyTorch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(7, 8), nn.Parameter(torch.zeros(5, 8))
        self.norm, self.attention = nn.LayerNorm(8), nn.Linear(8, 24)
        self.second = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8), nn.Dropout(0.1))
        self.head = nn.Linear(8, 7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.words(x) + self.places
        query, key, value = self.attention(self.norm(x)).unsqueeze(1).chunk(3, -1)
        x = x + F.scaled_dot_product_attention(query, key, value, is_causal=True).squeeze(1)
        return self.head(x + self.mlp(self.second(x)))


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 9), nn.Tanh(), nn.Linear(9, 4))


def conv() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.3),
        nn.Conv2d(6, 5, 2, bias=False), nn.GroupNorm(1, 5), nn.LeakyReLU(), nn.Flatten(),
        nn.BatchNorm1d(20), nn.Linear(20, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3),
    )  # fmt: skip


@dataclass(frozen=True)
class Symmetric:
    """A module, the shape of its examples, and how many units each of its groups has."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return self.name

    def module(self) -> nn.Module:
        return self.make().double().eval()

    def weights(self, seed: int) -> dict[str, Tensor]:
        """Weights that are all different, in float64."""
        generator = torch.Generator().manual_seed(seed)
        drawn = partial(torch.randn, generator=generator, dtype=torch.float64)
        state = {}
        module = self.module()
        for name, value in (*module.named_parameters(), *module.named_buffers()):
            fan = value[0].numel() if value.dim() > 1 else 4
            state[name] = drawn(value.shape) / fan**0.5 if value.is_floating_point() else torch.tensor(seed)
            if name.endswith("running_var"):
                state[name] = state[name].abs() + 0.5
        return state

    def examples(self, count: int, seed: int = 9) -> Tensor:
        return torch.randn(count, *self.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SYMMETRIC = [
    Symmetric("mlp", mlp, (3, 4), (16, 9)),
    Symmetric("conv", conv, (1, 8, 8), (6, 5, 8)),
    Symmetric("residual", Residual, (2, 8, 8), (6, 6, 8, 8, 8)),
    Symmetric("gated", Gated, (1, 6, 6), (6, 4, 9)),
    Symmetric("tied", Tied, (3,), (5,)),
]


def outputs(module: nn.Module, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.func.functional_call(module, weights, (x,))
