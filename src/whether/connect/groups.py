"""The symmetry of a network: which axes of which tensors can be permuted together without changing what it computes."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from whether.connect.trace import FIXED, Trace
from whether.errors import CODE_RAISES, RequestError, raised_at


@dataclass(frozen=True)
class Slot:
    """An axis of a tensor along which a group's units lie: index = unit · each + place.

    Attributes:
        tensor: its name.
        axis: of the tensor.
        each: places for each unit; above 1 where a convolution's channels were flattened.
        learned: whether it is a parameter; running statistics move with units, but say nothing in a match of weights.
    """

    tensor: str
    axis: int
    each: int
    learned: bool


@dataclass(frozen=True)
class Read:
    """Where a layer with weights reads a group's units: its place among all calls, and axis and `each` there."""

    call: int
    axis: int
    each: int


@dataclass(frozen=True)
class Group:
    """Hidden units that can change places: everything that must be permuted together.

    Attributes:
        name: the tensor that makes the units; a residual stream has several, and the first one's name.
        size: how many units.
        slots: where they lie in weights.
        reads: where their activations are read.
    """

    name: str
    size: int
    slots: tuple[Slot, ...]
    reads: tuple[Read, ...]


@dataclass(frozen=True)
class Groups:
    """All groups of a module, in the order of its computation."""

    groups: tuple[Group, ...]

    @property
    def by_tensor(self) -> dict[str, list[tuple[Group, Slot]]]:
        """For each tensor that moves, its axes that do."""
        found: defaultdict[str, list[tuple[Group, Slot]]] = defaultdict(list)
        for group in self.groups:
            for slot in group.slots:
                found[slot.tensor].append((group, slot))
        return dict(found)

    def check(self, weights: Mapping[str, Tensor]) -> None:
        """These are weights, or other tensors by the same names, of the network that the groups are of.

        Raises:
            RequestError: naming a tensor whose axis has another length.
        """
        for group in self.groups:
            for slot in group.slots:
                if slot.tensor not in weights:
                    continue
                shape, length = tuple(weights[slot.tensor].shape), group.size * slot.each
                if len(shape) <= slot.axis or shape[slot.axis] != length:
                    raise RequestError(
                        f"alignment needs two networks of one architecture: {slot.tensor!r} is {shape}, expected "
                        f"{length} along axis {slot.axis}, for the {group.size} units of {group.name!r}."
                    )


def groups(module: nn.Module, shape: tuple[int, ...], *, tokens: bool = False, hold: bool = False) -> Groups:
    """Which axes of which tensors share one permutation, read from what a module does with two empty examples.

    Inputs and outputs stay in place, and with them all units that are added to them. Branches that are added or
    multiplied share their units. After a flattening each channel takes its places along. Parameters and running
    statistics of norms move with their channels; a GroupNorm's channels can move when it has one group, or one for each
    channel. Operations are followed as they happen, through any code, for the one way that the two examples take.

    Args:
        module: any; it stays as it was. Its weights say nothing here.
        shape: of one example.
        tokens: whether examples are integers.
        hold: leave units that an unknown operation reads (attention, concatenation) in their places, rather than
            refuse: of a transformer, only the hidden units of its multilayer perceptrons then move.

    Raises:
        RequestError: naming the operation and the layer through which units cannot be followed, or when the module
            fails on examples of the shape.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
        >>> [(slot.tensor, slot.axis, slot.each) for slot in groups(net, (1, 4, 4)).groups[0].slots]
        [('0.weight', 0, 1), ('0.bias', 0, 1), ('3.weight', 1, 4)]

    Source: the permutation specification of Ainsworth, Hayase & Srinivasa, "Git Re-Basin" (ICLR 2023), which they write
    down for each architecture by hand.
    """
    try:
        trace = _followed(copy.deepcopy(module).eval(), shape, tokens=tokens, hold=hold)
    except RequestError:
        raise
    except CODE_RAISES as error:
        said = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}{raised_at(error)}"
        raise RequestError(
            f"alignment needs a module whose layers are read from it; {type(module).__name__} failed on two examples "
            f"of {' × '.join(map(str, shape))}: {said}"
        ) from error
    learned = {name for name, _ in module.named_parameters()}
    slots: defaultdict[int, list[Slot]] = defaultdict(list)
    for (name, axis), (group, each) in trace.slots.items():
        slots[trace.find(group)].append(Slot(name, axis, each, name in learned))
    reads: defaultdict[int, list[Read]] = defaultdict(list)
    for call, units in trace.reads:
        reads[trace.find(units.group)].append(Read(call, units.axis, units.each))
    return Groups(
        tuple(
            Group(slots[root][0].tensor, trace.sizes[root], tuple(slots[root]), tuple(reads[root]))
            for root in sorted(slots)
            if root != FIXED
        )
    )


def along(value: Tensor, slot: Slot, permutation: Tensor) -> Tensor:
    """A tensor with one of its axes permuted, each unit with all its places."""
    places = permutation.unsqueeze(1) * slot.each + torch.arange(slot.each)
    return value.index_select(slot.axis, places.reshape(-1).to(value.device))


def _followed(module: nn.Module, shape: tuple[int, ...], *, tokens: bool, hold: bool) -> Trace:
    like = next((value for value in module.parameters() if value.is_floating_point()), torch.zeros(()))
    x = torch.zeros(2, *shape, dtype=torch.int64 if tokens else like.dtype, device=like.device)
    trace = Trace(module, hold=hold)
    trace.enter(x)
    with torch.no_grad(), trace:
        out = module(x)
    trace.leave(out)
    return trace
