"""What is expected of a reproduction: against plain references, its coverage, and how it is judged."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from fractions import Fraction

import pytest
from scipy import stats as reference

from whether.bundle.agreement import (
    Expected,
    expect_difference,
    expect_mean,
    expect_paired_shares,
    expect_share,
    expect_two_shares,
    judge,
    overall,
)
from whether.errors import RequestError


class TestMeans:
    def test_limits_are_those_of_the_textbook(self) -> None:
        values = [2.0, 3.5, 1.0, 4.0, 2.5]
        found = expect_mean(values, 3, error=0.1)
        half = reference.t.ppf(0.95, 4) * statistics.stdev(values) * math.sqrt(1 / 5 + 1 / 3)
        assert (found.low, found.high) == pytest.approx((2.6 - half, 2.6 + half))
        assert (found.estimate, found.n, found.k) == (2.6, 5, 3)

    def test_the_spread_is_never_below_the_resolution(self) -> None:
        found = expect_mean([90.0, 90.0, 90.0], 1, resolution=0.5)
        assert found.high - 90.0 == pytest.approx(reference.t.ppf(0.975, 2) * 0.5 * math.sqrt(4 / 3))

    def test_one_replicate_expects_anything(self) -> None:
        found = expect_mean([3.0], 2)
        assert (found.low, found.high) == (-math.inf, math.inf)

    def test_arms_apart_have_welchs_degrees(self) -> None:
        a, b = [1.0, 2.0, 4.0, 3.0], [10.0, 30.0, 20.0, 5.0]
        found = expect_difference(a, b, 2)
        v, w = statistics.variance(a) / 4, statistics.variance(b) / 4
        df = (v + w) ** 2 / (v**2 / 3 + w**2 / 3)
        half = reference.t.ppf(0.975, df) * math.sqrt((4 * v + 4 * w) * (1 / 4 + 1 / 2))
        assert (found.low, found.high) == pytest.approx((2.5 - 16.25 - half, 2.5 - 16.25 + half))

    @pytest.mark.parametrize(
        ("values", "k", "error", "match"),
        [
            ([], 2, 0.05, "got no values"),
            ([1.0, math.nan], 2, 0.05, "expected finite numbers"),
            ([1.0, 2.0], 0, 0.05, "replicates made again are 0; expected a whole number, 1 or more"),
            ([1.0, 2.0], True, 0.05, "replicates made again are True"),
            ([1.0, 2.0], 2, 1.0, r"error is 1.0; expected a chance in \(0, 1\)"),
        ],
    )
    def test_what_cannot_be(self, values: list[float], k: int, error: float, match: str) -> None:
        with pytest.raises(RequestError, match=match):
            expect_mean(values, k, error=error)


class TestShares:
    @pytest.mark.parametrize(("up", "n", "k"), [(0, 5, 3), (20, 20, 4), (7, 10, 5), (3, 8, 8), (99, 100, 2)])
    def test_expected_are_those_that_fishers_test_does_not_refuse(self, up: int, n: int, k: int) -> None:
        def tails(new: int) -> float:
            table = [[new, k - new], [up, n - up]]
            return min(reference.fisher_exact(table, alternative=side)[1] for side in ("less", "greater"))

        inside = [new for new in range(k + 1) if tails(new) > 0.025]
        found = expect_share([True] * up + [False] * (n - up), k)
        assert (found.low, found.high) == (100 * min(inside) / k, 100 * max(inside) / k)

    @pytest.mark.parametrize("pairs", ["+++00", "+-0", "000000", "++++++", "+++---"])
    def test_pairs_are_dealt_anew_in_every_way(self, pairs: str) -> None:
        """By counting all ways to choose k of n + k, in whole numbers."""
        worth, k = {"+": 1, "-": -1, "0": 0}, 2
        original = [worth[sign] for sign in pairs]
        inside = []
        for new in itertools.combinations_with_replacement((-1, 0, 1), k):
            sums = [sum(chosen) for chosen in itertools.combinations([*original, *new], k)]
            below = Fraction(sum(one <= sum(new) for one in sums), len(sums))
            above = Fraction(sum(one >= sum(new) for one in sums), len(sums))
            if min(below, above) > Fraction(1, 10):
                inside.append(sum(new))
        hits = {"+": (True, False), "-": (False, True), "0": (True, True)}
        found = expect_paired_shares([hits[s][0] for s in pairs], [hits[s][1] for s in pairs], k, error=0.2)
        assert (found.low, found.high) == (100 * min(inside) / k, 100 * max(inside) / k)
        assert found.estimate == pytest.approx(100 * statistics.mean(original))

    def test_two_shares_apart_take_half_the_error_each(self) -> None:
        a, b = [True] * 9 + [False], [False] * 8 + [True] * 2
        one, other = expect_share(a, 3, error=0.025), expect_share(b, 3, error=0.025)
        found = expect_two_shares(a, b, 3)
        assert (found.low, found.high) == (one.low - other.high, one.high - other.low)
        assert found.estimate == pytest.approx(70)

    def test_no_outcomes(self) -> None:
        with pytest.raises(RequestError, match="replicates that do it: expected"):
            expect_share([], 2)


def expected(low: float, high: float) -> Expected:
    return Expected(estimate=(low + high) / 2, low=low, high=high, n=8, k=2, method="t")


class TestJudging:
    @pytest.mark.parametrize(
        ("kind", "size", "limits", "effect", "agrees"),
        [
            ("exceeds", 1.0, (2.0, 6.0), 3.0, "yes"),  # all of it is a yes
            ("exceeds", 1.0, (-3.0, 0.5), 0.0, "yes"),  # all of it is a no
            ("exceeds", 1.0, (2.0, 6.0), 1.9, "no"),
            ("exceeds", 1.0, (2.0, 6.0), 6.1, "no"),  # as far off on the other side
            ("exceeds", 1.0, (-1.0, 6.0), 3.0, "cannot tell"),  # an effect of −1 would agree, too
            ("exceeds", 1.0, (0.5, 2.0), 1.4, "yes"),  # not on one side, and still within a point
            ("not_worse", 1.0, (-0.5, 4.0), 2.0, "yes"),
            ("not_worse", 1.0, (-3.0, 4.0), 2.0, "cannot tell"),
            ("same", 1.0, (-0.9, 0.9), 0.5, "yes"),
            ("same", 1.0, (-1.5, 3.0), 0.5, "cannot tell"),
            ("below", 5.0, (1.0, 4.0), 2.0, "yes"),
            ("below", 5.0, (1.0, 6.0), 2.0, "cannot tell"),  # of a bound nothing says how much matters
            ("above", 5.0, (-math.inf, math.inf), 2.0, "cannot tell"),
        ],
    )
    def test_a_claim(self, kind: str, size: float, limits: tuple[float, float], effect: float, agrees: str) -> None:
        assert judge(kind, size, expected(*limits), effect)[0] == agrees  # type: ignore[arg-type]

    def test_rounding_at_a_limit_says_nothing(self) -> None:
        assert judge("exceeds", 1.0, expected(2.0, 6.0), 2.0 - 1e-12)[0] == "yes"

    def test_reasons_are_told(self) -> None:
        assert judge("exceeds", 1.0, expected(2.0, 6.0), 9.0)[1].startswith("outside")
        assert "of 2 replicates an effect that contradicts" in judge("exceeds", 1.0, expected(-9.0, 9.0), 0.0)[1]
        unbounded = Expected(estimate=3.0, low=-math.inf, high=math.inf, n=1, k=1, method="t")
        assert judge("same", 1.0, unbounded, 3.0)[1] == "one original replicate shows no spread"

    def test_claims_together(self) -> None:
        assert overall(["yes", "yes"]) == "yes"
        assert overall(["yes", "no", "cannot tell"]) == "no"
        assert overall(["yes", "cannot tell"]) == "cannot tell"
        assert overall([]) == "cannot tell"


def cover(correlation: float, n: int, k: int, draws: int) -> float:
    """How often the mean of the first k, drawn again, lies where the n let it be expected."""
    draw, inside = random.Random(7), 0
    for _ in range(draws):
        shared = [draw.gauss(0, math.sqrt(correlation)) for _ in range(n)]
        rest = math.sqrt(1 - correlation)
        found = expect_mean([one + draw.gauss(0, rest) for one in shared], k)
        again = statistics.fmean(one + draw.gauss(0, rest) for one in shared[:k])
        inside += found.low <= again <= found.high
    return inside / draws


class TestCoverage:
    @pytest.mark.parametrize(("n", "k"), [(8, 2), (3, 3)])
    def test_new_seeds_lie_inside_as_often_as_said(self, n: int, k: int) -> None:
        assert cover(0.0, n, k, 2000) == pytest.approx(0.95, abs=0.015)  # three standard errors

    @pytest.mark.long
    @pytest.mark.parametrize(("n", "k"), [(3, 1), (4, 2), (8, 2), (16, 4), (32, 32)])
    @pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 1.0])
    def test_the_same_seeds_lie_inside_at_least_as_often(self, n: int, k: int, correlation: float) -> None:
        found = cover(correlation, n, k, 20_000)
        assert found > 0.945
        if correlation == 0.0:
            assert found == pytest.approx(0.95, abs=0.005)

    @pytest.mark.long
    @pytest.mark.parametrize(("p", "q"), [(0.9, 0.4), (0.5, 0.5), (1.0, 0.2), (0.05, 0.95)])
    @pytest.mark.parametrize(("n", "k"), [(5, 2), (20, 4), (50, 10)])
    def test_shares_lie_inside_at_least_as_often_as_said(self, p: float, q: float, n: int, k: int) -> None:
        draw, inside, draws = random.Random(11), 0, 1500
        for _ in range(draws):
            a, b = ([draw.random() < chance for _ in range(n + k)] for chance in (p, q))
            found = expect_paired_shares(a[k:], b[k:], k)
            again = 100 * (sum(a[:k]) - sum(b[:k])) / k
            inside += found.low - 1e-9 <= again <= found.high + 1e-9
        assert inside / draws > 0.935
