"""From which step on is the training of a small language model stable?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import log

from whether.catalogue.parting import apart, ladder, rungs, twin
from whether.catalogue.settings import trained_as
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history import Measure, Network, loss, loss_barrier
from whether.question import Control, Question, Replicate, above, below, exceeds, question
from whether.recipe import Recipe, adamw, cosine

TRAINING = {
    "sums": Recipe(optimizer=adamw(4e-3, weight_decay=0.1), total="500it", batch=64, schedule=cosine(warmup="5%")),
    "text": Recipe(
        optimizer=adamw(1e-3, weight_decay=0.1), total="5000it", batch=64, schedule=cosine(warmup="2%"), clip=1.0
    ),
}
SHAKESPEARE = {
    "model": "gpt-4-128",
    "data": "tiny-shakespeare",
    "training": "text",
    "split": "validation",
    "after": ["0it", "50it", "100it", "250it", "500it", "1000it", "2000it"],
    "stable_from": "500it",
    "replicates": 5,
}
# The setting in which spreads were measured, over 8 replicates, and upper 80 % limits of standard deviations by step.
MEASURED: tuple[object, ...] = ("gpt-1-32", "modular-addition", None, 2, 31, "train", "gpt", TRAINING["sums"])
SDS = {300: 0.0015, 200: 0.005, 100: 0.08, 50: 0.22, 0: 0.51}


@question(category="science", presets={"tiny-shakespeare": SHAKESPEARE})
def gpt_stability(
    model: str = "gpt-1-32",
    data: str = "modular-addition",
    rows: int | None = None,
    after: Sequence[str] = ("0it", "50it", "100it", "200it", "300it"),
    stable_from: str = "200it",
    copies: int = 2,
    points: int = 31,
    split: str = "train",
    training: str = "sums",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "gpt",
    replicates: int = 6,
    s: float = 0.1,
) -> Question:
    """Is the training of a small language model stable to the order of its data from a named step on?

    As `mode-connectivity`, for a transformer and its loss: copies that part at step k see the data in other orders, and
    training is stable from k on if the loss on the straight line between their ends rises by less than a tenth of a nat
    above the mean of both. Asked of the latest k first, down to `stable_from`.

    The default model adds modulo 23. In so few steps it learns the sums that it is shown by heart, and on the others it
    is worse than guessing: there a line can cross lower losses than its ends have, and a barrier would mean nothing.
    So the loss is that of the training split, which is what training makes small. Where a model generalises, as in the
    preset `tiny-shakespeare` (a few minutes on a GPU), `split` is validation.

    Sources: Frankle, Dziugaite, Roy & Carbin (ICML 2020) for the analysis; Power et al., "Grokking" (2022), for the
    sums. There is no published figure for either setting.
    """
    if split not in ("train", "validation", "test"):
        raise RequestError(f"split is {split!r}; expected 'train', 'validation' or 'test'.")
    made, on = trained_as(training, TRAINING, steps=steps, lr=lr), Data(name=data, rows=rows)
    parted, held = rungs(after, stable_from, made, on)
    sds = SDS if (model, data, rows, copies, points, split, init, made) == MEASURED else {}
    between = partial(loss_barrier, points=points, split=split)

    def arms(rep: Replicate) -> Mapping[str, Network | Measure | Mapping[float, Network | Measure]]:
        start, other = (Network(model, data=on, seed=seed, recipe=made, init=init) for seed in (rep, rep.seed("other")))
        worst = log(on.card.classes)
        return {
            "barrier": {k: apart(start, rep, k, copies, between, worst=worst) for k in parted},
            "two beginnings": between(start.train(), other.train()),
            "rounding twins": twin(start, rep, parted[held - 1], between),
            "loss": loss(start.train(), split=split),
            "loss at the beginning": loss(start, split=split),
        }

    return Question(
        arms,
        claims=ladder("barrier", parted, s, "nats", "a tenth of a nat makes the perplexity a tenth worse", sds),
        combine="ordered",
        hold_to=held,
        if_yes=f"From {parted[held - 1]} iterations on the order of the data no longer matters to where training ends: "
        "models that part there can be averaged.",
        if_no=f"Copies that part at {parted[held - 1]} iterations or later end in different regions: models are to be "
        "averaged only if they part later, and an analysis of one of them is one of several.",
        controls=_controls(s),
        replicates=replicates,
        axis="iterations before copies part",
    )


def _controls(s: float) -> list[Control]:
    half = "half the size of the claim: a twin's barrier is what noise alone makes of none"
    return [
        Control(
            above("two beginnings", s, unit="nats", because="the same size as the claim"),
            expect="yes",
            because="models that share nothing, not even their beginning, are known to end in different regions",
        ),
        Control(
            below("rounding twins", s / 2, unit="nats", because=half),
            expect="yes",
            because="what differs by a rounding and sees the same data in the same order is one model",
        ),
        Control(
            exceeds("loss", "loss at the beginning", by=0.5, unit="nats", because="far less than is learned here"),
            expect="yes",
            because="models that learn nothing have no barrier either",
        ),
    ]
