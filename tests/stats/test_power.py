"""Power of t and equivalence tests: published values, SciPy, closed forms, simulation; how far a pilot errs."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from whether.errors import RequestError
from whether.stats import (
    Design,
    sd_upper,
    t_power,
    t_power_effect,
    t_power_n,
    tost_power,
    tost_power_n,
)
from whether.stats.spread import below, owen_q, spread_nodes

few = settings(max_examples=60, deadline=None)


class TestT:
    @pytest.mark.parametrize(
        ("effect", "n", "want", "digits"),
        [
            (0.5, 64, 0.80146, 5),
            (1.0, 20, 0.8689530, 7),  # R: power.t.test(n = 20, delta = 1, sd = 1, strict = TRUE)
        ],
    )
    def test_two_sample_two_sided(self, effect: float, n: int, want: float, digits: int) -> None:
        found = t_power(effect, n, alpha=0.05, design="two-sample", two_sided=True)
        assert found == pytest.approx(want, abs=0.51 * 10**-digits)

    @pytest.mark.parametrize(("n", "effect"), [(3, 3.07), (5, 2.02), (10, 1.32), (20, 0.91)])
    def test_smallest_effect_at_80_percent(self, n: int, effect: float) -> None:
        found = t_power_effect(n, 0.8, alpha=0.05, design="two-sample", two_sided=True)
        assert found == pytest.approx(effect, abs=0.005)
        assert t_power(found, n, alpha=0.05, design="two-sample", two_sided=True) == pytest.approx(0.8, abs=1e-11)

    def test_smallest_n_as_r_has_it(self) -> None:
        # R: power.t.test(power = .9, delta = 1) says 22.02, with alternative = "one.sided" 17.85.
        assert t_power_n(1.0, 0.9, alpha=0.05, design="two-sample", two_sided=True) == 23
        assert t_power_n(1.0, 0.9, alpha=0.05, design="two-sample") == 18

    @pytest.mark.parametrize("n", [2, 3, 5, 10, 200])
    @pytest.mark.parametrize("alpha", [0.2, 0.05, 0.001])
    def test_it_is_scipys_noncentral_t(self, n: int, alpha: float) -> None:
        for effect in (-0.5, 0.0, 0.4, 1.0, 3.0):
            one, two = n - 1, 2 * n - 2
            want = reference.nct.sf(reference.t.isf(alpha, one), one, effect * math.sqrt(n))
            assert t_power(effect, n, alpha=alpha) == pytest.approx(want, abs=1e-12)
            want = reference.nct.sf(reference.t.isf(alpha, two), two, effect * math.sqrt(n / 2))
            assert t_power(effect, n, alpha=alpha, design="two-sample") == pytest.approx(want, abs=1e-12)

    def test_no_effect_is_found_with_probability_alpha(self) -> None:
        for two_sided in (False, True):
            assert t_power(0.0, 4, alpha=0.05, two_sided=two_sided) == pytest.approx(0.05, abs=1e-14)

    def test_a_wrong_sign_counts_if_two_sided_only(self) -> None:
        assert t_power(-1.0, 5, alpha=0.05) < 0.05
        assert t_power(-1.0, 5, alpha=0.05, two_sided=True) == t_power(1.0, 5, alpha=0.05, two_sided=True)

    def test_one_sample_is_paired(self) -> None:
        assert t_power(0.7, 6, alpha=0.05, design="one-sample") == t_power(0.7, 6, alpha=0.05)

    def test_extremes(self) -> None:
        assert t_power(1e6, 2, alpha=0.05) == pytest.approx(1.0, abs=1e-5)
        assert t_power(-1e6, 2, alpha=0.05) == 0.0
        assert t_power(3.0, 100_000, alpha=0.05) == pytest.approx(1.0, abs=1e-9)
        assert t_power(1.0, 1, alpha=0.05) == 0.0
        # Beyond every table: with many units a normal tail, to what is left of t.
        assert t_power(0.002, 1_000_000, alpha=0.05) == pytest.approx(reference.norm.sf(1.6448536 - 2.0), abs=1e-5)

    @few
    @given(st.floats(0.1, 4.0), st.floats(0.06, 0.99), st.sampled_from(["paired", "two-sample"]), st.booleans())
    def test_the_smallest_n_is_the_smallest(self, effect: float, power: float, design: Design, two_sided: bool) -> None:
        n = t_power_n(effect, power, alpha=0.05, design=design, two_sided=two_sided)
        assert t_power(effect, n, alpha=0.05, design=design, two_sided=two_sided) >= power
        assert n == 2 or t_power(effect, n - 1, alpha=0.05, design=design, two_sided=two_sided) < power


class TestTost:
    @pytest.mark.parametrize(
        ("n", "want", "digits"), [(3, 0.039, 3), (8, 0.28871, 5), (15, 0.69339, 5), (30, 0.94326, 5), (50, 0.99458, 5)]
    )
    def test_two_sample(self, n: int, want: float, digits: int) -> None:
        found = tost_power(-4, 18, n, within=19.2, alpha=0.05, design="two-sample")
        assert found == pytest.approx(want, abs=0.51 * 10**-digits)

    def test_smallest_n_at_80_percent(self) -> None:
        assert tost_power_n(-4, 18, 0.8, within=19.2, alpha=0.05, design="two-sample") == 19

    def test_a_crossover_of_bioequivalence(self) -> None:
        # PowerTOST: sampleN.TOST(CV = .25) gives 28 in all with power .807439. On the log scale a crossover of 28 has
        # the error and the degrees of freedom of two groups of 14 whose deviation is smaller by √2.
        sd, true, limit = math.sqrt(math.log(1 + 0.25**2) / 2), math.log(0.95), math.log(1.25)
        power = tost_power(true, sd, 14, within=limit, alpha=0.05, design="two-sample")
        assert power == pytest.approx(0.807439, abs=5.1e-7)
        assert tost_power_n(true, sd, 0.8, within=limit, alpha=0.05, design="two-sample") == 14

    @pytest.mark.parametrize("n", [2, 4, 12])
    def test_paired_is_what_simulated_tests_show(self, n: int) -> None:
        draw, trials = np.random.default_rng(n), 40_000
        runs = 0.3 + 0.8 * draw.standard_normal((trials, n))
        middle, half = runs.mean(axis=1), reference.t.isf(0.05, n - 1) * runs.std(axis=1, ddof=1) / math.sqrt(n)
        shown = np.mean((middle - half > -1.0) & (middle + half < 1.0))
        want = tost_power(0.3, 0.8, n, within=1.0, alpha=0.05)
        assert shown == pytest.approx(want, abs=4 * math.sqrt(want * (1 - want) / trials))
        assert tost_power(0.3, 0.8, n, within=1.0, alpha=0.05, design="one-sample") == want

    def test_by_plain_integration(self) -> None:
        # The same chance over the variance with a density of SciPy's, on a grid that knows of no kink.
        n, sd, effect, within = 5, 0.9, -0.4, 1.5
        seen = (np.arange(400_000) + 0.5) * 2e-5
        error, t = sd / math.sqrt(n), reference.t.isf(0.05, n - 1)
        low, high = ((edge - effect) / error for edge in (-within, within))
        fits = reference.norm.cdf(high - t * np.sqrt(seen)) - reference.norm.cdf(low + t * np.sqrt(seen))
        density = reference.chi2.pdf(seen * (n - 1), n - 1) * (n - 1)
        want = float(np.sum(np.maximum(fits, 0.0) * density) * 2e-5)
        assert tost_power(effect, sd, n, within=within, alpha=0.05) == pytest.approx(want, abs=1e-9)

    def test_properties(self) -> None:
        def power(effect: float, sd: float = 1.0) -> float:
            return tost_power(effect, sd, 6, within=1.2, alpha=0.05)

        assert power(0.5) == pytest.approx(power(-0.5), abs=1e-14)
        assert power(0.5, 0.4) == pytest.approx(tost_power(5, 4, 6, within=12, alpha=0.05), abs=1e-14)
        assert power(1.2, 1e-3) == pytest.approx(0.05, abs=1e-12)  # at the edge, where only one side can fail
        assert power(0.0, 1e6) == pytest.approx(0.0, abs=1e-12)
        assert power(0.0, 1e-6) == 1.0
        assert tost_power(0.0, 1.0, 1, within=1.0, alpha=0.05) == 0.0

    @few
    @given(st.floats(-0.9, 0.9), st.floats(0.1, 3.0), st.floats(0.01, 0.95), st.sampled_from(["paired", "two-sample"]))
    def test_the_smallest_n_is_the_smallest(self, effect: float, sd: float, power: float, design: Design) -> None:
        n = tost_power_n(effect, sd, power, within=1.0, alpha=0.05, design=design)
        before = [tost_power(effect, sd, k, within=1.0, alpha=0.05, design=design) for k in range(max(2, n - 40), n)]
        assert max(before, default=0.0) < power <= tost_power(effect, sd, n, within=1.0, alpha=0.05, design=design)


class TestSpread:
    @pytest.mark.parametrize("df", [1, 2, 5, 40, 1000])
    def test_the_nodes_know_the_density(self, df: int) -> None:
        u, weights = spread_nodes(df)
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)
        assert weights @ u**2 == pytest.approx(1.0, abs=1e-12)
        mean = math.sqrt(2 / df) * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
        assert weights @ u == pytest.approx(mean, abs=1e-11)
        _, some = spread_nodes(df, stop=1.1)
        assert some.sum() == pytest.approx(below(1.1, df), abs=1e-12) == reference.chi2.cdf(df * 1.21, df)

    def test_where_t_is_huge_and_one_degree_is_left(self) -> None:
        # With t = 31831 the limit clears where the observed spread is below the true one, but for a hair: P(|Z| < 1).
        t = reference.t.isf(1e-5, 1)
        assert owen_q(t, t, 1) == pytest.approx(math.erf(math.sqrt(0.5)), abs=1e-8)

    def test_a_floor_is_a_point_of_its_own(self) -> None:
        floored = owen_q(2.0, 1.5, 4, floor=0.9)
        u = np.sqrt(reference.chi2.rvs(4, size=400_000, random_state=1) / 4)
        assert floored == pytest.approx(np.mean(reference.norm.cdf(2.0 - 1.5 * np.maximum(u, 0.9))), abs=2e-3)
        assert owen_q(2.0, 1.5, 4, floor=50.0) == pytest.approx(reference.norm.cdf(2.0 - 75.0), abs=1e-15)
        assert owen_q(2.0, 1.5, 4, floor=0.5, stop=0.5) == 0.0


class TestPilot:
    @pytest.mark.parametrize(("n", "times"), [(3, 2.1), (5, 1.6)])
    def test_upper_80_percent_limits(self, n: int, times: float) -> None:
        assert sd_upper(0.5, n) == pytest.approx(0.5 * times, abs=0.025)
        want = math.sqrt((n - 1) / reference.chi2.ppf(0.2, n - 1))
        assert sd_upper(1.0, n) == pytest.approx(want, rel=1e-12)

    def test_it_lies_above_the_true_one_as_often_as_it_says(self) -> None:
        runs = np.random.default_rng(8).standard_normal((20_000, 4))
        upper = [sd_upper(sd, 4, level=0.8) for sd in runs.std(axis=1, ddof=1)]
        assert np.mean(np.array(upper) > 1.0) == pytest.approx(0.8, abs=0.012)

    def test_a_pilot_without_spread_has_no_limit_above_it(self) -> None:
        assert sd_upper(0.0, 3) == 0.0


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: t_power(math.nan, 3, alpha=0.05), "the effect in standard deviations must be finite, got nan"),
        (lambda: t_power(1.0, 0, alpha=0.05), "n counts units of replication, at least 1, got 0"),
        (lambda: t_power(1.0, 3, alpha=0.5), "below 0.5, got 0.5"),
        (lambda: t_power(1.0, 3, alpha=0.05, design="pared"), "unknown design 'pared'; did you mean 'paired'"),  # type: ignore[arg-type]
        (lambda: t_power_n(-0.5, 0.8, alpha=0.05), "no n finds an effect of -0.5 above 0"),
        (lambda: t_power_n(math.nan, 0.8, alpha=0.05), "no n finds an effect of nan"),
        (lambda: t_power_n(0.0, 0.8, alpha=0.05, two_sided=True), "no n finds an effect of 0"),
        (lambda: t_power_n(0.5, 1.0, alpha=0.05), "power is a chance above 0 and below 1, got 1.0; 0.8 is usual"),
        (lambda: t_power_n(1e-4, 0.8, alpha=0.05), r"more than 1,000,000 units for a chance of 0.8 \(it is 0.061"),
        (lambda: t_power_effect(1, 0.8, alpha=0.05), "shows no spread; expected n of at least 2, got 1"),
        (lambda: t_power_effect(5, 0.05, alpha=0.05), "power must be above alpha"),
        (lambda: tost_power(0, 0.0, 5, within=1.0, alpha=0.05), "sd must be a finite number above 0 .* got 0.0"),
        (lambda: tost_power(0, 1.0, 5, within=-1.0, alpha=0.05), "within, the smallest size of interest, must be .*-1"),
        (lambda: tost_power(math.inf, 1.0, 5, within=1.0, alpha=0.05), "the effect must be finite, got inf"),
        (lambda: tost_power_n(1.0, 1.0, 0.8, within=1.0, alpha=0.05), "no n shows an effect of 1.0 to lie within ±1.0"),
        (lambda: sd_upper(1.0, 1), "a pilot needs n of at least 2, got 1"),
        (lambda: sd_upper(-1.0, 3), "sd must be a finite number of at least 0"),
        (lambda: sd_upper(1.0, 3, level=80), "above 0 and below 1, got 80; 0.8 is usual"),
    ],
)
def test_wrong_requests_are_told_what_would_be_right(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()
