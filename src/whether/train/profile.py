"""The profile: what of a machine the bits of a training may depend on. Its digest stands in every record."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def profile(device: torch.device | str = "cpu") -> dict[str, Any]:
    """Facts of a device and its libraries.

    Threads and the width of packs are not among them: on a CPU bits do not depend on them (a property of the tests).

    Args:
        device: that trains.
    """
    exact = torch.get_float32_matmul_precision()  # somebody may have allowed coarser products
    facts = {
        "device": torch.device(device).type,
        "numpy": np.__version__,
        "torch": torch.__version__,
        "precision": "fp32" if exact == "highest" else f"fp32, products {exact}",
    }
    if torch.device(device).type == "cuda":
        found = torch.cuda.get_device_properties(torch.device(device))
        return facts | {"capability": f"{found.name}, {found.major}.{found.minor}", "blas": f"cuda {torch.version.cuda}"}
    return facts | {
        "capability": torch.backends.cpu.get_cpu_capability(),
        "blas": "mkl" if torch.backends.mkl.is_available() else "other",  # type: ignore[no-untyped-call]
    }
