"""What a history asks of an architecture, tried on nothing before anything is trained for it.

A method that a model cannot take (tiles that do not divide, units that cannot be told apart, norms that are not there)
is told at once, not after the hours that lead to it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from whether import words
from whether.execute.making import prunable_of, put, units_of
from whether.history import facts
from whether.models import draw, prunable
from whether.probe import kernels, speed
from whether.prune import dynamic, full, readers, select
from whether.prune.iterate import iterate
from whether.seeds import Seed, Stream

Modules = Callable[[facts.Model], nn.Module]
REORDERING = ("align-weights", "align-activations", "permute-units")


def rehearsals(fact: facts.Fact, module: Modules) -> Iterator[tuple[object, Callable[[], object]]]:
    """What to try for a fact, by what makes it another trial than those of other facts.

    Args:
        fact: a part of a history.
        module: gives an architecture's module, which stays as it is.
    """
    match fact:
        case facts.PrunedMask(state=state):
            layers, often = repr(sorted(fact.layers.items())), fact.rounds > 1
            key = (state.model.digest, fact.by, fact.structure, fact.scope, layers, often)
            yield ("pruned", *key), partial(_pruned, fact, module)
        case facts.Perturbed(how=how) if how in REORDERING:
            yield ("units", fact.model.digest), lambda: units_of(copy.deepcopy(module(fact.model)), fact.model)
        case facts.Start(init=init) | facts.Redrawn(init=init) if "+" in init:
            yield ("init", fact.model.digest, init), lambda: draw(module(fact.model), init, Seed(0))
        case facts.MeasureFact(name="layer_times" | "sparse_speed", state=state, options=options):
            said = {name: options[name] for name in ("layer", "structure", "device", "precision")}
            yield ("timed", state.model.digest, repr(said)), lambda: speed.ready(module(state.model), **said)
        case facts.MeasureFact(name="peak_flops" | "peak_bandwidth", options=options):
            device, precision = options["device"], options.get("precision", "fp32")
            yield ("peak", device, precision), partial(kernels.check, device, "dense", precision)
        case facts.Trajectory(begin=begin, training=training) if training.sparsify is not None:
            yield ("sparsify", begin.model.digest, training.digest), partial(_sparsified, fact, module)


def _pruned(fact: facts.PrunedMask, module: Modules) -> None:
    """Prune by equal scores from every weight; a score that needs no data is taken of fresh weights, too."""
    model = fact.state.model
    tried = copy.deepcopy(module(model))
    names = prunable_of(tried, model.name)
    masks = full(dict(tried.named_parameters()), names)
    if fact.by == "synflow":
        score = words.load(words.find("score", fact.by))
        weights = draw(tried, "pytorch", Seed(0))
        kind = torch.int64 if model.task == "language-modelling" else torch.float32
        score({name: weights[name] for name in names}, masks, module=put(tried, weights), x=_zeros(model, kind))
    how: dict[str, Any] = {"readers": readers(tried)} if fact.structure == "channel" else {}
    equal = {name: torch.ones(mask.shape) for name, mask in masks.items()}
    how |= {"fraction": fact.fraction, "scope": fact.scope, "structure": fact.structure, "layers": fact.layers}
    if fact.rounds == 1:
        select(equal, masks, **how)
    else:
        iterate(lambda _: equal, masks, rounds=min(fact.rounds, 2), **how)


def _sparsified(fact: facts.Trajectory, module: Modules) -> None:
    tried = module(fact.begin.model)
    weights = dict(tried.named_parameters())
    shapes = {name: tuple(weights[name].shape) for name in prunable(tried)}
    prunable_of(tried, fact.begin.model.name)
    assert fact.training.sparsify is not None
    dynamic.begin(fact.training.sparsify, None, shapes, Stream(Seed(0), "rehearsal"))


def _zeros(model: facts.Model, kind: torch.dtype) -> torch.Tensor:
    return torch.zeros(1, *model.shape, dtype=kind)
