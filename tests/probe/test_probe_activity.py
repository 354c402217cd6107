"""Zeros counted by hand: of weights, of ReLUs wherever they are computed, of gradients; units that never fire."""

from __future__ import annotations

import copy

import pytest
import torch
from probe_nets import Residual, fresh, scattered, written
from torch import nn

from whether.errors import RequestError
from whether.probe import activity
from whether.probe.activity import activation_sparsity, dead_units, gradient_sparsity, watch, weight_sparsity
from whether.probe.measures import evaluating


def two_layers() -> nn.Sequential:
    return fresh(nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)))


def test_zeros_of_weights() -> None:
    net, data = two_layers(), scattered()
    assert weight_sparsity(net, data, "test") == 0.0
    net[0].weight.data[0] = 0.0
    net[2].weight.data[:, 1] = -0.0
    net[0].bias.data[:] = 0.0
    assert weight_sparsity(net, data, "test") == 100 * (5 + 3) / (20 + 12)
    assert weight_sparsity(net, data, "test", layer="0") == 25.0
    assert (
        weight_sparsity(net, data, "test", layer="output") == weight_sparsity(net, data, "test", layer="2.weight") == 25
    )
    with pytest.raises(RequestError, match=r"unknown layer '2.weigth'; did you mean '2.weight'"):
        weight_sparsity(net, data, "test", layer="2.weigth")
    with pytest.raises(RequestError, match="no weights of linear or convolution layers"):
        weight_sparsity(nn.ReLU(), data, "test")


@pytest.mark.parametrize("at_once", [7, 1000])
def test_every_relu_is_seen_once_with_its_output(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "AT_ONCE", at_once)
    net, data = fresh(Residual()).train(), scattered()
    told: dict[str, list[torch.Tensor]] = {}
    watch(net, data.x_test, lambda name, output: told.setdefault(name, []).append(output.clone()))
    assert list(told) == ["act", "act#2", "", "#2"]
    seen: dict[str, list[torch.Tensor]] = net.seen
    for name, parts in told.items():
        assert torch.equal(torch.cat(parts), torch.cat(seen[name]))
    assert net.training
    assert not net.act._forward_hooks
    assert not net.act._forward_pre_hooks
    zeros = {name: torch.cat(parts) == 0 for name, parts in told.items()}
    pooled = torch.cat(list(zeros.values()))
    assert activation_sparsity(net, data, "test") == pytest.approx(100 * float(pooled.double().mean()))
    for name, there in zeros.items():
        assert activation_sparsity(net, data, "test", layer=name) == pytest.approx(100 * float(there.double().mean()))
        assert dead_units(net, data, "test", layer=name) == pytest.approx(100 * float(there.all(0).double().mean()))
    assert dead_units(net, data, "test") == pytest.approx(
        100 * float(torch.cat([there.all(0) for there in zeros.values()]).double().mean())
    )


def test_a_network_without_relu_is_told() -> None:
    net = nn.Sequential(nn.Linear(5, 3), nn.Tanh())
    for measure in (activation_sparsity, dead_units):
        with pytest.raises(RequestError, match="computes no ReLU, and other activations are never exactly zero"):
            measure(net, scattered(), "test")
        with pytest.raises(RequestError, match=r"unknown ReLU '9'.*Known: 1\."):
            measure(two_layers(), scattered(), "test", layer="9")


def test_units_of_images_are_channels_and_of_sequences_the_last() -> None:
    image = torch.zeros(2, 3, 2, 2)
    image[1, 0, 1, 1] = 1.0  # of three channels one fires, at one place of one example
    assert dead_units(nn.ReLU(), written(image, torch.zeros(2).long()), "test") == pytest.approx(200 / 3)
    sequence = torch.zeros(2, 3, 4)
    sequence[0, 2, 1] = 1.0
    assert dead_units(nn.ReLU(), written(sequence, torch.zeros(2).long()), "test") == 75.0
    assert activation_sparsity(nn.ReLU(), written(sequence, torch.zeros(2).long()), "test") == pytest.approx(2300 / 24)


def test_a_gradient_is_zero_where_the_unit_never_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    net, data = two_layers(), scattered()
    net[0].bias.data[:] = torch.tensor([9.0, 9.0, -1e3, 9.0])  # the third never fires: its row in, its column out
    for at_once in (7, 1000):
        monkeypatch.setattr(activity, "AT_ONCE", at_once)
        assert gradient_sparsity(net, data, "test") == pytest.approx(100 * (5 + 3) / (20 + 12))
    assert gradient_sparsity(net, data, "test", layer="0") == 25.0
    masks = {"0.weight": torch.ones(4, 5, dtype=torch.bool)}
    masks["0.weight"][2] = False
    assert gradient_sparsity(net, data, "test", layer="0", masks=masks) == 0.0
    assert all(value.grad is None for value in net.parameters())


def test_the_gradient_is_that_of_the_whole_splits_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    net, data = two_layers(), scattered(41)
    found: list[torch.Tensor] = []
    monkeypatch.setattr(activity, "_zeros", lambda parts: found.extend(parts) or 0.0)
    monkeypatch.setattr(activity, "AT_ONCE", 7)
    gradient_sparsity(net, data, "test")
    exact = copy.deepcopy(net).double()
    nn.functional.cross_entropy(exact(data.x_test.double()), data.y_test).backward()
    assert torch.allclose(found[0].double(), exact[0].weight.grad.flatten(), atol=1e-6)
    assert torch.allclose(found[1].double(), exact[2].weight.grad.flatten(), atol=1e-6)


def test_parts_go_back_to_the_mode_that_each_was_in() -> None:
    net = nn.Sequential(nn.Linear(5, 4), nn.ReLU())
    net.train()
    net[0].eval()
    with pytest.raises(AssertionError, match="inside"), evaluating(net):
        assert net[1].training, "inside"
    assert [part.training for part in net.modules()] == [True, False, True]
