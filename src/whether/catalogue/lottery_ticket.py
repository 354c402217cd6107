"""Do winning tickets exist? The experiment of Frankle & Carbin (2019)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from whether.data.cards import Data, card
from whether.errors import RequestError
from whether.history import Measure, Network, early_stop, tickets
from whether.question import (
    Claim,
    Control,
    Ladder,
    Question,
    Replicate,
    at,
    exceeds,
    not_worse,
    ordered,
    question,
    same,
)
from whether.recipe import OPTIMIZERS, Recipe, default_recipe
from whether.steps import Steps

PAPER = {
    "model": "lenet-300-100",
    "data": "mnist",
    "rounds": 20,
    "output_fraction": 0.1,
    "density": 0.211,
    "scope": "layer",
    "steps": "50000it",
    "optimizer": "adam",
    "lr": 1.2e-3,
    "batch": 60,
    "evaluate": "100it",
    "init": "xavier-normal",
    "replicates": 5,
}

# Rounds at which tickets are compared with their controls: about 51, 21, 11, 7 and 3.5 % of the weights at a fifth a
# round. Tickets of the other rounds are trained on the way and cost nothing; each control costs a training.
COMPARED = (3, 7, 10, 12, 15)
# Where the standard deviations of the claims' paired differences were measured: model, data, fraction and output
# fraction of a round, rounds, scope, rewinding, initialiser; and the default recipe. Over 16 replicates on the 300
# validation examples they were .61 points beside the dense network and .89 beside the re-initialised ticket, whose
# upper 80 % limits are .73 and 1.08 (on the 597 test examples .36 and .66 points).
MEASURED = ("mlp-300-100", "digits", 0.2, None, 12, "layer", "0it", "kaiming-normal")
SDS = (0.75, 1.1)
CLOSE = "a loss of that size would be seen in use; less is within what two seeds differ by"


@question(category="science", presets={"paper": PAPER})
def lottery_ticket(
    model: str = "mlp-300-100",
    data: str = "digits",
    rounds: int = 15,
    fraction: float = 0.2,
    output_fraction: float | None = None,
    density: float = 0.069,
    scope: str = "layer",
    rewind: str = "0it",
    steps: str | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    batch: int | None = None,
    evaluate: str | None = None,
    init: str = "kaiming-normal",
    replicates: int = 16,
    s: float = 1.0,
) -> Question:
    """Do winning tickets match the dense network and beat their own re-initialisation?

    Train a network, prune a fifth of its weights by magnitude, give the rest the values that they began with, train
    again; repeat. What is left is a ticket. It wins, at the density that is named beforehand, if it is not worse than
    the dense network by the smallest size of interest, and better by more than that than the same mask with freshly
    drawn weights: then it is the beginning that matters, not only which weights there are.

    A random mask of the same density in every layer is the control that should fail; a ticket of density 100 % is the
    dense network itself. Source: Frankle & Carbin, "The Lottery Ticket Hypothesis" (ICLR 2019); rewinding to a later
    step (`rewind`) is from Frankle et al. (ICML 2020). `preset=paper` is its protocol for LeNet-300-100 on MNIST.
    """
    Steps.parse(rewind, "rewind")
    recipe = _recipe(data, steps=steps, optimizer=optimizer, lr=lr, batch=batch, evaluate=evaluate)
    left = weights_left(model, data, rounds=rounds, fraction=fraction, output_fraction=output_fraction)
    named = _round_of(density, left)
    compared = sorted({named, rounds, *(k for k in COMPARED if k <= rounds)})
    layers = None if output_fraction is None else {"output": output_fraction}

    def arms(rep: Replicate) -> Mapping[str, Network | Measure | Mapping[float, Network]]:
        start = Network(model, data=data, seed=rep, recipe=recipe, init=init)
        found = tickets(start, rounds=rounds, fraction=fraction, rewind=rewind, scope=scope, layer_fractions=layers)
        again = start.reinit(rep.seed("again"))
        masks = {left[k]: found.mask(k) for k in compared}
        shuffled = {x: mask.shuffled(rep.seed("shuffle"), scope="layer") for x, mask in masks.items()}
        return {
            "dense": found.dense,
            "ticket": {left[k]: found[k] for k in range(rounds + 1)},
            "re-initialised": {x: again.masked(mask).train() for x, mask in masks.items()},
            "random mask": {x: found.early.masked(mask).train() for x, mask in shuffled.items()},
            "early stop of dense": early_stop(found.dense),
            "early stop of ticket": early_stop(found[named]),
        }

    here = left[named]
    return Question(
        arms,
        claims=_claims(here, s, _sds(recipe, model, data, fraction, output_fraction, named, scope, rewind, init)),
        if_yes=f"Winning tickets exist here: at {here:.3g} % of the weights, the beginning can be trained alone.",
        if_no=f"At {here:.3g} % of the weights this procedure finds no winning ticket: do not count on one.",
        if_inconclusive="More replicates would narrow the intervals; the sizes of interest stay as they are.",
        secondary=_besides(left[1:], s, sooner_by=_twentieth(recipe, data)),
        controls=_controls(here, left[0], s),
        replicates=replicates,
        axis="weights left (%)",
    )


def _sds(recipe: Recipe, *setting: object) -> tuple[float | None, float | None]:
    """The standard deviations that are known of the claims in a setting; elsewhere a pilot has to show them."""
    return SDS if setting == MEASURED and recipe == _recipe("digits") else (None, None)


def _claims(here: float, s: float, sds: tuple[float | None, float | None]) -> list[Claim]:
    ticket, drawn, why = at("ticket", here), at("re-initialised", here), "two seeds differ by less"
    return [
        not_worse(ticket, "dense", by=s, because=CLOSE, if_no="The ticket loses accuracy.", sd=sds[0]),
        exceeds(ticket, drawn, by=s, because=why, if_no="The mask does as well when re-drawn.", sd=sds[1]),
    ]


def _besides(left: Sequence[float], s: float, *, sooner_by: float) -> list[Claim | Ladder]:
    return [
        ordered(*(not_worse(at("ticket", x), "dense", by=s, because=CLOSE) for x in left)),
        exceeds(
            "early stop of ticket",
            "early stop of dense",
            by=sooner_by,
            unit="it",
            because="a twentieth of training is worth a schedule's while",
        ),
    ]


def _controls(here: float, whole: float, s: float) -> list[Control]:
    ticket, random = at("ticket", here), at("random mask", here)
    return [
        Control(
            exceeds(ticket, random, by=s, because="the same size as the claim"),
            expect="yes",
            because="a random mask keeps as many weights of each layer; if it did as well, choosing would be idle",
        ),
        Control(
            same(at("ticket", whole), "dense", within=s, because="the same size as the claim"),
            expect="yes",
            because="unpruned, the ticket is the dense network: any difference would be a fault of the pipeline",
        ),
    ]


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


def _round_of(density: float, left: list[float]) -> int:
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


def _recipe(data: str, *, optimizer: str | None = None, lr: float | None = None, **given: Any) -> Recipe:
    base = default_recipe(Data.parse(data).name)
    changes = {"total" if name == "steps" else name: value for name, value in given.items() if value is not None}
    if optimizer is not None:
        if optimizer not in OPTIMIZERS:
            from whether.errors import unknown

            raise unknown("optimizer", optimizer, OPTIMIZERS)
        changes["optimizer"] = OPTIMIZERS[optimizer](base.optimizer.lr)
    if lr is not None:
        changes["lr"] = lr
    return base.but(**changes)


def _twentieth(recipe: Recipe, data: str) -> float:
    from whether.history.resolve import settle

    return max(1.0, settle(recipe, Data.parse(data)).total / 20)
