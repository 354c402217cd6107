"""Whether a reproduction agrees: the effects of runs made again beside what the original's spread lets one expect.

Pure functions on plain numbers. Of a claim, n replicates were run, and of the first k the runs were made again. Where
not every number is equal to the bit, the new effect is held against a prediction interval: where the effect of k
replicates that are drawn as the original n were lies in all but `error` of cases.

    means of values or of paired differences     D ± t(1 − error/2; n − 1) · s · √(1/n + 1/k)
    means of two arms that share nothing         D ± t(1 − error/2; Welch's df) · √((s_a² + s_b²) (1/n + 1/k))
    shares                                       exact: all n + k outcomes dealt anew to n and k, each tail error/2

The interval is of a reproduction with seeds of its own. One with the same seeds varies less where those seeds decide
anything, as its runs then correlate with their originals, so that what is sound is called "no" at most as often.

Source: Patil, Peng & Leek (2016), "What should researchers expect when they replicate studies?"; for shares the
conditional interval of Thatcher (1964), "Relationships between Bayesian and confidence limits for predictions", and
for their paired differences the same with three outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from whether.errors import RequestError
from whether.stats import student
from whether.stats.inputs import check_count, numbers, same_length
from whether.stats.verdict import Kind, verdict

Agreement: TypeAlias = Literal["yes", "no", "cannot tell"]

ERROR = 0.05
"""How often at most a sound reproduction is told not to agree, over all claims that decide."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Where the effect of k further replicates is expected.

    Attributes:
        estimate: the original's effect, in the measure's unit.
        low, high: limits of the prediction interval, infinite where one replicate shows no spread.
        n, k: replicates of the original, and made again.
        method: how the limits were computed.
    """

    estimate: float
    low: float
    high: float
    n: int
    k: int
    method: str


def expect_mean(values: Sequence[float], k: int, *, error: float = ERROR, resolution: float = 0.0) -> Expected:
    """Where the mean of k further values lies.

    Args:
        values: of the original; differences, where arms are paired.
        k: values made again, 1 or more.
        error: how often it lies outside, half of it on either side.
        resolution: the standard deviation is never taken as smaller.

    Raises:
        RequestError: for no values, values that are not finite, or k or error out of range.

    Example:
        >>> found = expect_mean([2.0, 3.0, 4.0, 3.0], 2)
        >>> f"{found.estimate:.1f} [{found.low:.2f}, {found.high:.2f}]"
        '3.0 [0.75, 5.25]'
    """
    taken, middle = numbers(values, "values"), _mean(values)
    _check(k, error)
    n = len(taken)
    if n < 2:
        return Expected(estimate=middle, low=-math.inf, high=math.inf, n=n, k=k, method="t")
    spread = max(_sd(taken), resolution) * math.sqrt(1 / n + 1 / k)
    low, high = student.bounds(middle, spread, n - 1, error / 2)
    return Expected(estimate=middle, low=low, high=high, n=n, k=k, method="t")


def expect_difference(
    a: Sequence[float], b: Sequence[float], k: int, *, error: float = ERROR, resolution: float = 0.0
) -> Expected:
    """Where mean(a) − mean(b) lies of k further values of each of two arms that share nothing.

    Args:
        a, b: of the original; equally many.
        k, error, resolution: as `expect_mean` takes them.
    """
    same_length(len(a), len(b))
    n, middle = len(numbers(a, "the first arm")), _mean(a) - _mean(numbers(b, "the second arm"))
    _check(k, error)
    if n < 2:
        return Expected(estimate=middle, low=-math.inf, high=math.inf, n=n, k=k, method="Welch t")
    sds = max(_sd(a), resolution), max(_sd(b), resolution)
    spread, df = student.welch_error(sds, (n, n))
    low, high = student.bounds(middle, spread * math.sqrt(1 + n / k), df, error / 2)
    return Expected(estimate=middle, low=low, high=high, n=n, k=k, method="Welch t")


def expect_share(hits: Sequence[bool], k: int, *, error: float = ERROR) -> Expected:
    """Where the share lies of k further replicates that do it, exactly.

    A number of the new k is expected when neither tail has less than error/2 of the ways to deal all n + k outcomes to
    n and k: Fisher's exact test.

    Args:
        hits: whether each replicate of the original did it.
        k, error: as `expect_mean` takes them.

    Returns:
        In per cent, as shares are told.

    Example:
        >>> found = expect_share([True] * 20, 4)
        >>> found.low, found.high
        (75.0, 100.0)
    """
    _check(k, error)
    n, up = len(hits), sum(hits)
    check_count(up, n, "replicates that do it")
    return _dealt((up, n - up, 0), k, [(new, 0) for new in range(k + 1)], error)


def expect_paired_shares(a: Sequence[bool], b: Sequence[bool], k: int, *, error: float = ERROR) -> Expected:
    """Where share(a) − share(b) lies of k further pairs, exactly: as `expect_share`, with three outcomes of a pair.

    Args:
        a, b: whether each replicate of the original did it in the one arm, and in the other.
        k, error: as `expect_mean` takes them.

    Returns:
        In per cent, from −100 to 100.
    """
    _check(k, error)
    same_length(len(a), len(b))
    pairs = list(zip(map(bool, a), map(bool, b), strict=True))
    up, down = pairs.count((True, False)), pairs.count((False, True))
    check_count(up, len(pairs), "pairs")
    ways = [(more, less) for more in range(k + 1) for less in range(k - more + 1)]
    return _dealt((up, len(pairs) - up - down, down), k, ways, error)


def expect_two_shares(a: Sequence[bool], b: Sequence[bool], k: int, *, error: float = ERROR) -> Expected:
    """Where share(a) − share(b) lies of k further replicates of each of two arms that share nothing.

    Each share is expected where `expect_share` has it at half the error, so that both lie there in all but `error`.
    """
    one, other = (expect_share(hits, k, error=error / 2) for hits in (a, b))
    low, high = one.low - other.high, one.high - other.low
    return replace(one, estimate=one.estimate - other.estimate, low=low, high=high)


def judge(kind: Kind, size: float, expected: Expected, effect: float) -> tuple[Agreement, str]:
    """Whether a new effect agrees with the original's.

    yes           it lies in the prediction interval, and the interval is narrow enough to have said otherwise
    no            it lies outside
    cannot tell   it lies inside, but so would an effect that contradicts the original

    An interval is narrow enough when all of it is on one side of where the claim's yes and no lie, or, for a
    comparison, when none of it is further than the smallest size of interest from the original's effect.

    Args:
        kind, size: of the claim (`stats.verdict`).
        expected: of the original.
        effect: of the replicates made again, in the same unit.

    Returns:
        The judgement and why, a phrase.

    Example:
        >>> judge("exceeds", 1.0, expect_mean([8.0, 9.0, 10.0, 9.0], 2), 8.4)[0]
        'yes'
    """
    slack = 1e-9 * max(1.0, abs(effect))  # the last bits of a sum say nothing
    if not expected.low - slack <= effect <= expected.high + slack:
        return "no", "outside what the original's spread lets one expect"
    if verdict(kind, expected.low, expected.high, size) != "inconclusive":
        return "yes", "as expected, and on the same side of the size of interest"
    reach = max(expected.high - expected.estimate, expected.estimate - expected.low)
    if kind not in ("below", "above") and reach <= size:
        return "yes", "as expected, to less than the smallest size of interest"
    if not math.isfinite(reach):
        return "cannot tell", "one original replicate shows no spread"
    return "cannot tell", f"of {expected.k} replicates an effect that contradicts the original would be expected, too"


def overall(judged: Sequence[Agreement]) -> Agreement:
    """What the claims that decide say together: any no is one; yes only where all say so.

    Example:
        >>> overall(["yes", "cannot tell"]), overall(["yes", "no"]), overall([])
        ('cannot tell', 'no', 'cannot tell')
    """
    if "no" in judged:
        return "no"
    return "yes" if judged and set(judged) == {"yes"} else "cannot tell"


def _dealt(original: tuple[int, int, int], k: int, ways: Sequence[tuple[int, int]], error: float) -> Expected:
    """Limits of what is expected of (up, down) of k, where the original had (up, level, down)."""
    up, level, down = original
    n = sum(original)
    inside = [
        more - less
        for more, less in ways
        if min(_tails((up + more, level + k - more - less, down + less), k, more - less)) > error / 2
    ]
    low, high = (100.0 * edge / k for edge in (min(inside), max(inside)))
    return Expected(estimate=100.0 * (up - down) / n, low=low, high=high, n=n, k=k, method="exact")


def _tails(pooled: tuple[int, int, int], k: int, seen: int) -> tuple[float, float]:
    """The chances of at most and of at least `seen`, ups less downs, among k that are drawn from a pool."""
    import numpy as np
    from scipy.special import gammaln

    up, level, down = pooled
    more, less = np.meshgrid(np.arange(min(k, up) + 1), np.arange(min(k, down) + 1), indexing="ij")
    rest = k - more - less
    can = (rest >= 0) & (rest <= level)
    more, less, rest = more[can], less[can], rest[can]

    def ways(of: int, taken: Any) -> Any:
        return gammaln(of + 1) - gammaln(taken + 1) - gammaln(of - taken + 1)

    chance = np.exp(ways(up, more) + ways(down, less) + ways(level, rest) - ways(sum(pooled), k))
    difference = more - less
    return float(chance[difference <= seen].sum()), float(chance[difference >= seen].sum())


def _check(k: int, error: float) -> None:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise RequestError(f"replicates made again are {k!r}; expected a whole number, 1 or more")
    if not 0 < error < 1:
        raise RequestError(f"error is {error!r}; expected a chance in (0, 1), such as 0.05")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _sd(values: Sequence[float]) -> float:
    middle = _mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))
