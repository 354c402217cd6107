"""How many networks a GPU trains at once: measured on steps of one and of two of them, bounded by its free memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import torch
from torch import nn

from whether.history.facts import Training
from whether.plan.width import pack_key, shares, width_measured

SHARE = 0.8
"""Of the memory that is free: kernels want room of their own, and fragments are lost."""

_known: WeakKeyDictionary[nn.Module, dict[tuple[object, ...], tuple[int, int, int]]] = WeakKeyDictionary()


@runtime_checkable
class Trial(Protocol):
    """A pack that is made to see what it takes, and thrown away."""

    def rehearse(self) -> None:
        """Do one step."""

    def look(self) -> None:
        """Look at the validation split once."""


@runtime_checkable
class Meter(Protocol):
    """Tells what work takes of a device's memory."""

    def free(self) -> int:
        """Bytes that could be had now."""

    def peak(self, work: Callable[[], None]) -> int:
        """Bytes that work takes at its peak, beyond what is held already."""


class DeviceMeter:
    """A GPU's memory, as PyTorch's allocator counts it."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def free(self) -> int:
        """What the device has, and what the allocator holds and does not use."""
        unused = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return int(torch.cuda.mem_get_info(self.device)[0]) + unused

    def peak(self, work: Callable[[], None]) -> int:
        """The most that was allocated while the work was done."""
        torch.cuda.synchronize(self.device)
        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        work()
        torch.cuda.synchronize(self.device)
        return max(0, torch.cuda.max_memory_allocated(self.device) - before)


def meter(device: torch.device) -> Meter | None:
    """Who measures on a device; None on a CPU, where a pack is as wide as it was dealt."""
    return DeviceMeter(device) if device.type == "cuda" else None


def cut(
    places: Sequence[int],
    make: Callable[[Sequence[int]], Trial],
    module: nn.Module,
    training: Training,
    measure: Meter | None,
) -> list[list[int]]:
    """Networks cut into packs that fit into a device's memory, as even as they go.

    What one and two networks take is measured once for a module and a kind of training.

    Args:
        places: of the networks that may be trained together.
        make: makes a pack of some of them, to be thrown away.
        module: the architecture.
        training: of one of them.
        measure: tells what a pack takes; None to leave them together.
    """
    if measure is None or len(places) <= 2:
        return [list(places)]
    known, key = _known.setdefault(module, {}), pack_key(training)
    try:
        if key not in known:
            known[key] = _taken(places, make, measure)
    except torch.OutOfMemoryError:
        return [[place] for place in places]  # not even two: whether one fits is seen when it trains
    width = width_measured(*known[key], int(SHARE * measure.free()))
    packs, begin = [], 0
    for count in shares(len(places), width):
        packs.append(list(places[begin : begin + count]))
        begin += count
    return packs


def _taken(places: Sequence[int], make: Callable[[Sequence[int]], Trial], measure: Meter) -> tuple[int, int, int]:
    """Bytes of a step of one network and of two, and of a look.

    A lone network may be computed in another way than several, so where there are three, two and three are measured:
    what the third takes, every one does.
    """
    steps, widths = [], (2, 3) if len(places) > 2 else (1, 2)
    for width in widths:
        make(places[:width]).rehearse()  # in the first calls kernels are tried, which takes room of its own

        def work(width: int = width) -> None:
            make(places[:width]).rehearse()

        steps.append(measure.peak(work))
    trial = make(places[:2])
    trial.look()
    one, two = (steps[0], steps[1]) if widths == (1, 2) else (2 * steps[0] - steps[1], steps[0])
    return one, two, measure.peak(trial.look)
