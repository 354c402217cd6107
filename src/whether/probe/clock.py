"""A clock for what is used again and again: on the host by its own, on a GPU by events in the stream of its work."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

WARM_UP = 3
BLOCK_SECONDS = 0.001
"""A block lasts about so long: much longer than the clock is fine, and short enough that some are not interrupted."""

Use = Callable[[], object]
Timer = Callable[[Use, int], float]
"""Seconds of so many uses, one after the other."""


def on_host(use: Use, times: int) -> float:
    """Seconds of so many uses by the host's clock."""
    began = time.perf_counter()
    for _ in range(times):
        use()
    return time.perf_counter() - began


def on_cuda(use: Use, times: int) -> float:
    """Seconds of so many uses between two events of the GPU's stream.

    What is launched goes on while the host launches more, so a use that is shorter than its launch takes that long.
    """
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    torch.cuda.synchronize()
    start.record()
    for _ in range(times):
        use()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1000.0


def timer(device: torch.device | str) -> Timer:
    """The clock of a device."""
    return on_cuda if torch.device(device).type == "cuda" else on_host


def seconds(use: Use, repeats: int, clock: Timer = on_host) -> list[float]:
    """Seconds of each of so many uses, after a few that are not timed."""
    found = [clock(use, 1) for _ in range(WARM_UP + repeats)]
    return found[WARM_UP:]


def blocks(repeats: int, *sides: Use, clock: Timer = on_host) -> list[list[float]]:
    """Seconds of one use by side and block: dense, sparse, sparse, dense, … where those are the sides."""
    uses = [max(1, round(BLOCK_SECONDS / max(min(seconds(side, WARM_UP, clock)), 1e-7))) for side in sides]
    found: list[list[float]] = [[] for _ in sides]
    for block in range(repeats):
        for place in range(len(sides)) if block % 2 == 0 else reversed(range(len(sides))):
            found[place].append(clock(sides[place], uses[place]) / uses[place])
    return found
