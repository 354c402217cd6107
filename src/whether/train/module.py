"""The step of any `nn.Module`, through autograd: the networks of a pack one after the other.

On a CPU a network that fills the cores gains nothing from being batched with others (`docs/performance.md`), and one at
a time its bits cannot depend on its companions. Whatever a module draws (dropout) follows from the network's own stream
and the step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.func import functional_call

from whether.history.facts import Training
from whether.models.alone import alone
from whether.seeds import Stream
from whether.tasks.kinds import Classification
from whether.tasks.task import find
from whether.train.layout import Layout
from whether.train.precision import autocast

EVALUATED_AT_ONCE = 125


class Modules:
    """A pack's forward and backward pass for any module.

    Args:
        module: gives the computation; its own weights are never used. Parameters that ask for no gradient stay.
        noise: one stream a network, for whatever the module draws (dropout).
        training: says what is minimised, and in which precision.
        begin: called with a network's place in the pack before anything is computed for it.
    """

    def __init__(
        self,
        module: nn.Module,
        noise: list[Stream],
        training: Training,
        begin: Callable[[int], None] | None = None,
    ) -> None:
        # Calls put weights into a module for a while: one that nobody else uses needs no turns to be taken.
        self.draws = may_draw(module)
        self.module = module if self.draws else copy.deepcopy(module)
        self.noise = noise
        self._begin = begin or _nothing
        self.task = find(training.loss or training.task)
        self.counts = find(training.task)
        self.smoothing = training.smoothing
        self.precision = training.precision
        shapes = {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
        self.layout = Layout.of(shapes, padded=False)
        self._buffers: list[dict[str, Tensor]] = [{} for _ in noise]

    def inputs(self, x: Shaped[Tensor, "row *shape"]) -> Shaped[Tensor, "row *shape"]:
        """Examples as they are."""
        return x

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Shaped[Tensor, "replica batch *shape"],
        y: Shaped[Tensor, "replica batch *label"],
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network."""
        self.module.train()
        losses, rights = [], []
        for place in range(len(weights)):
            self._begin(place)
            with torch.enable_grad(), self._turn(self.noise[place], step):
                named = self._named(weights[place].detach(), place)
                leaves = [named[slot.name].requires_grad_() for slot in self.layout.slots]
                with autocast(self.precision, x.device.type):
                    logits = functional_call(self.module, named, (x[place],))
                loss = self.task.loss(logits.float(), y[place], smoothing=self.smoothing)
                found = torch.autograd.grad(loss, leaves, allow_unused=True)
            self._write(into[place], found)
            # Running statistics are changed in place, or by new tensors that `functional_call` leaves in the dict.
            self._buffers[place] = {name: named[name].detach() for name in self._buffers[place]}
            losses.append(loss.detach())
            rights.append(self.counts.right(logits.detach(), y[place]))
        return torch.stack(losses), torch.stack(rights)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Shaped[Tensor, "row *shape"],
        y: Shaped[Tensor, "row *label"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network, in evaluation mode."""
        self.module.eval()
        loss = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        right = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        with torch.no_grad():
            for place in range(len(weights)):
                self._begin(place)
                named = self._named(weights[place], place)
                with self._turn(Stream(self.noise[place].seed, "noise of looks"), 0):
                    for begin in range(0, len(x), EVALUATED_AT_ONCE):
                        labels = y[begin : begin + EVALUATED_AT_ONCE]
                        logits = functional_call(self.module, named, (x[begin : begin + EVALUATED_AT_ONCE],))
                        loss[place] += self._summed(logits, labels)
                        right[place] += self.counts.right(logits, labels)
        self.module.train()
        return (loss / self.counts.counted(y)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self._buffers = [self._buffers[place] for place in places]
        self.noise = [self.noise[place] for place in places]

    def buffers(self, place: int) -> dict[str, Tensor]:
        """A network's state that is not trained: running statistics, parameters that ask for no gradient."""
        return {name: value.detach().clone() for name, value in self._buffers[place].items()}

    def set_buffers(self, place: int, values: dict[str, Tensor]) -> None:
        """Give a network its state that is not trained."""
        self._buffers[place] = {name: value.clone() for name, value in values.items()}

    def _write(self, row: Tensor, found: Sequence[Tensor | None]) -> None:
        """Gradients into a network's row; a parameter that takes no part has none."""
        for slot, gradient in zip(self.layout.slots, found, strict=True):
            there = row[slot.begin : slot.begin + slot.size].view(slot.shape)
            if gradient is None:
                there.zero_()
            else:
                there.copy_(gradient)

    def _turn(self, noise: Stream, step: int) -> AbstractContextManager[None]:
        """What a module draws follows from its stream and the step; one that draws nothing waits for nobody."""
        return alone(noise_key(noise, step)) if self.draws else nullcontext()

    def _summed(self, outputs: Tensor, y: Tensor) -> Float[Tensor, ""]:
        """The loss summed over predictions."""
        if isinstance(self.task, Classification):
            return nn.functional.cross_entropy(outputs, y, reduction="sum").double()
        return self.task.loss(outputs, y).double() * self.counts.counted(y)

    def _named(self, row: Tensor, place: int) -> dict[str, Tensor]:
        slots = self.layout.slots
        named = {slot.name: row[slot.begin : slot.begin + slot.size].view(slot.shape) for slot in slots}
        return named | self._buffers[place]


def _nothing(place: int) -> None:
    """For those who want to do nothing before."""


def noise_key(noise: Stream, step: int) -> int:
    """The 64 bits from which whatever a module draws in one step follows."""
    return int(noise.words(1, step)[0])


def may_draw(module: nn.Module) -> bool:
    """Whether a module may draw random numbers: it has dropout, or code that is neither PyTorch's nor ours."""

    def draws(layer: nn.Module) -> bool:
        home = type(layer).__module__
        known = home.startswith(("torch.nn.", "whether."))
        drops = isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0
        inside = isinstance(getattr(layer, "dropout", 0), float) and getattr(layer, "dropout", 0) > 0
        hooked = bool(layer._forward_hooks or layer._forward_pre_hooks)
        return not known or drops or inside or hooked or isinstance(layer, (nn.RReLU, nn.FractionalMaxPool2d))

    return any(map(draws, module.modules()))
