"""The step of any `nn.Module`, through autograd: all networks of a pack as one computation.

`torch.func.vmap` maps a module's forward pass over replicas; a product of one network's matrices becomes a batched
product, a convolution a grouped one. On a GPU that fills the device with networks that are small each. What comes out
is what `module.py` computes one network after the other, up to the order of sums: agreement is to TOLERANCE and not to
the bit, so on a CPU, where bits must not depend on width, the networks go one by one.
"""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, vmap

from whether.errors import CODE_RAISES
from whether.history.facts import Training
from whether.models.alone import alone
from whether.seeds import Seed, Stream
from whether.tasks.task import find
from whether.train.layout import Layout
from whether.train.module import Modules
from whether.train.precision import autocast
from whether.train.replica import Named

ROWS_AT_ONCE = 8192
"""Examples that are evaluated in one pass, over all networks."""

TOLERANCE = 1e-3
"""How far numbers of a stacked trial may lie from those of one network at a time: ‖difference‖ / ‖numbers‖."""

TRIAL_STEPS = 2
TRIAL_RATE = 0.05


@runtime_checkable
class Program(Protocol):
    """What a trial asks of a way to compute networks, as `program.Program` has it."""

    @property
    def layout(self) -> Layout:
        """How rows of weights are laid out."""

    def gradient(self, weights: Tensor, into: Tensor, x: Tensor, y: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Write the gradient of the mean loss into `into`; return mean loss and number right, by network."""

    def evaluate(self, weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss and number right on one set of examples, for every network."""

    def buffers(self, place: int) -> Named:
        """A network's state that is no parameter."""

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is no parameter."""


class Stacked:
    """A pack's forward and backward pass for any module that `why_not` has nothing to say against.

    Args:
        module: gives the computation; its own weights are never used, and what it holds beside them is the beginning
            of every network's. On the device that trains.
        replicas: networks.
        training: says what is minimised, and in which precision.
    """

    def __init__(self, module: nn.Module, replicas: int, training: Training) -> None:
        self.module = copy.deepcopy(module).train()
        self.task = find(training.loss or training.task)
        self.counts = find(training.task)
        self.smoothing = training.smoothing
        self.precision = training.precision
        trained = {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
        self.layout = Layout.of(trained, padded=False)
        held = (*module.named_parameters(), *module.named_buffers())
        stored = module.state_dict().keys()  # buffers that are not are computed anew by whoever makes the module
        self._buffers: Named = {
            name: value.detach().expand(replicas, *value.shape).clone()
            for name, value in held
            if name in stored and name not in trained
        }

    def inputs(self, x: Float[Tensor, "row *shape"]) -> Float[Tensor, "row *shape"]:
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
            step: is not asked for: nothing that is stacked draws.
        """
        del step
        # One leaf a tensor: the gradient of a slice of [R, P] would be as large as all weights, for every slice.
        named = {name: value.detach().requires_grad_() for name, value in self._named(weights).items()}
        with torch.enable_grad():
            losses, rights, after = vmap(self._one, randomness="error")(named, self._buffers, x, y)
            found = torch.autograd.grad(
                losses.sum(), list(named.values()), allow_unused=True, materialize_grads=True
            )  # no network is in another's loss
        for name, slope in zip(named, found, strict=True):
            self.layout.view(into, name).copy_(slope)
        for name, value in after.items():  # they stay where they are, so that a step can be captured
            self._buffers[name].copy_(value)
        return losses.detach(), rights

    def evaluate(
        self, weights: Float[Tensor, "replica flat"], x: Tensor, y: Tensor
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network, in evaluation mode."""
        loss = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        right = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        named, rows = self._named(weights), max(1, ROWS_AT_ONCE // len(weights))
        look = vmap(self._look, in_dims=(0, 0, None, None), randomness="error")
        self.module.eval()
        with torch.no_grad():
            for begin in range(0, len(x), rows):
                part, labels = x[begin : begin + rows], y[begin : begin + rows]
                losses, rights = look(named, self._buffers, part, labels)
                loss += losses.double() * self.counts.counted(labels)
                right += rights
        self.module.train()
        return (loss / self.counts.counted(y)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self._buffers = {name: value[places] for name, value in self._buffers.items()}

    def buffers(self, place: int) -> Named:
        """A network's state that is not trained: running statistics, parameters that ask for no gradient."""
        return {name: value[place].clone() for name, value in self._buffers.items()}

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is not trained."""
        for name, value in values.items():
            self._buffers[name][place] = value.to(self._buffers[name].device)

    def _named(self, weights: Float[Tensor, "replica flat"]) -> Named:
        return {slot.name: self.layout.view(weights, slot.name) for slot in self.layout.slots}

    def _one(self, named: Named, buffers: Named, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Named]:
        """One network's loss, how many are right, and its running statistics afterwards, which are new tensors."""
        # Modules change running statistics in place, or put new tensors into the dict that they are called with.
        state = named | {name: value.clone() for name, value in buffers.items()}
        with autocast(self.precision, x.device.type):
            outputs = functional_call(self.module, state, (x,))
        loss = self.task.loss(outputs.float(), y, smoothing=self.smoothing)
        return loss, self.counts.right(outputs.detach(), y), {name: state[name].detach() for name in buffers}

    def _look(self, named: Named, buffers: Named, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        outputs = functional_call(self.module, named | buffers, (x,))
        return self.task.loss(outputs, y), self.counts.right(outputs, y)


def why_not(module: nn.Module, x: Tensor, y: Tensor, training: Training) -> str:
    """Why the networks of a module cannot be computed as one; empty when they can.

    Two networks take two steps of gradient descent, stacked and one after the other; losses, gradients, running
    statistics and a look at the examples have to agree within TOLERANCE. Nothing of the module is changed.

    Args:
        module: on the device that trains; its weights are those of the first network.
        x: some examples [row, *shape] of the training split, a batch or less.
        y: their labels.
        training: what is minimised. The trial is in float32 whatever its precision.

    Example:
        >>> from whether.data.cards import Data
        >>> from whether.history.resolve import settle
        >>> from whether.recipe import default_recipe
        >>> training = settle(default_recipe("digits"), Data(name="digits"))
        >>> x, y = torch.rand(6, 8), torch.arange(6)
        >>> why_not(nn.Sequential(nn.Linear(8, 6), nn.ReLU()), x, y, training)
        ''
        >>> why_not(nn.Sequential(nn.Linear(8, 6), nn.Dropout(0.5)), x, y, training)
        'it draws random numbers (Dropout), and a stack of networks has no stream for each'
    """
    said = next((reason for layer in module.modules() if (reason := _layer_says(layer))), "")
    if said:
        return said
    return differs(module, x, y, training, lambda exact: Stacked(module, 2, exact), "stacked")


def differs(
    module: nn.Module, x: Tensor, y: Tensor, training: Training, together: Callable[[Training], Program], word: str
) -> str:
    """In what two networks that are computed together are not as one at a time; empty when they are alike.

    Args:
        module: on the device that trains; its weights are those of the first network.
        x: some examples [row, *shape] of the training split, a batch or less.
        y: their labels.
        training: what is minimised. The trial is in float32 whatever its precision.
        together: makes the program of two networks.
        word: what to call how they are computed: "stacked", "packed".
    """
    noise = [Stream(Seed(place), "noise of a trial") for place in range(2)]
    # Coarse products of a GPU would hide what a tolerance is to find.
    with alone(0), torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled, allow_tf32=False):
        exact = dataclasses.replace(training, precision="fp32")
        try:
            single = _trial(Modules(module, noise, exact), module, x, y)
        except (torch.OutOfMemoryError, MemoryError):
            raise  # it says nothing of the module
        except CODE_RAISES as error:
            return f"it does not train: {_first_line(error)}"
        try:
            both = _trial(together(exact), module, x, y)
        except (torch.OutOfMemoryError, MemoryError):
            raise
        except CODE_RAISES as error:
            if "randomness" in str(error):
                return "it draws random numbers, and a stack of networks has no stream for each"
            how = "torch.func.vmap does not map it over networks" if word == "stacked" else f"it cannot be {word}"
            return f"{how}: {_first_line(error)}"
    for what, number in single.items():
        scale = max(float(number.norm()), 1e-12)
        apart = float((both[what] - number).norm()) / scale
        if not apart <= TOLERANCE:
            return f"{word}, its {what} is {apart:.2g} of its size away from that of one network at a time"
    return ""


def _trial(program: Program, module: nn.Module, x: Tensor, y: Tensor) -> Named:
    """Two networks take some steps; every number that a pack would keep of them, by what it is, in float64."""
    layout = program.layout
    weights = torch.zeros(2, layout.size, device=x.device)
    own = {name: value.detach() for name, value in module.named_parameters()}
    state = {name: value.detach().clone() for name, value in module.state_dict().items()}
    for place in range(2):
        layout.fill(weights[place], own)
        known = {slot.name for slot in layout.slots}
        kept = (*module.named_parameters(), *module.named_buffers())  # a shared tensor has one name
        program.set_buffers(place, {name: state[name] for name, _ in kept if name in state and name not in known})
    other = torch.from_numpy(Stream(Seed(0), "weights of a trial").normal(layout.size)).to(weights)
    weights[1] *= 1 + 0.1 * other
    both_x, both_y = torch.stack([x, x.flip(0)]), torch.stack([y, y.flip(0)])
    found: Named = {}
    slopes = torch.zeros_like(weights)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*batching rule.*")  # slower, and as right
        for step in range(TRIAL_STEPS):
            losses, _ = program.gradient(weights, slopes, both_x, both_y, step)
            weights -= TRIAL_RATE * slopes
            found |= {f"loss at step {step + 1}": losses, f"gradient at step {step + 1}": slopes.clone()}
        found["loss in evaluation"], _ = program.evaluate(weights, x, y)
    for place in range(2):
        found |= {f"{name} of network {place + 1}": value for name, value in program.buffers(place).items()}
    return {what: number.detach().double().cpu() for what, number in found.items()}


def _layer_says(layer: nn.Module) -> str:
    """What can be told of a layer from its settings."""
    name = type(layer).__name__
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0:
        return f"it draws random numbers ({name}), and a stack of networks has no stream for each"
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.track_running_stats and layer.momentum is None:
        return f"its {name} has momentum=None: how much it keeps is a number that depends on its own count"
    return ""


def _first_line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
