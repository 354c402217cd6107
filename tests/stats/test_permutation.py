"""Sign flips: against trying every pattern, and the smallest p that few replicates allow."""

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.seeds import Seed, Stream
from whether.stats import sign_flip_p, smallest_label_p, smallest_sign_flip_p

few = settings(max_examples=60, deadline=None)
differences = st.lists(st.integers(-6, 6), min_size=1, max_size=7)


@few
@given(differences, st.booleans())
def test_it_counts_every_pattern(values: list[int], two_sided: bool) -> None:
    read = abs if two_sided else int
    sums = [sum(s * v for s, v in zip(signs, values, strict=True)) for signs in product((1, -1), repeat=len(values))]
    want = sum(read(one) >= read(sum(values)) for one in sums) / len(sums)
    # Tenths are not exact in binary: sums that tie must still tie.
    assert sign_flip_p([v / 10 for v in values], two_sided=two_sided) == want


@few
@given(differences)
def test_both_directions_and_unit(values: list[int]) -> None:
    turned = [-v for v in values]
    assert sign_flip_p(values, two_sided=True) == sign_flip_p(turned, two_sided=True)
    assert sign_flip_p(values) == sign_flip_p([v * 1e-3 for v in values])
    assert sign_flip_p(values) + sign_flip_p(turned) >= 1  # the observed pattern counts in both


def test_sums_that_tie_count_although_rounding_parts_them() -> None:
    # .1 + .2 − .3 is not 0 in binary, and neither sum is: both patterns have mean 0 and belong to the tail.
    assert sign_flip_p([0.1, 0.2, -0.3]) == 5 / 8


@pytest.mark.parametrize(("n", "p"), [(3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_smallest_two_sided_p_of_sign_flips(n: int, p: float) -> None:
    assert smallest_sign_flip_p(n) == p
    assert sign_flip_p([1.0] * n, two_sided=True) == p
    assert smallest_sign_flip_p(n, two_sided=False) == sign_flip_p([1.0] * n) == p / 2


@pytest.mark.parametrize(("n", "p"), [(3, 0.1), (4, 0.0286), (5, 0.0079)])
def test_smallest_two_sided_p_of_labels(n: int, p: float) -> None:
    assert smallest_label_p(n, n) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("n_a", "n_b"), [(1, 1), (2, 3), (3, 3), (4, 2)])
def test_smallest_label_p_by_trying_every_labelling(n_a: int, n_b: int) -> None:
    values = [2.0**place for place in range(n_a + n_b)]  # skewed, so that no two labellings tie by accident
    gaps = []
    for chosen in combinations(range(n_a + n_b), n_a):
        first = [values[i] for i in chosen]
        rest = [values[i] for i in range(n_a + n_b) if i not in chosen]
        gaps.append(math.fsum(first) / n_a - math.fsum(rest) / n_b)
    largest = max(map(abs, gaps))
    assert smallest_label_p(n_a, n_b) == sum(abs(gap) >= largest - 1e-9 for gap in gaps) / len(gaps)
    assert smallest_label_p(n_a, n_b, two_sided=False) == sum(gap >= max(gaps) - 1e-9 for gap in gaps) / len(gaps)


@pytest.mark.parametrize("two_sided", [False, True])
def test_random_signs_come_near_the_exact_value(two_sided: bool) -> None:
    values = np.random.default_rng(5).normal(0.35, 1.0, 17)
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    read = np.abs if two_sided else np.positive
    exact = np.mean(read(sums) >= read(values.sum()) - 1e-9)
    found = sign_flip_p(values, two_sided=two_sided, stream=Stream(Seed(1), "signs"))
    assert 0.02 < exact < 0.5
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 9_999))
    assert found == sign_flip_p(values, two_sided=two_sided, stream=Stream(Seed(1), "signs"))
    assert found != sign_flip_p(values, two_sided=two_sided, stream=Stream(Seed(2), "signs"))


def test_random_signs_are_independent_beyond_one_word() -> None:
    values = [0.0] * 70
    values[0] = values[64] = 1.0  # the first bits of two words: equal words would give one half
    assert sign_flip_p(values, stream=Stream(Seed(3), "signs")) == pytest.approx(0.25, abs=0.02)


def test_a_random_p_is_never_zero() -> None:
    assert sign_flip_p([1.0] * 60, stream=Stream(Seed(4), "signs"), draws=99) == 1 / 100


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: sign_flip_p([]), "differences: got no values"),
        (lambda: sign_flip_p([1.0, math.nan]), "value 1 is nan"),
        (lambda: sign_flip_p([1.0] * 17), r"17 differences .*exact up to 16.*pass stream=Stream\(seed, name\)"),
        (lambda: sign_flip_p([1.0] * 17, stream=Stream(Seed(1), "x"), draws=0), "draws of at least 1.*draws=0"),
        (lambda: smallest_sign_flip_p(0), "at least 1 difference, got n=0"),
        (lambda: smallest_label_p(3, 0), "at least 1 value in each arm, got 3 and 0"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=message):
        ask()
