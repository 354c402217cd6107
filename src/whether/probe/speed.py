"""Measured time: of a step, of inference, and of one layer computed dense and sparse.

Numbers of this file depend on the machine, on how many threads there are, and on what else runs. The paired ones are
therefore taken in blocks that take turns: what slows the machine for a second slows both sides. A lab takes them while
nothing else runs in it, one at a time, on the host's processor and on one thread, as a worker of a CPU trains, unless a
layer is asked of a GPU; another machine takes its own.
"""

from __future__ import annotations

import copy
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import RequestError
from whether.probe import layers
from whether.probe.clock import blocks, seconds, timer
from whether.probe.kernels import TILE, Layer, check, check_shape, dense, dtype, kernel, quiet, usual
from whether.probe.measures import evaluating, examples
from whether.probe.roofline import Work, speed_up
from whether.seeds import Seed, Stream
from whether.tasks.kinds import Classification
from whether.tasks.task import Task

Masks = Mapping[str, Bool[Tensor, "..."]]


def step_time(
    module: nn.Module, data: Tensors, split: str, *, batch: int = 60, repeats: int = 30, task: Task | None = None
) -> float:
    """Median milliseconds of a training step without its optimiser: forward, loss, and gradients of all parameters.

    In training mode, on a copy of the module, whose running statistics may move.

    Args:
        module: the network.
        data, split: whose first examples are the batch.
        batch: how many.
        repeats: steps that are timed one by one, after three that are not.
        task: whose loss; classification when None.
    """
    x, y = _batch(data, split, batch, repeats)
    copied = copy.deepcopy(module).train()
    wanted = [value for value in copied.parameters() if value.requires_grad]

    def step() -> None:
        torch.autograd.grad((task or Classification()).loss(copied(x), y), wanted, allow_unused=True)

    # Dropout draws from the generators of the host, which are left as they were.
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        return 1000.0 * statistics.median(seconds(step, repeats))


def inference_time(module: nn.Module, data: Tensors, split: str, *, batch: int = 60, repeats: int = 30) -> float:
    """Median milliseconds of one batch's forward pass in evaluation mode, without gradients.

    Arguments as in `step_time`.
    """
    x, _ = _batch(data, split, batch, repeats)
    with evaluating(module), torch.inference_mode():
        return 1000.0 * statistics.median(seconds(lambda: module(x), repeats))


def layer_times(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    layer: str,
    masks: Masks | None = None,
    kind: str = "training",
    batch: int = 60,
    repeats: int = 20,
    structure: str = "csr",
    device: str = "cpu",
    precision: str | None = None,
) -> dict[str, Any]:
    """What one use of a linear layer takes and asks for, dense and sparse; see `time_layer`.

    The layer's inputs are those that it gets on the split's first examples. Each side counts by its quickest block:
    what else the machine does can make a block slower and never quicker. On two cores that nine programs wanted, the
    quickest of 20 blocks varied by 1 % from one measure to the next, where the median of their ratios varied by a
    tenth and more.

    Args:
        module: its weights are the network's.
        data, split: whose first examples are the batch.
        layer: the name of a weight or of its layer, or "output".
        masks: where weights exist; when None, where they are not zero.
        kind: "training" or "inference".
        batch: how many examples.
        repeats: blocks a side.
        structure: what the sparse side computes with: "csr"; "2:4", on GPUs; "units", dense without the rows and
            columns that are gone; "dense", as the other side, to see what the measure calls equal.
        device: "cpu" or "cuda".
        precision: of both sides: "fp32", "fp16" or "bf16"; by default fp16 for 2:4 and fp32 for others.

    Returns:
        "dense" and "sparse", each with seconds, flop and bytes of one use (`roofline.Work`), and "building", the
        seconds of building the structure.

    Raises:
        RequestError: for a layer that is no linear one, words and numbers that are none, and a machine that lacks one.
    """
    precision = precision or usual(structure)
    check(device, structure, precision)
    (name,) = layers.weights(module, layer)
    weight = dict(module.named_parameters())[name].detach()
    x, _ = _batch(data, split, batch, repeats)
    given = _inputs(module, name, x)
    check_shape(tuple(weight.shape), len(given), structure)
    mask = (masks or {}).get(name, weight != 0)
    kind_of = dtype(precision)
    times = time_layer(
        weight.to(device, kind_of),
        mask.to(device),
        given.to(device, kind_of),
        kind=kind,
        repeats=repeats,
        structure=structure,
    )
    sides = {"dense": (times.dense, times.dense_work), "sparse": (times.sparse, times.sparse_work)}
    told = {side: {"seconds": min(taken), "flop": w.flop, "bytes": w.bytes} for side, (taken, w) in sides.items()}
    return {**told, "building": times.building}


def ready(module: nn.Module, *, layer: str, structure: str, device: str, precision: str | None) -> None:
    """See that a layer can be timed so on this machine, before anything is trained for it.

    Args:
        module: the network.
        layer, structure, device, precision: as of `layer_times`.

    Raises:
        RequestError: with what is missing here, or what of the layer does not fit.
    """
    check(device, structure, precision or usual(structure))
    (name,) = layers.weights(module, layer)
    _linear(module, name)
    check_shape(tuple(module.get_parameter(name).shape), TILE, structure)


def sparse_speed(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    layer: str,
    masks: Masks | None = None,
    uses: int = 1000,
    **how: Any,
) -> float:
    """How many times faster a linear layer is computed sparse than dense, on this machine; above 1 sparsity pays.

    Dense seconds / (sparse seconds + seconds of building the structure / uses).

    Args:
        module, data, split, layer, masks: as of `layer_times`.
        uses: steps (or batches) for which a structure is built once, such as those between two prunings.
        how: further options of `layer_times`.

    Raises:
        RequestError: as `layer_times`.
    """
    return speed_up({"layer": layer_times(module, data, split, layer=layer, masks=masks, **how)}, uses=uses)


@dataclass(frozen=True, kw_only=True)
class LayerTimes:
    """What a layer took, both ways.

    Attributes:
        dense, sparse: seconds of one use, the mean of each block; blocks of one place stood beside each other.
        dense_work, sparse_work: what one use asks of the machine.
        building: seconds of building the sparse structure from a dense weight and its mask, the quickest of six times.
    """

    dense: tuple[float, ...]
    sparse: tuple[float, ...]
    dense_work: Work
    sparse_work: Work
    building: float


def time_layer(
    weight: Float[Tensor, "out in"],
    mask: Bool[Tensor, "out in"],
    x: Float[Tensor, "batch in"],
    *,
    kind: str = "training",
    repeats: int = 20,
    structure: str = "csr",
) -> LayerTimes:
    """Time one linear layer dense and sparse, where its tensors are and in their precision.

    "inference" is the product y = x·Wᵀ. "training" adds both gradients, g·W for the inputs and gᵀ·x for the weights,
    of which compressed rows compute those that exist (`torch.sparse.sampled_addmm`); as training changes the weights,
    they also copy them to the structure of Wᵀ that the gradient of the inputs needs, and 2:4 packs them anew. Each
    side has its activations as suits it best: rows of examples dense, columns of examples in compressed rows, where a
    whole network would keep them. The optimiser's step is on neither side.

    Blocks take turns in the order dense, sparse, sparse, dense, … after a warm-up of both. On a GPU they are timed by
    events, and launching is part of it: a layer too small to fill the device is bound by that, on both sides.

    Args:
        weight: of the layer.
        mask: where it exists.
        x: a batch of its inputs.
        kind: "training" or "inference".
        repeats: blocks a side.
        structure: of the sparse side, as of `layer_times`.

    Returns:
        Times by block and the work of each side.

    Raises:
        RequestError: for another kind or structure, and a mask that a structure does not fit.
    """
    g = torch.from_numpy(Stream(Seed(0), "time/gradient").normal(len(x) * len(weight)))
    g = g.reshape(len(x), -1).to(x)
    layer, clock = Layer(weight.where(mask, 0.0), mask, x, g), timer(x.device)
    with torch.no_grad(), quiet():
        one, other = dense(layer, kind), kernel(structure, layer, kind)
        building = min(seconds(other.build, 3, clock))
        taken = blocks(repeats, one.use, other.use, clock=clock)
    return LayerTimes(
        dense=tuple(taken[0]),
        sparse=tuple(taken[1]),
        dense_work=one.work,
        sparse_work=other.work,
        building=building,
    )


def _batch(data: Tensors, split: str, batch: int, repeats: int) -> tuple[Tensor, Tensor]:
    for said, number in (("batch", batch), ("repeats", repeats)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise RequestError(f"timing takes a whole number of {said}, at least 1; got {number!r}.")
    x, y = examples(data, split)
    if len(y) < batch:
        raise RequestError(f"a batch of {batch} is asked for, and the {split} split has {len(y)} examples.")
    return x[:batch], y[:batch]


def _inputs(module: nn.Module, name: str, x: Tensor) -> Float[Tensor, "row in"]:
    """What a linear layer is given when `x` is sent through the network."""
    layer = _linear(module, name)
    given: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].flatten(0, -2).contiguous()))
    try:
        with evaluating(module), torch.no_grad():
            module(x)
    finally:
        handle.remove()
    return given[0]


def _linear(module: nn.Module, name: str) -> nn.Linear:
    """The linear layer whose weight has this name."""
    layer = module.get_submodule(name.rpartition(".")[0])
    if not isinstance(layer, nn.Linear):
        raise RequestError(
            f"a layer is timed if it is linear, and {name} is of a {type(layer).__name__}; PyTorch has no sparse "
            "convolution to time."
        )
    return layer
