"""How likely one claim comes out yes, and how likely no, at a fixed number of replicates: exact for normal values.

The interval's limits and the table of `whether.stats.verdict` are as in the analysis, the floor under the standard
deviation included. What is neither yes nor no is inconclusive. Several claims or looks are simulated elsewhere.

Each verdict errs by alpha at its edge. `same` has two edges: at one of them a no errs by alpha and by what the other
adds, next to nothing where a yes can be reached, but up to 2 alpha where s is far below the standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from whether.errors import RequestError
from whether.stats.inputs import check_alpha, check_size
from whether.stats.spread import below, owen_q, same_chance, spread_nodes
from whether.stats.verdict import Kind, verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ARM_NODES = 160


def chance(
    kind: Kind, effect: float, size: float, sd: float, n: int, *, alpha: float, resolution: float = 0.0
) -> tuple[float, float]:
    """The chances of yes and of no for arms that are paired by replicate, or for one arm.

    Args:
        kind: what is claimed.
        effect: the true mean difference (for `below` and `above` the true mean), in the measure's unit.
        size: the smallest size of interest s > 0; for `below` and `above` the bound.
        sd: true standard deviation of the paired differences, or of the one arm's values, at least 0.
        n: pairs or values, at least 1; with one there is no interval and nothing is decided.
        alpha: one-sided error of each limit, in (0, 1/2).
        resolution: floor of the observed standard deviation, as in `paired_t`.

    Returns:
        The chance of yes and the chance of no. Absolute error below 1e-12 for n up to 10,000.

    Raises:
        RequestError: for an unknown kind or numbers out of range.

    Example:
        >>> [f"{one:.3f}" for one in chance("exceeds", 2.0, 1.0, 0.8, 5, alpha=0.05)]
        ['0.741', '0.000']
        >>> [f"{one:.3f}" for one in chance("exceeds", 0.0, 1.0, 0.8, 5, alpha=0.05)]
        ['0.000', '0.741']

    Source: Owen (1965) for one limit, Phillips (1990) for both within ±s.
    """
    _check(kind, effect, size, (sd,), n, alpha=alpha, resolution=resolution)
    if n == 1:
        return 0.0, 0.0
    from scipy.special import stdtrit

    df, slope = n - 1.0, -float(stdtrit(n - 1.0, alpha))
    error = sd / math.sqrt(n)
    if error == 0.0:
        return _certain(kind, effect, size, slope * resolution / math.sqrt(n))
    floor = resolution / sd

    def clears(distance: float) -> float:
        return owen_q(distance / error, slope, df, floor=floor)

    def within(to_upper: float, to_lower: float) -> float:
        return same_chance(to_upper / error, to_lower / error, slope, df, floor=floor)

    return _read(kind, effect, size, clears, within)


def chance_unpaired(
    kind: Kind, effect: float, size: float, sds: tuple[float, float], n: int, *, alpha: float, resolution: float = 0.0
) -> tuple[float, float]:
    """The chances of yes and of no for two arms of n replicates each that share nothing, by Welch's interval.

    Args:
        kind: what is claimed.
        effect: the true difference of means, in the measure's unit.
        size: the smallest size of interest s > 0; for `below` and `above` the bound.
        sds: true standard deviations of the two arms, at least 0.
        n: replicates in each arm, at least 1; with one there is no interval and nothing is decided.
        alpha: one-sided error of each limit, in (0, 1/2).
        resolution: floor of each arm's observed standard deviation, as in `welch`.

    Returns:
        The chance of yes and the chance of no. For alpha of at least .001 the absolute error is below 1e-5 where one
        limit decides, and below 5e-4 for `same`.

    Raises:
        RequestError: for an unknown kind or numbers out of range.

    Example:
        >>> [f"{one:.3f}" for one in chance_unpaired("same", 0.0, 1.0, (0.5, 0.6), 8, alpha=0.05)]
        ['0.923', '0.000']
    """
    _check(kind, effect, size, sds, n, alpha=alpha, resolution=resolution)
    if n == 1:
        return 0.0, 0.0
    import numpy as np
    from scipy.special import ndtr, stdtrit

    (first, chance_first), (second, chance_second) = (_variances(sd, n, resolution) for sd in sds)
    total = first[:, None] + second
    # Welch's degrees of freedom from shares of the variance; where no arm has any, the width is 0 whatever they are.
    share = first[:, None] / np.where(total > 0.0, total, 1.0)
    df = (n - 1.0) / (share**2 + (1.0 - share) ** 2)
    half, weights = -stdtrit(df, alpha) * np.sqrt(total), chance_first[:, None] * chance_second
    error = math.hypot(*sds) / math.sqrt(n)
    if error == 0.0:
        return _certain(kind, effect, size, float(half[0, 0]))

    def clears(distance: float) -> float:
        return float(np.sum(weights * ndtr((distance - half) / error)))

    def within(to_upper: float, to_lower: float) -> float:
        fits = ndtr((to_upper - half) / error) - ndtr((half - to_lower) / error)
        return float(np.sum(weights * np.maximum(fits, 0.0)))

    return _read(kind, effect, size, clears, within)


def _read(
    kind: Kind,
    effect: float,
    size: float,
    clears: Callable[[float], float],
    within: Callable[[float, float], float],
) -> tuple[float, float]:
    """The table of verdicts in chances.

    `clears(d)` is the chance that the limit facing an edge at distance d behind it still lies before the edge: that
    L > b where the effect is b + d, and that U < b where it is b − d. `within` is the chance of lying between two
    edges.
    """
    if kind == "same":
        yes, no = within(size - effect, size + effect), clears(effect - size) + clears(-size - effect)
    elif kind == "below":
        yes, no = clears(size - effect), clears(effect - size)
    else:
        least = -size if kind == "not_worse" else size
        yes, no = clears(effect - least), clears(least - effect)
    return min(yes, 1.0), min(no, 1.0)


def _certain(kind: Kind, effect: float, size: float, half: float) -> tuple[float, float]:
    """Values without spread: one interval, one verdict."""
    said = verdict(kind, effect - half, effect + half, size)
    return float(said == "yes"), float(said == "no")


def _variances(sd: float, n: int, resolution: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points and weights of an arm's observed variance of the mean: one for the floor, the others above it."""
    import numpy as np

    if sd == 0.0:
        return np.array([resolution**2 / n]), np.ones(1)
    floor = resolution / sd
    u, weights = spread_nodes(n - 1.0, start=floor, count=_ARM_NODES)
    seen = np.concatenate([[resolution], sd * u])
    return seen**2 / n, np.concatenate([[below(floor, n - 1.0)], weights])


def _check(
    kind: Kind, effect: float, size: float, sds: tuple[float, ...], n: int, *, alpha: float, resolution: float
) -> None:
    check_alpha(alpha)
    check_size(resolution, "resolution")
    for sd in sds:
        check_size(sd, "sd")
    if not math.isfinite(effect):
        raise RequestError(f"the true effect must be finite, got {effect!r}")
    if n < 1:
        raise RequestError(f"n counts replicates, at least 1, got {n}")
    verdict(kind, effect, effect, size)  # an unknown kind and a size out of range are refused there
