"""The profile: what of a machine the bits of a training may depend on. Its digest stands in every record."""

from __future__ import annotations

from typing import Any

import torch


def profile() -> dict[str, Any]:
    """Facts of this device and its libraries.

    Threads and the width of packs are not among them: on a CPU bits do not depend on them (a property of the tests).
    """
    return {
        "device": "cpu",
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "blas": "mkl" if torch.backends.mkl.is_available() else "other",  # type: ignore[no-untyped-call]
        "precision": "fp32",
    }
