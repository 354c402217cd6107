"""Zeros: in weights, in activations, in gradients; and units that never fire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from whether.data.tensors import Tensors
from whether.errors import RequestError, unknown
from whether.probe import layers
from whether.probe.measures import AT_ONCE, evaluating, examples
from whether.tasks.kinds import Classification
from whether.tasks.task import Task

RELU = (torch.ops.aten.relu.default, torch.ops.aten.relu_.default)


def weight_sparsity(
    module: nn.Module,
    data: Tensors,  # noqa: ARG001
    split: str | None,  # noqa: ARG001
    *,
    layer: str | None = None,
) -> float:
    """Per cent of the prunable weights that are exactly zero, of all layers or of one.

    Args:
        module: its weights are the network's.
        data, split: not asked.
        layer: a weight's or a layer's name, or "output".
    """
    return _zeros(list(layers.weights(module, layer).values()))


def gradient_sparsity(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    layer: str | None = None,
    masks: Mapping[str, Bool[Tensor, "..."]] | None = None,
    task: Task | None = None,
) -> float:
    """Per cent of the existing prunable weights whose gradient of the split's mean loss is exactly zero.

    In evaluation mode: norms use their running statistics, nothing is dropped.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        layer: a weight's or a layer's name, or "output".
        masks: where weights exist.
        task: whose loss; classification when None.
    """
    task = task or Classification()
    chosen = layers.weights(module, layer)
    x, y = examples(data, split)
    total = [torch.zeros_like(weight) for weight in chosen.values()]
    with evaluating(module), torch.enable_grad():
        for part, labels in zip(torch.split(x, AT_ONCE), torch.split(y, AT_ONCE), strict=True):
            loss = task.loss(module(part), labels) * (int(task.counted(labels)) / int(task.counted(y)))
            found = torch.autograd.grad(loss, list(chosen.values()), allow_unused=True)
            for place, gradient in enumerate(found):
                if gradient is not None:
                    total[place] += gradient
    there = [(masks or {}).get(name, torch.ones_like(weight, dtype=torch.bool)) for name, weight in chosen.items()]
    return _zeros([gradient[mask] for gradient, mask in zip(total, there, strict=True)])


def activation_sparsity(module: nn.Module, data: Tensors, split: str, *, layer: str | None = None) -> float:
    """Per cent of what ReLUs give, over all examples of a split, that is exactly zero.

    Args:
        module: its weights are the network's.
        data: the data set.
        split: "train", "validation" or "test".
        layer: of one ReLU, by its name in `Rectified`.

    Raises:
        RequestError: for a network that computes no ReLU, or no such one.
    """
    zeros, total = Counter[str](), Counter[str]()

    def count(name: str, output: Tensor) -> None:
        zeros[name] += int((output == 0).sum())
        total[name] += output.numel()

    watch(module, examples(data, split)[0], count)
    names = _of(total, layer)
    return 100.0 * sum(zeros[name] for name in names) / sum(total[name] for name in names)


def dead_units(module: nn.Module, data: Tensors, split: str, *, layer: str | None = None) -> float:
    """Per cent of the ReLU units that give zero on every example of a split. Arguments as in `activation_sparsity`.

    A unit is a feature of a linear layer's output (over all places of a sequence, whose features stand last), or a
    channel of an image (over all its places).
    """
    fired: dict[str, Tensor] = {}

    def note(name: str, output: Tensor) -> None:
        unit = -1 if output.ndim <= 3 else 1
        alive = (output != 0).transpose(unit, -1).flatten(0, -2).any(0)
        fired[name] = fired[name] | alive if name in fired else alive

    watch(module, examples(data, split)[0], note)
    units = torch.cat([fired[name] for name in _of(fired, layer)])
    return 100.0 * int((~units).sum()) / len(units)


@dataclass
class Rectified(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Tells every ReLU that is computed, whether by a layer or by a function.

    A ReLU is named after the innermost module that computes it: "2" for a layer of that name, "block" for a function
    called in the block's forward; the second one in the same module is "block#2".

    Attributes:
        told: called with name and output, which may be written over afterwards.
    """

    told: Callable[[str, Tensor], None]
    inside: list[str] = field(default_factory=lambda: [""])
    times: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in RELU:
            name = self.inside[-1]
            self.times[name] += 1
            self.told(name if self.times[name] == 1 else f"{name}#{self.times[name]}", output)
        return output


@torch.no_grad()
def watch(module: nn.Module, x: Tensor, told: Callable[[str, Tensor], None]) -> None:
    """Send examples through a module in evaluation mode and tell each ReLU's output, some rows at a time."""
    seen = Rectified(told)
    with evaluating(module), _inside(module, seen.inside):
        for part in torch.split(x, AT_ONCE):
            seen.times.clear()
            with seen:
                module(part)


@contextmanager
def _inside(module: nn.Module, names: list[str]) -> Iterator[None]:
    """Keep the names of the modules that are being computed, the innermost last."""

    def enter(name: str) -> Callable[..., None]:
        return lambda *_: names.append(name)

    def leave(*_: object) -> None:
        names.pop()

    handles = [part.register_forward_pre_hook(enter(name)) for name, part in module.named_modules()]
    handles += [part.register_forward_hook(leave) for part in module.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _of(found: Mapping[str, object], layer: str | None) -> list[str]:
    if not found:
        raise RequestError(
            "this network computes no ReLU, and other activations are never exactly zero for long; take a model with "
            "ReLU, or ask for weight_sparsity."
        )
    if layer is not None and layer not in found:
        raise unknown("ReLU", layer, found)
    return list(found) if layer is None else [layer]


def _zeros(tensors: Sequence[Tensor]) -> float:
    return 100.0 * sum(int((part == 0).sum()) for part in tensors) / max(1, sum(part.numel() for part in tensors))
