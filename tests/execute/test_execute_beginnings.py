"""What a history begins with or begins anew: redraws follow their seed, and only fresh networks are asked to guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from works import RECIPE, fact, make, network, record

from cases import raw
from whether.errors import RequestError
from whether.execute import workshop
from whether.execute.workshop import Workshop
from whether.history import Network, facts, loss
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.models import build, prunable
from whether.seeds import Seed

OWN = "foreign:dropout"


@pytest.fixture
def file(tmp_path: Path, lab: Lab) -> Path:
    """Weights of code of one's own."""
    path = tmp_path / "weights.safetensors"
    save_file(make(lab, network(OWN, seed=9)).weights, path)
    return path


def loaded(file: Path, **how: Any) -> Network:
    return Network.from_file(file, model=OWN, data="digits", recipe=RECIPE, **how)


def weights(lab: Lab, net: Network) -> dict[str, torch.Tensor]:
    made = make(lab, net).weights
    return {name: made[name] for name in ("1.weight", "4.weight")}


@pytest.mark.parametrize("how", ["redraw-magnitudes", "redraw-signs", "noise"])
def test_what_a_model_of_ones_own_draws_for_a_change_follows_from_the_changes_seed(lab: Lab, how: str) -> None:
    start = network(OWN, seed=3)
    before, one, again, other = (
        weights(lab, net) for net in (start, *(start.perturbed(how, seed) for seed in (1, 1, 2)))
    )
    assert raw(one) == raw(again)
    for name, value in one.items():
        assert not torch.equal(value, other[name])
        assert not torch.equal(value, before[name])
        if how == "redraw-signs":
            assert torch.equal(value.abs(), before[name].abs())
        if how == "redraw-magnitudes":
            assert torch.equal(value.sign(), before[name].sign())
            assert not torch.equal(value.abs(), other[name].abs())


def test_magnitudes_of_two_seeds_are_those_of_two_modules(lab: Lab) -> None:
    start = network(OWN, seed=3)
    model = Resolver().state(start).model
    for seed in (1, 2):
        drawn = dict(build(model, Seed(seed).seed("redraw")).named_parameters())
        found = weights(lab, start.perturbed("redraw-magnitudes", seed))
        assert all(torch.equal(value.abs(), drawn[name].detach().abs()) for name, value in found.items())


@pytest.mark.parametrize("model", [OWN, "mlp-12-6"])
def test_networks_of_files_are_drawn_again_by_the_seed(lab: Lab, tmp_path: Path, model: str) -> None:
    path = tmp_path / "given.safetensors"
    save_file(make(lab, network(model, seed=9)).weights, path)
    given = Network.from_file(path, model=model, data="digits", recipe=RECIPE)
    names = prunable(build(Resolver().state(given).model))
    held, one, again, other = (
        {name: make(lab, net).weights[name] for name in names}
        for net in (given, given.reinit(1), given.reinit(1), given.reinit(2))
    )
    assert raw(held) == raw({name: load_file(path)[name] for name in names})
    assert raw(one) == raw(again)
    assert all(not torch.equal(one[name], other[name]) and not torch.equal(one[name], held[name]) for name in names)


# Is all scaled?


def checks(lab: Lab, net: Network) -> list[str]:
    make(lab, net)
    found: list[str] = record(lab, net)["checks"]
    return found


def loud(lab: Lab, file: Path) -> Path:
    """The same weights, the output a hundred times as large."""
    tensors = load_file(file)
    tensors["4.weight"] = tensors["4.weight"] * 100
    save_file(tensors, file)
    return file


def test_only_a_fresh_network_is_asked_whether_all_is_scaled(lab: Lab, file: Path) -> None:
    given = loaded(loud(lab, file))
    assert checks(lab, given.train()) == []
    assert checks(lab, given.perturbed("shuffle", 1).train()) == []
    (said,) = checks(lab, network(OWN).perturbed("noise", 1, scale=1000.0).train())
    assert said.endswith("is all scaled?")
    assert checks(lab, network(OWN).train()) == []


def test_a_network_that_was_trained_is_not_fresh_at_step_zero_either(lab: Lab) -> None:
    wild = network().perturbed("noise", 1, scale=1000.0).train()
    assert len(checks(lab, wild)) == 1
    assert lab.value(loss(wild)) > 100
    for net in (wild.rate_rewound("0it").train(), wild.masked(wild.mask()).rate_rewound("0it").train()):
        assert fact(net).step == 12
        assert next(iter(fact(net).parents())).begin.step == 0
        assert checks(lab, net) == []
    assert checks(lab, wild.train(RECIPE.but(total="20it"))) == []


def test_models_of_another_version_of_their_library_are_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    model = facts.Model(name="timm/resnet18", shape=(1, 8, 8), classes=10, options={}, code="timm==1.0.9")
    monkeypatch.setattr(workshop, "library_of", lambda name: "timm==0.0.1")
    with pytest.raises(
        RequestError, match=r"names 'timm/resnet18' of timm==1\.0\.9, and .* has timm==0\.0\.1: install"
    ):
        Workshop(lab.store).module(model)
