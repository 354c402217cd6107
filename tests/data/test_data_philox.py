"""Streams drawn in PyTorch's integers: word for word those of `whether.seeds`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.data import augment, philox
from whether.seeds import Seed, Stream

seeds = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4)


def streams(values: list[int]) -> list[Stream]:
    return [Stream(Seed(value), f"use {value % 3}") for value in values]


@given(seeds, st.integers(1, 70), st.integers(0, 2**66))
@settings(max_examples=60, deadline=None)
def test_words_are_the_streams_words(values: list[int], count: int, at: int) -> None:
    own = streams(values)
    found = philox.words(own, count, at).numpy().view(np.uint64)
    assert np.array_equal(found, np.stack([stream.words(count, at) for stream in own]))


@given(seeds, st.integers(1, 300), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_numbers_and_orders_are_the_streams_to_the_bit(values: list[int], count: int, at: int) -> None:
    own = streams(values)
    uniform = np.stack([stream.uniform(count, at) for stream in own])
    assert philox.uniform(own, count, at).numpy().tobytes() == uniform.tobytes()
    orders = np.stack([stream.permutation(count, at) for stream in own])
    assert np.array_equal(philox.permutations(own, count, at).numpy(), orders)


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    own = streams(list(range(7)))
    expected = philox.permutations(own, 50, 2)
    monkeypatch.setattr(philox, "AT_ONCE", 120)
    assert [part.stop - part.start for part in philox.parts(7, 50)] == [2, 2, 2, 2]
    assert torch.equal(philox.permutations(own, 50, 2), expected)


@pytest.mark.parametrize("words", [("flip",), ("crop-2", "flip"), ("cutout-3", "crop-1", "flip")])
def test_what_is_drawn_on_the_device_is_what_is_drawn_on_the_host(words: tuple[str, ...]) -> None:
    own = [Stream(Seed(seed), "augmentation") for seed in range(4)]
    host = augment.stacked(own, 33, 5, words=words, shape=(3, 7, 9))
    there = augment.drawn_there(own, 33, 5, words=words, shape=(3, 7, 9), device="cpu")
    assert list(host) == list(there)
    assert all(torch.equal(host[kind], there[kind]) for kind in host)
