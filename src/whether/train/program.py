"""How a pack computes: which program trains the networks of an architecture on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from whether import words
from whether.data.tensors import Tensors
from whether.history.facts import Training
from whether.plan.width import sparse_pays
from whether.seeds import Stream
from whether.train.chain import Chain
from whether.train.compressed import available, existing
from whether.train.layout import Rows
from whether.train.module import Modules
from whether.train.packed import Packed
from whether.train.packed import why_not as why_not_packed
from whether.train.profile import Settings
from whether.train.replica import Named, Replica
from whether.train.sparse_chain import SparseChain
from whether.train.sparse_modules import SparseModules
from whether.train.sparse_where import layers
from whether.train.stacked import Stacked, why_not


@runtime_checkable
class Program(Protocol):
    """How a pack computes: `Chain` for perceptrons, `Packed` and `Stacked` on a GPU, `Modules` for anything."""

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
    found: dict[tuple[str, ...], list[int]] = {}
    for place, replica in enumerate(replicas):
        found.setdefault(_compressed(module, replica, data, settings), []).append(place)
    return list(found.values())


def choose(
    module: nn.Module, replicas: Sequence[Replica], data: Tensors, settings: Settings, note: Callable[[str], None]
) -> Program:
    """How a pack computes: written out for perceptrons with the plain loss, through autograd for everything else.

    On a CPU either has a form in compressed rows for networks of which few weights are left.
    On a GPU networks are computed together: ours in packed layers, those of any other module stacked where a trial
    shows that they can be. On a CPU they go one by one, since bits must not depend on width there.
    """
    training, on_gpu = replicas[0].training, fills_a_device(data.x_train.device)
    few = _compressed(module, replicas[0], data, settings)
    if _is_chain(module, training, on_gpu=on_gpu):
        return SparseChain(module, [replica.masks for replica in replicas]) if few else Chain(module)
    if on_gpu:
        return _together(module, replicas, data, note)
    if few:
        masks = [{name: (replica.masks or {})[name] for name in few} for replica in replicas]
        return SparseModules(module, masks, _noise(replicas), training)
    return _one_by_one(module, replicas)


def _is_chain(module: nn.Module, training: Training, *, on_gpu: bool) -> bool:
    """Whether a step is written out: that of a perceptron with the plain loss."""
    exact = training.precision == "fp32" or (training.precision == "tf32" and on_gpu)
    plain = exact and not training.loss and not training.smoothing
    return plain and training.task == "classification" and Chain.fits(module)


def _compressed(module: nn.Module, replica: Replica, data: Tensors, settings: Settings) -> tuple[str, ...]:
    """Names of the weights that a network keeps in compressed rows: on a CPU, under a mask that stays, and few."""
    training, masks = replica.training, replica.masks
    if not masks or settings.kernels != "sparse" or data.x_train.device.type != "cpu":
        return ()
    if training.sparsify is not None or words.is_own_code(training.optimizer["name"]):
        return ()  # both look at weights that do not exist
    if training.precision == "bf16" or not available():
        return ()
    if not _is_chain(module, training, on_gpu=False):
        batch = min(training.batch, len(data.train_index))
        return layers(module, masks, data.x_train, batch, settings)
    weights = sum(value.numel() for value in module.parameters())
    rule = {"below": settings.sparse_below, "overhead": settings.sparse_overhead}
    return tuple(masks) if sparse_pays(existing(module, masks), weights, training.batch, **rule) else ()


def fills_a_device(device: torch.device) -> bool:
    """Whether networks are computed together on a device, and their steps recorded: on a GPU."""
    return device.type == "cuda"


def _together(module: nn.Module, replicas: Sequence[Replica], data: Tensors, note: Callable[[str], None]) -> Program:
    """How networks of any module are computed on a GPU."""
    training, rows = replicas[0].training, data.train_index[: replicas[0].training.batch]
    x, y = data.x_train[rows], data.y_train[rows]
    if not why_not_packed(module, x, y, training):
        return Packed(module, len(replicas), training)
    if len(replicas) > 1:
        reason = why_not(module, x, y, training)
        if not reason:
            return Stacked(module, len(replicas), training)
        note(f"these networks are trained one at a time: {reason}")
    return _one_by_one(module, replicas)


def _one_by_one(module: nn.Module, replicas: Sequence[Replica]) -> Modules:
    return Modules(module, _noise(replicas), replicas[0].training)


def _noise(replicas: Sequence[Replica]) -> list[Stream]:
    return [Stream(replica.order, "noise") for replica in replicas]


def is_batched(program: Program) -> bool:
    """Whether a program computes its networks together, and not one after the other."""
    return not isinstance(program, (Modules, SparseModules))
