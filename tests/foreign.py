"""Modules as users write them, named "foreign:function" in the tests: normed, noisy, shared, frozen."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor, nn


def conv_batchnorm(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Convolution, batch norm, and a linear output; names that do not sort in the order of the layers."""
    height, width = shape[1:]
    return nn.Sequential(
        *(nn.Conv2d(shape[0], 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(4 * (height // 2) * (width // 2), classes)),
    )


def dropout(shape: tuple[int, ...], classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Dropout(0.4), nn.Linear(24, classes))


def perceptron(shape: tuple[int, ...], classes: int, width: int = 11) -> nn.Module:
    """What the written-out step fits, although it is code of one's own."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, classes))


class Odd(nn.Module):
    """All that people do: a shared weight, a frozen one, statistics by new tensors, noise of every generator."""

    seen: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Linear(64, 16)
        self.body = nn.Linear(16, 16)
        self.again = nn.Linear(16, 16, bias=False)
        self.again.weight = self.body.weight
        self.fixed = nn.Linear(16, 16)
        self.fixed.requires_grad_(False)
        self.answer = nn.Linear(16, classes)
        self.register_buffer("seen", torch.zeros(16))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.stem(x.flatten(1)))
        if self.training:
            self.seen = 0.9 * self.seen + 0.1 * h.detach().mean(0)
        h = torch.tanh(self.body(h - 0.1 * self.seen)) + self.fixed(h)
        h = torch.relu(self.again(h))
        drawn = np.random.rand() + random.random() + float(torch.rand(()))
        result: Tensor = self.answer(h) * (1.0 + 0.1 * drawn)
        return result


class Ones(nn.Module):
    """No layer that could be pruned."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.ones(classes))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).sum(1, keepdim=True) * self.bias


def ones(classes: int) -> nn.Module:
    return Ones(classes)


def odd(classes: int) -> nn.Module:
    return Odd(classes)


def deep(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Layers whose names sort in another order than they come."""
    layers = nn.Sequential()
    layers.add_module("flat", nn.Flatten())
    layers.add_module("stem", nn.Linear(64, 12))
    layers.add_module("act", nn.ReLU())
    layers.add_module("head", nn.Linear(12, classes))
    return layers


def hooked(classes: int) -> nn.Module:
    """A chain of layers with a hook, which the written-out step would not see."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, classes))
    module[1].register_forward_hook(lambda _layer, _given, out: 2 * out)
    return module


def frozen(classes: int) -> nn.Module:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, classes))
    module[1].requires_grad_(False)
    return module


def wrong_outputs(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes + 1))


def wrong_inputs(classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(63, classes))


def no_module(classes: int) -> int:
    return classes


def refuses(classes: int) -> nn.Module:
    raise ValueError("no such network")


number = 7


def thirds(shape: tuple[int, ...], stream: object) -> np.ndarray:
    """An initialiser of one's own."""
    return np.full(shape, 1 / 3)


def flat_init(shape: tuple[int, ...], stream: object) -> np.ndarray:
    return np.ones(int(np.prod(shape)))


def endless_init(shape: tuple[int, ...], stream: object) -> np.ndarray:
    return np.full(shape, np.inf)


def noisy_init(shape: tuple[int, ...], stream: object) -> Tensor:
    return torch.rand(shape)


def noisy_score(weights: dict[str, Tensor], masks: dict[str, Tensor]) -> dict[str, Tensor]:
    """A score that draws from the global generator and spoils the weights that it is shown."""
    scores = {name: torch.rand(value.shape) for name, value in weights.items()}
    for value in weights.values():
        value.fill_(7.0)
    return scores


def flat_score(weights: dict[str, Tensor], masks: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.abs().reshape(-1) for name, value in weights.items()}


def broken_score(weights: dict[str, Tensor], masks: dict[str, Tensor]) -> dict[str, Tensor]:
    raise IndexError("out of weights")


def drawn_measure(module: nn.Module, data: object, split: str) -> float:
    """A measure that draws from every global generator."""
    return float(torch.rand(())) + float(np.random.rand()) + random.random()


def worded_measure(module: nn.Module, data: object, split: str) -> str:
    return "high"


def broken_measure(module: nn.Module, data: object, split: str) -> float:
    raise KeyError("no such thing")


def small_measure(module: nn.Module, data: object, split: str) -> np.float32:
    return np.float32(0.5)


def says_something(weights: dict[str, Tensor]) -> str | None:
    return f"{len(weights)} tensors were seen"


def says_nothing(weights: dict[str, Tensor]) -> str | None:
    return None


def hinge(outputs: Tensor, y: Tensor) -> Tensor:
    """A loss of one's own: the multi-class hinge."""
    return nn.functional.multi_margin_loss(outputs, y)


def upper(module: nn.Module) -> dict[str, Tensor]:
    """Train every second row of each weight, and all biases."""
    return {
        name: torch.arange(len(value)).remainder(2).bool().reshape(-1, *[1] * (value.dim() - 1)).expand(value.shape)
        if value.dim() > 1
        else torch.ones_like(value, dtype=torch.bool)
        for name, value in module.named_parameters()
    }


def momentum(tensors: list[Tensor], lr: float) -> torch.optim.Optimizer:
    """PyTorch's own, the biases in a group of their own."""
    groups = [[value for value in tensors if (value.dim() > 1) is wide] for wide in (True, False)]
    return torch.optim.SGD([{"params": group} for group in groups], lr=lr, momentum=0.9)


class Drawing(torch.optim.Optimizer):
    """All that an optimiser may do: it draws, counts in numbers of Python's, and remembers small tensors."""

    def __init__(self, tensors: list[Tensor], lr: float, decay: float) -> None:
        super().__init__(tensors, {"lr": lr, "decay": decay})
        self.begun = sum(float(tensor.detach().abs().sum()) for tensor in tensors)

    @torch.no_grad()
    def step(self, closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for tensor in group["params"]:
                kept = self.state[tensor]
                kept["seen"] = kept.get("seen", 0) + 1
                kept["scale"] = 0.9 * kept.get("scale", 0.1) + 0.1 * float(tensor.grad.norm())
                kept["largest"] = torch.maximum(kept.get("largest", torch.zeros(())), tensor.grad.abs().max())
                kept["none"] = None
                noise = torch.rand(()) * np.random.rand() * random.random()
                slope = tensor.grad + group["decay"] * tensor + 0.01 * noise
                tensor.sub_(group["lr"] * slope / (kept["scale"] + kept["largest"] + 1.0 / kept["seen"]))


def drawing(tensors: list[Tensor], lr: float, decay: float) -> torch.optim.Optimizer:
    return Drawing(tensors, lr, decay)


def no_optimiser(tensors: list[Tensor], lr: float) -> dict[str, float]:
    return {"lr": lr}


def optimiser_of_copies(tensors: list[Tensor], lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([tensor.clone() for tensor in tensors], lr=lr)


def needy_optimiser(tensors: list[Tensor], lr: float, power: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(tensors, lr=lr)


class Failing(torch.optim.SGD):
    def step(self, closure: object = None) -> None:  # type: ignore[override]
        raise ZeroDivisionError("no step today")


def failing_optimiser(tensors: list[Tensor], lr: float) -> torch.optim.Optimizer:
    return Failing(tensors, lr=lr)


class Wordy(torch.optim.SGD):
    def step(self, closure: object = None) -> None:  # type: ignore[override]
        self.state[self.param_groups[0]["params"][0]]["said"] = "a word"


def wordy_optimiser(tensors: list[Tensor], lr: float) -> torch.optim.Optimizer:
    return Wordy(tensors, lr=lr)


SEEN: list[tuple[tuple[int, ...], float]] = []


def looking_optimiser(tensors: list[Tensor], lr: float) -> torch.optim.Optimizer:
    """Notes what it is given when it is made."""
    SEEN.extend((tuple(tensor.shape), float(tensor.detach().abs().sum())) for tensor in tensors)
    return torch.optim.SGD(tensors, lr=lr)
