"""Score intervals of shares: Newcombe's published values, exact coverage, properties."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from whether.errors import RequestError
from whether.stats import Interval, newcombe, newcombe_paired, wilson

few = settings(max_examples=80, deadline=None)
counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.tuples(*[st.integers(0, 8)] * 4).filter(any)
alphas = st.sampled_from([0.001, 0.0125, 0.025, 0.05, 0.2])


def paired(table: tuple[int, int, int, int], alpha: float) -> Interval:
    """The interval of a table: both, only the first, only the second, none."""
    both, only_a, only_b, none = table
    a = [True] * (both + only_a) + [False] * (only_b + none)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * none
    return newcombe_paired(a, b, alpha=alpha)


# Newcombe (1998), Statistics in Medicine 17: 873–890, table II, method 10, 95 %.
@pytest.mark.parametrize(
    ("k1", "n1", "k2", "n2", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_newcombes_independent_examples(k1: int, n1: int, k2: int, n2: int, low: float, high: float) -> None:
    found = newcombe(k1, n1, k2, n2, alpha=0.025)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)
    assert (found.estimate, found.n, found.arm_n) == (k1 / n1 - k2 / n2, min(n1, n2), (n1, n2))
    assert (found.method, found.p, found.sd) == ("Newcombe", None, None)


# Newcombe (1998), Statistics in Medicine 17: 2635–2650, method 10, 95 %.
@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((18, 12, 2, 18), 0.0562, 0.3290),
        ((53, 0, 0, 1), -0.0729, 0.0729),
        ((0, 30, 0, 0), 0.8395, 1.0000),
    ],
)
def test_newcombes_paired_examples(table: tuple[int, int, int, int], low: float, high: float) -> None:
    found = paired(table, alpha=0.025)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert (found.method, found.n) == ("Newcombe paired", sum(table))
    assert found.estimate == pytest.approx((table[1] - table[2]) / sum(table))


def test_the_correlation_of_a_paired_table_worked_by_hand() -> None:
    # 6 both, 2 and 1 alone, 3 none: eh − fg = 16, less n / 2 = 6, over √(8 · 4 · 7 · 5); one arm at a time by Wilson.
    first, second = wilson(8, 12, alpha=0.05), wilson(7, 12, alpha=0.05)
    phi = 10 / math.sqrt(8 * 4 * 7 * 5)
    down, up = first.estimate - first.low, second.high - second.estimate
    found = paired((6, 2, 1, 3), alpha=0.05)
    assert found.low == pytest.approx(1 / 12 - math.sqrt(down**2 - 2 * phi * down * up + up**2), rel=1e-12)


def test_a_negative_correlation_is_not_corrected_and_a_weak_positive_one_is_none() -> None:
    opposed = paired((1, 4, 4, 1), alpha=0.05)
    one, phi = wilson(5, 10, alpha=0.05), -15 / 25
    assert opposed.high == pytest.approx((one.high - 0.5) * math.sqrt(2 - 2 * phi), rel=1e-12)
    weak, free = paired((3, 2, 2, 3), alpha=0.05), newcombe(5, 10, 5, 10, alpha=0.05)  # 9 − 4 = 5 = n / 2
    assert (weak.low, weak.high) == (free.low, free.high)


@few
@given(counts, alphas)
def test_wilson_limits_solve_the_score_equation(count: tuple[int, int], alpha: float) -> None:
    k, n = count
    found, z = wilson(k, n, alpha=alpha), reference.norm.isf(alpha)
    for limit, at_end in ((found.low, k == 0), (found.high, k == n)):
        if not at_end:
            assert abs(k / n - limit) == pytest.approx(z * math.sqrt(limit * (1 - limit) / n), rel=1e-9)


def test_wilson_is_scipys() -> None:
    want = reference.binomtest(7, 9).proportion_ci(0.9, method="wilson")
    found = wilson(7, 9, alpha=0.05)
    assert (found.low, found.high) == pytest.approx((want.low, want.high), rel=1e-12)


@few
@given(counts, counts, alphas)
def test_shares_stay_in_range_mirror_and_narrow(one: tuple[int, int], two: tuple[int, int], alpha: float) -> None:
    share, flipped = wilson(*one, alpha=alpha), wilson(one[1] - one[0], one[1], alpha=alpha)
    assert 0 <= share.low <= share.estimate <= share.high <= 1
    assert (flipped.low, flipped.high) == pytest.approx((1 - share.high, 1 - share.low), abs=1e-15)
    found, back = newcombe(*one, *two, alpha=alpha), newcombe(*two, *one, alpha=alpha)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=1e-15)
    twice = newcombe(2 * one[0], 2 * one[1], 2 * two[0], 2 * two[1], alpha=alpha)
    assert twice.high - twice.low < found.high - found.low


@few
@given(tables)
def test_paired_shares_stay_in_range_mirror_narrow_and_nest(table: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, none = table
    found, wide = paired(table, alpha=0.05), paired(table, alpha=0.0125)
    assert -1 <= wide.low <= found.low <= found.estimate + 1e-15
    assert found.estimate - 1e-15 <= found.high <= wide.high <= 1
    assert found.low < found.high
    back = paired((both, only_b, only_a, none), alpha=0.05)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=1e-15)
    failures = paired((none, only_b, only_a, both), alpha=0.05)
    assert (failures.low, failures.high) == pytest.approx((-found.high, -found.low), abs=1e-14)
    twice = paired((2 * both, 2 * only_a, 2 * only_b, 2 * none), alpha=0.05)
    assert twice.high - twice.low < found.high - found.low


def test_equal_outcomes_keep_a_width() -> None:
    assert wilson(5, 5, alpha=0.05).low == pytest.approx(5 / (5 + reference.norm.isf(0.05) ** 2))
    assert wilson(5, 5, alpha=0.05).high == 1.0
    found = paired((5, 0, 0, 0), alpha=0.05)
    assert -1 < found.low < 0 == found.estimate < found.high < 1


def test_coverage_of_newcombe_paired_summed_over_every_table() -> None:
    # Exact: no simulation. 27 truths: shares .2, .5, .8 in each arm, from independent to nearly equal outcomes.
    truths = []
    for p, q, strength in product((0.2, 0.5, 0.8), (0.2, 0.5, 0.8), (0.0, 0.4, 0.8)):
        both = p * q + strength * (min(p, q) - p * q)
        truths.append((both, p - both, q - both, 1 - p - q + both))
    n, seen = 10, {}
    for e, f, g in product(range(11), repeat=3):
        if e + f + g <= n:
            seen[e, f, g, n - e - f - g] = paired((e, f, g, n - e - f - g), alpha=0.05)
    cells, found = np.array(list(seen)), list(seen.values())
    missed = np.zeros((len(truths), 2))
    for place, truth in enumerate(truths):
        chance, gap = reference.multinomial.pmf(cells, n, truth), truth[1] - truth[2]
        missed[place] = [
            sum(chance[[one.low > gap + 1e-12 for one in found]]),
            sum(chance[[one.high < gap - 1e-12 for one in found]]),
        ]
    assert missed.mean(axis=0) == pytest.approx([0.035, 0.035], abs=0.001)
    assert missed.max() == pytest.approx(0.071, abs=0.001)


def test_coverage_of_wilson_and_newcombe_summed_over_every_count() -> None:
    n, shares = 10, np.linspace(0.05, 0.95, 19)
    chance = np.array([reference.binom.pmf(np.arange(n + 1), n, p) for p in shares])
    alone = [wilson(k, n, alpha=0.05) for k in range(n + 1)]
    covers = np.array([[one.low <= p <= one.high for one in alone] for p in shares])
    covered = (chance * covers).sum(axis=1)
    assert (covered.mean(), covered.min()) == pytest.approx((0.912, 0.819), abs=0.001)
    apart = [[newcombe(i, n, j, n, alpha=0.05) for j in range(n + 1)] for i in range(n + 1)]
    low, high = (np.array([[getattr(one, end) for one in line] for line in apart]) for end in ("low", "high"))
    covered = [
        chance[i] @ ((low <= p - q + 1e-12) & (high >= p - q - 1e-12)) @ chance[j]
        for i, p in enumerate(shares)
        for j, q in enumerate(shares)
    ]
    assert (np.mean(covered), min(covered)) == pytest.approx((0.906, 0.857), abs=0.001)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: wilson(1, 0, alpha=0.05), "0 <= successes <= n with n of at least 1, got 1 of 0"),
        (lambda: wilson(-1, 3, alpha=0.05), "got -1 of 3"),
        (lambda: newcombe(1, 2, 4, 3, alpha=0.05), "the second arm: expected .* got 4 of 3"),
        (lambda: newcombe(3, 2, 1, 3, alpha=0.05), "the first arm: expected .* got 3 of 2"),
        (lambda: wilson(1, 2, alpha=0.95), "below 0.5, got 0.95"),
        (lambda: newcombe(1, 2, 1, 2, alpha=0.0), "above 0 and below 0.5, got 0.0"),
        (lambda: newcombe_paired([], [], alpha=0.05), "the first arm: got no values"),
        (lambda: newcombe_paired([True], [True, False], alpha=0.05), "one value each per replicate, got 1 and 2"),
        (lambda: newcombe_paired([0.5], [True], alpha=0.05), "value 0 is 0.5; expected True or False"),  # type: ignore[list-item]
        (lambda: newcombe_paired([True], [True], alpha=0.7), "below 0.5, got 0.7"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
