"""Intervals of shares: how many replicates did it, and how two such shares differ.

Score intervals throughout: they stay inside the possible range and keep a width where all outcomes are equal. Their
level holds on average over the true shares rather than at each. At alpha .05, summed over every possible outcome,

    n                                                        3       5      10
    Wilson covers on average and at worst             91, 75 %  93, 84  91, 82    shares from .05 to .95
    Newcombe                                          91, 78 %  90, 84  91, 86
    a limit of Newcombe's paired form errs on average     4.6 %     3.0     3.5    shares from .2 to .8
    and at worst                                         10.9 %     9.2     7.1
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from whether.stats.inputs import check_alpha, check_count, outcomes, same_length
from whether.stats.intervals import Interval


def wilson(successes: int, n: int, *, alpha: float) -> Interval:
    """The score interval of a share.

    The p with |k / n − p| ≤ z √(p (1 − p) / n), where k = successes and z = z(1 − alpha).

    Args:
        successes: how many replicates did it.
        n: how many there were, at least 1.
        alpha: one-sided error of each limit, in (0, 1/2).

    Returns:
        The interval, inside [0, 1].

    Raises:
        RequestError: for counts that are no share, or alpha out of range.

    Example:
        >>> found = wilson(81, 263, alpha=0.025)
        >>> f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"
        '0.3080 [0.2553, 0.3662]'

    Source: Wilson (1927); Newcombe (1998), "Two-sided confidence intervals for the single proportion", method 3.
    """
    check_alpha(alpha)
    check_count(successes, n, "successes")
    low, high = _score_limits(successes, n, alpha)
    return Interval(estimate=successes / n, low=low, high=high, alpha=alpha, n=n, method="Wilson")


def newcombe(k1: int, n1: int, k2: int, n2: int, *, alpha: float) -> Interval:
    """The hybrid score interval of k1 / n1 − k2 / n2 for independent arms.

    With p, l, u the share and its Wilson limits in each arm,
    L = p1 − p2 − √((p1 − l1)² + (u2 − p2)²) and U = p1 − p2 + √((u1 − p1)² + (p2 − l2)²).

    Args:
        k1: successes of the first arm.
        n1: replicates of the first arm, at least 1.
        k2: successes of the second arm.
        n2: replicates of the second arm, at least 1.
        alpha: one-sided error of each limit, in (0, 1/2).

    Returns:
        The interval, inside [−1, 1].

    Raises:
        RequestError: for counts that are no share, or alpha out of range.

    Example:
        >>> found = newcombe(56, 70, 48, 80, alpha=0.025)
        >>> f"{found.estimate:.2f} [{found.low:.4f}, {found.high:.4f}]"
        '0.20 [0.0524, 0.3339]'

    Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10.
    """
    check_alpha(alpha)
    check_count(k1, n1, "the first arm")
    check_count(k2, n2, "the second arm")
    low, high = _combined((k1, n1), (k2, n2), phi=0.0, alpha=alpha)
    return Interval(
        estimate=k1 / n1 - k2 / n2,
        low=low,
        high=high,
        alpha=alpha,
        n=min(n1, n2),
        method="Newcombe",
        arm_n=(n1, n2),
    )


def newcombe_paired(a: Iterable[bool], b: Iterable[bool], *, alpha: float) -> Interval:
    """The hybrid score interval of share(a) − share(b) for arms that share seeds, pair by pair.

    As `newcombe`, with −2 φ (p1 − l1)(u2 − p2) and −2 φ (u1 − p1)(p2 − l2) under the roots. φ is the correlation of the
    outcomes, (eh − fg) / √((e + f)(g + h)(e + g)(f + h)) where e pairs succeed in both arms, f in a only, g in b only,
    h in none. A positive numerator is lowered by n / 2, but not below 0; φ is 0 where an arm has only one outcome.

    Args:
        a: for each replicate whether the first arm did it.
        b: the same for the second arm, replicates in the same order.
        alpha: one-sided error of each limit, in (0, 1/2).

    Returns:
        The interval, inside [−1, 1]; n counts pairs.

    Raises:
        RequestError: for no pairs, arms of unequal length, outcomes that are not yes or no, or alpha out of range.

    Example:
        >>> a = [True] * 48 + [False] * 2
        >>> b = [True] * 36 + [False] * 12 + [True] * 2
        >>> found = newcombe_paired(a, b, alpha=0.025)
        >>> f"{found.estimate:.2f} [{found.low:.4f}, {found.high:.4f}]"
        '0.20 [0.0569, 0.3404]'

    Source: Newcombe (1998), "Improved confidence intervals for the difference between binomial proportions based on
    paired data", method 10.
    """
    check_alpha(alpha)
    first, second = outcomes(a, "the first arm"), outcomes(b, "the second arm")
    same_length(len(first), len(second))
    pairs = list(zip(first, second, strict=True))
    both, only_a, only_b = pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True))
    n, k1, k2 = len(pairs), both + only_a, both + only_b
    phi = _correlation(both, only_a, only_b, n - both - only_a - only_b)
    low, high = _combined((k1, n), (k2, n), phi=phi, alpha=alpha)
    return Interval(estimate=(k1 - k2) / n, low=low, high=high, alpha=alpha, n=n, method="Newcombe paired")


def _score_limits(successes: int, n: int, alpha: float) -> tuple[float, float]:
    # The upper limit is the mirrored lower one, so that counting failures instead gives the same interval to the bit.
    return _score_low(successes, n, alpha), 1.0 - _score_low(n - successes, n, alpha)


def _score_low(successes: int, n: int, alpha: float) -> float:
    if successes == 0:
        return 0.0
    from scipy.special import ndtri

    z = -float(ndtri(alpha))
    failures = n - successes
    # (2k + z² − z √(z² + 4 k (n − k) / n)) / (2 (n + z²)) without the cancellation of small k against large z.
    root = z * math.sqrt(z * z + 4.0 * successes * failures / n)
    return 2.0 * successes * successes / (n * (2.0 * successes + z * z + root))


def _combined(first: tuple[int, int], second: tuple[int, int], *, phi: float, alpha: float) -> tuple[float, float]:
    (low1, high1), (low2, high2) = _score_limits(*first, alpha), _score_limits(*second, alpha)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    low = p1 - p2 - _joint(p1 - low1, high2 - p2, phi)
    high = p1 - p2 + _joint(high1 - p1, p2 - low2, phi)
    return max(low, -1.0), min(high, 1.0)


def _joint(one: float, other: float, phi: float) -> float:
    # Rounding can take the sum a hair below 0 where phi is near 1.
    return math.sqrt(max(one * one - 2.0 * phi * one * other + other * other, 0.0))


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    product = both * neither - only_a * only_b
    if product > 0:
        return max(product - (both + only_a + only_b + neither) / 2.0, 0.0) / math.sqrt(margins)
    return product / math.sqrt(margins)
