"""Weights that exist, as compressed rows: the layers of R networks, one beside the other, as one block-diagonal matrix.

    H_l = max(W_l H_{l-1}, 0)          W_l: [replica × out, replica × in + 2],  H: [replica × units + 2, batch]

Activations lie feature by feature, since a sparse product walks along a row of them. Behind the units of all networks
stand a row of zeros and a row of ones. The bias is the column that meets the ones, so that it is a weight like any
other. Where networks have unequally many weights, the shorter are filled up with entries that meet the zeros: they are
zero, their gradient is exactly zero, and they change no bit of a sum.

The sum of each number is over its own row, in its order: a network's bits are the same alone and in company, on one
thread and on many (a property of the tests).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from whether.probe.kernels import quiet
from whether.train.layout import LINE, Slot

EXTRA = 2
"""Rows of activations behind the units of all networks: zeros, then ones."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where a matrix has entries, in the order of rows and then of columns.

    Attributes:
        shape: rows and columns.
        starts: at which entry each row begins, and the end of the last.
        columns: of each entry.
    """

    shape: tuple[int, int]
    starts: Int[Tensor, " start"]
    columns: Int[Tensor, " entry"]

    @staticmethod
    def of(rows: Int[Tensor, " entry"], columns: Int[Tensor, " entry"], shape: tuple[int, int]) -> Pattern:
        """The pattern of entries that are in order.

        Example:
            >>> found = Pattern.of(torch.tensor([0, 2, 2]), torch.tensor([1, 0, 3]), (3, 4))
            >>> found.starts.tolist(), found.matrix(torch.ones(3)).to_dense().sum(1).tolist()
            ([0, 1, 1, 3], [1.0, 0.0, 2.0])
        """
        counts = torch.bincount(rows, minlength=shape[0])
        return Pattern(shape, torch.cat([counts.new_zeros(1), counts.cumsum(0)]), columns)

    def matrix(self, values: Float[Tensor, " entry"]) -> Tensor:
        """The matrix in PyTorch's compressed rows; it shares the memory of `values`."""
        with quiet():
            return torch.sparse_csr_tensor(self.starts, self.columns, values, self.shape, check_invariants=False)

    def transposed(self, kept: Bool[Tensor, " entry"] | None = None) -> tuple[Pattern, Int[Tensor, " kept"]]:
        """The pattern of the transposed matrix, or of a part of it, and which entry of this one each of its own is.

        Args:
            kept: the entries that it has; all of them where this is None.
        """
        rows = torch.repeat_interleave(torch.arange(self.shape[0]), self.starts.diff())
        order = torch.argsort(self.columns, stable=True)
        order = order if kept is None else order[kept[order]]
        return Pattern.of(self.columns[order], rows[order], (self.shape[1], self.shape[0])), order


def multiply(matrix: Tensor, x: Float[Tensor, "column batch"], out: Float[Tensor, "row batch"]) -> None:
    """out = matrix · x, for a matrix in compressed rows."""
    torch.addmm(out, matrix, x, beta=0, alpha=1, out=out)


def sample(
    matrix: Tensor,
    delta: Float[Tensor, "row batch"],
    x: Float[Tensor, "column batch"],
    *,
    kept: float = 0.0,
    by: float = 1.0,
) -> None:
    """kept · matrix + by · (delta · xᵀ) at the entries that a matrix in compressed rows has, over its values."""
    torch.sparse.sampled_addmm(matrix, delta, x.t(), beta=kept, alpha=by, out=matrix)


@cache
def available() -> bool:
    """Whether this PyTorch multiplies compressed rows on a CPU and samples a product, as builds with MKL do."""
    pattern = Pattern.of(torch.tensor([0, 1]), torch.tensor([1, 0]), (2, 2))
    try:
        matrix, out = pattern.matrix(torch.tensor([2.0, 3.0])), torch.empty(2, 1)
        multiply(matrix, torch.tensor([[1.0], [10.0]]), out)
        sample(matrix, torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [10.0]]))
    except (RuntimeError, NotImplementedError):
        return False
    return out.flatten().tolist() == [20.0, 3.0] and matrix.values().tolist() == [10.0, 2.0]


def existing(module: nn.Module, masks: Mapping[str, Bool[Tensor, "..."]]) -> int:
    """How many parameters of a module exist under masks by name."""
    whole = sum(value.numel() for value in module.parameters())
    return whole - sum(mask.numel() - int(mask.sum()) for mask in masks.values())


@dataclass(frozen=True, eq=False)
class Entries:
    """One network's layer: where its weights are and what each number of its part of a row is.

    Attributes:
        rows: of each entry in the network's block.
        columns: of each entry; `in` is that of the zeros and `in + 1` that of the ones, which bias meets.
        parts: for "weight" and "bias", the entries that are of it and which of its numbers they are.
    """

    rows: Int[Tensor, " entry"]
    columns: Int[Tensor, " entry"]
    parts: Mapping[str, tuple[Int[Tensor, " own"], Int[Tensor, " own"]]]

    @staticmethod
    def of(weight: Bool[Tensor, "out in"], bias: Bool[Tensor, " out"], count: int | None = None) -> Entries:
        """The entries of a layer whose masks these are, filled up to `count` of them where that is given."""
        outputs, inputs = weight.shape
        block = torch.cat([weight, torch.zeros(outputs, 1, dtype=torch.bool), bias.unsqueeze(1)], dim=1)
        rows, columns = block.nonzero(as_tuple=True)
        is_weight = columns < inputs
        own, biases = is_weight.nonzero().flatten(), (~is_weight).nonzero().flatten()
        parts = {"weight": (own, rows[own] * inputs + columns[own]), "bias": (biases, rows[biases])}
        missing = 0 if count is None else count - len(rows)
        rows = torch.cat([rows, rows.new_full((missing,), outputs - 1)])
        columns = torch.cat([columns, columns.new_full((missing,), inputs)])
        return Entries(rows, columns, parts)


class CompressedRows:
    """The layout of a pack whose networks have weights at places of their own.

    Args:
        names: of the linear layers, in order.
        entries: of each network, one a layer; all networks have equally many in a layer.

    Attributes:
        begins: where each layer begins in a row; `counts` is how many entries it has.
    """

    def __init__(
        self, names: Sequence[str], shapes: Sequence[tuple[int, int]], entries: Sequence[Sequence[Entries]]
    ) -> None:
        self.names = list(names)
        self.shapes = list(shapes)
        self.entries = [list(network) for network in entries]
        self.counts = [len(layer.rows) for layer in entries[0]]
        self.begins = []
        at = 0
        for count in self.counts:
            self.begins.append(at)
            at += -(-count // LINE) * LINE
        self.size = at
        self.slots = tuple(
            Slot(f"{name}.{part}", shape if part == "weight" else shape[:1], (count,), begin)
            for name, shape, count, begin in zip(names, self.shapes, self.counts, self.begins, strict=True)
            for part in ("weight", "bias")
        )

    def at(self, place: int) -> CompressedRow:
        """The layout of the network at a place of the pack."""
        return CompressedRow(self, self.entries[place])

    def layer(self, rows: Float[Tensor, "replica flat"], place: int) -> Float[Tensor, "replica entry"]:
        """The entries of one layer, of all networks: a view."""
        return rows[:, self.begins[place] : self.begins[place] + self.counts[place]]

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these."""
        self.entries = [self.entries[place] for place in places]


@dataclass(frozen=True, eq=False)
class CompressedRow:
    """Where one network's tensors lie in its row."""

    rows: CompressedRows
    entries: Sequence[Entries]

    def fill(self, row: Float[Tensor, " flat"], values: Mapping[str, Float[Tensor, "..."]]) -> None:
        """Write what exists of a network's tensors into its row."""
        for slot, (own, numbers) in self._parts():
            given = torch.broadcast_to(values[slot.name], slot.shape).to(row)
            row[slot.begin + own] = given.reshape(-1)[numbers]

    def take(self, row: Float[Tensor, " flat"]) -> dict[str, Float[Tensor, "..."]]:
        """A network's tensors from its row, in their own shapes, zero where nothing exists."""
        taken: dict[str, Tensor] = {}
        for slot, (own, numbers) in self._parts():
            whole = torch.zeros(slot.shape, dtype=row.dtype)
            whole.view(-1)[numbers] = row.detach()[slot.begin + own].cpu()
            taken[slot.name] = whole
        return taken

    def _parts(self) -> Iterator[tuple[Slot, tuple[Tensor, Tensor]]]:
        for place, slot in enumerate(self.rows.slots):
            yield slot, self.entries[place // 2].parts[slot.name.rpartition(".")[2]]
