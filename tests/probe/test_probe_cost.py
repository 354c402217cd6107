"""Parameters and multiply-adds by hand, distance by a plain sum."""

from __future__ import annotations

import math

import pytest
import torch
from probe_nets import fresh, scattered
from torch import Tensor, nn

from cases import DIGITS
from whether.data.tensors import tensors
from whether.errors import RequestError
from whether.models.mlp import mlp
from whether.probe.cost import flops_left, parameters_left
from whether.probe.distance import distance


def image_net() -> nn.Sequential:
    return fresh(
        nn.Sequential(
            nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),  # 8 × 8 to 4 × 4; 4·1·9 weights
            nn.BatchNorm2d(4),
            nn.ConvTranspose2d(4, 2, 2, stride=2),  # 4 × 4 to 8 × 8; 4·2·4 weights
            nn.Flatten(1, 2),
            nn.Linear(8, 5),  # at each of 16 rows
            nn.Flatten(),
            nn.Linear(80, 3),
        )
    )


def test_the_parameters_of_lenet() -> None:
    net = mlp("mlp-300-100", (1, 28, 28), 10)
    data = tensors(DIGITS)
    assert parameters_left(net, data, "test") == 266_610
    assert parameters_left(net, data, "test", count="prunable") == 266_200
    assert flops_left(mlp("mlp-300-100", (1, 8, 8), 10), data, "test") == 64 * 300 + 300 * 100 + 100 * 10


def test_under_masks_what_exists_is_counted() -> None:
    net, data = image_net(), scattered(shape=(2, 8, 8))
    whole = {"conv": 36, "norm": 8, "up": 32, "row": 40, "out": 240}
    biases = 4 + 2 + 5 + 3
    assert parameters_left(net, data, "test") == sum(whole.values()) + biases
    masks = {"2.weight": torch.zeros(4, 2, 2, 2, dtype=torch.bool), "4.weight": torch.ones(5, 8, dtype=torch.bool)}
    masks["2.weight"][0, 0, 0, :] = True
    masks["4.weight"][1] = False
    assert parameters_left(net, data, "test", masks=masks) == 36 + 8 + 2 + 32 + 240 + biases
    assert parameters_left(net, data, "test", masks=masks, count="prunable") == 36 + 2 + 32 + 240
    assert flops_left(net, data, "test") == 36 * 16 + 32 * 16 + 40 * 16 + 240
    assert flops_left(net.train(), data, "test", masks=masks) == 36 * 16 + 2 * 16 + 32 * 16 + 240
    assert net.training
    assert not net[0]._forward_hooks
    with pytest.raises(RequestError, match="unknown count of parameters 'some'"):
        parameters_left(net, data, "test", count="some")


def test_multiply_adds_are_those_of_a_plain_convolution() -> None:
    counted = 0
    for _ in range(4):  # outputs
        for _ in range(1):  # inputs of its group
            for _ in range(4 * 4):  # places
                counted += 3 * 3
    net = image_net()[:1]
    assert flops_left(net, scattered(shape=(2, 8, 8)), "test") == counted


def test_a_layer_that_is_applied_twice_costs_twice_and_is_one_of_parameters() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 5)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.layer(self.layer(x))
            return result

    assert flops_left(Twice(), scattered(), "test") == 50
    assert parameters_left(Twice(), scattered(), "test") == 30


def test_distance_is_a_plain_sum() -> None:
    net, data = image_net(), scattered(shape=(2, 8, 8))
    since = {name: value.clone() for name, value in fresh(image_net(), seed=2).state_dict().items()}
    now = dict(net.named_parameters())
    for over, names in (("prunable", [n for n in now if n[0] in "0246" and "weight" in n]), ("all", list(now))):
        pairs = [
            (a, b)
            for name in names
            for a, b in zip(now[name].flatten().tolist(), since[name].flatten().tolist(), strict=True)
        ]
        expected = math.sqrt(math.fsum((a - b) ** 2 for a, b in pairs))
        assert distance(net, data, "test", since=since, over=over) == pytest.approx(expected, rel=1e-12)
    own = {name: value.clone() for name, value in net.state_dict().items()}
    assert distance(net, data, "test", since=own, over="all") == 0.0


def test_a_distance_is_between_networks_of_one_architecture() -> None:
    net, data = image_net(), scattered(shape=(2, 8, 8))
    with pytest.raises(
        RequestError, match=r"needs the weight '0.weight' \(4, 1, 3, 3\) of the earlier state, which has none"
    ):
        distance(net, data, "test", since={})
    with pytest.raises(RequestError, match=r"which has \(2,\); expected a network of the same architecture"):
        distance(net, data, "test", since={"0.weight": torch.zeros(2)})
    with pytest.raises(RequestError, match="unknown set of weights 'prunables'; did you mean 'prunable'"):
        distance(net, data, "test", since={}, over="prunables")
