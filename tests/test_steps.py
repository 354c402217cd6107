"""Time is a type."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.steps import Steps


@pytest.mark.parametrize(
    ("said", "amount", "unit"),
    [("500it", 500, "it"), ("2ep", 2, "ep"), ("1.5ep", Fraction(3, 2), "ep"), ("10%", 10, "%"), (" 0 it ", 0, "it")],
)
def test_forms_that_are_read(said: str, amount: Fraction, unit: str) -> None:
    assert Steps.parse(said) == Steps(Fraction(amount), unit)


def test_steps_pass_through() -> None:
    steps = Steps.parse("2ep")
    assert Steps.parse(steps) is steps


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (300, r"until is 300, a bare number: 300 of what\? Write '300it' for iterations, '300ep' for epochs or '10%'"),
        (0.5, r"until is 0\.5, a bare number: 0\.5 of what\? Write '500it' for iterations"),
        (-3, r"until is -3, a bare number: -3 of what\? Write '500it'"),
        (True, r"until is True; expected a form like '500it', '2ep' or '10%'"),
        (None, r"until is None; expected a form like"),
        ("500", r"until is '500'; expected a form like '500it'"),
        ("5 epochs", r"until is '5 epochs'; expected a form like"),
        ("-5it", r"until is '-5it'; expected a form like"),
        ("1e3it", r"until is '1e3it'; expected a form like"),
        ("1.5it", r"until is '1\.5it'; iterations come whole: write '2it'"),
        ("101%", r"until is '101%'; expected at most '100%', which is the recipe's total"),
    ],
)
def test_what_is_refused_and_what_would_be_right(given: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Steps.parse(given, "until")


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_epochs_count_their_iterations(amount: int, per_epoch: int) -> None:
    assert Steps.parse(f"{amount}ep").count(per_epoch=per_epoch) == amount * per_epoch
    assert Steps.parse(f"{amount}it").count(per_epoch=per_epoch) == amount


@given(st.integers(0, 100), st.integers(0, 10**6))
def test_per_cent_lies_within_the_total_and_grows(part: int, total: int) -> None:
    def counted(amount: int) -> int:
        return Steps.parse(f"{amount}%").count(per_epoch=1, total=total)

    assert 0 <= counted(part) <= total
    assert counted(100) == total
    assert counted(part) <= counted(min(100, part + 1))


def test_halves_round_to_even() -> None:
    assert [Steps.parse(said).count(per_epoch=5) for said in ("0.5ep", "1.5ep", "0.1ep")] == [2, 8, 0]


def test_per_cent_of_what_is_not_known_is_refused() -> None:
    with pytest.raises(RequestError, match="'10%' is a part of a total, but here the total itself is asked"):
        Steps.parse("10%").count(per_epoch=5)


@given(st.decimals(0, 1000, places=3), st.sampled_from(["ep", "%"]))
def test_written_steps_are_read_back(amount: Any, unit: str) -> None:
    steps = Steps(Fraction(amount) / (10 if unit == "%" else 1), unit)
    assert Steps.parse(str(steps)) == steps
    assert repr(steps) == f"Steps('{steps}')"


def test_words_for_people() -> None:
    said = [Steps.parse(text).words for text in ("500it", "1.5ep", "10%")]
    assert said == ["500 iterations", "1.5 epochs", "10 per cent of the recipe's total"]
