"""Randomness by name.

A replicate has one root `Seed`. Whatever is drawn for it (initial weights, data order, a shuffle of a mask) has a
`Stream` of its own, named after its use, so that changing one leaves the others as they were. A stream is Philox
(Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): word i at time t is a function of the key and
(t, i), not of what was drawn before. Raw words and the transforms below are all that is used, on the host; the global
generators of Python, NumPy and PyTorch are never read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from whether.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Seed:
    """A 64-bit seed; others are derived from it by name.

    Example:
        >>> Seed(7).seed("order", 1) == Seed(7).seed("order", 1) != Seed(7).seed("order", 2)
        True
    """

    value: int

    def __post_init__(self) -> None:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value < 2**64:
            raise RequestError(f"a seed is an integer from 0 to 2^64 - 1, got {self.value!r}; write Seed(7)")

    def seed(self, *name: str | int) -> Seed:
        """The seed that this one has for a purpose: `rep.seed("order", 1)`."""
        if not name:
            raise RequestError('seed() needs a name for its purpose, for example rep.seed("order", 1)')
        return Seed(int.from_bytes(_hash(self.hex, *map(_tagged, name))[:8], "big"))

    @property
    def hex(self) -> str:
        """Sixteen hexadecimal digits: how a seed is written in identities and records."""
        return f"{self.value:016x}"

    def __repr__(self) -> str:
        return f"Seed({self.hex})"


def as_seed(seed: Seed | int) -> Seed:
    """A Seed as nothing more than its value (a replicate is one too), or a plain integer as one."""
    return Seed(seed.value if isinstance(seed, Seed) else seed)


@dataclass(frozen=True)
class Stream:
    """The random words of one seed for one named use, addressed by time (an epoch, a step) and position."""

    seed: Seed
    name: str

    def words(self, count: int, at: int = 0) -> npt.NDArray[np.uint64]:
        """`count` raw 64-bit words of time `at`."""
        import numpy as np

        return np.random.Philox(key=_key(self), counter=at << 128).random_raw(count)

    def uniform(self, count: int, at: int = 0) -> npt.NDArray[np.float64]:
        """Uniform on [0, 1), 53 bits each."""
        import numpy as np

        return np.asarray((self.words(count, at) >> 11) * 2.0**-53, dtype=np.float64)

    def normal(self, count: int, at: int = 0) -> npt.NDArray[np.float64]:
        """Standard normal, by Box and Muller (1958): pairs from one radius and one angle."""
        import numpy as np

        half = (count + 1) // 2
        drawn = self.uniform(2 * half, at)
        radius = np.sqrt(-2.0 * np.log1p(-drawn[:half]))
        angle = 2.0 * np.pi * drawn[half:]
        pairs = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        return np.asarray(pairs[:count], dtype=np.float64)

    def permutation(self, count: int, at: int = 0) -> npt.NDArray[np.int64]:
        """A permutation of 0 … count-1: the order in which as many random words sort (ties by position)."""
        import numpy as np

        return np.argsort(self.words(count, at), kind="stable")


@lru_cache(maxsize=4096)
def _key(stream: Stream) -> int:
    return int.from_bytes(_hash(stream.seed.hex, "stream", stream.name)[:16], "little")


def _tagged(part: str | int) -> str:
    return f"i{part}" if isinstance(part, int) else f"s{part}"


def _hash(*parts: str) -> bytes:
    # Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
    return hashlib.sha256(b"".join(f"{len(part.encode())}:{part}".encode() for part in parts)).digest()
