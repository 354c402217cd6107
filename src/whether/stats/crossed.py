"""Two sources of variation, crossed: how much of the variance each brings, and which brings more.

Every level of one source (an initialisation) meets every level of the other (a data order), once or several times:

    y_ijk = μ + a_i + b_j + (ab)_ij + e_ijk        all drawn, with variances V_a, V_b, V_ab, V_e

With one run in each cell (ab) and e cannot be told apart: they are one source, `residual`. The model is that of random
levels: what is said holds for initialisations and orders as they are drawn, not only for those that were tried.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from whether.errors import RequestError, unknown
from whether.stats.inputs import check_alpha, numbers
from whether.stats.intervals import Interval, Method
from whether.stats.spread import spread_nodes

INTERACTION, RESIDUAL = "interaction", "residual"

_NODES = 64
_LARGEST_RATIO = 1e9


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source of variation.

    Attributes:
        name: as the caller named it, or `interaction` or `residual`.
        variance: its estimate in the measure's unit squared; negative where the source shows less than chance would.
        mean_square: from the analysis of variance.
        df: degrees of freedom of the mean square.
        weight: how often the variance counts in the expected mean square.
    """

    name: str
    variance: float
    mean_square: float
    df: int
    weight: int


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """Where the variance of a crossed design comes from.

    Attributes:
        mean: over all runs.
        levels: number of levels of the two sources.
        runs: in each cell.
        sources: the two sources, then with several runs in a cell their interaction, then the residual.
    """

    mean: float
    levels: tuple[int, int]
    runs: int
    sources: tuple[Source, ...]

    def source(self, name: str) -> Source:
        """The source of a name.

        Raises:
            RequestError: for a name that no source has.
        """
        for one in self.sources:
            if one.name == name:
                return one
        raise unknown("source of variation", name, [one.name for one in self.sources])

    @property
    def negative(self) -> tuple[str, ...]:
        """Sources whose estimate is negative: as good as none, or too few levels to tell."""
        return tuple(one.name for one in self.sources if one.variance < 0.0)

    def shares(self) -> dict[str, float]:
        """For each source its share of the variance, negative estimates taken as 0; all 0 where nothing varies."""
        clamped = {one.name: max(one.variance, 0.0) for one in self.sources}
        total = math.fsum(clamped.values())
        return {name: variance / total if total > 0.0 else 0.0 for name, variance in clamped.items()}


def crossed(values: Iterable[float], levels: Mapping[str, Sequence[Hashable]]) -> Crossed:
    """Split the variance of a balanced crossed design by the mean squares that are expected of it.

    With a and b levels and r runs in a cell, E MS_a = V_e + r V_ab + r b V_a, E MS_b = V_e + r V_ab + r a V_b,
    E MS_ab = V_e + r V_ab and E MS_e = V_e, solved for the variances. The estimates have no bias, and so may be
    negative; they are left as they are.

    Args:
        values: one number per run, in any order.
        levels: for each of the two sources, by its name, the level that each run has.

    Returns:
        The sources with their variances; see `Crossed`.

    Raises:
        RequestError: for values that are not finite, other than two sources, fewer than two levels of one, or cells
            that have no run or other numbers of runs than the rest.

    Example:
        >>> found = crossed([1.0, 2.0, 5.0, 8.0], {"init": ["x", "x", "y", "y"], "order": [0, 1, 0, 1]})
        >>> [(one.name, one.variance) for one in found.sources]
        [('init', 12.0), ('order', 1.5), ('residual', 1.0)]

    Source: Searle, Casella and McCulloch (1992), Variance Components, section 4.3.
    """
    taken = numbers(values, "values")
    names = _names(levels, len(taken))
    # Counted from one of them, equal values have no variance to the bit; from the least, in any order.
    base = min(taken)
    cells = _cells([value - base for value in taken], *(levels[name] for name in names))
    a, b, r = len(cells), len(cells[0]), len(cells[0][0])
    middles = [[_mean(cell) for cell in row] for row in cells]
    rows, columns = [_mean(row) for row in middles], [_mean(column) for column in zip(*middles, strict=True)]
    mean, df = _mean(rows), (a - 1) * (b - 1)
    first = r * b * _squares(row - mean for row in rows) / (a - 1)
    second = r * a * _squares(column - mean for column in columns) / (b - 1)
    both = r * _squares(middles[i][j] - rows[i] - columns[j] + mean for i in range(a) for j in range(b)) / df
    sources = [
        Source(name=names[0], variance=(first - both) / (r * b), mean_square=first, df=a - 1, weight=r * b),
        Source(name=names[1], variance=(second - both) / (r * a), mean_square=second, df=b - 1, weight=r * a),
    ]
    if r == 1:
        sources.append(Source(name=RESIDUAL, variance=both, mean_square=both, df=df, weight=1))
    else:
        rest_df = a * b * (r - 1)
        rest = _squares(run - middles[i][j] for i in range(a) for j in range(b) for run in cells[i][j]) / rest_df
        sources += [
            Source(name=INTERACTION, variance=(both - rest) / r, mean_square=both, df=df, weight=r),
            Source(name=RESIDUAL, variance=rest, mean_square=rest, df=rest_df, weight=1),
        ]
    return Crossed(mean=base + mean, levels=(a, b), runs=r, sources=tuple(sources))


def variance_ratio(found: Crossed, above: str, below: str, *, alpha: float) -> Interval:
    """The interval of a ratio of variances: of one crossed source over the other, or of a source over the residual.

    Over the mean square that tests it a source has an exact interval (method `F`): with F = MS / MS_rest and w runs for
    each level, L = (F / F(1 − alpha) − 1) / w and U = (F / F(alpha) − 1) / w, not below 0.

    Of the two crossed sources the interval is a generalised one (method `generalised F`): with each mean square M of df
    f replaced by f M / χ²_f, L is the largest ratio ρ for which V_above ≤ ρ V_below has at most the chance alpha, and U
    the smallest for which V_above ≥ ρ V_below has; variances below 0 count as 0, and where both do, for either. It is
    exact where nothing but the two sources varies, and careful where little can be told: meant to err in .05, a limit
    errs in .002 to .062 over designs from 3 × 3 to 10 × 10, ratios from .5 to 10 and residuals from 0 to 80 % of the
    variance, most rarely in small designs with much residual.

    Args:
        found: what `crossed` returned.
        above: the source whose variance is divided.
        below: the source that it is divided by: the other crossed one, or what tests `above`: `residual` for the
            crossed sources where each cell has one run, and for `interaction` where it has several.
        alpha: one-sided error of each limit, in (0, 1/2).

    Returns:
        The interval; n counts the levels of the crossed source that has fewer. The estimate takes negative variances as
        0, so it may be infinite, and NaN where both are; `note` says so.

    Raises:
        RequestError: for an unknown source, a pair that has no interval, or alpha out of range.

    Example:
        >>> found = crossed([1.0, 2.0, 5.0, 8.0], {"init": ["x", "x", "y", "y"], "order": [0, 1, 0, 1]})
        >>> ratio = variance_ratio(found, "init", "residual", alpha=0.05)
        >>> f"{ratio.estimate:.1f} [{ratio.low:.3f}, {ratio.high:.0f}]"
        '12.0 [0.000, 2018]'

    Source: F in Searle, Casella and McCulloch (1992), section 3.6; generalised intervals Weerahandi (1993),
    "Generalized confidence intervals", and Hannig, Iyer and Patterson (2006) for what they cover.
    """
    check_alpha(alpha)
    first, second = found.source(above), found.source(below)
    error, rest, fewest = found.sources[2], found.sources[-1], min(found.levels)
    if {above, below} == {one.name for one in found.sources[:2]}:
        low, turned = (_generalised_low(*pair, error, alpha) for pair in ((first, second), (second, first)))
        high = math.inf if turned == 0.0 else 1.0 / turned
        return _interval(first, second, low, high, alpha=alpha, n=fewest, method="generalised F")
    if second is rest and first is not rest and (found.runs == 1 or first is error):
        low, high = _f_limits(first, rest, alpha)
        return _interval(first, rest, low, high, alpha=alpha, n=fewest, method="F")
    tested = " or ".join(repr(one.name) for one in (found.sources[:2] if found.runs == 1 else (error,)))
    raise RequestError(
        f"there is no interval for {above!r} over {below!r}; there is one for {found.sources[0].name!r} over "
        f"{found.sources[1].name!r} or turned round, and for {tested} over {RESIDUAL!r}"
    )


def variance_sum(
    values: Mapping[str, float], *, levels: Mapping[str, Sequence[Hashable]], weights: Mapping[str, float]
) -> float:
    """A weighted sum of the variances of a crossed design: without bias, as they are, and so at times negative.

    With one run in each cell {"order": 1, "residual": 1} is the variance among runs that differ in nothing but the
    order, and {"order": 1, "init": -2} is above 0 where the order's own part is more than twice the initialisation's.
    Of several designs the mean of such sums says more than one design's ratio, which has no mean where what stands
    below may be 0.

    Args:
        values: one number per run, by any name.
        levels: for each of the two sources the level that each run has, in the order of `values`.
        weights: by source, `interaction` or `residual`; what is left out has none.

    Raises:
        RequestError: as `crossed`; for an unknown source, or a weight that is no number.

    Example:
        >>> runs = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 8.0}
        >>> levels = {"init": ["x", "x", "y", "y"], "order": [0, 1, 0, 1]}
        >>> variance_sum(runs, levels=levels, weights={"order": 1, "residual": 1})
        2.5
    """
    if not isinstance(weights, Mapping) or not weights:
        raise RequestError(f"weights is {weights!r}; expected some by source, such as {{'order': 1, 'init': -2}}")
    found = crossed(values.values(), levels if isinstance(levels, Mapping) else {})
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise RequestError(f"the weight of {name!r} is {weight!r}; expected a number")
    return math.fsum(weight * found.source(name).variance for name, weight in weights.items())


def variance_doublings(
    values: Mapping[str, float],
    *,
    levels: Mapping[str, Sequence[Hashable]],
    above: Mapping[str, float],
    below: Mapping[str, float],
) -> float:
    """How many times a sum of variances has to be doubled to be another: log₂ of their ratio.

    With the residual in both, {"order": 1, "residual": 1} above {"init": 1, "residual": 1}, these are the variances
    that are seen when one seed is drawn again and the other kept. They are never below 0, and the ratio says which is
    larger in any unit. Over several designs logarithms of variances have a mean, and are nearly normal.

    Args:
        values, levels: as of `variance_sum`.
        above, below: weights, as of `variance_sum`.

    Raises:
        RequestError: as `variance_sum`, and where one of the two sums is not above 0.

    Example:
        >>> runs = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 8.0}
        >>> levels = {"init": ["x", "x", "y", "y"], "order": [0, 1, 0, 1]}
        >>> how = {"above": {"init": 1, "residual": 1}, "below": {"order": 1, "residual": 1}}
        >>> round(variance_doublings(runs, levels=levels, **how), 2)
        2.38
    """
    sums = [variance_sum(values, levels=levels, weights=weights) for weights in (above, below)]
    if min(sums) <= 0.0:
        raise RequestError(
            f"the variances to compare are {sums[0]:.3g} and {sums[1]:.3g}; both must be above 0. Where runs are equal "
            "take a finer measure, such as the loss; where a part is estimated as negative, add the residual"
        )
    return math.log2(sums[0] / sums[1])


def _generalised_low(above: Source, below: Source, error: Source, alpha: float) -> float:
    """The largest ρ at which P(V_above ≤ ρ V_below) is at most alpha, found by halving its logarithm."""
    import numpy as np
    from scipy.special import gammaincc

    (u, weights), (v, others) = spread_nodes(below.df, count=_NODES), spread_nodes(error.df, count=_NODES)
    noise = error.mean_square / v**2
    surplus = np.maximum((below.mean_square / u**2)[:, None] - noise, 0.0) * (above.weight / below.weight)
    weights = weights[:, None] * others
    half = above.df / 2.0

    def chance(ratio: float) -> float:
        # MS_above f / χ²_f is at most c where χ²_f is at least f MS_above / c.
        reach = noise + ratio * surplus
        seen = np.full(reach.shape, 0.0 if above.mean_square > 0.0 else 1.0)
        some = reach > 0.0
        seen[some] = gammaincc(half, half * above.mean_square / reach[some])
        return float(np.sum(weights * seen))

    if chance(1.0 / _LARGEST_RATIO) > alpha:
        return 0.0
    if chance(_LARGEST_RATIO) <= alpha:
        return math.inf
    low, high = -math.log(_LARGEST_RATIO), math.log(_LARGEST_RATIO)
    while high - low > 1e-9:
        middle = (low + high) / 2.0
        low, high = (middle, high) if chance(math.exp(middle)) <= alpha else (low, middle)
    return math.exp(low)


def _f_limits(source: Source, rest: Source, alpha: float) -> tuple[float, float]:
    from scipy.special import fdtri

    if rest.mean_square == 0.0:
        return (math.inf, math.inf) if source.mean_square > 0.0 else (0.0, math.inf)
    seen = source.mean_square / rest.mean_square
    limits = (seen / float(fdtri(source.df, rest.df, level)) for level in (1.0 - alpha, alpha))
    low, high = (max((limit - 1.0) / source.weight, 0.0) for limit in limits)
    return low, high


def _interval(
    above: Source, below: Source, low: float, high: float, *, alpha: float, n: int, method: Method
) -> Interval:
    over, under = max(above.variance, 0.0), max(below.variance, 0.0)
    # Of nothing over nothing there is no ratio.
    estimate = over / under if under > 0.0 else math.inf if over > 0.0 else math.nan
    none = [
        f"{one.name}'s variance is estimated as {one.variance:.3g} and taken as 0"
        for one in (above, below)
        if one.variance <= 0.0
    ]
    return Interval(estimate=estimate, low=low, high=high, alpha=alpha, n=n, method=method, note="; ".join(none))


def _names(levels: Mapping[str, Sequence[Hashable]], n: int) -> tuple[str, str]:
    names = tuple(levels)
    if len(names) != 2 or {INTERACTION, RESIDUAL} & set(names):
        raise RequestError(
            f"expected the levels of two sources by name, as {{'init': [...], 'order': [...]}} and neither called "
            f"{INTERACTION!r} or {RESIDUAL!r}, got {', '.join(map(repr, names)) or 'none'}"
        )
    for name in names:
        if not isinstance(levels[name], Sequence) or not all(isinstance(one, Hashable) for one in levels[name]):
            raise RequestError(
                f"the levels of {name} are {levels[name]!r}; expected a list of plain values, one per run"
            )
        if len(levels[name]) != n:
            raise RequestError(f"expected one level of {name} for each value, got {len(levels[name])} for {n} values")
        if len(set(levels[name])) < 2:
            raise RequestError(f"{name} needs two levels or more to vary over, got {len(set(levels[name]))}")
    return names[0], names[1]


def _cells(values: list[float], first: Sequence[Hashable], second: Sequence[Hashable]) -> list[list[list[float]]]:
    held: dict[tuple[Hashable, Hashable], list[float]] = {}
    for value, row, column in zip(values, first, second, strict=True):
        held.setdefault((row, column), []).append(value)
    cells = [[held.get((row, column), []) for column in dict.fromkeys(second)] for row in dict.fromkeys(first)]
    sizes = {len(cell) for row in cells for cell in row}
    if len(sizes) > 1:
        raise RequestError(
            f"every level of one source must meet every level of the other equally often, got from {min(sizes)} to "
            f"{max(sizes)} runs in a cell; leave out levels that are incomplete, or run what is missing"
        )
    return cells


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _squares(values: Iterable[float]) -> float:
    return math.fsum(value * value for value in values)
