"""Work that a GPU does again and again, recorded once: nothing of Python runs when it is replayed.

A step of a small network is some hundred kernels of a few microseconds, and launching them from Python takes longer
than the GPU takes for them. A CUDA graph holds them all and is launched in one call. What is recorded must ask no
tensor for a number, pick nothing by a condition, make no tensor from numbers of Python's, and read no variable of
Python's that differs from one replay to the next; what it changes must stay where it is. `tests/tape.py` records and
replays such work on a CPU, and refuses what a GPU would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch

Work = Callable[[], None]

WARM = 3
"""How often work is done before it is recorded: libraries choose kernels and make room in the first calls. These are
steps like any other: recording does nothing, so that no step is done twice."""


@runtime_checkable
class Recorder(Protocol):
    """Who records work."""

    def warm(self, work: Work) -> None:
        """Do work as it is done before it is recorded."""

    def record(self, work: Work) -> Work:
        """Record work without doing it; what is returned does it."""


class Graphs:
    """CUDA graphs of one pack: they share their memory, since none is replayed while another is.

    Sharing is sound here because nothing that a graph allocates is read after it has been replayed: results are written
    into tensors that were made outside.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()

    def warm(self, work: Work) -> None:
        """Do work on the stream that will record it, after whatever the current one has to do."""
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            work()
        current.wait_stream(self.stream)

    def record(self, work: Work) -> Work:
        """Record work as a graph.

        Raises:
            RuntimeError: when it does what cannot be recorded; nothing of it was done then.
        """
        graph = torch.cuda.CUDAGraph()
        current = torch.cuda.current_stream(self.device)
        try:
            # Other threads of this process (checkpoints, signs of life) may use the device meanwhile.
            with torch.cuda.graph(graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"):
                work()
        finally:
            torch.cuda.set_stream(current)  # PyTorch leaves its own when a capture fails
        return graph.replay


def recorder(device: torch.device) -> Recorder | None:
    """Who records steps on a device; None where there is nothing to gain: a CPU computes while Python launches."""
    return Graphs(device) if device.type == "cuda" else None


def is_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised in the face of, is of memory that did not do."""
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False
