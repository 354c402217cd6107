"""What a step may not do: masks that hold or change as their plan says, held weights, gradients that are cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from cases import BY_NAME, CASES, FEW, Case, Snapshots, bits, raw, train, zero_bits
from whether.data import augment
from whether.prune.densities import by_layer
from whether.prune.dynamic import changes_at, cubic_density
from whether.recipe import adam, adamw, own_optimizer, sgd
from whether.seeds import Stream
from whether.sparsify import gradual, rigl, set_
from whether.train.batches import Batches
from whether.train.bounds import Bounds
from whether.train.layout import Layout

CHANGING = [case for case in CASES if case.recipe.sparsify is not None]
HELD = [case for case in CASES if case.held is not None and case.recipe.sparsify is None]
PLANS = {
    "gradual": gradual(0.3, begin="0it", end="5it", every="2it", scope="layer"),
    "set": set_(0.3, every="1it", layers="uniform"),
    "rigl": rigl(0.3, every="2it", end="100%"),
}
OPTIMIZERS = {
    "sgd": sgd(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": adam(0.01, weight_decay=0.1),
    "adamw": adamw(0.01, weight_decay=0.5),
    "own": own_optimizer("foreign:drawing", 0.1, decay=0.1),
}


def every_step(case: Case, count: int = 2) -> Snapshots:
    return train(case, case.replicas(count, stops=range(1, case.total + 1)))


def counts(masks: dict[str, Tensor] | None) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in sorted((masks or {}).items())}


def check_zero_where_nothing_is(found: Snapshots) -> None:
    for snapshot in found.values():
        assert snapshot.masks
        for name, mask in snapshot.masks.items():
            assert zero_bits(snapshot.weights[name][~mask])


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_masks_hold_after_every_step_of_every_method(plan: str, optimizer: str) -> None:
    base = BY_NAME["set-random-exchange"].but(total="6it", sparsify=PLANS[plan])
    check_zero_where_nothing_is(every_step(base.but(optimizer=OPTIMIZERS[optimizer])))


@pytest.mark.parametrize("case", CHANGING, ids=str)
def test_sparsity_is_the_plans_to_the_weight_at_every_step(case: Case) -> None:
    found = every_step(case)
    plan: Any = case.training.sparsify
    shapes = {name: tuple(case.replica(1).weights[name].shape) for name in case.replica(1).prunable}
    places = sum(torch.Size(shape).numel() for shape in shapes.values())
    changed = 0
    for (place, step), snapshot in found.items():
        before = found[place, step - 1].masks if step > 1 else None
        if plan["name"] == "gradual":
            last = max((at for at in range(step + 1) if changes_at(plan, at)), default=0)
            density = cubic_density(last, plan["begin"], plan["end"], plan["density"]) if last else 1
            assert sum(counts(snapshot.masks).values()) == round(density * places)
            assert all(bool((mask <= (before or {}).get(name, mask)).all()) for name, mask in snapshot.masks.items())
        else:
            assert counts(snapshot.masks) == dict(sorted(by_layer(plan["layers"], shapes, plan["density"]).items()))
        if before is not None and raw(before) != raw(snapshot.masks or {}):
            assert changes_at(plan, step)
            changed += 1
    assert changed > 2
    check_zero_where_nothing_is(found)


def test_two_networks_of_a_pack_have_random_places_of_their_own() -> None:
    case = BY_NAME["set-random-exchange"]
    found = train(case, [case.replica(1, stops=(1,)), case.replica(2, stops=(1,)), case.replica(1, stops=(1,))])
    first, second, again = (raw(found[place, 1].masks or {}) for place in range(3))
    assert first == again != second


def test_a_mask_that_is_worn_is_what_a_course_of_sparsity_goes_on_with() -> None:
    case = BY_NAME["gradual-pruning"]
    replica = case.replica(1, stops=(1,))
    worn = {
        name: torch.arange(replica.weights[name].numel()).reshape(replica.weights[name].shape) % 2 == 0
        for name in reversed(replica.prunable)
    }
    masks = train(case, [replace(replica, masks=worn)])[0, 1].masks
    assert masks is not None
    assert list(masks) == list(replica.prunable), "the order of layers, which decides ties, is not that of a file"
    assert raw(masks) == raw(worn)


def test_a_network_that_diverges_between_two_changes_keeps_nobody() -> None:
    case = BY_NAME["set-random-exchange"].but(evaluate="7it", total="7it")
    expected = bits(train(case, [case.replica(1)])[0, 7])
    found = train(case, [case.replica(5, optimizer=adam(1e38)), case.replica(1)])
    assert found[0, 7].outcome == "diverged"
    assert bits(found[1, 7]) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("case", HELD, ids=str)
def test_what_is_held_never_changes_and_statistics_go_on(case: Case, optimizer: str) -> None:
    case = case.but(optimizer=OPTIMIZERS[optimizer])
    replicas = case.replicas(2, stops=range(1, case.total + 1))
    for (place, _), snapshot in train(case, replicas).items():
        replica = replicas[place]
        assert replica.trains is not None
        for name, trains in replica.trains.items():
            begun, now = replica.weights[name], snapshot.weights[name]
            exists = (replica.masks or {}).get(name, torch.ones_like(trains))
            assert torch.equal(now[~trains & exists], begun[~trains & exists])
            if (trains & exists).any():
                assert not torch.equal(now[trains & exists], begun[trains & exists])
        for name in [name for name in snapshot.weights if name.endswith(("running_mean", "running_var"))]:
            assert not torch.equal(snapshot.weights[name], replica.weights[name])


def test_momentum_from_before_does_not_move_what_is_held() -> None:
    case = replace(BY_NAME["held-batchnorm"], held=None)
    before = train(case, [case.replica(1)])[0, case.total]
    replica = replace(BY_NAME["held-batchnorm"].replica(1), weights=before.weights, optimizer=before.optimizer)
    assert any(value.abs().sum() > 0 for name, value in before.optimizer.items() if name.startswith("momentum/0."))
    after = train(case, [replica])[0, case.total]
    for name in ("0.weight", "5.weight", "5.bias"):
        assert torch.equal(after.weights[name], before.weights[name])


@given(st.integers(0, 2**32), st.floats(-6, 6), st.floats(0.01, 10.0), st.booleans())
def test_clipping_is_pytorchs(seed: int, scale: float, clip: float, sparse: bool) -> None:
    shapes = {"a": (3, 5), "b": (7,)}
    layout = Layout.of(shapes, padded=True)
    case = BY_NAME["plain-sgd"].but(clip=clip)
    generator = torch.Generator().manual_seed(seed)
    values = [
        {name: torch.randn(shape, generator=generator) * 10**scale for name, shape in shapes.items()} for _ in range(2)
    ]
    mask = {"a": torch.rand(3, 5, generator=generator) < 0.5} if sparse else None
    replicas = [replace(case.replica(1), weights=own, masks=mask) for own in values]
    rows = torch.zeros(2, layout.size)
    for row, own in zip(rows, values, strict=True):
        layout.fill(row, own)
    Bounds(layout, replicas, torch.zeros_like(rows)).limit(rows)
    for row, own in zip(rows, values, strict=True):
        parameters = [nn.Parameter(torch.zeros(shape)) for shape in shapes.values()]
        for (name, gradient), parameter in zip(own.items(), parameters, strict=True):
            parameter.grad = gradient.where((mask or {}).get(name, torch.ones_like(gradient).bool()), 0.0)
        nn.utils.clip_grad_norm_(parameters, clip)
        for (name, got), parameter in zip(layout.take(row).items(), parameters, strict=True):
            there = (mask or {}).get(name, torch.ones_like(got).bool())
            assert parameter.grad is not None
            assert torch.allclose(got[there], parameter.grad[there], rtol=1e-5, atol=0)


def test_a_gradient_that_is_short_enough_keeps_its_bits() -> None:
    case = BY_NAME["plain-sgd"]
    loose = case.but(clip=1e6)
    assert raw(train(case, [case.replica(1)])[0, 8].weights) == raw(train(loose, [loose.replica(1)])[0, 8].weights)


@pytest.mark.parametrize("name", ["augmented-mlp", "lenet-5-augmented"])
def test_each_network_sees_crops_of_its_own_and_the_same_ones_alone(name: str) -> None:
    case = BY_NAME[name]
    data, first, second = case.tensors, case.replica(1), case.replica(2)
    second = replace(second, order=first.order.seed("other"))
    whole = case.but(batch=len(data.train_index)).training  # one batch of everything: only augmentation differs
    pair = [replace(replica, training=whole) for replica in (first, second)]
    together, alone = Batches(pair, data, lambda x: x), Batches(pair[:1], data, lambda x: x)
    seen = [together.at(step)[0].clone() for step in range(2)]
    assert not torch.equal(seen[0][0], seen[0][1])
    assert not torch.equal(seen[0][0], seen[1][0]), "each epoch has draws of its own"
    for step in range(2):
        assert torch.equal(alone.at(step)[0][0], seen[step][0])
    words, shape = whole.augment, data.card.shape
    drawn = augment.draws(Stream(first.order, "augmentation"), len(data.train_index), 0, words, shape)
    own = {kind: torch.from_numpy(values) for kind, values in drawn.items()}
    assert together.black is not None
    assert torch.equal(augment.plain(data.x_train[data.train_index], own, words, together.black), seen[0][0])


def test_validation_images_are_never_augmented() -> None:
    case = BY_NAME["augmented-mlp"].but(optimizer=sgd(0.0), evaluate="1it")
    curves = train(case, [case.replica(1)])[0, case.total].curves.values["validation loss"]
    assert len(set(curves)) == 1
    assert case.data == FEW
