"""How a pack computes: which program trains the networks of an architecture on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.seeds import Stream
from whether.train.chain import Chain
from whether.train.layout import Rows
from whether.train.module import Modules
from whether.train.profile import Settings
from whether.train.replica import Named, Replica
from whether.train.stacked import Stacked, why_not


@runtime_checkable
class Program(Protocol):
    """How a pack computes: `Chain` for perceptrons, `Modules` for anything."""

    @property
    def layout(self) -> Rows:
        """How the rows of weights that it takes are laid out."""

    def inputs(self, x: Tensor) -> Tensor:
        """Examples as the program reads them."""

    def gradient(self, weights: Tensor, into: Tensor, x: Tensor, y: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Write the gradient of the mean loss into `into`; return mean loss and number right, by network."""

    def evaluate(self, weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss and number right on one set of examples, for every network."""

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""

    def buffers(self, place: int) -> Named:
        """A network's state that is no parameter."""

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is no parameter."""


def alike(module: nn.Module, replicas: Sequence[Replica], data: Tensors, settings: Settings) -> list[list[int]]:
    """The places of networks that one program computes, together.

    What computes a network follows from itself alone, so that its bits do not depend on who is in its pack.
    """
    del module, data, settings
    return [list(range(len(replicas)))]


def choose(
    module: nn.Module, replicas: Sequence[Replica], data: Tensors, settings: Settings, note: Callable[[str], None]
) -> Program:
    """How a pack computes: written out for perceptrons with the plain loss, through autograd for everything else.

    On a GPU networks of any module are stacked into one computation where a trial shows that they can be; on a CPU they
    go one by one, since bits must not depend on width there.
    """
    del settings
    training = replicas[0].training
    plain = training.precision == "fp32" and not training.loss and not training.smoothing
    if plain and training.task == "classification" and Chain.fits(module):
        return Chain(module)
    if data.x_train.device.type == "cuda" and len(replicas) > 1:
        rows = data.train_index[: training.batch]
        reason = why_not(module, data.x_train[rows], data.y_train[rows], training)
        if not reason:
            return Stacked(module, len(replicas), training)
        note(f"these networks are trained one at a time: {reason}")
    return Modules(module, [Stream(replica.order, "noise") for replica in replicas], training)


def is_batched(program: Program) -> bool:
    """Whether a program computes its networks together, and not one after the other."""
    return not isinstance(program, Modules)
