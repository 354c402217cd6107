"""What computes a linear layer: dense, in compressed rows, 2:4, or without the units that are gone.

Each is given the same layer, batch and gradient, and returns what one use of it is. Results have preallocated memory
where PyTorch's kernels take one; the optimiser's step is nowhere.
"""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether.errors import RequestError, unknown
from whether.probe.roofline import KINDS, Work, csr_work, dense_work, two_four_work

DEVICES = ("cpu", "cuda")
STRUCTURES = ("csr", "2:4", "units", "dense")
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
HALVES = ("fp16", "bf16")
TILE = 16
"""Rows and columns of a 2:4 weight are multiples of this, and examples of half of it: what cuSPARSELt takes."""

Outcome = tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer to compute, its batch, and a gradient that comes from above; all on one device."""

    weight: Float[Tensor, "out in"]
    mask: Bool[Tensor, "out in"]
    x: Float[Tensor, "batch in"]
    g: Float[Tensor, "batch out"]


@dataclass(frozen=True, eq=False)
class Kernel:
    """One way to compute a layer.

    Attributes:
        build: makes the structure of it.
        use: by kind, what computes the layer once that is built.
        work: what one use asks of the machine.
    """

    build: Callable[[], object]
    use: Callable[[], Outcome]
    work: Work


def dtype(precision: str) -> torch.dtype:
    """The type of numbers of a precision."""
    return PRECISIONS[precision]


def usual(structure: str) -> str:
    """The precision that a structure is timed in unless another is said."""
    return "fp16" if structure == "2:4" else "fp32"


def check(device: str, structure: str, precision: str) -> None:
    """See that a machine has what these words mean.

    Raises:
        RequestError: for words that are none or do not go together, and where the machine lacks one of them.
    """
    for what, word, known in (
        ("device", device, DEVICES),
        ("structure to compute with", structure, STRUCTURES),
        ("precision", precision, tuple(PRECISIONS)),
    ):
        if word not in known:
            raise unknown(what, word, known)
    if structure == "2:4" and device == "cpu":
        raise RequestError(
            "structure=2:4 is computed on GPUs alone, and PyTorch has no such product on a CPU: say device=cuda where "
            "there is one, or structure=csr."
        )
    if structure == "2:4" and precision not in HALVES:
        raise RequestError(f"structure=2:4 is computed in {' or '.join(HALVES)}; got precision={precision}.")
    if structure == "csr" and precision != "fp32":
        raise RequestError(f"structure=csr is computed in fp32, which its sampled product needs; got {precision}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise RequestError(
            f"device=cuda, and PyTorch sees no GPU on {platform.node() or 'this machine'}: say device=cpu, or ask on a "
            "machine with a GPU and a build of PyTorch for it."
        )
    if structure == "2:4" and not torch.backends.cusparselt.is_available():
        raise RequestError("structure=2:4 needs cuSPARSELt, and this build of PyTorch or this GPU has none of it.")
    if structure == "csr" and (reason := _lacks_csr(device)):
        raise RequestError(f"structure=csr: this build of PyTorch has no such sparse product here ({reason}).")


def check_shape(weight: tuple[int, ...], batch: int, structure: str) -> None:
    """See that a kernel takes a layer of this shape.

    Raises:
        RequestError: for 2:4 when the sizes are no multiples of 16, or the batch none of 8.
    """
    if structure == "2:4" and (any(size % TILE for size in weight) or batch % (TILE // 2)):
        raise RequestError(
            f"structure=2:4 takes outputs and inputs in multiples of {TILE} and a batch in multiples of {TILE // 2}; "
            f"got a layer of {' × '.join(map(str, weight))} and a batch of {batch}."
        )


def kernel(structure: str, layer: Layer, kind: str) -> Kernel:
    """The kernel of a structure for a layer.

    Raises:
        RequestError: for another structure or kind, and a mask that a structure does not fit.
    """
    if kind not in KINDS:
        raise unknown("kind of timing", kind, KINDS)
    if structure not in STRUCTURES:
        raise unknown("structure to compute with", structure, STRUCTURES)
    return {"csr": _csr, "2:4": _two_four, "units": _units, "dense": dense}[structure](layer, kind)


def dense(layer: Layer, kind: str) -> Kernel:
    """y = x·Wᵀ [batch, out]; for training gᵀ·x [out, in] and g·W [batch, in], too."""
    weight, x, g = layer.weight, layer.x, layer.g
    y, to_weight, to_x = torch.empty_like(g), torch.empty_like(weight), torch.empty_like(x)

    def inference() -> Outcome:
        return (torch.mm(x, weight.T, out=y),)

    def training() -> Outcome:
        return *inference(), torch.mm(g.T, x, out=to_weight), torch.mm(g, weight, out=to_x)

    work = dense_work(len(g.T), len(x.T), len(x), kind=kind, size=weight.element_size())
    return Kernel(lambda: None, inference if kind == "inference" else training, work)


def _units(layer: Layer, kind: str) -> Kernel:
    """Dense, of the rows and columns in which any weight exists: a smaller layer, whose activations are fewer."""
    rows, columns = layer.mask.any(1), layer.mask.any(0)

    def build() -> Layer:
        weight = layer.weight[rows][:, columns].contiguous()
        return Layer(weight, layer.mask[rows][:, columns], layer.x[:, columns].contiguous(), layer.g[:, rows])

    small = build()
    inner = dense(Layer(small.weight, small.mask, small.x, small.g.contiguous()), kind)
    return Kernel(build, inner.use, inner.work)


def _two_four(layer: Layer, kind: str) -> Kernel:
    """y = x·Wᵀ of a packed W. For training W is packed anew, as it has changed, and both gradients are dense."""
    groups = layer.mask.reshape(len(layer.mask), -1, 4).sum(-1)
    if crowded := int((groups > 2).sum()):
        raise RequestError(
            f"structure=2:4 keeps at most 2 of each 4 neighbouring inputs, and {crowded} groups of this layer have "
            "more; prune with structure='2:4'."
        )
    weight, x, g = layer.weight, layer.x, layer.g
    to_weight, to_x = torch.empty_like(weight), torch.empty_like(x)
    packed = torch.sparse.to_sparse_semi_structured(weight)

    def inference() -> Outcome:
        return (torch.nn.functional.linear(x, packed),)

    def training() -> Outcome:
        y = torch.nn.functional.linear(x, torch.sparse.to_sparse_semi_structured(weight))
        return y, torch.mm(g.T, x, out=to_weight), torch.mm(g, weight, out=to_x)

    work = two_four_work(len(g.T), len(x.T), len(x), kind=kind, size=weight.element_size())
    use = inference if kind == "inference" else training
    return Kernel(lambda: torch.sparse.to_sparse_semi_structured(weight), use, work)


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
    counts = torch.bincount(rows, minlength=size[0])
    pointers = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    return torch.sparse_csr_tensor(pointers, columns.contiguous(), values, size=size, check_invariants=False)


def _csr(layer: Layer, kind: str) -> Kernel:
    """yᵀ [out, batch] in compressed rows, and for training gW in compressed rows and gxᵀ [in, batch].

    Activations lie feature by feature, where a whole sparse network would keep them. Training has changed the values of
    W, so those of Wᵀ are copied at each use.
    """
    structure, x = Structure.of(layer.weight, layer.mask), layer.x
    inputs, outputs = x.T.contiguous(), layer.g.T.contiguous()
    y, to_x = torch.empty_like(outputs), torch.empty_like(inputs)
    there = structure.transposed.values()

    def inference() -> Outcome:
        return (torch.addmm(y, structure.weight, inputs, beta=0, out=y),)

    def training() -> Outcome:
        forward = inference()
        torch.index_select(structure.weight.values(), 0, structure.order, out=there)
        gradient = structure.gradient
        torch.sparse.sampled_addmm(gradient, outputs, x, beta=0.0, out=gradient)
        return *forward, gradient, torch.addmm(to_x, structure.transposed, outputs, beta=0, out=to_x)

    count = int(layer.mask.sum())
    work = csr_work(len(outputs), len(inputs), count, len(x), kind=kind, size=x.element_size())
    use = inference if kind == "inference" else training
    return Kernel(lambda: Structure.of(layer.weight, layer.mask), use, work)


def _lacks_csr(device: str) -> str:
    """Why a machine cannot multiply compressed rows; empty where it can."""
    weight = torch.eye(2, device=device)
    try:
        with quiet():
            _csr(Layer(weight, weight > 0, weight, weight), "training").use()
    except (RuntimeError, NotImplementedError) as error:
        return str(error).splitlines()[0]
    return ""


@contextmanager
def quiet() -> Iterator[None]:
    """Without PyTorch's words that sparse rows are in beta state and 2:4 is a prototype."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Ss]parse.*")
        yield
