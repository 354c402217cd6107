"""How weights are drawn: bounds and variances, streams of their own, golden first values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cases import raw
from whether.errors import RequestError
from whether.history.facts import Model
from whether.models import build, draw
from whether.models import init as drawing
from whether.models.init import fans
from whether.seeds import Seed, Stream

SHAPES = [(300, 200), (64, 16, 5, 3), (10, 500)]
UNIFORM = {
    "kaiming_uniform": lambda fan_in, fan_out: math.sqrt(6 / fan_in),
    "xavier_uniform": lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)),
    "pytorch": lambda fan_in, fan_out: 1 / math.sqrt(fan_in),
}
NORMAL = {
    "kaiming_normal": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
    "xavier_normal": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
}
WORDS = ["kaiming-normal", "kaiming-uniform", "xavier-normal", "xavier-uniform", "pytorch"]


def model(name: str, shape: tuple[int, ...] = (1, 8, 8), **options: Any) -> Model:
    return Model(name=name, shape=shape, classes=10, options=options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_draws_fill_their_bounds(name: str, shape: tuple[int, ...]) -> None:
    bound = UNIFORM[name](*fans(shape))
    drawn = getattr(drawing, name)(shape, Stream(Seed(3), "w"))
    assert drawn.shape == shape
    assert np.abs(drawn).max() <= bound
    assert np.abs(drawn).max() > 0.999 * bound
    assert drawn.var() == pytest.approx(bound**2 / 3, rel=0.03)
    assert abs(drawn.mean()) < 0.03 * bound


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NORMAL)
def test_normal_draws_have_their_deviation(name: str, shape: tuple[int, ...]) -> None:
    deviation = NORMAL[name](*fans(shape))
    drawn = getattr(drawing, name)(shape, Stream(Seed(3), "w")) / deviation
    assert drawn.std() == pytest.approx(1, rel=0.03)
    assert abs(drawn.mean()) < 0.05
    assert (np.abs(drawn) < 1).mean() == pytest.approx(0.6827, abs=0.02)
    assert (drawn**4).mean() == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"])
@pytest.mark.parametrize("shape", SHAPES)
def test_scales_are_those_of_pytorch(name: str, shape: tuple[int, ...]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        theirs = torch.empty(shape)
        how = {"nonlinearity": "relu"} if name.startswith("kaiming") else {}
        getattr(nn.init, f"{name}_")(theirs, **how)
    ours = getattr(drawing, name)(shape, Stream(Seed(3), "w"))
    assert ours.std() == pytest.approx(float(theirs.std()), rel=0.05)


def test_fans_are_those_of_pytorch() -> None:
    for shape in SHAPES:
        assert fans(shape) == nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


def test_golden_first_values() -> None:
    first = {
        "kaiming_normal": [-1.0686692, 0.6915383, -0.1588703],
        "kaiming_uniform": [0.4482625, 0.1678139, -0.5741755],
        "xavier_normal": [-0.807838, 0.5227538, -0.1200947],
        "xavier_uniform": [0.3388546, 0.1268554, -0.4340359],
        "pytorch": [0.1830024, 0.0685097, -0.2344062],
    }
    for name, values in first.items():
        drawn = getattr(drawing, name)((3, 4), Stream(Seed(7), "weights/1.weight"))
        assert drawn.reshape(-1)[:3] == pytest.approx(values, abs=1e-7)


def test_golden_first_weights_of_a_network() -> None:
    module = build(model("mlp-5"))
    xavier, torchs = draw(module, "xavier-normal", Seed(7)), draw(module, "pytorch", Seed(7))
    assert xavier["1.weight"][0, :3].tolist() == pytest.approx([-0.2578992, 0.0799408, 0.1100012], abs=1e-7)
    assert xavier["3.weight"][0, :3].tolist() == pytest.approx([0.2893327, 0.1842952, -0.149571], abs=1e-7)
    assert torchs["1.bias"][:3].tolist() == pytest.approx([0.0504463, 0.0561327, -0.0092002], abs=1e-7)


@pytest.mark.parametrize("init", WORDS)
def test_a_seed_draws_the_same_again_and_another_seed_something_else(init: str) -> None:
    module = build(model("mlp-9-5"))
    first = draw(module, init, Seed(1))
    assert raw(draw(build(model("mlp-9-5")), init, Seed(1))) == raw(first)
    other = draw(module, init, Seed(2))
    assert all(not torch.equal(other[name], first[name]) for name in first if name.endswith("weight"))
    assert all(value.dtype == torch.float32 for value in first.values())


@pytest.mark.parametrize("init", WORDS)
def test_layers_are_drawn_independently_of_one_another(init: str) -> None:
    short, long = (draw(build(model(name)), init, Seed(1)) for name in ("mlp-64-64", "mlp-64-64-64"))
    assert torch.equal(short["1.weight"], long["1.weight"])
    assert torch.equal(short["3.weight"], long["3.weight"])
    first, second = long["3.weight"].reshape(-1).double(), long["5.weight"].reshape(-1).double()
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.06


@pytest.mark.parametrize("init", WORDS)
def test_biases_are_zero_but_for_pytorchs_own(init: str) -> None:
    state = draw(build(model("mlp-40")), init, Seed(1))
    for name, inputs in (("1.bias", 64), ("3.bias", 40)):
        if init == "pytorch":
            assert 0 < float(state[name].abs().max()) <= 1 / math.sqrt(inputs)
        else:
            assert not state[name].any()


def test_norms_keep_what_they_have_and_own_keeps_all() -> None:
    module = build(model("foreign:conv_batchnorm"), Seed(5))
    own = draw(module, "own", Seed(1))
    assert raw(own) == raw(dict(module.state_dict()))
    drawn = draw(module, "kaiming-normal", Seed(1))
    assert set(drawn) == set(own)
    for name in own:
        assert torch.equal(drawn[name], own[name]) is (name not in ("0.weight", "5.weight", "5.bias"))
    own["1.running_mean"].add_(1)
    assert not module.state_dict()["1.running_mean"].any(), "what is drawn is nobody else's"


def test_a_shared_weight_is_drawn_once_and_has_one_name() -> None:
    state = draw(build(model("foreign:odd"), Seed(5)), "xavier-uniform", Seed(1))
    assert "body.weight" in state
    assert "again.weight" not in state
    expected = drawing.xavier_uniform((16, 16), Stream(Seed(1), "weights/body.weight"))
    assert torch.equal(state["body.weight"], torch.from_numpy(expected).float())


def test_an_initialiser_of_ones_own() -> None:
    state = draw(build(model("mlp-3")), "foreign:thirds@0123456789abcdef", Seed(1))
    assert state["1.weight"].unique().tolist() == [pytest.approx(1 / 3)]
    assert not state["1.bias"].any()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "foreign:flat_init",
            r"the initialiser 'foreign:flat_init' gave \(192,\) for a weight; expected \(3, 64\), all",
        ),
        ("foreign:endless_init", "expected .*, all finite"),
        ("foreign:refuses", "the initialiser 'foreign:refuses' failed on a weight of .*: TypeError"),
    ],
)
def test_an_initialiser_of_ones_own_that_fails_is_told(name: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        draw(build(model("mlp-3")), name, Seed(1))


def test_an_initialiser_of_ones_own_draws_from_its_stream() -> None:
    drawn = []
    for seed, world in ((1, 5), (1, 6), (2, 6)):
        torch.manual_seed(world)
        drawn.append(raw(draw(build(model("mlp-3-3")), "foreign:noisy_init", Seed(seed))))
    assert drawn[0] == drawn[1]
    assert all(drawn[1][name] != drawn[2][name] for name in ("1.weight", "3.weight"))


def test_an_unknown_initialiser_is_told_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="kaiming-normal"):
        draw(build(model("mlp-3")), "kaiming-norml", Seed(1))


def test_a_default_type_set_elsewhere_changes_nothing() -> None:
    expected = raw(draw(build(model("mlp-3")), "pytorch", Seed(1)))
    torch.set_default_dtype(torch.float64)
    try:
        for init in ("pytorch", "xavier-normal", "own"):
            state = draw(build(model("mlp-3")), init, Seed(1))
            assert all(value.dtype == torch.float32 for value in state.values())
        assert raw(draw(build(model("mlp-3")), "pytorch", Seed(1))) == expected
    finally:
        torch.set_default_dtype(torch.float32)
