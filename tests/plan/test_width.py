"""How many networks train at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.data.cards import Data
from whether.history import Network, tickets
from whether.history.facts import Model
from whether.history.resolve import Resolver, settle
from whether.plan.size import memory_per_network, moments
from whether.plan.width import MOST, networks_at_once, part_left, shares, width_measured, width_on_gpu
from whether.recipe import default_recipe


def model(name: str, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10) -> Model:
    return Model(name=name, shape=shape, classes=classes, options={})


def test_small_networks_go_together_and_large_ones_alone() -> None:
    assert networks_at_once(model("mlp-2", (2,), 2)) == MOST
    assert networks_at_once(model("lenet-300-100")) == 1
    assert networks_at_once(model("mlp-300-100")) == networks_at_once(model("lenet-300-100"))
    assert networks_at_once(model("mlp-4000-4000")) == 1


def test_networks_with_few_weights_go_together() -> None:
    lenet = model("lenet-300-100")
    assert [networks_at_once(lenet, left=left) for left in (1.0, 0.2, 0.07, 0.036)] == [1, 1, 2, 4]
    assert networks_at_once(lenet, left=1e-6) == MOST
    assert networks_at_once(model("mlp-20"), left=0.5) == networks_at_once(model("mlp-20"))


def test_what_a_mask_leaves_is_read_from_its_history() -> None:
    start = Network("mlp-20", data="digits", seed=1)
    third = tickets(start, rounds=3, fraction=0.5)[-1]
    shuffled = start.masked(third.mask().shuffled(2)).train()
    for network, left in ((start.train(), 1.0), (third, 0.125), (shuffled, 0.125)):
        assert part_left(Resolver().state(network).mask) == pytest.approx(left)
    layered = start.masked(start.prune(fraction=0.5, layer_fractions={"output": 0.1})).train()
    assert part_left(Resolver().state(layered).mask) == 1.0, "by layers it does not follow from the history alone"


def test_code_of_ones_own_is_trained_one_by_one() -> None:
    assert networks_at_once(model("nets:make", (2,), 2)) == 1


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_wider_networks_never_go_more_at_once(width: int, more: int) -> None:
    assert networks_at_once(model(f"mlp-{width + more}")) <= networks_at_once(model(f"mlp-{width}"))


@given(st.integers(1, 500), st.integers(1, 64))
def test_packs_are_few_even_and_hold_all(count: int, width: int) -> None:
    packs = shares(count, width)
    assert sum(packs) == count
    assert len(packs) == -(-count // width)
    assert max(packs) <= width
    assert max(packs) - min(packs) <= 1


@pytest.mark.parametrize(("count", "width", "packs"), [(1, 8, [1]), (8, 8, [8]), (9, 8, [5, 4])])
def test_packs_by_hand(count: int, width: int, packs: list[int]) -> None:
    assert shares(count, width) == packs


def test_a_gpu_is_given_what_an_estimate_allows_and_the_most_where_there_is_none() -> None:
    training = settle(default_recipe("mnist"), Data(name="mnist"))
    lenet = model("lenet-300-100")
    each = memory_per_network(lenet, training.batch, moments(training))
    assert each is not None
    assert width_on_gpu(lenet, training, 10 * each + 1) == 10
    assert width_on_gpu(lenet, training, 80 * 2**30) == MOST
    assert width_on_gpu(lenet, training, 1) == 1
    assert width_on_gpu(model("resnet-20", (3, 32, 32)), training, 2**30) == MOST
    assert width_on_gpu(model("nets:make"), training, 2**30) == MOST


@given(
    fixed=st.integers(0, 10**9),
    each=st.integers(1, 10**9),
    beside=st.integers(0, 10**9),
    width=st.integers(1, 1000),
    spare=st.floats(0, 0.99),
)
def test_the_measured_width_is_the_widest_that_fits(
    fixed: int, each: int, beside: int, width: int, spare: float
) -> None:
    memory = fixed + beside + width * each + int(spare * each)
    assert width_measured(fixed + each, fixed + 2 * each, beside, memory) == width


def test_a_second_network_that_took_nothing_is_counted_as_the_first() -> None:
    assert width_measured(one=100, two=100, beside=0, memory=1000) == 10
    assert width_measured(one=100, two=90, beside=50, memory=1000) == 9
    assert width_measured(one=0, two=0, beside=0, memory=5) == 5
    assert width_measured(one=100, two=200, beside=0, memory=10) == 1
