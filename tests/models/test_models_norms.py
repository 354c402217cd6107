"""Initialisers beyond the classical ones: orthogonal, signed constants, scales of BatchNorm, GPT's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from whether.errors import RequestError
from whether.history.facts import Model
from whether.models import build, draw
from whether.models import init as drawing
from whether.models.gpt import gpt
from whether.seeds import Seed, Stream

CASES = [(64, 16, 3, 3), (40, 10), (10, 40), (7, 7)]


def model(name: str, shape: tuple[int, ...] = (1, 8, 8)) -> Model:
    return Model(name=name, shape=shape, classes=10, options={})


@pytest.mark.parametrize("shape", CASES)
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    drawn = drawing.orthogonal(shape, Stream(Seed(3), "w"))
    assert drawn.shape == shape
    flat = drawn.reshape(shape[0], -1)
    product = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    assert product == pytest.approx(2 * np.eye(len(product)), abs=1e-12)


def test_orthogonal_is_even() -> None:
    """Of evenly drawn rotations and reflections each entry has mean zero and variance 1/n; a bare QR's have not."""
    drawn = np.stack([drawing.orthogonal((3, 3), Stream(Seed(seed), "w")) for seed in range(2000)]) / math.sqrt(2)
    assert np.abs(drawn.mean(0)).max() < 4 * math.sqrt(1 / 3 / 2000)
    assert (drawn**2).mean(0) == pytest.approx(np.full((3, 3), 1 / 3), abs=0.03)
    assert abs(np.linalg.det(drawn).mean()) < 4 / math.sqrt(2000)


@given(st.integers(0, 2**64 - 1), st.sampled_from(CASES))
@settings(max_examples=20, deadline=None)
def test_signed_constants_have_one_size(seed: int, shape: tuple[int, ...]) -> None:
    drawn = drawing.signed_constant(shape, Stream(Seed(seed), "w"))
    assert drawn.shape == shape
    assert np.abs(drawn) == pytest.approx(np.full(shape, math.sqrt(2 / drawing.fans(shape)[0])))
    positive = (drawn > 0).mean()
    assert abs(positive - 0.5) < 5 * 0.5 / math.sqrt(drawn.size)


def test_golden_first_values() -> None:
    first = {
        "orthogonal": [-1.153068, 0.746153, -0.1714172],
        "signed_constant": [0.7071068, 0.7071068, -0.7071068],
        "gpt": [-0.0302265, 0.0195597, -0.0044935],
    }
    for name, values in first.items():
        drawn = getattr(drawing, name)((3, 4), Stream(Seed(7), "weights/1.weight"))
        assert drawn.reshape(-1)[:3] == pytest.approx(values, abs=1e-7), name


def test_scales_of_batchnorm_are_drawn_and_nothing_else_differs() -> None:
    module = build(model("resnet-8-w4"))
    plain, scaled = (draw(module, f"kaiming-normal{suffix}", Seed(1)) for suffix in ("", "+bn-uniform"))
    norms = [name for name in plain if f"{name.rpartition('.')[0]}.running_mean" in plain and name.endswith("weight")]
    assert len(norms) == 9
    for name, value in plain.items():
        assert torch.equal(value, scaled[name]) is (name not in norms), name
    drawn = torch.cat([scaled[name] for name in norms])
    assert bool(((drawn >= 0) & (drawn < 1)).all())
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.1)
    assert len(drawn.unique()) == len(drawn), "each norm has a stream of its own"
    assert all(not scaled[name.replace("weight", "bias")].any() for name in norms)
    expected = Stream(Seed(1), "weights/blocks.0.norm1.weight").uniform(4)
    assert scaled["blocks.0.norm1.weight"].tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("name", ["mlp-3", "resnet-8-w4-gn"])
def test_without_batchnorm_there_is_nothing_to_scale(name: str) -> None:
    with pytest.raises(RequestError, match=r"'\+bn-uniform' draws the scales of BatchNorm, and this model has no such"):
        draw(build(model(name)), "kaiming-normal+bn-uniform", Seed(1))


def test_pytorchs_biases_are_drawn_whatever_becomes_of_norms() -> None:
    module = build(model("resnet-8-w4"))
    plain, scaled = (draw(module, f"pytorch{suffix}", Seed(1)) for suffix in ("", "+bn-uniform"))
    assert scaled["linear.bias"].any()
    assert torch.equal(plain["linear.bias"], scaled["linear.bias"])


class TestGpt:
    @staticmethod
    def state(init: str, seed: int = 1, name: str = "gpt-3-64") -> dict[str, torch.Tensor]:
        return draw(gpt(name, (16,), 50), init, Seed(seed))

    @pytest.mark.parametrize("init", ["gpt", "xavier-normal", "orthogonal"])
    def test_embeddings_follow_from_the_seed_alone(self, init: str) -> None:
        first, again, other = self.state(init), self.state(init), self.state(init, seed=2)
        for name in ("tokens.weight", "places.weight"):
            assert torch.equal(first[name], again[name])
            assert not torch.equal(first[name], other[name])
            assert torch.equal(first[name], self.state("kaiming-normal")[name]), "whatever the initialiser is"
            assert float(first[name].std()) == pytest.approx(0.02, rel=0.05)

    def test_what_is_added_to_the_stream_is_smaller(self) -> None:
        state = self.state("gpt")
        for name in ("attention.inward", "up"):
            assert float(state[f"blocks.1.{name}.weight"].std()) == pytest.approx(0.02, rel=0.05)
        for name in ("attention.out", "down"):
            assert float(state[f"blocks.1.{name}.weight"].std()) == pytest.approx(0.02 / math.sqrt(6), rel=0.05)
        assert not any(value.any() for name, value in state.items() if name.endswith("bias"))

    def test_other_initialisers_leave_them_as_they_draw_them(self) -> None:
        expected = drawing.xavier_normal((64, 256), Stream(Seed(1), "weights/blocks.1.down.weight"))
        found = self.state("xavier-normal")["blocks.1.down.weight"]
        assert torch.equal(found, torch.from_numpy(expected).float())
