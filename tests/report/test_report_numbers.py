"""Numbers and names as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.report.numbers import (
    amount,
    clean,
    column_decimals,
    decimals_for,
    limits,
    number,
    p_value,
    plural,
    short,
    with_unit,
)


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [(-0.004, 2, "0.00"), (-0.006, 2, "−0.01"), (97.333, 2, "97.33"), (412.0, 0, "412"), (2.5e-7, 5, "2.5e−07")],
)
def test_a_number_has_a_true_minus_and_no_negative_zero(value: float, decimals: int, said: str) -> None:
    assert number(value, decimals) == said


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e4))
def test_decimals_show_two_digits_of_an_interval_and_no_more(middle: float, half: float) -> None:
    decimals = decimals_for(middle - half, middle, middle + half)
    assert 10**-decimals <= max(half, 1) * 1.001
    assert decimals == 5 or half * 10**decimals >= 9.9 or decimals == 0


def test_decimals_of_what_has_no_spread() -> None:
    assert decimals_for(None, 97.333, None) == 1
    assert decimals_for(None, None) == 0
    assert decimals_for(0.0) == 0
    assert decimals_for(2.0, 2.0, 2.0) == 2


def test_a_column_is_whole_or_has_the_decimals_of_its_size() -> None:
    assert column_decimals([1.0, 400.0]) == 0
    assert column_decimals([97.5]) == 2
    assert column_decimals([2.31, 0.4]) == 3


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.0, "points", "1 point"),
        (-1.0, "points", "−1 point"),
        (2.0, "points", "2 points"),
        (20.0, "it", "20 iterations"),
    ],
)
def test_a_unit_agrees_with_its_number(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


def test_a_unit_that_is_a_letter_stays() -> None:
    assert with_unit("1", "s") == "1 s"
    assert with_unit("1.0", "points") == "1.0 points"
    assert amount(3.0, "") == "3"


def test_an_unbounded_limit_is_said_in_words() -> None:
    assert limits(None, None, 1) == "unbounded"
    assert limits(None, 2.0, 1) == "up to 2.0"
    assert limits(-2.0, None, 0) == "from −2"
    assert limits(-2.0, 1.0, 0) == "−2 to 1"


def test_p_values() -> None:
    assert [p_value(p) for p in (None, 1e-9, 0.0421, 1.0)] == ["", "< 0.001", "0.042", "1"]


def test_counts() -> None:
    assert [plural(0, "run"), plural(1, "run"), plural(2000, "run")] == ["0 runs", "1 run", "2,000 runs"]
    assert plural(3, "entry", "entries") == "3 entries"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_short_number_reads_back_to_four_digits(value: float) -> None:
    assert math.isclose(float(short(value).replace("−", "-")), value, rel_tol=1e-3, abs_tol=1e-12)


@given(st.text())
def test_a_clean_text_is_one_line_that_every_document_may_hold(text: str) -> None:
    kept = clean(text)
    assert kept.isprintable()
    assert clean(kept) == kept
    kept.encode("utf-8")


def test_clean_takes_out_what_would_turn_the_reading_direction() -> None:
    assert clean("yes\u202e on\x00\n and\ud800") == "yes on and"
