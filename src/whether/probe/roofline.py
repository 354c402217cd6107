"""What bounds a layer's speed: work counted by hand, beside what the machine can do at most.

    FLOP/s reached ≤ min(peak, I · bandwidth),   I = FLOP / bytes moved

A multiply-add counts as two operations. Bytes are those that cannot be avoided: each array is read or written once by
each product that needs it. So I is the best that a layer can have, and what lies below its bound is lost in the kernel
or in caches, not in the memory. A layer small enough to stay in a cache may lie above the bound that the memory sets;
the cache has a bandwidth of its own.

The words that a question derives of a layer's times are here: `speed_up`, `flop_rate`, `intensity`, `share_of_bound`.
Source: Williams, Waterman & Patterson, "Roofline: an insightful visual performance model for multicore architectures"
(CACM 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whether.errors import RequestError, unknown

KINDS = ("training", "inference")
SIDES = ("dense", "sparse")
INDEX = 8
"""Bytes of an index in PyTorch's compressed rows."""


@dataclass(frozen=True)
class Work:
    """What one use of a layer asks of a machine.

    Attributes:
        flop: operations, two for each multiply-add.
        bytes: moved between the memory and the processor, at least.
    """

    flop: float
    bytes: float

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return self.flop / self.bytes

    def __add__(self, other: Work) -> Work:
        return Work(self.flop + other.flop, self.bytes + other.bytes)


def dense_work(outputs: int, inputs: int, batch: int, *, kind: str = "inference", size: int = 4) -> Work:
    """The work of a dense linear layer.

    With m outputs, n inputs, a batch of b and numbers of s bytes, y = x·Wᵀ is 2bmn operations on s(mn + bn + bm) bytes;
    each of the two gradients, gᵀ·x and g·W, is as many on as many.

    Args:
        outputs, inputs, batch: m, n, b.
        kind: "inference", or "training" with both gradients.
        size: s.

    Raises:
        RequestError: for another kind.

    Example:
        >>> dense_work(2, 3, 5), dense_work(2, 3, 5, kind="training").intensity
        (Work(flop=60.0, bytes=124.0), 0.4838709677419355)
    """
    product = Work(2.0 * batch * outputs * inputs, float(size * (outputs * inputs + batch * (inputs + outputs))))
    return product if _is_inference(kind) else product + product + product


def csr_work(
    outputs: int, inputs: int, weights: int, batch: int, *, kind: str = "inference", size: int = 4, index: int = INDEX
) -> Work:
    """The work of a linear layer in compressed rows.

    With k weights and indices of i bytes, y = x·Wᵀ is 2bk operations on k(s + i) + (m + 1)i bytes of weights and
    s(bn + bm) of activations. The gradient of the weights that exist is as many operations, reading k indices and
    writing k numbers: as many bytes. That of the inputs walks along Wᵀ: n + 1 pointers instead of m + 1; and as
    training has changed the weights, they are copied to Wᵀ before: k(2s + i) bytes and no operation.

    Args:
        outputs, inputs, batch: m, n, b.
        weights: k.
        kind: "inference", or "training" with both gradients.
        size, index: s and i.

    Raises:
        RequestError: for another kind.

    Example:
        >>> csr_work(2, 3, 4, 5), csr_work(2, 3, 4, 5, kind="training")
        (Work(flop=40.0, bytes=172.0), Work(flop=120.0, bytes=588.0))
    """
    moved = float(weights * (size + index) + size * batch * (inputs + outputs))
    by_rows, by_columns = (Work(2.0 * batch * weights, moved + (many + 1) * index) for many in (outputs, inputs))
    if _is_inference(kind):
        return by_rows
    return by_rows + by_rows + by_columns + Work(0.0, float(weights * (2 * size + index)))


def two_four_work(outputs: int, inputs: int, batch: int, *, kind: str = "inference", size: int = 2) -> Work:
    """The work of a linear layer of which two of each four inputs are left, packed with two bits for each.

    y = x·Wᵀ is bmn operations on mn(s/2 + 1/8) bytes of weights and s(bn + bm) of activations. In training the weights
    are packed anew, which reads smn bytes and writes what is packed; both gradients are dense, since Wᵀ has no such
    pattern.

    Args:
        outputs, inputs, batch: m, n, b.
        kind: "inference", or "training" with both gradients.
        size: s.

    Raises:
        RequestError: for another kind.

    Example:
        >>> two_four_work(8, 16, 4)
        Work(flop=512.0, bytes=336.0)
    """
    packed = outputs * inputs * (size / 2 + 1 / 8)
    product = Work(float(batch * outputs * inputs), packed + size * batch * (inputs + outputs))
    if _is_inference(kind):
        return product
    dense = dense_work(outputs, inputs, batch, size=size)
    return product + dense + dense + Work(0.0, size * outputs * inputs + packed)


def bound(intensity: float, *, peak: float, bandwidth: float) -> float:
    """The most that a machine can reach: min(peak, I · bandwidth).

    Args:
        intensity: I, in operations a byte.
        peak: of its products, in GFLOP/s.
        bandwidth: of its memory, in GB/s.

    Returns:
        GFLOP/s.

    Example:
        >>> bound(2.0, peak=90.0, bandwidth=25.0), bound(20.0, peak=90.0, bandwidth=25.0)
        (50.0, 90.0)
    """
    return min(peak, intensity * bandwidth)


def speed_up(values: Mapping[str, Any], *, uses: int = 1000) -> float:
    """How many times faster a layer is sparse than dense: t_dense / (t_sparse + t_building / uses).

    Args:
        values: "layer", its `layer_times`.
        uses: steps (or batches) for which a structure is built once, such as those between two prunings.

    Raises:
        RequestError: for a number of uses that is none.

    Example:
        >>> speed_up({"layer": {"dense": {"seconds": 4.0}, "sparse": {"seconds": 1.0}, "building": 10.0}}, uses=10)
        2.0
    """
    if isinstance(uses, bool) or not isinstance(uses, int) or uses < 1:
        raise RequestError(f"timing takes a whole number of uses, at least 1; got {uses!r}.")
    layer = values["layer"]
    return float(layer["dense"]["seconds"] / (layer["sparse"]["seconds"] + layer["building"] / uses))


def flop_rate(values: Mapping[str, Any], *, side: str = "sparse") -> float:
    """The GFLOP/s that one side of a layer reaches; of the sparse side only what exists is counted.

    Args:
        values: "layer", its `layer_times`.
        side: "dense" or "sparse".

    Raises:
        RequestError: for another side.
    """
    told = _side(values, side)
    return float(1e-9 * told["flop"] / told["seconds"])


def intensity(values: Mapping[str, Any], *, side: str = "sparse") -> float:
    """The operations that one side of a layer has for each byte that it moves; arguments as of `flop_rate`."""
    told = _side(values, side)
    return Work(told["flop"], told["bytes"]).intensity


def share_of_bound(values: Mapping[str, Any], *, side: str = "sparse") -> float:
    """How many per cent of its bound one side of a layer reaches: 100 · rate / min(peak, I · bandwidth).

    Args:
        values: "layer", its `layer_times`; "products", the machine's `peak_flops`; "memory", its `peak_bandwidth`.
        side: "dense" or "sparse".

    Raises:
        RequestError: for another side.

    Example:
        >>> layer = {"sparse": {"seconds": 1e-3, "flop": 5e6, "bytes": 1e6}}
        >>> share_of_bound({"layer": layer, "products": 90.0, "memory": 2.0})
        50.0
    """
    reached = flop_rate(values, side=side)
    most = bound(intensity(values, side=side), peak=values["products"], bandwidth=values["memory"])
    return 100.0 * reached / most


def _side(values: Mapping[str, Any], side: str) -> Mapping[str, float]:
    if side not in SIDES:
        raise unknown("side of a layer", side, SIDES)
    found: Mapping[str, float] = values["layer"][side]
    return found


def _is_inference(kind: str) -> bool:
    if kind not in KINDS:
        raise unknown("kind of timing", kind, KINDS)
    return kind == "inference"
