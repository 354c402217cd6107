"""The step of our own architectures: all networks of a pack in packed layers, through autograd.

What comes out is what `module.py` computes one network after the other, up to the order of sums. On a GPU this fills
the device with networks that are small each; on a CPU, where bits must not depend on width, the networks go one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.history.facts import Training
from whether.tasks.kinds import IGNORED
from whether.tasks.task import find
from whether.train.layout import Layout, Slot
from whether.train.packed_layers import CONVOLUTIONS, SIDE_BY_SIDE, Held, lacks, names_of, pack
from whether.train.precision import autocast
from whether.train.replica import Named
from whether.train.stacked import ROWS_AT_ONCE, differs

_tried: WeakKeyDictionary[nn.Module, dict[tuple[object, ...], str]] = WeakKeyDictionary()


class Packed:
    """A pack's forward and backward pass for a module that `why_not` has nothing to say against.

    All tensors that a step changes stay where they are, so that the step can be captured.

    Args:
        module: gives the computation; its own weights are never used, and what it holds beside them is the beginning
            of every network's. On the device that trains.
        replicas: networks.
        training: says what is minimised, and in which precision.
        convolution: of `packed_layers.FORMS`; by default what CONVOLUTIONS says of the precision.
    """

    def __init__(self, module: nn.Module, replicas: int, training: Training, convolution: str | None = None) -> None:
        self.task = training.loss or training.task
        self.counts = find(training.task)
        self.smoothing = training.smoothing
        self.precision = training.precision
        trained = {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
        self.layout = Layout.of(trained, padded=False)
        self.cuts = _cuts(self.layout.slots, self.layout.size)
        stored = module.state_dict().keys()  # buffers that are not are computed anew by whoever makes the module
        self._buffers: Named = {
            name: value.detach().expand(replicas, *value.shape).clone()
            for name, value in (*module.named_parameters(), *module.named_buffers())
            if name in stored and name not in trained
        }
        maps = any(isinstance(layer, SIDE_BY_SIDE) for layer in module.modules())
        self.held = Held(replicas, maps, convolution or CONVOLUTIONS[training.precision])
        self.module = pack(module, names_of(module), self.held).train()

    def inputs(self, x: Tensor) -> Tensor:
        """Examples as they are."""
        return x

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Tensor,
        y: Tensor,
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network.

        Args:
            weights: of all networks.
            into: is written.
            x: examples [replica, batch, *shape].
            y: labels [replica, batch, …].
            step: is not asked for: nothing that is packed draws.
        """
        del step
        leaf = weights.detach().requires_grad_()
        with torch.enable_grad():
            self._hold(leaf)
            with autocast(self.precision, x.device.type):
                outputs = self.module(self._laid(x))
            outputs = self._apart(outputs.float())
            losses = losses_of(self.task, outputs, y, self.smoothing)
            (found,) = torch.autograd.grad(losses.sum(), leaf)  # no network is in another's loss
        into.copy_(found)
        self.held.named = {}
        return losses.detach(), right_of(self.counts.name, outputs.detach(), y)

    def evaluate(
        self, weights: Float[Tensor, "replica flat"], x: Tensor, y: Tensor
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network, in evaluation mode and float32."""
        count = len(weights)
        loss = torch.zeros(count, dtype=torch.float64, device=weights.device)
        right = torch.zeros(count, dtype=torch.int64, device=weights.device)
        rows = max(1, ROWS_AT_ONCE // count)
        self.module.eval()
        with torch.no_grad():
            self._hold(weights)
            for begin in range(0, len(x), rows):
                part, labels = (every(both[begin : begin + rows], count) for both in (x, y))
                outputs = self._apart(self.module(self._laid(part)))
                loss += losses_of(self.task, outputs, labels, 0.0).double() * self.counts.counted(labels[0])
                right += right_of(self.counts.name, outputs, labels)
        self.held.named = {}
        self.module.train()
        return (loss / self.counts.counted(y)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self._buffers = {name: value[places] for name, value in self._buffers.items()}
        self.held.replicas = len(places)

    def buffers(self, place: int) -> Named:
        """A network's state that is not trained: running statistics, parameters that ask for no gradient."""
        return {name: value[place].clone() for name, value in self._buffers.items()}

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is not trained."""
        for name, value in values.items():
            self._buffers[name][place] = value.to(self._buffers[name].device)

    def _hold(self, rows: Tensor) -> None:
        """Let the layers see these weights: cut from the rows, whose gradient is then one row of all of theirs."""
        pieces = torch.split_with_sizes(rows, self.cuts, dim=1)[::2]
        named = {
            slot.name: piece.view(len(rows), *slot.shape) for slot, piece in zip(self.layout.slots, pieces, strict=True)
        }
        self.held.named = named | self._buffers

    def _apart(self, outputs: Tensor) -> Tensor:
        """Rows of all networks as [replica, batch, …]."""
        return outputs.reshape(self.held.replicas, -1, *outputs.shape[1:])

    def _laid(self, x: Tensor) -> Tensor:
        """Examples [replica, batch, *shape] as the layers take them: maps, or rows."""
        if not self.held.maps:
            return x.flatten(0, 1)
        side = x.transpose(0, 1).flatten(1, 2)
        last = self.held.convolution.endswith("last") and side.dim() == 4
        return side.contiguous(memory_format=torch.channels_last) if last else side.contiguous()


def every(rows: Tensor, count: int) -> Tensor:
    """The same rows for each of so many networks: a view [replica, row, …]."""
    return rows.unsqueeze(0).expand(count, *rows.shape)


def losses_of(
    task: str, outputs: Float[Tensor, "replica batch *out"], y: Tensor, smoothing: float
) -> Float[Tensor, " replica"]:
    """The mean loss of each network, as the task's own `loss` gives it for one.

    Args:
        task: of `whether.tasks.task.NAMES`.
        outputs: of every network.
        y: labels [replica, batch, …].
        smoothing: of class labels.
    """
    if task == "regression":
        return (outputs - y).square().flatten(1).mean(1)
    each = nn.functional.cross_entropy(
        outputs.flatten(0, -2), y.flatten(), reduction="none", ignore_index=IGNORED, label_smoothing=smoothing
    ).view(len(y), -1)
    if task == "classification":
        return each.mean(1)
    return each.sum(1) / (y != IGNORED).flatten(1).sum(1).clamp(min=1)


def right_of(task: str, outputs: Float[Tensor, "replica batch *out"], y: Tensor) -> Int[Tensor, " replica"]:
    """How many predictions of each network are right."""
    if task == "regression":
        return torch.zeros(len(y), dtype=torch.int64, device=y.device)
    return (outputs.argmax(-1) == y).flatten(1).sum(1)


def why_not(module: nn.Module, x: Tensor, y: Tensor, training: Training) -> str:
    """Why the networks of a module have no packed form; empty when they have.

    Beside what the layers say, two networks take two steps packed and one after the other, as for `Stacked`; what came
    out is remembered for the module.

    Args:
        module: on the device that trains.
        x: some examples [row, *shape] of the training split.
        y: their labels.
        training: what is minimised.
    """
    said = "a loss of one's own has no packed form" if training.loss else lacks(module)
    if said:
        return said
    if not any(value.requires_grad for value in module.parameters()):
        return "nothing of it is trained"
    key = (training.task, training.smoothing, tuple(x.shape), x.device)
    known = _tried.setdefault(module, {})
    if key not in known:
        known[key] = differs(module, x, y, training, lambda plain: Packed(module, 2, plain), "packed")
    return known[key]


def _cuts(slots: Sequence[Slot], size: int) -> list[int]:
    """Lengths into which a row is cut: each tensor, and what lies between it and the next, in turn."""
    ends = [*(slot.begin for slot in slots[1:]), size]
    return [
        length for slot, end in zip(slots, ends, strict=True) for length in (slot.size, end - slot.begin - slot.size)
    ]
