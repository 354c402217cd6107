"""The step of a chain of linear layers and ReLUs whose weights are few: R networks as block-diagonal sparse products.

    Z_l = W_l H_{l-1},   H_l = max(Z_l, 0),   L = −mean log softmax(Z_last)[y]
    Δ_last = (softmax − onehot) / batch,   ∂W_l = Δ_l H_{l-1}ᵀ where W_l has entries
    Δ_{l-1} = (W_lᵀ Δ_l) · 1[H_{l-1} > 0]

`chain.py` computes the same with every weight, `loop.py` through PyTorch's modules; `compressed.py` has the layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.train.compressed import EXTRA, CompressedRows, Entries, Pattern, multiply, sample
from whether.train.replica import Named

EVALUATED_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class _Room:
    """What a step writes, made once for a width and a batch.

    Attributes:
        hidden: the examples and what each layer makes of them, zeros and ones behind them.
        units: the same without zeros and ones: views [replica × units, batch].
        deltas: the gradient of what each layer makes.
    """

    hidden: list[Tensor]
    units: list[Tensor]
    deltas: list[Tensor]
    minus_one: Tensor


class SparseChain:
    """A pack's forward and backward pass for perceptrons with few weights.

    Args:
        module: an `nn.Sequential` for which `Chain.fits` is true.
        masks: of each network by name; a weight without a mask exists everywhere.
    """

    def __init__(self, module: nn.Module, masks: Sequence[Named | None]) -> None:
        named = [(name, layer) for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
        shapes = [(layer.out_features, layer.in_features) for _, layer in named]
        names = [name for name, _ in named]
        self.layout = CompressedRows(names, shapes, _entries(names, shapes, masks))
        self._begin(len(masks))

    def inputs(self, x: Float[Tensor, "row *shape"]) -> Float[Tensor, "row feature"]:
        """Examples as this program reads them: flat."""
        return x.reshape(len(x), -1)

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Float[Tensor, "replica batch feature"],
        y: Int[Tensor, "replica batch"],
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network."""
        del step  # a perceptron draws nothing while it trains
        room = self._room(y.shape[1], weights)
        layers, slopes = self._bind(weights), self._bind(into)
        logp, picked = self._forward(layers, x, y, room)
        self._last_delta(logp, y, room)
        for place in reversed(range(len(layers))):
            delta = room.deltas[place]
            slopes[place].gradient(delta, room.hidden[place])
            if place:
                below = room.deltas[place - 1]
                layers[place].backward(delta, below)
                torch.ops.aten.threshold_backward.grad_input(below, room.units[place], 0, grad_input=below)
        return picked.mean(1).neg_(), (logp.max(1).indices == y).sum(1)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Float[Tensor, "row feature"],
        y: Int[Tensor, " row"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network."""
        replicas, layers = len(weights), self._bind(weights)
        loss = torch.zeros(replicas, dtype=torch.float64)
        right = torch.zeros(replicas, dtype=torch.int64)
        for begin in range(0, len(x), EVALUATED_AT_ONCE):
            part, labels = x[begin : begin + EVALUATED_AT_ONCE], y[begin : begin + EVALUATED_AT_ONCE]
            room = self._room(len(part), weights)
            labels = labels.expand(replicas, -1)
            logp, picked = self._forward(layers, part.expand(replicas, *part.shape), labels, room)
            loss -= picked.sum(1, dtype=torch.float64)
            right += (logp.max(1).indices == labels).sum(1)
        return (loss / len(x)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self.layout.keep(places)
        self._begin(len(places))

    def buffers(self, place: int) -> Named:
        """State that is no parameter: a perceptron has none."""
        del place
        return {}

    def set_buffers(self, place: int, values: Named) -> None:
        """A perceptron has no state beside its parameters."""
        del place, values

    def _begin(self, replicas: int) -> None:
        self.replicas = replicas
        self._bound: dict[int, tuple[Tensor, list[_Compressed]]] = {}
        self._rooms: dict[int, _Room] = {}
        self._blocks_of = [
            _Blocks.of([network[place] for network in self.layout.entries], shape)
            for place, shape in enumerate(self.layout.shapes)
            if replicas
        ]

    def _forward(self, layers: Sequence[_Compressed], x: Tensor, y: Tensor, room: _Room) -> tuple[Tensor, Tensor]:
        """log softmax [replica, class, batch], and what it is at the labels [replica, batch]."""
        self._blocks(room.units[0]).transpose(1, 2).copy_(x)
        for place, layer in enumerate(layers):
            layer.refresh()
            layer.forward(room.hidden[place], room.units[place + 1])
            if place + 1 < len(layers):
                room.units[place + 1].relu_()
        logp = torch.log_softmax(self._blocks(room.units[-1]), dim=1)
        return logp, logp.gather(1, y.unsqueeze(1)).squeeze(1)

    def _last_delta(self, logp: Tensor, y: Tensor, room: _Room) -> None:
        delta = self._blocks(room.deltas[-1])
        torch.exp(logp, out=delta)
        delta.scatter_add_(1, y.unsqueeze(1), room.minus_one)
        delta.div_(y.shape[1])

    def _blocks(self, flat: Float[Tensor, "unit batch"]) -> Float[Tensor, "replica own batch"]:
        return flat.view(self.replicas, -1, flat.shape[1])

    def _bind(self, rows: Tensor) -> list[_Compressed]:
        """The layers in a tensor of flat rows; kept while that tensor lives, as it does for many steps."""
        found = self._bound.get(id(rows))
        if found is None or found[0] is not rows:
            layers = [
                _Compressed(self.layout.layer(rows, place), blocks) for place, blocks in enumerate(self._blocks_of)
            ]
            found = self._bound[id(rows)] = (rows, layers)
        return found[1]

    def _room(self, batch: int, like: Tensor) -> _Room:
        if batch not in self._rooms:
            widths = [self.layout.shapes[0][1], *(outputs for outputs, _ in self.layout.shapes)]
            hidden = [like.new_zeros(self.replicas * width + EXTRA, batch) for width in widths]
            for flat in hidden:
                flat[-1].fill_(1.0)
            units = [flat[:-EXTRA] for flat in hidden]
            deltas = [torch.zeros_like(flat) for flat in units[1:]]
            minus_one = like.new_full((1, 1, 1), -1.0).expand(self.replicas, 1, batch)
            self._rooms[batch] = _Room(hidden, units, deltas, minus_one)
        return self._rooms[batch]


@dataclass(frozen=True, eq=False)
class _Blocks:
    """A layer of all networks: its pattern, that of the transposed weights, and which entries those are."""

    pattern: Pattern
    transposed: Pattern
    order: Int[Tensor, " entry"]

    @staticmethod
    def of(entries: Sequence[Entries], shape: tuple[int, int]) -> _Blocks:
        outputs, inputs = shape
        replicas = len(entries)
        rows = torch.cat([own.rows + place * outputs for place, own in enumerate(entries)])
        extra = (replicas - 1) * inputs  # zeros and ones stand behind the units of all networks
        columns = torch.cat(
            [
                own.columns + torch.where(own.columns < inputs, place * inputs, extra)
                for place, own in enumerate(entries)
            ]
        )
        pattern = Pattern.of(rows, columns, (replicas * outputs, replicas * inputs + EXTRA))
        transposed, order = pattern.transposed(columns < replicas * inputs)  # nothing flows back into zeros and ones
        below = Pattern((replicas * inputs, replicas * outputs), transposed.starts[:-EXTRA], transposed.columns)
        return _Blocks(pattern, below, order)


class _Compressed:
    """One layer of all networks in compressed rows."""

    def __init__(self, stored: Float[Tensor, "replica entry"], blocks: _Blocks) -> None:
        self.stored = stored
        self.blocks = blocks
        self.lone = len(stored) == 1
        self.values = stored.view(-1) if self.lone else stored.new_zeros(stored.numel())
        self.matrix = blocks.pattern.matrix(self.values)
        self.values_below = stored.new_empty(len(blocks.order))
        self.below = blocks.transposed.matrix(self.values_below)

    def refresh(self) -> None:
        """See the weights as they are now: several networks' do not lie one behind the other."""
        if not self.lone:
            self.values.view(self.stored.shape).copy_(self.stored)

    def forward(self, x: Tensor, out: Tensor) -> None:
        multiply(self.matrix, x, out)

    def backward(self, delta: Tensor, out: Tensor) -> None:
        torch.index_select(self.values, 0, self.blocks.order, out=self.values_below)
        multiply(self.below, delta, out)

    def gradient(self, delta: Tensor, x: Tensor) -> None:
        sample(self.matrix, delta, x)
        if not self.lone:
            self.stored.copy_(self.values.view(self.stored.shape))


def _entries(
    names: Sequence[str], shapes: Sequence[tuple[int, int]], masks: Sequence[Named | None]
) -> list[list[Entries]]:
    """The entries of each network's layers, equally many in a layer of all networks."""

    def of(worn: Mapping[str, Tensor], place: int) -> tuple[Tensor, Tensor]:
        name, (outputs, inputs) = names[place], shapes[place]
        weight = worn.get(f"{name}.weight", torch.ones(outputs, inputs, dtype=torch.bool))
        return weight.bool(), worn.get(f"{name}.bias", torch.ones(outputs, dtype=torch.bool)).bool()

    layers = range(len(names))
    most = [max(int(sum(mask.sum() for mask in of(worn or {}, place))) for worn in masks) for place in layers]
    return [[Entries.of(*of(worn or {}, place), most[place]) for place in layers] for worn in masks]
