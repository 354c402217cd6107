"""The words of many streams at once, on the device that wants them: Philox in PyTorch's integers.

A pack of some hundred networks needs an order of the data and draws of augmentation for each, every epoch; drawn on the
host, one stream after the other, they take longer than a GPU's epoch of small networks. The same words come out as
`whether.seeds.Stream` gives: Philox 4 × 64 with ten rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2,
3", SC 2011) as NumPy has it, in wrapping 64-bit integers, of which PyTorch has the signed ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whether.seeds import Stream, _key

AT_ONCE = 2**22
"""Words that are made in one go: about ten tensors of so many 64-bit integers are alive meanwhile."""

_TIMES = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_BUMPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_LOW = 2**32 - 1
_ROUNDS = 10


def words(
    streams: Sequence[Stream], count: int, at: int = 0, device: torch.device | str = "cpu"
) -> Int[Tensor, "stream word"]:
    """The words that each `Stream.words(count, at)` gives, as signed integers of the same bits.

    Example:
        >>> from whether.seeds import Seed
        >>> stream = Stream(Seed(7), "order")
        >>> words([stream], 3)[0].numpy().view("uint64").tolist() == stream.words(3).tolist()
        True
    """
    keys = [_key(stream) for stream in streams]
    halves = [[_signed(key), _signed(key >> 64)] for key in keys]
    key = sent(torch.tensor(halves, dtype=torch.int64).view(-1, 2, 1), device)
    counter = torch.arange(1, -(-count // 4) + 1, device=device).expand(len(keys), -1)
    still = torch.zeros_like(counter)
    state = (counter, still, still + _signed(at), still + _signed(at >> 64))
    for turn in range(_ROUNDS):
        first, second = (key[:, half] + _signed(turn * _BUMPS[half]) for half in range(2))
        low, other = state[0], state[2]
        state = (
            _high(_TIMES[1], other) ^ state[1] ^ first,
            other * _signed(_TIMES[1]),
            _high(_TIMES[0], low) ^ state[3] ^ second,
            low * _signed(_TIMES[0]),
        )
    return torch.stack(state, dim=2).flatten(1)[:, :count]


def uniform(
    streams: Sequence[Stream], count: int, at: int = 0, device: torch.device | str = "cpu"
) -> Float[Tensor, "stream number"]:
    """What each `Stream.uniform(count, at)` gives, in float64."""
    drawn = words(streams, count, at, device)
    return ((drawn >> 11) & (2**53 - 1)).double() * 2.0**-53


def permutations(
    streams: Sequence[Stream], count: int, at: int = 0, device: torch.device | str = "cpu"
) -> Int[Tensor, "stream row"]:
    """What each `Stream.permutation(count, at)` gives: some streams at a time, as memory allows."""
    found = torch.empty(len(streams), count, dtype=torch.int64, device=device)
    for part in parts(len(streams), count):
        # Without a sign, words sort as these do with one.
        drawn = words(streams[part], count, at, device).bitwise_xor(-(2**63))
        found[part] = torch.argsort(drawn, dim=1, stable=True)
    return found


def parts(streams: int, count: int) -> list[slice]:
    """Streams that draw so many words each, cut into parts of about AT_ONCE words."""
    width = max(1, AT_ONCE // max(1, count))
    return [slice(begin, begin + width) for begin in range(0, streams, width)]


def sent(tensor: Tensor, device: torch.device | str) -> Tensor:
    """A small tensor of the host on a device, without waiting until the device has done what it was given before."""
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def _high(factor: int, by: Tensor) -> Tensor:
    """The upper 64 bits of a product of two numbers without sign, from the products of their halves."""
    low, high = factor & _LOW, factor >> 32
    by_low, by_high = by & _LOW, (by >> 32) & _LOW
    middle = by_low * high + _upper(by_low * low)
    return by_high * high + _upper(middle) + _upper(by_high * low + (middle & _LOW))


def _upper(number: Tensor) -> Tensor:
    return (number >> 32) & _LOW


def _signed(number: int) -> int:
    """The lowest 64 bits of a number, read with a sign."""
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number
