"""The level at each of several looks at a t statistic, for samples as small as replicates are.

Bounds for z statistics err with few replicates: t statistics of 3, then 6, then 9 replicates do not move together as
z statistics do. So the levels are computed for t statistics themselves. Of replicates 1…n let S be the sum and Q the
sum of squares; t depends on r = S / √Q only. With no effect, r at the next look is

    r' = √W r + √(1 − W) r_m

where r_m is the same of the m fresh replicates, and W, the earlier replicates' share of the sum of squares, is Beta
with parameters n / 2 and m / 2. W and r_m depend neither on one another nor on any earlier r, since the directions of
a normal sample do not depend on its length. So r is a Markov chain in one dimension, and the recursive integration of
sequential designs is exact for it: no simulation, no large-sample approximation.

Source: Armitage, McPherson and Rowe (1969) for the recursion; Basu (1955) for the independence; Jennison and Turnbull
(2000), section 4.4, for levels carried over from z to t, which is what the levels tend to in large samples.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from whether.errors import RequestError, gather
from whether.stats.boundaries import check_spending, spent
from whether.stats.inputs import check_alpha

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Row = npt.NDArray[np.float64]

CELLS = 64  # between the points at which the chain's distribution is known
STEP = 0.125  # between normal scores of r_m; smaller for few replicates, whose r_m and W have edges
STEP_OF_SHARE = 0.25  # the same for W
STEP_OF_ONE = 0.0025  # the same for W when one replicate is fresh, whose sign is all that r_m has
REACH = 7.0  # in normal scores: less than 3e-12 lies beyond
RESOLVED = 1e-10  # less error than this at one look is not computed but bounded
LEAST = 1e-100  # a level: t quantiles exist there at any number of replicates


def nominal_levels(looks: Sequence[int], spending: str, alpha: float) -> tuple[float, ...]:
    """The one-sided level at each look, so that all looks together err with probability alpha.

    A look decides where the one-sided p-value of the t statistic of replicates 1…n is below its level a; the t interval
    at that look has level 1 − 2 a. Up to each look, an effect that is not there is found with exactly the probability
    that the spending function allows at n / n_last, for normal values. The same levels serve both directions, each
    erring with alpha at most.

    Args:
        looks: how many replicates each look has, cumulative and increasing, at least 2.
        spending: "obrien-fleming" spends next to nothing early, "pocock" nearly in step (`boundaries.spent`).
        alpha: one-sided error of all looks together, in (0, 1/2).

    Returns:
        One level a look, each in (0, alpha]; alpha itself for a single look. Relative error below
        1e-3 at alpha .05, below 1e-2 at .001. Levels of a smaller alpha are no larger at any look.

    Raises:
        RequestError: for looks that do not increase or are no whole numbers of at least 2, an unknown spending, alpha
            out of range; all of them at once.

    Example:
        >>> nominal_levels([10], "pocock", 0.05)
        (0.05,)
        >>> [f"{level:.4f}" for level in nominal_levels([3, 6, 9], "obrien-fleming", 0.05)]
        ['0.0007', '0.0158', '0.0423']
        >>> [f"{level:.4f}" for level in nominal_levels([3, 6, 9], "pocock", 0.05)]
        ['0.0226', '0.0198', '0.0204']
    """
    gather(lambda: _check_looks(looks), lambda: check_spending(spending), lambda: check_alpha(alpha))
    return _levels(tuple(map(operator.index, looks)), spending, float(alpha))


@lru_cache(maxsize=1024)
def _levels(looks: tuple[int, ...], spending: str, alpha: float) -> tuple[float, ...]:
    upto = [*(spent(spending, n / looks[-1], alpha) for n in looks[:-1]), alpha]
    levels = [max(upto[0], LEAST)]
    paths = _first(looks[0], levels[0])
    for n, (before, allowed) in zip(looks[1:], pairwise(upto), strict=True):
        onward = _Onward(paths, n)
        # To cross here for the first time is no likelier than to be beyond, and that no likelier than to have crossed.
        levels.append(max(min(onward.level(allowed - before), allowed), LEAST))
        if n < looks[-1]:
            paths = onward.within(levels[-1])
    return tuple(levels)


@dataclass(frozen=True)
class _Paths:
    """Statistics of n replicates that no look has stopped yet: how many lie above each of a row of points.

    Attributes:
        n: replicates so far.
        points: increasing, in units of the signed root u of the likelihood ratio, u² = n ln(1 + t² / (n − 1)): close to
            a normal score at any n, and cheap to have from r, as u² = −n ln(1 − r² / n).
        above: probability of not having been stopped and lying above each point; 0 at the last.
    """

    n: int
    points: Row
    above: Row


class _Onward:
    """The same statistics once m fresh replicates are in."""

    def __init__(self, paths: _Paths, n: int) -> None:
        import numpy as np
        from scipy.interpolate import CubicSpline

        self.before, self.n = paths, n
        self.known = CubicSpline(paths.points, paths.above)
        share, fresh, self.chances = _noise(paths.n, n - paths.n)
        self.lift, self.pull = np.sqrt(1.0 - share) * fresh, 1.0 / np.sqrt(share)

    def above(self, u: float) -> float:
        """Probability of not having been stopped before and lying above u now."""
        import numpy as np

        # r' > c where r > (c − √(1 − W) r_m) / √W, and how often that is, is known of the paths so far.
        needed = _root((_ratio(u, self.n) - self.lift) * self.pull, self.before.n)
        low, high = self.before.points[0], self.before.points[-1]
        # np.sum, not a product of BLAS: its threads cost more than they bring, and their number changes last bits.
        return float(np.sum(self.known(np.clip(needed, low, high)) * self.chances))

    def level(self, allowed: float) -> float:
        """The level that is crossed for the first time with a probability."""
        if allowed < RESOLVED:
            return allowed  # no less than that, and so never too much
        from scipy.optimize import brentq

        far = _root_of(LEAST, self.n)
        u = float(brentq(lambda u: self.above(u) - allowed, -far, far, xtol=1e-10))
        return max(_tail(u, self.n), allowed)

    def within(self, level: float) -> _Paths:
        """Those that a look at this level does not stop."""
        import numpy as np

        points = _points(self.n, level)
        above = np.array([self.above(u) for u in points])
        return _Paths(self.n, points, above - above[-1])


def _first(n: int, level: float) -> _Paths:
    """Statistics of the first n replicates that a look at this level does not stop."""
    import numpy as np

    points = _points(n, level)
    above = np.array([_tail(u, n) for u in points])
    return _Paths(n, points, above - above[-1])


def _points(n: int, level: float) -> Row:
    """Points from where next to nothing lies below up to the bound, or to where next to nothing lies above."""
    import numpy as np

    far = _root_of(1e-15, n)
    return np.linspace(-far, min(_root_of(level, n), far), CELLS + 1)


def _noise(n: int, m: int) -> tuple[Row, Row, Row]:
    """What m fresh replicates bring to n: shares W, ratios r_m, and the probability of each pair.

    Both are quantiles at evenly spaced normal scores, which is as good for many replicates as for few.
    """
    import numpy as np
    from scipy.special import betaincinv, ndtr, stdtrit

    if m == 1:
        fresh, chances = np.array([-1.0, 1.0]), np.array([0.5, 0.5])
        scores, weights = _scores(STEP_OF_ONE)
    else:
        # Where far more are fresh than before, little in r_m moves r by much as it was.
        scores, chances = _scores(STEP * min(1.0, (m - 1) / 4.0, max(math.sqrt(n / m), 1.0 / 16.0)))
        t = -np.sign(scores) * stdtrit(m - 1, ndtr(-np.abs(scores)))
        fresh = math.sqrt(m) * t / np.hypot(math.sqrt(m - 1), t)
        scores, weights = _scores(STEP_OF_SHARE * min(1.0, (n - 1) / 4.0))
    share = betaincinv(n / 2.0, m / 2.0, ndtr(scores))
    return np.repeat(share, len(fresh)), np.tile(fresh, len(share)), np.outer(weights, chances).ravel()


def _scores(step: float) -> tuple[Row, Row]:
    """Evenly spaced normal scores and their probabilities."""
    import numpy as np

    many = math.ceil(REACH / step)
    scores = np.linspace(-many * step, many * step, 2 * many + 1)
    density = np.exp(-scores * scores / 2.0)
    return scores, density / np.sum(density)


def _ratio(u: float, n: int) -> float:
    """R = S / √Q from the signed root."""
    return math.copysign(math.sqrt(-n * math.expm1(-u * u / n)), u)


def _root(r: Row, n: int) -> Row:
    """The signed root from r; infinite from ±√n on, which r cannot pass."""
    import numpy as np

    with np.errstate(divide="ignore"):
        return np.asarray(np.copysign(np.sqrt(-n * np.log1p(-np.minimum(r * r / n, 1.0))), r))


def _tail(u: float, n: int) -> float:
    """How often the signed root of n replicates is above u: the one-sided p-value."""
    from scipy.special import stdtr

    return float(stdtr(n - 1, -math.copysign(math.sqrt((n - 1) * math.expm1(u * u / n)), u)))


def _root_of(level: float, n: int) -> float:
    """The signed root with this p-value."""
    from scipy.special import stdtrit

    t = -float(stdtrit(n - 1, level))
    return math.copysign(math.sqrt(n * 2.0 * math.log(math.hypot(1.0, t / math.sqrt(n - 1)))), t)


def _check_looks(looks: Sequence[int]) -> None:
    whole = [look for look in looks if _is_whole(look)]
    rising = all(before < after for before, after in pairwise(whole))
    if not whole or len(whole) < len(looks) or whole[0] < 2 or not rising:
        raise RequestError(
            f"looks are whole numbers of replicates, cumulative and increasing, at least 2, got {list(looks)}; "
            "for a look after every third of nine replicates write (3, 6, 9)"
        )


def _is_whole(look: object) -> bool:
    return not isinstance(look, bool) and hasattr(look, "__index__")
