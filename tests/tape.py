"""Work recorded and replayed on a CPU as a CUDA graph does it, so that what would go wrong on a GPU goes wrong here.

Recording notes every operation with the memory that it reads and writes. A replay does the same operations on the same
memory and runs nothing of Python's: what the work read from Python when it was recorded stays as it was. Operations
that a GPU refuses to record are refused: asking a tensor for a number, picking by a condition, making a tensor from
numbers of Python's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

REFUSED = {
    "aten::_local_scalar_dense": "a tensor is asked for a number",
    "aten::item": "a tensor is asked for a number",
    "aten::nonzero": "what is true is counted",
    "aten::masked_select": "what is true is counted",
    "aten::unique2": "what is different is counted",
    "aten::lift_fresh": "a tensor is made from numbers of Python's",
    "aten::lift_fresh_copy": "a tensor is made from numbers of Python's",
    "aten::is_nonzero": "a tensor is asked for a number",
    "aten::equal": "a tensor is asked for a number",
    "aten::embedding_dense_backward": "the gradient of an embedding waits for the host",
}
Operation = tuple[Any, tuple[Any, ...], dict[str, Any], list[Tensor]]


class RefusedError(RuntimeError):
    """What a GPU would not record."""


class Tape:
    """A recorder of `whether.train.capture`, for tests.

    Attributes:
        warmed: calls of `warm`.
        tracks: one list of operations for each recording.
        replays: how often each was replayed.
    """

    def __init__(self) -> None:
        self.warmed = 0
        self.tracks: list[list[Operation]] = []
        self.replays: list[int] = []

    def warm(self, work: Callable[[], None]) -> None:
        self.warmed += 1
        work()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        track: list[Operation] = []
        with _Recording(track):
            work()
        number = len(self.tracks)
        self.tracks.append(track)
        self.replays.append(0)

        def replay() -> None:
            self.replays[number] += 1
            if self.replays[number] == 1:
                return  # to record it, it had to be done
            _replay(track)

        return replay


class _Recording(TorchDispatchMode):
    def __init__(self, track: list[Operation]) -> None:
        super().__init__()
        self.track = track

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.name().partition(".")[0]
        if name in REFUSED:
            raise RefusedError(f"operation not permitted when stream is capturing: {REFUSED[name]} ({func.name()})")
        picks = args[1] if name in ("aten::index", "aten::index_put", "aten::index_put_") else ()
        if any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in picks):
            raise RefusedError("operation not permitted when stream is capturing: an index is a condition")
        out = func(*args, **kwargs)
        self.track.append((func, args, kwargs, list(_tensors(out))))
        return out


@torch.no_grad()
def _replay(track: list[Operation]) -> None:
    for func, args, kwargs, before in track:
        after = list(_tensors(func(*args, **kwargs)))
        for old, new in zip(before, after, strict=True):
            if old.untyped_storage().data_ptr() != new.untyped_storage().data_ptr() and old.numel():
                old.copy_(new)  # a result in memory of its own, which later operations read


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
