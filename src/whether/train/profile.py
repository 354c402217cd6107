"""The profile: how a machine trains. What its bits may depend on, and the settings that were chosen by measurement.

A choice by stopwatch at run time would let noise decide, so settings are measured once and frozen in the lab; the
profile's digest stands in every record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What was chosen by measurement. Bits depend on `kernels` and on the rules of what they multiply (`sparse_…`,
    `layers_…`, `convs_…`); on widths, workers and threads they do not (a property of the tests).

    Attributes:
        kernels: how weights with a mask are multiplied on a CPU: "sparse" where they are few enough for that to be
            faster, or always "dense". Which it is follows from a network's own mask, never from a stopwatch.
        sparse_below: the density at which a large network takes as long in compressed rows as with every weight.
        sparse_overhead: what a step in compressed rows costs beside its products, in weights × examples.
        layers_below: as `sparse_below`, for one linear layer of a module that is computed through autograd.
        layers_turning: what it costs to turn a number that goes into such a layer or comes out of it, in weights.
        layers_overhead: what such a layer costs beside all this, in weights × rows, for each part of the rows.
        convs_below: as `layers_below`, for one convolution.
        convs_turning: what it costs to lay out a number of a patch or of the output, in weights.
        convs_lines: what each line of such numbers costs beside, in weights.
        weights_at_once: weights of all networks of a pack, beyond which a wider one does not train faster.
        workers: how many train beside one another; 0 for one on each core or GPU.
        threads: that each of them computes on.
        source: "shipped", or when it was measured here.
    """

    kernels: str = "sparse"
    sparse_below: float = 0.235
    sparse_overhead: float = 6e5
    layers_below: float = 0.2
    layers_turning: float = 33.0
    layers_overhead: float = 1.2e6
    convs_below: float = 0.18
    convs_turning: float = 20.0
    convs_lines: float = 500.0
    weights_at_once: int = 2**18
    workers: int = 0
    threads: int = 1
    source: str = "shipped"

    def plain(self) -> dict[str, Any]:
        """For the lab."""
        return asdict(self)


SHIPPED = Settings()

PROGRAM = 3
"""Raised whenever our own code orders a sum of training otherwise, so that bits of two versions are told apart."""


def machine(device: torch.device | str = "cpu") -> dict[str, Any]:
    """What of a machine the bits of a training may depend on: the device and the libraries.

    Args:
        device: that trains.
    """
    exact = torch.get_float32_matmul_precision()  # somebody may have allowed coarser products
    facts = {
        "device": torch.device(device).type,
        "program": PROGRAM,
        "numpy": np.__version__,
        "torch": torch.__version__,
        "precision": "fp32" if exact == "highest" else f"fp32, products {exact}",
    }
    if torch.device(device).type == "cuda":
        found = torch.cuda.get_device_properties(torch.device(device))
        return facts | {
            "capability": f"{found.name}, {found.major}.{found.minor}",
            "blas": f"cuda {torch.version.cuda}",
        }
    return facts | {
        "capability": torch.backends.cpu.get_cpu_capability(),
        "blas": "mkl" if torch.backends.mkl.is_available() else "other",  # type: ignore[no-untyped-call]
    }
