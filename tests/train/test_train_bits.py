"""On a CPU the bits of a network depend on its history alone: not on company, place, threads, stops or the world."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cases import BY_NAME, CASES, Case, Snapshots, bits, raw, resumed, threads, train, zero_bits
from whether.recipe import adam, sgd
from whether.seeds import Seed
from whether.train.checkpoint import decode_checkpoint, encode_checkpoint

each_case = pytest.mark.parametrize("case", CASES, ids=str)


_alone: dict[str, list[dict[str, Any]]] = {}


def alone(case: Case) -> list[dict[str, Any]]:
    """What each of three networks becomes by itself, on one thread."""
    if case.name not in _alone:
        with threads(1):
            _alone[case.name] = [bits(train(case, [replica])[0, case.total]) for replica in case.replicas(3)]
    return _alone[case.name]


@each_case
@pytest.mark.parametrize(
    ("places", "on"),
    [([2, 0, 1], 2), ([1], 2), ([2, 1], 1)],
    ids=["permuted", "lone", "pair"],
)
def test_bits_do_not_depend_on_width_companions_place_or_threads(case: Case, places: list[int], on: int) -> None:
    expected = alone(case)
    replicas = case.replicas(3)
    with threads(on):
        found = train(case, [replicas[index] for index in places])
        assert torch.get_num_threads() == on
    for place, index in enumerate(places):
        assert bits(found[place, case.total]) == expected[index]
    assert len({str(weights["weights"]) for weights in expected}) == 3, "the networks are not told apart"


@pytest.mark.parametrize("on", [2, 3])
def test_a_wide_pack_has_the_bits_of_its_members(on: int) -> None:
    case = BY_NAME["deep"]
    replicas = [case.replica(seed) for seed in range(40)]
    with threads(on):
        found = train(case, replicas)
    for place in (0, 13, 39):
        with threads(1):
            assert bits(train(case, [replicas[place]])[0, case.total]) == bits(found[place, case.total])


@pytest.mark.parametrize("rows", [1, 3, 5, 9, 11, 15, 33, 63])
def test_few_rows_make_the_same_sums_alone_and_in_company(rows: int) -> None:
    case = BY_NAME["seven-rows"].but(batch=rows, total="2it")
    replica = case.replica(1)
    with threads(2):
        lone = bits(train(case, [replica])[0, 2])
        assert lone == bits(train(case, [case.replica(2), replica])[1, 2])


@pytest.mark.parametrize("name", ["momentum-keeps-the-last-batch", "adam-at-five-per-cent", "much-held-out"])
def test_who_ends_earlier_leaves_the_others_as_they_are(name: str) -> None:
    case = BY_NAME[name]
    last = case.total
    expected = alone(case)
    stops = [(2, last), (3,), (last,)]
    replicas = [replace(replica, stops=own) for replica, own in zip(case.replicas(3), stops, strict=True)]
    found = train(case, replicas)
    assert sorted(found) == [(0, 2), (0, last), (1, 3), (2, last)]
    assert bits(found[0, last]) == expected[0]
    assert bits(found[2, last]) == expected[2]


@each_case
def test_going_on_is_never_having_stopped(case: Case) -> None:
    middle = case.total // 2
    expected = train(case, case.replicas(3))
    stopped = train(case, case.replicas(3, stops=(middle, case.total)))
    replicas = [resumed(replica, stopped[place, middle]) for place, replica in enumerate(case.replicas(3))]
    going_on = train(case, replicas[1:])
    for place in range(3):
        assert bits(stopped[place, case.total]) == bits(expected[place, case.total])
    assert bits(going_on[0, case.total]) == bits(expected[1, case.total])
    assert bits(going_on[1, case.total]) == bits(expected[2, case.total])


@each_case
def test_any_checkpoint_leads_to_the_same_end(case: Case) -> None:
    replicas = case.replicas(2)
    kept: Snapshots = {}
    expected = train(case, replicas, kept=kept)
    assert {step for _, step in kept} == set(range(1, case.total))
    for step in range(1, case.total):
        again = []
        for place, replica in enumerate(replicas):
            snapshot = decode_checkpoint(encode_checkpoint(kept[place, step], "here"), "here")
            assert snapshot is not None
            assert bits(snapshot) == bits(kept[place, step])
            again.append(resumed(replica, snapshot))
        found = train(case, again[::-1])
        assert bits(found[1, case.total]) == bits(expected[0, case.total])
        assert bits(found[0, case.total]) == bits(expected[1, case.total])


@pytest.mark.parametrize("case", [case for case in CASES if case.density is not None], ids=str)
def test_masked_weights_are_zero_to_the_bit_after_every_step(case: Case) -> None:
    found = train(case, case.replicas(3, stops=range(1, case.total + 1)))
    for (place, _), snapshot in found.items():
        masks = case.replicas(3)[place].masks
        assert masks is not None
        assert raw(snapshot.masks or {}) == raw(masks)
        for name, mask in masks.items():
            assert zero_bits(snapshot.weights[name][~mask])
            assert (snapshot.weights[name][mask] != 0).float().mean() > 0.9


@pytest.mark.parametrize(
    "optimizer",
    [sgd(0.1, momentum=0.9, weight_decay=0.1), adam(0.01, weight_decay=0.1)],
    ids=lambda optimizer: optimizer.name,
)
def test_a_mask_holds_although_momentum_was_kept_from_before_it(optimizer: Any) -> None:
    dense = replace(BY_NAME["deep"], density=None).but(optimizer=optimizer)
    masked = BY_NAME["deep"].but(optimizer=optimizer)
    trained = train(dense, [dense.replica(1)])[0, dense.total]
    replica = replace(
        masked.replica(1, stops=range(1, 7)), weights=trained.weights, optimizer=trained.optimizer, step=0
    )
    found = train(masked, [replica])
    for snapshot in found.values():
        for name, mask in (replica.masks or {}).items():
            assert zero_bits(snapshot.weights[name][~mask])


@each_case
def test_a_diverging_network_is_an_outcome_and_leaves_its_neighbours_alone(case: Case) -> None:
    expected = alone(case)
    wild = case.replica(5, optimizer=replace(case.recipe.optimizer, lr=1e38))
    replicas = case.replicas(3)
    found = train(case, [replicas[0], wild, replicas[1], replicas[2]])
    for place, index in ((0, 0), (2, 1), (3, 2)):
        assert bits(found[place, case.total]) == expected[index]
    (lost,) = [snapshot for (place, _), snapshot in found.items() if place == 1]
    assert lost.outcome == "diverged"
    assert 1 <= lost.step <= case.total
    assert (lost.weights, lost.optimizer) == ({}, {})
    assert all(step < lost.step for step in lost.curves.steps)
    for name, values in lost.curves.values.items():
        assert all(value is None or np.isfinite(value) for value in values), name


def test_a_network_is_found_to_have_diverged_at_a_stop_between_two_looks() -> None:
    case = BY_NAME["plain-sgd"].but(evaluate="8it")
    wild = case.replica(5, stops=(1, 4, 8), lr=1e30)
    found = train(case, [wild, case.replica(1)])
    assert {key: snapshot.outcome for key, snapshot in found.items()} == {
        (0, 1): "done",
        (0, 4): "diverged",
        (1, 8): "done",
    }


def test_one_is_lost_and_another_ends_at_the_same_stop() -> None:
    case = BY_NAME["plain-sgd"].but(evaluate="8it")
    wild, ends, goes_on = case.replica(5, stops=(4, 8), lr=1e30), case.replica(1, stops=(4,)), case.replica(2)
    found = train(case, [wild, ends, goes_on])
    assert {key: snapshot.outcome for key, snapshot in found.items()} == {
        (0, 4): "diverged",
        (1, 4): "done",
        (2, 8): "done",
    }
    assert bits(found[1, 4]) == bits(train(case, [ends])[0, 4])
    assert bits(found[2, 8]) == bits(train(case, [goes_on])[0, 8])


def test_a_pack_may_diverge_as_a_whole() -> None:
    case = BY_NAME["plain-sgd"]
    found = train(case, [case.replica(seed, lr=1e30) for seed in (1, 2)])
    assert [snapshot.outcome for snapshot in found.values()] == ["diverged"] * 2


def test_no_checkpoint_is_kept_of_a_network_that_is_lost() -> None:
    case = BY_NAME["plain-sgd"].but(evaluate="8it")
    kept: Snapshots = {}
    train(case, [case.replica(5, lr=1e30), case.replica(1)], kept=kept)
    assert max(step for place, step in kept if place == 0) < 4
    assert max(step for place, step in kept if place == 1) == 7


def test_a_network_that_is_infinite_from_the_start_has_diverged_at_the_start() -> None:
    case = BY_NAME["plain-sgd"]
    spoilt = case.replica(1)
    spoilt.weights["1.weight"][0, 0] = float("nan")
    found = train(case, [spoilt, case.replica(2)])
    assert found[0, 0].outcome == "diverged"
    assert bits(found[1, 8]) == bits(train(case, [case.replica(2)])[0, 8])


@each_case
def test_global_generators_are_neither_read_nor_moved(case: Case) -> None:
    ends = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        before = torch.get_rng_state().tolist(), str(np.random.get_state())
        ends.append(bits(train(case, [case.replica(3)])[0, case.total]))
        assert (torch.get_rng_state().tolist(), str(np.random.get_state())) == before
    assert ends[0] == ends[1]


def test_pythons_generator_is_not_moved_either() -> None:
    """In a process of its own: the checks of shapes that run in this one draw from it."""
    text = (
        "import random, cases\n"
        "for case in cases.CASES:\n"
        "    before = random.getstate()\n"
        "    cases.train(case, [case.replica(3)])\n"
        "    assert random.getstate() == before, case.name\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True, cwd=Path(__file__).parents[1], timeout=60)


@each_case
def test_the_mode_of_the_world_changes_nothing(case: Case) -> None:
    expected = bits(train(case, [case.replica(3)])[0, case.total])
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert bits(train(case, [case.replica(3)])[0, case.total]) == expected
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", ["dropout", "odd-module"])
def test_noise_is_keyed_by_the_networks_order_and_the_step(name: str) -> None:
    case = BY_NAME[name].but(batch=193, optimizer=sgd(0.1), total="3it")  # one batch of everything: noise alone differs
    replica = case.replica(1, stops=(1,))
    same = train(case, [replica, replace(replica)])
    other = train(case, [replace(replica, order=Seed(99))])
    later = train(case, [replace(replica, step=1, stops=(2,))])
    assert raw(same[0, 1].weights) == raw(same[1, 1].weights)
    assert raw(other[0, 1].weights) != raw(same[0, 1].weights)
    assert raw(later[0, 2].weights) != raw(same[0, 1].weights)


def test_without_noise_and_with_one_batch_order_and_step_are_of_no_consequence() -> None:
    case = BY_NAME["own-perceptron"].but(batch=900, optimizer=sgd(0.1), total="3it")
    replica = case.replica(1, stops=(1,))
    other = train(case, [replace(replica, order=Seed(99))])
    later = train(case, [replace(replica, step=1, stops=(2,))])
    assert raw(other[0, 1].weights) == raw(later[0, 2].weights) == raw(train(case, [replica])[0, 1].weights)


@pytest.mark.parametrize("change", ["lr", "weight_decay", "schedule"])
def test_rates_and_decays_differ_within_a_pack(change: str) -> None:
    case = BY_NAME["momentum-keeps-the-last-batch"]
    changes: Callable[[int], dict[str, Any]] = {
        "lr": lambda k: {"lr": 0.01 * (k + 1)},
        "weight_decay": lambda k: {"optimizer": replace(case.recipe.optimizer, weight_decay=0.1 * k)},
        "schedule": lambda k: {"schedule": CASES[k + 5].recipe.schedule},
    }[change]
    replicas = [case.replica(1, **changes(k)) for k in range(3)]
    found = train(case, replicas)
    for place, replica in enumerate(replicas):
        assert bits(found[place, case.total]) == bits(train(case, [replica])[0, case.total])
    ends = [raw(found[place, case.total].weights) for place in range(3)]
    assert all(one != next_one for one, next_one in pairwise(ends))
