"""The profile: what of a machine the bits of a training may depend on. Its digest stands in every record."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def profile() -> dict[str, Any]:
    """Facts of this device and its libraries.

    Threads and the width of packs are not among them: on a CPU bits do not depend on them (a property of the tests).
    """
    exact = torch.get_float32_matmul_precision()  # somebody may have allowed coarser products
    return {
        "device": "cpu",
        "capability": torch.backends.cpu.get_cpu_capability(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "blas": "mkl" if torch.backends.mkl.is_available() else "other",  # type: ignore[no-untyped-call]
        "precision": "fp32" if exact == "highest" else f"fp32, products {exact}",
    }
