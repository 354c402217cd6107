"""The pack computes what the plain loop computes, and writes the gradients that autograd finds."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cases import ALL, BY_NAME, CASES, DIGITS, XOR, Case, bits, distance, train
from whether.data.cards import Data
from whether.plan.width import pack_key
from whether.recipe import Recipe, adam, sgd
from whether.train.chain import Chain
from whether.train.loop import batch, train_one
from whether.train.pack import Watch, train_pack
from whether.train.replica import Named, Replica

CLOSE = 1e-6  # other orders of summation in float32; most cases lie as close


def by_the_loop(case: Case, replica: Replica, until: int) -> tuple[Named, list[float]]:
    return train_one(copy.deepcopy(case.module()), replace(replica, stops=(until,)), case.tensors)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_pack_is_the_loop_after_every_step(case: Case) -> None:
    replicas = case.but(evaluate="1it").replicas(3, stops=range(1, case.total + 1))
    found = train(case, replicas)
    for place, replica in enumerate(replicas):
        for step in range(1, case.total + 1):
            expected, losses = by_the_loop(case, replica, step)
            snapshot = found[place, step]
            got = {name: value for name, value in expected.items() if name in snapshot.weights}
            assert distance(got, snapshot.weights) < case.close
        recorded = snapshot.curves.values["train loss"][1:]
        assert recorded == pytest.approx(losses, abs=case.close)
        moved = {name: replica.weights[name] for name in snapshot.weights}
        assert distance(moved, snapshot.weights) > 1e-4, "nothing was trained"


@pytest.mark.parametrize("name", ["plain-sgd", "momentum-keeps-the-last-batch", "conv-batchnorm"])
def test_a_whole_short_run_agrees(name: str) -> None:
    case = BY_NAME[name].but(total="60it", evaluate="60it")
    replica = case.replica(4)
    expected, losses = by_the_loop(case, replica, 60)
    snapshot = train(case, [case.replica(9), replica])[1, 60]
    assert distance(expected, snapshot.weights) < 1e-4
    assert snapshot.curves.values["train loss"][-1] == pytest.approx(sum(losses) / 60, abs=1e-5)


@given(
    widths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    size=st.integers(1, 70),
    data=st.sampled_from([XOR, DIGITS, ALL]),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=15, deadline=None)
def test_any_perceptron_takes_the_loops_step(widths: list[int], size: int, data: Data, seed: int) -> None:
    name = "mlp-" + "-".join(map(str, widths))
    recipe = Recipe(optimizer=sgd(0.1), total="1it", batch=size, last_batch="keep")
    case = Case(name=name, model=name, data=data, recipe=recipe)
    replica = case.replica(seed)
    expected, _ = by_the_loop(case, replica, 1)
    found = train(case, [case.replica(1), replica])
    assert distance(expected, found[1, 1].weights) < CLOSE
    assert bits(found[1, 1]) == bits(train(case, [replica])[0, 1])


@pytest.mark.parametrize("widths", ["1", "5-1-3", "16", "17-40"])
def test_the_written_out_gradient_is_autograds_in_double_precision(widths: str) -> None:
    case = Case(
        name=widths, model=f"mlp-{widths}", data=DIGITS, recipe=Recipe(optimizer=sgd(1.0), total="1it", batch=37)
    )
    module = case.module()
    chain = Chain(module)
    replicas = [case.replica(seed) for seed in (1, 2, 3)]
    weights = torch.zeros(3, chain.layout.size)
    for place, replica in enumerate(replicas):
        chain.layout.fill(weights[place], replica.weights)
    x, y = case.tensors.x_train[:111].reshape(3, 37, 1, 8, 8), case.tensors.y_train[:111].reshape(3, 37)
    into = torch.full_like(weights, 3.0)
    flat = torch.stack([chain.inputs(part) for part in x])
    loss, right = chain.gradient(weights, into, flat, y, 0)
    for place, replica in enumerate(replicas):
        exact = copy.deepcopy(module).double()
        exact.load_state_dict(replica.weights)
        logits = exact(x[place].double())
        expected = nn.functional.cross_entropy(logits, y[place])
        torch.autograd.backward(expected)
        got = chain.layout.take(into[place])
        for name, parameter in exact.named_parameters():
            assert parameter.grad is not None
            assert float((got[name] - parameter.grad).abs().max()) < 2e-6
        assert float(loss[place]) == pytest.approx(expected.item(), rel=1e-6)
        assert int(right[place]) == int((logits.argmax(1) == y[place]).sum())
    chain.layout.fill(weights[0], dict.fromkeys(replicas[0].weights, torch.zeros(())))
    assert not chain.gradient(weights, into, flat, y, 0)[0].isnan().any()


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("mlp-3", True),
        ("foreign:perceptron", True),
        ("foreign:deep", True),
        ("foreign:dropout", False),
        ("foreign:conv_batchnorm", False),
        ("foreign:odd", False),
        ("foreign:hooked", False),
        ("foreign:frozen", False),
    ],
)
def test_only_plain_chains_take_the_written_out_step(name: str, fits: bool) -> None:
    recipe = Recipe(optimizer=sgd(0.1, weight_decay=0.1), total="2it", batch=20)
    case = Case(name=name, model=name, data=DIGITS, recipe=recipe)
    assert Chain.fits(case.module()) is fits
    snapshot = train(case, [case.replica(3)])[0, 2]
    expected, _ = by_the_loop(case, case.replica(3), 2)
    assert distance({n: expected[n] for n in snapshot.weights}, snapshot.weights) < CLOSE


def test_shared_and_reshaped_layers_are_no_plain_chain() -> None:
    layer = nn.Linear(4, 4)
    assert not Chain.fits(nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer))
    assert not Chain.fits(nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False)))
    assert not Chain.fits(nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU()))
    assert not Chain.fits(nn.Sequential(nn.Linear(4, 4)))
    assert Chain.fits(nn.Sequential(nn.Flatten(), nn.Linear(4, 4)))


def test_what_asks_for_no_gradient_stays() -> None:
    case = BY_NAME["odd-module"]
    replica = case.replica(1)
    snapshot = train(case, [replica])[0, case.total]
    for name in ("fixed.weight", "fixed.bias"):
        masks = replica.masks or {}
        begun = replica.weights[name].where(masks[name], 0.0) if name in masks else replica.weights[name]
        assert torch.equal(snapshot.weights[name], begun)
    assert "again.weight" not in snapshot.weights, "a shared weight has one name"
    assert not any(key.endswith(("fixed.weight", "seen")) for key in snapshot.optimizer)
    assert snapshot.weights["seen"].abs().sum() > 0, "statistics that the module replaces are kept"


@pytest.mark.parametrize("keep", ["keep", "drop"])
def test_an_epoch_sees_every_row_once_and_each_epoch_in_another_order(keep: str) -> None:
    recipe = Recipe(optimizer=sgd(0.1), total="3ep", batch=64, last_batch=keep)
    case = Case(name=keep, model="mlp-2", data=DIGITS, recipe=recipe)
    replica, data = case.replica(1), case.tensors
    per_epoch = replica.training.per_epoch
    assert per_epoch == {"keep": 15, "drop": 14}[keep]
    marked = replace(data, x_train=torch.arange(1200.0), y_train=torch.arange(1200))
    epochs = [[batch(replica, marked, e * per_epoch + i)[1] for i in range(per_epoch)] for e in range(3)]
    for parts in epochs:
        rows = torch.cat(parts)
        assert len(rows) == len(set(rows.tolist())) == {"keep": 900, "drop": 896}[keep]
        assert set(rows.tolist()) <= set(data.train_index.tolist())
        assert [len(part) for part in parts[:-1]] == [64] * (per_epoch - 1)
        assert len(parts[-1]) == {"keep": 4, "drop": 64}[keep]
    assert epochs[0][0].tolist() != epochs[1][0].tolist() != epochs[2][0].tolist()
    other = [batch(case.replica(2), marked, i)[1] for i in range(per_epoch)]
    assert other[0].tolist() != epochs[0][0].tolist()


def test_curves_say_what_happened() -> None:
    case = Case(
        name="curves",
        model="mlp-8",
        data=DIGITS,
        recipe=Recipe(optimizer=adam(1e-2), total="7it", batch=100, evaluate="3it"),
    )
    replica = case.replica(1)
    snapshot = train(case, [replica])[0, 7]
    curves, data = snapshot.curves, case.tensors
    assert curves.steps == [0, 3, 6, 7]
    assert curves.values["train loss"][0] is None
    assert curves.values["train accuracy"][0] is None
    assert (curves.gathered, curves.batches) == ((0.0, 0, 0), 0)
    x, y = data.x_train[data.validation_index], data.y_train[data.validation_index]
    for place, step in enumerate(curves.steps):
        weights, losses = by_the_loop(case, replica, step) if step else (replica.weights, [])
        module = copy.deepcopy(case.module())
        module.load_state_dict(weights)
        with torch.no_grad():
            logits = module.eval()(x)
        right = 100.0 * int((logits.argmax(1) == y).sum()) / 300
        assert curves.values["validation accuracy"][place] == pytest.approx(right, abs=0.4)
        expected = float(nn.functional.cross_entropy(logits, y))
        assert curves.values["validation loss"][place] == pytest.approx(expected, abs=1e-5)
        if place:
            since = losses[curves.steps[place - 1] :]
            assert curves.values["train loss"][place] == pytest.approx(sum(since) / len(since), abs=1e-5)
    assert all(0 <= value <= 100 for value in curves.values["train accuracy"][1:] if value is not None)


def test_without_validation_rows_there_is_no_validation_curve() -> None:
    case = BY_NAME["nothing-held-out"]
    curves = train(case, case.replicas(2))[1, case.total].curves
    assert set(curves.values["validation loss"]) == set(curves.values["validation accuracy"]) == {None}
    assert curves.values["train loss"][-1] is not None


def test_a_branch_in_the_midst_of_a_history_begins_its_curves_there() -> None:
    case = Case(
        name="late", model="mlp-8", data=DIGITS, recipe=Recipe(optimizer=adam(1e-2), total="8it", batch=100)
    ).but(evaluate="2it")
    snapshot = train(case, [replace(case.replica(1), step=4)])[0, 8]
    assert snapshot.curves.steps == [4, 6, 8]
    assert snapshot.curves.values["train loss"][0] is None
    off_the_grid = train(case, [replace(case.replica(1), step=3)])[0, 8]
    assert off_the_grid.curves.steps == [4, 6, 8]
    assert int(off_the_grid.optimizer["count"]) == 5


def test_progress_counts_every_step_of_every_network() -> None:
    case = BY_NAME["plain-sgd"]
    replicas = [case.replica(1), case.replica(2, stops=(3,)), case.replica(3, stops=(2, 5))]
    told: list[int] = []
    train_pack(case.module(), replicas, case.tensors, Watch(stop=lambda *_: None, progress=told.append))
    assert sum(told) == 8 + 3 + 5


def test_seconds_are_shares_and_go_on_after_a_stop() -> None:
    case = BY_NAME["plain-sgd"]
    found = train(case, [replace(replica, seconds=100.0) for replica in case.replicas(3, stops=(2, 8))])
    for place in range(3):
        assert 100.0 < found[place, 2].seconds < found[place, 8].seconds < 110.0


def test_only_networks_that_share_shapes_and_data_go_in_one_pack() -> None:
    case = BY_NAME["momentum-keeps-the-last-batch"]
    here = pack_key(case.training)
    assert pack_key(case.but(lr=7.0).training) == here
    assert pack_key(case.but(optimizer=sgd(1.0, momentum=0.9, weight_decay=0.5)).training) == here
    assert pack_key(case.but(schedule=BY_NAME["adamw-whole-set"].recipe.schedule).training) == here
    for changed in (
        case.but(optimizer=sgd(0.05, momentum=0.8, weight_decay=1e-2)),
        case.but(optimizer=adam(0.05)),
        case.but(batch=64),
        case.but(total="11it"),
        case.but(last_batch="drop"),
        case.but(evaluate="1it"),
        replace(case, data=Data(name="digits", split_seed=5)),
        case.but(asserts=("foreign:says_nothing",)),
    ):
        assert pack_key(changed.training) != here


def test_the_loss_at_the_start_is_near_that_of_guessing() -> None:
    case = BY_NAME["plain-sgd"]
    replica = case.but(evaluate="1it").replica(1)
    loss = train(case, [replica])[0, 8].curves.values["train loss"][1]
    assert loss == pytest.approx(math.log(10), rel=0.5)
