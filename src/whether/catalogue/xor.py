"""Is a pruned pair of hidden units worth more than a fresh pair?"""

from __future__ import annotations

from collections.abc import Mapping

from whether.errors import RequestError
from whether.history import Measure, Network, solved
from whether.question import Control, Question, Replicate, exceeds, question
from whether.recipe import adam, default_recipe


@question(category="science")
def xor(
    hidden: int = 10,
    keep: int = 2,
    steps: str = "1000it",
    lr: float = 0.02,
    init: str = "xavier-normal",
    replicates: int = 100,
    s: float = 25.0,
) -> Question:
    """Does a pruned two-unit network solve XOR where fresh two-unit networks fail?

    Two ReLU units are enough to compute XOR, but training from fresh weights often gets stuck. Train a network with
    more units, prune all but the strongest two, give those the weights that they began with, and train them again. If
    they solve XOR far more often than two fresh units, the wide network was a search for a good beginning.

    Wide networks count whether they solved XOR or not. The controls: two random units of the same wide network do not
    do as well as the strongest two, and no better than two fresh ones; the wide network itself does far better.
    Source: the first version of Frankle & Carbin, "The Lottery Ticket Hypothesis" (arXiv:1803.03635v1, section 2), with
    our own training: Adam on all four points, cross-entropy.
    """
    if not (isinstance(hidden, int) and isinstance(keep, int) and 1 <= keep < hidden):
        raise RequestError(f"keep is {keep!r} of hidden={hidden!r} units; expected 1 or more, and fewer than hidden.")
    recipe = default_recipe("xor").but(optimizer=adam(lr), total=steps)
    fraction = 1 - keep / hidden

    def arms(rep: Replicate) -> Mapping[str, Measure]:
        wide = Network(f"mlp-{hidden}", data="xor", seed=rep, recipe=recipe, init=init)
        mask = wide.train().prune(fraction=fraction, structure="unit")
        fresh = Network(f"mlp-{keep}", data="xor", seed=rep.seed("fresh"), recipe=recipe, init=init)
        return {
            "ticket": solved(wide.masked(mask).train()),
            "fresh pair": solved(fresh.train()),
            "random pair": solved(wide.masked(mask.shuffled(rep.seed("pair"), scope="unit")).train()),
            "wide": solved(wide.train()),
        }

    return Question(
        arms,
        claims=[
            exceeds(
                "ticket",
                "fresh pair",
                by=s,
                because="a way of beginning that turns one failure in four into a success is worth a larger network",
            )
        ],
        if_yes="Width helps by offering beginnings to choose from: overparameterise, prune, and keep the beginning.",
        if_no="A fresh small network does about as well: the wide one's beginning is nothing special.",
        controls=_controls(s),
        replicates=replicates,
        metric="solved",
    )


def _controls(s: float) -> list[Control]:
    size = "the same size as the claim"
    return [
        Control(
            exceeds("ticket", "random pair", by=s, because=size),
            expect="yes",
            because="if any two units of the wide network did as well, choosing by magnitude would explain nothing",
        ),
        Control(
            exceeds("wide", "fresh pair", by=s, because=size),
            expect="yes",
            because="wide networks are known to solve XOR; if they do not here, the training is broken",
        ),
        Control(
            exceeds("random pair", "fresh pair", by=s, because=size),
            expect="no",
            because="units that nobody chose begin like fresh ones; if they did better, pruning itself would help",
        ),
    ]
