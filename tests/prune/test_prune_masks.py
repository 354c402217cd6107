"""Masks: worn exactly, turned over, and permuted so that they come out changed and as dense as before."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from cases import raw, zero_bits
from whether.prune import density_percent, full, inverted, shuffled, wear
from whether.prune.masks import cut_units
from whether.seeds import Seed

SHAPES = {"a": (30, 20), "b": (10, 30), "c": (4, 10)}


def some(density: float = 0.3, seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    parts = {"a": density, "b": density / 2, "c": 1 - density}
    return {name: torch.rand(shape, generator=generator) < parts[name] for name, shape in SHAPES.items()}


def counts(masks: dict[str, Tensor]) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in masks.items()}


def test_worn_weights_are_positive_zero_whatever_stood_there() -> None:
    weights = {"w": torch.tensor([math.nan, math.inf, -1.0, -0.0, 2.0]), "b": torch.tensor([math.nan])}
    worn = wear(weights, {"w": torch.tensor([False, False, False, False, True])})
    assert zero_bits(worn["w"][:4])
    assert worn["w"][4] == 2.0
    assert worn["b"] is weights["b"]
    assert math.isnan(float(weights["w"][0])), "what was given stays"


def test_full_masks_have_the_named_weights_only() -> None:
    weights = {"w": torch.zeros(3, 2), "b": torch.zeros(3)}
    masks = full(weights, ("w",))
    assert list(masks) == ["w"]
    assert masks["w"].shape == (3, 2)
    assert masks["w"].all()


def test_turned_over_twice_a_mask_is_itself() -> None:
    masks = some()
    over = inverted(masks)
    assert raw(inverted(over)) == raw(masks)
    for name, mask in masks.items():
        assert torch.equal(over[name], ~mask)
    assert density_percent(over) == pytest.approx(100 - density_percent(masks))


@given(st.integers(0, 2**64 - 1), st.sampled_from(["layer", "global"]))
def test_shuffled_masks_are_as_dense_and_elsewhere(seed: int, scope: str) -> None:
    masks = some()
    before = raw(masks)
    moved = shuffled(masks, Seed(seed), scope)
    assert raw(masks) == before, "what was given stays"
    assert raw(moved) != before
    assert raw(shuffled(masks, Seed(seed), scope)) == raw(moved)
    assert list(moved) == list(masks)
    if scope == "layer":
        assert counts(moved) == counts(masks)
    assert sum(counts(moved).values()) == sum(counts(masks).values())


def test_shuffling_within_layers_is_independent_of_the_other_layers() -> None:
    masks = some()
    moved = shuffled(masks, Seed(1), "layer")
    alone = shuffled({"b": masks["b"]}, Seed(1), "layer")
    assert torch.equal(alone["b"], moved["b"])
    twins = shuffled({"a": masks["a"], "z": masks["a"]}, Seed(1), "layer")
    assert not torch.equal(twins["a"], twins["z"])


def test_shuffling_globally_moves_weights_between_layers() -> None:
    masks = {"a": torch.ones(30, 20, dtype=torch.bool), "b": torch.zeros(10, 30, dtype=torch.bool)}
    moved = shuffled(masks, Seed(1), "global")
    assert 350 < int(moved["a"].sum()) < 450
    assert int(moved["a"].sum()) + int(moved["b"].sum()) == 600


def test_every_place_is_as_likely() -> None:
    mask = {"w": torch.arange(8) < 2}
    hits = torch.stack([shuffled(mask, Seed(seed), "layer")["w"] for seed in range(2000)]).sum(0)
    assert hits.sum() == 4000
    assert bool(((hits > 420) & (hits < 580)).all()), hits.tolist()


def test_a_golden_shuffle() -> None:
    moved = shuffled({"a": torch.arange(12).reshape(3, 4) < 6}, Seed(7), "layer")["a"]
    assert moved.reshape(-1).int().tolist() == [0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1]


def test_shuffled_units_are_as_many_whole_rows() -> None:
    masks = {"a": torch.ones(30, 20, dtype=torch.bool), "b": torch.ones(10, 30, dtype=torch.bool)}
    pruned = cut_units(masks, {"a": torch.arange(30) < 7})
    moved = shuffled(pruned, Seed(3), "unit")
    rows = moved["a"].any(1)
    assert int(rows.sum()) == 7
    assert torch.equal(moved["a"], rows.unsqueeze(1).expand(30, 20))
    assert torch.equal(moved["b"], rows.unsqueeze(0).expand(10, 30))
    assert not torch.equal(moved["a"], pruned["a"])
    other = shuffled(pruned, Seed(4), "unit")
    assert not torch.equal(moved["a"], other["a"])


def test_density_counts_all_layers_the_output_too() -> None:
    masks = {"a": torch.zeros(90, dtype=torch.bool), "out": torch.ones(10, dtype=torch.bool)}
    assert density_percent(masks) == 10.0
