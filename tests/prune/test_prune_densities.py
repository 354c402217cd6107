"""Densities of layers: in proportion, none above one, the whole exact."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.prune import erdos_renyi, erk, uniform
from whether.prune.densities import RULES, by_layer

side = st.integers(1, 20)
shapes = st.lists(
    st.one_of(st.tuples(side, side), st.tuples(side, side, st.integers(1, 3), st.integers(1, 3))), min_size=1
)
RESNET = {"stem": (16, 3, 3, 3), "a": (16, 16, 3, 3), "b": (32, 16, 3, 3), "c": (64, 32, 3, 3), "out": (10, 64)}


@given(shapes.map(lambda found: {f"l{place}": shape for place, shape in enumerate(found)}), st.fractions(0, 1))
def test_the_whole_is_exact_and_no_layer_is_over_full(found: dict[str, tuple[int, ...]], density: Fraction) -> None:
    if not density:
        return
    sizes = {name: math.prod(shape) for name, shape in found.items()}
    for rule, function in RULES.items():
        parts = function(found, density)
        assert list(parts) == list(found)
        assert all(0 <= part <= 1 for part in parts.values())
        counts = by_layer(rule, found, density)
        assert all(parts[name] * sizes[name] == counts[name] for name in found)
        assert sum(counts.values()) == round(density * sum(sizes.values()))


def by_bisection(found: dict[str, tuple[int, ...]], density: float, score: dict[str, float]) -> dict[str, float]:
    """min(1, ε·score), ε so that the whole is right: in floats, by halving."""
    sizes = {name: math.prod(shape) for name, shape in found.items()}
    low, high = 0.0, 1e9
    for _ in range(300):
        middle = (low + high) / 2
        total = sum(min(1.0, middle * score[name]) * sizes[name] for name in found)
        low, high = (middle, high) if total < density * sum(sizes.values()) else (low, middle)
    return {name: min(1.0, low * score[name]) for name in found}


@pytest.mark.parametrize("density", [0.01, 0.05, 0.1, 0.3, 0.8])
def test_densities_are_in_proportion_to_the_papers_scores(density: float) -> None:
    kernel = {name: sum(shape) / math.prod(shape) for name, shape in RESNET.items()}
    pairs = {name: (shape[0] + shape[1]) / (shape[0] * shape[1]) for name, shape in RESNET.items()}
    for function, score in ((erk, kernel), (erdos_renyi, pairs), (uniform, dict.fromkeys(RESNET, 1.0))):
        expected, found = by_bisection(RESNET, density, score), function(RESNET, density)
        for name, shape in RESNET.items():
            assert abs(float(found[name]) - expected[name]) <= 1.0 / math.prod(shape) + 1e-9


def test_small_layers_are_denser_and_may_be_whole() -> None:
    found = erk(RESNET, 0.2)
    assert found["stem"] == found["out"] == 1
    assert found["stem"] > found["a"] > found["b"] > found["c"]
    linear = {"a": (300, 784), "b": (100, 300)}
    assert erk(linear, 0.1) == erdos_renyi(linear, 0.1)


def test_a_tenth_is_a_tenth() -> None:
    assert uniform({"a": (5, 10)}, 0.1) == {"a": Fraction(1, 10)}
    assert erk(RESNET, 1) == dict.fromkeys(RESNET, Fraction(1))


@pytest.mark.parametrize("wrong", [0, -0.1, 1.5, True])
def test_what_is_no_density_is_refused(wrong: float) -> None:
    with pytest.raises(RequestError, match=r"density is .*; expected a number in \(0, 1\], such as 0\.1 for a tenth"):
        erk(RESNET, wrong)


def test_an_unknown_rule_is_told_with_those_there_are() -> None:
    with pytest.raises(RequestError, match="unknown rule for the densities of layers 'erks'; did you mean 'erk'"):
        by_layer("erks", RESNET, 0.1)
