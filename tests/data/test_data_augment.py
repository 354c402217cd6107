"""Augmentation: the fast way equals the plain one, draws are each network's own, black is black."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from whether.data.augment import apply, draws, parse, plain, stacked
from whether.data.tensors import black, tensors
from whether.errors import RequestError
from whether.seeds import Seed, Stream

WORDS = [("flip",), ("crop-4",), ("cutout-3",), ("crop-2", "flip"), ("flip", "crop-2"), ("flip", "cutout-4", "crop-1")]


def streams(count: int) -> list[Stream]:
    return [Stream(Seed(seed), "augment") for seed in range(count)]


def images(*shape: int) -> Tensor:
    return torch.from_numpy(Stream(Seed(9), "x").normal(int(np.prod(shape))).reshape(shape)).float()


@given(st.sampled_from(WORDS), st.integers(1, 3), st.integers(1, 9), st.integers(4, 7), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_the_fast_way_is_the_plain_one(words: tuple[str, ...], pack: int, batch: int, width: int, epoch: int) -> None:
    x, dark = images(pack, batch, 3, 5, width), torch.tensor([-1.0, -2.0, -3.0])
    drawn = stacked(streams(pack), batch, epoch, words=words, shape=(3, 5, width))
    before = x.clone()
    got = apply(x, drawn, words, dark)
    assert torch.equal(got, plain(x, drawn, words, dark))
    assert torch.equal(x, before)
    assert got.shape == x.shape


def test_a_network_is_augmented_alone_as_in_company() -> None:
    words, shape = ("crop-4", "flip"), (3, 8, 8)
    x, dark = images(4, 20, *shape), torch.zeros(3)
    together = apply(x, stacked(streams(4), 20, 3, words=words, shape=shape), words, dark)
    for place, stream in enumerate(streams(4)):
        alone = stacked([stream], 20, 3, words=words, shape=shape)
        assert torch.equal(apply(x[place : place + 1], alone, words, dark)[0], together[place])
    assert not torch.equal(together[0] - x[0], together[1] - x[1])


def test_batches_of_an_epoch_are_parts_of_it() -> None:
    words, shape = ("crop-2", "flip"), (1, 6, 6)
    x, drawn = images(2, 10, *shape), stacked(streams(2), 10, 0, words=words, shape=shape)
    whole = apply(x, drawn, words, torch.zeros(1))
    for begin in (0, 4, 8):
        part = {kind: values[:, begin : begin + 4] for kind, values in drawn.items()}
        assert torch.equal(apply(x[:, begin : begin + 4], part, words, torch.zeros(1)), whole[:, begin : begin + 4])


def test_every_outcome_is_drawn_as_often_as_the_next() -> None:
    drawn = draws(Stream(Seed(0), "augment"), 16_200, 0, ("flip", "crop-4", "cutout-2"), (3, 6, 9))
    assert abs(drawn["flip"][:, 0].mean() - 0.5) < 0.02
    assert set(drawn["flip"][:, 1]) == {0}
    for kind, most in (("crop", (9, 9)), ("cutout", (6, 9))):
        cells = np.zeros(most)
        np.add.at(cells, tuple(drawn[kind].T), 1)
        expected = 16_200 / cells.size
        chi = ((cells - expected) ** 2 / expected).sum()
        free = cells.size - 1
        assert abs(chi - free) < 5 * (2 * free) ** 0.5


def test_epochs_and_words_have_draws_of_their_own() -> None:
    stream, shape = Stream(Seed(3), "augment"), (1, 8, 8)
    first, second = (draws(stream, 50, epoch, ("flip", "crop-4"), shape) for epoch in (0, 1))
    assert not np.array_equal(first["flip"], second["flip"])
    assert not np.array_equal(first["crop"], second["crop"])
    assert np.array_equal(draws(stream, 50, 0, ("crop-4",), shape)["crop"], first["crop"])
    assert np.array_equal(draws(stream, 50, 0, ("crop-4", "flip"), shape)["flip"], first["flip"])


def test_a_crop_shows_black_around_the_image() -> None:
    held = tensors("digits")
    dark = black(held.card)
    x = held.x_train[:1]
    corner = apply(x, {"crop": torch.tensor([[0, 0]])}, ("crop-4",), dark)
    assert torch.equal(corner[0, :, 4:, 4:], x[0, :, :4, :4])
    assert (corner[0, :, :4] == dark[0]).all()
    assert torch.equal(apply(x, {"crop": torch.tensor([[4, 4]])}, ("crop-4",), dark), x)


def test_what_is_cut_out_is_the_mean_and_stays_within_the_image() -> None:
    x = torch.ones(1, 2, 5, 5)
    got = apply(x, {"cutout": torch.tensor([[0, 4]])}, ("cutout-3",), torch.full((2,), -9.0))
    assert (got == 0).nonzero()[:, 2:].unique(dim=0).tolist() == [[0, 3], [0, 4], [1, 3], [1, 4]]
    assert int((got == 0).sum()) == 8


def test_no_global_generator_is_read_or_moved() -> None:
    words, shape, x = ("crop-2", "flip", "cutout-2"), (1, 6, 6), images(2, 10, 1, 6, 6)

    def once(seed: int) -> Tensor:
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
        got = apply(x, stacked(streams(2), 10, 0, words=words, shape=shape), words, torch.zeros(1))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])
        assert random.getstate() == before[2]
        return got

    assert torch.equal(once(1), once(2))


def test_wrong_words_are_told_together() -> None:
    with pytest.raises(
        RequestError,
        match=r"(?s)unknown augmentation 'flop'; did you mean 'flip'\?.*says crop twice; say it once.*crop-9 is larger",
    ) as caught:
        parse(("flop", "crop-2", "crop-9"), (1, 8, 8))
    assert len(caught.value.problems) == 3
    with pytest.raises(RequestError, match=r"augment=\['flip'\] is of images, and an example has the shape \[2\]"):
        parse(("flip",), (2,))
    assert parse((), (2,)) == ()
