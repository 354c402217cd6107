"""How many networks train at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.history.facts import Model
from whether.plan.width import MOST, networks_at_once, shares


def model(name: str, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10) -> Model:
    return Model(name=name, shape=shape, classes=classes, options={})


def test_small_networks_go_together_and_large_ones_alone() -> None:
    assert networks_at_once(model("mlp-2", (2,), 2)) == MOST
    assert networks_at_once(model("lenet-300-100")) == 1
    assert networks_at_once(model("mlp-300-100")) == networks_at_once(model("lenet-300-100"))
    assert networks_at_once(model("mlp-4000-4000")) == 1


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
