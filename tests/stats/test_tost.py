"""Equivalence tests from summaries: published values, and agreement with the verdict `same`."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.stats import (
    Summary,
    mean_interval,
    paired_t,
    tost_one,
    tost_paired,
    tost_welch,
    verdict,
    welch,
)


def test_welch_from_summaries() -> None:
    found = tost_welch(Summary(5.25, 0.95, 95), Summary(5.22, 0.83, 89), within=0.384)
    assert found.df == pytest.approx(181.1344, abs=5e-5)
    assert found.p_above == pytest.approx(0.0009458745, abs=5e-11)
    assert found.p_below == pytest.approx(0.003838994, abs=5e-10)
    assert (found.low, found.high) == pytest.approx((-0.1870843, 0.2470843), abs=5e-8)
    assert found.p == found.p_below


def test_one_sample_from_a_summary() -> None:
    found = tost_one(Summary(0.52, 0.5, 300), against=0.5, within=0.1)
    assert found.p_above == pytest.approx(0.00002108451, abs=5e-12)
    assert found.p_below == pytest.approx(0.002966762, abs=5e-10)


def test_paired_from_summaries() -> None:
    found = tost_paired(Summary(5.83, 1.17, 65), Summary(5.75, 1.30, 65), r=0.745, within=0.34)
    assert found.p_above == pytest.approx(0.0001606103, abs=5e-11)
    assert found.p_below == pytest.approx(0.01081349, abs=5e-9)
    assert found.df == 64


summaries = st.builds(
    Summary, st.integers(-40, 40).map(lambda x: x / 8), st.integers(0, 40).map(lambda x: x / 8), st.integers(2, 30)
)


@settings(max_examples=100, deadline=None)
@given(summaries, summaries, st.integers(1, 40), st.sampled_from([0.01, 0.05, 0.2]))
def test_equivalence_is_the_verdict_same(a: Summary, b: Summary, steps: int, alpha: float) -> None:
    size = steps / 8
    for found in (
        tost_welch(a, b, within=size, alpha=alpha),
        tost_one(a, against=b.mean, within=size, alpha=alpha),
        tost_paired(a, Summary(b.mean, b.sd, a.n), r=0.5, within=size, alpha=alpha),
    ):
        assume(min(abs(abs(limit) - size) for limit in (found.low, found.high)) > 1e-9)
        assert (found.p < alpha) == (verdict("same", found.low, found.high, size) == "yes")


def test_runs_and_their_summaries_give_one_interval() -> None:
    a, b = [91.2, 93.0, 92.4, 90.9], [90.1, 92.2, 92.5, 89.0]
    apart, paired = [x - y for x, y in zip(a, b, strict=True)], paired_t(a, b, alpha=0.05)
    one, two = (mean_interval(arm, alpha=0.05) for arm in (a, b))
    assert one.sd is not None
    assert two.sd is not None
    assert paired.sd is not None
    first, second = Summary(one.estimate, one.sd, 4), Summary(two.estimate, two.sd, 4)
    r = (one.sd**2 + two.sd**2 - paired.sd**2) / (2 * one.sd * two.sd)
    for found, want in (
        (tost_welch(first, second, within=1.0), welch(a, b, alpha=0.05)),
        (tost_paired(first, second, r=r, within=1.0), mean_interval(apart, alpha=0.05)),
        (tost_one(first, against=0.0, within=1.0), mean_interval(a, alpha=0.05)),
    ):
        assert (found.estimate, found.low, found.high) == pytest.approx((want.estimate, want.low, want.high))
        assert found.df == pytest.approx(want.df)


def test_arms_that_move_as_one_have_no_spread() -> None:
    found = tost_paired(Summary(1.5, 0.3, 4), Summary(1.0, 0.3, 4), r=1.0, within=0.75)
    assert (found.low, found.high, found.p) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Summary(1.0, -0.1, 3), "sd must be a finite number of at least 0"),
        (lambda: Summary(1.0, 0.1, 1), "n of at least 2, got 1.0 and n=1"),
        (lambda: Summary(math.nan, 0.1, 3), "a finite mean and n of at least 2, got nan"),
        (
            lambda: tost_paired(Summary(1, 1, 3), Summary(1, 1, 4), r=0.0, within=1.0),
            "one n, got 3 and 4; use tost_welch",
        ),
        (lambda: tost_paired(Summary(1, 1, 3), Summary(1, 1, 3), r=1.1, within=1.0), "from -1 to 1, got 1.1"),
        (lambda: tost_one(Summary(1, 1, 3), against=0.0, within=0.0), "finite and above 0, got 0.0"),
        (lambda: tost_welch(Summary(1, 1, 3), Summary(1, 1, 3), within=1.0, alpha=0.95), "below 0.5, got 0.95"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
