"""Where each tensor of a network lies in one flat row of numbers.

A pack holds R networks as one tensor [R, P]; a layer's weights are a view of it. Sizes of layers are rounded up to a
multiple of 16 numbers where a program asks for it, so that every network's matrices begin on a cache line: products of
aligned matrices have the same bits whatever stands beside them in the pack (`docs/way.md` has the measurement). What is
added is zero, and stays zero: it takes part in no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

LINE = 16


@dataclass(frozen=True)
class Slot:
    """One tensor: its name, its shape, the shape it is stored in, and where it begins in the row."""

    name: str
    shape: tuple[int, ...]
    stored: tuple[int, ...]
    begin: int

    @property
    def size(self) -> int:
        """Numbers that it takes."""
        return math.prod(self.stored)


@runtime_checkable
class Place(Protocol):
    """Where the tensors of one network lie in its row."""

    def fill(self, row: Float[Tensor, " flat"], values: Mapping[str, Float[Tensor, "..."]]) -> None:
        """Write a network's tensors into its row."""

    def take(self, row: Float[Tensor, " flat"]) -> dict[str, Float[Tensor, "..."]]:
        """A network's tensors from its row, copied to the host in their own shapes."""


@runtime_checkable
class Rows(Protocol):
    """How the rows of a pack are laid out: alike for all networks (`Layout`), or for each by its mask."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The tensors that a row holds, in order."""

    @property
    def size(self) -> int:
        """Numbers a row."""

    def at(self, place: int) -> Place:
        """The layout of the network at a place of the pack."""


@dataclass(frozen=True)
class Layout:
    """The slots of one architecture, in order; `size` numbers a row."""

    slots: tuple[Slot, ...]
    size: int

    @staticmethod
    def of(shapes: Mapping[str, tuple[int, ...]], *, padded: bool) -> Layout:
        """Lay tensors out one behind the other, each from the beginning of a cache line.

        Args:
            shapes: by name.
            padded: round every dimension up to a multiple of 16.
        """
        slots: list[Slot] = []
        at = 0
        for name, shape in shapes.items():
            stored = tuple(_up(size) for size in shape) if padded else shape
            slots.append(Slot(name, shape, stored, at))
            at = _up(at + math.prod(stored))
        return Layout(tuple(slots), at)

    def at(self, place: int) -> Layout:
        """The layout of one network: the same for all."""
        del place
        return self

    def view(self, rows: Float[Tensor, "replica flat"], name: str) -> Float[Tensor, "replica ..."]:
        """One tensor of every network in the pack, as it is stored: a view."""
        slot = self.slot(name)
        return rows[:, slot.begin : slot.begin + slot.size].view(rows.shape[0], *slot.stored)

    def slot(self, name: str) -> Slot:
        """The slot of a name."""
        return next(slot for slot in self.slots if slot.name == name)

    def fill(self, row: Float[Tensor, " flat"], values: Mapping[str, Float[Tensor, "..."]]) -> None:
        """Write a network's tensors into its row."""
        for slot in self.slots:
            stored = row[slot.begin : slot.begin + slot.size].view(slot.stored)
            stored[tuple(slice(0, size) for size in slot.shape)] = values[slot.name]

    def take(self, row: Float[Tensor, " flat"]) -> dict[str, Float[Tensor, "..."]]:
        """A network's tensors from its row, copied to the host in their own shapes."""
        taken: dict[str, Tensor] = {}
        for slot in self.slots:
            stored = row[slot.begin : slot.begin + slot.size].view(slot.stored)
            value = stored[tuple(slice(0, size) for size in slot.shape)].detach()
            taken[slot.name] = value.to("cpu", copy=True, memory_format=torch.contiguous_format)
        return taken


def _up(size: int) -> int:
    return -(-size // LINE) * LINE
