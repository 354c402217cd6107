"""What of this machine may be used: cores, and memory for packs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

SHARE = 0.5
"""Of what is free: data sets, other programs and our own estimates want room, too."""


def for_each(slots: int, device: str = "cpu") -> int:
    """Bytes that a pack may take when so many slots train on this machine at once."""
    return int(SHARE * free(device) / max(1, slots))


def free(device: str = "cpu") -> int:
    """Bytes that could be had now: of the machine, or of the container if that allows less."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    found = [2**34]  # where nobody tells: as if there were 16 GiB
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = [int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024]
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found))


@contextmanager
def one_core() -> Iterator[None]:
    """Compute on one thread: whoever has once used more keeps a team of them, beside which others' teams are slow."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
