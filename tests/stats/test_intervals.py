"""t intervals: against SciPy, by properties, and by what they cover."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from whether.errors import RequestError
from whether.stats import Interval, mean_interval, paired_t, unit_means, verdict, welch

few = settings(max_examples=60, deadline=None)
points = st.integers(-1000, 1000).map(lambda count: count / 8)  # exact in binary, so that differences are exact
row = st.lists(points, min_size=2, max_size=9)
pairs = st.lists(st.tuples(points, points), min_size=2, max_size=9)
alphas = st.sampled_from([0.001, 0.0125, 0.025, 0.05, 0.2])

A = [91.2, 93.0, 92.4, 90.9, 92.2]
B = [90.1, 92.2, 92.5, 89.0, 91.0]


@pytest.mark.parametrize("alpha", [0.025, 0.05, 0.1])
def test_paired_t_is_scipys(alpha: float) -> None:
    found, want = paired_t(A, B, alpha=alpha), reference.ttest_rel(A, B)
    limits = want.confidence_interval(1 - 2 * alpha)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), rel=1e-12)
    assert found.p == pytest.approx(reference.ttest_rel(A, B, alternative="greater").pvalue, rel=1e-12)
    assert found.sd == pytest.approx(np.std(np.subtract(A, B), ddof=1), rel=1e-12)
    assert (found.method, found.n, found.df, found.floored) == ("paired t", 5, 4.0, False)


@pytest.mark.parametrize("alpha", [0.025, 0.05, 0.1])
def test_welch_is_scipys(alpha: float) -> None:
    found = welch(A, B[:3], alpha=alpha)
    want = reference.ttest_ind(A, B[:3], equal_var=False, alternative="greater")
    limits = reference.ttest_ind(A, B[:3], equal_var=False).confidence_interval(1 - 2 * alpha)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), rel=1e-10)
    assert (found.p, found.df) == pytest.approx((want.pvalue, want.df), rel=1e-10)
    assert found.arm_sd == pytest.approx((np.std(A, ddof=1), np.std(B[:3], ddof=1)), rel=1e-12)
    assert (found.method, found.n, found.arm_n, found.sd) == ("Welch t", 3, (5, 3), None)


def test_one_sample_is_scipys() -> None:
    found, want = mean_interval(A, alpha=0.05), reference.ttest_1samp(A, 0.0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((want.low, want.high), rel=1e-12)
    assert found.estimate == pytest.approx(np.mean(A), rel=1e-15)
    assert (found.method, found.alpha) == ("t", 0.05)


def test_welch_counts_degrees_of_freedom_of_tiny_spreads() -> None:
    # Fourth powers of these deviations underflow; shares of the variance do not.
    scale = 1e-90
    assert welch([scale * x for x in A], [scale * x for x in B], alpha=0.05).df == pytest.approx(
        welch(A, B, alpha=0.05).df
    )


@few
@given(pairs, alphas)
def test_swapping_the_arms_mirrors_the_interval(both: list[tuple[float, float]], alpha: float) -> None:
    a, b = [x for x, _ in both], [y for _, y in both]
    for compare in (paired_t, welch):
        one, other = compare(a, b, alpha=alpha), compare(b, a, alpha=alpha)
        assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)


@few
@given(pairs, alphas, st.randoms(use_true_random=False))
def test_order_of_replicates_changes_no_bit(both: list[tuple[float, float]], alpha: float, luck) -> None:  # type: ignore[no-untyped-def]
    mixed = luck.sample(both, len(both))
    for compare in (paired_t, welch):
        assert compare(*zip(*both, strict=True), alpha=alpha) == compare(*zip(*mixed, strict=True), alpha=alpha)


def test_sums_are_rounded_once() -> None:
    # Added one by one these lose the 1 or keep it, as their order has it.
    for values in ([1e16, 1.0, -1e16], [1.0, 1e16, -1e16], [1e16, -1e16, 1.0]):
        assert mean_interval(values, alpha=0.05).estimate == 1 / 3


@few
@given(row, alphas)
def test_more_of_the_same_is_narrower(values: list[float], alpha: float) -> None:
    assume(len(set(values)) > 1)
    once, twice = mean_interval(values, alpha=alpha), mean_interval(values * 2, alpha=alpha)
    assert twice.high - twice.low < once.high - once.low


@few
@given(row, st.sampled_from([0.0, 0.5]))
def test_a_smaller_alpha_is_wider_around_the_same_estimate(values: list[float], resolution: float) -> None:
    found = [mean_interval(values, alpha=alpha, resolution=resolution) for alpha in (0.2, 0.05, 0.0125)]
    for narrow, wide in pairwise(found):
        assert wide.low <= narrow.low <= narrow.estimate == wide.estimate <= narrow.high <= wide.high


@few
@given(row, row, alphas)
def test_p_is_below_alpha_where_the_lower_limit_is_above_zero(a: list[float], b: list[float], alpha: float) -> None:
    found = welch(a, b, alpha=alpha, resolution=0.125)
    assume(abs(found.low) > 1e-9)
    assert found.p is not None
    assert (found.p < alpha) == (found.low > 0)


@few
@given(pairs, st.integers(-30, 30), st.integers(1, 64))
def test_a_change_of_unit_changes_no_verdict(both: list[tuple[float, float]], power: int, steps: int) -> None:
    unit, size = 2.0**power, steps / 8
    a, b = [x for x, _ in both], [y for _, y in both]
    for compare in (paired_t, welch):
        here = compare(a, b, alpha=0.05, resolution=0.125)
        there = compare([unit * x for x in a], [unit * y for y in b], alpha=0.05, resolution=unit * 0.125)
        assert (there.low, there.high) == (unit * here.low, unit * here.high)
        for kind in ("exceeds", "not_worse", "same"):
            assert verdict(kind, there.low, there.high, unit * size) == verdict(kind, here.low, here.high, size)


@few
@given(pairs, st.integers(1, 64))
def test_a_metric_and_its_complement_give_one_verdict(both: list[tuple[float, float]], steps: int) -> None:
    size = steps / 8
    a, b = [x for x, _ in both], [y for _, y in both]
    error_a, error_b = [100 - x for x in a], [100 - y for y in b]
    for compare in (paired_t, welch):
        up = compare(a, b, alpha=0.05, resolution=0.125)
        down = compare(error_b, error_a, alpha=0.05, resolution=0.125)  # smaller is better: the arms swap
        assume(min(abs(abs(limit) - size) for limit in (up.low, up.high)) > 1e-9)
        for kind in ("exceeds", "not_worse", "same"):
            assert verdict(kind, up.low, up.high, size) == verdict(kind, down.low, down.high, size)
    one, other = mean_interval(a, alpha=0.05), mean_interval(error_a, alpha=0.05)
    assume(min(abs(limit - size) for limit in (one.low, one.high)) > 1e-9)
    assert verdict("above", one.low, one.high, size) == verdict("below", other.low, other.high, 100 - size)


def test_equal_outcomes_get_the_measures_resolution_as_their_spread() -> None:
    found = paired_t([0.9, 0.8, 0.7], [0.9, 0.8, 0.7], alpha=0.05, resolution=1 / 360)
    half = reference.t.ppf(0.95, 2) / 360 / math.sqrt(3)
    assert found.floored
    assert found.sd == 1 / 360
    assert (found.low, found.high) == pytest.approx((-half, half), rel=1e-12)
    assert found.p == pytest.approx(0.5)


def test_each_unpaired_arm_is_floored_on_its_own() -> None:
    first = welch([1.0, 1.0, 1.0], [0.0, 4.0], alpha=0.05, resolution=0.5)
    second = welch([0.0, 4.0], [1.0, 1.0, 1.0], alpha=0.05, resolution=0.5)
    assert first.floored
    assert second.floored
    assert first.arm_sd == pytest.approx((0.5, math.sqrt(8)))
    assert second.arm_sd == pytest.approx((math.sqrt(8), 0.5))
    assert not welch([0.0, 4.0], [0.0, 4.0], alpha=0.05, resolution=0.5).floored


def test_a_spread_above_the_resolution_is_left_as_it_is() -> None:
    assert mean_interval(A, alpha=0.05, resolution=0.01) == mean_interval(A, alpha=0.05)


def test_without_resolution_equal_outcomes_have_no_width() -> None:
    for found, p in ((mean_interval([2.0, 2.0], alpha=0.05), 0.0), (mean_interval([0.0, 0.0], alpha=0.05), 1.0)):
        assert (found.low, found.high, found.p) == (found.estimate, found.estimate, p)
    found = welch([1.0, 1.0], [2.0, 2.0, 2.0], alpha=0.05)
    assert (found.low, found.high, found.p, found.df) == (-1.0, -1.0, 1.0, 3.0)


@pytest.mark.parametrize(
    "found",
    [
        mean_interval([3.0], alpha=0.05, resolution=0.1),
        paired_t([5.0], [2.0], alpha=0.05, resolution=0.1),
        welch([5.0], [2.0, 2.0, 2.0], alpha=0.05, resolution=0.1),
    ],
    ids=lambda found: found.method,
)
def test_one_replicate_decides_nothing(found: Interval) -> None:
    assert (found.estimate, found.low, found.high) == (3.0, -math.inf, math.inf)
    assert (found.n, found.p, found.sd, found.df) == (1, None, None, None)
    assert "two or more" in found.note
    for kind in ("exceeds", "not_worse", "same", "below", "above"):
        assert verdict(kind, found.low, found.high, 0.5) == "inconclusive"


def test_unit_means_keep_the_order_of_first_appearance() -> None:
    assert unit_means([4.0, 1.0, 2.0, 3.0, 9.0], units=[7, 3, 7, 3, 5]) == [3.0, 2.0, 9.0]


@pytest.mark.parametrize(("correlation", "naive"), [(0.3, 0.80), (0.6, 0.69), (0.9, 0.59)])
def test_nine_runs_of_three_initialisations_are_not_nine_replicates(correlation: float, naive: float) -> None:
    draw = np.random.default_rng(20240)
    common, own = draw.standard_normal((4000, 3, 1)), draw.standard_normal((4000, 3, 3))
    units = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    covered = np.zeros(2)
    for runs in (math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own).reshape(4000, 9):
        naively, by_unit = mean_interval(runs, alpha=0.05), mean_interval(unit_means(runs, units), alpha=0.05)
        covered += [one.low < 0 < one.high for one in (naively, by_unit)]
    assert covered / 4000 == pytest.approx([naive, 0.9], abs=0.02)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_verdict_at_the_edge_of_its_claim_errs_by_alpha_on_each_side(n: int) -> None:
    draw = np.random.default_rng(n)
    found = [mean_interval(1.0 + draw.standard_normal(n), alpha=0.05) for _ in range(4000)]
    said = [verdict("exceeds", one.low, one.high, 1.0) for one in found]
    assert [said.count("yes") / 4000, said.count("no") / 4000] == pytest.approx([0.05, 0.05], abs=0.012)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: mean_interval([], alpha=0.05), "values: got no values; expected one per replicate"),
        (lambda: paired_t([], [], alpha=0.05), "the first arm: got no values"),
        (lambda: welch([1.0], [], alpha=0.05), "the second arm: got no values"),
        (lambda: mean_interval([1.0, math.nan], alpha=0.05), "value 1 is nan; expected finite numbers. A diverged run"),
        (lambda: welch([math.inf], [1.0], alpha=0.05), "the first arm: value 0 is inf"),
        (lambda: mean_interval([1.0, None], alpha=0.05), "value 1 is None; expected one row of numbers"),  # type: ignore[list-item]
        (lambda: mean_interval(["0.5"], alpha=0.05), "value 0 is '0.5'; expected one row of numbers"),  # type: ignore[list-item]
        (lambda: mean_interval(np.ones((2, 3)), alpha=0.05), "value 0 is array.*expected one row of numbers"),
        (lambda: paired_t([1.0, 2.0], [1.0], alpha=0.05), "one value each per replicate, got 2 and 1"),
        (lambda: mean_interval([1.0], alpha=0.95), "below 0.5, got 0.95; 0.05 is usual"),
        (lambda: paired_t([1.0], [1.0], alpha=0.0), "above 0 and below 0.5, got 0.0"),
        (lambda: welch([1.0], [1.0], alpha=0.5), "above 0 and below 0.5, got 0.5"),
        (lambda: welch([1.0], [1.0], alpha=0.05, resolution=-1.0), "resolution must be a finite number of at least 0"),
        (lambda: mean_interval([1.0], alpha=0.05, resolution=math.inf), "resolution must be a finite number"),
        (lambda: unit_means([1.0, 2.0], units=["a"]), "one unit for each value, got 1 units for 2 values"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
