"""Do independently trained networks lie in one region, but for the order of their units?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from whether.catalogue.papers import REBASIN, REBASIN_FIGURES, STABILITY
from whether.catalogue.parting import average, goes, of_alignment, pairs, removed, there_is
from whether.catalogue.settings import trained_as
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history import Measure, Network, accuracy, barrier
from whether.question import Question, Replicate, ordered, question
from whether.recipe import default_recipe

TRAINING = {"digits": default_recipe("digits"), "resnet": STABILITY["resnet"]}
# The setting in which spreads were measured, over 12 replicates on validation, and the upper 80 % limits of the
# standard deviations of both claims.
MEASURED: tuple[object, ...] = (
    *("mlp-<width>-<width>", 128, "digits", None, 3),
    *("activations", None, 31, "kaiming-normal"),
    TRAINING["digits"],
)
SDS = (5.0, 6.0)


@question(category="science", presets={"paper": REBASIN})
def rebasin(
    model: str = "mlp-<width>-<width>",
    width: int = 128,
    narrower: Sequence[int] = (8, 16, 32, 64),
    data: str = "digits",
    rows: int | None = None,
    networks: int = 3,
    by: str = "activations",
    examples: int | None = None,
    points: int = 31,
    training: str = "digits",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "kaiming-normal",
    replicates: int = 16,
    size: float = 10.0,
    share: float = 80.0,
) -> Question:
    """Does reordering the units of a network remove the barrier between it and another one?

    Networks are trained from beginnings, and on orders of the data, that share nothing. On the straight line between
    two of them the error rises: a barrier. Which unit of a layer does what is chance, so the second network's units are
    put into the order that matches the first one's best, which changes nothing of what it computes. If that removes at
    least 80 % of a barrier that is there, what kept the networks apart was mostly that chance. A replicate is several
    networks, and the barriers of all their pairs are added before they are compared: a single one may be close to 0.

    Both claims have to hold: there is a barrier of more than `size` points, and more than `share` % of it goes. A
    random order removes nothing; a copy of a network with its units shuffled is brought back exactly. BatchNorm's
    statistics are taken anew on every line. How it goes in narrower networks stands beside.
    Sources: Entezari et al. (ICLR 2022) for the conjecture; Ainsworth, Hayase & Srinivasa, "Git Re-Basin" (ICLR 2023),
    for matching by weights; Li et al. (2015) and Jordan et al., "REPAIR" (ICLR 2023), for matching by activations and
    for statistics. We differ: error instead of loss, and the barrier is over the mean of both ends.
    """
    _check(model, width, narrower, networks)
    made, on = trained_as(training, TRAINING, steps=steps, lr=lr), Data(name=data, rows=rows)
    between, worst = partial(barrier, points=points), 100.0 - 100.0 / on.card.classes
    setting = (model, width, data, rows, networks, by, examples, points, init, made)
    sds = SDS if setting == MEASURED else (None, None)

    def aligned(one: Network, other: Network) -> Measure:
        return between(one, other.aligned(one, by=by, examples=examples))

    def shuffled(one: Network, other: Network) -> Measure:
        return between(one, other.perturbed("permute-units", other.order.seed("shuffled")))

    def trained(rep: Replicate, wide: int) -> list[Network]:
        named = model.replace("<width>", str(wide))
        seeds = (rep.seed("network", number) for number in range(networks))
        return [Network(named, data=on, seed=seed, recipe=made, init=init).train() for seed in seeds]

    def arms(rep: Replicate) -> Mapping[str, Network | Measure | Mapping[float, Network | Measure]]:
        lines = {
            wide: [pairs(trained(rep, wide), how) for how in (between, aligned)]
            for wide in sorted({width, *narrower}, reverse=True)
        }
        found, better = lines[width]
        one = trained(rep, width)[0]
        copy = one.perturbed("permute-units", rep.seed("copy"))
        return {
            "barrier": average(found, worst=worst),
            "barrier, aligned": average(better, worst=worst),
            "removed": {wide: removed(*both) for wide, both in lines.items()},
            "removed at random": removed(found, pairs(trained(rep, width), shuffled)),
            "shuffled copy": between(one, copy),
            "shuffled copy, aligned": aligned(one, copy),
            "accuracy": accuracy(one),
        }

    return Question(
        arms,
        claims=[there_is(size, sds[0]), goes(width, share, sds[1])],
        if_yes="Up to the order of their units these networks lie in one region: average them after aligning.",
        if_no="More keeps these networks apart than the order of their units: to average them, make them wider "
        "or train them from a common beginning.",
        secondary=[ordered(*(goes(wide, share) for wide in sorted(narrower, reverse=True)))] if narrower else [],
        controls=of_alignment(size, share),
        replicates=replicates,
        axis="width",
        published=REBASIN_FIGURES if data == "cifar10" else [],
    )


def _check(model: str, width: int, narrower: Sequence[int], networks: int) -> None:
    if not isinstance(model, str) or "<width>" not in model:
        raise RequestError(f"model is {model!r}; expected a name with <width> in it, such as mlp-<width>-<width>.")
    if width in narrower or len(set(narrower)) < len(narrower):
        raise RequestError(f"narrower is {list(narrower)!r} beside width={width}; expected other widths, each once.")
    if isinstance(networks, bool) or not isinstance(networks, int) or networks < 2:
        raise RequestError(f"networks is {networks!r}; expected a whole number, 2 or more: a pair is aligned.")
