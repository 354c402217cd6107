"""The words for structures: read, fixed fractions, and what is told of a wrong one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.structure import Structure, fraction_of, parse

sizes = st.integers(1, 512)


@pytest.mark.parametrize("word", ["weight", "unit", "channel"])
def test_words_are_their_own_kind_and_leave_the_fraction_free(word: str) -> None:
    assert parse(word) == Structure(word, word)
    assert fraction_of(word) is None


@given(sizes, sizes)
def test_forms_are_read_back(first: int, second: int) -> None:
    if first < second:
        assert parse(f"{first}:{second}") == Structure(f"{first}:{second}", "n:m", first, second)
        assert fraction_of(f"{first}:{second}") == Fraction(second - first, second)
    if first * second > 1:
        name = f"block-{first}x{second}"
        assert parse(name) == Structure(name, "block", first, second)
        assert fraction_of(name) is None


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("4:2", "'2:4'"),
        ("2-4", "'2:4'"),
        ("2 of 4", "'2:4'"),
        ("02:4", "'2:4'"),
        ("N:M", "'2:4'"),
        ("4:4", "'weight'"),
        ("block4x8", "'block-4x8'"),
        ("4x8", "'block-4x8'"),
        ("block-1x1", "'weight'"),
        ("block", "'block-4x4'"),
        ("channels", "'channel'"),
        ("filters", "'channel'"),
        ("row", "'channel'"),
        ("neuron", "'unit'"),
        ("wieght", "'weight'"),
    ],
)
def test_what_is_wrong_is_told_with_what_was_meant(wrong: str, near: str) -> None:
    with pytest.raises(RequestError, match=rf"unknown structure '{wrong}'; did you mean {near}.*Known: unit, weight, "):
        parse(wrong)
    with pytest.raises(RequestError, match="unknown structure"):
        fraction_of(wrong)


@pytest.mark.parametrize("wrong", ["0:4", "2:", ":", "", "zzz", "block-0x4", "2:4:8", "２:４", "1:1２", "2:4\n"])
def test_what_is_no_form_is_refused(wrong: str) -> None:
    with pytest.raises(RequestError, match=r"unknown structure .*Known: unit, weight, channel, N:M \(such as 2:4"):
        parse(wrong)


def test_a_structure_is_a_word() -> None:
    with pytest.raises(RequestError, match=r"structure is \(2, 4\); expected a word: unit, weight, channel"):
        parse((2, 4))  # type: ignore[arg-type]
