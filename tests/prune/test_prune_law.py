"""The scaling law of pruning: its equation with complex numbers, its limits, and fits that find what data came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.prune.law import Law, Net, _problem, fit, unpruned
from whether.prune.predict import averaged, law_error, law_fit, law_margin, permuted, predictions
from whether.seeds import Seed

TRUE = Law(ceiling=2.0, corner=2e-3, slope=1.2, width=0.9)
SINGLE = replace(TRUE, width=0.0)
WIDTHS = (75.0, 150.0, 300.0)
WHOLE = {75.0: 0.08, 150.0: 0.06, 300.0: 0.05}
DENSITIES = [0.8**k for k in range(20)]


def as_published(law: Law, density: float, whole: float, *, depth: float = 1.0, width: float = 1.0) -> float:
    """The equation as the paper writes it."""
    place = depth**law.depth * width**law.width * density
    above = place - 1j * law.corner * (law.ceiling / whole) ** (1 / law.slope)
    return whole * abs(above / (place - 1j * law.corner)) ** law.slope


def chains(
    law: Law = TRUE, held: Callable[[float, int], bool] = lambda width, k: False
) -> tuple[list[Net], list[float]]:
    """Chains of three widths, and the errors that the law gives them; the corner is for widths around 150."""
    law = replace(law, corner=law.corner * 150.0**law.width)
    nets = [Net(f"w{w:g}", d, 1.0, w, not held(w, k)) for w in WIDTHS for k, d in enumerate(DENSITIES)]
    errors = [law.error(net.density, WHOLE[net.width], width=net.width) for net in nets]
    whole = [error if net.density < 1 else WHOLE[net.width] for net, error in zip(nets, errors, strict=True)]
    return nets, whole


def single(law: Law = SINGLE, densities: Sequence[float] = DENSITIES) -> tuple[list[Net], list[float]]:
    nets = [Net("dense", density) for density in densities]
    return nets, [law.error(density, 0.05) if density < 1 else 0.05 for density in densities]


class TestEquation:
    @settings(max_examples=60, deadline=None)
    @given(
        st.floats(0.1, 5),
        st.floats(1e-5, 0.5),
        st.floats(0.2, 4),
        st.floats(1e-3, 1),
        st.floats(0.01, 1),
        st.floats(-1, 1),
    )
    def test_it_is_the_published_one(
        self, ceiling: float, corner: float, slope: float, density: float, whole: float, exponent: float
    ) -> None:
        law = Law(ceiling=ceiling, corner=corner, slope=slope, depth=exponent, width=-exponent)
        want = as_published(law, density, whole, depth=14.0, width=3.0)
        assert law.error(density, whole, depth=14.0, width=3.0) == pytest.approx(want, rel=1e-9)

    def test_its_limits(self) -> None:
        law = Law(ceiling=2.0, corner=1e-6, slope=1.0)
        assert law.error(1.0, 0.1) == pytest.approx(0.1, rel=1e-4)
        assert law.error(1e-12, 0.1) == pytest.approx(2.0, rel=1e-4)
        middle = [law.error(density, 1e-4) for density in (1e-4, 2e-4, 4e-4)]  # well between p and A
        assert [a / b for a, b in pairwise(middle)] == pytest.approx([2.0, 2.0], rel=0.01)

    def test_far_out_it_stays_a_number(self) -> None:
        law = Law(ceiling=1e6, corner=1e-200, slope=50.0)
        assert math.isfinite(law.error(1e-300, 1e-6))
        assert law.error(1.0, 1e-6) == pytest.approx(1e-6)

    def test_with_less_left_the_error_is_never_lower(self) -> None:
        errors = [SINGLE.error(density, 0.05) for density in DENSITIES]
        assert errors == sorted(errors)

    def test_only_the_product_of_scales_and_density_counts(self) -> None:
        law = replace(TRUE, depth=0.7)
        moved = law.error(0.1 * 2**-0.7 * 3**-0.9, 0.05, depth=2.0, width=3.0)
        assert moved == pytest.approx(law.error(0.1, 0.05))


class TestFit:
    def test_a_single_network_gives_back_its_constants(self) -> None:
        found = fit(*single(densities=[0.6**k for k in range(24)]))
        assert found.ceiling == pytest.approx(2.0, rel=0.01)
        assert found.corner == pytest.approx(2e-3, rel=0.03)
        assert found.slope == pytest.approx(1.2, rel=0.01)
        assert (found.depth, found.width) == (0.0, 0.0)

    def test_chains_of_several_widths_give_back_theirs(self) -> None:
        nets, errors = chains()
        found = fit(nets, errors)
        assert found.width == pytest.approx(0.9, abs=0.01)
        assert found.slope == pytest.approx(1.2, rel=0.02)
        assert law_fit(dict(enumerate_by_name(errors)), nets=[list(net) for net in nets]) < 1.0

    def test_depth_and_width_together(self) -> None:
        law = Law(ceiling=1.5, corner=0.05, slope=0.8, depth=1.1, width=0.6)
        sizes = [(8.0, 4.0), (8.0, 16.0), (20.0, 4.0), (20.0, 16.0)]
        nets = [Net(f"{d:g} × {w:g}", 0.7**k, d, w) for d, w in sizes for k in range(24)]
        errors = [law.error(net.density, 0.1, depth=net.depth, width=net.width) for net in nets]
        found = fit(nets, [0.1 if net.density == 1.0 else error for net, error in zip(nets, errors, strict=True)])
        assert (found.depth, found.width) == pytest.approx((1.1, 0.6), abs=0.05)

    @settings(max_examples=10, deadline=None)
    @given(st.floats(0.3, 3), st.floats(-3.5, -1), st.floats(0.5, 4), st.integers(0, 100))
    def test_with_noise_it_is_no_farther_than_the_truth(
        self, slope: float, corner: float, rise: float, seed: int
    ) -> None:
        law = Law(ceiling=0.05 * 10**rise, corner=10**corner, slope=slope)
        nets, clean = single(law)
        noisy = [
            error * math.exp(x) for error, x in zip(clean, np.random.default_rng(seed).normal(0, 0.03, 20), strict=True)
        ]
        found = fit(nets, noisy)
        off = [
            sum(
                (math.log(one.error(net.density, noisy[0])) - math.log(e)) ** 2
                for net, e in zip(nets, noisy, strict=True)
            )
            for one in (found, law)
        ]
        assert off[0] <= off[1] * 1.02 + 1e-9

    def test_derivatives_are_those_of_differences(self) -> None:
        nets, errors = chains()
        problem = _problem(nets, errors)
        at = np.array([0.5, -3.0, 0.2, 0.8])
        steps = [np.eye(4)[i] * 1e-6 for i in range(4)]
        want = np.column_stack([(problem.off(at + step) - problem.off(at - step)) / 2e-6 for step in steps])
        assert problem.slopes(at) == pytest.approx(want, abs=1e-7)

    def test_what_is_held_out_is_not_looked_at(self) -> None:
        nets, errors = chains(held=lambda width, k: k % 3 != 0)
        worse = [error if net.fitted else 7.0 for net, error in zip(nets, errors, strict=True)]
        assert fit(nets, errors) == fit(nets, worse)

    def test_twice_it_is_the_same_and_turned_round_nearly(self) -> None:
        nets, errors = chains()
        assert fit(nets, errors) == fit(nets, errors)
        assert fit(nets[::-1], errors[::-1]).slope == pytest.approx(fit(nets, errors).slope, rel=1e-3)

    @pytest.mark.parametrize(
        "errors",
        [[0.05] * 8, [1e-12 * 2**k for k in range(8)], [1e9 * 3.0**k for k in range(8)], [0.5, *[0.1] * 7]],
        ids=["flat", "tiny", "huge", "falling"],
    )
    def test_odd_data_have_a_law_too(self, errors: list[float]) -> None:
        nets = [Net("dense", 0.5**k) for k in range(8)]
        found = predictions(nets, errors)
        assert all(math.isfinite(error) and error > 0 for error in found)
        if len(set(errors)) == 1:
            assert found == pytest.approx(errors, rel=1e-3)

    @pytest.mark.parametrize(
        ("nets", "errors", "message"),
        [
            ([Net("a", 1.0)], [0.1], "the law has 3 constants, and is fitted to 1 networks; fit more"),
            ([Net("a", 0.5), Net("a", 0.2)], [0.1, 0.2], "the chain 'a' has no network of density 1 to fit; its error"),
            ([Net("a", 1.0, fitted=False)], [0.1], "the chain 'a' has no network of density 1 to fit"),
            ([Net("a", 1.0)], [0.0], r"density 1 of 'a' has the error 0\.0; the law is about logarithms"),
            ([Net("a", 1.0)], [math.nan], "has the error nan"),
            ([Net("a", 1.5)], [0.1], r"density=1\.5.* is no network: expected a density in \(0, 1\]"),
            ([Net("a", 0.5, width=0.0)], [0.1], "a depth and a width above 0"),
            ([Net("a", 1.0)], [0.1, 0.2], "expected an error of each of 1 networks, got 2"),
        ],
    )
    def test_what_it_cannot_be_fitted_to(self, nets: list[Net], errors: list[float], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            fit(nets, errors)


def enumerate_by_name(errors: Sequence[float]) -> list[tuple[str, float]]:
    return [(f"net {k}", error) for k, error in enumerate(errors)]


class TestPredictions:
    def test_within_a_chain_lines_are_between_neighbours(self) -> None:
        nets = [Net("a", d, fitted=fitted) for d, fitted in ((1.0, True), (0.5, False), (0.25, True), (0.1, True))]
        found = predictions(nets, [0.1, 9.9, 0.4, 0.5], by="interpolation")
        assert found == pytest.approx([0.1, 0.2, 0.4, 0.5])  # half way in logarithms: √(.1 · .4)

    def test_across_widths_they_are_between_the_nearest_chains(self) -> None:
        rows = [("a", 10.0), ("b", 20.0), ("c", 40.0), ("d", 80.0)]
        nets = [Net(name, d, 1.0, w, name != "b" or d == 1.0) for name, w in rows for d in (1.0, 0.5)]
        errors = [0.1, 0.8, 0.1, 9.9, 0.1, 0.2, 0.05, 5.0]
        found = dict(zip(nets, predictions(nets, errors, by="interpolation"), strict=True))
        assert found[nets[3]] == pytest.approx(math.sqrt(0.8 * 0.2))
        halved = [error / 2 if net.chain == "b" else error for net, error in zip(nets, errors, strict=True)]
        assert predictions(nets, halved, by="interpolation")[3] == pytest.approx(math.sqrt(0.8 * 0.2))
        assert predictions(nets, halved, by="rise")[3] == pytest.approx(math.sqrt(8 * 2) * 0.05)

    def test_the_constant_is_the_geometric_mean(self) -> None:
        nets = [Net("a", 1.0), Net("a", 0.5), Net("a", 0.2, fitted=False)]
        assert predictions(nets, [0.1, 0.4, 9.0], by="constant") == pytest.approx([0.2] * 3)

    @pytest.mark.parametrize(
        ("nets", "by", "message"),
        [
            (
                [Net("a", 1.0), Net("a", 0.5, fitted=False)],
                "interpolation",
                "has no neighbours that are fitted on both",
            ),
            ([Net("a", 1.0), Net("a", 0.5)], "line", "unknown predictor 'line'"),
            ([Net("a", 1.0, fitted=False), Net("a", 0.5, fitted=False)], "constant", "no network is fitted"),
        ],
    )
    def test_what_cannot_be_predicted(self, nets: list[Net], by: str, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            predictions(nets, [0.1, 0.2], by=by)

    def test_other_depths_are_no_neighbours(self) -> None:
        rows = [("a", 8.0, 4.0), ("b", 14.0, 8.0), ("c", 8.0, 16.0)]
        nets = [Net(name, d, depth, w, name != "b" or d == 1.0) for name, depth, w in rows for d in (1.0, 0.5)]
        with pytest.raises(RequestError, match="neither in its chain nor in narrower and wider ones of its depth"):
            predictions(nets, [0.1] * 6, by="interpolation")


class TestPermuting:
    def test_densities_of_pruned_networks_are_exchanged_within_their_chain(self) -> None:
        nets, _ = chains(held=lambda width, k: k % 4 == 1)
        moved = permuted(nets, Seed(3))
        assert moved != nets
        for before, after in zip(nets, moved, strict=True):
            assert before._replace(density=1.0) == after._replace(density=1.0)
            if before.density == 1.0 or not before.fitted:
                assert before == after
        for width in WIDTHS:
            pair = ([net.density for net in some if net.width == width] for some in (nets, moved))
            assert len({tuple(sorted(found)) for found in pair}) == 1
        assert permuted(nets, Seed(3)) == moved
        assert permuted(nets, Seed(4)) != moved


class TestWords:
    def held_out(self) -> tuple[dict[str, float], list[list[object]]]:
        nets, errors = chains(held=lambda width, k: width == 150.0 and k > 0)
        return dict(enumerate_by_name(errors)), [list(net) for net in nets]

    def test_data_of_the_law_are_predicted_by_it_and_worse_by_neighbours(self) -> None:
        values, nets = self.held_out()
        law, line, rise, constant, shuffled = (
            *(law_error(values, nets=nets, by=by) for by in ("law", "interpolation", "rise", "constant")),
            law_error(values, nets=nets, by="permuted law", permute=Seed(5).hex),
        )
        assert law < 0.5 < 5 < line
        assert rise > 1
        assert constant > 10
        assert shuffled > 10
        assert law_margin(values, nets=nets) == pytest.approx(line - law)
        assert law_margin(values, nets=nets, over="rise", less=20.0) == pytest.approx(0.8 * rise - law)
        mixed = {"values": values, "nets": nets, "permute": Seed(5).hex}
        assert law_margin(**mixed, by="permuted law") == pytest.approx(line - shuffled)  # type: ignore[arg-type]
        assert law_margin(**mixed, over="permuted law") == pytest.approx(shuffled - law)  # type: ignore[arg-type]

    def test_an_error_is_the_mean_in_logarithms(self) -> None:
        nets = [["a", d, 1, 1, fitted] for d, fitted in ((1.0, True), (0.5, False), (0.3, False), (0.25, True))]
        values = {"w": 0.1, "x": 0.25, "y": 0.2, "z": 0.4}
        between = [0.1 * 4 ** (math.log(d) / math.log(0.25)) for d in (0.5, 0.3)]
        want = 50 * (abs(math.log(between[0] / 0.25)) + abs(math.log(between[1] / 0.2)))
        assert law_error(values, nets=nets, by="interpolation") == pytest.approx(want)

    def test_networks_that_are_alike_count_by_their_mean(self) -> None:
        nets = [Net("a", 1.0), Net("a", 0.5), Net("a", 1.0)]
        assert averaged(nets, [0.1, 0.7, 0.4]) == ([Net("a", 1.0), Net("a", 0.5)], pytest.approx([0.2, 0.7]))
        values, rows = self.held_out()
        twice = {f"{name}, {side}": value * 2**side for name, value in values.items() for side in (-1, 1)}
        doubled = law_error(twice, nets=[row for row in rows for _ in range(2)])
        assert doubled == pytest.approx(law_error(values, nets=rows), abs=1e-3)

    def test_how_far_a_fit_is(self) -> None:
        nets, errors = single()
        values = {name: error * (1.1 if k % 2 else 0.9) for k, (name, error) in enumerate(enumerate_by_name(errors))}
        rows = [list(net) for net in nets]
        found = predictions(nets, list(values.values()))
        off = 100 * (np.array(found) / np.array(list(values.values())) - 1)
        assert law_fit(values, nets=rows) == pytest.approx(off.std(ddof=1))
        assert law_fit(values, nets=rows, tell="mean") == pytest.approx(abs(off.mean()))

    @pytest.mark.parametrize(
        ("ask", "message"),
        [
            (lambda: law_error({"a": 0.1}, nets=None), "nets is None; expected a list of"),
            (
                lambda: law_error({"a": 0.1}, nets=[["a", 1.0]]),
                r"expected a list of \[chain, density, depth, width, fit",
            ),
            (lambda: law_error({"a": 0.1}, nets=[["a", 1, 1, 1, True]] * 2), "says 2 networks, and there are 1 parts"),
            (
                lambda: law_error({"a": 0.1}, nets=[["a", 1, 1, 1, True]], by="constant"),
                "no network is held out, so that nothing is predicted; fit fewer",
            ),
            (
                lambda: law_fit({"a": 0.1}, nets=[["a", 1, 1, 1, True]], tell="sd"),
                "unknown word for how far a fit is 'sd'",
            ),
            (
                lambda: law_error({"a": 0.1}, nets=[["a", 1, 1, 1, True]], by="permuted law", permute="7"),
                "permute is '7'; expected a seed's sixteen digits",
            ),
            (
                lambda: law_margin({"a": 0.1}, nets=[["a", 1, 1, 1, True]], less=100.0),
                r"less is 100\.0; expected per cent in \[0, 100\)",
            ),
        ],
    )
    def test_what_they_refuse(self, ask: Callable[[], float], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            ask()


def test_unpruned_errors_are_told_by_chain() -> None:
    nets, errors = chains()
    assert unpruned(nets, errors) == {f"w{width:g}": whole for width, whole in WHOLE.items()}
