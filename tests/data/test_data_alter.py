"""Images and labels as a question changes them, against plain references."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from whether.data import Data, alter
from whether.data.load import load
from whether.data.tensors import black, split, tensors
from whether.digest import canonical, digest
from whether.errors import RequestError
from whether.seeds import Seed, Stream


def images(rows: int, channels: int, height: int, width: int) -> np.ndarray:
    drawn = Stream(Seed(5), "images").uniform(rows * channels * height * width) * 255
    return drawn.reshape(rows, channels, height, width).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5])
def test_blur_is_a_mirrored_gaussian(sigma: float) -> None:
    given = images(2, 3, 7, 5)
    wanted = ndimage.gaussian_filter(given.astype(np.float64), (0, 0, sigma, sigma), mode="reflect", truncate=4.0)
    assert np.abs(alter.blurred(given, sigma) - wanted).max() < 1e-3
    assert np.abs(alter.blurred(given, sigma) - given).max() > 1


def test_blur_keeps_what_is_flat_and_no_blur_keeps_all() -> None:
    flat = np.full((1, 1, 4, 6), 200, np.float32)
    assert np.abs(alter.blurred(flat, 3.0) - 200).max() < 1e-3
    given = images(1, 1, 4, 6)
    assert alter.blurred(given, 0.0) is given


@pytest.mark.parametrize("degrees", [1.0, 30.0, 45.0, 100.0, 200.0, 359.0])
@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 1, 5, 9)])
def test_turning_is_bilinear_with_black_outside(degrees: float, shape: tuple[int, ...]) -> None:
    given = images(*shape)
    wanted = ndimage.rotate(
        given.astype(np.float64), degrees, axes=(2, 3), reshape=False, order=1, mode="grid-constant", cval=0.0
    )
    turned = [
        wanted,
        ndimage.rotate(given.astype(np.float64), -degrees, axes=(2, 3), reshape=False, order=1, mode="grid-constant"),
    ]
    errors = [np.abs(alter.rotated(given, degrees) - one).max() for one in turned]
    assert min(errors) < 1e-2
    # Which of the two is counter-clockwise is told by quarters, below; here both directions must stay apart.
    assert max(errors) > 1


def test_quarters_are_exact_and_counter_clockwise() -> None:
    given = images(2, 3, 6, 6)
    for quarters in range(4):
        assert np.array_equal(alter.rotated(given, 90.0 * quarters), np.rot90(given, quarters, (2, 3)))
    near, exact = alter.rotated(given, 89.9999), alter.rotated(given, 90.0)
    assert np.abs(near - exact)[:, :, 1:-1, 1:-1].max() < 0.1
    oblong = images(1, 1, 3, 5)
    assert np.array_equal(alter.rotated(oblong, 180.0), oblong[:, :, ::-1, ::-1])


def test_a_permutation_of_pixels_is_one_for_all_images_and_channels() -> None:
    places = np.tile(np.arange(30, dtype=np.float32).reshape(1, 1, 5, 6), (2, 3, 1, 1))
    moved = alter.permuted(places)
    assert sorted(moved[0, 0].reshape(-1)) == list(range(30))
    assert (moved == moved[:1, :1]).all()
    assert (moved[0, 0] != places[0, 0]).mean() > 0.5


@given(st.floats(0, 1), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_random_labels_stay_in_their_rows_and_larger_shares_hold_smaller(share: float, seed: int) -> None:
    labels = np.arange(300) % 7
    rows = np.arange(0, 300, 2)
    some = alter.randomised(labels, rows, classes=7, share=share / 2, seed=seed)
    more = alter.randomised(labels, rows, classes=7, share=share, seed=seed)
    assert np.array_equal(more[1::2], labels[1::2])
    changed = some != labels
    assert np.array_equal(some[changed], more[changed])
    assert more.min() >= 0
    assert more.max() < 7


def test_the_share_and_the_drawn_labels_are_even() -> None:
    labels, rows = np.zeros(20_000, np.int64), np.arange(20_000)
    got = alter.randomised(labels, rows, classes=4, share=0.5, seed=1)
    counts = np.bincount(got, minlength=4)
    wanted = np.array([0.5 + 0.125, 0.125, 0.125, 0.125]) * 20_000
    spread = np.sqrt(20_000 * 0.125)
    assert np.abs(counts - wanted).max() < 5 * spread
    assert np.array_equal(alter.randomised(labels, rows, classes=4, share=0.0, seed=1), labels)
    every = alter.randomised(labels, rows, classes=4, share=1.0, seed=1)
    assert np.abs(np.bincount(every) - 5000).max() < 5 * math.sqrt(5000)


def test_random_labels_are_trained_on_and_nowhere_else() -> None:
    truth = torch.from_numpy(load("digits").train_y)
    said = Data(name="digits", random_labels=1.0)
    held = tensors(said)
    wrong = (held.y_train != truth)[held.train_index].float().mean()
    assert 0.85 < float(wrong) < 0.95
    assert torch.equal(held.y_train[held.validation_index], truth[held.validation_index])
    assert held.y_test.tolist() == load("digits").test_y.tolist()
    assert torch.equal(tensors("digits").y_train, truth)
    other = tensors(Data(name="digits", random_labels=1.0, label_seed=1))
    assert not torch.equal(other.y_train, held.y_train)


def test_a_rows_label_does_not_depend_on_how_many_are_trained_on() -> None:
    small = tensors(Data(name="digits", random_labels=0.7, rows=100))
    large = tensors(Data(name="digits", random_labels=0.7))
    assert torch.equal(small.y_train[small.train_index], large.y_train[small.train_index])


@given(st.integers(2, 200), st.integers(0, 99), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_subsets_are_nested_and_never_held_out(rows: int, validation: int, seed: int) -> None:
    validation = min(validation, rows - 2)
    whole, held = split(rows, validation, seed)
    before: set[int] = set()
    for kept in range(1, rows - validation + 1, max(1, rows // 7)):
        train, same = split(rows, validation, seed, kept=kept)
        assert np.array_equal(same, held)
        assert len(train) == kept
        assert before < set(train) <= set(whole)
        before = set(train)
    assert np.array_equal(split(rows, validation, seed, kept=rows - validation)[0], whole)


def test_data_says_how_many_rows_are_trained_on() -> None:
    said = Data(name="digits", rows=120)
    held = tensors(said)
    assert (said.train_count, len(held.train_index), len(held.validation_index)) == (120, 120, 300)
    assert held.x_train.shape[0] == 1200


def test_images_are_changed_in_every_split_before_normalisation() -> None:
    stored, plain = load("digits"), tensors("digits")
    for said, change in (
        (Data(name="digits", rotate=90), lambda x: np.rot90(x, 1, (2, 3))),
        (Data(name="digits", permute_pixels=True), alter.permuted),
        (Data(name="digits", blur=1.0), lambda x: alter.blurred(x, 1.0)),
        (
            Data(name="digits", blur=1.0, rotate=450, permute_pixels=True),
            lambda x: alter.permuted(np.rot90(alter.blurred(x, 1.0), 1, (2, 3))),
        ),
    ):
        held, facts = tensors(said), plain.card
        for got, pixels in ((held.x_train, stored.train_x), (held.x_test, stored.test_x)):
            wanted = (change(pixels.astype(np.float32)) / facts.peak - facts.mean[0]) / facts.std[0]
            assert np.abs(got.numpy() - wanted).max() < 1e-4
        assert not torch.equal(held.x_train, plain.x_train)


def test_bits_of_unchanged_pixels_stay_when_they_are_only_moved() -> None:
    plain, moved = tensors("digits").x_train, tensors(Data(name="digits", rotate=90)).x_train
    assert torch.equal(moved, plain.rot90(1, (2, 3)))


def test_black_is_a_pixel_of_nought_to_the_bit() -> None:
    held, stored = tensors("digits"), load("digits").train_x
    assert set(held.x_train.numpy()[stored == 0].tolist()) == {float(black(held.card)[0])}


def test_what_is_said_counts_and_what_changes_nothing_does_not() -> None:
    plain = Data(name="digits").resolve()
    for neutral in (
        {"rows": 900},
        {"random_labels": 0},
        {"label_seed": 7},
        {"blur": 0},
        {"rotate": 360},
        {"rotate": -0.0},
        {"columns": None},
    ):
        assert Data(name="digits", **neutral).resolve() == plain
    said = [
        {"rows": 100},
        {"random_labels": 0.5},
        {"random_labels": 0.5, "label_seed": 1},
        {"blur": 1},
        {"rotate": 90},
        {"permute_pixels": True},
    ]
    facts = [Data(name="digits", **one).resolve() for one in said]
    assert len({digest(one) for one in [plain, *facts]}) == 7
    assert Data(name="digits", rotate=-90).resolve() == Data(name="digits", rotate=270.0).resolve()
    for one in facts:
        canonical(one)


def test_without_held_out_rows_a_subset_still_names_its_seed() -> None:
    said = [Data(name="digits", validation=0, rows=100, split_seed=seed).resolve() for seed in (0, 1)]
    assert said[0] != said[1]
    assert "split" not in Data(name="digits", validation=0, rows=1200, split_seed=1).resolve()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"rows": 0}, "rows is a number of rows to train on, 1 or more, got 0; write rows=1000"),
        ({"rows": True}, "rows is a number of rows to train on, 1 or more, got True"),
        ({"random_labels": 1.5}, "random_labels is a share of labels from 0 to 1, got 1.5"),
        ({"random_labels": "half"}, "random_labels is a share of labels from 0 to 1, got 'half'"),
        ({"random_labels": math.nan}, "random_labels is a share of labels from 0 to 1, got nan"),
        ({"label_seed": -1}, "a seed is an integer from 0"),
        ({"blur": -1}, "blur is a standard deviation in pixels, 0 or more, got -1; write blur=1.5"),
        ({"blur": math.inf}, "blur is a standard deviation in pixels, 0 or more, got inf"),
        ({"rotate": "left"}, "rotate is an angle in degrees, got 'left'; write rotate=90"),
        ({"permute_pixels": 1}, "permute_pixels is True or False, got 1"),
        (
            {"columns": ("image",)},
            r"columns names an image column and a label column, got \('image',\); write columns=",
        ),
    ],
)
def test_malformed_changes_are_told_at_once(said: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        Data(name="digits", **said)


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        (
            "digits",
            {"rows": 901},
            "rows=901 are more than 'digits' has to train on: 1200 training rows, of which valida",
        ),
        ("xor", {"rows": 2}, "rows=2 cannot be taken of 'xor': the same 4 rows are its training, validation"),
        (
            "xor",
            {"random_labels": 0.5},
            "random_labels=0.5 cannot be had of 'xor': its test rows are its training rows",
        ),
        ("grammar", {"random_labels": 0.5}, "of 'grammar': its labels are not classes of rows but those of language"),
        ("friedman", {"blur": 1.0, "rotate": 9}, r"blur=1.0, rotate=9.0 is of images, and a row of 'friedman' has the"),
        ("xor", {"permute_pixels": True}, r"permute_pixels=True is of images, and a row of 'xor' has the shape \[2\]"),
    ],
)
def test_what_a_data_set_cannot_have_is_told(name: str, said: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        Data(name=name, **said).resolve()
    with pytest.raises(RequestError, match=told):
        tensors(Data(name=name, **said))


def test_a_quarter_turn_of_oblong_images_is_refused(write: Any, tmp_path: Any) -> None:
    name = str(write(tmp_path / "letters"))
    with pytest.raises(RequestError, match=r"rotate=90 makes images of 4 × 5 of those of 5 × 4 .*expected 180"):
        Data(name=name, rotate=90).resolve()
    assert tensors(Data(name=name, rotate=180)).x_train.shape == (20, 1, 5, 4)
