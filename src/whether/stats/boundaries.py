"""How far a z statistic must go at each of several looks: bounds of group-sequential designs by normal theory.

After a share t of the information is in, the statistic of an effect that is not there is Z = B(t) / √t for a Brownian
motion B; an effect adds drift · √t. The chance of crossing a row of bounds is found by recursive numerical integration
(Armitage, McPherson and Rowe 1969): the density of the paths that have not crossed yet is carried from look to look.

Two ways to choose bounds: classic constants, and spending functions, which say how much of alpha may be used up by the
time a share of the information is in. Small samples of replicates need more than this: `whether.stats.looks`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from whether.errors import RequestError, gather, unknown
from whether.stats.inputs import check_alpha
from whether.stats.verdict import SPENDINGS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FINE = 32  # the r of Jennison and Turnbull's grid: 12 r − 3 points; 16 give six digits
FINEST = 256
FARTHEST = 38.0  # beyond it the normal tail is below the smallest float
ROUNDING = 1e-9  # by which shares that were added up may miss 1


def spent(kind: str, share: float, alpha: float) -> float:
    """How much of a one-sided alpha may be used up once a share t of the information is in.

    O'Brien–Fleming type: 2 − 2 Φ(z(1 − alpha / 2) / √t), next to nothing early. Pocock type: alpha ln(1 + (e − 1) t),
    nearly in step with t. Both are 0 at t = 0 and alpha at t = 1. A two-sided test spends half of its alpha by this
    rule on either side.

    Args:
        kind: "obrien-fleming" or "pocock".
        share: t, the share of the information that is in, in [0, 1].
        alpha: one-sided error of the whole design, in (0, 1/2).

    Returns:
        The probability of a wrong crossing up to t, in [0, alpha].

    Raises:
        RequestError: for an unknown kind or arguments out of range, all of them at once.

    Example:
        >>> [round(spent("obrien-fleming", t, 0.05), 5) for t in (1 / 3, 2 / 3, 1.0)]
        [0.00069, 0.01637, 0.05]
        >>> [round(spent("pocock", t, 0.05), 5) for t in (1 / 3, 2 / 3, 1.0)]
        [0.02264, 0.03817, 0.05]

    Source: Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials".
    """
    gather(lambda: check_spending(kind), lambda: check_alpha(alpha), lambda: _check_share(share))
    if share == 0.0:
        return 0.0
    if kind == "pocock":
        return min(alpha * math.log1p((math.e - 1.0) * share), alpha)
    from scipy.special import ndtr, ndtri

    return min(2.0 * float(ndtr(ndtri(alpha / 2.0) / math.sqrt(share))), alpha)


def crossing(
    bounds: Sequence[float], shares: Sequence[float], *, drift: float = 0.0, two_sided: bool = False
) -> list[float]:
    """Probability of crossing a row of bounds for the first time at each look.

    Args:
        bounds: z bounds, one a look; infinite at a look that cannot stop.
        shares: information shares t of the looks, increasing, in (0, 1].
        drift: mean of Z at t = 1; at share t it is drift · √t. 0 where there is no effect.
        two_sided: whether Z ≤ −bound crosses as well as Z ≥ bound.

    Returns:
        One probability a look; their sum is the chance of crossing at all.

    Raises:
        RequestError: for rows of unequal length, shares that do not increase, bounds that are no numbers (or negative
            ones, two-sided), a drift that is not finite; all of them at once.

    Example:
        >>> five = [0.2, 0.4, 0.6, 0.8, 1.0]
        >>> round(sum(crossing([1.96] * 5, five, two_sided=True)), 3)
        0.142

    Source: Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating data"; grid and recursion
    of Jennison and Turnbull (2000), chapter 19, with a finer grid where looks follow closely on one another.
    """
    gather(
        lambda: _check_shares(shares),
        lambda: _check_bounds(bounds, len(shares), two_sided),
        lambda: _check_drift(drift),
    )
    found = []
    paths = _start(shares)
    for bound, share in zip(bounds, shares, strict=True):
        onward = paths.onward(share, drift)
        found.append(onward.beyond(bound, two_sided=two_sided))
        paths = onward.within(bound, two_sided=two_sided)
    return found


def spending_bounds(kind: str, shares: Sequence[float], alpha: float, *, two_sided: bool = False) -> list[float]:
    """Bounds whose chance of a wrong crossing up to each look is what a spending function allows by then.

    Args:
        kind: "obrien-fleming" or "pocock", see `spent`.
        shares: information shares of the looks, increasing, in (0, 1].
        alpha: error of the whole design, in (0, 1/2); one-sided, or of both sides together if two-sided.
        two_sided: whether −bound is a bound as well.

    Returns:
        One z bound a look; where next to nothing may be spent, 38 or infinite: that look cannot stop.

    Raises:
        RequestError: for an unknown kind or arguments out of range, all of them at once.

    Example:
        >>> [round(z, 3) for z in spending_bounds("pocock", [0.5, 1.0], 0.05, two_sided=True)]
        [2.157, 2.201]

    Source: Lan and DeMets (1983).
    """
    gather(lambda: check_spending(kind), lambda: _check_shares(shares), lambda: check_alpha(alpha))
    sides = 2.0 if two_sided else 1.0
    bounds, before = [], 0.0
    paths = _start(shares)
    for share in shares:
        upto = sides * spent(kind, share, alpha / sides)
        onward = paths.onward(share, 0.0)
        bounds.append(onward.bound(upto - before, two_sided=two_sided))
        paths, before = onward.within(bounds[-1], two_sided=two_sided), upto
    return bounds


def constant_bounds(kind: str, looks: int, alpha: float, *, two_sided: bool = False) -> list[float]:
    """The classic bounds at equally spaced looks: c at each (Pocock), or c √(K / k) at look k (O'Brien–Fleming).

    Args:
        kind: "pocock" or "obrien-fleming".
        looks: K, how many, at least 1.
        alpha: error of the whole design, in (0, 1/2); one-sided, or of both sides together if two-sided.
        two_sided: whether −bound is a bound as well.

    Raises:
        RequestError: for an unknown kind or arguments out of range, all of them at once.

    Example:
        >>> [round(z, 3) for z in constant_bounds("pocock", 5, 0.05, two_sided=True)]
        [2.413, 2.413, 2.413, 2.413, 2.413]

    Source: Pocock (1977), "Group sequential methods in the design and analysis of clinical trials"; O'Brien and Fleming
    (1979), "A multiple testing procedure for clinical trials".
    """
    gather(lambda: check_spending(kind), lambda: check_alpha(alpha), lambda: _check_count(looks))
    from scipy.optimize import brentq

    shares = [k / looks for k in range(1, looks + 1)]
    shape = [1.0 if kind == "pocock" else 1.0 / math.sqrt(share) for share in shares]

    def excess(c: float) -> float:
        return sum(crossing([c * each for each in shape], shares, two_sided=two_sided)) - alpha

    c = float(brentq(excess, 0.0, 20.0, xtol=1e-11))
    return [c * each for each in shape]


def inflation(
    bounds: Sequence[float], shares: Sequence[float], *, alpha: float, power: float, two_sided: bool = False
) -> float:
    """The most information that a sequential design may need, relative to one look at the end with the same power.

    (drift / (z(1 − alpha) + z(power)))², where drift is what crosses the bounds with the chance `power`; alpha / 2
    takes the place of alpha two-sided.

    Args:
        bounds: z bounds, one a look.
        shares: their information shares, increasing, the last of them 1.
        alpha: error of the design, in (0, 1/2), as the bounds were made for.
        power: chance of crossing that both designs are to have, above alpha and below 1.
        two_sided: whether −bound is a bound as well.

    Raises:
        RequestError: for arguments out of range, all of them at once.

    Example:
        >>> five = [0.2, 0.4, 0.6, 0.8, 1.0]
        >>> bounds = constant_bounds("obrien-fleming", 5, 0.05, two_sided=True)
        >>> round(inflation(bounds, five, alpha=0.05, power=0.8, two_sided=True), 4)
        1.0284
    """
    gather(
        lambda: _check_shares(shares, whole=True),
        lambda: _check_bounds(bounds, len(shares), two_sided),
        lambda: check_alpha(alpha),
        lambda: _check_power(power, alpha),
    )
    from scipy.optimize import brentq
    from scipy.special import ndtri

    def lack(drift: float) -> float:
        return sum(crossing(bounds, shares, drift=drift, two_sided=two_sided)) - power

    if lack(0.0) >= 0.0 or lack(FARTHEST) <= 0.0:
        raise RequestError(f"no drift gives these bounds a power of {power!r}: were they made for alpha {alpha!r}?")
    fixed = float(ndtri(power) - ndtri(alpha / 2.0 if two_sided else alpha))
    return (float(brentq(lack, 0.0, FARTHEST, xtol=1e-11)) / fixed) ** 2


@dataclass(frozen=True)
class _Paths:
    """Paths that have not crossed: points of Z at a share of the information, and the mass at each."""

    share: float
    points: npt.NDArray[np.float64]
    mass: npt.NDArray[np.float64]
    fine: int

    def onward(self, share: float, drift: float) -> _Onward:
        """The same paths at the next look."""
        return _Onward(self, share, drift)


@dataclass(frozen=True)
class _Onward:
    """Paths on their way from one look to the next."""

    paths: _Paths
    share: float
    drift: float

    def beyond(self, bound: float, *, two_sided: bool) -> float:
        """Probability that Z is beyond a bound, on either side if two-sided."""
        return self._mass_above(bound, 1.0) + (self._mass_above(bound, -1.0) if two_sided else 0.0)

    def bound(self, goal: float, *, two_sided: bool) -> float:
        """The bound that is crossed with a probability."""
        from scipy.optimize import brentq
        from scipy.special import ndtri

        if self.paths.share == 0.0:
            return -float(ndtri(goal / 2.0 if two_sided else goal))
        if self.beyond(FARTHEST, two_sided=two_sided) >= goal:
            return FARTHEST
        least = 0.0 if two_sided else -FARTHEST
        return float(brentq(lambda z: self.beyond(z, two_sided=two_sided) - goal, least, FARTHEST, xtol=1e-12))

    def within(self, bound: float, *, two_sided: bool) -> _Paths:
        """The paths that do not cross at the next look."""
        import numpy as np

        mean = self.drift * math.sqrt(self.share)
        points, weights = _grid(-bound if two_sided else -math.inf, bound, mean, self.paths.fine)
        away = (points[:, None] * math.sqrt(self.share) - self._reach()) / self._spread()
        density = np.sum(np.exp(-0.5 * away**2) * self.paths.mass, axis=1)
        scale = math.sqrt(self.share / (2.0 * math.pi)) / self._spread()
        return _Paths(self.share, points, weights * density * scale, self.paths.fine)

    def _mass_above(self, bound: float, side: float) -> float:
        import numpy as np
        from scipy.special import ndtr

        away = (side * self._reach() - bound * math.sqrt(self.share)) / self._spread()
        return float(np.sum(ndtr(away) * self.paths.mass))

    def _reach(self) -> npt.NDArray[np.float64]:
        """Where each point is expected, as Brownian motion B = Z √t."""
        return self.paths.points * math.sqrt(self.paths.share) + self.drift * (self.share - self.paths.share)

    def _spread(self) -> float:
        return math.sqrt(self.share - self.paths.share)


def _start(shares: Sequence[float]) -> _Paths:
    """All paths at no information, with a grid fine enough for the shortest way between looks."""
    import numpy as np

    shortest = min((math.sqrt(1.0 - before / share) for before, share in pairwise(shares)), default=1.0)
    return _Paths(0.0, np.zeros(1), np.ones(1), max(FINE, min(FINEST, math.ceil(4.0 / shortest))))


def _grid(
    lower: float, upper: float, mean: float, fine: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points of Z and Simpson's weights: dense within three standard deviations of the mean, thinner beyond."""
    import numpy as np

    tail = 3.0 + 4.0 * np.log(fine / np.arange(1, fine))
    whole = mean + np.concatenate([-tail, np.linspace(-3.0, 3.0, 4 * fine + 1), tail[::-1]])
    ends = np.unique(np.clip(whole, lower, upper))
    points = np.empty(2 * len(ends) - 1)
    points[::2], points[1::2] = ends, (ends[:-1] + ends[1:]) / 2.0
    width = np.diff(ends)
    weights = np.zeros(len(points))
    weights[:-1:2] += width / 6.0
    weights[2::2] += width / 6.0
    weights[1::2] = width * (4.0 / 6.0)
    return points, weights


def check_spending(kind: str) -> None:
    """Refuse a name that is no spending function.

    Raises:
        RequestError: with the names that there are.
    """
    if kind not in SPENDINGS:
        raise unknown("spending", kind, SPENDINGS)


def _check_share(share: float) -> None:
    if not 0.0 <= share <= 1.0 + ROUNDING:
        raise RequestError(f"a share of the information lies from 0 to 1, got {share!r}")


def _check_shares(shares: Sequence[float], *, whole: bool = False) -> None:
    row = list(shares)
    rising = all(before < after for before, after in pairwise([0.0, *row]))
    if not row or not rising or not row[-1] <= 1.0 + ROUNDING:
        raise RequestError(f"shares of the information increase from above 0 up to at most 1, one a look, got {row}")
    if whole and row[-1] < 1.0 - ROUNDING:
        raise RequestError(f"the last look has all of the information, a share of 1, got {row[-1]!r}")


def _check_bounds(bounds: Sequence[float], looks: int, two_sided: bool) -> None:
    row = list(bounds)
    if len(row) != looks:
        raise RequestError(f"each look has one bound and one share, got {len(row)} bounds and {looks} shares")
    if any(math.isnan(bound) or (two_sided and bound < 0.0) for bound in row):
        least = "of at least 0 (two-sided)" if two_sided else "or infinite"
        raise RequestError(f"bounds are z values {least}, got {row}")


def _check_drift(drift: float) -> None:
    if not math.isfinite(drift):
        raise RequestError(f"the drift is the mean of Z when all information is in, a finite number, got {drift!r}")


def _check_count(looks: int) -> None:
    if looks < 1:
        raise RequestError(f"a design has at least 1 look, got {looks!r}")


def _check_power(power: float, alpha: float) -> None:
    if not alpha < power < 1.0:
        raise RequestError(f"power is a chance above alpha and below 1, got {power!r} with alpha {alpha!r}")
