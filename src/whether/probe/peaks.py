"""What a machine can do at most, measured: operations a second of a large product, bytes a second of a large sum."""

from __future__ import annotations

import torch
from torch import nn

from whether.errors import RequestError
from whether.probe.clock import seconds, timer
from whether.probe.kernels import check, dtype

REPEATS = 12
PRODUCTS = {"cpu": (512, 1024), "cuda": (4096, 8192)}
"""Rows of the square matrices whose products are timed; a larger one is no faster than the best of these."""


def peak_flops(module: nn.Module, *, device: str = "cpu", precision: str = "fp32", repeats: int = REPEATS) -> float:  # noqa: ARG001
    """GFLOP/s of a large product: 2n³ operations of two n × n matrices, by its quickest time and the better of two n.

    On as many threads as a layer is timed on.

    Args:
        module: not asked: it is the machine that is measured.
        device: "cpu" or "cuda".
        precision: "fp32", "fp16" or "bf16".
        repeats: products of each size that are timed, after three that are not.

    Raises:
        RequestError: for other words, and where there is no such device.
    """
    check(device, "dense", precision)
    return max(_rate(n, device, dtype(precision), repeats) for n in PRODUCTS[device])


def _rate(n: int, device: str, kind: torch.dtype, repeats: int) -> float:
    # Not all the same number: a GPU takes less power for that, and is faster than it ever is.
    uneven = torch.arange(n * n, device=device).remainder(251).sub(125).div(125).reshape(n, n)
    a = uneven.to(kind)
    b = a.T.contiguous()
    out = torch.empty_like(a)
    with torch.no_grad():
        taken = seconds(lambda: torch.mm(a, b, out=out), repeats, timer(device))
    return 2e-9 * n**3 / min(taken)


def peak_bandwidth(module: nn.Module, *, device: str = "cpu", mib: float = 192.0, repeats: int = REPEATS) -> float:  # noqa: ARG001
    """GB/s of z = x + 3y over three vectors of fp32 that have so many MiB together, by its quickest time.

    Many more MiB than there are in the caches measure the memory, few of them a cache. It counts the bytes of the
    three vectors once, as McCalpin's STREAM does in its triad.

    Args:
        module: not asked: it is the machine that is measured.
        device: "cpu" or "cuda".
        mib: of the three vectors together.
        repeats: sums that are timed, after three that are not; of a few MiB many are timed at once.

    Raises:
        RequestError: for another device, one that is not there, and a size that is none.
    """
    check(device, "dense", "fp32")
    if isinstance(mib, bool) or not isinstance(mib, (int, float)) or not 0 < mib <= 4096:
        raise RequestError(f"mib is {mib!r}; expected a number in (0, 4096]: MiB of three vectors together.")
    length = max(1, round(mib * 2**20 / 12))
    x, y = (torch.full((length,), value, device=device) for value in (1.0, 2.0))
    out = torch.empty_like(x)
    clock, at_once = timer(device), max(1, round(32 / mib))

    def sums() -> None:
        for _ in range(at_once):
            torch.add(x, y, alpha=3.0, out=out)

    with torch.no_grad():
        taken = seconds(sums, repeats, clock)
    return 12e-9 * length * at_once / min(taken)
