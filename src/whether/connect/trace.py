"""Which axes of which tensors hold the same hidden units, followed through a module's operations.

A module runs once on two empty examples while every operation of PyTorch in it is seen. A value carries the units of
the layer that made it along one axis; what an operation does to that axis says which other axes must move with it.
Inputs and outputs never move. What is not known to leave a permutation of units a permutation of units is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from whether.connect.forms import KNOWN, LAYERS, PLAIN, form_of, known_name
from whether.errors import RequestError

FIXED = 0


@dataclass(frozen=True)
class Units:
    """Along an axis of a value, the units of a group: index = unit · each + place, `each` after a flattening."""

    axis: int
    group: int
    each: int = 1


@dataclass(frozen=True)
class Call:
    """One operation: what was called, with what, and what came out."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any

    def get(self, place: int, name: str, default: Any = None) -> Any:
        """An argument, by place or by name."""
        return self.args[place] if place < len(self.args) else self.kwargs.get(name, default)

    @property
    def x(self) -> Tensor:
        """What the operation works on."""
        found = self.get(0, "input")
        assert isinstance(found, Tensor)
        return found


class Trace(TorchFunctionMode):
    """Follows units through whatever runs inside.

    Args:
        module: a copy; its parameters and buffers are known by name.
        hold: leave units that an unknown operation reads in their places, rather than refuse.
    """

    def __init__(self, module: nn.Module, *, hold: bool) -> None:
        super().__init__()
        tensors = (*module.named_parameters(), *module.named_buffers())
        self.names = {id(value): name for name, value in tensors}
        self.hold = hold
        self.slots: dict[tuple[str, int], tuple[int, int]] = {}
        self.reads: list[tuple[int, Units]] = []
        self.sizes = [0]
        self._parents = [FIXED]
        self._calls = 0
        self._units: dict[int, Units | None] = {}
        self._alive: list[Tensor] = []  # so that no id is given twice
        self._inside: list[str] = []
        for name, layer in module.named_modules():
            where = f"{name or 'the module'} ({type(layer).__name__})"
            layer.register_forward_pre_hook(lambda *_, where=where: self._inside.append(where))
            layer.register_forward_hook(lambda *_: self._left())

    def find(self, group: int) -> int:
        """The group that a group has become part of."""
        while self._parents[group] != group:
            group = self._parents[group]
        return group

    def enter(self, x: Tensor) -> None:
        """A value whose axes never move."""
        self._set(x, None)

    def leave(self, out: object) -> None:
        """The output: its units are fixed.

        Raises:
            RequestError: when it is no tensor, or came about unseen.
        """
        if not isinstance(out, Tensor) or id(out) not in self._units:
            raise RequestError(
                f"alignment follows hidden units to a module's output, and cannot see how this one comes about: it is "
                f"{'a tensor' if isinstance(out, Tensor) else f'of type {type(out).__name__}'} that no operation of "
                "PyTorch gave (compiled or scripted code, NumPy, or several outputs). Give a module with one output."
            )
        units = self._units[id(out)]
        if units is not None:
            self._unite(units.group, FIXED)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and follow what it does."""
        del types
        out = func(*args, **(kwargs or {}))
        call = Call(known_name(func), func, args, kwargs or {}, out)
        given, came = list(_tensors((args, kwargs))), list(_tensors(out))
        moving = any(self.moving(value) for value in given)
        number = self._calls
        self._calls += call.name in LAYERS
        if not came:
            if moving and call.name not in PLAIN:
                self._unknown(call, given, "")
            return out
        form = form_of(call.name)
        known: Units | None = None
        if form is not None and len(came) == 1 and (moving or call.name in KNOWN):
            try:
                known = getattr(self, f"_{form}")(call)
            except _Lost as lost:
                self._unknown(call, given, str(lost))
            if call.name in LAYERS and (read := self.moving(call.x)):
                self.reads.append((number, read))
        elif moving:
            self._unknown(call, given, "")
        else:
            self._keep(given)
        for value in came:
            self._set(value, known)
        return out

    def moving(self, value: object) -> Units | None:
        """The units along a value's axis, if it has any that are not fixed by now."""
        units = self._units.get(id(value))
        return units if units is not None and self.find(units.group) != FIXED else None

    def _left(self) -> None:
        self._inside.pop()

    def _set(self, value: Tensor, units: Units | None) -> None:
        self._units[id(value)] = units
        self._alive.append(value)

    def _unknown(self, call: Call, given: list[Tensor], why: str) -> None:
        if not self.hold:
            where = self._inside[-1] if self._inside else "the module"
            raise RequestError(
                f"alignment cannot follow hidden units through {call.function.__name__} in {where}"
                f"{': ' if why else ''}{why}. It reads from a module's operations which units belong together, and "
                "knows linear and convolution layers, norms, element-wise functions, pooling, flattening, means over "
                "places, and sums and products of branches; hold=True leaves the units that others read as they are."
            )
        for units in filter(None, map(self.moving, given)):
            self._unite(units.group, FIXED)
        self._keep(given)

    def _keep(self, given: list[Tensor]) -> None:
        for value in given:
            name = self.names.get(id(value))
            for axis in range(value.dim() if name else 0):
                self._tie(value, axis, None)

    def _unite(self, one: int, other: int) -> None:
        one, other = sorted((self.find(one), self.find(other)))
        if one != FIXED and self.sizes[one] != self.sizes[other]:
            self._unite(one, FIXED)
            self._unite(other, FIXED)
        else:
            self._parents[other] = one

    def _tie(self, tensor: Tensor | None, axis: int, units: Units | None) -> None:
        """An axis of a parameter or buffer moves with units, or not at all."""
        if tensor is None:
            return
        name = self.names.get(id(tensor))
        if name is None:
            raise _Lost("one of its tensors is no parameter or buffer of the module, but computed")
        group, each = (units.group, units.each) if units else (FIXED, 1)
        before, before_each = self.slots.setdefault((name, axis), (group, each))
        if before_each == each:
            self._unite(before, group)
        else:
            self._unite(before, FIXED)
            self._unite(group, FIXED)

    def _made(self, tensor: Tensor, axis: int, *, at: int) -> Units | None:
        """The units of a layer's output: of its own, unless the layer has been called before."""
        if tensor.shape[axis] == 1:
            return None
        name = self.names.get(id(tensor), "")
        if (name, axis) not in self.slots:
            self._parents.append(len(self._parents))
            self.sizes.append(tensor.shape[axis])
            self._tie(tensor, axis, Units(at, len(self._parents) - 1))
        return Units(at, self.slots[name, axis][0])

    def _layer(self, call: Call) -> Units | None:
        x, weight, bias = call.x, call.get(1, "weight"), call.get(2, "bias")
        units, channels = self.moving(x), x.dim() - 1 if call.name == "linear" else x.dim() - weight.dim() + 1
        if units and units.axis != channels:
            raise _Lost("it works along another axis than that of the units")
        parts = 1 if call.name == "linear" else call.get(6, "groups", 1)
        if parts == 1:
            self._tie(weight, 1, units)
            made = self._made(weight, 0, at=channels)
        elif parts == x.shape[channels] == weight.shape[0]:
            self._tie(weight, 0, units)
            made = units
        elif units is None:
            made = None
            self._keep([weight])
        else:
            raise _Lost(f"its {parts} groups each read some of the units only")
        self._tie(bias, 0, made)
        return made

    def _batch_norm(self, call: Call) -> Units | None:
        units = self.moving(call.x)
        for place, name in enumerate(("running_mean", "running_var", "weight", "bias"), start=1):
            self._tie(call.get(place, name), 0, units if units and units.axis == 1 else None)
        return units

    def _layer_norm(self, call: Call) -> Units | None:
        units = self.moving(call.x)
        first = call.x.dim() - len(call.get(1, "normalized_shape"))
        for place, name in ((2, "weight"), (3, "bias")):
            for axis in range(call.x.dim() - first if call.get(place, name) is not None else 0):
                self._tie(call.get(place, name), axis, units if units and units.axis == first + axis else None)
        return units

    def _group_norm(self, call: Call) -> Units | None:
        units, parts = self.moving(call.x), call.get(1, "num_groups")
        own = units if units and units.axis == 1 else None
        if own and parts not in (1, call.x.shape[1]):
            raise _Lost(
                f"it norms {call.x.shape[1]} channels in {parts} groups, and units may not change their group; "
                "with one group, or one for each channel, they may move"
            )
        self._tie(call.get(2, "weight"), 0, own)
        self._tie(call.get(3, "bias"), 0, own)
        return units

    def _prelu(self, call: Call) -> Units | None:
        units, weight = self.moving(call.x), call.get(1, "weight")
        self._tie(weight, 0, units if units and units.axis == 1 and weight.numel() > 1 else None)
        return units

    def _elementwise(self, call: Call) -> Units | None:
        if len(list(_tensors((call.args, call.kwargs)))) > 1 or call.out.shape != call.x.shape:
            raise _Lost("it reads more than one tensor, or changes the shape")
        return self.moving(call.x)

    def _combine(self, call: Call) -> Units | None:
        """Sums and products of values: units at the same places are the same units."""
        operands = list(_tensors((call.args, call.kwargs)))
        carriers = [(value, units) for value in operands if (units := self.moving(value))]
        first, lead = carriers[0]
        right = first.dim() - lead.axis  # axes are matched from the last one
        for value, units in carriers[1:]:
            if (value.dim() - units.axis, units.each) != (right, lead.each):
                raise _Lost("it brings together units that lie along different axes")
            self._unite(units.group, lead.group)
        for value in operands:
            if self.moving(value):
                continue
            along = value.dim() - right
            varies = along >= 0 and value.shape[along] > 1
            if id(value) in self.names:
                for axis in range(value.dim()):
                    self._tie(value, axis, lead if varies and axis == along else None)
            elif varies:
                self._unite(lead.group, FIXED)
        return replace(lead, axis=call.out.dim() - right)

    def _reshape(self, call: Call) -> Units | None:
        """Memory stays in its order, so units stay whole where all before them does and a multiple of them follows."""
        before, after, units = call.x.shape, call.out.shape, self.moving(call.x)
        assert units is not None
        for axis, size in enumerate(after):
            whole = math.prod(after[:axis]) == math.prod(before[: units.axis])
            if whole and size % before[units.axis] == 0:
                return Units(axis, units.group, units.each * (size // before[units.axis]))
        raise _Lost(f"it takes units apart: {tuple(before)} becomes {tuple(after)}")

    def _transpose(self, call: Call) -> Units | None:
        units = self.moving(call.x)
        assert units is not None
        told = torch.empty(tuple(range(2, 2 + call.x.dim())), device="meta")  # an axis is known by its length
        moved = call.function(told, *call.args[1:], **call.kwargs)
        return replace(units, axis=list(moved.shape).index(2 + units.axis))

    def _pool(self, call: Call) -> Units | None:
        units = self.moving(call.x)
        if units and units.axis >= call.x.dim() - int(call.name[-2]):
            raise _Lost("it pools over the units themselves")
        return units

    def _pad(self, call: Call) -> Units | None:
        units, pads = self.moving(call.x), call.get(1, "pad")
        assert units is not None
        pair = 2 * (call.x.dim() - 1 - units.axis)
        if any(pads[pair : pair + 2]):
            raise _Lost(
                "it pads the channels themselves, as shortcuts without weights do (option A of He et al., 2016); a "
                "shortcut of a 1 × 1 convolution can be followed"
            )
        return units

    def _reduce(self, call: Call) -> Units | None:
        units, dim = self.moving(call.x), call.get(1, "dim")
        assert units is not None
        axes = range(call.x.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
        gone = {axis % call.x.dim() for axis in axes}
        if units.axis in gone:
            raise _Lost("it sums over the units themselves")
        if call.out.dim() == call.x.dim():
            return units
        return replace(units, axis=units.axis - sum(axis < units.axis for axis in gone))


class _Lost(Exception):
    """Where units went cannot be said."""


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
