"""Which seed matters: that of the initial weights, or that of the order of the data? A crossed design."""

from __future__ import annotations

import math
from collections.abc import Mapping

from whether.catalogue.settings import recipe, trained_as
from whether.errors import RequestError, unknown
from whether.history import Measure, Network, derived, measure
from whether.history.checks import whole_number
from whether.question import Claim, Control, Question, Replicate, above, below, question
from whether.recipe import Recipe, drops, sgd
from whether.words import MEASURES

PAPER = {"model": "resnet-20", "data": "cifar10", "training": "paper", "replicates": 10}
STEPWISE = Recipe(optimizer=sgd(0.1, momentum=0.9, weight_decay=1e-4), total="160ep", batch=128)
CIFAR = STEPWISE.but(schedule=drops(["80ep", "120ep"]), augment=("flip", "crop-4"))
SD = 1.25  # the upper 80 % limit of 1.04 in a pilot of 16 replicates with other seeds
MEASURED = ("mlp-300-100", "digits", "accuracy", 4, "kaiming-normal")
WHY = "twice the variance is 1.4 times the deviation; less would not change which seed a careful study draws again"
ORDER, WEIGHTS = {"order": 1, "residual": 1}, {"init": 1, "residual": 1}
"""What varies where one seed is drawn again and the other kept: its own part, and that of both together."""


@question(category="science", presets={"paper": PAPER})
def seed_variance(
    model: str = "mlp-300-100",
    data: str = "digits",
    metric: str = "accuracy",
    levels: int = 4,
    training: str = "default",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "kaiming-normal",
    replicates: int = 16,
    s: float = 2.0,
) -> Question:
    """Does the order of the data vary results more than the initial weights do?

    Two seeds make two runs of one recipe differ: that of the initial weights, and that of the order of the data (and
    of its augmentation). Cross them: each of several initialisations is trained in each of several orders. Drawing
    only the order again shows the variance over orders at one initialisation, drawing only the weights again that over
    initialisations at one order. Their ratio is asked, in doublings (log₂), which have a mean over replicates. What
    belongs to both seeds together counts in both, as it does where one varies a source at a time; each source by
    itself is shown besides, without bias and so at times negative.

    Where training is chaotic either seed brings all of the variance, and the ratio is one: how much a change in the
    last bits of the weights brings is shown, too. Sources: Bouthillier et al., "Accounting for variance in machine
    learning benchmarks" (MLSys 2021); Picard, "torch.manual_seed(3407) is all you need" (2021); Jordan, "Calibrated
    chaos" (2023). `preset=paper` is ResNet-20 on CIFAR-10; their figures are of other networks, and not shown.
    """
    _check(metric, levels, s)
    how = trained_as(training, {"default": recipe(data), "paper": CIFAR}, steps=steps, lr=lr)
    besides = "loss" if metric != "loss" else "accuracy"

    def arms(rep: Replicate) -> Mapping[str, Measure]:
        starts = [Network(model, data=data, seed=rep.seed("init", i), recipe=how, init=init) for i in range(levels)]
        orders = [rep.seed("order", j) for j in range(levels)]
        runs = [[start.train(order=order) for order in orders] for start in starts]
        twins = [start.perturbed("noise", rep.seed("twin"), scale=1e-7).train(order=orders[0]) for start in starts[:2]]
        bits = [[row[0], twin] for row, twin in zip(runs, twins, strict=False)]
        ends = [[start.train(until=to, order=orders[0]) for to in ("5%", "100%")] for start in starts[:2]]
        return {
            "order over weights": _of("order", runs, metric, above=ORDER, below=WEIGHTS),
            f"order over weights, in {besides}": _of("order", runs, besides, above=ORDER, below=WEIGHTS),
            "length over weights": _of("length", ends, metric, above={"length": 1, "residual": 1}, below=WEIGHTS),
            "only the order": _of("order", runs, metric, weights=ORDER),
            "only the weights": _of("order", runs, metric, weights=WEIGHTS),
            "only the last bits": _of("bits", bits, metric, weights={"bits": 1, "residual": 1}),
            "order by itself": _of("order", runs, metric, weights={"order": 1}),
            "weights by themselves": _of("order", runs, metric, weights={"init": 1}),
            "last bits less weights": _of("bits", bits, metric, weights={"bits": 1, "init": -s, "residual": 1 - s}),
        }

    usual = (model, data, metric, levels, init) == MEASURED and how == recipe("digits")
    return Question(
        arms,
        claims=[_above("order over weights", s, sd=SD if usual else None)],
        if_yes="Draw the order again in every run: new initial weights alone show less than half as much variance.",
        if_no="Draw the initial weights again in every run: new orders alone may show too little of the variance.",
        secondary=[
            below("order over weights", -math.log2(s), unit="doublings", because=WHY),
            _above(f"order over weights, in {besides}", s),
        ],
        controls=_controls(s, f"{MEASURES[metric].unit}²"),
        replicates=replicates,
    )


def _of(other: str, runs: list[list[Network]], metric: str, **said: Mapping[str, float]) -> Measure:
    """What is derived of runs by initialisation (rows) and another source: a sum of their variances, or a ratio."""
    cells = [(i, j) for i, row in enumerate(runs) for j in range(len(row))]
    levels = {"init": [i for i, _ in cells], other: [j for _, j in cells]}
    parts = {f"init {i}, {other} {j}": measure(metric, runs[i][j]) for i, j in cells}
    name, unit = ("variance_sum", f"{MEASURES[metric].unit}²") if "weights" in said else ("variance_doublings", "")
    return derived(name, parts, unit=unit, worst=0.0, options={"levels": levels, **said})  # of lost runs no difference


def _check(metric: str, levels: int, s: float) -> None:
    if metric not in MEASURES:
        raise unknown("metric", metric, MEASURES)
    if isinstance(s, bool) or not isinstance(s, (int, float)) or not 1 < s < math.inf:
        raise RequestError(f"s is {s!r}; expected a ratio of variances above 1, such as 2.")
    whole_number("levels", levels, 2)


def _above(arm: str, s: float, *, sd: float | None = None) -> Claim:
    size = math.log2(s)
    return above(arm, size, unit="doublings", because=WHY, delta_yes=2 * size, delta_no=0.0, sd=sd)


def _controls(s: float, unit: str) -> list[Control]:
    size = "there the last bits bring s times the variance of new weights"
    bits = above("last bits less weights", 0.0, unit=unit, because=size)
    seen = "runs that end after a twentieth of training differ greatly from whole ones, which must be seen"
    unseen = "the same seeds twice, but for rounding: no change in the last bits brings more than new weights do"
    length = _above("length over weights", s)
    return [Control(length, expect="yes", because=seen), Control(bits, expect="no", because=unseen)]
