"""Crossed designs: a published table, what is expected of the estimates, and what the intervals of ratios cover."""

import math
from collections.abc import Callable, Hashable
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from whether.errors import RequestError
from whether.stats import Crossed, crossed, variance_doublings, variance_ratio, variance_sum

# Montgomery, Design and Analysis of Experiments, a gauge capability study: 20 parts × 3 operators × 2 measurements.
GAUGE = """
21 20 20 20 19 21   24 23 24 24 23 24   20 21 19 21 20 22   27 27 28 26 27 28   19 18 19 18 18 21
23 21 24 21 23 22   22 21 22 24 22 20   19 17 18 20 19 18   24 23 25 23 24 24   25 23 26 25 24 25
21 20 20 20 21 20   18 19 17 19 18 19   23 25 25 25 25 25   24 24 23 25 24 25   29 30 30 28 31 30
26 26 25 26 25 27   20 20 19 20 20 20   19 21 19 19 21 23   25 26 25 24 25 25   19 19 18 17 19 17
"""


def gauge() -> Crossed:
    places = list(product(range(20), range(3), range(2)))
    levels = {"part": [part for part, _, _ in places], "operator": [operator for _, operator, _ in places]}
    return crossed(map(float, GAUGE.split()), levels)


def table(values: npt.ArrayLike) -> Crossed:
    """A crossed design from an array of initialisation × order, or × runs besides."""
    runs = np.atleast_3d(np.asarray(values, dtype=float))
    places = list(np.ndindex(runs.shape))
    levels: dict[str, list[Hashable]] = {"init": [i for i, _, _ in places], "order": [j for _, j, _ in places]}
    return crossed(runs.ravel().tolist(), levels)


def drawn(
    draw: np.random.Generator, shape: tuple[int, int, int, int], sds: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Tables: trials × initialisations × orders × runs, with these deviations of both, their interaction, the rest."""
    trials, a, b, r = shape
    sizes = (trials, a, 1, 1), (trials, 1, b, 1), (trials, a, b, 1), (trials, a, b, r)
    return np.asarray(sum(sd * draw.standard_normal(size) for sd, size in zip(sds, sizes, strict=True)))


def squares(runs: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Mean squares of both sources and of what is left, for tables with one run in a cell."""
    _, a, b, _ = runs.shape
    cells = runs[..., 0] - runs.mean(axis=(1, 2, 3))[:, None, None]
    rows, columns = cells.mean(axis=2), cells.mean(axis=1)
    rest = cells - rows[:, :, None] - columns[:, None, :]
    first, second = b * (rows**2).sum(axis=1) / (a - 1), a * (columns**2).sum(axis=1) / (b - 1)
    return first, second, (rest**2).sum(axis=(1, 2)) / ((a - 1) * (b - 1))


class TestComponents:
    def test_montgomerys_gauge_study(self) -> None:
        found = gauge()
        assert [one.name for one in found.sources] == ["part", "operator", "interaction", "residual"]
        assert [one.df for one in found.sources] == [19, 2, 38, 60]
        sums = [one.mean_square * one.df for one in found.sources]
        assert sums == pytest.approx([1185.425, 2.617, 27.050, 59.500], abs=5e-4)
        assert [one.variance for one in found.sources] == pytest.approx([10.2798, 0.0149, -0.1399, 0.9917], abs=5e-5)
        assert found.negative == ("interaction",)
        assert found.shares()["interaction"] == 0.0
        assert sum(found.shares().values()) == pytest.approx(1.0)
        assert found.shares()["part"] == pytest.approx(10.2798 / (10.2798 + 0.0149 + 0.9917), abs=1e-4)

    def test_one_run_in_each_cell_worked_by_hand(self) -> None:
        found = table([[1.0, 2.0], [5.0, 8.0]])
        # Means 1.5 6.5 and 3 5 around 4: 2 · 12.5, 2 · 2; left over ± .5.
        assert [one.mean_square for one in found.sources] == [25.0, 4.0, 1.0]
        assert [one.variance for one in found.sources] == [12.0, 1.5, 1.0]
        assert (found.mean, found.levels, found.runs, found.negative) == (4.0, (2, 2), 1, ())
        assert found.shares() == {"init": 12 / 14.5, "order": 1.5 / 14.5, "residual": 1 / 14.5}

    def test_order_of_runs_changes_no_bit(self) -> None:
        runs = np.random.default_rng(1).standard_normal((3, 4, 2))
        places = list(np.ndindex(runs.shape))
        mixed = [places[i] for i in np.random.default_rng(2).permutation(len(places))]
        again = crossed([runs[at] for at in mixed], {"init": [at[0] for at in mixed], "order": [at[1] for at in mixed]})
        assert table(runs) == again

    @settings(max_examples=40, deadline=None)
    @given(st.integers(2, 5), st.integers(2, 5), st.integers(1, 3), st.integers(0, 1000))
    def test_mean_squares_add_up(self, a: int, b: int, r: int, seed: int) -> None:
        runs = np.random.default_rng(seed).standard_normal((a, b, r))
        found, turned = table(runs), table(runs.transpose(1, 0, 2))
        assert sum(one.mean_square * one.df for one in found.sources) == pytest.approx(runs.var() * runs.size)
        assert sum(one.df for one in found.sources) == runs.size - 1
        assert found.source("init").variance == pytest.approx(turned.source("order").variance)
        assert found.source("residual").variance == pytest.approx(turned.source("residual").variance)

    def test_nothing_varies(self) -> None:
        found = table(np.full((3, 3), 0.1))
        assert set(found.shares().values()) == {0.0}
        assert found.mean == 0.1
        assert found.negative == ()

    @pytest.mark.parametrize("runs", [1, 3])
    def test_estimates_have_no_bias(self, runs: int) -> None:
        sds, trials = (1.0, 2.0, 0.7, 0.5), 800
        found = [table(one) for one in drawn(np.random.default_rng(7), (trials, 4, 5, runs), sds)]
        seen = np.array([[source.variance for source in one.sources] for one in found])
        want = [1.0, 4.0, 0.49, 0.25] if runs > 1 else [1.0, 4.0, 0.74]
        errors = 4 * seen.std(axis=0) / math.sqrt(trials)
        assert (np.abs(seen.mean(axis=0) - want) < errors).all()
        assert (seen < 0).any()  # clamped, the mean would be too high


class TestRatio:
    def test_over_the_residual_it_is_f(self) -> None:
        found = table(np.random.default_rng(3).standard_normal((4, 6)) + 2.0 * np.arange(4)[:, None])
        ratio, init, rest = variance_ratio(found, "init", "residual", alpha=0.05), *(found.sources[i] for i in (0, 2))
        seen = init.mean_square / rest.mean_square
        want = [(seen / reference.f.ppf(level, 3, 15) - 1) / 6 for level in (0.95, 0.05)]
        assert (ratio.low, ratio.high) == pytest.approx(want, rel=1e-10)
        assert ratio.estimate == pytest.approx((seen - 1) / 6)
        assert (ratio.method, ratio.n, ratio.alpha, ratio.note) == ("F", 4, 0.05, "")

    def test_with_several_runs_the_interaction_is_tested_by_the_residual(self) -> None:
        ratio = variance_ratio(gauge(), "interaction", "residual", alpha=0.05)
        seen = 27.050 / 38 / (59.500 / 60)
        assert ratio.high == pytest.approx((seen / reference.f.ppf(0.05, 38, 60) - 1) / 2, rel=1e-4)
        assert (ratio.low, ratio.estimate) == (0.0, 0.0)
        assert "interaction's variance is estimated as -0.14 and taken as 0" in ratio.note

    def test_without_residual_both_sources_are_compared_by_f(self) -> None:
        rows, columns = np.array([0.0, 3.0, 1.0, 7.0]), np.array([0.0, 0.5, 2.0])
        found = table(rows[:, None] + columns)
        ratio = variance_ratio(found, "init", "order", alpha=0.05)
        seen = rows.var(ddof=1) / columns.var(ddof=1)
        want = [seen / reference.f.ppf(level, 3, 2) for level in (0.95, 0.05)]
        assert (ratio.low, ratio.high) == pytest.approx(want, rel=1e-5)
        assert ratio.estimate == pytest.approx(seen)

    def test_at_each_limit_the_simulated_chance_is_alpha(self) -> None:
        draw = np.random.default_rng(12)
        found = table(drawn(draw, (1, 5, 6, 1), (1.0, 2.5, 0.0, 0.6))[0])
        init, order, rest = (one.mean_square * one.df / draw.chisquare(one.df, 400_000) for one in found.sources)
        one, other = np.maximum(order - rest, 0.0) / 5, np.maximum(init - rest, 0.0) / 6
        ratio = variance_ratio(found, "order", "init", alpha=0.05)
        assert 0 < ratio.low < ratio.estimate < ratio.high < math.inf
        assert np.mean(one <= ratio.low * other) == pytest.approx(0.05, abs=0.002)
        assert np.mean(one >= ratio.high * other) == pytest.approx(0.05, abs=0.002)

    def test_turned_round_it_is_the_inverse(self) -> None:
        ratio, turned = (
            variance_ratio(gauge(), *pair, alpha=0.05) for pair in (("part", "operator"), ("operator", "part"))
        )
        assert ratio.estimate == pytest.approx(1 / turned.estimate)
        assert (ratio.high, turned.low) == (math.inf, 0.0)
        assert ratio.low == pytest.approx(1 / turned.high)
        wide = variance_ratio(gauge(), "part", "operator", alpha=0.01)
        assert wide.low < ratio.low

    def test_of_nothing_over_nothing_there_is_no_ratio(self) -> None:
        even = table([[1.0, -1.0], [-1.0, 1.0]])
        found = variance_ratio(even, "init", "order", alpha=0.05)
        assert math.isnan(found.estimate)
        assert (found.low, found.high) == (0.0, math.inf)
        assert "init's variance" in found.note
        assert "order's variance" in found.note
        one = variance_ratio(table([[0.0, 1.0], [2.0, 3.0]]), "init", "residual", alpha=0.05)
        assert (one.estimate, one.low, one.high) == (math.inf, math.inf, math.inf)

    def test_what_f_covers_over_the_residual(self) -> None:
        trials = 1500
        found = drawn(np.random.default_rng(5), (trials, 3, 4, 1), (0.8, 1.0, 0.0, 1.0))
        ratios = [variance_ratio(table(one), "init", "residual", alpha=0.05) for one in found]
        missed = [sum(one.low > 0.64 for one in ratios), sum(one.high < 0.64 for one in ratios)]
        assert [one / trials for one in missed] == pytest.approx([0.05, 0.05], abs=0.0225)


ORDER, INIT = {"order": 1.0, "residual": 1.0}, {"init": 1.0, "residual": 1.0}


def told(values: npt.ArrayLike) -> tuple[dict[str, float], dict[str, list[int]]]:
    """A table of initialisation × order as parts of a derived measure are: values by name, and their levels."""
    cells = np.asarray(values, dtype=float)
    places = list(np.ndindex(cells.shape))
    levels = {"init": [i for i, _ in places], "order": [j for _, j in places]}
    return {f"init {i}, order {j}": float(cells[i, j]) for i, j in places}, levels


class TestSums:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 1000))
    def test_with_the_residual_they_are_variances_within_rows_and_columns(self, a: int, b: int, seed: int) -> None:
        cells = np.random.default_rng(seed).standard_normal((a, b))
        values, levels = told(cells)
        rows, columns = cells.var(axis=1, ddof=1).mean(), cells.var(axis=0, ddof=1).mean()
        assert variance_sum(values, levels=levels, weights=ORDER) == pytest.approx(rows)
        assert variance_sum(values, levels=levels, weights=INIT) == pytest.approx(columns)
        found = variance_doublings(values, levels=levels, above=ORDER, below=INIT)
        assert found == pytest.approx(math.log2(rows / columns))
        assert variance_doublings(values, levels=levels, above=INIT, below=ORDER) == pytest.approx(-found)

    def test_they_are_linear_in_the_estimates(self) -> None:
        cells = np.random.default_rng(4).standard_normal((3, 4))
        values, levels = told(cells)
        found = {source.name: source.variance for source in table(cells).sources}
        weights = {"order": 1.0, "init": -2.0, "residual": -0.5}
        want = found["order"] - 2 * found["init"] - 0.5 * found["residual"]
        assert variance_sum(values, levels=levels, weights=weights) == pytest.approx(want)
        assert variance_sum(values, levels=levels, weights={"order": 1}) == pytest.approx(found["order"])

    def test_of_many_designs_the_mean_is_the_truth_where_ratios_have_none(self) -> None:
        designs = drawn(np.random.default_rng(9), (600, 4, 4, 1), (1.0, 0.3, 0.0, 0.5))[..., 0]
        weights = {"order": 1, "init": -2}
        found = [variance_sum(values, levels=levels, weights=weights) for values, levels in map(told, designs)]
        assert np.mean(found) == pytest.approx(0.09 - 2.0, abs=4 * np.std(found) / math.sqrt(600))

    def test_equal_sources_are_no_doubling_apart_on_average(self) -> None:
        designs = drawn(np.random.default_rng(10), (600, 4, 4, 1), (0.5, 0.5, 0.0, 0.5))[..., 0]
        found = [
            variance_doublings(values, levels=levels, above=ORDER, below=INIT) for values, levels in map(told, designs)
        ]
        assert np.mean(found) == pytest.approx(0.0, abs=4 * np.std(found) / math.sqrt(600))

    @pytest.mark.parametrize(
        ("ask", "message"),
        [
            (lambda v, q: variance_sum(v, levels=q, weights={}), r"weights is \{\}; expected some by source"),
            (lambda v, q: variance_sum(v, levels=q, weights=None), "weights is None; expected some by source"),
            (
                lambda v, q: variance_sum(v, levels=q, weights={"ordr": 1}),
                "unknown source of variation 'ordr'; did you",
            ),
            (
                lambda v, q: variance_sum(v, levels=q, weights={"order": "1"}),
                "the weight of 'order' is '1'; expected a",
            ),
            (lambda v, q: variance_sum(v, levels=q, weights={"order": math.inf}), "the weight of 'order' is inf"),
            (lambda v, q: variance_sum(v, levels=None, weights=ORDER), "expected the levels of two sources by name"),
            (
                lambda v, q: variance_doublings(dict.fromkeys(v, 1.0), levels=q, above=ORDER, below=INIT),
                "the variances to compare are 0 and 0; both must be above 0. Where runs are equal take a finer",
            ),
        ],
    )
    def test_what_they_refuse(self, ask: Callable[[object, object], float], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            ask(*told([[1.0, 2.0], [5.0, 8.0]]))


def errs(levels: tuple[int, int], ratio: float, residual: float, trials: int = 1000) -> float:
    """How often the lower limit of V_init / V_order lies above the truth; the limit by simulation, in arrays."""
    draw, (a, b) = np.random.default_rng(20), levels
    noise = math.sqrt(residual / (1 - residual) * (ratio + 1))
    runs = drawn(draw, (trials, a, b, 1), (math.sqrt(ratio), 1.0, 0.0, noise))
    dfs = a - 1, b - 1, (a - 1) * (b - 1)
    init, order, rest = (
        (df * seen)[:, None] / draw.chisquare(df, (1, 2000)) for seen, df in zip(squares(runs), dfs, strict=True)
    )
    below = np.maximum(init - rest, 0.0) / b <= ratio * np.maximum(order - rest, 0.0) / a
    return float(np.mean(below.mean(axis=1) <= 0.05))


@pytest.mark.parametrize("levels", [(3, 3), (4, 8), (8, 4)])
@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_a_limit_of_the_generalised_interval_errs_as_rarely_as_documented(
    levels: tuple[int, int], ratio: float
) -> None:
    # Exact where nothing else varies; with much else careful. Four standard errors of 1000 trials are .028.
    assert errs(levels, ratio, 0.0) == pytest.approx(0.05, abs=0.028)
    assert errs(levels, ratio, 0.3) <= 0.062 + 0.028
    assert errs(levels, ratio, 0.8) <= 0.05


@pytest.mark.long
@pytest.mark.parametrize("levels", [(3, 3), (5, 5), (4, 8), (8, 4), (10, 10)])
@pytest.mark.parametrize("residual", [0.0, 0.1, 0.3, 0.6, 0.8])
def test_a_limit_errs_as_rarely_as_documented_by_more_trials(levels: tuple[int, int], residual: float) -> None:
    for ratio in (0.5, 2.0, 10.0):
        found = errs(levels, ratio, residual, trials=5000)
        assert 0.0015 <= found <= 0.062 + 0.006


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: crossed([1.0], {"init": [0]}), "expected the levels of two sources by name.* got 'init'"),
        (
            lambda: crossed([1.0, 2.0], {"init": [0, [1]], "order": [0, 1]}),
            r"levels of init are \[0, \[1\]\]; expected a",
        ),  # type: ignore[list-item]
        (
            lambda: crossed([1.0, 2.0], {"init": [0, 1], "order": 2}),
            "the levels of order are 2; expected a list of plain",
        ),  # type: ignore[dict-item]
        (lambda: crossed([1.0], {}), "neither called 'interaction' or 'residual', got none"),
        (lambda: crossed([1.0], {"init": [0], "residual": [0]}), "got 'init', 'residual'"),
        (lambda: crossed([1.0, 2.0], {"init": [0], "order": [0, 1]}), "one level of init for each value, got 1 for 2"),
        (lambda: crossed([1.0, 2.0], {"init": [0, 0], "order": [0, 1]}), "init needs two levels or more .* got 1"),
        (
            lambda: crossed([1.0, 2.0, 3.0], {"init": [0, 0, 1], "order": [0, 1, 0]}),
            "must meet every level of the other equally often, got from 0 to 1 runs in a cell; leave out",
        ),
        (lambda: crossed([1.0, math.nan], {"init": [0, 1], "order": [0, 1]}), "values: value 1 is nan"),
        (lambda: gauge().source("parts"), "unknown source of variation 'parts'; did you mean 'part'"),
        (lambda: variance_ratio(gauge(), "part", "operators", alpha=0.05), "unknown source of variation 'operators'"),
        (
            lambda: variance_ratio(gauge(), "part", "residual", alpha=0.05),
            "no interval for 'part' over 'residual'; there is one for 'part' over 'operator' .*'interaction' over 'res",
        ),
        (
            lambda: variance_ratio(table([[1, 2], [3, 5]]), "residual", "init", alpha=0.05),
            "no interval for 'residual' over 'init'.*and for 'init' or 'order' over 'residual'",
        ),
        (lambda: variance_ratio(gauge(), "part", "part", alpha=0.05), "no interval for 'part' over 'part'"),
        (lambda: variance_ratio(gauge(), "part", "operator", alpha=0.9), "below 0.5, got 0.9"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()
