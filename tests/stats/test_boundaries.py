"""Sequential bounds by normal theory: published values, closed forms, and another way to integrate."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from whether.errors import RequestError
from whether.stats import constant_bounds, crossing, inflation, spending_bounds, spent
from whether.stats.verdict import SPENDINGS, Spending

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]
PUBLISHED = {
    ("constant", "pocock"): [2.41318] * 5,
    ("constant", "obrien-fleming"): [4.5617, 3.2256, 2.6337, 2.2809, 2.0401],
    ("spending", "obrien-fleming"): [4.8769, 3.3570, 2.6803, 2.2898, 2.0310],
    ("spending", "pocock"): [2.4380, 2.4268, 2.4102, 2.3966, 2.3860],
}


def five_bounds(way: str, kind: str) -> list[float]:
    if way == "constant":
        return constant_bounds(kind, 5, 0.05, two_sided=True)
    return spending_bounds(kind, FIVE, 0.05, two_sided=True)


@pytest.mark.parametrize(("way", "kind"), PUBLISHED)
def test_published_bounds_of_five_looks(way: str, kind: str) -> None:
    digits = 5e-6 if (way, kind) == ("constant", "pocock") else 5e-5
    assert five_bounds(way, kind) == pytest.approx(PUBLISHED[way, kind], abs=digits)


@pytest.mark.parametrize(("kind", "want"), [("pocock", 1.2284), ("obrien-fleming", 1.0284)])
def test_published_inflation_at_80_percent_power(kind: str, want: float) -> None:
    bounds = five_bounds("constant", kind)
    assert inflation(bounds, FIVE, alpha=0.05, power=0.8, two_sided=True) == pytest.approx(want, abs=5e-5)


def test_five_looks_without_correction() -> None:
    assert sum(crossing([1.96] * 5, FIVE, two_sided=True)) == pytest.approx(0.1417, abs=5e-5)


def test_a_p_of_011_at_look_3_rejects_under_pocock_and_goes_on_under_obrien_fleming() -> None:
    z = -float(ndtri(0.011 / 2))
    pocock, obrien_fleming = (five_bounds("constant", kind)[2] for kind in ("pocock", "obrien-fleming"))
    assert pocock < z < obrien_fleming


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("kind", SPENDINGS)
def test_bounds_err_as_often_as_was_asked(kind: Spending, two_sided: bool) -> None:
    for alpha in (0.05, 0.01):
        constants = constant_bounds(kind, 4, alpha, two_sided=two_sided)
        found = crossing(constants, [0.25, 0.5, 0.75, 1.0], two_sided=two_sided)
        assert sum(found) == pytest.approx(alpha, abs=1e-9)
        shares, sides = [0.1, 0.15, 0.7, 1.0], 1 + two_sided
        seen = crossing(spending_bounds(kind, shares, alpha, two_sided=two_sided), shares, two_sided=two_sided)
        upto = [sum(seen[: look + 1]) for look in range(4)]
        assert upto == pytest.approx([sides * spent(kind, share, alpha / sides) for share in shares], abs=1e-9)


@pytest.mark.parametrize("kind", SPENDINGS)
def test_one_look_is_no_sequence(kind: str) -> None:
    z = -float(ndtri(0.05))
    for bounds in (constant_bounds(kind, 1, 0.05), spending_bounds(kind, [1.0], 0.05)):
        assert bounds == pytest.approx([z], abs=1e-9)
    assert inflation([z], [1.0], alpha=0.05, power=0.9) == pytest.approx(1.0, abs=1e-9)
    assert crossing([z], [0.5], drift=2.0) == pytest.approx([ndtr(math.sqrt(2.0) - z)], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.floats(-1, 3), st.floats(-1, 3)),
    st.sampled_from([0.02, 0.3, 0.5, 0.9, 0.99, 0.9999]),
    st.floats(-2, 4),
)
def test_two_looks_are_a_bivariate_normal(bounds: tuple[float, float], share: float, drift: float) -> None:
    """Two-looks' integral in closed form (Genz), narrow steps between the looks included."""
    r = math.sqrt(share)
    both = multivariate_normal([drift * r, drift], [[1.0, r], [r, 1.0]])
    first, second = crossing(bounds, [share, 1.0], drift=drift)
    assert first == pytest.approx(float(ndtr(drift * r - bounds[0])), abs=1e-12)
    assert 1.0 - first - second == pytest.approx(float(both.cdf(bounds)), abs=2e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 4), min_size=3, max_size=3), st.floats(-3, 3))
def test_two_sides_are_seen_from_either(bounds: list[float], drift: float) -> None:
    shares = [0.3, 0.4, 1.0]
    here, there = (crossing(bounds, shares, drift=sign * drift, two_sided=True) for sign in (1, -1))
    assert here == pytest.approx(there, abs=1e-7)
    assert sum(here) <= 1.0 + 1e-6


def test_a_look_that_cannot_stop_changes_nothing() -> None:
    skipped = crossing([math.inf, 2.0, 1.8], [0.2, 0.5, 1.0], drift=1.0)
    assert skipped[0] == 0.0
    assert skipped[1:] == pytest.approx(crossing([2.0, 1.8], [0.5, 1.0], drift=1.0), abs=1e-7)
    assert crossing([-math.inf, 1.0], [0.5, 1.0]) == [1.0, 0.0]


def test_shares_that_were_added_up_may_miss_1_by_a_hair() -> None:
    for last in (1.0 - 1e-15, 1.0 + 4e-16):
        assert spent("pocock", last, 0.05) == pytest.approx(0.05, rel=1e-12)
        bounds = spending_bounds("pocock", [0.5, last], 0.05)
        assert inflation(bounds, [0.5, last], alpha=0.05, power=0.8) > 1.0


def test_next_to_nothing_early_is_a_bound_nobody_reaches() -> None:
    bounds = spending_bounds("obrien-fleming", [0.001, 0.01, 0.5, 1.0], 0.05)
    assert bounds[0] > 30
    assert bounds[1] > 15
    assert bounds[2:] == pytest.approx(spending_bounds("obrien-fleming", [0.5, 1.0], 0.05), abs=1e-7)


@given(st.sampled_from(SPENDINGS), st.floats(0.001, 0.3), st.floats(0, 1), st.floats(0, 1))
def test_spending_grows_from_nothing_to_alpha(kind: Spending, alpha: float, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert spent(kind, 0.0, alpha) == 0.0
    assert 0.0 <= spent(kind, early, alpha) <= spent(kind, late, alpha) <= alpha
    assert spent(kind, 1.0, alpha) == pytest.approx(alpha, rel=1e-12)
    assert spent("obrien-fleming", early, alpha) <= spent("pocock", early, alpha) + 1e-12


@pytest.mark.parametrize(
    ("ask", "messages"),
    [
        (
            lambda: spent("pokock", 1.5, 0.7),
            ["did you mean 'pocock'?", "below 0.5, got 0.7", "lies from 0 to 1, got 1.5"],
        ),
        (lambda: spending_bounds("pocock", [0.5, 0.5], 0.05), [r"increase from above 0 up to at most 1.*\[0.5, 0.5\]"]),
        (lambda: spending_bounds("pocock", [], 0.05), [r"one a look, got \[\]"]),
        (lambda: spending_bounds("pocock", [0.5, math.nan], 0.05), [r"got \[0.5, nan\]"]),
        (
            lambda: crossing([2.0], [0.5, 1.1], drift=math.inf),
            [r"got \[0.5, 1.1\]", "got 1 bounds and 2 shares", "a finite number, got inf"],
        ),
        (lambda: crossing([math.nan], [1.0]), [r"z values or infinite, got \[nan\]"]),
        (lambda: crossing([-1.0], [1.0], two_sided=True), [r"of at least 0 \(two-sided\), got \[-1.0\]"]),
        (lambda: constant_bounds("pocock", 0, 0.0), ["at least 1 look, got 0", "above 0 and below 0.5, got 0.0"]),
        (
            lambda: inflation([2.0], [0.9], alpha=0.05, power=0.05),
            ["a share of 1, got 0.9", "above alpha and below 1, got 0.05 with alpha 0.05"],
        ),
        (lambda: inflation([0.1], [1.0], alpha=0.05, power=0.3), ["no drift gives these bounds a power of 0.3"]),
    ],
)
def test_wrong_requests_are_told_all_their_mistakes(ask, messages: list[str]) -> None:  # type: ignore[no-untyped-def]
    for message in messages:
        with pytest.raises(RequestError, match=message):
            ask()
