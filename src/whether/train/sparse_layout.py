"""Where a network's tensors lie in its row when some of its layers keep only the weights that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.train.layout import Layout, Place, Slot
from whether.train.sparse_weights import Kept


class SparseLayout:
    """The layout of a pack in which some weights are laid out for each network by its mask.

    Where networks have unequally many of them, the shorter leave the end of a slot unused: it is zero, and so is its
    gradient.

    Args:
        shapes: of all tensors by name, in order.
        masks: of each network, for the weights that keep only what exists.

    Attributes:
        stored: how each tensor lies in a row: these weights as vectors, everything else in its own shape.
        kept: which weights exist, by name, of each network.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], masks: Sequence[Mapping[str, Bool[Tensor, "out *in"]]]
    ) -> None:
        self.kept = [{name: Kept.of(mask.bool().cpu()) for name, mask in worn.items()} for worn in masks]
        most = {name: max(len(own[name].numbers) for own in self.kept) for name in masks[0]}
        self.stored = Layout.of(
            {name: (most[name],) if name in most else shape for name, shape in shapes.items()}, padded=False
        )
        self.slots = tuple(Slot(slot.name, shapes[slot.name], slot.shape, slot.begin) for slot in self.stored.slots)
        self.size = self.stored.size

    def at(self, place: int) -> Place:
        """The layout of the network at a place of the pack."""
        return _Row(self.slots, self.kept[place])

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these."""
        self.kept = [self.kept[place] for place in places]


@dataclass(frozen=True, eq=False)
class _Row:
    """Where one network's tensors lie in its row."""

    slots: tuple[Slot, ...]
    kept: Mapping[str, Kept]

    def fill(self, row: Float[Tensor, " flat"], values: Mapping[str, Float[Tensor, "..."]]) -> None:
        """Write what exists of a network's tensors into its row."""
        for slot, there in self._views(row):
            given = torch.broadcast_to(values[slot.name], slot.shape).to(row)
            own = self.kept.get(slot.name)
            there.copy_(given if own is None else given.reshape(-1)[own.numbers])

    def take(self, row: Float[Tensor, " flat"]) -> dict[str, Float[Tensor, "..."]]:
        """A network's tensors from its row, copied in their own shapes, zero where nothing exists."""
        taken: dict[str, Tensor] = {}
        for slot, there in self._views(row.detach()):
            taken[slot.name] = whole = torch.zeros(slot.shape, dtype=row.dtype)
            if slot.name in self.kept:
                whole.view(-1)[self.kept[slot.name].numbers] = there
            else:
                whole.copy_(there)
        return taken

    def _views(self, row: Tensor) -> Iterator[tuple[Slot, Tensor]]:
        """Each slot, and its numbers in a row without those that this network leaves unused."""
        for slot in self.slots:
            own = self.kept.get(slot.name)
            if own is None:
                yield slot, row[slot.begin : slot.begin + slot.size].view(slot.shape)
            else:
                yield slot, row[slot.begin : slot.begin + len(own.numbers)]
