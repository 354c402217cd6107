"""Optimisers and schedules of the pack are PyTorch's own, network by network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from cases import DIGITS
from whether.history.facts import Training
from whether.history.resolve import settle
from whether.recipe import Optimizer, Recipe, Schedule, adam, adamw, constant, cosine, drops, linear, sgd
from whether.train.optim import MOMENTS, PackOptimizer
from whether.train.schedule import factor

STEPS = 7


def training(optimizer: Optimizer, schedule: Schedule | None = None) -> Training:
    return settle(Recipe(optimizer=optimizer, total=f"{STEPS}it", batch=60, schedule=schedule or constant()), DIGITS)


def gradients(width: int) -> list[Tensor]:
    """The same for everybody: smooth, of both signs, small and large, some exactly zero."""
    base = torch.linspace(-3.0, 3.0, width)
    return [torch.sin(base * (step + 1)) * 10.0 ** (step - 4) * (base.abs() > 0.2) for step in range(STEPS)]


def torchs(optimizer: Optimizer, start: Tensor, rates: list[float]) -> Tensor:
    weight = nn.Parameter(start.clone())
    settings = {name: value for name, value in training(optimizer).optimizer.items() if name != "name"}
    made = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer.name](
        [weight], **settings
    )
    for rate, gradient in zip(rates, gradients(len(start)), strict=True):
        made.param_groups[0]["lr"] = rate
        weight.grad = gradient.clone()
        made.step()
    return weight.detach()


OPTIMIZERS = [
    sgd(0.1),
    sgd(0.1, weight_decay=0.05),
    sgd(0.1, momentum=0.9),
    sgd(0.1, momentum=0.9, weight_decay=0.05),
    sgd(0.1, momentum=0.7, nesterov=True, weight_decay=0.05),
    adam(0.01),
    adam(0.01, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1),
    adamw(0.01),
    adamw(0.01, weight_decay=0.3),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=[f"{o.name}-{n}" for n, o in enumerate(OPTIMIZERS)])
@pytest.mark.parametrize("schedule", [constant(), cosine(warmup="2it")], ids=["constant", "cosine"])
def test_a_pack_of_different_rates_is_torch_optim_network_by_network(optimizer: Optimizer, schedule: Schedule) -> None:
    members = [optimizer, replace(optimizer, lr=0.003), replace(optimizer, weight_decay=0.2), optimizer]
    width = 48
    start = torch.linspace(-1.0, 1.0, 4 * width).reshape(4, width).clone()
    weights, gradient = start.clone(), torch.zeros(4, width)
    pack = PackOptimizer([training(member, schedule) for member in members], weights)
    for step, now in enumerate(gradients(width)):
        gradient.copy_(now.expand(4, width))
        pack.update(weights, gradient, step)
    for place, member in enumerate(members):
        resolved = training(member, schedule)
        rates = [member.lr * factor(resolved.schedule, step, STEPS) for step in range(STEPS)]
        expected = torchs(member, start[place], rates)
        assert float((weights[place] - expected).abs().max()) < 2e-7
    assert pack.counts == [STEPS] * 4


def test_moments_are_those_that_the_optimiser_needs() -> None:
    like = torch.zeros(2, 16)
    assert PackOptimizer([training(sgd(0.1))] * 2, like).moments == {}
    for optimizer in (sgd(0.1, momentum=0.9), adam(0.1), adamw(0.1)):
        pack = PackOptimizer([training(optimizer)] * 2, like)
        assert tuple(pack.moments) == MOMENTS[optimizer.name]
        assert all(rows.shape == like.shape for rows in pack.moments.values())


def test_who_is_kept_keeps_rates_moments_and_count() -> None:
    optimizers = [adam(0.01 * (place + 1)) for place in range(3)]
    start, gradient = torch.linspace(-1.0, 1.0, 96).reshape(3, 32), torch.ones(3, 32)
    whole, weights = PackOptimizer([training(o) for o in optimizers], start), start.clone()
    parted, shrinking = PackOptimizer([training(o) for o in optimizers], start), start.clone()
    for step in range(4):
        whole.update(weights, gradient, step)
        if step == 2:
            parted.keep([2, 0])
            shrinking = shrinking[[2, 0]]
        parted.update(shrinking, gradient[: len(shrinking)].clone(), step)
    assert torch.equal(shrinking, weights[[2, 0]])
    assert torch.equal(parted.moments["exp_avg"], whole.moments["exp_avg"][[2, 0]])
    assert parted.counts == [4, 4]


def test_networks_of_different_ages_are_corrected_for_their_own_age() -> None:
    """Adam's bias correction counts the updates of a network, not the steps of its schedule."""
    like = torch.zeros(2, 16)
    pack = PackOptimizer([training(adam(0.01))] * 2, like)
    pack.counts = [0, 1000]
    pack.update(like, torch.ones(2, 16), 5)
    fresh, old = like[0, 0].item(), like[1, 0].item()
    assert fresh == pytest.approx(-0.01, rel=1e-5)
    assert old == pytest.approx(-0.01 * 0.1 / (0.001 / (1 - 0.999**1001)) ** 0.5, rel=1e-3)


def rates_of(scheduler: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return found


def plain(schedule: Schedule, total: int) -> list[float]:
    resolved = settle(Recipe(optimizer=sgd(1.0), total=f"{total}it", batch=60, schedule=schedule), DIGITS).schedule
    return [factor(resolved, step, total) for step in range(total)]


@given(total=st.integers(2, 60), data=st.data())
def test_schedules_are_pytorchs(total: int, data: st.DataObject) -> None:
    from torch.optim import lr_scheduler as torchs_own

    def fresh() -> torch.optim.Optimizer:
        return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)

    def close(schedule: Schedule, scheduler: Any) -> None:
        assert plain(schedule, total) == pytest.approx(rates_of(scheduler, total), abs=1e-9)

    warm = data.draw(st.integers(2, total))
    at = sorted(data.draw(st.sets(st.integers(1, total), max_size=4)))
    drop = data.draw(st.floats(0.01, 0.99))
    close(constant(), torchs_own.ConstantLR(fresh(), factor=1.0))
    close(constant(warmup=f"{warm}it"), torchs_own.LinearLR(fresh(), start_factor=1 / warm, total_iters=warm - 1))
    close(drops([f"{x}it" for x in at], factor=drop), torchs_own.MultiStepLR(fresh(), at, gamma=drop))
    close(cosine(), torchs_own.CosineAnnealingLR(fresh(), T_max=total))
    close(linear(), torchs_own.PolynomialLR(fresh(), total_iters=total, power=1.0))


def test_warm_up_multiplies_whatever_follows() -> None:
    warmed, bare = plain(cosine(warmup="4it"), 10), plain(cosine(), 10)
    assert warmed == pytest.approx([min(1, (step + 1) / 4) * rate for step, rate in enumerate(bare)])
    assert plain(constant(warmup="1it"), 3) == [1.0, 1.0, 1.0]
    assert warmed[0] == pytest.approx(0.25)


def test_golden_factors() -> None:
    assert plain(cosine(), 4) == pytest.approx([1.0, 0.8535533905932737, 0.5, 0.1464466094067262])
    assert plain(linear(), 4) == [1.0, 0.75, 0.5, 0.25]
    assert plain(drops(["50%"], factor=0.1), 4) == [1.0, 1.0, 0.1, 0.1]


def test_what_is_no_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="'spiral' is no schedule"):
        factor({"name": "spiral"}, 0, 10)
