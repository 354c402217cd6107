"""Two one-sided tests of equivalence, from summaries: means, standard deviations, counts.

The effect is taken to lie within ±s when both "it is above −s" and "it is below s" are shown at alpha. The verdict
`same` reads the same from the interval of level 1 − 2 alpha; from summaries, published results can be checked.

Source: Schuirmann (1987); Lakens (2017), "Equivalence tests".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from whether.errors import RequestError
from whether.stats import student
from whether.stats.inputs import check_alpha, check_size


@dataclass(frozen=True)
class Summary:
    """One arm in three numbers.

    Attributes:
        mean: mean over replicates, in the measure's unit.
        sd: standard deviation over replicates (divisor n − 1), in the same unit, at least 0.
        n: replicates, at least 2.
    """

    mean: float
    sd: float
    n: int

    def __post_init__(self) -> None:
        check_size(self.sd, "sd")
        if not math.isfinite(self.mean) or self.n < 2:
            raise RequestError(f"a summary needs a finite mean and n of at least 2, got {self.mean!r} and n={self.n}")


@dataclass(frozen=True, kw_only=True)
class Tost:
    """What two one-sided tests found.

    Attributes:
        estimate: the effect in the measure's unit.
        low: lower limit of level 1 − 2 alpha.
        high: upper limit.
        df: degrees of freedom.
        p_above: one-sided p-value of "the effect is above −s".
        p_below: one-sided p-value of "the effect is below s".
    """

    estimate: float
    low: float
    high: float
    df: float
    p_above: float
    p_below: float

    @property
    def p(self) -> float:
        """The p-value of equivalence: the larger of the two."""
        return max(self.p_above, self.p_below)


def tost_one(arm: Summary, *, against: float, within: float, alpha: float = 0.05) -> Tost:
    """Test whether a mean lies within ±`within` of a constant.

    Args:
        arm: the arm's summary.
        against: the constant, in the measure's unit.
        within: s, the smallest size of interest, above 0, in the measure's unit.
        alpha: one-sided error of each test, in (0, 1/2).

    Raises:
        RequestError: for arguments out of range.

    Example:
        >>> f"{tost_one(Summary(0.52, 0.5, 300), against=0.5, within=0.1).p:.6f}"
        '0.002967'
    """
    return _two_tests(arm.mean - against, arm.sd / math.sqrt(arm.n), arm.n - 1.0, within, alpha)


def tost_paired(a: Summary, b: Summary, *, r: float, within: float, alpha: float = 0.05) -> Tost:
    """Test whether two paired arms differ by less than `within`.

    The differences have variance sd_a² + sd_b² − 2 r sd_a sd_b.

    Args:
        a: the first arm.
        b: the second arm, with the same n.
        r: correlation between the arms over pairs, in [−1, 1].
        within: s, the smallest size of interest, above 0, in the measure's unit.
        alpha: one-sided error of each test, in (0, 1/2).

    Raises:
        RequestError: for arms of unequal n or arguments out of range.
    """
    if a.n != b.n:
        raise RequestError(f"paired arms have one n, got {a.n} and {b.n}; use tost_welch for arms that share no seeds")
    if not -1.0 <= r <= 1.0:
        raise RequestError(f"r is a correlation from -1 to 1, got {r!r}")
    # Rounding can take the variance a hair below 0 where r is 1 and the arms spread alike.
    variance = max(a.sd**2 + b.sd**2 - 2.0 * r * a.sd * b.sd, 0.0)
    return _two_tests(a.mean - b.mean, math.sqrt(variance / a.n), a.n - 1.0, within, alpha)


def tost_welch(a: Summary, b: Summary, *, within: float, alpha: float = 0.05) -> Tost:
    """Test whether two independent arms differ by less than `within`.

    Args:
        a: the first arm.
        b: the second arm.
        within: s, the smallest size of interest, above 0, in the measure's unit.
        alpha: one-sided error of each test, in (0, 1/2).

    Raises:
        RequestError: for arguments out of range.

    Example:
        >>> found = tost_welch(Summary(5.25, 0.95, 95), Summary(5.22, 0.83, 89), within=0.384)
        >>> f"df {found.df:.4f}, p {found.p_above:.7f} and {found.p_below:.6f}"
        'df 181.1344, p 0.0009459 and 0.003839'
    """
    error, df = student.welch_error((a.sd, b.sd), (a.n, b.n))
    return _two_tests(a.mean - b.mean, error, df, within, alpha)


def _two_tests(estimate: float, error: float, df: float, within: float, alpha: float) -> Tost:
    check_alpha(alpha)
    if not (math.isfinite(within) and within > 0.0):
        raise RequestError(f"within is the smallest size of interest, finite and above 0, got {within!r}")
    low, high = student.bounds(estimate, error, df, alpha)
    return Tost(
        estimate=estimate,
        low=low,
        high=high,
        df=df,
        p_above=student.tail(estimate + within, error, df),
        p_below=student.tail(within - estimate, error, df),
    )
