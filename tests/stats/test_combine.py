"""Several claims, one verdict: every row of three claims is tried, and error rates are summed exactly."""

import math
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.stats import RULES, VERDICTS, Combined, Verdict, combine, combine_all, combine_any, combine_ordered, holm

opposite: dict[Verdict, Verdict] = {"yes": "no", "no": "yes", "inconclusive": "inconclusive"}
probabilities = st.lists(st.floats(0, 1), max_size=7)


def rows() -> Iterator[tuple[tuple[Verdict, ...], tuple[Verdict, ...]]]:
    """Every pair of rows that nested intervals can give, for one to three claims."""
    claims = [(narrow, wide) for narrow in VERDICTS for wide in VERDICTS if wide in ("inconclusive", narrow)]
    for m in (1, 2, 3):
        for chosen in product(claims, repeat=m):
            yield tuple(narrow for narrow, _ in chosen), tuple(wide for _, wide in chosen)


def test_all_on_every_row() -> None:
    for narrow, wide in rows():
        want = "yes" if set(narrow) == {"yes"} else "no" if wide.count("no") else "inconclusive"
        assert combine_all(narrow, wide) == want == combine("all", narrow, wide).verdict


def test_any_is_all_turned_round() -> None:
    for narrow, wide in rows():
        turned = combine_all([opposite[one] for one in narrow], [opposite[one] for one in wide])
        assert combine_any(narrow, wide) == opposite[turned] == combine("any", narrow, wide).verdict


def test_one_claim_is_its_own_question() -> None:
    for one in VERDICTS:
        assert combine_all([one], [one]) == combine_any([one], [one]) == combine_ordered([one], 0).verdict == one


def test_any_needs_the_stricter_level_for_yes() -> None:
    assert combine_any(["yes", "no"], ["inconclusive", "no"]) == "inconclusive"
    assert combine_any(["yes", "no"], ["yes", "inconclusive"]) == "yes"


@pytest.mark.parametrize(
    ("row", "named", "want"),
    [
        ("yyy", 2, ("yes", 3)),
        ("yyy", 0, ("yes", 3)),  # reports how far it held, beyond the named one
        ("yyn", 1, ("yes", 2)),
        ("yyn", 2, ("no", 2)),
        ("yny", 2, ("no", 1)),  # what lies behind the stop is not read
        ("yiy", 2, ("inconclusive", 1)),
        ("yin", 2, ("inconclusive", 1)),
        ("nyy", 0, ("no", 0)),
        ("nyy", 2, ("no", 0)),
        ("iyy", 0, ("inconclusive", 0)),
    ],
)
def test_ordered(row: str, named: int, want: tuple[Verdict, int]) -> None:
    words: dict[str, Verdict] = {"y": "yes", "n": "no", "i": "inconclusive"}
    said = [words[letter] for letter in row]
    assert combine_ordered(said, named) == Combined(*want) == combine("ordered", said, said, named=named)


def test_ordered_names_the_last_claim_unless_told_otherwise() -> None:
    assert combine("ordered", ["yes", "no"], []) == Combined("no", 1)


def test_error_of_ordered_at_the_edge_summed_over_every_row() -> None:
    # Independent claims exactly at their edge: each yes .05, no .05.
    chance = {"yes": 0.05, "no": 0.05, "inconclusive": 0.9}
    total = dict.fromkeys(VERDICTS, 0.0)
    for said in product(VERDICTS, repeat=4):
        total[combine_ordered(said, 3).verdict] += math.prod(chance[one] for one in said)
    assert total["yes"] == pytest.approx(0.05**4)
    assert total["no"] == pytest.approx(0.05 * (1 - 0.05**4) / 0.95)
    assert total["no"] < 0.05 / 0.95


def test_held_is_told_under_ordered_only() -> None:
    assert combine("all", ["yes"], ["yes"]).held is None
    assert RULES == ("all", "any", "ordered")


def test_holm_worked_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 and .04, raised to .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@settings(max_examples=100, deadline=None)
@given(probabilities)
def test_holm_lies_between_the_raw_p_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, one in zip(p_values, adjusted, strict=True):
        assert raw <= one <= min(1.0, len(p_values) * raw)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    assert [adjusted[place] for place in order] == sorted(adjusted)
    turned = holm(p_values[::-1])[::-1]
    assert turned == adjusted


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: combine_all([], []), "at least one primary claim, got none"),
        (lambda: combine_ordered([], 0), "at least one primary claim, got none"),
        (lambda: combine_any(["yes"], []), "one at alpha / m, got 1 and 0"),
        (lambda: combine_all(["yes"], ["no"]), "claim 0 is 'no' at alpha / m but 'yes' at alpha"),
        (lambda: combine_any(["yes", "inconclusive"], ["yes", "yes"]), "claim 1 is 'yes' .* are the two rows swapped"),
        (lambda: combine_all(["maybe"], ["maybe"]), "unknown verdict 'maybe'"),  # type: ignore[list-item]
        (lambda: combine_all(["yes"], ["maybe"]), "unknown verdict 'maybe'"),  # type: ignore[list-item]
        (lambda: combine_ordered(["yes"], 1), "an index from 0 to 0, got 1"),
        (lambda: combine_ordered(["yes"], -1), "an index from 0 to 0, got -1"),
        (lambda: combine("most", ["yes"], ["yes"]), "unknown rule 'most'.*Known: all, any, ordered"),  # type: ignore[arg-type]
        (lambda: combine("all", ["yes"], ["yes"], named=0), "only the rule 'ordered' has a named claim"),
        (lambda: holm([0.1, 1.1]), "from 0 to 1, got 1.1 at place 1"),
        (lambda: holm([math.nan]), "from 0 to 1, got nan at place 0"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
