"""Is a pruned network better retrained by an earlier learning rate or fine-tuned? After Renda et al. (2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whether.catalogue.settings import round_of, share, trained_as, weights_left
from whether.history import Network, tickets
from whether.question import Control, Published, Question, Replicate, at, exceeds, not_worse, ordered, question, same
from whether.recipe import Recipe, constant, drops, sgd
from whether.steps import Steps

PAPER: dict[str, Any] = {"model": "resnet-20", "data": "cifar10", "training": "paper", "rounds": 10, "fraction": 0.2}
PAPER |= {"density": 0.107, "rewind": "0it", "weights_of": "32ep", "replicates": 3}
DIGITS = Recipe(optimizer=sgd(0.1, momentum=0.9), total="600it", batch=60, schedule=drops(["50%", "75%"]))
CIFAR = Recipe(
    optimizer=sgd(0.1, momentum=0.9, weight_decay=2e-4),
    total="182ep",
    batch=128,
    schedule=drops(["91ep", "136ep"]),
    augment=("flip", "crop-4"),
)
ARMS = ("fine-tuned", "weights rewound", "rate rewound", "weights of step 0")
FIGURES = {51.2: (91.4, 91.9, 92.3, 90.6), 16.8: (90.1, 91.7, 91.7, 88.5), 10.7: (89.1, 91.0, 91.0, 86.7)}
MEASURED = ("mlp-300-100", "digits", 0.4, 5, "10%", "10%", 0.01, "global", "kaiming-normal")
SD = 1.0  # upper 80 % limit of .7 over 6 replicates of a pilot, on the 300 validation examples
WHY = "two seeds differ by less, and so little is not worth a schedule of its own"
SIZE = "the same size as the claim"
TUNES = "fine-tuning is known to win back what pruning took; if it does not, its rate is too low to compare with"
MORE = "nothing was pruned: if more training gained by itself, a yes would not be about retraining"
LATER = "the paper finds that with the rate rewound trained weights do as well as those of an earlier step, or better"


@question(category="engineering", presets={"paper": PAPER})
def rewind_or_finetune(
    model: str = "mlp-300-100",
    data: str = "digits",
    rounds: int = 5,
    fraction: float = 0.4,
    density: float = 0.078,
    rewind: str = "10%",
    weights_of: str = "10%",
    low: float = 0.01,
    scope: str = "global",
    training: str = "default",
    steps: str | None = None,
    lr: float | None = None,
    init: str = "kaiming-normal",
    replicates: int = 12,
    s: float = 1.0,
) -> Question:
    """Is a pruned network better retrained with its learning rate rewound than fine-tuned for as long?

    Prune a trained network by magnitude and train what is left again, round after round. Fine-tuning does so at the low
    rate with which training ended; learning-rate rewinding goes back to the rate of step `rewind` and down its schedule
    once more. Both keep the trained weights, take as many steps and see the same examples in the same order: they
    differ in the rate alone. Weight rewinding beside them follows that schedule, too, from the weights of an earlier
    step; "weights of step 0" goes back all the way, and re-initialised weights under the same mask keep the mask only.

    A dense network that is retrained as often shows what more training does without pruning; networks that are pruned
    and not retrained, what there is to win back. Source: Renda, Frankle & Carbin, "Comparing rewinding and fine-tuning
    in neural network pruning" (ICLR 2020); `preset=paper` is its ResNet-20, where the rate is rewound to the beginning
    and weights to epoch 32. We differ: momentum begins afresh, and by default a perceptron learns digits.
    """
    for name, step in (("rewind", rewind), ("weights_of", weights_of)):
        Steps.parse(step, name)
    how = trained_as(training, {"default": DIGITS, "paper": CIFAR}, steps=steps, lr=lr)
    tuned = how.but(lr=how.optimizer.lr * share("low", low, 0.01), schedule=constant())
    left = weights_left(model, data, rounds=rounds, fraction=fraction)
    here = left[named := round_of(density, left)]

    def arms(rep: Replicate) -> Mapping[str, Network | Mapping[float, Network]]:
        start = Network(model, data=data, seed=rep, recipe=how, init=init)
        ways: tuple[tuple[str, str | Recipe], ...] = ((rewind, tuned), (weights_of, "weights"), (rewind, "rate"))
        found = {
            name: tickets(start, rounds=rounds, fraction=fraction, scope=scope, rewind=step, retrain=way)
            for name, (step, way) in zip(ARMS, (*ways, ("0it", "weights")), strict=True)
        }
        dense = again = found["rate rewound"].dense
        for _ in range(named):
            again = again.rate_rewound(rewind).train()
        mask, drawn = found["weights rewound"].mask(named), start.reinit(rep.seed("again"))
        families = {name: {left[k]: each[k] for k in range(1, rounds + 1)} for name, each in found.items()}
        return families | {
            "dense": dense,
            "dense, retrained as often": again,
            "re-initialised": drawn.masked(mask).train(),
            "fine-tuned, before it": found["fine-tuned"].start(named),
        }

    rate, fine, weights = (at(name, here) for name in ("rate rewound", "fine-tuned", "weights rewound"))
    setting = (model, data, fraction, named, rewind, weights_of, low, scope, init)
    return Question(
        arms,
        claims=[exceeds(rate, fine, by=s, because=WHY, sd=SD if setting == MEASURED and how == DIGITS else None)],
        if_yes=f"At {here:.3g} % of the weights, do not fine-tune at the last rate: rewind it and go down once more.",
        if_no=f"At {here:.3g} % of the weights a low rate wins back as much: fine-tune, and keep the schedule simple.",
        secondary=[
            ordered(*(not_worse(at("rate rewound", x), "dense", by=s, because=WHY) for x in left[1:])),
            *(exceeds(*pair, by=s, because=SIZE) for pair in ((weights, fine), (rate, "re-initialised"))),
        ],
        controls=[
            Control(exceeds(fine, "fine-tuned, before it", by=s, because=SIZE), expect="yes", because=TUNES),
            Control(same("dense, retrained as often", "dense", within=s, because=SIZE), expect="yes", because=MORE),
            Control(not_worse(rate, weights, by=s, because=SIZE), expect="yes", because=LATER),
        ],
        replicates=replicates,
        axis="weights left (%)",
        published=_published() if how == CIFAR else [],
    )


def _published() -> list[Published]:
    source = "Renda et al. (2020), ResNet-20 on CIFAR-10; from their raw results"
    return [
        Published(arm=at(name, x), value=value, unit="points", source=source)
        for x, row in FIGURES.items()
        for name, value in zip(ARMS, row, strict=True)
    ]
