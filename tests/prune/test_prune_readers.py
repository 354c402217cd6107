"""Who reads whom: followed through what keeps channels apart, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from prune_nets import raw
from torch import Tensor, nn

import foreign
from whether.models import prunable
from whether.models.conv import lenet_5
from whether.models.resnet import resnet
from whether.models.vgg import vgg
from whether.prune import full, groups, magnitude, readers, select


class Asked(nn.Module):
    """Three layers and a way through them."""

    def __init__(self, way: Callable[[Asked, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Linear(4, 3)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        return self.way(self, x)


def mean(h: Tensor) -> Tensor:
    return h.mean((2, 3))


def functional(net: Asked, x: Tensor) -> Tensor:
    h = nn.functional.max_pool2d(nn.functional.relu(net.a(x)), 2)
    return net.c(torch.flatten(nn.functional.adaptive_avg_pool2d(torch.relu(net.b(h)), 1), 1))


CHAIN = {"a.weight": "b.weight", "b.weight": "c.weight"}
WAYS: dict[str, tuple[Callable[[Asked, Tensor], Tensor], dict[str, str]]] = {
    "chain": (lambda net, x: net.c(mean(torch.relu(net.b(torch.tanh(net.a(x)))))), CHAIN),
    "functional": (functional, CHAIN),
    "shortcut": (lambda net, x: net.c(mean((h := net.a(x)) + net.b(h))), {}),
    "shortcut behind": (lambda net, x: net.c(mean(net.b((h := net.a(x)).relu()) + h)), {}),
    "asked twice": (lambda net, x: net.c(mean(net.b(net.b(net.a(x))))), {}),
    "channels turned": (lambda net, x: net.c(mean(net.b(net.a(x).flip(1)))), {"b.weight": "c.weight"}),
    "channels mixed": (lambda net, x: net.c(mean(net.b(net.a(x).softmax(1)))), {"b.weight": "c.weight"}),
    "columns, not channels": (lambda net, x: net.c(net.b(net.a(x))).mean((1, 2)), {"a.weight": "b.weight"}),
    "depends on data": (lambda net, x: net.c(mean(net.b(net.a(x)))) if x.sum() > 0 else net.c(mean(net.a(x))), {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_readers_are_found_where_channels_stay_apart(way: str) -> None:
    function, expected = WAYS[way]
    assert readers(Asked(function)) == expected


def test_grouped_transposed_and_shared_layers_have_no_readers() -> None:
    grouped = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    assert readers(grouped) == {"1.weight": "2.weight"}
    turned = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ConvTranspose2d(4, 4, 3), nn.Conv2d(4, 2, 1))
    assert readers(turned) == {}
    assert readers(foreign.odd(3)) == {}
    shared = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    shared[1].weight = shared[0].weight
    assert readers(shared) == {}
    flat = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(2), nn.Linear(4, 3))
    assert readers(flat) == {}


def test_the_module_stays_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))
    before = raw(module.state_dict())
    assert readers(module) == {"0.weight": "3.weight"}
    assert raw(module.state_dict()) == before
    assert module.training


def test_a_network_without_its_pruned_channels_computes_the_same() -> None:
    """The masks are those of a smaller network: what reads a channel that is gone is gone, whatever its norm adds."""
    torch.manual_seed(1)
    module = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(24, 5), nn.ReLU(), nn.Linear(5, 3)),
    ).eval()
    with torch.no_grad():
        module[1].bias.add_(1.0)  # a channel that is gone still speaks
    names = prunable(module)
    weights = {name: value.detach() for name, value in module.named_parameters() if name in names}
    masks = full(weights, names)
    kept = select(
        magnitude(weights, masks),
        masks,
        fraction=Fraction(1, 2),
        structure="channel",
        scope="layer",
        readers=readers(module),
    )
    rows = groups(kept, "channel")
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(value.where(kept[name], 0.0) if name in kept else value)
    x = torch.randn(3, 1, 6, 6)
    first, second, third = (rows[name].nonzero().squeeze(1) for name in ("0.weight", "3.weight", "7.weight"))
    h = nn.functional.conv2d(x, module[0].weight[first], module[0].bias[first], padding=1)
    norm = module[1]
    h = nn.functional.batch_norm(
        h, norm.running_mean[first], norm.running_var[first], norm.weight[first], norm.bias[first], eps=norm.eps
    )
    h = nn.functional.conv2d(h.relu(), module[3].weight[second][:, first], module[3].bias[second])
    h = nn.functional.max_pool2d(h.relu(), 2).flatten(1)
    columns = (second.unsqueeze(1) * 4 + torch.arange(4)).flatten()
    h = (h @ module[7].weight[third][:, columns].T + module[7].bias[third]).relu()
    out = h @ module[9].weight[:, third].T + module[9].bias
    torch.testing.assert_close(module(x), out, rtol=1e-5, atol=1e-6)
    assert [len(first), len(second), len(third)] == [2, 3, 2]


@pytest.mark.parametrize(
    ("module", "pairs"),
    [
        (resnet("resnet-8-w4", (3, 8, 8), 10), 3),  # each block's first convolution; shortcuts mix the others
        (vgg("vgg-11-w4", (3, 32, 32), 10), 8),
        (lenet_5((1, 28, 28), 10), 4),
    ],
    ids=["resnet", "vgg", "lenet"],
)
def test_our_own_architectures_are_followed(module: nn.Module, pairs: int) -> None:
    """Under whatever checks the tests install: what they hide, they do not test."""
    assert len(readers(module)) == pairs
