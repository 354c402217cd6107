"""Which parameters train: words against lists by hand, the random draw's counts, and refusals that teach."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from whether.errors import RequestError, WorkError
from whether.seeds import Seed
from whether.train.freeze import CHOICES, trainable


def convnet() -> nn.Sequential:
    """Two convolutions, a norm after each, a hidden linear layer and an output."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3),
        nn.BatchNorm2d(6),
        nn.Flatten(),
        nn.Linear(96, 5),
        nn.Linear(5, 3),
    )


def trained(module: nn.Module, what: str, seed: Seed | None = None) -> dict[str, int]:
    """How many of each parameter's numbers train, where any does."""
    found = trainable(module, what, seed=seed)
    assert list(found) == [name for name, _ in module.named_parameters()]
    for name, value in module.named_parameters():
        assert found[name].dtype == torch.bool
        assert found[name].shape == value.shape
    return {name: int(mask.sum()) for name, mask in found.items() if mask.any()}


WHOLE = {"0.weight": 36, "1.weight": 4, "1.bias": 4, "3.weight": 216, "3.bias": 6, "4.weight": 6, "4.bias": 6}
WHOLE |= {"6.weight": 480, "6.bias": 5, "7.weight": 15, "7.bias": 3}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("all", list(WHOLE)),
        ("nothing", []),
        ("batchnorm", ["1.weight", "1.bias", "4.weight", "4.bias"]),
        ("output", ["7.weight", "7.bias"]),
        ("biases", ["1.bias", "3.bias", "4.bias", "6.bias", "7.bias"]),
        ("batchnorm+output", ["1.weight", "1.bias", "4.weight", "4.bias", "7.weight", "7.bias"]),
    ],
)
def test_words(what: str, names: list[str]) -> None:
    assert trained(convnet(), what) == {name: WHOLE[name] for name in names}


def test_random_weights_are_as_many_as_the_norm_has_two_an_output() -> None:
    found = trainable(convnet(), "random-as-batchnorm", seed=Seed(1))
    assert trained(convnet(), "random-as-batchnorm", Seed(1)) == {"0.weight": 8, "3.weight": 12}
    for name in ("0.weight", "3.weight"):
        assert found[name].flatten(1).sum(1).tolist() == [2] * len(found[name])
    total = sum(trained(convnet(), "batchnorm").values())
    assert sum(int(mask.sum()) for mask in found.values()) == total


def test_random_weights_follow_from_the_seed_and_every_place_is_reached() -> None:
    first = trainable(convnet(), "random-as-batchnorm", seed=Seed(1))
    again = trainable(convnet(), "random-as-batchnorm", seed=Seed(1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    counts = torch.zeros(4, 1, 3, 3)
    for seed in range(200):
        counts += trainable(convnet(), "random-as-batchnorm", seed=Seed(seed))["0.weight"]
    assert counts.min() > 20  # 44 expected of each, 6 standard deviations is 35
    assert counts.max() < 80


def test_what_does_not_divide_is_spread_as_evenly_as_can_be() -> None:
    net = nn.Sequential(nn.Linear(6, 4), nn.Unflatten(1, (2, 2)), nn.BatchNorm1d(2), nn.BatchNorm1d(2, affine=False))
    net.append(nn.BatchNorm1d(2))  # a second norm after the same layer: 8 in all
    assert trained(net, "random-as-batchnorm", Seed(2)) == {"0.weight": 8}
    wide = nn.Sequential(nn.Linear(6, 4), nn.Unflatten(1, (1, 4)), nn.BatchNorm1d(1), nn.BatchNorm1d(1), nn.Flatten())
    wide.append(nn.BatchNorm1d(1))  # 6 among 4 rows
    rows = trainable(wide, "random-as-batchnorm", seed=Seed(2))["0.weight"].sum(1)
    assert sorted(rows.tolist()) == [1, 1, 2, 2]


def test_what_asks_for_no_gradient_never_trains() -> None:
    net = convnet()
    net[3].weight.requires_grad_(False)
    assert "3.weight" not in trained(net, "all")
    assert trained(net, "random-as-batchnorm", Seed(1)) == {"0.weight": 20}  # the layer that can train takes both


def test_a_shared_weight_trains_under_its_one_name() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[1].weight = net[0].weight
    assert trained(net, "output") == {"0.weight": 16, "1.bias": 4}


@pytest.mark.parametrize("what", ["batchnorm", "random-as-batchnorm"])
def test_a_network_without_batchnorm_is_refused(what: str) -> None:
    with pytest.raises(RequestError, match=r"BatchNorm layers, and this network has none\. Take a model"):
        trainable(nn.Sequential(nn.Linear(2, 2)), what, seed=Seed(1))
    with pytest.raises(RequestError, match="has none; it has LayerNorm, without parameters or of another kind"):
        trainable(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), what, seed=Seed(1))


@pytest.mark.parametrize(
    ("net", "what", "told"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3)), "output", "last linear layer, and this network has none"),
        (nn.Sequential(nn.Linear(2, 2, bias=False)), "biases", "parameters named bias, and this network has none"),
        (
            nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2)),
            "random-as-batchnorm",
            "first of this network follows none",
        ),
        (
            nn.Sequential(nn.Linear(1, 3), nn.BatchNorm1d(3)),
            "random-as-batchnorm",
            "6 weights of 0.weight, which has 3",
        ),
        (convnet(), "batchnorm+outputs", "unknown choice of what trains 'outputs'; did you mean 'output'"),
        (convnet(), "", "Known: all, batchnorm, biases, nothing, output, random-as-batchnorm. Words are joined by"),
    ],
)
def test_what_cannot_be_is_told(net: nn.Module, what: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        trainable(net, what, seed=Seed(1))


def test_a_draw_needs_a_seed() -> None:
    with pytest.raises(RequestError, match=r"draws weights: give trainable\(\) the seed"):
        trainable(convnet(), "random-as-batchnorm")


def failing(module: nn.Module) -> list[str]:
    raise KeyError("no such layer")


OWN = {
    "names": lambda module: [name for name, _ in module.named_parameters() if name.startswith("6.")],
    "masks": lambda module: {"7.bias": torch.tensor([True, False, True])},
    "strange": lambda module: ["6.wait"],
    "shape": lambda module: {"7.bias": torch.tensor([True])},
    "word": lambda module: "6.weight",
    "failing": failing,
}


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("freezing_of_mine")
    vars(made).update(OWN)
    monkeypatch.setitem(sys.modules, "freezing_of_mine", made)


@pytest.mark.usefixtures("own")
def test_code_of_ones_own_gives_names_or_masks() -> None:
    assert trained(convnet(), "freezing_of_mine:names") == {"6.weight": 480, "6.bias": 5}
    found: dict[str, Tensor] = trainable(convnet(), "freezing_of_mine:masks@0123+batchnorm")
    assert found["7.bias"].tolist() == [True, False, True]
    assert found["1.bias"].all()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("strange", r"unknown parameter from 'freezing_of_mine:strange' '6.wait'; did you mean '6.weight'"),
        ("shape", r"gave torch.bool \(1,\) for 7.bias; expected a mask, bool \(3,\)"),
        ("word", "gave '6.weight'; expected names of parameters, or masks by name"),
    ],
)
def test_code_of_ones_own_that_names_no_parameters_is_told(name: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        trainable(convnet(), f"freezing_of_mine:{name}")


@pytest.mark.usefixtures("own")
def test_code_of_ones_own_that_raises_is_told() -> None:
    with pytest.raises(WorkError, match="choosing what trains by 'freezing_of_mine:failing' failed: KeyError"):
        trainable(convnet(), "freezing_of_mine:failing")


def test_every_word_of_the_list_is_carried_out() -> None:
    for word in CHOICES:
        trainable(convnet(), word, seed=Seed(1))
