"""Moments are of weights that are there, in what is kept and in what is loaded: one that comes back has no past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from cases import BY_NAME, Case, bits, raw, resumed, train, zero_bits
from whether.recipe import adam, adamw, own_optimizer, sgd
from whether.train.pack import Watch, train_pack
from whether.train.replica import Named, Replica, Snapshot

OPTIMIZERS = {
    "sgd": sgd(0.1, momentum=0.9, weight_decay=0.1),
    "adam": adam(0.01, weight_decay=0.1),
    "adamw": adamw(0.01, weight_decay=0.1),
    "own": own_optimizer("foreign:momentum", 0.1),
}
OF = {"sgd": ("momentum",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}
OF["own"] = ("momentum_buffer",)


def case(optimizer: str) -> Case:
    """Seven narrow layers of which three fifths exist."""
    return BY_NAME["deep"].but(optimizer=OPTIMIZERS[optimizer])


def trained(optimizer: str, masks: Named | None, **how: Any) -> Snapshot:
    found = case(optimizer)
    return train(found, [replace(found.replica(1), masks=masks, **how)])[0, found.total]


def moments(optimizer: str, state: Named) -> list[tuple[str, Tensor]]:
    """Of each weight that masks are of: its name and a moment."""
    masks = case(optimizer).replica(1).masks or {}
    return [(name, state[f"{moment}/{name}"]) for moment in OF[optimizer] for name in masks]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_kept_has_none_where_no_weight_is(optimizer: str) -> None:
    masks = case(optimizer).replica(1).masks or {}
    found = trained(optimizer, masks).optimizer
    for name, moment in moments(optimizer, found):
        assert zero_bits(moment[~masks[name]])
        assert moment[masks[name]].any()
    for moment in OF[optimizer]:
        assert found[f"{moment}/1.bias"].any(), "a bias wears no mask"


def loaded(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> Named:
    """The optimiser's state as a pack has it before its first step."""
    from whether.train import pack

    seen: list[Named] = []

    def run(self: Any) -> None:
        seen.append({name: value.clone() for name, value in self.optimizer.state(0, self.program.layout).items()})

    monkeypatch.setattr(pack._Pack, "run", run)
    own = BY_NAME["deep"]
    train_pack(own.module(), [replica], own.tensors, Watch(stop=lambda *_: None))
    return seen[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_loaded_has_none_where_no_weight_is(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """masked(mask, optimizer="keep") of a dense network: the moments of all weights are kept, those of some loaded."""
    dense = trained(optimizer, None)
    masks = case(optimizer).replica(1).masks or {}
    assert all(moment[~masks[name]].any() for name, moment in moments(optimizer, dense.optimizer))
    replica = replace(case(optimizer).replica(1), weights=dense.weights, optimizer=dense.optimizer)
    state = loaded(replica, monkeypatch)
    for name, moment in moments(optimizer, state):
        assert zero_bits(moment[~masks[name]])
        assert moment[masks[name]].any()
    before = dict(moments(optimizer, dense.optimizer))
    for name, moment in dict(moments(optimizer, state)).items():
        assert torch.equal(moment[masks[name]], before[name][masks[name]])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_weight_that_another_mask_brings_back_has_no_past(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = case(optimizer).replica(1).masks or {}
    sparse = trained(optimizer, masks)
    over = {name: ~mask for name, mask in masks.items()}
    replica = replace(case(optimizer).replica(1), weights=sparse.weights, optimizer=sparse.optimizer, masks=over)
    assert all(zero_bits(moment) for _, moment in moments(optimizer, loaded(replica, monkeypatch)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_left_out_changes_no_step(optimizer: str) -> None:
    """Stopped after each step and gone on with, moments without those of what is not there lead to the same bits."""
    own = case(optimizer)
    expected = train(own, [own.replica(1)])[0, own.total]
    going, at = own.replica(1, stops=(1, own.total)), 0
    while at < own.total:
        at += 1
        found = train(own, [replace(going, stops=(at,))])[0, at]
        going = replace(resumed(going, found), stops=(own.total,))
    assert raw(found.weights) == raw(expected.weights)
    assert bits(found)["optimizer"] == bits(expected)["optimizer"]
