"""Many courses of one claim at once: what replicates would show at each look, and where an interval's limits would lie.

The fast path beside `whether.stats.intervals` and `whether.stats.shares`, which read one course at a time; tests hold
the two equal. Replicates are not drawn one by one: what comes between two looks is drawn as its mean (normal) and its
squares about it (χ²), or as how often a thing happened (binomial), so that many replicates cost as much as few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from whether.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from whether.seeds import Stream

    Array: TypeAlias = npt.NDArray[np.float64]

Limits: TypeAlias = "Callable[[float], tuple[Array, Array]]"
"""From a one-sided level to the lower and the upper limits of every course."""


def means(
    stream: Stream, looks: Sequence[int], paths: int, *, effect: float, sd: float, resolution: float = 0.0
) -> list[Limits]:
    """Courses of one normal row: paired differences, or the values of one arm.

    Args:
        stream: where all of it comes from.
        looks: replicates at each look, increasing.
        paths: how many courses.
        effect: true mean, in the measure's unit.
        sd: true standard deviation, at least 0, in the same unit.
        resolution: floor of the observed standard deviation, as in `mean_interval`.

    Returns:
        For each look its limits by level; infinite at one replicate.
    """
    row = _Row(stream, paths, 0)
    found: list[Limits] = []
    for n in looks:
        row.go_on(n)
        found.append(t_limits(effect + sd * row.mean, _floored(sd * row.deviation, resolution), n))
    return found


def two_means(
    stream: Stream, looks: Sequence[int], paths: int, *, effect: float, sd: float, resolution: float = 0.0
) -> list[Limits]:
    """Courses of the difference of two independent normal arms of equal spread, read by Welch's interval.

    Arguments and return value as of `means`; `sd` is that of each arm.
    """
    left, right = _Row(stream, paths, 0), _Row(stream, paths, 1)
    found: list[Limits] = []
    for n in looks:
        left.go_on(n)
        right.go_on(n)
        sds = tuple(_floored(sd * row.deviation, resolution) for row in (left, right))
        found.append(welch_limits(effect + sd * (left.mean - right.mean), sds[0], sds[1], n))
    return found


def shares(stream: Stream, looks: Sequence[int], paths: int, *, share: float) -> list[Limits]:
    """Courses of how often something happened, read by Wilson's interval, in per cent.

    Args:
        stream, looks, paths: as of `means`.
        share: how probable it is, in [0, 1].
    """
    import numpy as np

    hits, before = np.zeros(paths), 0
    found: list[Limits] = []
    for place, n in enumerate(looks):
        hits = hits + binomial(stream.uniform(paths, at=place), n - before, share)
        before = n
        found.append(wilson_limits(hits, n))
    return found


def two_shares(
    stream: Stream, looks: Sequence[int], paths: int, *, first: float, second: float, paired: bool
) -> list[Limits]:
    """Courses of the difference of two independent shares, read by Newcombe's interval, in per cent.

    Args:
        stream, looks, paths: as of `means`.
        first, second: how probable it is in either arm, in [0, 1].
        paired: whether the interval is the one for pairs. Pairs are drawn as independent, which gives it no help.
    """
    import numpy as np

    both, only_a, only_b, before = np.zeros(paths), np.zeros(paths), np.zeros(paths), 0
    found: list[Limits] = []
    for place, n in enumerate(looks):
        drawn = stream.uniform(3 * paths, at=place).reshape(3, paths)
        in_a = binomial(drawn[0], n - before, first)
        with_b = binomial(drawn[1], in_a, second)
        both, only_a = both + with_b, only_a + in_a - with_b
        only_b = only_b + binomial(drawn[2], n - before - in_a, second)
        before = n
        found.append(newcombe_limits(both, only_a, only_b, n, paired=paired))
    return found


def binomial(uniform: Array, trials: Array | int, share: float) -> Array:
    """How many of `trials` succeed, by inversion: the number whose cumulative chances begin above a uniform one.

    Args:
        uniform: one number in [0, 1) for each draw.
        trials: how often it is tried; one number, or one for each draw.
        share: the chance of success, in [0, 1].

    Example:
        >>> import numpy as np
        >>> [float(k) for k in binomial(np.array([0.2, 0.3, 0.8]), 2, 0.5)]
        [0.0, 1.0, 2.0]
    """
    import numpy as np
    from scipy.special import bdtr

    if not 0.0 <= share <= 1.0:
        raise RequestError(f"a share lies from 0 to 1, got {share!r}")
    found = np.zeros(uniform.shape)
    every = np.broadcast_to(np.asarray(trials, dtype=np.int64), uniform.shape)
    for count in np.unique(every):
        here = every == count
        upto = bdtr(np.arange(float(count)), count, share)  # P(k ≤ 0), …, P(k ≤ count − 1)
        found[here] = np.searchsorted(upto, uniform[here], side="right")
    return found


@dataclass
class _Row:
    """Standard normal replicates of many courses, up to a look: their mean and their squares about it."""

    stream: Stream
    paths: int
    number: int

    def __post_init__(self) -> None:
        import numpy as np

        self.n, self.looks = 0, 0
        self.mean: Array = np.zeros(self.paths)
        self.squares: Array = np.zeros(self.paths)

    @property
    def deviation(self) -> Array:
        """Standard deviations seen (divisor n − 1); 0 of one replicate."""
        import numpy as np

        return np.sqrt(self.squares / max(1, self.n - 1))

    def go_on(self, n: int) -> None:
        """Draw replicates until there are n."""
        from scipy.special import gammaincinv

        more = n - self.n
        at = 4 * self.looks + 2 * self.number
        mean = self.stream.normal(self.paths, at=at) / math.sqrt(more)
        away = mean - self.mean
        # Two rows become one: their squares, and those of their means about the common one (Chan et al. 1979).
        self.squares = self.squares + away**2 * (self.n * more / n)
        if more > 1:
            self.squares += 2.0 * gammaincinv((more - 1) / 2.0, self.stream.uniform(self.paths, at=at + 1))
        self.mean = self.mean + away * (more / n)
        self.n, self.looks = n, self.looks + 1


def _floored(sd: Array, resolution: float) -> Array:
    import numpy as np

    return np.maximum(sd, resolution)


def t_limits(mean: Array, sd: Array, n: int) -> Limits:
    """The limits of `mean_interval`, from means and standard deviations over n values."""

    def limits(alpha: float) -> tuple[Array, Array]:
        from scipy.special import stdtrit

        if n < 2:
            return _unbounded(mean)
        half = -float(stdtrit(n - 1, alpha)) * sd / math.sqrt(n)
        return mean - half, mean + half

    return limits


def welch_limits(effect: Array, sd_left: Array, sd_right: Array, n: int) -> Limits:
    """The limits of `welch`, from differences of means and the standard deviations of arms of n values each."""

    def limits(alpha: float) -> tuple[Array, Array]:
        import numpy as np
        from scipy.special import stdtrit

        if n < 2:
            return _unbounded(effect)
        total = sd_left**2 + sd_right**2
        part = sd_left**2 / np.where(total > 0.0, total, 1.0)
        df = (n - 1) / (part**2 + (1.0 - part) ** 2)
        half = -stdtrit(df, alpha) * np.sqrt(total / n)
        return effect - half, effect + half

    return limits


def _unbounded(like: Array) -> tuple[Array, Array]:
    import numpy as np

    return np.full(like.shape, -np.inf), np.full(like.shape, np.inf)


def wilson_limits(hits: Array, n: int) -> Limits:
    """The limits of `wilson` in per cent, from how many of n did it."""

    def limits(alpha: float) -> tuple[Array, Array]:
        low, high = _score_limits(hits, n, alpha)
        return 100.0 * low, 100.0 * high

    return limits


def newcombe_limits(both: Array, only_a: Array, only_b: Array, n: int, *, paired: bool) -> Limits:
    """The limits of `newcombe_paired` or `newcombe` in per cent, from how many of n did it in both arms and in one."""

    def limits(alpha: float) -> tuple[Array, Array]:
        import numpy as np

        k1, k2 = both + only_a, both + only_b
        phi = _correlation(both, only_a, only_b, n) if paired else np.zeros(both.shape)
        (low1, high1), (low2, high2) = _score_limits(k1, n, alpha), _score_limits(k2, n, alpha)
        p1, p2 = k1 / n, k2 / n
        low = p1 - p2 - _joint(p1 - low1, high2 - p2, phi)
        high = p1 - p2 + _joint(high1 - p1, p2 - low2, phi)
        return 100.0 * np.maximum(low, -1.0), 100.0 * np.minimum(high, 1.0)

    return limits


def _score_limits(hits: Array, n: int, alpha: float) -> tuple[Array, Array]:
    return _score_low(hits, n, alpha), 1.0 - _score_low(n - hits, n, alpha)


def _score_low(hits: Array, n: int, alpha: float) -> Array:
    import numpy as np
    from scipy.special import ndtri

    z = -float(ndtri(alpha))
    root = z * np.sqrt(z * z + 4.0 * hits * (n - hits) / n)
    return np.asarray(2.0 * hits * hits / (n * (2.0 * hits + z * z + root)))


def _joint(one: Array, other: Array, phi: Array) -> Array:
    import numpy as np

    return np.sqrt(np.maximum(one * one - 2.0 * phi * one * other + other * other, 0.0))


def _correlation(both: Array, only_a: Array, only_b: Array, n: int) -> Array:
    import numpy as np

    neither = n - both - only_a - only_b
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    product = both * neither - only_a * only_b
    lowered = np.where(product > 0.0, np.maximum(product - n / 2.0, 0.0), product)
    return np.where(margins > 0.0, lowered / np.sqrt(np.where(margins > 0.0, margins, 1.0)), 0.0)
