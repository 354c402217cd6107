"""What the papers trained and found, for presets and for the figures that stand beside a result: nothing is computed.

Figures from raw results were recomputed; second-hand ones come of notes or reproductions, and are to be checked against
the paper before they are quoted as the paper's.
"""

from __future__ import annotations

from whether.catalogue.settings import CIFAR
from whether.question import Published, at
from whether.recipe import Recipe, adam, drops, sgd

# Stability of training: Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis" (ICML 2020).
DROPS = drops(["50%", "75%"])
STABILITY = {
    "digits": Recipe(optimizer=adam(5e-3), total="400it", batch=30, schedule=DROPS),
    "lenet": Recipe(optimizer=adam(1.2e-3), total="24000it", batch=60),
    "resnet": Recipe(
        optimizer=sgd(0.1, momentum=0.9, weight_decay=1e-4),
        total="160ep",
        batch=128,
        schedule=DROPS,
        augment=("flip", "crop-4"),
    ),
}
STABLE_RESNET = {
    "model": "resnet-20",
    "data": "cifar10",
    "training": "resnet",
    "init": "kaiming-normal+bn-uniform",
    "after": ["0it", "500it", "1000it", "2000it", "4000it"],
    "stable_from": "2000it",
    "points": 30,
    "replicates": 3,
}
STABLE_LENET = {
    "model": "lenet-300-100",
    "data": "mnist",
    "training": "lenet",
    "init": "xavier-normal",
    "after": ["0it"],
    "stable_from": "0it",
    "points": 30,
    "replicates": 3,
}
STABLE_FROM = {("resnet-20", "cifar10"): 2000, ("vgg-16", "cifar10"): 1000, ("lenet-300-100", "mnist"): 0}

# Alignment: Ainsworth et al., "Git Re-Basin", and Jordan et al., "REPAIR" (both ICLR 2023).
REBASIN = {
    "model": "resnet-20-w<width>",
    "data": "cifar10",
    "training": "resnet",
    "width": 64,
    "narrower": [16, 32],
    "by": "activations",
    "examples": 10000,
    "replicates": 3,
}
REBASIN_FIGURES = [
    Published(
        arm="removed, ResNet-18",
        value=90.0,
        unit="%",
        source="Jordan et al., REPAIR (ICLR 2023), abstract; second-hand",
        note="activations rescaled at the middle of the line; 60 to 100 % over architectures",
    ),
    Published(
        arm="loss barrier, aligned",
        value=0.0,
        unit="nats",
        source="Ainsworth et al., Git Re-Basin (ICLR 2023), abstract; second-hand",
        note="ResNet-20 of 32 times the width, LayerNorm, matched by weights; barrier of the loss",
    ),
]

# Pruning at initialisation: Frankle et al. (ICLR 2021), VGG-16 on CIFAR-10.
LEFT = (0.1, 0.018, 0.01, 0.001)  # published densities
AT_INIT = {"model": "vgg-16", "data": "cifar10", "others": list(LEFT[1:]), "fraction": 0.999}  # one round
AT_INIT |= {"training": "paper", "replicates": 5}
NESTEROV = CIFAR.but(
    optimizer=sgd(0.1, momentum=0.9, nesterov=True, weight_decay=1e-4), schedule=drops(["60ep", "120ep"])
)
SOURCE = "Frankle et al. (2021), VGG-16 on CIFAR-10; from their raw results"
PLAIN, ROUNDS = ("random", "magnitude"), "their rounds of scoring are unknown"
FIGURES = {  # accuracy of VGG-16 on CIFAR-10 at 10, 1.8, 1.0 and .1 % of the weights
    "random": (91.1, 84.1, 79.1, 10.0),
    "magnitude": (93.1, 90.9, 89.8, 10.0),
    "snip": (92.3, 90.6, 89.1, 76.3),
    "grasp": (91.8, 89.0, 87.5, 70.9),
    "synflow": (93.3, 91.2, 90.1, 80.4),
}
AT_INIT_FIGURES = [
    Published(arm=at(by, 100 * x), value=value, unit="points", source=SOURCE, note="" if by in PLAIN else ROUNDS)
    for by, row in FIGURES.items()
    for x, value in zip(LEFT, row, strict=True)
]


def stable_from_published(model: str, data: str) -> list[Published]:
    """From which step on a network was stable, where that was published."""
    if (model, data) not in STABLE_FROM:
        return []
    note = "as the step from which on the barrier is below 2 points; test error, 30 points, statistics as interpolated"
    source = "Frankle et al. (ICML 2020), section 3; second-hand"
    return [Published(arm="stable from", value=STABLE_FROM[model, data], unit="it", source=source, note=note)]
