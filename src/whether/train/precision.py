"""In which precision a training computes: "fp32", "tf32" (products on a GPU) or "bf16" (forward passes)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def autocast(precision: str, device: str) -> AbstractContextManager[None]:
    """The context in which a forward pass has a precision; weights, losses and updates stay float32."""
    return torch.autocast(device, dtype=torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def products(precision: str, device: torch.device) -> Iterator[None]:
    """Products and convolutions of a GPU in TF32 where a recipe says so, and nowhere else: PyTorch's default is that
    convolutions always are. cuDNN tries its kernels for each new shape, since grouped convolutions of unusual shapes
    are often far from its guess; the bits of a GPU are not promised anyway. What the process had before is put back.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    searched = torch.backends.cudnn.benchmark
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
        torch.backends.cudnn.benchmark = searched
