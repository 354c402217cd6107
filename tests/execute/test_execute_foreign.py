"""A model that knows nothing of the lab is pruned, rewound, mixed, held, perturbed, exported and read again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from foreign_model import Branches
from torch import Tensor

from cases import raw
from whether.data.tensors import tensors
from whether.errors import RequestError
from whether.execute.workshop import Workshop
from whether.history import Mask, Network, accuracy, density, measure
from whether.history.measures import barrier, path
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.prune import groups
from whether.recipe import Recipe, sgd

RECIPE = Recipe(optimizer=sgd(0.2, momentum=0.9, weight_decay=1e-3), total="10it", batch=90)
PRUNED = ("zeroth", "depthwise", "pointwise", "classifier.neck", "classifier.out")
PLACES = 36 + 36 + 16 + 96 + 120
DIGITS = tensors("digits")


def start(seed: int = 1) -> Network:
    return Network("foreign_model:branches", data="digits", seed=seed, recipe=RECIPE)


def masks_of(lab: Lab, mask: Mask) -> dict[str, Tensor]:
    return Workshop(lab.store).mask(Resolver().mask(mask))


def state_of(lab: Lab, network: Network) -> dict[str, Tensor]:
    lab.load(network)
    return Workshop(lab.store).state(Resolver().state(network)).weights


def left(masks: dict[str, Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


@pytest.fixture
def dense(lab: Lab) -> Network:
    net = start().train()
    assert type(lab.load(net)) is Branches
    return net


@pytest.mark.parametrize(
    ("by", "more"),
    [
        *[(word, {}) for word in ("magnitude", "initial-magnitude", "movement", "random", "snip", "grasp", "taylor")],
        ("synflow", {"rounds": 5}),
        ("magnitude", {"scope": "layer"}),
        ("magnitude", {"layer_fractions": {"output": 0.5}}),
    ],
)
def test_scores_prune_exactly_what_is_asked(lab: Lab, dense: Network, by: str, more: dict[str, Any]) -> None:
    masks = masks_of(lab, dense.prune(fraction=0.75, by=by, **more))
    assert [name.removesuffix(".weight") for name in masks] == list(PRUNED)
    expected = {"layer": PLACES // 4, "": round(Fraction(1, 4) * PLACES)}[more.get("scope", "")]
    assert left(masks) == (46 + 60 if "layer_fractions" in more else expected)


def test_structures_take_whole_groups(lab: Lab, dense: Network) -> None:
    channels = masks_of(lab, dense.prune(fraction=0.5, structure="channel"))
    assert left(groups(channels, "channel")) == (4 + 4 + 4 + 12) // 2
    few = masks_of(lab, dense.prune(structure="2:4", layer_fractions={"depthwise.weight": 0, "zeroth.weight": 0}))
    assert few["classifier.out.weight"].reshape(-1, 4).sum(1).tolist() == [2] * 30
    blocks = masks_of(lab, dense.prune(fraction=0.5, structure="block-2x1"))
    assert all(
        len(set(pair.tolist())) == 1
        for pair in blocks["classifier.neck.weight"].reshape(6, 2, 8).movedim(1, 2).reshape(-1, 2)
    )
    with pytest.raises(RequestError, match="units can be pruned in a chain of linear layers"):
        masks_of(lab, dense.prune(fraction=0.5, structure="unit"))


def test_rewound_it_begins_from_the_weights_of_then(lab: Lab, dense: Network) -> None:
    early = start().train(until="4it")
    ticket = early.masked(dense.prune(fraction=0.5))
    then, begun, masks = state_of(lab, early), state_of(lab, ticket), masks_of(lab, ticket.mask())
    for name, value in then.items():
        assert torch.equal(begun[name], value.where(masks[name], 0.0) if name in masks else value)
    trained = state_of(lab, ticket.train())
    assert all(not trained[name][~mask].any() for name, mask in masks.items())
    assert lab.value(density(ticket.train())) == pytest.approx(50.0)
    rated = dense.masked(dense.prune(fraction=0.5)).rate_rewound("4it").train()
    assert lab.value(density(rated)) == pytest.approx(50.0)


def test_between_two_there_is_a_path_and_a_barrier(lab: Lab, dense: Network) -> None:
    twin = start().train(until="4it").train(order=7)
    found = lab.value(path(dense, twin, points=5))
    assert found["steps"] == [0.0, 0.25, 0.5, 0.75, 1.0]
    high = max(found["error"]) - (found["error"][0] + found["error"][-1]) / 2
    assert lab.value(barrier(dense, twin, points=5)) == pytest.approx(high)
    one, other, half = (state_of(lab, net) for net in (dense, twin, dense.mixed(twin)))
    assert all(
        torch.allclose(half[name], (one[name] + other[name]) / 2) for name in half if half[name].is_floating_point()
    )
    assert lab.value(barrier(dense, dense, points=3)) == 0.0


def test_held_and_perturbed(lab: Lab, dense: Network) -> None:
    begun, held = state_of(lab, start()), state_of(lab, start().only("batchnorm+output").train())
    moved = {name for name in begun if not torch.equal(begun[name], held[name])}
    assert {"bn.weight", "classifier.out.weight", "bn.running_mean"} <= moved
    assert not moved & {"zeroth.weight", "depthwise.weight", "depthwise.bias", "classifier.neck.weight", "temperature"}
    before, signs = state_of(lab, dense), state_of(lab, dense.perturbed("redraw-magnitudes", seed=3))
    assert all(torch.equal(before[f"{name}.weight"].sign(), signs[f"{name}.weight"].sign()) for name in PRUNED)
    noisy = lab.value(measure("cosine_distance", dense.perturbed("noise", seed=3, scale=2.0), other=dense))
    assert 0 < noisy < 1


@pytest.mark.parametrize("pruned", [False, True], ids=["dense", "pruned"])
def test_what_is_exported_is_read_again(lab: Lab, dense: Network, tmp_path: Path, pruned: bool) -> None:
    net = start().masked(dense.prune(fraction=0.5)).train() if pruned else dense
    there = lab.export(net, tmp_path / "kept" / "net.safetensors")
    assert there == tmp_path / "kept" / "net.safetensors"
    read = Network.from_file(there, model="foreign_model:branches", data="digits", seed=1, recipe=RECIPE)
    assert raw(state_of(lab, read)) == raw(state_of(lab, net))
    with torch.no_grad():
        assert torch.equal(lab.load(read)(DIGITS.x_test), lab.load(net)(DIGITS.x_test))
    assert lab.value(accuracy(read)) == lab.value(accuracy(net))
    assert lab.value(density(read)) == 100.0, "the mask stays in the lab"
    assert raw(state_of(lab, read.train())) != raw(state_of(lab, read))
    assert lab.export(read, there) == there
    with pytest.raises(RequestError, match=r"export\(\) would replace .*net\.safetensors, which holds something else"):
        lab.export(start(), there)


def test_only_a_network_is_exported(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"export\(\) got a int; expected a Network, such as network\.train\(\)"):
        lab.export(7, tmp_path / "x.safetensors")  # type: ignore[arg-type]
    assert list(tmp_path.glob("*.safetensors")) == []
