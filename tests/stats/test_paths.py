"""Many courses at once: their limits are those of the plain functions, and replicates come as they should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from whether import stats
from whether.errors import RequestError
from whether.seeds import Seed, Stream
from whether.stats import paths
from whether.stats.chance import chance, chance_unpaired
from whether.stats.verdict import Kind

MANY = 20_000
ALPHAS = (0.05, 0.01)
STREAM = Stream(Seed(4), "paths")
FOUR_SIGMA = 4.0


def rows(name: str, count: int, n: int, *, rounded: bool = False) -> Any:
    drawn = Stream(Seed(1), name).normal(count * n).reshape(count, n)
    return np.round(drawn) if rounded else drawn  # rounded ones have no spread at all now and then


def near(seen: float, expected: float, count: int = MANY) -> bool:
    return abs(seen - expected) <= FOUR_SIGMA * math.sqrt(max(expected * (1 - expected), 1e-4) / count)


class TestLimits:
    @pytest.mark.parametrize("n", [2, 3, 9])
    @pytest.mark.parametrize("resolution", [0.0, 0.8])
    @pytest.mark.parametrize("alpha", ALPHAS)
    def test_of_means(self, n: int, resolution: float, alpha: float) -> None:
        values = rows("values", 50, n, rounded=True)
        sds = np.maximum(values.std(axis=1, ddof=1), resolution)
        low, high = paths.t_limits(values.mean(axis=1), sds, n)(alpha)
        plain = [stats.mean_interval(row, alpha=alpha, resolution=resolution) for row in values]
        assert low == pytest.approx([one.low for one in plain], abs=1e-12)
        assert high == pytest.approx([one.high for one in plain], abs=1e-12)

    @pytest.mark.parametrize("n", [2, 3, 9])
    @pytest.mark.parametrize("alpha", ALPHAS)
    def test_of_two_means(self, n: int, alpha: float) -> None:
        left, right = rows("left", 50, n, rounded=True), rows("right", 50, n)
        right[0] = left[0] = 1.0  # no spread in either arm
        sds = [arm.std(axis=1, ddof=1) for arm in (left, right)]
        low, high = paths.welch_limits(left.mean(axis=1) - right.mean(axis=1), sds[0], sds[1], n)(alpha)
        plain = [stats.welch(a, b, alpha=alpha) for a, b in zip(left, right, strict=True)]
        assert low == pytest.approx([one.low for one in plain], abs=1e-9)
        assert high == pytest.approx([one.high for one in plain], abs=1e-9)

    @pytest.mark.parametrize("n", [1, 2, 7, 40])
    @pytest.mark.parametrize("alpha", ALPHAS)
    def test_of_shares(self, n: int, alpha: float) -> None:
        low, high = paths.wilson_limits(np.arange(n + 1.0), n)(alpha)
        plain = [stats.wilson(hits, n, alpha=alpha) for hits in range(n + 1)]
        assert low == pytest.approx([100 * one.low for one in plain], abs=1e-11)
        assert high == pytest.approx([100 * one.high for one in plain], abs=1e-11)

    @pytest.mark.parametrize("paired", [True, False])
    @pytest.mark.parametrize("n", [1, 2, 9])
    @pytest.mark.parametrize("alpha", ALPHAS)
    def test_of_every_pair_of_shares(self, paired: bool, n: int, alpha: float) -> None:
        cells = [cell for cell in product(range(n + 1), repeat=3) if sum(cell) <= n]
        low, high = paths.newcombe_limits(*np.array(cells, float).T, n, paired=paired)(alpha)
        plain = [self._plain(cell, n, paired, alpha) for cell in cells]
        assert low == pytest.approx([100 * one.low for one in plain], abs=1e-10)
        assert high == pytest.approx([100 * one.high for one in plain], abs=1e-10)

    def _plain(self, cell: Sequence[int], n: int, paired: bool, alpha: float) -> stats.Interval:
        both, only_a, only_b = cell
        a = [True] * (both + only_a) + [False] * (n - both - only_a)
        b = [True] * both + [False] * only_a + [True] * only_b + [False] * (n - both - only_a - only_b)
        if paired:
            return stats.newcombe_paired(a, b, alpha=alpha)
        return stats.newcombe(sum(a), n, sum(b), n, alpha=alpha)

    @pytest.mark.parametrize("draw", [paths.means, paths.two_means])
    def test_one_replicate_of_a_mean_has_no_limits(self, draw: Any) -> None:
        low, high = draw(STREAM, [1], 5, effect=0.0, sd=1.0)[0](0.05)
        assert list(low) == [-math.inf] * 5
        assert list(high) == [math.inf] * 5


def frequency(kind: Kind, limits: tuple[Any, Any], size: float) -> tuple[float, float]:
    said = [stats.verdict(kind, float(low), float(high), size) for low, high in zip(*limits, strict=True)]
    return said.count("yes") / len(said), said.count("no") / len(said)


class TestMeans:
    @pytest.mark.parametrize(
        ("kind", "effect", "resolution"),
        [
            ("exceeds", 1.5, 0.0),
            ("exceeds", 0.6, 1.2),
            ("not_worse", -0.4, 0.0),
            ("same", 0.2, 0.0),
            ("below", 1.4, 0.5),
        ],
    )
    def test_at_every_look_they_are_what_the_exact_chances_say(
        self, kind: Kind, effect: float, resolution: float
    ) -> None:
        looks = [2, 3, 7, 20]
        found = paths.means(STREAM, looks, MANY, effect=effect, sd=0.9, resolution=resolution)
        for n, limits in zip(looks, found, strict=True):
            expected = chance(kind, effect, 1.0, 0.9, n, alpha=0.05, resolution=resolution)
            for seen, wanted in zip(frequency(kind, limits(0.05), 1.0), expected, strict=True):
                assert near(seen, wanted), (n, seen, wanted)

    @pytest.mark.parametrize(("kind", "effect"), [("exceeds", 1.5), ("same", 0.1)])
    def test_so_are_differences_of_arms_that_share_nothing(self, kind: Kind, effect: float) -> None:
        looks = [2, 6, 15]
        found = paths.two_means(STREAM, looks, MANY, effect=effect, sd=0.7, resolution=0.1)
        for n, limits in zip(looks, found, strict=True):
            expected = chance_unpaired(kind, effect, 1.0, (0.7, 0.7), n, alpha=0.05, resolution=0.1)
            for seen, wanted in zip(frequency(kind, limits(0.05), 1.0), expected, strict=True):
                assert near(seen, wanted), (n, seen, wanted)

    def test_later_looks_contain_the_earlier_ones(self) -> None:
        """The mean of n replicates correlates by √(m / n) with that of the first m of them."""
        m, n = 4, 16
        first, last = paths.means(STREAM, [m, n], MANY, effect=0.0, sd=1.0)
        middles = [np.add(*limits(0.05)) / 2 for limits in (first, last)]
        assert np.corrcoef(*middles)[0, 1] == pytest.approx(math.sqrt(m / n), abs=0.02)
        widths = [np.subtract(*limits(0.05)) for limits in (first, last)]
        assert np.corrcoef(*widths)[0, 1] == pytest.approx(0.44, abs=0.06)  # of squares it is √((m − 1) / (n − 1))

    def test_the_same_stream_gives_the_same_courses(self) -> None:
        once, again = (paths.means(STREAM, [3, 5], 100, effect=0.0, sd=1.0) for _ in range(2))
        assert all(np.array_equal(a(0.05)[0], b(0.05)[0]) for a, b in zip(once, again, strict=True))
        other = paths.means(Stream(Seed(4), "others"), [3, 5], 100, effect=0.0, sd=1.0)
        assert not np.array_equal(once[0](0.05)[0], other[0](0.05)[0])


class TestShares:
    @pytest.mark.parametrize(("trials", "share"), [(1, 0.3), (12, 0.5), (400, 0.02)])
    def test_binomial(self, trials: int, share: float) -> None:
        found = paths.binomial(STREAM.uniform(MANY), trials, share)
        for k in {0, 1, round(trials * share), trials}:
            expected = math.comb(trials, k) * share**k * (1 - share) ** (trials - k)
            assert near(float((found == k).mean()), expected)

    def test_each_draw_may_have_trials_of_its_own(self) -> None:
        trials = np.array([0.0, 1.0, 5.0, 5.0] * 1000)
        found = paths.binomial(STREAM.uniform(4000), trials, 0.4)
        assert (found <= trials).all()
        assert found[trials == 5].mean() == pytest.approx(2.0, abs=0.1)

    @pytest.mark.parametrize(("share", "all_of"), [(0.0, 0.0), (1.0, 9.0)])
    def test_what_never_or_always_happens(self, share: float, all_of: float) -> None:
        assert set(paths.binomial(STREAM.uniform(100), 9, share)) == {all_of}

    @pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
    def test_a_share_that_is_none(self, share: float) -> None:
        with pytest.raises(RequestError, match="a share lies from 0 to 1, got"):
            paths.binomial(STREAM.uniform(3), 2, share)

    def test_of_one_arm_are_what_their_sum_over_outcomes_says(self) -> None:
        looks = [5, 12]
        found = paths.shares(STREAM, looks, MANY, share=0.8)
        for n, limits in zip(looks, found, strict=True):
            expected = sum(
                math.comb(n, k) * 0.8**k * 0.2 ** (n - k)
                for k in range(n + 1)
                if 100 * stats.wilson(k, n, alpha=0.05).low > 50
            )
            assert near(float((limits(0.05)[0] > 50).mean()), expected)

    @pytest.mark.parametrize("paired", [True, False])
    def test_of_two_arms_are_what_their_sum_over_outcomes_says(self, paired: bool) -> None:
        n, p, q = 7, 0.8, 0.3
        cells = [cell for cell in product(range(n + 1), repeat=3) if sum(cell) <= n]
        low, _ = paths.newcombe_limits(*np.array(cells, float).T, n, paired=paired)(0.05)
        weights = [self._weight(cell, n, p, q) for cell in cells]
        assert sum(weights) == pytest.approx(1.0)
        expected = float(np.dot(weights, low > 10))
        found = paths.two_shares(STREAM, [3, n], MANY, first=p, second=q, paired=paired)[1]
        assert near(float((found(0.05)[0] > 10).mean()), expected)

    def _weight(self, cell: Sequence[int], n: int, p: float, q: float) -> float:
        both, only_a, only_b = cell
        rest = n - sum(cell)
        ways = math.factorial(n) // math.prod(math.factorial(k) for k in (*cell, rest))
        return float(
            ways * (p * q) ** both * (p * (1 - q)) ** only_a * ((1 - p) * q) ** only_b * ((1 - p) * (1 - q)) ** rest
        )
