"""Which layers of a module are computed in compressed rows: those that can be, and where that is faster.

Whether a layer can be is found out by trying, as for foreign modules on a GPU (`stacked.py`): a copy of the module with
sparse layers has to give the outputs and the gradients of one whose weights are masked, and nobody may have looked at a
weight beside the layer itself. Whether it is faster follows from the layer's own mask, its size, and what goes through
it: so a network's bits do not depend on its company.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from whether.errors import CODE_RAISES
from whether.models.alone import alone
from whether.train.profile import Settings
from whether.train.sparse_conv import SparseConv2d, fits
from whether.train.sparse_linear import SparseLinear, rows_at_once
from whether.train.sparse_modules import become, owner
from whether.train.sparse_weights import Compressed, Kept

TOLERANCE = 1e-3
"""How far numbers of a trial may lie from those of masked weights: ‖difference‖ / ‖numbers‖."""

ROUNDING = 1e-5
"""How far apart numbers may lie that are zero but for rounding: a part of the longest of all gradients."""

EXAMPLES = 8
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_tried: WeakKeyDictionary[nn.Module, dict[tuple[object, ...], Mapping[str, Use]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Use:
    """How a module uses a weight.

    Attributes:
        shape: of the weight as a matrix.
        rows: that an example sends through it; positions of the output for a convolution.
        width: of a convolution's output; 0 for a linear layer.
    """

    shape: tuple[int, int]
    rows: float
    width: int = 0


def faster(settings: Settings, use: Use, left: int, batch: int) -> bool:
    """Whether a layer is faster in compressed rows than with every weight, by what was measured.

    Args:
        settings: of the profile.
        use: of the weight.
        left: how many weights there are.
        batch: examples in a step.

    Example:
        >>> from whether.train.profile import SHIPPED
        >>> wide = Use((256, 4096), rows=1.0)
        >>> [faster(SHIPPED, wide, 256 * 4096 * percent // 100, batch=60) for percent in (50, 5)]
        [False, True]
    """
    size, sides = use.shape[0] * use.shape[1], sum(use.shape)
    if use.width:
        return left / settings.convs_below + sides * (settings.convs_turning + settings.convs_lines / use.width) < size
    overhead = settings.layers_overhead / min(batch * use.rows, rows_at_once(*use.shape))
    return left / settings.layers_below + sides * settings.layers_turning + overhead < size


def layers(
    module: nn.Module, masks: Mapping[str, Tensor], x: Shaped[Tensor, "row *shape"], batch: int, settings: Settings
) -> tuple[str, ...]:
    """Names of the weights of one network that are kept in compressed rows.

    Args:
        module: the architecture, on the host.
        masks: that the network wears.
        x: some examples.
        batch: how many of them go through the network in a step.
        settings: of the profile.
    """
    most = max(settings.layers_below, settings.convs_below)
    left = {name: int(mask.sum()) for name, mask in masks.items()}
    few = [name for name, count in left.items() if count < most * masks[name].numel()]
    able = candidates(module, x) if few else {}
    return tuple(name for name in few if name in able and faster(settings, able[name], left[name], batch))


def candidates(module: nn.Module, x: Shaped[Tensor, "row *shape"]) -> Mapping[str, Use]:
    """Weights of a module that can be kept in compressed rows, and how it uses them.

    Modules are tried once, with few examples.

    Args:
        module: any, on the host; it is not changed.
        x: some examples; only the first are looked at.
    """
    x = x[:EXAMPLES]
    key = (tuple(x.shape), x.dtype)
    known = _tried.setdefault(module, {})
    if key not in known:
        known[key] = _found(module, x)
    return known[key]


def _found(module: nn.Module, x: Tensor) -> dict[str, Use]:
    names = _plain(module)
    while names:
        watched: dict[str, _Watched] = {}
        try:
            with alone(0):
                same = _trial(module, x, names, watched)
        except CODE_RAISES:  # a sparse weight is no matrix, and whoever reads it may trip
            same = False
        left = [name for name in names if name not in watched or not watched[name].reads]
        if same:
            left = [name for name in left if watched[name].rows]
        if left == names:
            return {name: watched[name].use(len(x)) for name in names} if same else {}
        names = left
    return {}


def _plain(module: nn.Module) -> list[str]:
    """Weights of PyTorch's own layers that train, and that no other layer, hook or parametrization looks at."""
    named = list(module.named_parameters(remove_duplicate=False))
    count: dict[int, int] = {}
    for _, value in named:
        count[id(value)] = count.get(id(value), 0) + 1
    found = []
    for name, layer in module.named_modules():
        if type(layer) not in (nn.Linear, nn.Conv2d) or (isinstance(layer, nn.Conv2d) and not fits(layer)):
            continue
        if "forward" in vars(layer) or any(getattr(layer, hooks) for hooks in HOOKS):
            continue
        weight = layer._parameters.get("weight")
        if weight is not None and weight.requires_grad and count[id(weight)] == 1:
            found.append(f"{name}.weight" if name else "weight")
    return [name for name in found if "." in name]  # a module that is one layer is left as it is


class _Watched(nn.Module):
    """What counts who looks at a sparse layer's weight, and what goes through it."""

    own: Compressed
    reads = 0
    rows = 0
    width = 0
    inside = False

    def forward(self, input: Tensor) -> Tensor:
        """The layer's output."""
        self.inside = True
        try:
            found: Tensor = super().forward(input)
        finally:
            self.inside = False
        if self.training:
            channel = 1 if isinstance(self, nn.Conv2d) else -1
            self.rows += found.numel() // found.shape[channel]
            self.width = found.shape[-1] if isinstance(self, nn.Conv2d) else 0
        return found

    def use(self, examples: int) -> Use:
        """How the layer was used."""
        return Use(self.own.shape, self.rows / examples, self.width)

    def __getattr__(self, name: str) -> Any:
        if name == "weight" and not self.inside:
            self.reads += 1
        return super().__getattr__(name)


class _WatchedLinear(_Watched, SparseLinear):
    """Of linear layers."""


class _WatchedConv2d(_Watched, SparseConv2d):
    """Of convolutions."""


def _trial(module: nn.Module, x: Tensor, names: list[str], watched: dict[str, _Watched]) -> bool:
    """Whether a copy of a module with sparse layers does what one with masked weights does.

    Args:
        module: any.
        x: examples.
        names: of the weights.
        watched: is filled with the layers.
    """
    plain, sparse = copy.deepcopy(module), copy.deepcopy(module)
    kept = {}
    for name in names:
        layer, weight = owner(sparse, name), owner(plain, name).weight.data
        mask = torch.arange(weight.numel()).remainder(3).view(weight.shape) == 0
        weight.mul_(mask)
        kept[name] = Kept.of(mask)
        become(layer, len(kept[name].numbers))
        layer.__class__ = _WatchedLinear if isinstance(layer, nn.Linear) else _WatchedConv2d
        assert isinstance(layer, _Watched)
        layer.weight.data.copy_(weight.view(-1)[kept[name].numbers])
        layer.own, layer.reads = Compressed(kept[name]), 0
        watched[name] = layer
    expected, found = _numbers(plain, x), _numbers(sparse, x)
    for name, own in kept.items():
        expected[name] = expected[name].reshape(-1)[own.numbers]
    scale = max(float(value.norm()) for value in expected.values())
    return all(_near(value, found[name], scale) for name, value in expected.items())


def _numbers(module: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What a copy of a module gives: its outputs in both modes, and a gradient of each of its parameters by name."""
    with alone(1):
        with torch.no_grad():
            looked = module.eval()(x)
        with torch.enable_grad():
            outputs = module.train()(x)
            weigh = torch.linspace(0.5, 1.5, outputs.numel()).view_as(outputs)
            named = {name: value for name, value in module.named_parameters() if value.requires_grad}
            slopes = torch.autograd.grad((outputs * weigh).sum(), list(named.values()), allow_unused=True)
    found = {name: torch.zeros(1) if slope is None else slope for name, slope in zip(named, slopes, strict=True)}
    return found | {"in evaluation": looked, "in training": outputs.detach()}


def _near(one: Tensor, other: Tensor, scale: float) -> bool:
    if one.shape != other.shape:
        return False
    apart = float((one.double() - other.double()).norm())
    return apart <= TOLERANCE * float(one.double().norm()) + ROUNDING * scale
