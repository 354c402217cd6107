"""Code of one's own is run by itself: nobody else's numbers depend on it, and its own depend on its key alone."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_one_at_a_time = threading.RLock()


@contextmanager
def alone(key: int) -> Iterator[None]:
    """Set what the host shares (generators, threads, the default type), run what is inside, and put all back.

    Modules that draw (dropout), and functions of one's own that do, read the generators of PyTorch, NumPy or Python.
    So that what they draw is named like everything else, it follows from the key. One thread computes, because with
    more of them the sums of convolutions and norms are cut elsewhere; new tensors are float32. Threads of this process
    take turns.

    Args:
        key: 64 bits, as from a stream's words or a seed.

    Example:
        >>> with alone(7):
        ...     first = torch.rand(1)
        >>> with alone(7):
        ...     torch.equal(first, torch.rand(1))
        True
    """
    with _one_at_a_time:
        # The host's generator only: torch.manual_seed would move those of every device.
        drawn = torch.default_generator.get_state(), np.random.get_state(), random.getstate()
        kind, threads = torch.get_default_dtype(), torch.get_num_threads()
        torch.default_generator.manual_seed(key % 2**63)
        np.random.seed([key % 2**32, key >> 32])
        random.seed(key)
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.default_generator.set_state(drawn[0])
            np.random.set_state(drawn[1])
            random.setstate(drawn[2])
            torch.set_default_dtype(kind)
            torch.set_num_threads(threads)
