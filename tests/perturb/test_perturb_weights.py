"""Perturbations against plain loops: what changes, what stays, and that seeds do something."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from whether import perturb
from whether.errors import RequestError
from whether.seeds import Seed, Stream

NAMES = ("conv.weight", "head.weight")
Weights = dict[str, Tensor]


def state(seed: int, *, sparse: bool = False) -> Weights:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"conv.weight": (4, 3, 2, 2), "conv.bias": (4,), "head.weight": (5, 4), "norm.running_var": (4,)}
    made = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return {name: value * masks()[name] if sparse and name in NAMES else value for name, value in made.items()}


def masks(seed: int = 5) -> Weights:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"conv.weight": (4, 3, 2, 2), "head.weight": (5, 4)}
    return {name: torch.rand(shape, generator=generator) < 0.4 for name, shape in shapes.items()}


def redraw(seed: int) -> Callable[[str], Tensor]:
    return state(seed).__getitem__


EVERY: dict[str, Callable[[Weights, int], Weights]] = {
    "redraw_magnitudes": lambda w, seed: perturb.redraw_magnitudes(w, names=NAMES, init=redraw(seed)),
    "redraw_signs": lambda w, seed: perturb.redraw_signs(w, names=NAMES, init=redraw(seed)),
    "shuffle": lambda w, seed: perturb.shuffle(w, names=NAMES, seed=Seed(seed)),
    "shuffle in filters": lambda w, seed: perturb.shuffle(w, names=NAMES, seed=Seed(seed), scope="filter"),
    "shuffle_signs": lambda w, seed: perturb.shuffle_signs(w, names=NAMES, seed=Seed(seed)),
    "noise": lambda w, seed: perturb.noise(w, names=NAMES, seed=Seed(seed), init=redraw(1), scale=2),
    "swap_magnitudes": lambda w, seed: perturb.swap_magnitudes(w, names=NAMES, other=state(seed)),
    "swap_signs": lambda w, seed: perturb.swap_signs(w, names=NAMES, other=state(seed)),
}


@pytest.mark.parametrize("word", EVERY)
def test_prunable_weights_change_the_rest_stays_and_nothing_is_written_into(word: str) -> None:
    before, given_ = state(1), state(1)
    after = EVERY[word](given_, 8)
    assert list(after) == list(before)
    for name, value in before.items():
        assert torch.equal(given_[name], value), "what was given is as it was"
        assert torch.equal(after[name], value) is (name not in NAMES)
        assert after[name].dtype == torch.float32
        assert after[name].shape == value.shape


@pytest.mark.parametrize("word", EVERY)
def test_the_seed_decides(word: str) -> None:
    again, other = EVERY[word](state(1), 8), EVERY[word](state(1), 9)
    for name in NAMES:
        assert torch.equal(EVERY[word](state(1), 8)[name], again[name])
        assert not torch.equal(other[name], again[name])


@pytest.mark.parametrize("word", EVERY)
def test_a_name_that_is_not_there_is_told(word: str) -> None:
    lacking = {name: value for name, value in state(1).items() if name != "head.weight"}
    with pytest.raises(RequestError, match=r"unknown weight to perturb 'head.weight'.*Known: conv"):
        EVERY[word](lacking, 8)


def test_signs_and_magnitudes_by_the_element() -> None:
    mine, fresh = state(1), state(2)
    kept_signs = perturb.redraw_magnitudes(mine, names=NAMES, init=fresh.__getitem__)
    kept_sizes = perturb.redraw_signs(mine, names=NAMES, init=fresh.__getitem__)
    for name in NAMES:
        for w, f, signs, sizes in zip(
            *(each[name].flatten().tolist() for each in (mine, fresh, kept_signs, kept_sizes)), strict=True
        ):
            assert signs == math.copysign(abs(f), w)
            assert sizes == math.copysign(abs(w), f)


def test_swapping_is_redrawing_from_the_other_state_and_both_ways_agree() -> None:
    mine, other = state(1), state(2)
    magnitudes = perturb.swap_magnitudes(mine, names=NAMES, other=other)
    for name in NAMES:
        assert torch.equal(magnitudes[name], perturb.redraw_magnitudes(mine, names=NAMES, init=other.__getitem__)[name])
        assert torch.equal(magnitudes[name], perturb.swap_signs(other, names=NAMES, other=mine)[name])
    both = perturb.swap_signs(magnitudes, names=NAMES, other=other)
    assert all(torch.equal(both[name], other[name]) for name in NAMES), "signs and magnitudes are all there is"


def test_zero_has_no_sign() -> None:
    mine, other = {"w": torch.tensor([0.0, -2.0, 3.0])}, {"w": torch.tensor([5.0, 0.0, -4.0])}
    assert perturb.swap_magnitudes(mine, names=["w"], other=other)["w"].tolist() == [0.0, 0.0, 4.0]
    assert perturb.swap_signs(mine, names=["w"], other=other)["w"].tolist() == [0.0, -2.0, -3.0]


def test_another_architecture_is_refused() -> None:
    with pytest.raises(RequestError, match=r"other state has no weight 'conv.weight'; expected .* same architecture"):
        perturb.swap_signs(state(1), names=NAMES, other={})
    with pytest.raises(RequestError, match=r"the initialiser has \(2,\) for the weight 'conv.weight', which is \(4, 3"):
        perturb.redraw_magnitudes(state(1), names=NAMES, init=lambda name: torch.zeros(2))


@given(st.sampled_from(["layer", "filter"]), st.integers(0, 2**64 - 1), st.booleans())
def test_a_shuffle_moves_what_exists_within_its_scope(scope: str, seed: int, masked: bool) -> None:
    exists = masks() if masked else {name: torch.ones_like(mask) for name, mask in masks().items()}
    before = {name: torch.arange(1.0, 1 + mask.numel()).reshape(mask.shape) * mask for name, mask in exists.items()}
    given_masks = exists if masked else None
    after = perturb.shuffle(before, names=NAMES, seed=Seed(seed), masks=given_masks, scope=scope)
    for name in NAMES:
        assert torch.equal(after[name] != 0, exists[name]), "nothing moves to where nothing exists"
        groups = [before[name]] if scope == "layer" else list(before[name])
        moved = [after[name]] if scope == "layer" else list(after[name])
        for group, other in zip(groups, moved, strict=True):
            assert sorted(group.flatten().tolist()) == sorted(other.flatten().tolist())


def test_all_orders_of_a_row_are_as_likely() -> None:
    row = {"w": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])}
    drawn = [perturb.shuffle(row, names=["w"], seed=Seed(seed), scope="filter")["w"] for seed in range(1200)]
    counts: dict[tuple[float, ...], int] = {}
    for found in drawn:
        counts[tuple(found[0].tolist())] = counts.get(tuple(found[0].tolist()), 0) + 1
    assert len(counts) == 6
    assert all(140 <= count <= 260 for count in counts.values())  # 200 ± 4.6 standard deviations
    assert any((found[0].argsort() != found[1].argsort()).any() for found in drawn), "rows have orders of their own"


def test_shuffled_signs_keep_magnitudes_and_how_many_are_negative() -> None:
    before = state(1, sparse=True)
    after = perturb.shuffle_signs(before, names=NAMES, seed=Seed(3), masks=masks())
    for name in NAMES:
        assert torch.equal(after[name].abs(), before[name].abs())
        assert int((after[name] < 0).sum()) == int((before[name] < 0).sum())


def test_noise_is_n_times_the_initial_deviation_of_the_layer() -> None:
    before, fresh = state(1), {name: value * 0.3 for name, value in state(2).items()}
    after = perturb.noise(before, names=NAMES, seed=Seed(4), init=fresh.__getitem__, scale=1.5)
    for name in NAMES:
        values = fresh[name].flatten().tolist()
        sigma = math.sqrt(math.fsum(value**2 for value in values) / len(values))
        drawn = Stream(Seed(4), f"perturb/noise/{name}").normal(len(values))
        expected = [w + 1.5 * sigma * e for w, e in zip(before[name].flatten().tolist(), drawn, strict=True)]
        assert after[name].flatten().tolist() == pytest.approx(expected, rel=1e-6)
    still = perturb.noise(before, names=NAMES, seed=Seed(4), init=fresh.__getitem__, scale=0)
    assert all(torch.equal(still[name], before[name]) for name in before)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("scale", [-1, math.inf, math.nan, True, "2"])
def test_a_scale_is_a_number_of_deviations(scale: float) -> None:
    with pytest.raises(RequestError, match="scale of noise is a number of standard deviations, at least 0; got"):
        perturb.noise(state(1), names=NAMES, seed=Seed(4), init=redraw(2), scale=scale)


def test_an_unknown_scope_is_told() -> None:
    with pytest.raises(RequestError, match="unknown scope of a shuffle 'filters'; did you mean 'filter' or 'layer'"):
        perturb.shuffle(state(1), names=NAMES, seed=Seed(4), scope="filters")
