"""Measures taken over a lab, and code of one's own among them: right numbers, keyed noise, told failures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from works import RECIPE, carry_out, fact, make, network, record

from cases import raw
from whether.data.tensors import tensors
from whether.errors import RequestError, WorkError
from whether.execute import workshop as workshops
from whether.execute.workshop import Workshop
from whether.history import Network, accuracy, curve, density, early_stop, loss, measure, solved, tickets
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.probe import measures
from whether.prune import density_percent
from whether.recipe import Recipe, adam, sgd


def test_measures_are_those_of_the_loaded_module(lab: Lab) -> None:
    net = network().train()
    module, data = lab.load(net), tensors("digits")
    for split in ("train", "validation", "test"):
        assert lab.value(accuracy(net, split=split)) == measures.accuracy(module, data, split)
        assert lab.value(loss(net, split=split)) == measures.loss(module, data, split)
    assert lab.value(solved(net)) == 0.0
    assert lab.value(density(net)) == 100.0
    ticket = tickets(network(), rounds=1, fraction=0.5)[-1]
    assert lab.value(density(ticket)) == density_percent(make(lab, ticket).masks or {})
    curves = record(lab, net)["curves"]
    assert lab.value(curve(net)) == {"steps": [0, 4, 8, 12], "values": curves["values"]["validation accuracy"]}
    assert lab.value(curve(net))["values"][-1] == pytest.approx(lab.value(accuracy(net)))
    found = measures.early_stop(curves["steps"], curves["values"]["validation loss"])
    assert found is not None
    assert lab.value(early_stop(net)) == found.step


def test_a_measure_without_a_split_is_of_the_validation_split(lab: Lab) -> None:
    assert lab.value(accuracy(network())) == lab.value(accuracy(network(), split="validation"))


def test_the_early_stop_says_its_interval_and_whether_it_is_censored(lab: Lab) -> None:
    worse = RECIPE.but(optimizer=adam(0.5))
    for recipe, said in ((RECIPE, "censored: lowest at the end (between 8 and 12 it)"), (worse, "between ")):
        item = early_stop(network(recipe=recipe).train())
        plan = carry_out(lab, [item])
        assert lab.store.records.read(plan.missing[0].digest)["note"].startswith(said)


def test_two_networks_with_norms_are_measured_with_their_own_statistics(lab: Lab) -> None:
    recipe = RECIPE.but(optimizer=sgd(0.1, momentum=0.9), total="4it")
    nets = [network("foreign:conv_batchnorm", seed=seed, recipe=recipe).train() for seed in (1, 2)]
    together = [lab.value(loss(net)) for net in nets]
    modules = [lab.load(net) for net in nets]
    assert together == [measures.loss(module, tensors("digits"), "validation") for module in modules]
    statistics = [module.state_dict()["1.running_mean"] for module in modules]
    assert not torch.equal(*statistics)
    assert int(modules[0].state_dict()["1.num_batches_tracked"]) == 4


def test_a_measure_of_ones_own_draws_from_its_key(lab: Lab, tmp_path: Path) -> None:
    item = measure("foreign:drawn_measure", network())
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    first = lab.value(item)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert Lab(tmp_path / "other").value(item) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert lab.value(measure("foreign:drawn_measure", network(seed=2))) != first
    assert lab.value(measure("foreign:small_measure", network())) == 0.5


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (
            "foreign:worded_measure",
            RequestError,
            "the measure 'foreign:worded_measure' returned 'high'; expected a",
        ),
        ("foreign:broken_measure", WorkError, "the measure 'foreign:broken_measure' failed: KeyError: 'no such thing'"),
    ],
)
def test_a_measure_of_ones_own_that_fails_is_told(lab: Lab, name: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        lab.value(measure(name, network()))


def test_a_score_of_ones_own_draws_from_its_key_and_spoils_nothing(lab: Lab, tmp_path: Path) -> None:
    net = network()
    ticket = net.masked(net.prune(fraction=0.5, by="foreign:noisy_score"))
    torch.manual_seed(1)
    workshop = Workshop(lab.store)
    begun = workshop.state(fact(net.masked(net.mask())))
    first = workshop.state(fact(ticket))
    torch.manual_seed(2)
    assert raw(make(Lab(tmp_path / "other"), ticket).masks or {}) == raw(first.masks or {})
    for name, mask in (first.masks or {}).items():
        assert torch.equal(first.weights[name][mask], begun.weights[name][mask])


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (
            "foreign:flat_score",
            RequestError,
            r"returned a dict of 1\.weight \(768,\), .*expected a dict of one score",
        ),
        ("foreign:small_measure", WorkError, "the score 'foreign:small_measure' failed: TypeError"),
        ("foreign:broken_score", WorkError, "the score 'foreign:broken_score' failed: IndexError: out of weights"),
        ("foreign:says_nothing", WorkError, "the score 'foreign:says_nothing' failed: TypeError"),
    ],
)
def test_a_score_of_ones_own_that_fails_is_told(lab: Lab, name: str, kind: type[Exception], said: str) -> None:
    net = network()
    with pytest.raises(kind, match=said):
        lab.value(accuracy(net.masked(net.prune(fraction=0.5, by=name))))


def check_norms_have_their_own_statistics(lab: Lab) -> None:
    recipe = Recipe(optimizer=sgd(0.1), total="3it", batch=60)
    nets = [Network("foreign:conv_batchnorm", data="digits", seed=seed, recipe=recipe).train() for seed in (1, 2)]
    expected = [measures.loss(lab.load(net), tensors("digits"), "validation") for net in nets]
    workshop = Workshop(lab.store)
    assert [workshop.measure(Resolver().measure(loss(net)))["value"] for net in nets] == expected


def test_statistics_of_norms_are_each_networks_own(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    check_norms_have_their_own_statistics(lab)
    real, shared = workshops.put, dict[str, Tensor]()

    def parameters_only(module: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
        """The first network fills the module, whose statistics stay."""
        first = {name: value for name, value in weights.items() if "running_" in name}
        return real(module, weights | {name: shared.setdefault(name, value) for name, value in first.items()})

    monkeypatch.setattr(workshops, "put", parameters_only)
    with pytest.raises(AssertionError, match="assert"):
        check_norms_have_their_own_statistics(lab)
