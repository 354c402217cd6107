"""What can BatchNorm's own parameters do, with everything else as it was drawn? After Frankle et al. (2021)."""

from __future__ import annotations

from collections.abc import Mapping

from whether.catalogue.settings import CIFAR, trained_as
from whether.data.cards import Data
from whether.history import Network
from whether.question import Control, Published, Question, Replicate, below, exceeds, question
from whether.recipe import Recipe, cosine, sgd

PRESETS = {
    name: {"model": model, "data": "cifar10", "training": "paper", "replicates": 5}
    for name, model in (("paper", "resnet-14"), ("paper-110", "resnet-110"), ("paper-866", "resnet-866"))
}
DIGITS = Recipe(optimizer=sgd(0.1, momentum=0.9), total="300it", batch=60, schedule=cosine())
FIGURES = {"resnet-14": (47.5, 2.5), "resnet-110": (67.5, 2.5), "resnet-866": (80.0, 2.0)}
SD = 7.6  # upper 80 % limit of 5.6 over 8 replicates of a pilot, on the 300 validation examples; random weights vary
MEASURED = ("resnet-8-w8", Data(name="digits"), DIGITS, "kaiming-normal+bn-uniform")
WHY = "what is asked is whether two parameters a channel are special, and that would show in more than a few points"


@question(category="science", presets=PRESETS)
def batchnorm_only(
    model: str = "resnet-8-w8",
    data: str = "digits",
    rows: int | None = None,
    training: str = "default",
    steps: str | None = None,
    lr: float | None = None,
    evaluate: str | None = None,
    init: str = "kaiming-normal+bn-uniform",
    replicates: int = 21,
    s: float = 5.0,
) -> Question:
    """Do BatchNorm's scales and shifts do more than as many other weights, when nothing else is trained?

    Freeze a network as it was drawn, the output layer too, and train the scale and the shift of each BatchNorm: how
    far does it get? Two parameters a channel are few, so the comparison is with as few: in each layer that a norm
    follows as many weights as the norm has parameters, spread evenly over the channels and drawn anew in each
    replicate. Everything else is alike: the fresh weights, the order of the data, the running statistics.

    With nothing trained a network guesses, whatever its running statistics; with everything trained it shows what can
    be reached. Source: Frankle, Schwab & Morcos, "Training BatchNorm and only BatchNorm" (ICLR 2021): CIFAR-10, scales
    drawn from U(0, 1). `preset=paper` is its ResNet-14, `paper-110` and `paper-866` deeper ones; the default is a
    small ResNet on digits, looked at after a third of the replicates: random weights vary much from draw to draw.
    """
    of = Data(name=data, rows=rows)
    how = trained_as(training, {"default": DIGITS, "paper": CIFAR}, steps=steps, lr=lr, evaluate=evaluate)

    def arms(rep: Replicate) -> Mapping[str, Network]:
        start = Network(model, data=of, seed=rep, recipe=how, init=init)
        return {
            "BatchNorm": start.only("batchnorm").train(),
            "random weights": start.only("random-as-batchnorm", seed=rep.seed("which")).train(),
            "output layer": start.only("output").train(),
            "nothing": start.only("nothing").train(),
            "everything": start.train(),
        }

    sd = SD if (model, of, how, init) == MEASURED else None
    return Question(
        arms,
        claims=[exceeds("BatchNorm", "random weights", by=s, because=WHY, sd=sd)],
        if_yes="BatchNorm's parameters can shape random features: count them among what a network learns with.",
        if_no="They are as good as any few weights: what BatchNorm is for lies in normalising.",
        secondary=[exceeds("BatchNorm", "output layer", by=s, because="the same size as the claim")],
        controls=_controls(s),
        replicates=replicates,
        looks=(replicates // 3, replicates) if replicates >= 6 else (),
        published=_published(model) if training == "paper" else [],
    )


def _controls(s: float) -> list[Control]:
    guess = "twice what guessing among ten gives"
    return [
        Control(
            exceeds("everything", "random weights", by=s, because="the same size as the claim"),
            expect="yes",
            because="a few weights cannot do what all can; if they did, the task would tell nothing apart",
        ),
        Control(
            below("nothing", 20.0, because=guess, delta_yes=10.0, delta_no=30.0),
            expect="yes",
            because="running statistics go on, and no parameter moves: what is not trained guesses",
        ),
    ]


def _published(model: str) -> list[Published]:
    if model not in FIGURES:
        return []
    value, spread = FIGURES[model]
    source = "Frankle, Schwab & Morcos (2021), CIFAR-10; second-hand"
    return [Published(arm="BatchNorm", value=value, unit="points", spread=spread, source=source, note="a range")]
