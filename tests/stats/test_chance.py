"""The chance of a verdict: against what the analysis says on simulated runs, against other integrals, by symmetry."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from whether.errors import RequestError
from whether.stats import (
    KINDS,
    Kind,
    chance,
    chance_unpaired,
    mean_interval,
    paired_t,
    t_power,
    tost_power,
    verdict,
    welch,
)
from whether.stats.spread import owen_q, same_chance

few = settings(max_examples=60, deadline=None)
effects = st.floats(-4, 4)
sizes = st.floats(0.1, 3)
sds = st.floats(0.05, 3)
counts = st.integers(2, 20)
floors = st.sampled_from([0.0, 0.3, 1.0])
TRIALS = 3000


def near(want: float) -> float:
    """Four standard errors of a share over the trials."""
    return 4 * math.sqrt(max(want * (1 - want), 1 / TRIALS) / TRIALS)


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("resolution", [0.0, 0.7])
def test_paired_runs_come_out_as_often(n: int, resolution: float) -> None:
    draw, effect, size, sd = np.random.default_rng(n), 0.6, 0.9, 0.5
    shared = draw.standard_normal((TRIALS, n))
    a, b = shared + effect + sd * draw.standard_normal((TRIALS, n)), shared
    found = [paired_t(x, y, alpha=0.05, resolution=resolution) for x, y in zip(a, b, strict=True)]
    for kind in KINDS:
        said = [verdict(kind, one.low, one.high, size) for one in found]
        yes, no = chance(kind, effect, size, sd, n, alpha=0.05, resolution=resolution)
        assert said.count("yes") / TRIALS == pytest.approx(yes, abs=near(yes))
        assert said.count("no") / TRIALS == pytest.approx(no, abs=near(no))


@pytest.mark.parametrize(("n", "sd", "resolution"), [(2, (0.6, 0.6), 0.0), (3, (0.3, 0.9), 0.5), (10, (0.2, 1.0), 0.0)])
def test_unpaired_runs_come_out_as_often(n: int, sd: tuple[float, float], resolution: float) -> None:
    draw, effect, size = np.random.default_rng(n), -0.5, 0.8
    a, b = (one * draw.standard_normal((TRIALS, n)) for one in sd)
    found = [welch(x + effect, y, alpha=0.05, resolution=resolution) for x, y in zip(a, b, strict=True)]
    for kind in KINDS:
        said = [verdict(kind, one.low, one.high, size) for one in found]
        yes, no = chance_unpaired(kind, effect, size, sd, n, alpha=0.05, resolution=resolution)
        assert said.count("yes") / TRIALS == pytest.approx(yes, abs=near(yes))
        assert said.count("no") / TRIALS == pytest.approx(no, abs=near(no))


def test_one_arm_against_a_bound() -> None:
    runs = 0.97 + 0.01 * np.random.default_rng(4).standard_normal((TRIALS, 4))
    found = [mean_interval(row, alpha=0.05, resolution=1 / 360) for row in runs]
    for kind in ("above", "below"):
        yes, no = chance(kind, 0.97, 0.96, 0.01, 4, alpha=0.05, resolution=1 / 360)
        said = [verdict(kind, one.low, one.high, 0.96) for one in found]
        assert (said.count("yes") / TRIALS, said.count("no") / TRIALS) == pytest.approx((yes, no), abs=0.035)


@few
@given(effects, sizes, sds, counts)
def test_it_is_the_power_of_the_tests(effect: float, size: float, sd: float, n: int) -> None:
    yes, no = chance("exceeds", effect, size, sd, n, alpha=0.05)
    assert yes == pytest.approx(t_power((effect - size) / sd, n, alpha=0.05), abs=1e-13)
    assert no == pytest.approx(t_power((size - effect) / sd, n, alpha=0.05), abs=1e-13)
    same, _ = chance("same", effect, size, sd, n, alpha=0.05)
    assert same == pytest.approx(tost_power(effect, sd, n, within=size, alpha=0.05), abs=1e-13)


def check_symmetries(ask: Callable[[Kind, float, float], tuple[float, float]], effect: float, size: float) -> None:
    assert ask("exceeds", effect, size) == ask("not_worse", -effect, size)[::-1] == ask("above", effect, size)
    assert ask("below", effect, size) == ask("above", effect, size)[::-1]
    same = ask("same", effect, size)
    assert same == pytest.approx(ask("same", -effect, size), abs=1e-14)
    for found in (same, ask("exceeds", effect, size)):
        assert min(found) >= 0
        assert sum(found) <= 1 + 1e-9


@few
@given(effects, sizes, sds, counts, floors)
def test_symmetries_of_the_table(effect: float, size: float, sd: float, n: int, resolution: float) -> None:
    check_symmetries(lambda *claim: chance(*claim, sd, n, alpha=0.05, resolution=resolution), effect, size)


@pytest.mark.parametrize("n", [2, 6])
@pytest.mark.parametrize("resolution", [0.0, 0.4])
def test_symmetries_of_the_table_unpaired(n: int, resolution: float) -> None:
    def ask(kind: Kind, effect: float, size: float) -> tuple[float, float]:
        return chance_unpaired(kind, effect, size, (0.3, 0.9), n, alpha=0.05, resolution=resolution)

    check_symmetries(ask, 0.7, 0.9)
    swapped = chance_unpaired("same", 0.7, 0.9, (0.9, 0.3), n, alpha=0.05, resolution=resolution)
    assert swapped == pytest.approx(ask("same", 0.7, 0.9), abs=1e-12)


@few
@given(effects, sizes, sds, counts, floors, st.integers(-20, 20))
def test_a_change_of_unit_changes_nothing(
    effect: float, size: float, sd: float, n: int, resolution: float, power: int
) -> None:
    unit = 2.0**power
    for kind in KINDS:
        here = chance(kind, effect, size, sd, n, alpha=0.05, resolution=resolution)
        there = chance(kind, unit * effect, unit * size, unit * sd, n, alpha=0.05, resolution=unit * resolution)
        assert here == there


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_at_the_edge_each_verdict_errs_by_alpha(n: int) -> None:
    for kind in ("exceeds", "below", "above"):
        assert chance(kind, 1.0, 1.0, 0.4, n, alpha=0.05) == pytest.approx((0.05, 0.05), abs=1e-13)
    assert chance("not_worse", -1.0, 1.0, 0.4, n, alpha=0.05) == pytest.approx((0.05, 0.05), abs=1e-13)


def test_same_has_two_edges_and_errs_twice_where_they_lie_near_each_other() -> None:
    # A size far below the standard error: both limits can deny it. A size that a yes can reach: only the nearer one.
    yes, no = chance("same", 0.001, 0.001, 1.0, 5, alpha=0.05)
    assert (yes, no) == pytest.approx((0.0, 0.1), abs=1e-3)
    yes, no = chance("same", 1.0, 1.0, 0.5, 5, alpha=0.05)
    assert chance("same", 0.0, 1.0, 0.5, 5, alpha=0.05)[0] > 0.8
    assert (yes, no) == pytest.approx((0.05, 0.05), abs=2e-4)


def test_a_floor_makes_verdicts_rarer() -> None:
    for resolution in (0.0, 0.2, 0.6):
        paired = chance("exceeds", 1.0, 1.0, 0.3, 3, alpha=0.05, resolution=resolution)
        apart = chance_unpaired("exceeds", 1.0, 1.0, (0.3, 0.3), 3, alpha=0.05, resolution=resolution)
        for found in (paired, apart):
            assert max(found) <= 0.0500001 if resolution == 0.0 else max(found) < 0.045


def test_one_replicate_decides_nothing() -> None:
    for kind in KINDS:
        assert chance(kind, 5.0, 1.0, 0.1, 1, alpha=0.05) == (0.0, 0.0)
        assert chance_unpaired(kind, 5.0, 1.0, (0.1, 0.1), 1, alpha=0.05) == (0.0, 0.0)


def test_values_without_spread_have_one_verdict() -> None:
    for ask, sd in ((chance, 0.0), (chance_unpaired, (0.0, 0.0))):
        assert ask("exceeds", 1.1, 1.0, sd, 3, alpha=0.05) == (1.0, 0.0)  # type: ignore[operator]
        assert ask("exceeds", 0.9, 1.0, sd, 3, alpha=0.05) == (0.0, 1.0)  # type: ignore[operator]
        assert ask("exceeds", 1.0, 1.0, sd, 3, alpha=0.05) == (0.0, 0.0)  # type: ignore[operator]
        assert ask("exceeds", 1.1, 1.0, sd, 3, alpha=0.05, resolution=0.5) == (0.0, 0.0)  # type: ignore[operator]
        assert ask("same", 0.0, 1.0, sd, 3, alpha=0.05) == (1.0, 0.0)  # type: ignore[operator]


@settings(max_examples=15, deadline=None)
@given(effects, sizes, sds, counts)
def test_an_arm_without_spread_leaves_the_other_alone(effect: float, size: float, sd: float, n: int) -> None:
    for kind in KINDS:
        alone = chance(kind, effect, size, sd, n, alpha=0.05)
        assert chance_unpaired(kind, effect, size, (sd, 0.0), n, alpha=0.05) == pytest.approx(alone, abs=5e-4)


@pytest.mark.parametrize("n", [2, 3, 5, 30])
@pytest.mark.parametrize("sd", [(1.0, 1.0), (1.0, 0.2), (3.0, 0.01)])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_unpaired_by_another_integral(n: int, sd: tuple[float, float], alpha: float) -> None:
    # Given the share B of one arm in the sum of both χ², which is Beta, the width is known up to a χ² of 2 n − 2.
    df, (first, second), effect, size = 2 * (n - 1), sd, 0.5, 3.0
    error = math.hypot(*sd) / math.sqrt(n)

    def slope(angle: float) -> float:
        parts = first**2 * math.sin(angle) ** 2, second**2 * math.cos(angle) ** 2
        share = parts[0] / sum(parts)
        welch_df = (n - 1) / (share**2 + (1 - share) ** 2)
        return -float(special.stdtrit(welch_df, alpha)) * math.sqrt(2 * sum(parts)) / math.hypot(*sd)

    def averaged(given: Callable[[float], float]) -> float:
        constant = 2 * math.exp(math.lgamma(n - 1) - 2 * math.lgamma((n - 1) / 2))

        def weighed(x: float) -> float:
            return given(slope(x)) * constant * (math.sin(x) * math.cos(x)) ** (n - 2)

        return float(integrate.quad(weighed, 0, math.pi / 2, limit=200, points=[0.01, 0.1, 0.8, 1.4], epsabs=1e-9)[0])

    yes = averaged(lambda k: owen_q((effect + 0.2) / error, k, df))
    no = averaged(lambda k: owen_q((-0.2 - effect) / error, k, df))
    assert chance_unpaired("above", effect, -0.2, sd, n, alpha=alpha) == pytest.approx((yes, no), abs=1e-5)
    yes = averaged(lambda k: same_chance((size - effect) / error, (size + effect) / error, k, df))
    assert chance_unpaired("same", effect, size, sd, n, alpha=alpha)[0] == pytest.approx(yes, abs=5e-4)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: chance("exceed", 0, 1, 1, 3, alpha=0.05), "unknown kind of claim 'exceed'"),  # type: ignore[arg-type]
        (lambda: chance("exceeds", 0, 0, 1, 3, alpha=0.05), "exceeds needs a smallest size of interest"),
        (lambda: chance("exceeds", math.nan, 1, 1, 3, alpha=0.05), "the true effect must be finite, got nan"),
        (lambda: chance("exceeds", 0, 1, -1, 3, alpha=0.05), "sd must be a finite number of at least 0 .* got -1"),
        (lambda: chance("exceeds", 0, 1, 1, 0, alpha=0.05), "n counts replicates, at least 1, got 0"),
        (lambda: chance("exceeds", 0, 1, 1, 3, alpha=0.6), "below 0.5, got 0.6"),
        (lambda: chance("exceeds", 0, 1, 1, 3, alpha=0.05, resolution=-1), "resolution must be a finite number"),
        (lambda: chance_unpaired("same", 0, 1, (1, math.inf), 3, alpha=0.05), "sd must be a finite number .* got inf"),
        (lambda: chance_unpaired("below", 0, math.inf, (1, 1), 3, alpha=0.05), "below needs a finite bound, got inf"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()
