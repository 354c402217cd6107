"""What intervals cover at 3, 5 and 10 replicates: simulated with fixed seeds, or summed over every outcome."""

import math
from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest
from scipy import stats as reference

from whether.stats import (
    Interval,
    chance_unpaired,
    mean_interval,
    newcombe,
    newcombe_paired,
    paired_t,
    unit_means,
    welch,
    wilson,
)

ALPHA = 0.05
SIZES = (3, 5, 10)
FAST, LONG = 3000, 30_000
EACH = [FAST, pytest.param(LONG, marks=pytest.mark.long)]


def errors(found: Iterable[Interval], truth: float) -> tuple[float, float]:
    """How often the lower limit lies above the truth, and the upper one below it."""
    limits = np.array([(one.low, one.high) for one in found])
    return float(np.mean(limits[:, 0] > truth)), float(np.mean(limits[:, 1] < truth))


def within(trials: int, chance: float = ALPHA) -> float:
    """Four standard errors of a share over the trials."""
    return 4 * math.sqrt(chance * (1 - chance) / trials)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("trials", EACH)
class TestMeans:
    def test_each_limit_of_a_mean_errs_by_alpha(self, n: int, trials: int) -> None:
        runs = 0.97 + 0.01 * np.random.default_rng(n).standard_normal((trials, n))
        found = errors((mean_interval(row, alpha=ALPHA) for row in runs), 0.97)
        assert found == pytest.approx((ALPHA, ALPHA), abs=within(trials))

    def test_each_limit_of_paired_arms_errs_by_alpha(self, n: int, trials: int) -> None:
        # Seeds bring most of the spread, and both arms share it.
        draw = np.random.default_rng(100 + n)
        seeds = 5.0 * draw.standard_normal((trials, n))
        a, b = (seeds + middle + sd * draw.standard_normal((trials, n)) for middle, sd in ((2.0, 1.0), (0.5, 0.3)))
        found = errors((paired_t(x, y, alpha=ALPHA) for x, y in zip(a, b, strict=True)), 1.5)
        assert found == pytest.approx((ALPHA, ALPHA), abs=within(trials))

    @pytest.mark.parametrize("sds", [(1.0, 1.0), (1.0, 3.0)])
    def test_each_limit_of_unpaired_arms_errs_as_its_integral_says(
        self, n: int, trials: int, sds: tuple[float, float]
    ) -> None:
        draw = np.random.default_rng(200 + n)
        a, b = (sd * draw.standard_normal((trials, n)) for sd in sds)
        found = errors((welch(x, y, alpha=ALPHA) for x, y in zip(a, b, strict=True)), 0.0)
        assert found == pytest.approx(chance_unpaired("above", 0.0, 0.0, sds, n, alpha=ALPHA), abs=within(trials))


@pytest.mark.parametrize(("n", "most", "least"), [(3, 0.0537, 0.0397), (5, 0.0514, 0.0464), (10, 0.0503, 0.0492)])
def test_how_far_welch_errs_from_alpha_over_ratios_of_spread(n: int, most: float, least: float) -> None:
    found = [chance_unpaired("above", 0.0, 0.0, (1.0, ratio), n, alpha=ALPHA)[0] for ratio in np.geomspace(1, 50, 12)]
    assert (max(found), min(found)) == pytest.approx((most, least), abs=1e-4)


@pytest.mark.parametrize("n", SIZES)
def test_a_floor_below_the_spread_changes_nothing_and_above_it_errs_less(n: int) -> None:
    runs = np.random.default_rng(n).standard_normal((FAST, n))
    small = errors((mean_interval(row, alpha=ALPHA, resolution=0.05) for row in runs), 0.0)
    large = errors((mean_interval(row, alpha=ALPHA, resolution=1.0) for row in runs), 0.0)
    assert small == pytest.approx((ALPHA, ALPHA), abs=within(FAST))
    assert max(large) < ALPHA


@pytest.mark.parametrize(("n", "m"), [(3, 9), (9, 3)])
def test_runs_within_a_unit_are_averaged_first(n: int, m: int) -> None:
    draw = np.random.default_rng(m)
    runs = draw.standard_normal((FAST, n, 1)) + draw.standard_normal((FAST, n, m))
    units = np.repeat(np.arange(n), m).tolist()
    found = errors((mean_interval(unit_means(row.ravel(), units), alpha=ALPHA) for row in runs), 0.0)
    assert found == pytest.approx((ALPHA, ALPHA), abs=within(FAST))


SHARES = np.linspace(0.05, 0.95, 19)


@pytest.mark.parametrize(
    ("n", "mean", "least"),
    [(3, 0.911, 0.750), (5, 0.932, 0.835), (10, 0.912, 0.819)],
)
def test_wilson_summed_over_every_count(n: int, mean: float, least: float) -> None:
    found = [wilson(k, n, alpha=ALPHA) for k in range(n + 1)]
    covered = [
        sum(reference.binom.pmf(k, n, p) for k, one in enumerate(found) if one.low <= p <= one.high) for p in SHARES
    ]
    assert (np.mean(covered), min(covered)) == pytest.approx((mean, least), abs=0.001)


@pytest.mark.parametrize(
    ("n", "mean", "least"),
    [(3, 0.912, 0.781), (5, 0.904, 0.841), (10, 0.906, 0.857)],
)
def test_newcombe_summed_over_every_pair_of_counts(n: int, mean: float, least: float) -> None:
    chance = np.array([reference.binom.pmf(np.arange(n + 1), n, p) for p in SHARES])
    found = [[newcombe(i, n, j, n, alpha=ALPHA) for j in range(n + 1)] for i in range(n + 1)]
    low, high = (np.array([[getattr(one, end) for one in line] for line in found]) for end in ("low", "high"))
    covered = [
        chance[i] @ ((low <= p - q + 1e-12) & (high >= p - q - 1e-12)) @ chance[j]
        for (i, p), (j, q) in product(enumerate(SHARES), repeat=2)
    ]
    assert (np.mean(covered), min(covered)) == pytest.approx((mean, least), abs=0.001)


@pytest.mark.parametrize(("n", "mean", "most"), [(3, 0.046, 0.109), (5, 0.030, 0.092), (10, 0.035, 0.071)])
def test_paired_newcombe_summed_over_every_table(n: int, mean: float, most: float) -> None:
    """How often a limit errs, on average and at most, over shares .2, .5, .8 in each arm and three correlations."""
    cells = np.array([(e, f, g, n - e - f - g) for e, f, g in product(range(n + 1), repeat=3) if e + f + g <= n])
    arms = np.array([(1, 1), (1, 0), (0, 1), (0, 0)])
    found = [newcombe_paired(*np.repeat(arms, cell, axis=0).T.tolist(), alpha=ALPHA) for cell in cells]
    low, high = np.array([one.low for one in found]), np.array([one.high for one in found])
    missed = []
    for p, q, strength in product((0.2, 0.5, 0.8), (0.2, 0.5, 0.8), (0.0, 0.4, 0.8)):
        both = p * q + strength * (min(p, q) - p * q)
        chance = reference.multinomial.pmf(cells, n, (both, p - both, q - both, 1 - p - q + both))
        missed += [chance[low > p - q + 1e-12].sum(), chance[high < p - q - 1e-12].sum()]
    assert (np.mean(missed), max(missed)) == pytest.approx((mean, most), abs=0.001)
