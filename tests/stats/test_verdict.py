"""One claim's verdict: the table, that it is total and exclusive, and what must not change it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.stats import KINDS, VERDICTS, Kind, verdict

many = settings(max_examples=300, deadline=None)
comparisons = ("exceeds", "not_worse", "same")
# Halves meet the edges often; any float and the infinities are there too.
limit = st.one_of(st.integers(-6, 6).map(lambda x: x / 2), st.floats(allow_nan=False))
limits = st.tuples(limit, limit).map(lambda pair: (min(pair), max(pair)))
sizes = st.one_of(st.integers(1, 6).map(lambda x: x / 2), st.floats(min_value=1e-300, max_value=1e300))
opposite = {"yes": "no", "no": "yes", "inconclusive": "inconclusive"}

# The design's table, kind by kind, as two regions of (L, U, size).
YES = {
    "exceeds": lambda low, high, s: low > s,
    "not_worse": lambda low, high, s: low > -s,
    "same": lambda low, high, s: -s < low and high < s,
    "below": lambda low, high, s: high < s,
    "above": lambda low, high, s: low > s,
}
NO = {
    "exceeds": lambda low, high, s: high < s,
    "not_worse": lambda low, high, s: high < -s,
    "same": lambda low, high, s: low > s or high < -s,
    "below": lambda low, high, s: low > s,
    "above": lambda low, high, s: high < s,
}


@many
@given(st.sampled_from(KINDS), limits, sizes)
def test_each_interval_has_exactly_one_verdict(kind: Kind, ends: tuple[float, float], size: float) -> None:
    yes, no = YES[kind](*ends, size), NO[kind](*ends, size)
    assert not (yes and no)
    assert verdict(kind, *ends, size) == ("yes" if yes else "no" if no else "inconclusive")


@pytest.mark.parametrize(
    ("kind", "low", "high", "want"),
    [
        ("exceeds", 1.1, 5, "yes"),
        ("exceeds", 1.0, 5, "inconclusive"),
        ("exceeds", 0.1, 5, "inconclusive"),  # above 0 is not above s
        ("exceeds", 0.1, 1.0, "inconclusive"),
        ("exceeds", 0.1, 0.9, "no"),
        ("exceeds", -5, -4, "no"),
        ("exceeds", 1.1, math.inf, "yes"),
        ("exceeds", -math.inf, 0.9, "no"),
        ("exceeds", -math.inf, math.inf, "inconclusive"),
        ("exceeds", math.inf, math.inf, "yes"),
        ("not_worse", -0.9, 5, "yes"),
        ("not_worse", -1.0, 5, "inconclusive"),
        ("not_worse", -5, -1.0, "inconclusive"),
        ("not_worse", -5, -1.1, "no"),
        ("same", -0.9, 0.9, "yes"),
        ("same", -1.0, 0.9, "inconclusive"),
        ("same", -0.9, 1.0, "inconclusive"),
        ("same", -0.9, 2, "inconclusive"),
        ("same", 1.0, 2, "inconclusive"),
        ("same", 1.1, 2, "no"),
        ("same", -2, -1.1, "no"),
        ("same", -math.inf, math.inf, "inconclusive"),
        ("below", -5, 0.9, "yes"),
        ("below", -5, 1.0, "inconclusive"),
        ("below", 1.1, 2, "no"),
        ("above", 1.1, 2, "yes"),
        ("above", 1.0, 2, "inconclusive"),
        ("above", -5, 0.9, "no"),
    ],
)
def test_the_table_at_size_one(kind: Kind, low: float, high: float, want: str) -> None:
    assert verdict(kind, low, high, 1.0) == want


@many
@given(limits, sizes)
def test_turning_the_effect_round(ends: tuple[float, float], size: float) -> None:
    low, high = ends
    assert verdict("same", low, high, size) == verdict("same", -high, -low, size)
    # "b exceeds a" is denied exactly where "a is not worse than b" is confirmed.
    assert verdict("exceeds", -high, -low, size) == opposite[verdict("not_worse", low, high, size)]
    assert verdict("below", low, high, size) == verdict("above", -high, -low, -size)
    assert verdict("below", low, high, size) == opposite[verdict("above", low, high, size)]


@many
@given(
    st.sampled_from(KINDS),
    st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(sorted),
    st.integers(1, 40),
    st.floats(1e-6, 1e6),
)
def test_changing_the_unit(kind: Kind, ends: list[int], size: int, unit: float) -> None:
    low, high = ends
    assert verdict(kind, low * unit, high * unit, size * unit) == verdict(kind, low, high, size)


@many
@given(st.sampled_from(KINDS), limits, limits, sizes)
def test_a_wider_interval_decides_less_and_never_otherwise(
    kind: Kind, one: tuple[float, float], other: tuple[float, float], size: float
) -> None:
    wide = verdict(kind, min(one[0], other[0]), max(one[1], other[1]), size)
    assert wide in ("inconclusive", verdict(kind, *one, size))


@pytest.mark.parametrize("bound", [-2.0, 0.0])
def test_a_bound_may_be_any_number(bound: float) -> None:
    assert verdict("below", bound - 2, bound - 1, bound) == "yes"
    assert verdict("above", bound - 2, bound - 1, bound) == "no"


def test_the_verdicts_are_these() -> None:
    assert VERDICTS == ("yes", "no", "inconclusive")
    assert KINDS == ("exceeds", "not_worse", "same", "below", "above")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: verdict("exceed", 0, 1, 1), "unknown kind of claim 'exceed'; did you mean 'exceeds'"),  # type: ignore[arg-type]
        (lambda: verdict("same", 2, 1, 1), r"at most its upper one, got \[2, 1\]"),
        (lambda: verdict("same", math.nan, 1, 1), r"got \[nan, 1\]"),
        (lambda: verdict("below", 0, math.nan, 1), r"got \[0, nan\]"),
        (lambda: verdict("exceeds", 0, 1, 0.0), "exceeds needs a smallest size of interest, finite and above 0, got 0"),
        (lambda: verdict("not_worse", 0, 1, -1.0), "not_worse needs a smallest size of interest"),
        (lambda: verdict("same", 0, 1, math.inf), "same needs a smallest size of interest, finite"),
        (lambda: verdict("same", 0, 1, math.nan), "same needs a smallest size of interest, finite"),
        (lambda: verdict("below", 0, 1, math.inf), "below needs a finite bound, got inf"),
        (lambda: verdict("above", 0, 1, math.nan), "above needs a finite bound, got nan"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
