"""Tensors: normalised as the card says, split as the seed says, shared and small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whether.data import CARDS, Data, card, folder
from whether.data import tensors as module
from whether.data.load import load
from whether.data.tensors import split, tensors
from whether.errors import RequestError


def test_digits_are_normalised_and_split() -> None:
    held = tensors("digits")
    assert held.x_train.shape == (1200, 1, 8, 8)
    assert (held.x_train.dtype, held.y_train.dtype) == (torch.float32, torch.int64)
    assert (held.train_index.dtype, held.validation_index.dtype) == (torch.int64, torch.int64)
    assert (len(held.train_index), len(held.validation_index), len(held.x_test)) == (900, 300, 597)
    assert abs(float(held.x_train.mean())) < 1e-3
    assert abs(float(held.x_train.std()) - 1) < 1e-3
    pixels, facts = load("digits"), CARDS["digits"]
    for got, stored in ((held.x_train, pixels.train_x), (held.x_test, pixels.test_x)):
        wanted = (stored.astype(np.float64) / facts.peak - facts.mean[0]) / facts.std[0]
        assert np.abs(got.numpy() - wanted).max() < 3e-7


def test_bits_of_the_inputs_are_one_product_and_one_sum() -> None:
    """The plain way, in NumPy and float32: what every host must give to the bit."""
    pixels, facts = load("digits").train_x.astype(np.float32), CARDS["digits"]
    scale, shift = np.float32(1 / (facts.peak * facts.std[0])), np.float32(-facts.mean[0] / facts.std[0])
    assert np.array_equal(tensors("digits").x_train.numpy(), pixels * scale + shift)


def test_channels_are_normalised_apart(write: Any, tmp_path: Path) -> None:
    images = [np.full((2, 2, 3), (i, 10 * i, 255 - i), np.uint8) for i in range(20)]
    name = str(write(tmp_path / "set", (images, [0] * 20), (images[:2], [0, 0])))
    held, facts = tensors(name), card(name)
    for channel in range(3):
        stored = np.array([image[0, 0, channel] for image in images]) / 255
        wanted = (stored - facts.mean[channel]) / facts.std[channel]
        assert np.abs(held.x_train[:, channel, 0, 0].numpy() - wanted).max() < 1e-5


def test_xor_has_one_split_and_is_left_as_it_is() -> None:
    held = tensors("xor")
    assert held.x_train.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert held.y_train.tolist() == [0, 1, 1, 0]
    assert held.train_index.tolist() == held.validation_index.tolist() == [0, 1, 2, 3]
    assert held.x_test is held.x_train
    assert held.y_test is held.y_train


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 2**64 - 1))
def test_every_row_is_in_exactly_one_split(rows: int, held: int, seed: int) -> None:
    held = min(held, rows)
    train, validation = split(rows, held, seed)
    assert len(validation) == held
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(rows))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_the_split_is_golden() -> None:
    _, validation = split(1200, 300, 0)
    assert validation[:8].tolist() == [6, 10, 18, 20, 36, 41, 46, 53]
    assert not np.array_equal(validation, split(1200, 300, 1)[1])


def test_a_larger_validation_split_contains_the_smaller() -> None:
    assert set(split(1200, 100, 5)[1]) < set(split(1200, 300, 5)[1])


def test_data_says_how_rows_are_split() -> None:
    held = tensors(Data(name="digits", validation=100, split_seed=3))
    train, validation = split(1200, 100, 3)
    assert np.array_equal(held.train_index.numpy(), train)
    assert np.array_equal(held.validation_index.numpy(), validation)
    assert len(tensors(Data(name="digits", validation=0)).validation_index) == 0
    with pytest.raises(RequestError, match="validation=5000 leaves nothing to train on"):
        tensors(Data(name="digits", validation=5000))


def test_splits_of_one_data_set_share_its_pixels_and_only_two_sets_stay(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(name: str, **how: Any) -> Any:
        assert how["card"] is card(name), "pixels are those of the card that the split was made for"
        opened.append(name)
        return load(name, **how)

    monkeypatch.setattr(module, "load", counted)
    first = tensors("digits")
    assert tensors(Data(name="digits", split_seed=9)).x_train is first.x_train
    tensors("xor")
    tensors("digits")
    assert opened == ["digits", "xor"]
    tensors(str(write(tmp_path / "set")))
    assert tensors("digits").x_train is first.x_train
    tensors("xor")
    assert [Path(name).name for name in opened] == ["digits", "xor", "set", "xor"]


def test_global_generators_are_neither_read_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = tensors("digits").train_index
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(tensors("digits").train_index, first)


def test_a_default_type_set_elsewhere_changes_nothing() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        assert tensors("digits").x_train.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_mnist_on_its_second_opening_is_not_decoded(mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("mnist")
    monkeypatch.setattr(folder, "decode", None)
    held = tensors("mnist")
    assert held.x_train.shape == (60_000, 1, 28, 28)
    assert (len(held.train_index), len(held.validation_index)) == (55_000, 5_000)
    assert abs(float(held.x_train.mean())) < 1e-3


def test_a_split_is_drawn_once_and_of_the_last_eight() -> None:
    first = tensors(Data(name="digits", split_seed=40))
    assert tensors(Data(name="digits", split_seed=40)) is first
    assert tensors(Data(name="digits", split_seed=40, rows=100)) is not first
    others = [tensors(Data(name="digits", split_seed=seed)) for seed in range(41, 49)]
    again = tensors(Data(name="digits", split_seed=40))
    assert again is not first
    assert np.array_equal(again.train_index.numpy(), first.train_index.numpy())
    assert len({id(each) for each in others}) == 8
