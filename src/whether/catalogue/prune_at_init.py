"""Do methods that prune at initialisation know which weights to keep? After Frankle et al. (2021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from whether.catalogue.papers import AT_INIT, AT_INIT_FIGURES, NESTEROV
from whether.catalogue.settings import recipe, share, trained_as
from whether.claim import Claim, Control, exceeds, not_worse, ordered, same
from whether.errors import RequestError, unknown
from whether.history import Network, tickets
from whether.question import Question, Replicate, at, question

METHODS = ("snip", "grasp", "synflow", "magnitude")
# Upper 80 % limits of standard deviations over 24 replicates, on the 300 validation examples. Those of GraSP and of
# magnitude vary so much that they are planned for larger effects (yes, no, in sizes s).
SDS = {"snip": 1.05, "grasp": 1.3, "synflow": 0.75, "magnitude": 1.95}
PLANNED = {"grasp": (1.0, -3.0), "magnitude": (1.0, -3.0)}
MEASURED = {"model": "mlp-300-100", "data": "digits", "density": 0.1, "training": "default", "init": "kaiming-normal"}
IDLE = "two seeds differ by less, and a choice of single weights that gains less is not worth its scoring"
SIZE, HALF = "the size of the claims", "half the claims' size: that shuffling can hurt at all has to be seen"
KNOWN = "which weights to keep is what training has found; if shuffling did not hurt here, it would show nothing"
WORST = "if the lowest scores did as well as the highest, they would say nothing"
RANDOM = "shuffled, a random mask is a random mask of the same counts by layer"


@question(category="science", presets={"paper": AT_INIT})
def prune_at_init(
    model: str = "mlp-300-100",
    data: str = "digits",
    density: float = 0.1,
    others: list[float] | None = None,
    methods: list[str] | None = None,
    rounds: int = 100,
    temperature: float = 200.0,
    fraction: float = 0.4,
    training: str = "default",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "kaiming-normal",
    replicates: int = 18,
    s: float = 1.0,
) -> Question:
    """Do methods that prune at initialisation know no more than how many weights each layer needs?

    SNIP, GraSP, SynFlow and magnitude score single weights before training. Shuffle each mask within every layer, so
    that nothing but its counts by layer is left of it, and train under both. If no method loses by that, what its
    scores know is how many weights a layer should keep; which ones is idle. "After training" is what they are short
    of: the mask of iterative magnitude pruning (`fraction` of the weights a round), worn by the same fresh weights.

    Controls: shuffling hurts where a mask does know (after training); SNIP's worst weights are worse than its best; a
    random mask, shuffled, is a random mask. Source: Frankle, Dziugaite, Roy & Carbin, "Pruning neural networks at
    initialization: why are we missing the mark?" (ICLR 2021), where shuffling "preserves or improves" accuracy: so a
    claim is one-sided, and the two-sided one is shown; Su et al., "Sanity-checking pruning methods" (2020). SynFlow
    scores in `rounds`, GraSP at the `temperature` of its authors' code.
    """
    parts = {100 * share("density", part, 0.1): part for part in (density, *([0.05] if others is None else others))}
    named = list(dict.fromkeys(METHODS if methods is None else methods))
    if wrong := [by for by in named if by not in METHODS]:
        raise RequestError.join(unknown("method that prunes at initialisation", by, METHODS) for by in wrong)
    how = trained_as(training, {"default": recipe(data), "paper": NESTEROV}, steps=steps, lr=lr)
    said: dict[str, Any] = {"synflow": {"rounds": rounds}, "grasp": {"options": {"temperature": temperature}}}
    here = 100 * density

    def arms(rep: Replicate) -> Mapping[str, Network | Mapping[float, Network]]:
        start = Network(model, data=data, seed=rep, recipe=how, init=init)
        after = tickets(start, density=density, fraction=fraction)
        masks = {
            by: {x: start.prune(fraction=1 - part, by=by, **said.get(by, {})) for x, part in parts.items()}
            for by in (*named, "random")
        } | {"after training": {here: after.mask()}}
        found: dict[str, Network | Mapping[float, Network]] = {"dense": after.dense}
        for by, each in masks.items():
            mixed = {x: mask.shuffled(rep.seed("shuffle"), scope="layer") for x, mask in each.items()}
            found[by] = {x: start.masked(mask).train() for x, mask in each.items()}
            found[f"{by} shuffled"] = {x: start.masked(mask).train() for x, mask in mixed.items()}
        best, worst = start.prune(fraction=1 - density, by="snip"), start.prune(fraction=density, by="snip").inverted()
        found.setdefault("snip", {here: start.masked(best).train()})
        return found | {"snip inverted": {here: start.masked(worst).train()}}

    usual = {"model": model, "data": data, "density": density, "training": training, "init": init}
    known = usual == MEASURED and how == recipe("digits")

    def kept(by: str, x: float, because: str = SIZE) -> Claim:
        no = f"Which weights {by} keeps is worth something."
        return not_worse(at(f"{by} shuffled", x), at(by, x), by=s, because=because, if_no=no)

    def planned(by: str) -> Claim:
        yes, no = PLANNED.get(by, (0.0, -2.0))
        claim = replace(kept(by, here, IDLE), delta_yes=yes * s, delta_no=no * s)
        return replace(claim, sd=SDS[by]) if known else claim

    return Question(
        arms,
        claims=[planned(by) for by in named],
        if_yes="What they know is no more than counts by layer: take those, and choose a layer's weights at random.",
        if_no="At least one of them knows which weights to keep: use its mask as it is, not its counts by layer only.",
        secondary=[
            *(same(at(f"{by} shuffled", here), at(by, here), within=s, because=SIZE) for by in named),
            *(exceeds(at("after training", here), at(by, here), by=s, because=SIZE) for by in named),
            *(ordered(*(kept(by, x) for x in sorted(parts, reverse=True))) for by in named),
        ],
        controls=_controls(here, s),
        replicates=replicates,
        axis="weights left (%)",
        published=AT_INIT_FIGURES if training == "paper" else [],
    )


def _controls(here: float, s: float) -> list[Control]:
    known, shuffled = at("after training", here), at("after training shuffled", here)
    best, worst = at("snip", here), at("snip inverted", here)
    random, again = at("random", here), at("random shuffled", here)
    return [
        Control(exceeds(known, shuffled, by=s / 2, because=HALF), expect="yes", because=KNOWN),
        Control(exceeds(best, worst, by=s, because=SIZE), expect="yes", because=WORST),
        Control(same(random, again, within=s, because=SIZE), expect="yes", because=RANDOM),
    ]
