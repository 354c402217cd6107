"""How often a test finds what is there, before anything is run: t tests, equivalence tests, a pilot's spread.

Everything is exact for normal values (`whether.stats.spread`), no normal approximation. n counts units of replication:
pairs, values of one sample, or values in each of two arms of equal size and equal spread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

from whether.errors import RequestError, unknown
from whether.stats.inputs import check_alpha, check_positive, check_size
from whether.stats.spread import owen_q, same_chance

Design: TypeAlias = Literal["one-sample", "paired", "two-sample"]

DESIGNS: tuple[Design, ...] = get_args(Design)

_LARGEST_N = 1_000_000


def t_power(effect_in_sd: float, n: int, *, alpha: float, design: Design = "paired", two_sided: bool = False) -> float:
    """The chance that a t test finds an effect.

    P(T > t(1 − alpha; df)) for T noncentral with df = n − 1 and noncentrality d √n; two-sample, 2n − 2 and d √(n/2).

    Args:
        effect_in_sd: d, the true effect over the standard deviation of what is averaged: of the paired differences, or
            of the values of an arm.
        n: units of replication, per arm where there are two.
        alpha: chance of finding an effect that is none; half of it on each side if two-sided.
        design: `one-sample`, `paired` (the same computation) or `two-sample` with a pooled standard deviation.
        two_sided: whether an effect of the wrong sign counts as found as well.

    Returns:
        The chance, from 0 to 1; 0 at n = 1, where there is no interval.

    Raises:
        RequestError: for an effect that is not finite, n below 1, an unknown design, alpha out of range.

    Example:
        >>> round(t_power(0.5, 64, alpha=0.05, design="two-sample", two_sided=True), 5)
        0.80146

    Source: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences; Owen (1965).
    """
    check_alpha(alpha)
    if not math.isfinite(effect_in_sd):
        raise RequestError(f"the effect in standard deviations must be finite, got {effect_in_sd!r}")
    df, error = _design(design, n)
    if df == 0.0:
        return 0.0
    slope = _quantile(df, alpha / 2.0 if two_sided else alpha)
    found = owen_q(effect_in_sd / error, slope, df)
    return min(found + owen_q(-effect_in_sd / error, slope, df) if two_sided else found, 1.0)


def t_power_n(
    effect_in_sd: float, power: float, *, alpha: float, design: Design = "paired", two_sided: bool = False
) -> int:
    """The smallest n at which a t test finds an effect with at least the given chance.

    Args:
        effect_in_sd: the true effect over the standard deviation, not 0, and above 0 if one-sided.
        power: the chance wanted, in (0, 1).
        alpha: as in `t_power`.
        design: as in `t_power`.
        two_sided: as in `t_power`.

    Returns:
        n, per arm where there are two; at least 2.

    Raises:
        RequestError: for an effect that no n finds, a chance out of range, or more than a million units.

    Example:
        >>> t_power_n(0.5, 0.8, alpha=0.05, design="two-sample", two_sided=True)
        64
    """
    if not two_sided and not effect_in_sd > 0.0:
        raise RequestError(f"no n finds an effect of {effect_in_sd!r} above 0; give the size that is to be found")
    if effect_in_sd == 0.0:
        raise RequestError("no n finds an effect of 0; give the size that is to be found")
    return _smallest_n(
        lambda n: t_power(effect_in_sd, n, alpha=alpha, design=design, two_sided=two_sided),
        power,
        f"an effect of {effect_in_sd:g} standard deviations",
    )


def t_power_effect(n: int, power: float, *, alpha: float, design: Design = "paired", two_sided: bool = False) -> float:
    """The smallest effect, in standard deviations, that a t test finds with at least the given chance.

    Args:
        n: units of replication, at least 2, per arm where there are two.
        power: the chance wanted, above alpha and below 1.
        alpha: as in `t_power`.
        design: as in `t_power`.
        two_sided: as in `t_power`.

    Returns:
        d, to about 12 digits.

    Raises:
        RequestError: for n below 2, an unknown design, a chance that an effect of 0 has already.

    Example:
        >>> [round(t_power_effect(n, 0.8, alpha=0.05, design="two-sample", two_sided=True), 2) for n in (3, 5, 10, 20)]
        [3.07, 2.02, 1.32, 0.91]
    """
    _check_power(power)
    if n < 2:
        raise RequestError(
            f"no effect is found with one unit, which shows no spread; expected n of at least 2, got {n}"
        )
    if power <= alpha:
        raise RequestError(f"power must be above alpha, which no effect at all has, got {power!r} and alpha {alpha!r}")

    def found(effect: float) -> float:
        return t_power(effect, n, alpha=alpha, design=design, two_sided=two_sided)

    low, high = 0.0, 1.0
    while found(high) < power:
        low, high = high, 2.0 * high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if found(middle) < power else (low, middle)
    return high


def tost_power(effect: float, sd: float, n: int, *, within: float, alpha: float, design: Design = "paired") -> float:
    """The chance that two one-sided tests show the effect to lie within ±`within`.

    With e = sd / √n (two-sample: sd √(2/n)), t = t(1 − alpha; df) and s = within, the integral over the density of the
    observed over the true standard deviation, u, from 0 to s / (t e), of
    Φ((s − effect) / e − t u) − Φ((−s − effect) / e + t u).

    Args:
        effect: the true effect, in the measure's unit.
        sd: standard deviation of what is averaged (of the paired differences, or of the values of an arm), above 0.
        n: units of replication, per arm where there are two.
        within: s, the smallest size of interest, above 0, in the measure's unit.
        alpha: one-sided error of each test, in (0, 1/2).
        design: `one-sample`, `paired` (the same computation) or `two-sample` with a pooled standard deviation.

    Returns:
        The chance, from 0 to 1; 0 at n = 1.

    Raises:
        RequestError: for numbers out of range or an unknown design.

    Example:
        >>> [round(tost_power(-4, 18, n, within=19.2, alpha=0.05, design="two-sample"), 5) for n in (8, 15, 30)]
        [0.28871, 0.69339, 0.94326]

    Source: Phillips (1990), "Power of the two one-sided tests procedure in bioequivalence"; Owen (1965).
    """
    check_alpha(alpha)
    check_positive(sd, "sd")
    check_positive(within, "within, the smallest size of interest,")
    if not math.isfinite(effect):
        raise RequestError(f"the effect must be finite, got {effect!r}")
    df, per_sd = _design(design, n)
    if df == 0.0:
        return 0.0
    error, slope = sd * per_sd, _quantile(df, alpha)
    return same_chance((within - effect) / error, (within + effect) / error, slope, df)


def tost_power_n(
    effect: float, sd: float, power: float, *, within: float, alpha: float, design: Design = "paired"
) -> int:
    """The smallest n at which two one-sided tests show equivalence with at least the given chance.

    Args:
        effect: the true effect, strictly within ±`within`.
        sd: as in `tost_power`.
        power: the chance wanted, in (0, 1).
        within: as in `tost_power`.
        alpha: as in `tost_power`.
        design: as in `tost_power`.

    Returns:
        n, per arm where there are two; at least 2.

    Raises:
        RequestError: for an effect that is not within, a chance out of range, or more than a million units.

    Example:
        >>> tost_power_n(-4, 18, 0.8, within=19.2, alpha=0.05, design="two-sample")
        19
    """
    if not abs(effect) < within:
        raise RequestError(f"no n shows an effect of {effect!r} to lie within ±{within!r}; plan for a smaller effect")
    return _smallest_n(
        lambda n: tost_power(effect, sd, n, within=within, alpha=alpha, design=design),
        power,
        f"equivalence within ±{within:g} at an effect of {effect:g} and a standard deviation of {sd:g}",
    )


def sd_upper(sd: float, n: int, *, level: float = 0.8) -> float:
    """How large the true standard deviation may be, given one that a pilot showed.

    sd √((n − 1) / χ²(1 − level; n − 1)), which the true one exceeds in 1 − level of all pilots.

    Args:
        sd: standard deviation over the pilot's replicates (divisor n − 1), in the measure's unit.
        n: the pilot's replicates, at least 2.
        level: confidence that the true one lies below, in (0, 1).

    Returns:
        The upper limit, in the measure's unit.

    Raises:
        RequestError: for a negative sd, n below 2, a level out of range.

    Example:
        >>> [round(sd_upper(1.0, n), 2) for n in (3, 5, 10)]
        [2.12, 1.56, 1.29]

    Source: Browne (1995), "On the use of a pilot sample for sample size determination".
    """
    check_size(sd, "sd")
    if n < 2:
        raise RequestError(f"one replicate shows no spread; a pilot needs n of at least 2, got {n}")
    if not 0.0 < level < 1.0:
        raise RequestError(f"level is a confidence above 0 and below 1, got {level!r}; 0.8 is usual")
    from scipy.special import gammaincinv

    return sd * math.sqrt((n - 1) / (2.0 * float(gammaincinv((n - 1) / 2.0, 1.0 - level))))


def _design(design: Design, n: int) -> tuple[float, float]:
    """Degrees of freedom, and the standard error per standard deviation."""
    if design not in DESIGNS:
        raise unknown("design", design, DESIGNS)
    if n < 1:
        raise RequestError(f"n counts units of replication, at least 1, got {n}")
    return (2.0 * n - 2.0, math.sqrt(2.0 / n)) if design == "two-sample" else (n - 1.0, math.sqrt(1.0 / n))


def _quantile(df: float, alpha: float) -> float:
    from scipy.special import stdtrit

    return -float(stdtrit(df, alpha))


def _check_power(power: float) -> None:
    if not 0.0 < power < 1.0:
        raise RequestError(f"power is a chance above 0 and below 1, got {power!r}; 0.8 is usual")


def _smallest_n(chance: Callable[[int], float], power: float, what: str) -> int:
    _check_power(power)
    low, high = 1, 2  # `low` falls short: one unit finds nothing
    while chance(high) < power:
        if high >= _LARGEST_N:
            raise RequestError(
                f"{what} would need more than {_LARGEST_N:,} units for a chance of {power:g} (it is {chance(high):.3g} "
                "there); ask for a larger size or a smaller chance"
            )
        low, high = high, min(2 * high, _LARGEST_N)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chance(middle) < power else (low, middle)
    return high
