"""Measured time: of a step, of inference, and of one layer computed dense and sparse.

Numbers of this file depend on the machine, on how many threads there are, and on what else runs. The paired ones are
therefore taken in blocks that take turns: what slows the machine for a second slows both sides. A lab takes them while
nothing else runs in it, one at a time, on the host's processor and on one thread, as a worker of a CPU trains; another
machine takes its own.
"""

from __future__ import annotations

import copy
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.errors import RequestError, unknown
from whether.probe import layers
from whether.probe.measures import evaluating, examples
from whether.seeds import Seed, Stream
from whether.tasks.kinds import Classification
from whether.tasks.task import Task

KINDS = ("training", "inference")
WARM_UP = 3
BLOCK_SECONDS = 0.001
"""A block lasts about so long: much longer than the clock is fine, and short enough that some are not interrupted."""

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
        return 1000.0 * statistics.median(_seconds(step, repeats))


def inference_time(module: nn.Module, data: Tensors, split: str, *, batch: int = 60, repeats: int = 30) -> float:
    """Median milliseconds of one batch's forward pass in evaluation mode, without gradients.

    Arguments as in `step_time`.
    """
    x, _ = _batch(data, split, batch, repeats)
    with evaluating(module), torch.inference_mode():
        return 1000.0 * statistics.median(_seconds(lambda: module(x), repeats))


def sparse_speed(
    module: nn.Module,
    data: Tensors,
    split: str,
    *,
    layer: str,
    masks: Masks | None = None,
    kind: str = "training",
    batch: int = 60,
    repeats: int = 20,
    uses: int = 1000,
) -> float:
    """How many times faster a linear layer is computed sparse than dense, on this machine; above 1 sparsity pays.

    Dense seconds / (sparse seconds + seconds of building the structure / uses), each side's of its quickest block; see
    `time_layer`. What else the machine does can make a block slower and never quicker: on two cores that nine programs
    wanted, the quickest of 20 blocks varied by 1 % from one measure to the next, where the median of their ratios
    varied by a tenth and more. The layer's inputs are those that it gets on the split's first examples.

    Args:
        module: its weights are the network's.
        data, split: whose first examples are the batch.
        layer: the name of a weight or of its layer, or "output".
        masks: where weights exist; when None, where they are not zero.
        kind: "training" or "inference".
        batch: how many examples.
        repeats: blocks a side.
        uses: steps (or batches) for which a structure is built once, such as those between two prunings.

    Raises:
        RequestError: for a layer that is no linear one, numbers that are none, and a machine that cannot multiply so.
    """
    (name,) = layers.weights(module, layer)
    weight = dict(module.named_parameters())[name].detach()
    x, _ = _batch(data, split, batch, min(repeats, uses))
    times = time_layer(
        weight, (masks or {}).get(name, weight != 0), _inputs(module, name, x), kind=kind, repeats=repeats
    )
    if times.refused:
        raise RequestError(f"sparse_speed of {name}: {times.refused}")
    return min(times.dense) / (min(times.sparse) + times.building / uses)


@dataclass(frozen=True, kw_only=True)
class LayerTimes:
    """What a layer took, both ways.

    Attributes:
        dense, sparse: seconds of one use, the mean of each block; blocks of one place stood beside each other.
        building: seconds of building the sparse structure from a dense weight and its mask, the quickest of six times.
        refused: why there is no sparse side; empty when there is one.
    """

    dense: tuple[float, ...]
    sparse: tuple[float, ...] = ()
    building: float = 0.0
    refused: str = ""


def time_layer(
    weight: Float[Tensor, "out in"],
    mask: Bool[Tensor, "out in"],
    x: Float[Tensor, "batch in"],
    *,
    kind: str = "training",
    repeats: int = 20,
) -> LayerTimes:
    """Time one linear layer, dense against compressed sparse rows (CSR).

    "inference" is the product y = x·Wᵀ. "training" adds both gradients, g·W for the inputs and gᵀ·x for the weights,
    of which the sparse side computes those that exist (`torch.sparse.sampled_addmm`); as training changes the
    weights, the sparse side also copies them to the structure of Wᵀ that the gradient of the inputs needs. Each side
    has its activations as suits it best: rows of examples dense, columns of examples sparse, where a whole network
    would keep them. All results have preallocated memory; the optimiser's step is on neither side.

    Blocks take turns in the order dense, sparse, sparse, dense, … after a warm-up of both. There are no kernels in
    PyTorch for 2:4 sparsity on a CPU, and those for blocks (BSR) have no sampled product, so neither is timed.

    Args:
        weight: of the layer.
        mask: where it exists.
        x: a batch of its inputs.
        kind: "training" or "inference".
        repeats: blocks a side.

    Returns:
        Times by block; the sparse side is refused with the reason on a machine that lacks it.

    Raises:
        RequestError: for another kind.
    """
    if kind not in KINDS:
        raise unknown("kind of timing", kind, KINDS)
    g = torch.from_numpy(Stream(Seed(0), "time/gradient").normal(len(x) * len(weight)))
    g = g.reshape(len(x), -1).to(x.dtype)
    worn = weight.where(mask, 0.0)
    with torch.no_grad(), _quiet():
        dense = dense_uses(worn, x, g)[kind]
        try:
            began = time.perf_counter()
            structure = Structure.of(worn, mask)
            first = time.perf_counter() - began
            sparse = sparse_uses(structure, x, g)[kind]
            sparse()
        except (RuntimeError, NotImplementedError) as error:
            reason = f"this build of PyTorch has no such sparse product here ({str(error).splitlines()[0]})."
            return LayerTimes(dense=tuple(_blocks(repeats, dense)[0]), refused=reason)
        building = min([first, *_seconds(lambda: Structure.of(worn, mask), 5)])
        dense_seconds, sparse_seconds = _blocks(repeats, dense, sparse)
    return LayerTimes(dense=tuple(dense_seconds), sparse=tuple(sparse_seconds), building=building)


@dataclass(frozen=True)
class Structure:
    """A sparse weight: W and Wᵀ in compressed rows, the order of W's values in Wᵀ, and room for a gradient of W."""

    weight: Tensor
    transposed: Tensor
    order: Tensor
    gradient: Tensor

    @staticmethod
    def of(weight: Float[Tensor, "out in"], mask: Bool[Tensor, "out in"]) -> Structure:
        """Build it; places that exist are kept, even those that hold zero."""
        rows, columns = mask.nonzero().T
        order = torch.argsort(columns, stable=True)  # places come row by row: so they do in Wᵀ
        values = weight[rows, columns]
        return Structure(
            _compressed(rows, columns, values, (weight.shape[0], weight.shape[1])),
            _compressed(columns[order], rows[order], values[order], (weight.shape[1], weight.shape[0])),
            order,
            _compressed(rows, columns, torch.zeros_like(values), (weight.shape[0], weight.shape[1])),
        )


def _compressed(rows: Tensor, columns: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    pointers = torch.zeros(size[0] + 1, dtype=torch.int64)
    pointers[1:] = torch.bincount(rows, minlength=size[0]).cumsum(0)
    return torch.sparse_csr_tensor(pointers, columns.contiguous(), values, size=size, check_invariants=False)


def dense_uses(weight: Tensor, x: Tensor, g: Tensor) -> dict[str, Callable[[], tuple[Tensor, ...]]]:
    """By kind, what computes a layer dense: y [batch, out], and for training gW [out, in] and gx [batch, in]."""
    y, to_weight, to_x = g.new_empty(g.shape), torch.empty_like(weight), torch.empty_like(x)

    def inference() -> tuple[Tensor, ...]:
        return (torch.mm(x, weight.T, out=y),)

    def training() -> tuple[Tensor, ...]:
        return *inference(), torch.mm(g.T, x, out=to_weight), torch.mm(g, weight, out=to_x)

    return {"inference": inference, "training": training}


def sparse_uses(structure: Structure, x: Tensor, g: Tensor) -> dict[str, Callable[[], tuple[Tensor, ...]]]:
    """By kind, what computes a layer sparse: yᵀ [out, batch], and for training gW in compressed rows and gxᵀ."""
    inputs, outputs = x.T.contiguous(), g.T.contiguous()
    y, to_x = torch.empty_like(outputs), torch.empty_like(inputs)
    there = structure.transposed.values()

    def inference() -> tuple[Tensor, ...]:
        return (torch.addmm(y, structure.weight, inputs, beta=0, out=y),)

    def training() -> tuple[Tensor, ...]:
        forward = inference()
        torch.index_select(structure.weight.values(), 0, structure.order, out=there)
        gradient = structure.gradient
        torch.sparse.sampled_addmm(gradient, outputs, x, beta=0.0, out=gradient)
        return *forward, gradient, torch.addmm(to_x, structure.transposed, outputs, beta=0, out=to_x)

    return {"inference": inference, "training": training}


def _blocks(repeats: int, *sides: Callable[[], object]) -> list[list[float]]:
    """Seconds of one use by side and block; the sides take turns in going first."""
    uses = []
    for side in sides:
        once = min(_seconds(side, WARM_UP))
        uses.append(max(1, round(BLOCK_SECONDS / max(once, 1e-7))))
    found: list[list[float]] = [[] for _ in sides]
    for block in range(repeats):
        for place in range(len(sides)) if block % 2 == 0 else reversed(range(len(sides))):
            began = time.perf_counter()
            for _ in range(uses[place]):
                sides[place]()
            found[place].append((time.perf_counter() - began) / uses[place])
    return found


def _seconds(use: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of so many uses, after a few that are not timed."""
    found = []
    for place in range(WARM_UP + repeats):
        began = time.perf_counter()
        use()
        if place >= WARM_UP:
            found.append(time.perf_counter() - began)
    return found


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
    layer = module.get_submodule(name.rpartition(".")[0])
    if not isinstance(layer, nn.Linear):
        raise RequestError(
            f"sparse_speed is of linear layers, and {name} is of a {type(layer).__name__}; PyTorch has no sparse "
            "convolution to time."
        )
    given: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].flatten(0, -2).contiguous()))
    try:
        with evaluating(module), torch.no_grad():
            module(x)
    finally:
        handle.remove()
    return given[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without PyTorch's words that sparse rows are in beta state."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Ss]parse.*")
        yield
