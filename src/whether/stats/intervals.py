"""Intervals of means over replicates: one arm, paired arms, unpaired arms.

An interval [L, U] has level 1 − 2 alpha, where alpha is one-sided: L alone carries "the effect is larger", U alone "it
is smaller", each wrong with probability alpha. The unit of replication is what was drawn independently: average what
shares it first (`unit_means`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from whether.errors import RequestError
from whether.stats import student
from whether.stats.inputs import check_alpha, check_size, numbers, same_length

Method = Literal[
    "t", "paired t", "Welch t", "Wilson", "Newcombe", "Newcombe paired", "percentile bootstrap", "F", "generalised F"
]

_ONE_REPLICATE = "one replicate shows no spread, so the interval has no limits; two or more give it some"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its limits, and how both were reached.

    Attributes:
        estimate: the effect (or the mean, or the share) in the measure's unit.
        low: lower limit L; -inf where one replicate allows none.
        high: upper limit U; inf where one replicate allows none.
        alpha: one-sided error of each limit; the level of [low, high] is 1 − 2 alpha.
        n: units of replication: values, pairs, or the smaller arm where arms are unpaired.
        method: how the limits were computed.
        p: one-sided p-value of "above 0" from the same t statistic; None where there is none (one replicate, shares).
        sd: standard deviation that was used, of the values or of the paired differences; None elsewhere.
        df: degrees of freedom of the t statistic; None where there is none.
        floored: whether an observed standard deviation lay below the measure's resolution and was raised to it.
        arm_n: units in each of two unpaired arms.
        arm_sd: standard deviations that were used for two unpaired arms.
        note: what a reader must know about the limits; empty where there is nothing to say.
    """

    estimate: float
    low: float
    high: float
    alpha: float
    n: int
    method: Method
    p: float | None = None
    sd: float | None = None
    df: float | None = None
    floored: bool = False
    arm_n: tuple[int, int] | None = None
    arm_sd: tuple[float, float] | None = None
    note: str = ""


def mean_interval(values: Iterable[float], *, alpha: float, resolution: float = 0.0) -> Interval:
    """The t interval of a mean over replicates.

    Args:
        values: one number per unit of replication, in the measure's unit.
        alpha: one-sided error of each limit, in (0, 1/2).
        resolution: the smallest step of the measure (1 / test size for an accuracy), in its unit; the standard
            deviation is never taken as smaller, so that equal outcomes do not give an interval of no width.

    Returns:
        The interval. With one value its limits are infinite and `note` says why.

    Raises:
        RequestError: for no values, values that are not finite, or alpha or resolution out of range.

    Example:
        >>> found = mean_interval([0.97, 0.98, 0.96], alpha=0.05, resolution=1 / 360)
        >>> f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}] n={found.n}"
        '0.970 [0.953, 0.987] n=3'
    """
    return _one_sample(numbers(values, "values"), "t", alpha, resolution)


def paired_t(a: Iterable[float], b: Iterable[float], *, alpha: float, resolution: float = 0.0) -> Interval:
    """The t interval of mean(a − b) for arms that share seeds, pair by pair.

    Args:
        a: one number per replicate, in the measure's unit.
        b: the other arm's number for the same replicates in the same order.
        alpha: one-sided error of each limit, in (0, 1/2).
        resolution: the smallest step of the measure, in its unit: a floor for the differences' standard deviation.

    Returns:
        The interval. With one pair its limits are infinite and `note` says why.

    Raises:
        RequestError: for arms of unequal length or what `mean_interval` refuses.

    Example:
        >>> found = paired_t([91.0, 93.0, 92.0], [90.0, 91.0, 89.0], alpha=0.05)
        >>> f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}] p={found.p:.3f}"
        '2.00 [0.31, 3.69] p=0.037'
    """
    first, second = numbers(a, "the first arm"), numbers(b, "the second arm")
    same_length(len(first), len(second))
    return _one_sample([x - y for x, y in zip(first, second, strict=True)], "paired t", alpha, resolution)


def welch(a: Iterable[float], b: Iterable[float], *, alpha: float, resolution: float = 0.0) -> Interval:
    """The t interval of mean(a) − mean(b) for arms that share nothing and may differ in spread.

    Meant to err in .05, a limit errs in .040 to .054 at 3 a side, .046 to .051 at 5 and .049 to .050 at 10: least where
    the arms spread alike, most where one spreads three to six times as much as the other.

    Args:
        a: one number per unit of replication, in the measure's unit.
        b: the other arm's numbers; their count may differ.
        alpha: one-sided error of each limit, in (0, 1/2).
        resolution: the smallest step of the measure, in its unit: a floor for each arm's standard deviation.

    Returns:
        The interval. Where an arm has one value its limits are infinite and `note` says why.

    Raises:
        RequestError: for what `mean_interval` refuses.

    Source: Welch (1938) with Satterthwaite's degrees of freedom.
    """
    check_alpha(alpha)
    check_size(resolution, "resolution")
    first, second = numbers(a, "the first arm"), numbers(b, "the second arm")
    sizes = len(first), len(second)
    estimate = _mean(first) - _mean(second)
    if min(sizes) < 2:
        return _unbounded(estimate, "Welch t", alpha, n=min(sizes), arm_n=sizes)
    seen = _sd(first), _sd(second)
    used = max(seen[0], resolution), max(seen[1], resolution)
    error, df = student.welch_error(used, sizes)
    low, high = student.bounds(estimate, error, df, alpha)
    return Interval(
        estimate=estimate,
        low=low,
        high=high,
        alpha=alpha,
        n=min(sizes),
        method="Welch t",
        p=student.tail(estimate, error, df),
        df=df,
        floored=used != seen,
        arm_n=sizes,
        arm_sd=used,
    )


def unit_means(values: Iterable[float], units: Sequence[Hashable]) -> list[float]:
    """Average what shares a unit of replication, so that n counts what was drawn independently.

    With 3 initialisations × 3 orders the unit is the initialisation. Taking the 9 runs as independent makes a 90 %
    interval cover 80, 69 or 59 % where runs of one initialisation correlate by .3, .6 or .9.

    Args:
        values: one number per run.
        units: for each run the name of the unit that it belongs to.

    Returns:
        One mean per unit, units in the order in which they first appear.

    Raises:
        RequestError: for no values, values that are not finite, or names that do not match the values in number.

    Example:
        >>> unit_means([1.0, 3.0, 10.0, 20.0], units=["init 0", "init 0", "init 1", "init 1"])
        [2.0, 15.0]
    """
    taken = numbers(values, "values")
    if len(taken) != len(units):
        raise RequestError(f"expected one unit for each value, got {len(units)} units for {len(taken)} values")
    grouped: dict[Hashable, list[float]] = {}
    for value, unit in zip(taken, units, strict=True):
        grouped.setdefault(unit, []).append(value)
    return [_mean(group) for group in grouped.values()]


def _one_sample(values: list[float], method: Method, alpha: float, resolution: float) -> Interval:
    check_alpha(alpha)
    check_size(resolution, "resolution")
    n, estimate = len(values), _mean(values)
    if n < 2:
        return _unbounded(estimate, method, alpha, n=n)
    seen = _sd(values)
    used = max(seen, resolution)
    error = used / math.sqrt(n)
    low, high = student.bounds(estimate, error, n - 1, alpha)
    p = student.tail(estimate, error, n - 1)
    return Interval(
        estimate=estimate,
        low=low,
        high=high,
        alpha=alpha,
        n=n,
        method=method,
        p=p,
        sd=used,
        df=float(n - 1),
        floored=used != seen,
    )


def _unbounded(
    estimate: float, method: Method, alpha: float, *, n: int, arm_n: tuple[int, int] | None = None
) -> Interval:
    return Interval(
        estimate=estimate,
        low=-math.inf,
        high=math.inf,
        alpha=alpha,
        n=n,
        method=method,
        arm_n=arm_n,
        note=_ONE_REPLICATE,
    )


def _mean(values: list[float]) -> float:
    # fsum rounds once: the same runs give the same bits in any order and on any machine.
    return math.fsum(values) / len(values)


def _sd(values: list[float]) -> float:
    middle = _mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))
