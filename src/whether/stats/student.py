"""Student's t on plain values: an effect, its standard error, its degrees of freedom.

Everything here takes summaries, so that intervals from runs and tests from published tables share one computation.
`scipy.special` rather than `scipy.stats`: the same functions, a tenth of the time to import.
"""

from __future__ import annotations

import math


def tail(effect: float, error: float, df: float) -> float:
    """Probability that a t variable with `df` degrees of freedom is at least effect / error.

    The one-sided p-value of "the effect is above 0". With no error at all the limit is taken: 0 for a positive effect,
    and 1 for any other, so that p < alpha exactly where the lower limit is above 0.

    Example:
        >>> round(tail(2.0, 1.0, 10.0), 5)
        0.03669
    """
    if error == 0.0:
        return 0.0 if effect > 0.0 else 1.0
    from scipy.special import stdtr

    return float(stdtr(df, -effect / error))


def bounds(effect: float, error: float, df: float, alpha: float) -> tuple[float, float]:
    """The interval of level 1 − 2 alpha: effect ∓ t(1 − alpha; df) · error, in the effect's unit.

    Example:
        >>> low, high = bounds(0.0, 1.0, 4.0, 0.05)
        >>> round(low, 4), round(high, 4)
        (-2.1318, 2.1318)
    """
    from scipy.special import stdtrit

    half = -float(stdtrit(df, alpha)) * error
    return effect - half, effect + half


def welch_error(sds: tuple[float, float], sizes: tuple[int, int]) -> tuple[float, float]:
    """Standard error and degrees of freedom of a difference of two independent means.

    With v = sd² / n of each arm, the error is √(v_a + v_b) and, with c = v_a / (v_a + v_b),
    1 / df = c² / (n_a − 1) + (1 − c)² / (n_b − 1).

    Args:
        sds: standard deviations of the two arms, in the measure's unit, at least 0.
        sizes: units of replication in the two arms, at least 2 each.

    Source: Welch (1938), "The significance of the difference between two means when the population variances are
    unequal"; Satterthwaite (1946). Where both arms have no spread at all, df is n_a + n_b − 2; the error is 0 there and
    df decides nothing.
    """
    first, second = (sd / math.sqrt(size) for sd, size in zip(sds, sizes, strict=True))
    error = math.hypot(first, second)
    if error == 0.0:
        return 0.0, float(sum(sizes) - 2)
    # Shares of the variance, not its powers: fourth powers of small accuracies underflow.
    share, other = (first / error) ** 2, (second / error) ** 2
    return error, 1.0 / (share**2 / (sizes[0] - 1) + other**2 / (sizes[1] - 1))
