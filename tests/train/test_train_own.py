"""Optimisers of one's own: what they are given, that they go on exactly, and what is told of mistakes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import foreign
from cases import BY_NAME, Case, Snapshots, bits, distance, raw, resumed, train
from whether.errors import RequestError, WhetherError, WorkError
from whether.recipe import own_optimizer, sgd
from whether.seeds import Seed
from whether.train.checkpoint import decode_checkpoint, encode_checkpoint

DENSE = replace(BY_NAME["own-optimiser"], density=None)


def by(name: str, lr: float = 0.05, **options: float) -> Case:
    return DENSE.but(optimizer=own_optimizer(f"foreign:{name}", lr, **options))


@pytest.mark.parametrize("density", [None, 0.5])
def test_pytorchs_sgd_by_ones_own_function_is_the_built_in_one(density: float | None) -> None:
    own, built = (
        replace(case, density=density) for case in (by("momentum"), DENSE.but(optimizer=sgd(0.05, momentum=0.9)))
    )
    found, expected = train(own, own.replicas(3)), train(built, built.replicas(3))
    for place in range(3):
        mine, theirs = found[place, own.total], expected[place, own.total]
        assert distance(mine.weights, theirs.weights) < 1e-6
        for name, mask in (theirs.masks or {}).items():
            assert not mine.weights[name][~mask].any()


def test_it_goes_on_from_bytes_as_if_it_had_never_stopped() -> None:
    case, kept = BY_NAME["own-optimiser"], Snapshots()
    replica = case.replica(1)
    expected = train(case, [replica], kept=kept)[0, case.total]
    assert set(kept[0, 2].optimizer) >= {"count", "plain:seen/1.weight", "plain:scale/1.weight", "largest/1.weight"}
    for step in range(1, case.total):
        back = decode_checkpoint(encode_checkpoint(kept[0, step], "here"), "here")
        assert back is not None
        assert bits(train(case, [resumed(replica, back)])[0, case.total]) == bits(expected)
        forgetful = replace(back, optimizer={"count": back.optimizer["count"]})
        assert bits(train(case, [resumed(replica, forgetful)])[0, case.total]) != bits(expected)


def test_what_it_draws_follows_from_the_networks_seed_and_the_step() -> None:
    case = by("drawing", decay=0.0).but(batch=193, total="1it")  # one batch of everything: noise alone differs
    replica = case.replica(1)
    same = train(case, [replica, replica])
    other = train(case, [replace(replica, order=Seed(99))])
    assert raw(same[0, 1].weights) == raw(same[1, 1].weights) != raw(other[0, 1].weights)


def test_it_is_given_the_weights_themselves_in_their_own_shapes() -> None:
    foreign.SEEN.clear()
    case = by("looking_optimiser")
    replica = case.replica(1)
    train(case, [replica])
    expected = [(tuple(value.shape), float(value.abs().sum())) for value in replica.weights.values()]
    assert [shape for shape, _ in foreign.SEEN] == [shape for shape, _ in expected]
    assert [size for _, size in foreign.SEEN] == pytest.approx([size for _, size in expected])


def test_who_is_let_go_leaves_the_others_their_memory() -> None:
    case = by("momentum")
    expected = bits(train(case, [case.replica(2)])[0, case.total])
    found = train(case, [case.replica(1, stops=(2,)), case.replica(2)])
    assert bits(found[1, case.total]) == expected


def test_where_masks_change_it_forgets_what_went_and_what_came() -> None:
    case = replace(BY_NAME["rigl-held-and-own"], held=None)
    replica = case.replica(1, stops=range(1, case.total + 1))
    found = train(case, [replica])
    moved = 0
    for step in range(2, case.total):
        before, after = found[0, step - 1], found[0, step]
        assert before.masks is not None
        assert after.masks is not None
        for name, mask in after.masks.items():
            new = ~(mask & before.masks[name])
            moved += int((mask & ~before.masks[name]).sum())
            assert not after.weights[name][new].any()
            assert not after.optimizer[f"momentum_buffer/{name}"][new].any()
            assert after.optimizer[f"momentum_buffer/{name}"].any()
    assert moved > 0


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("no_optimiser", RequestError, r"optimizer 'foreign:no_optimiser' gave a dict; expected a torch\.optim\.Opt"),
        ("optimiser_of_copies", RequestError, "holds none of the tensors that it was given, and would move nothing"),
        ("needy_optimiser", WorkError, "the optimizer 'foreign:needy_optimiser' failed: TypeError: .*'power'"),
        (
            "failing_optimiser",
            WorkError,
            "the optimizer 'foreign:failing_optimiser' failed: ZeroDivisionError: no step",
        ),
        ("wordy_optimiser", RequestError, "remembers a str as 'said' of a tensor; expected tensors and numbers"),
    ],
)
def test_mistakes_are_told(name: str, kind: type[WhetherError], told: str) -> None:
    case = by(name)
    state = torch.get_rng_state()
    with pytest.raises(kind, match=told):
        train(case, [case.replica(1)])
    assert torch.equal(torch.get_rng_state(), state)
