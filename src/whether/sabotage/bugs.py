"""The bugs that published code has had, each as an object that can be switched on.

What each replaces is one or two functions by name; the rest of the pipeline stays as it is and may notice. Before each
stands when it does not apply. Those of masks are in `masks.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from whether import evidence
from whether.answer import DONE, Answer
from whether.conclude import conclude
from whether.connect import words as connected
from whether.data import augment
from whether.digest import plain
from whether.execute.making import Made
from whether.execute.workshop import Workshop
from whether.fit import TOKENS
from whether.history.facts import MeasureFact, Model, Perturbed, Point, Trajectory
from whether.models.alone import alone
from whether.question import Replicate
from whether.sabotage.bug import Acts, Bug, Histories, Honest, analysis_bug, replaced, training_bug
from whether.sabotage.masks import (
    dense_output,
    idle_shuffle,
    ignored_layers,
    one_too_many,
    revived_weights,
    scored_copy,
)
from whether.seeds import Seed, Stream
from whether.train import module as modules
from whether.train.replica import Named

__all__ = [
    "BUGS",
    "best_epoch",
    "dense_output",
    "global_seeds",
    "idle_index",
    "idle_shuffle",
    "ignored_layers",
    "one_too_many",
    "revived_weights",
    "scored_copy",
    "stale_statistics",
]

CURVES = {
    "accuracy": ("validation accuracy", max),
    "loss": ("validation loss", min),
    "solved": ("validation accuracy", max),
}
"""Measures of which training records the curve: its name, and which of its values is the best."""


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
    training = fact.state.trajectory.training
    own = fact.name == "loss" and bool(training.loss)  # then the curve is of another loss
    return bool(plain(fact.data) == plain(training.data)) and not own


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
        if item.training.augment or draws(histories.module(model), model):
            return ""
    return "nothing is drawn while these networks train: there is no augmentation, and no dropout"


def draws(module: nn.Module, model: Model) -> bool:
    """Whether a module draws something while it trains: its outputs follow from the generator's state."""
    before, outputs = module.training, list[Tensor]()
    examples = torch.ones(2, *model.shape, dtype=torch.int64 if model.task == TOKENS else torch.float32)
    module.train()
    try:
        for key in (1, 2):
            with alone(key), torch.no_grad():
                outputs.append(module(examples))
    finally:
        module.train(before)
    return bool((outputs[0] != outputs[1]).any())


@training_bug("global-seeds", trap="global seeds read by augmentation", why_not=_nothing_drawn, version=2)
def global_seeds() -> Iterator[Acts]:
    """What a training step draws (augmentation, dropout) comes of the process's generator, which no replicate seeds."""
    acts, state, stacked = Acts(), torch.default_generator.get_state(), augment.stacked

    @contextmanager
    def of_the_process(key: int) -> Iterator[None]:  # noqa: ARG001 - stands for another
        acts.note()
        yield

    def drawn_by_the_process(streams: Sequence[Stream], rows: int, epoch: int, **how: Any) -> Named:
        acts.note()
        seeds = torch.randint(2**62, (len(streams),)).tolist()
        return stacked([Stream(Seed(seed), "augmentation") for seed in seeds], rows, epoch, **how)

    torch.default_generator.manual_seed(0)
    try:
        with replaced(modules, "alone", of_the_process), replaced(augment, "stacked", drawn_by_the_process):
            yield acts
    finally:
        torch.default_generator.set_state(state)


def _no_statistics(histories: Histories) -> str:
    normed = [fact for fact in histories.of(MeasureFact) if _statistics(histories.module(fact.state.model))]
    again = [fact for fact in histories.of(Perturbed) if fact.how == "re-estimate"]
    if any(fact.split is not None for fact in normed) or any(_statistics(histories.module(f.model)) for f in again):
        return ""
    if normed:
        return "what is measured of these networks is their weights, whatever their statistics"
    return "these networks have no running statistics (BatchNorm), and none is interpolated"


@training_bug(
    "stale-statistics",
    trap="BatchNorm statistics of an interpolated network left stale",
    why_not=_no_statistics,
    version=2,
)
def stale_statistics() -> Iterator[Acts]:
    """Only parameters are put into the module in which networks are measured one after another: the running statistics
    of its norms stay those of the first. Where statistics should be taken anew (on paths between networks), they are
    not."""
    acts, filled, value = Acts(), dict[tuple[int, str], Named](), Workshop._value

    def in_one_module(workshop: Workshop, fact: MeasureFact, made: Made, other: Made | None) -> Any:
        names = _statistics(workshop.module(fact.state.model)) if fact.split is not None else set()
        own = {name: made.weights[name] for name in names}
        stale = filled.setdefault((id(workshop), fact.state.model.digest), own) if own else own
        if stale is not own:
            acts.note()
        return value(workshop, fact, Made({**made.weights, **stale}, made.masks), other)

    def as_they_are(module: nn.Module, data: object, weights: Mapping[str, Tensor]) -> Named:  # noqa: ARG001
        acts.note()
        return dict(weights)

    def not_taken_anew(weights: Named) -> Named:
        acts.note()
        return weights

    with (
        replaced(Workshop, "_value", in_one_module),
        replaced(connected, "_again", as_they_are),
        replaced(connected, "re_estimate", not_taken_anew),
    ):
        yield acts


def _statistics(module: nn.Module) -> set[str]:
    """The names of a module's running statistics."""
    return {name for name, _ in module.named_buffers() if name.rpartition(".")[2].startswith("running_")}


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
