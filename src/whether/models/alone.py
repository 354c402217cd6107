"""Code of one's own is run by itself: nobody else's numbers depend on it, and its own depend on its key alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def alone(key: int) -> Iterator[None]:
    """Set the host's global generators from a key, run what is inside, and put them back as they were.

    Modules that draw (dropout), and functions of one's own that do, read the generators of PyTorch, NumPy or Python.
    So that what they draw is named like everything else, it follows from the key; new tensors are float32 inside.

    Args:
        key: 64 bits, as from a stream's words or a seed.

    Example:
        >>> with alone(7):
        ...     first = torch.rand(1)
        >>> with alone(7):
        ...     torch.equal(first, torch.rand(1))
        True
    """
    # The host's generators only: torch.manual_seed would move those of every device.
    held = torch.default_generator.get_state(), np.random.get_state(), random.getstate(), torch.get_default_dtype()
    torch.default_generator.manual_seed(key % 2**63)
    np.random.seed([key % 2**32, key >> 32])
    random.seed(key)
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.default_generator.set_state(held[0])
        np.random.set_state(held[1])
        random.setstate(held[2])
        torch.set_default_dtype(held[3])
