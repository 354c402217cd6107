"""Running statistics: what re-estimation gives is what the examples have, and stale ones are caught."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from whether.connect import interpolate, reestimate
from whether.errors import RequestError


def image_net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5),
        nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3, momentum=None), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2),
    )  # fmt: skip


def drawn(module: nn.Module, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(value.shape, generator=generator) + 0.1 if value.is_floating_point() else torch.tensor(seed)
        for name, value in module.state_dict().items()
    }


def examples(count: int, seed: int = 5) -> Tensor:
    return torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_in_one_batch_they_are_the_networks_own_statistics() -> None:
    module = image_net()
    weights, x = drawn(module, 1), examples(30)
    fresh = reestimate(module, weights, x, batch=30)
    plain = image_net().double().eval()
    plain.load_state_dict(fresh)
    wide = x.double()
    for name in ("1", "5"):  # what reaches each layer in evaluation mode, with the fresh statistics before it
        given = plain[: int(name)](wide)
        axes = (0, 2, 3)
        count = given[:, 0].numel()
        torch.testing.assert_close(fresh[f"{name}.running_mean"].double(), given.mean(axes), rtol=1e-4, atol=1e-5)
        explicit = (given - given.mean(axes, keepdim=True)).square().sum(axes) / (count - 1)
        torch.testing.assert_close(fresh[f"{name}.running_var"].double(), explicit, rtol=1e-3, atol=1e-5)


def test_whatever_the_batches_every_value_weighs_alike() -> None:
    norm = nn.BatchNorm1d(3)
    x = torch.randn(11, 3, generator=torch.Generator().manual_seed(1)) * 3 + 2
    x[:5] += 10  # batches differ, so that leaving out what lies between them would show
    for batch in (2, 3, 4, 5, 10, 11, 500):
        fresh = reestimate(norm, norm.state_dict(), x, batch=batch)
        torch.testing.assert_close(fresh["running_mean"], x.double().mean(0).float())
        torch.testing.assert_close(fresh["running_var"], x.double().var(0).float())


def test_only_running_statistics_change_and_only_in_what_is_given_back() -> None:
    module = image_net().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    weights = drawn(module, 1)
    kept = {name: value.clone() for name, value in weights.items()}
    fresh = reestimate(module, weights, examples(10), batch=4)
    changed = {name for name in weights if not torch.equal(fresh[name], weights[name])}
    assert changed == {"1.running_mean", "1.running_var", "5.running_mean", "5.running_var"}
    assert all(fresh[name] is weights[name] for name in weights if name not in changed)
    assert list(fresh) == list(weights)
    assert fresh["1.num_batches_tracked"] == 1
    assert all(torch.equal(weights[name], value) for name, value in kept.items())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(layer.training for layer in module.modules())
    assert (module[1].momentum, module[5].momentum) == (0.1, None)
    assert not module[1]._forward_pre_hooks


def test_no_dropout_and_no_momentum_is_left_in_them() -> None:
    module = image_net()
    x = examples(12)
    first, second = drawn(module, 1), drawn(module, 1)
    second["1.running_mean"] += 100
    second["5.running_var"] *= 7
    torch.manual_seed(1)
    one = reestimate(module, first, x, batch=5)
    torch.manual_seed(2)
    assert all(torch.equal(one[name], value) for name, value in reestimate(module, second, x, batch=5).items())


def test_the_statistics_of_an_interpolated_network_are_stale_until_they_are_made_again() -> None:
    """The trap: interpolating the statistics of two networks gives those of neither, nor of the one between."""
    module = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
    x = torch.randn(400, 6, generator=torch.Generator().manual_seed(2)) + 1
    a = reestimate(module, drawn(module, 1), x)
    flipped = {"0.weight": -a["0.weight"], "0.bias": -a["0.bias"]}
    b = reestimate(module, a | flipped, x)
    middle = interpolate(a, b, 0.25)
    fresh = reestimate(module, middle, x)
    network = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5)).eval()

    def spread(weights: dict[str, Tensor]) -> Tensor:
        network.load_state_dict({name: value for name, value in weights.items() if name[0] in "01"})
        with torch.no_grad():
            return ((network(x) - weights["1.bias"]) / weights["1.weight"]).std(0)

    torch.testing.assert_close(spread(a), torch.ones(5), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(spread(fresh), torch.ones(5), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(spread(middle), torch.full((5,), 0.5), rtol=1e-2, atol=1e-2)


def test_a_layer_used_twice_has_the_statistics_of_both_uses() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(2)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(x) + self.norm(x + 4)

    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(2))
    module = Twice()
    fresh = reestimate(module, module.state_dict(), x)
    torch.testing.assert_close(fresh["norm.running_mean"], torch.cat([x, x + 4]).mean(0))
    torch.testing.assert_close(fresh["norm.running_var"], torch.cat([x, x + 4]).var(0))


def test_instance_norm_averages_its_examples() -> None:
    norm = nn.InstanceNorm1d(3, track_running_stats=True, momentum=1.0)
    x = torch.randn(6, 3, 9, generator=torch.Generator().manual_seed(2))
    fresh = reestimate(norm, norm.state_dict(), x, batch=2)
    norm.train()(x)  # with a momentum of one, PyTorch keeps exactly what it saw last
    torch.testing.assert_close(fresh["running_mean"], norm.running_mean)
    torch.testing.assert_close(fresh["running_var"], norm.running_var)


def test_a_module_without_them_gives_the_weights_back() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.BatchNorm1d(2, track_running_stats=False))
    weights = module.state_dict()
    fresh = reestimate(module, weights, torch.zeros(2, 2))
    assert fresh.keys() == weights.keys()
    assert all(fresh[name] is value for name, value in weights.items())


def test_examples_may_be_token_ids() -> None:
    """Embeddings take integers; what stands behind them has statistics like any other."""
    table = nn.Embedding(7, 3)
    module = nn.Sequential(table, nn.Flatten(), nn.BatchNorm1d(6))
    ids = torch.arange(20).reshape(10, 2) % 7
    fresh = reestimate(module, module.state_dict(), ids)
    torch.testing.assert_close(fresh["2.running_mean"], table.weight.detach()[ids].flatten(1).mean(0))
    bare = nn.Sequential(table, nn.Flatten())
    assert reestimate(bare, bare.state_dict(), ids).keys() == bare.state_dict().keys()


def test_one_example_has_no_spread() -> None:
    norm = nn.BatchNorm1d(2)
    with pytest.raises(RequestError, match="at least 2 examples, and batches of at least 2; got 1 and 500"):
        reestimate(norm, norm.state_dict(), torch.zeros(1, 2))
    with pytest.raises(RequestError, match="got 5 and 1"):
        reestimate(norm, norm.state_dict(), torch.zeros(5, 2), batch=1)
