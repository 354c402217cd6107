"""What several questions of the catalogue have in common: recipes by options, what rounds of pruning leave."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from whether.data.cards import Data, card
from whether.errors import RequestError, unknown
from whether.recipe import OPTIMIZERS, SCHEDULES, Recipe, default_recipe, drops, sgd
from whether.steps import Steps

CIFAR = Recipe(
    optimizer=sgd(0.1, momentum=0.9, weight_decay=1e-4),
    total="160ep",
    batch=128,
    schedule=drops(["80ep", "120ep"]),
    augment=("flip", "crop-4"),
)
"""How Frankle and others train residual networks on CIFAR-10."""
SIZED = re.compile(r"(mlp|(?:resnet|vgg|gpt)-\d+)-w?([1-9]\d*)[-\w]*")
"""A model's family, with its depth where it has one, and its width."""


def recipe(
    data: str | Data,
    *,
    base: Recipe | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
    schedule: str | None = None,
    drops_at: list[str] | None = None,
    warmup: str | None = None,
    **given: Any,
) -> Recipe:
    """The recipe that options say, on what a data set's default one (or `base`) leaves open.

    Args:
        data: the data set.
        base: what is not said is as here; by default `default_recipe`.
        optimizer: "sgd", "adam", "adamw".
        lr, momentum, weight_decay: of the optimiser.
        schedule: "constant", "cosine", "linear"; `drops_at` says the steps of "drops".
        drops_at: where the rate falls to a tenth.
        warmup: the length of a linear warm-up.
        given: further fields of a recipe; `steps` is its total.
    """
    made = base or default_recipe(Data.parse(data).name)
    changes = {"total" if name == "steps" else name: value for name, value in given.items() if value is not None}
    said = {"momentum": momentum, "weight_decay": weight_decay}
    said = {name: value for name, value in said.items() if value is not None}
    if optimizer is not None or said:
        name = optimizer or made.optimizer.name
        if name not in OPTIMIZERS:
            raise unknown("optimizer", name, OPTIMIZERS)
        changes["optimizer"] = OPTIMIZERS[name](made.optimizer.lr, **said)
    if lr is not None:
        changes["lr"] = lr
    if drops_at is not None:
        changes["schedule"] = drops(drops_at, warmup=warmup or "0it")
    elif schedule is not None or warmup is not None:
        if (schedule or "constant") not in SCHEDULES or schedule == "drops":
            raise unknown("schedule", schedule, [name for name in SCHEDULES if name != "drops"])
        changes["schedule"] = SCHEDULES[schedule or "constant"](warmup=warmup or "0it")
    return made.but(**changes)


def trained_as(
    training: str,
    known: Mapping[str, Recipe],
    *,
    steps: str | None = None,
    lr: float | None = None,
    evaluate: str | None = None,
) -> Recipe:
    """One of several recipes by its name, with a length, a rate or looks of its own where these are said.

    Raises:
        RequestError: for a name that is none of them.
    """
    if training not in known:
        raise unknown("training", training, known)
    said = {"total": steps, "lr": lr, "evaluate": evaluate}
    return known[training].but(**{name: value for name, value in said.items() if value is not None})


def share(name: str, value: object, example: float) -> float:
    """A number that is a part of something.

    Raises:
        RequestError: for what is no number in (0, 1).
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise RequestError(f"{name} is {value!r}; expected a number in (0, 1), such as {example:g}.")
    return value


def iterations(recipe: Recipe, data: str | Data, *, of: Steps | str = "100%") -> int:
    """The iterations of a recipe on a data set, or of a part of it.

    Example:
        >>> iterations(recipe("digits"), "digits"), iterations(recipe("digits"), "digits", of="2ep")
        (400, 30)
    """
    from whether.history.settle import settle

    settled = settle(recipe, Data.parse(data))
    per_epoch = settled.per_epoch
    return Steps.parse(of).count(per_epoch=per_epoch, total=settled.total)


def weights_left(
    model: str, data: str, *, rounds: int, fraction: float, output_fraction: float | None = None
) -> list[float]:
    """Per cent of the weights that are left after 0, 1, …, `rounds` rounds.

    With an output fraction the layers' sizes count, which are known for perceptrons; for other models it is what is
    left of all layers but the last.

    Example:
        >>> [round(x, 2) for x in weights_left("mlp-300-100", "mnist", rounds=3, fraction=0.2, output_fraction=0.1)[1:]]
        [80.04, 64.06, 51.28]
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise RequestError(f"rounds is {rounds!r}; expected a whole number, 1 or more.")
    for name, value in (("fraction", fraction), ("output_fraction", output_fraction)):
        if value is not None and not (isinstance(value, (int, float)) and 0 < value < 1):
            raise RequestError(
                f"{name} is {value!r}; expected a number in (0, 1): the part that goes in a round, such as 0.2."
            )
    sizes = [1.0, 0.0]
    known = "mlp-300-100" if model == "lenet-300-100" else model
    if output_fraction is not None and known.startswith("mlp-"):
        facts = card(Data.parse(data).name)
        widths = [
            math.prod(facts.shape),
            *(int(width) for width in known.split("-")[1:] if width.isdigit()),
            facts.classes,
        ]
        layers = [before * after for before, after in itertools.pairwise(widths)]
        sizes = [sum(layers[:-1]), layers[-1]]
    slow = fraction if output_fraction is None else output_fraction
    whole = sum(sizes)
    return [100.0 * (sizes[0] * (1 - fraction) ** k + sizes[1] * (1 - slow) ** k) / whole for k in range(rounds + 1)]


def round_of(density: float, left: list[float]) -> int:
    """The round that leaves a density, as far as any does.

    Raises:
        RequestError: when none comes near.
    """
    if not isinstance(density, (int, float)) or not 0 < density < 1:
        raise RequestError(
            f"density is {density!r}; expected a number in (0, 1): the part of the weights that is left."
        )
    nearest = min(range(1, len(left)), key=lambda k: abs(math.log(left[k] / 100 / density)))
    if abs(math.log(left[nearest] / 100 / density)) > 0.1:
        reached = ", ".join(f"{x / 100:.3f}" for x in left[1:])
        raise RequestError(
            f"no round leaves a density of {density:g}; these rounds leave {reached}. Name one, or change rounds."
        )
    return nearest


def at_rounds(said: list[int] | None, rounds: int, *, usual: Sequence[int]) -> list[int]:
    """Rounds of pruning that are looked at: as said, or the last and the usual ones of those there are.

    Raises:
        RequestError: for what is no round.
    """
    if said is None:
        return [*(k for k in usual if k < rounds), rounds]
    if wrong := [k for k in said if type(k) is not int or not 0 < k <= rounds]:
        raise RequestError(f"compared has {wrong[0]!r}; expected rounds of pruning, whole numbers from 1 to {rounds}.")
    return said


def widths_of(models: Sequence[str]) -> dict[str, float]:
    """By network its width (of a perceptron the first layer's), from the narrowest on.

    Raises:
        RequestError: when they are not three or more that differ in nothing but width.
    """
    found = [SIZED.fullmatch(str(model)) for model in models]
    sized = sorted((float(one[2]), one[0], (one[1], one[0].count("-"))) for one in found if one is not None)
    alike = len({depth for _, _, depth in sized}) == 1 and len({width for width, _, _ in sized}) == len(models)
    if len(sized) < max(3, len(models)) or not alike:
        raise RequestError(
            f"models is {list(models)}; expected three or more that differ in nothing but width, such as "
            "[resnet-20-w4,resnet-20-w8,resnet-20-w16]: those of the middle one are predicted from narrower and wider "
            "ones."
        )
    return {model: width for width, model, _ in sized}
