"""A recipe on a data set: every length becomes a number of iterations, and what does nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whether import words
from whether.data.cards import Data
from whether.data.draws import parse
from whether.digest import plain
from whether.errors import RequestError
from whether.history import facts
from whether.history.code import code_digest
from whether.recipe import Recipe, Schedule
from whether.sparsify import Sparsify
from whether.steps import Steps


def settle(recipe: Recipe, data: Data) -> facts.Training:
    """A recipe on a data set: steps become iterations.

    Raises:
        RequestError: when the batch is larger than the data, or a step lies outside the total.
    """
    return settle_on(recipe, data.resolve(), data)


def settle_on(recipe: Recipe, resolved: Mapping[str, Any], data: Data) -> facts.Training:
    """`settle` where the facts of the data are known already, so that nobody needs to have the data."""
    rows = int(resolved["train"])
    per_epoch = rows // recipe.batch if recipe.last_batch == "drop" else -(-rows // recipe.batch)
    if per_epoch == 0:
        raise RequestError(
            f"a batch of {recipe.batch} is larger than the {rows} training examples of {data.name!r}; "
            f"expected at most {rows}, or last_batch='keep'."
        )
    total = _steps(recipe.total).count(per_epoch=per_epoch)
    if total < 1:
        raise RequestError(f"a recipe's total of '{recipe.total}' is less than one iteration here.")
    batch = min(recipe.batch, rows)
    return facts.Training(
        optimizer=_optimizer(recipe),
        schedule=_schedule(recipe.schedule, per_epoch, total),
        total=total,
        batch=batch,
        last_batch=recipe.last_batch if rows % batch else "drop",  # without an incomplete batch both rules are one
        per_epoch=per_epoch,
        data=resolved,
        data_name=data,
        task=_task(recipe, resolved, data),
        evaluate=_gap(recipe, per_epoch, total),
        asserts=tuple(sorted({f"{name}@{code_digest(name)[:16]}" for name in recipe.asserts})),
        augment=recipe.augment,
        clip=None if recipe.clip is None else float(recipe.clip),
        loss="" if recipe.loss is None else f"{recipe.loss}@{code_digest(recipe.loss)[:16]}",
        precision=recipe.precision,
        smoothing=abs(float(recipe.label_smoothing)),
        sparsify=None if recipe.sparsify is None else _sparsify(recipe.sparsify, per_epoch, total),
    )


def _optimizer(recipe: Recipe) -> Mapping[str, Any]:
    said = recipe.optimizer.facts()
    own = words.is_own_code(recipe.optimizer.name)
    return said | {"options": plain(said["options"]), "code": code_digest(recipe.optimizer.name)} if own else said


def _task(recipe: Recipe, resolved: Mapping[str, Any], data: Data) -> str:
    """What the data are for; a recipe that says something else is refused."""
    known = str(resolved.get("task", "classification"))
    if recipe.task not in (None, known):
        raise RequestError(f"the recipe's task is {recipe.task!r}, and {data.name!r} is for {known}; leave task out.")
    if known != "classification" and (recipe.augment or recipe.label_smoothing):
        what = "augment" if recipe.augment else "label_smoothing"
        raise RequestError(f"{what} is for classification; {data.name!r} is for {known}. Leave it out.")
    if recipe.augment and len(resolved["shape"]) != 3:
        raise RequestError(f"augment={recipe.augment} changes images; {data.name!r} has none. Leave it out.")
    if recipe.augment:
        parse(recipe.augment, resolved["shape"])  # what does not fit into an image is refused
    return known


def _sparsify(said: Sparsify, per_epoch: int, total: int) -> Mapping[str, Any]:
    """A course of sparsity in iterations."""
    begin, end, every = (item.count(per_epoch=per_epoch, total=total) for item in (said.begin, said.end, said.every))
    if not begin < end <= total:
        raise RequestError(
            f"{said.name}: begins at {begin} and ends at {end} iterations; expected 0 ≤ begin < end ≤ {total}."
        )
    facts_of = {"name": said.name, "density": float(said.density), "every": max(1, every), "end": end}
    if said.name == "gradual":
        return facts_of | {"begin": begin, "scope": said.layers}
    return facts_of | {"fraction": float(said.fraction), "layers": said.layers}


def _gap(recipe: Recipe, per_epoch: int, total: int) -> int | None:
    """Iterations between two looks at the validation split; None for the usual ones, however they were said."""
    if recipe.evaluate is None:
        return None
    gap = min(total, max(1, _steps(recipe.evaluate).count(per_epoch=per_epoch, total=total)))
    return None if gap == facts.usual_gap(total) else gap


def _schedule(schedule: Schedule, per_epoch: int, total: int) -> Mapping[str, Any]:
    """A schedule in iterations, without what does nothing: equal rates are one schedule, however it is said."""
    warmup = schedule.warmup.count(per_epoch=per_epoch, total=total)
    drops = schedule.at if schedule.name == "drops" else ()
    at = sorted(stop.count(per_epoch=per_epoch, total=total) for stop in drops)
    late = [stop for stop in [warmup, *at] if stop > total]
    if late:
        raise RequestError(f"the schedule changes the rate at {late[0]} iterations, beyond the total of {total}.")
    said: dict[str, Any] = {"name": schedule.name}
    if warmup > 1:  # a warm-up of one step has the whole rate at that step
        said["warmup"] = warmup
    if schedule.name == "drops":
        at = [stop for stop in at if stop < total]  # the last update is the one after total - 1
        said |= {"at": at, "factor": float(schedule.factor)} if at else {"name": "constant"}
    return said


def _steps(given: Steps | str) -> Steps:
    return Steps.parse(given)
