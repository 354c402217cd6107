"""The bugs of masks: how they are made of scores, and whether they hold.

What each replaces is one or two functions by name; before each stands when it does not apply.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor

from whether.errors import WorkError
from whether.execute import making
from whether.execute import workshop as workshops
from whether.execute.making import Made
from whether.execute.workshop import Workshop
from whether.history.facts import Loaded, Model, PrunedMask, ShuffledMask, Start, State, Trajectory
from whether.models import build, draw, prunable
from whether.prune import dynamic, full, groups, iterate, select
from whether.prune.select import keep_highest
from whether.sabotage.bug import Acts, Histories, replaced, training_bug
from whether.seeds import Seed
from whether.structure import parse
from whether.train import asserts
from whether.train.bounds import Bounds
from whether.train.replica import Named

SELECTION = import_module("whether.prune.select")  # a name that its package has given to the function
NOT_HELD = "masks_hold: masked weights are not zero after training; without this bug the result would not be kept"
NOT_PRUNED = "nothing is pruned by scores of a network"
WHOLE_UNITS = {"unit", "channel"}


def _nothing_masked(histories: Histories) -> str:
    trained = histories.of(Trajectory)
    masked = any(item.begin.mask is not None or item.training.sparsify is not None for item in trained)
    return "" if masked else "no network is trained under a mask"


def _pruned_in(histories: Histories) -> list[str]:
    """The kinds of structures that are pruned; gradual pruning inside a training is of single weights."""
    kinds = [parse(fact.structure).kind for fact in histories.of(PrunedMask)]
    plans = [item.training.sparsify or {} for item in histories.of(Trajectory)]
    return kinds + ["weight" for plan in plans if plan.get("name") == "gradual"]


def _nothing_scored(histories: Histories) -> str:
    return "" if histories.of(PrunedMask) else NOT_PRUNED


@training_bug("revived-weights", trap="momentum or weight decay reviving masked weights", why_not=_nothing_masked)
def revived_weights() -> Iterator[Acts]:
    """The mask is worn when training begins and not held while it goes on: gradients, momentum and weight decay fill it
    again. The assert that would stop such training is heard, and overruled."""
    acts, heard, begun = Acts(), threading.local(), WeakSet[Bounds]()
    restore, holds, own_checks = Bounds.restore, asserts.masks_hold, asserts.own_checks

    def not_held(bounds: Bounds, weights: Tensor, bits: Tensor) -> None:
        if bounds.keep_bits is None or (bounds.plan is not None and bounds not in begun):
            begun.add(bounds)  # a course of sparsity puts on its first mask so
            restore(bounds, weights, bits)
            return
        acts.note()
        if bounds.trains is not None and bounds.held is not None:
            torch.where(bounds.trains, weights, bounds.held, out=weights)

    def overruled(weights: Named, masks: Named | None) -> None:
        heard.said = ()
        try:
            holds(weights, masks)
        except WorkError:
            heard.said = (NOT_HELD,)

    def told(names: Sequence[str], weights: Named) -> tuple[str, ...]:
        """A state's own checks are asked right after its masks: so what those said gets into its record."""
        return (*own_checks(names, weights), *getattr(heard, "said", ()))

    with (
        replaced(Bounds, "restore", not_held),
        replaced(asserts, "masks_hold", overruled),
        replaced(asserts, "own_checks", told),
    ):
        yield acts


def _nothing_counted(histories: Histories) -> str:
    kinds = _pruned_in(histories)
    if not kinds:
        return "nothing is pruned"
    return "" if {*kinds} != {"n:m"} else "so many stay of each few inputs: there is no threshold over a layer"


@training_bug("one-too-many", trap="pruning n+1 weights by a strict threshold", why_not=_nothing_counted)
def one_too_many() -> Iterator[Acts]:
    """What is kept must score strictly above the lowest score that should have been kept: in each round one more weight
    (or unit) is pruned than was asked for, and more where scores tie."""
    acts = Acts()

    def strictly(scores: Tensor, exists: Tensor, fraction: Fraction) -> Tensor:
        kept = keep_highest(scores, exists, fraction)
        if not bool(kept.any()):
            return kept
        acts.note()
        return kept & (scores > scores[kept].min())

    with replaced(SELECTION, "keep_highest", strictly):
        yield acts


@training_bug(
    "scored-copy", trap="scoring a re-initialised copy instead of the network itself", why_not=_nothing_scored
)
def scored_copy() -> Iterator[Acts]:
    """Scores are taken of a copy of the network that its constructor made, so that the weights in it are fresh ones."""
    acts, pruned = Acts(), Workshop._pruned

    def of_a_copy(workshop: Workshop, fact: PrunedMask, made: Made, since: Made | None) -> Named:
        acts.note()
        start, seed = _start(fact.state), Seed(int(fact.digest[:16], 16))
        module = build(start.model, seed)  # code of one's own draws what it draws when it is made
        return pruned(workshop, fact, Made(draw(module, start.init, seed), made.masks), since)

    with replaced(Workshop, "_pruned", of_a_copy):
        yield acts


def _start(state: State) -> Start | Loaded:
    while (before := state.before) is not None:
        state = before
    assert isinstance(state, Start | Loaded)
    return state


def _nothing_shuffled(histories: Histories) -> str:
    return "" if histories.of(ShuffledMask) else "no mask is shuffled"


@training_bug("idle-shuffle", trap="a shuffle that never writes back", why_not=_nothing_shuffled)
def idle_shuffle() -> Iterator[Acts]:
    """A shuffled mask is the mask itself: what was shuffled was a copy."""
    acts = Acts()

    def as_it_was(masks: Named, seed: Seed, scope: str) -> Named:  # noqa: ARG001 - stands for another
        acts.note()
        return dict(masks)

    with replaced(workshops, "shuffled", as_it_was):
        yield acts


def _output_whole(histories: Histories) -> str:
    kinds = _pruned_in(histories)
    if not kinds:
        return "nothing is pruned"
    if {*kinds} <= WHOLE_UNITS:
        return "whole units are pruned, and those of the output are the classes: none of them ever goes"
    layers = max(len(prunable(histories.module(model))) for model in _models(histories))
    return "" if layers > 1 else "the output is the one layer of these networks that can be pruned"


def _models(histories: Histories) -> list[Model]:
    begun = [item.begin.model for item in histories.of(Trajectory)]
    return begun + [fact.state.model for fact in histories.of(PrunedMask)]


@training_bug(
    "dense-output", trap="'80 % sparse' networks that are dense in the output layer", why_not=_output_whole, version=2
)
def dense_output() -> Iterator[Acts]:
    """The output layer is never pruned, and not counted: the others have the density that is reported."""
    acts, gradual = Acts(), dynamic._pruned

    def others(masks: Named, how: dict[str, Any]) -> Named:
        """The layers that are pruned; what is said of the output is forgotten."""
        *names, last = masks
        if parse(how.get("structure", "weight")).kind in WHOLE_UNITS or not names:
            return masks
        acts.note()
        how["layers"] = {name: part for name, part in (how["layers"] or {}).items() if name not in ("output", last)}
        return {name: masks[name] for name in names}

    def selected(scores: Named, masks: Named, **how: Any) -> Named:
        return masks | select(scores, others(masks, how), **how)

    def iterated(rescore: Callable[[Named], Named], masks: Named, **how: Any) -> Named:
        return {**masks, **iterate(lambda kept: rescore({**masks, **kept}), others(masks, how), **how)}

    def in_training(plan: Any, step: int, weights: Named, masks: Named) -> Named | None:
        found = gradual(plan, step, weights, others(masks, {"layers": None}))
        return None if found is None else masks | found

    with (
        replaced(making, "select", selected),
        replaced(making, "iterate", iterated),
        replaced(dynamic, "_pruned", in_training),
    ):
        yield acts


def _nothing_ignored(histories: Histories) -> str:
    counted = [fact for fact in histories.of(PrunedMask) if parse(fact.structure).kind != "n:m"]
    if not counted:
        return "so many stay of each few inputs: nothing else is counted" if histories.of(PrunedMask) else NOT_PRUNED
    for fact in counted:
        module = histories.module(fact.state.model)
        if fact.structure in WHOLE_UNITS or len(list(module.named_parameters())) > len(prunable(module)):
            return ""
    return "every parameter of these networks can be pruned: there is none to ignore"


@training_bug("ignored-layers", trap="counting ignored layers in the number to prune", why_not=_nothing_ignored)
def ignored_layers() -> Iterator[Acts]:
    """What is never pruned (biases, norms; of units those of the output) is counted in the number to prune, and all of
    that is taken from the rest."""
    acts, pruned = Acts(), Workshop._pruned

    def counted(workshop: Workshop, fact: PrunedMask, made: Made, since: Made | None) -> Named:
        module = workshop.module(fact.state.model)
        names = prunable(module)
        masks = made.masks or full(made.weights, names)
        if fact.structure in WHOLE_UNITS:
            exist = sum(
                int(alive.sum()) for alive in groups({name: masks[name] for name in names}, fact.structure).values()
            )
            ignored = len(masks[names[-1]])
        else:
            exist = sum(int(mask.sum()) for mask in masks.values())
            ignored = sum(value.numel() for name, value in module.named_parameters() if name not in names)
        if not exist or not ignored or parse(fact.structure).kind == "n:m":
            return pruned(workshop, fact, made, since)
        acts.note()
        more = min(fact.fraction * Fraction(exist + ignored, exist), Fraction(1))
        return pruned(workshop, replace(fact, fraction=more), made, since)

    with replaced(Workshop, "_pruned", counted):
        yield acts
