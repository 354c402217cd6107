"""The line between two networks: its ends, its middle, its barrier, and how it is walked."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from whether.connect import Point, alphas, barrier, interpolate, reestimate, walk
from whether.errors import RequestError, WorkError

singles = st.floats(-1e6, 1e6, width=32)
anything = st.floats(width=32, allow_nan=False)
shares = st.floats(0, 1)


def bits(tensor: Tensor) -> list[int]:
    return tensor.view(torch.int32).tolist()


@given(st.lists(anything, min_size=1, max_size=20), shares)
def test_a_network_with_itself_is_itself_everywhere(values: list[float], alpha: float) -> None:
    a = {"w": torch.tensor(values), "-0": torch.tensor([-0.0])}
    found = interpolate(a, {name: value.clone() for name, value in a.items()}, alpha)
    assert {name: bits(value) for name, value in found.items()} == {name: bits(value) for name, value in a.items()}


@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=20))
def test_the_ends_are_the_networks_to_the_bit(pairs: list[tuple[float, float]]) -> None:
    a = {"w": torch.tensor([pair[0] for pair in pairs]), "count": torch.tensor(3)}
    b = {"w": torch.tensor([pair[1] for pair in pairs]), "count": torch.tensor(5)}
    for alpha, end in ((0.0, a), (1.0, b)):
        found = interpolate(a, b, alpha)
        assert bits(found["w"]) == bits(end["w"])
        assert found["count"] == end["count"]
        assert found["w"] is not end["w"], "what is changed later is not the network"


@given(st.lists(st.tuples(singles, singles), min_size=1, max_size=20), shares)
def test_between_the_ends_it_is_the_line(pairs: list[tuple[float, float]], alpha: float) -> None:
    a, b = (torch.tensor([pair[side] for pair in pairs]) for side in (0, 1))
    found = interpolate({"w": a}, {"w": b}, alpha)["w"]
    for one, other, got in zip(a.tolist(), b.tolist(), found.tolist(), strict=True):
        exact = (1 - Fraction(alpha)) * Fraction(one) + Fraction(alpha) * Fraction(other)
        assert abs(Fraction(got) - exact) <= Fraction(4 * 2**-24) * Fraction(max(abs(one), abs(other))) + Fraction(
            1e-44
        )


def test_what_counts_is_the_first_networks_and_precision_stays() -> None:
    a = {"n": torch.tensor(3), "flag": torch.tensor([True]), "w": torch.zeros(2, dtype=torch.float64)}
    b = {"n": torch.tensor(9), "flag": torch.tensor([False]), "w": torch.ones(2, dtype=torch.float64)}
    found = interpolate(a, b, 0.75)
    assert (found["n"], found["flag"]) == (3, torch.tensor([True]))
    assert found["w"].dtype == torch.float64
    assert found["w"].tolist() == [0.75, 0.75]


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
def test_beyond_the_ends_there_is_no_path(alpha: float) -> None:
    with pytest.raises(RequestError, match=r"alpha is from 0 .* to 1 .*, got"):
        interpolate({"w": torch.zeros(1)}, {"w": torch.zeros(1)}, alpha)


def test_networks_that_differ_have_no_path() -> None:
    with pytest.raises(RequestError, match=r"a path needs .* one architecture: 'w' is \(2,\) in the first and \(3,\)"):
        interpolate({"w": torch.zeros(2)}, {"w": torch.zeros(3)}, 0.5)
    with pytest.raises(RequestError, match="the second has 'b', the first does not"):
        interpolate({}, {"b": torch.zeros(3)}, 0.5)


@given(st.integers(2, 200))
def test_places_are_even_and_have_the_ends(count: int) -> None:
    places = alphas(count)
    assert len(places) == count
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert (0.5 in places) == (count % 2 == 1)
    assert all(abs((late - early) * (count - 1) - 1) < 1e-9 for early, late in itertools.pairwise(places))


def test_half_is_among_the_places_that_are_usual() -> None:
    assert len(alphas()) == 31
    assert 0.5 in alphas()
    with pytest.raises(RequestError, match="at least its two ends, got count=1"):
        alphas(1)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=40))
def test_a_barrier_is_the_highest_less_the_mean_of_the_ends(values: list[float]) -> None:
    exact = max(map(Fraction, values)) - (Fraction(values[0]) + Fraction(values[-1])) / 2
    assert exact >= 0
    found = barrier(values)
    assert found >= 0
    assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-12 * max(map(abs, values)))


@given(st.lists(st.integers(0, 10_000).map(float), min_size=2, max_size=40), st.integers(0, 10_000))
def test_a_barrier_does_not_change_with_the_level_or_the_direction(values: list[float], level: int) -> None:
    assert barrier(values[::-1]) == barrier(values)
    assert barrier([value + level for value in values]) == barrier(values)


def test_without_a_bump_a_barrier_is_half_the_difference_of_the_ends() -> None:
    assert barrier([2.0, 3.0, 4.0]) == 1.0
    assert barrier([4.0, 0.0, 4.0]) == 0.0, "a valley is no barrier"


def test_noise_alone_has_a_barrier_that_grows_with_the_places() -> None:
    noise = torch.randn(300, 301, generator=torch.Generator().manual_seed(1)).tolist()
    few, many = (sum(barrier(row[:count]) for row in noise) / len(noise) for count in (3, 301))
    assert few > 0.5
    assert many > few + 1


def test_what_diverged_has_no_barrier() -> None:
    with pytest.raises(WorkError, match="a value on the path is nan"):
        barrier([1.0, math.nan, 2.0])
    with pytest.raises(RequestError, match="values at both ends of a path, got 1"):
        barrier([1.0])


def normed() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def drawn(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    state = {name: torch.randn(value.shape, generator=generator) for name, value in normed().state_dict().items()}
    return state | {"1.running_var": state["1.running_var"].square() + 0.1, "1.num_batches_tracked": torch.tensor(seed)}


def test_a_walk_measures_each_network_with_its_weights_and_leaves_the_module() -> None:
    module, a, b = normed().train(), drawn(1), drawn(2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(3))

    def evaluate(network: nn.Module) -> dict[str, float]:
        assert not network.training
        assert not torch.is_grad_enabled()
        return {"out": float(network(x).sum())}

    points = walk(module, a, b, alphas=[0.0, 0.5, 1.0], evaluate=evaluate)
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    for point in points:
        own = normed().eval()
        own.load_state_dict(interpolate(a, b, point.alpha))
        value = {"out": float(own(x).sum().detach())}
        assert point == Point(point.alpha, value, value)


def test_a_walk_shows_fresh_and_stale_statistics() -> None:
    module, a, b = normed(), drawn(1), drawn(2)
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(3))
    asked = []

    def evaluate(network: nn.Module) -> dict[str, float]:
        asked.append(network)
        return {"mean": float(network[1](network[0](x)).mean())}

    def fresh(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        return reestimate(module, weights, x)

    points = walk(module, a, b, alphas=[0.0, 0.5], evaluate=evaluate, reestimate=fresh)
    assert len(asked) == 4
    plain = walk(module, a, b, alphas=[0.0, 0.5], evaluate=evaluate)
    for point, bare in zip(points, plain, strict=True):
        assert point.stale == bare.values
        assert abs(point.values["mean"] - point.stale["mean"]) > 1e-3
        bias = interpolate(a, b, point.alpha)["1.bias"].mean()
        assert point.values["mean"] == pytest.approx(float(bias), abs=1e-5)


def test_without_statistics_nothing_is_measured_twice() -> None:
    module = nn.Linear(2, 2)
    weights = {name: value.detach() for name, value in module.named_parameters()}
    calls = []
    walk(
        module,
        weights,
        weights,
        alphas=alphas(3),
        evaluate=lambda network: {"calls": calls.append(network) or float(len(calls))},
        reestimate=lambda given: reestimate(module, given, torch.zeros(2, 2)),
    )
    assert len(calls) == 3


def test_a_walk_keeps_precision_and_ties() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))

    module = Tied()
    weights = {"first.weight": torch.full((3, 3), 1 / 3, dtype=torch.float64)}
    x = torch.ones(1, 3, dtype=torch.float64)
    (point,) = walk(module, weights, weights, alphas=[0.5], evaluate=lambda net: {"out": float(net(x)[0, 0])})
    assert point.values["out"] == pytest.approx(1.0, abs=1e-15)


def test_weights_of_another_module_are_refused() -> None:
    module = nn.Linear(2, 3)
    good = {name: value.detach() for name, value in module.named_parameters()}

    def asked(weights: dict[str, Tensor]) -> None:
        walk(module, weights, weights, alphas=[0.0], evaluate=lambda net: {})

    with pytest.raises(RequestError, match=r"not this module's \(Linear\): it has no 'other'"):
        asked(good | {"other": torch.zeros(1)})
    with pytest.raises(RequestError, match="needs 'bias', which is not among them"):
        asked({"weight": good["weight"]})
    with pytest.raises(RequestError, match=r"'bias' is \(4,\), expected \(3,\)"):
        asked(good | {"bias": torch.zeros(4)})
