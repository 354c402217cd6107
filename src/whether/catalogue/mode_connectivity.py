"""From which step on is training stable? The instability analysis of Frankle et al. (2020)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from whether.catalogue.papers import STABILITY, STABLE_LENET, STABLE_RESNET, stable_from_published
from whether.catalogue.parting import apart, ladder, rungs, twin
from whether.catalogue.settings import trained_as
from whether.data.cards import Data
from whether.history import Measure, Network, accuracy, barrier
from whether.question import Control, Question, Replicate, above, below, exceeds, ordered, question

DEEP = "mlp" + 8 * "-50"
# The setting in which spreads were measured, over 12 replicates on validation, and upper 80 % limits of the standard
# deviation by step. It is a third of the mean where barriers are high; planned with that, a no is as likely.
MEASURED: tuple[object, ...] = (DEEP, "digits", None, 3, 31, "kaiming-normal", STABILITY["digits"])
SDS = {200: 0.15, 100: 0.25, 50: 0.3, 20: 0.45, 10: 0.45, 5: 1.2, 0: 9.5}


@question(category="science", presets={"paper": STABLE_RESNET, "lenet": STABLE_LENET})
def mode_connectivity(
    model: str = DEEP,
    data: str = "digits",
    rows: int | None = None,
    after: Sequence[str] = ("0it", "5it", "10it", "20it", "50it", "100it", "200it"),
    stable_from: str = "20it",
    copies: int = 3,
    points: int = 31,
    training: str = "digits",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "kaiming-normal",
    replicates: int = 10,
    s: float = 2.0,
) -> Question:
    """Is training stable to the order of its data from a named step on?

    Copies of a network that has trained for k steps go on with other orders of the data. Training is stable from
    k on if the straight line between their ends crosses no barrier: its highest error, less the mean of both ends, is
    below 2 points. Then the order no longer decides in which linearly connected region training ends. This is asked of
    the latest k first; it has to hold down to `stable_from`, and the answer tells how far down it does.

    A replicate is one initialisation, and the barriers of all pairs of its copies are averaged. Two beginnings that
    share nothing show what a barrier is; twins that differ at `stable_from` by a rounding, what noise makes of none.
    Source: Frankle, Dziugaite, Roy & Carbin, "Linear mode connectivity and the lottery ticket hypothesis" (ICML 2020).
    We differ: copies keep the optimiser's state of step k, BatchNorm's statistics are taken anew at every point of the
    line (interpolated ones stand beside), and of 31 points one is the middle. By default a perceptron of eight
    narrow layers is trained, for wider and flatter ones are stable on digits from the beginning.
    """
    made, on = trained_as(training, STABILITY, steps=steps, lr=lr), Data(name=data, rows=rows)
    parted, held = rungs(after, stable_from, made, on)
    worst = 100.0 - 100.0 / on.card.classes
    between, stale = (partial(barrier, points=points, statistics=how) for how in ("re-estimated", "interpolated"))
    asked = {"barrier": between} | ({"barrier, statistics interpolated": stale} if keeps_statistics(model) else {})

    def arms(rep: Replicate) -> Mapping[str, Network | Measure | Mapping[float, Network | Measure]]:
        start, other = (Network(model, data=on, seed=seed, recipe=made, init=init) for seed in (rep, rep.seed("other")))
        families: dict[str, Network | Measure | Mapping[float, Network | Measure]] = {
            name: {k: apart(start, rep, k, copies, measured, worst=worst) for k in parted}
            for name, measured in asked.items()
        }
        return families | {
            "two beginnings": between(start.train(), other.train()),
            "rounding twins": twin(start, rep, parted[held - 1], between),
            "trained": accuracy(start.train()),
            "untrained": accuracy(start),
        }

    because = "the paper's own bound: two points are more than pairs of trained networks differ by"
    sds = SDS if (model, data, rows, copies, points, init, made) == MEASURED else {}
    claims = {name: ladder(name, parted, s, "points", because, sds) for name in asked}
    return Question(
        arms,
        claims=claims.pop("barrier"),
        combine="ordered",
        hold_to=held,
        if_yes=f"From {parted[held - 1]} iterations on the order of the data no longer matters to where training ends: "
        "average, prune or branch from there.",
        if_no=f"Copies that part at {parted[held - 1]} iterations or later end in different regions: what is found in "
        "one of them need not hold in another, and weights are to be rewound to a later step.",
        secondary=[ordered(*more) for more in claims.values()],
        controls=_controls(s),
        replicates=replicates,
        axis="iterations before copies part",
        published=stable_from_published(model, data),
    )


def keeps_statistics(model: str) -> bool:
    """Whether a model has layers whose running statistics go stale on a line: not said of models of one's own."""
    return re.fullmatch(r"(vgg|resnet)-\d+(-w\d+)?", model) is not None or "/" in model


def _controls(s: float) -> list[Control]:
    half = "half the size of the claim: a twin's barrier is what noise alone makes of none"
    return [
        Control(
            above("two beginnings", s, because="the same size as the claim"),
            expect="yes",
            because="networks that share nothing, not even their beginning, are known to end in different regions",
        ),
        Control(
            below("rounding twins", s / 2, because=half),
            expect="yes",
            because="what differs by a rounding and sees the same data in the same order is one network",
        ),
        Control(
            exceeds("trained", "untrained", by=20, because="far less than any network here learns"),
            expect="yes",
            because="networks that learn nothing have no barrier either",
        ),
    ]
