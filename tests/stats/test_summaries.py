"""Summaries over runs and tasks: published values, SciPy, and every way to choose tried."""

import math
from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from whether.errors import RequestError
from whether.stats import expected_maximum, iqm, performance_profile, probability_of_improvement

few = settings(max_examples=60, deadline=None)
scores = st.lists(st.integers(-20, 20).map(lambda x: x / 8), min_size=1, max_size=9)


class TestInterquartileMean:
    def test_as_the_specification_has_it(self) -> None:
        assert iqm(range(10)) == 4.5
        assert iqm([1, 2, 3, 4, 100]) == 3.0
        assert iqm([1.0, 2.0, 6.0]) == 3.0  # of three nothing is cut

    @few
    @given(scores)
    def test_it_is_scipys_trimmed_mean(self, values: list[float]) -> None:
        assert iqm(values) == pytest.approx(reference.trim_mean(values, 0.25), rel=1e-14, abs=1e-14)
        assert iqm(values) == iqm(sorted(values)) == pytest.approx(-iqm([-x for x in values]))

    def test_an_outlier_beyond_the_quarter_moves_nothing(self) -> None:
        assert iqm([0.1, 0.2, 0.3, 0.4]) == iqm([0.1, 0.2, 0.3, 1e9]) == 0.25


class TestProbabilityOfImprovement:
    @few
    @given(scores, scores)
    def test_one_task_by_trying_every_pair(self, a: list[float], b: list[float]) -> None:
        pairs = list(product(a, b))
        want = sum((x > y) + (x == y) / 2 for x, y in pairs) / len(pairs)
        found = probability_of_improvement({"digits": a}, {"digits": b})
        assert found == pytest.approx(want, abs=1e-14)
        assert found == pytest.approx(reference.mannwhitneyu(a, b).statistic / len(pairs), abs=1e-14)
        assert found + probability_of_improvement({"digits": b}, {"digits": a}) == pytest.approx(1.0, abs=1e-14)

    def test_every_task_counts_the_same_and_only_against_itself(self) -> None:
        a = {"digits": [2.0] * 8, "xor": [5.0, 7.0]}
        b = {"xor": [6.0], "digits": [1.0]}
        assert probability_of_improvement(a, b) == 0.75  # 1 and 1/2, however many runs stand behind each

    def test_ties_count_half(self) -> None:
        assert probability_of_improvement({"a": [1.0, 1.0]}, {"a": [1.0]}) == 0.5


class TestPerformanceProfile:
    def test_worked_by_hand(self) -> None:
        runs = {"digits": [0.96, 0.98], "xor": [1.0, 0.5, 1.0, 1.0]}
        assert performance_profile(runs, [0.0, 0.96, 0.99, 1.0, 0.5]) == [1.0, 0.625, 0.375, 0.0, 0.875]

    @few
    @given(scores, scores)
    def test_it_falls_and_its_area_is_the_mean(self, one: list[float], other: list[float]) -> None:
        grid = np.arange(-2.5, 2.5, 1 / 8)  # every score is a multiple of 1/8, so that the curve is flat in between
        curve = performance_profile({"one": one, "other": other}, grid)
        assert curve == sorted(curve, reverse=True)
        assert sum(curve) / 8 - 2.5 == pytest.approx((np.mean(one) + np.mean(other)) / 2, abs=1e-12)


class TestExpectedMaximum:
    @few
    @given(scores, st.integers(1, 9))
    def test_every_choice_tried(self, values: list[float], k: int) -> None:
        k = min(k, len(values))
        want = np.mean([max(chosen) for chosen in combinations(values, k)])
        assert expected_maximum(values, k) == pytest.approx(want, abs=1e-12)

    @pytest.mark.parametrize("k", [1, 2, 3, 5])
    def test_every_choice_with_repetition_tried(self, k: int) -> None:
        values = [0.3, 0.9, 0.1, 0.6]
        want = np.mean([max(chosen) for chosen in product(values, repeat=k)])
        assert expected_maximum(values, k, replace=True) == pytest.approx(want, abs=1e-12)

    def test_its_ends(self) -> None:
        values = [0.3, 0.9, 0.1, 0.6]
        for replace in (False, True):
            assert expected_maximum(values, 1, replace=replace) == pytest.approx(np.mean(values))
        assert expected_maximum(values, 4) == 0.9

    def test_only_without_repetition_it_has_no_bias(self) -> None:
        # The largest of five normal values is 1.16296 on average (Teichroew 1956); of three 0.84628.
        draw, trials = np.random.default_rng(11), 8000
        rows = draw.standard_normal((trials, 5))
        without = [expected_maximum(row, 5) for row in rows], [expected_maximum(row, 3) for row in rows]
        assert [np.mean(one) for one in without] == pytest.approx([1.16296, 0.84628], abs=4 * 0.67 / math.sqrt(trials))
        bias = np.mean([expected_maximum(row, 5, replace=True) for row in rows]) - 1.16296
        assert bias == pytest.approx(-0.263, abs=4 * 0.67 / math.sqrt(trials))

    def test_many_trials(self) -> None:
        # Uniform scores: the expected maximum of k is k / (k + 1), here of ranks (n + 1) k / (k + 1).
        n, k = 3000, 700
        assert expected_maximum(range(1, n + 1), k) == pytest.approx((n + 1) * k / (k + 1), rel=1e-12)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: iqm([]), "values: got no values"),
        (lambda: iqm([1.0, math.nan]), "values: value 1 is nan"),
        (lambda: probability_of_improvement({}, {}), "the first arm: expected scores by task, as {'digits': .*got {}"),
        (
            lambda: probability_of_improvement({"a": [1]}, [1.0]),
            r"the second arm: expected scores by task.*got \[1.0\]",
        ),  # type: ignore[arg-type]
        (lambda: probability_of_improvement({"a": [1]}, {"a": []}), "the second arm, task 'a': got no values"),
        (lambda: probability_of_improvement({"a": [1]}, {"b": [1]}), "the same tasks; only one has 'a', 'b'"),
        (lambda: performance_profile({"a": [1.0]}, []), "thresholds: got no values"),
        (lambda: expected_maximum([1.0, 2.0], 3), "expected k from 1 to the 2 trials that were made, got 3"),
        (lambda: expected_maximum([1.0, 2.0], 0, replace=True), "expected k from 1 .* got 0"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()
