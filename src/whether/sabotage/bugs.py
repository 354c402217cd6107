"""The bugs that published code has had, each as an object that can be switched on.

What each replaces is one or two functions by name; the rest of the pipeline stays as it is and may notice. Before each
stands when it does not apply.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from whether import evidence
from whether.answer import DONE, Answer
from whether.conclude import conclude
from whether.digest import plain
from whether.errors import WorkError
from whether.execute import workshop as workshops
from whether.execute.making import Made
from whether.execute.workshop import Workshop
from whether.history.facts import MeasureFact, Model, Point, PrunedMask, ShuffledMask, Start, State, Trajectory
from whether.models import build, draw, prunable
from whether.models.alone import alone
from whether.prune import full, select
from whether.prune.select import hidden_layers, keep_highest, units_alive
from whether.question import Replicate
from whether.sabotage.bug import Acts, Bug, Histories, Honest, analysis_bug, replaced, training_bug
from whether.seeds import Seed
from whether.train import asserts
from whether.train import module as modules
from whether.train import pack as packs
from whether.train.replica import Named

SELECTION = import_module("whether.prune.select")  # a name that its package has given to the function
NOT_HELD = "masks_hold: masked weights are not zero after training; without this bug the result would not be kept"
CURVES = {
    "accuracy": ("validation accuracy", max),
    "loss": ("validation loss", min),
    "solved": ("validation accuracy", max),
}
"""Measures of which training records the curve: its name, and which of its values is the best."""


def _nothing_masked(histories: Histories) -> str:
    masked = any(item.begin.mask is not None for item in histories.of(Trajectory))
    return "" if masked else "no network is trained under a mask"


def _nothing_pruned(histories: Histories) -> str:
    return "" if histories.of(PrunedMask) else "nothing is pruned"


@training_bug("revived-weights", trap="momentum or weight decay reviving masked weights", why_not=_nothing_masked)
def revived_weights() -> Iterator[Acts]:
    """The mask is worn when training begins and not held while it goes on: gradients, momentum and weight decay fill it
    again. The assert that would stop such training is heard, and overruled."""
    acts, heard = Acts(), threading.local()
    holds, own_checks = asserts.masks_hold, asserts.own_checks

    def not_held(pack: Any, device: torch.device) -> None:  # noqa: ARG001 - stands for a method
        if any(replica.masks is not None for replica in pack.replicas):
            acts.note()

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
        replaced(packs._Pack, "_masks", not_held),
        replaced(asserts, "masks_hold", overruled),
        replaced(asserts, "own_checks", told),
    ):
        yield acts


@training_bug("one-too-many", trap="pruning n+1 weights by a strict threshold", why_not=_nothing_pruned)
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
    "scored-copy", trap="scoring a re-initialised copy instead of the network itself", why_not=_nothing_pruned
)
def scored_copy() -> Iterator[Acts]:
    """Scores are taken of a copy of the network that its constructor made, so that the weights in it are fresh ones."""
    acts, pruned = Acts(), Workshop._pruned

    def of_a_copy(workshop: Workshop, fact: PrunedMask, made: Made) -> Named:
        acts.note()
        start, seed = _start(fact.state), Seed(int(fact.digest[:16], 16))
        module = build(start.model, seed)  # code of one's own draws what it draws when it is made
        return pruned(workshop, fact, Made(draw(module, start.init, seed), made.masks))

    with replaced(Workshop, "_pruned", of_a_copy):
        yield acts


def _start(state: State) -> Start:
    while (before := state.before) is not None:
        state = before
    assert isinstance(state, Start)
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


def _no_curves(histories: Histories) -> str:
    if any(_has_curve(fact) for fact in histories.of(MeasureFact)):
        return ""
    return "no arm is a figure of which training records the curve (accuracy, loss or solved, on the validation split)"


@analysis_bug("best-epoch", trap="selecting the best epoch on the split that is reported", why_not=_no_curves)
def best_epoch(honest: Honest) -> Answer:
    """Each run counts with the best value that it ever had on the split that is reported, instead of with its last."""
    best = {fact.digest: _best(fact, honest.record) for row in honest.asked.arms for _, fact in row if _has_curve(fact)}

    def record(digest: str) -> Mapping[str, Any]:
        found = honest.record(digest)
        return {**found, "value": best[digest]} if best.get(digest) is not None else found

    told = honest.answer
    return conclude(
        honest.question,
        evidence.columns(honest.asked, record),
        digest=told.digest,
        grade=told.grade,
        split=told.split,
        data=told.data,
        checks=told.checks,
    )


def _has_curve(fact: MeasureFact) -> bool:
    if fact.name not in CURVES or fact.split != "validation" or not isinstance(fact.state, Point):
        return False
    return bool(plain(fact.data) == plain(fact.state.trajectory.training.data))


def _best(fact: MeasureFact, record: Callable[[str], Mapping[str, Any]]) -> float | None:
    """The best value of a run's curve in the measure's own terms; None for a run that left none."""
    if record(fact.digest)["outcome"] != DONE:
        return None
    name, better = CURVES[fact.name]
    found: float = better(value for value in record(fact.state.digest)["curves"]["values"][name] if value is not None)
    return found if fact.name != "solved" else 100.0 * (found == 100.0)


def _nothing_drawn(histories: Histories) -> str:
    for item in histories.of(Trajectory):
        model = item.begin.model
        if item.training.plain().get("augmentation") or draws(histories.module(model), model):
            return ""
    return "nothing is drawn while these networks train: there is no augmentation, and no dropout"


def draws(module: nn.Module, model: Model) -> bool:
    """Whether a module draws something while it trains: its outputs follow from the generator's state."""
    before, outputs = module.training, list[Tensor]()
    module.train()
    try:
        for key in (1, 2):
            with alone(key), torch.no_grad():
                outputs.append(module(torch.ones(2, *model.shape)))
    finally:
        module.train(before)
    return bool((outputs[0] != outputs[1]).any())


@training_bug("global-seeds", trap="global seeds read by augmentation", why_not=_nothing_drawn)
def global_seeds() -> Iterator[Acts]:
    """What a training step draws (augmentation, dropout) comes of the process's generator, which no replicate seeds."""
    acts, state = Acts(), torch.default_generator.get_state()

    @contextmanager
    def of_the_process(key: int) -> Iterator[None]:  # noqa: ARG001 - stands for another
        acts.note()
        yield

    torch.default_generator.manual_seed(0)
    try:
        with replaced(modules, "alone", of_the_process):
            yield acts
    finally:
        torch.default_generator.set_state(state)


def _no_statistics(histories: Histories) -> str:
    if any(_statistics(histories.module(fact.state.model)) for fact in histories.of(MeasureFact)):
        return ""
    return "these networks have no running statistics (BatchNorm), and none is interpolated"


@training_bug(
    "stale-statistics", trap="BatchNorm statistics of an interpolated network left stale", why_not=_no_statistics
)
def stale_statistics() -> Iterator[Acts]:
    """Networks are measured in one module after another, and only their parameters are put there: the running
    statistics of its norms stay those of the network before, as they do when parameters are interpolated."""
    acts, here, filled = Acts(), threading.local(), set[tuple[int, str]]()
    measure, state = Workshop.measure, Workshop.state

    def measured(workshop: Workshop, fact: MeasureFact) -> dict[str, Any]:
        here.measuring = True
        try:
            return measure(workshop, fact)
        finally:
            here.measuring = False

    def parameters_only(workshop: Workshop, fact: State) -> Made:
        made, key = state(workshop, fact), (id(workshop), fact.model.digest)
        stale = _statistics(workshop.module(fact.model)) if getattr(here, "measuring", False) else set()
        if not stale or key not in filled:
            filled.update({key} if stale else ())  # the first network fills the module
            return made
        acts.note()
        return Made({name: value for name, value in made.weights.items() if name not in stale}, made.masks)

    with replaced(Workshop, "measure", measured), replaced(Workshop, "state", parameters_only):
        yield acts


def _statistics(module: nn.Module) -> set[str]:
    """The names of a module's running statistics."""
    return {name for name, _ in module.named_buffers() if name.rpartition(".")[2].startswith("running_")}


def _output_whole(histories: Histories) -> str:
    pruned = histories.of(PrunedMask)
    if not pruned:
        return _nothing_pruned(histories)
    if all(fact.structure != "weight" for fact in pruned):
        return "whole units are pruned, and those of the output are the classes: none of them ever goes"
    layers = max(len(prunable(histories.module(fact.state.model))) for fact in pruned)
    return "" if layers > 1 else "the output is the one layer of these networks that can be pruned"


@training_bug("dense-output", trap="'80 % sparse' networks that are dense in the output layer", why_not=_output_whole)
def dense_output() -> Iterator[Acts]:
    """The output layer is never pruned, and not counted: the others have the density that is reported."""
    acts = Acts()

    def all_but_the_last(scores: Named, masks: Named, **how: Any) -> Named:
        *others, last = masks
        if how["structure"] != "weight" or not others:
            return select(scores, masks, **how)
        acts.note()
        own = {name: part for name, part in (how["layers"] or {}).items() if name not in ("output", last)}
        kept = select(scores, {name: masks[name] for name in others}, **{**how, "layers": own})
        return {**kept, last: masks[last]}

    with replaced(workshops, "select", all_but_the_last):
        yield acts


def _nothing_ignored(histories: Histories) -> str:
    pruned = histories.of(PrunedMask)
    if not pruned:
        return _nothing_pruned(histories)
    for fact in pruned:
        module = histories.module(fact.state.model)
        if fact.structure == "unit" or len(list(module.named_parameters())) > len(prunable(module)):
            return ""
    return "every parameter of these networks can be pruned: there is none to ignore"


@training_bug("ignored-layers", trap="counting ignored layers in the number to prune", why_not=_nothing_ignored)
def ignored_layers() -> Iterator[Acts]:
    """What is never pruned (biases, norms; of units those of the output) is counted in the number to prune, and all of
    that is taken from the rest."""
    acts, pruned = Acts(), Workshop._pruned

    def counted(workshop: Workshop, fact: PrunedMask, made: Made) -> Named:
        module = workshop.module(fact.state.model)
        names = prunable(module)
        masks = made.masks or full(made.weights, names)
        if fact.structure == "unit":
            exist = sum(int(units_alive(masks[name]).sum()) for name in hidden_layers(masks))
            ignored = len(masks[names[-1]])
        else:
            exist = sum(int(mask.sum()) for mask in masks.values())
            ignored = sum(value.numel() for name, value in module.named_parameters() if name not in names)
        if not exist or not ignored:
            return pruned(workshop, fact, made)
        acts.note()
        more = min(fact.fraction * Fraction(exist + ignored, exist), Fraction(1))
        return pruned(workshop, replace(fact, fraction=more), made)

    with replaced(Workshop, "_pruned", counted):
        yield acts


def _always(histories: Histories) -> str:  # noqa: ARG001 - every question has replicates
    return ""


@analysis_bug("idle-index", trap="a replicate index that does not seed anything", why_not=_always)
def idle_index(honest: Honest) -> Answer:
    """Every replicate is given the seed of the first: one network is counted as many."""
    arms, first = honest.question.arms, Replicate(honest.asked.seeds[0].value, 0)
    name = f"{honest.question.name}-idle-index"
    return honest.run(replace(honest.question, arms=lambda rep: arms(first), name=name))  # noqa: ARG005


BUGS: tuple[Bug, ...] = (
    revived_weights,
    one_too_many,
    scored_copy,
    idle_shuffle,
    best_epoch,
    global_seeds,
    stale_statistics,
    dense_output,
    ignored_layers,
    idle_index,
)
"""All of them."""
