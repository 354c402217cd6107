"""The spread that is seen: u = √(χ²_df / df), an observed standard deviation over the true one.

The chance of a verdict averages over u, since an interval's width is drawn as well as its middle. One integral carries
all of it, Owen's Q: the chance that a normal effect clears a limit whose distance grows with u.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_NODES = 96
_FAR = 9.0  # Φ(−9) is 1e-19
_NEVER = 1e-18


def below(u: float, df: float) -> float:
    """Probability that the observed standard deviation is at most u times the true one.

    Example:
        >>> round(below(1.0, 2.0), 4)
        0.6321
    """
    from scipy.special import gammainc

    return float(gammainc(df / 2.0, df * u * u / 2.0)) if u > 0.0 else 0.0


def owen_q(shift: float, slope: float, df: float, *, floor: float = 0.0, stop: float = math.inf) -> float:
    """The integral of Φ(shift − slope · max(u, floor)) over the density of u from 0 to `stop`.

    With shift the effect's distance from an edge in standard errors and slope = t(1 − alpha; df) it is the chance that
    the limit clears the edge: the upper tail of the noncentral t where floor is 0 and stop is infinite. Absolute error
    below 1e-12 for df up to 1e4, and below 1e-8 up to 1e6.

    Args:
        shift: any finite number.
        slope: above 0.
        df: degrees of freedom, above 0.
        floor: u is never taken as smaller, at least 0.
        stop: upper end of the integral; at least `floor`, or 0 comes out.

    Source: Owen (1965), "A special case of a bivariate non-central t-distribution", equation 1.1 with R scaled by √df.
    """
    import numpy as np
    from scipy.special import ndtr

    if stop <= floor:
        return 0.0
    total = below(floor, df) * float(ndtr(shift - slope * floor))
    # Where Φ is 1 the integral is closed; from there to where Φ is 0 both factors are smooth on the interval's scale.
    sure = min(max((shift - _FAR) / slope, floor), stop)
    total += below(sure, df) - below(floor, df)
    u, weights = spread_nodes(df, start=sure, stop=min(stop, (shift + _FAR) / slope))
    return total + float(np.dot(weights, ndtr(shift - slope * u)))


def same_chance(to_upper: float, to_lower: float, slope: float, df: float, *, floor: float = 0.0) -> float:
    """The chance that an interval lies between two edges, in standard errors: Phillips's integral.

    Args:
        to_upper: distance of the upper edge from the true effect, positive where the effect lies below it.
        to_lower: distance of the true effect from the lower edge; the sum of both is above 0.
        slope: t(1 − alpha; df), the interval's half width in observed standard errors.
        df: degrees of freedom of the observed standard deviation.
        floor: the observed over the true standard deviation is never taken as smaller.

    Source: Phillips (1990), "Power of the two one-sided tests procedure in bioequivalence".
    """
    # Wider than this and no middle fits: half the distance between the edges.
    stop = (to_upper + to_lower) / (2.0 * slope)
    if stop <= floor:
        return 0.0
    clears = (owen_q(shift, slope, df, floor=floor, stop=stop) for shift in (to_upper, to_lower))
    return min(max(sum(clears) - below(stop, df), 0.0), 1.0)


def spread_nodes(
    df: float, *, start: float = 0.0, stop: float = math.inf, count: int = _NODES
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points u and weights that integrate a smooth function over the density of u from `start` to `stop`.

    Gauss–Legendre on the part where u can lie (all but 1e-18 at each end). The density of u is
    2 (df/2)^(df/2) / Γ(df/2) · u^(df − 1) · exp(−df u² / 2).

    Args:
        df: degrees of freedom, above 0.
        start: lower end.
        stop: upper end; nothing is left where it is not above the lower end, and the weights are 0.
        count: how many points.
    """
    import numpy as np
    from scipy.special import gammainccinv, gammaincinv, gammaln

    low = max(start, math.sqrt(2.0 / df * float(gammaincinv(df / 2.0, _NEVER))))
    high = max(low, min(stop, math.sqrt(2.0 / df * float(gammainccinv(df / 2.0, _NEVER)))))
    places, weights = _legendre(count)
    u = low + (high - low) * places
    half = df / 2.0
    # Around u = 1 large df would cancel large logarithms, so the scale is taken there.
    scale = math.log(2.0) + half * (math.log(half) - 1.0) - float(gammaln(half))
    density = np.exp(scale + (df - 1.0) * np.log(u) - half * (u - 1.0) * (u + 1.0))
    return u, (high - low) * weights * density


@lru_cache(maxsize=8)
def _legendre(count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    from numpy.polynomial.legendre import leggauss

    places, weights = leggauss(count)
    return (places + 1.0) / 2.0, weights / 2.0
