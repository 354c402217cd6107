"""Scores without data: where weights began, how far they moved, chance."""

from __future__ import annotations

import math

import pytest
import torch
from prune_nets import everything, raw, scattered

from whether.prune import initial_magnitude, movement, random
from whether.seeds import Seed

SHAPES = {"a": (4, 3), "b": (2, 4)}
NOW, THEN, MASKS = scattered(SHAPES, 1), scattered(SHAPES, 2), everything(SHAPES)


def test_initial_magnitude_is_that_of_the_other_state() -> None:
    found = initial_magnitude(NOW, MASKS, since=THEN | {"bias": torch.ones(2)})
    assert raw(found) == raw({name: THEN[name].abs() for name in SHAPES})


def test_movement_is_how_much_larger_not_how_far() -> None:
    found = movement(NOW, MASKS, since=THEN)
    for name in SHAPES:
        pairs = zip(NOW[name].flatten().tolist(), THEN[name].flatten().tolist(), strict=True)
        expected = [abs(now) - abs(then) for now, then in pairs]
        assert found[name].flatten().tolist() == pytest.approx(expected, abs=1e-6)
    turned = movement({"w": torch.tensor([-1.0])}, {"w": torch.tensor([True])}, since={"w": torch.tensor([1.0])})
    assert turned["w"].item() == 0.0


def test_what_was_given_stays() -> None:
    before = raw(NOW), raw(THEN)
    found = [initial_magnitude(NOW, MASKS, since=THEN), movement(NOW, MASKS, since=THEN)]
    for scores in found:
        for score in scores.values():
            score.fill_(7.0)
    assert (raw(NOW), raw(THEN)) == before


def test_chance_is_of_each_tensor_alone_and_of_the_seed() -> None:
    found = random(NOW, MASKS, seed=Seed(3))
    assert raw(found) == raw(random(THEN, MASKS, seed=Seed(3)))
    assert raw({"b": found["b"]}) == raw(random({"b": NOW["b"]}, {"b": MASKS["b"]}, seed=Seed(3)))
    assert raw(found) != raw(random(NOW, MASKS, seed=Seed(4)))
    assert {name: tuple(score.shape) for name, score in found.items()} == SHAPES
    twins = random({"a": NOW["a"], "z": NOW["a"]}, {"a": MASKS["a"], "z": MASKS["a"]}, seed=Seed(3))
    assert not torch.equal(twins["a"], twins["z"])


def test_chance_has_no_ties_and_is_uniform() -> None:
    scores = random({"w": torch.zeros(100, 200)}, everything({"w": (100, 200)}), seed=Seed(1))["w"].flatten()
    assert len(scores.unique()) == 20000
    assert abs(float(scores.mean()) - 0.5) < 4 / math.sqrt(12 * 20000)
    assert abs(float((scores < 0.1).double().mean()) - 0.1) < 4 * 0.3 / math.sqrt(20000)
