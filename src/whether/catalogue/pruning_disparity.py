"""Who pays for pruning? The weakest classes, beside small dense networks that err as often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whether.catalogue.settings import CIFAR, recipe, share, trained_as
from whether.data.cards import Data
from whether.errors import RequestError
from whether.history import Measure, Network, accuracy, derived, measure
from whether.question import Claim, Control, Question, Replicate, above, below, question
from whether.seeds import Seed
from whether.sparsify import gradual

SMALLER = ["mlp-8", "mlp-12", "mlp-16", "mlp-32"]
PAPER = {"model": "resnet-20", "data": "cifar10", "density": 0.1, "training": "paper", "seeds": 2, "replicates": 15}
# Over 24 replicates the standard deviation was 2.3 points, with an upper 80 % limit of 2.7.
SD, MEASURED = 2.7, ("mlp-300-100", SMALLER, "digits", 0.05, 2, 4, "default", None, "kaiming-normal")
WHY = "about one of the 30 held-out examples of a class; less is nobody's error"


@question(category="science", presets={"paper": PAPER | {"smaller": [f"resnet-20-w{w}" for w in (4, 6, 8, 12)]}})
def pruning_disparity(
    model: str = "mlp-300-100",
    smaller: Sequence[str] = SMALLER,
    data: str = "digits",
    density: float = 0.05,
    weakest: int = 2,
    seeds: int = 4,
    training: str = "default",
    steps: str | None = None,
    init: str = "kaiming-normal",
    replicates: int = 20,
    s: float = 3.0,
) -> Question:
    """Does pruning cost the weakest classes more than a small dense network that errs as often does?

    Hooker et al. find that pruning falls on few classes while overall accuracy stays; Paganini finds it in many
    networks. But whatever errs more errs most where it was weak. So networks pruned by magnitude while they train are
    compared with dense ones that are small enough to err as often: by how much more do the errors of the `weakest`
    classes exceed those over all classes?

    Each of `seeds` networks in a replicate is judged by its others: they say which classes are weakest, and how often
    pruned networks and those of each `smaller` size err, between which a dense one that errs as often is interpolated.

    The controls: dense networks in the place of the pruned ones pay nothing extra; the named classes are weak where
    they were not named; what is compared errs alike over all classes. Secondary: random masks in the place of pruning.
    Source: Hooker et al., "What Do Compressed Deep Neural Networks Forget?" (2019), who compare with dense networks
    that err less; Paganini, "Prune Responsibly" (2020). `preset=paper` has 30 ResNet-20s a kind, where theirs are wide.
    """
    share("density", density, 0.05)
    labels = range(Data.parse(data).card.classes)
    _check(smaller, weakest=(weakest, 1, len(labels) - 1), seeds=(seeds, 2, 100))
    here = (model, list(smaller), data, density, weakest, seeds, training, steps, init)
    how = trained_as(training, {"default": recipe(data), "paper": CIFAR}, steps=steps)

    def asked(kind: str, nets: Sequence[Network]) -> dict[str, Measure]:
        named = {f"{kind}, {k}, {c}": (net, c) for k, net in enumerate(nets) for c in labels}
        found = {key: measure("class_error", net, options={"label": c}) for key, (net, c) in named.items()}
        return found | {f"{kind}, {k}, accuracy": accuracy(net) for k, net in enumerate(nets)}

    def arms(rep: Replicate) -> Mapping[str, Measure]:
        def fresh(name: str, of: str = "network") -> list[Network]:
            return [Network(name, data=data, seed=rep.seed(of, k), recipe=how, init=init) for k in range(seeds)]

        def by_chance(net: Network, seed: Seed) -> Network:
            return net.masked(net.prune(fraction=1 - density, by="random", scope="layer", seed=seed)).train()

        whole = fresh(model)
        dense = {name: [net.train() for net in fresh(name)] for name in smaller}
        beside = {key: item for name, nets in dense.items() for key, item in asked(name, nets).items()}
        middle = smaller[len(smaller) // 2]

        def told(tested: Sequence[Network], tell: str = "extra") -> Measure:
            parts, options = beside | asked("tested", tested), {"weakest": weakest, "middle": middle, "tell": tell}
            return derived("whether.probe.disparity:cost", parts, unit="points", better="lower", options=options)

        pruned = [net.train(sparsify=gradual(density)) for net in whole]
        return {
            "pruning": told(pruned),
            "random masks": told([by_chance(net, rep.seed("mask", k)) for k, net in enumerate(whole)]),
            "dense again": told([net.train() for net in fresh(middle, "again")]),
            "weak classes, dense": told(pruned, "weakness"),
            "errors overall": told(pruned, "overall"),
        }

    return Question(
        arms,
        claims=[_pays("pruning", s, SD if here == MEASURED else None)],
        if_yes="Pruning takes from the weakest classes what being small does not: audit classes, not means.",
        if_no="Whoever errs as often errs there about as much: judge pruning by its overall error, as one judges size.",
        secondary=[_pays("random masks", s)],
        controls=_controls(s),
        replicates=replicates,
    )


def _pays(arm: str, s: float, sd: float | None = None) -> Claim:
    return above(arm, s, because=WHY, delta_yes=2 * s, delta_no=0.0, sd=sd)


def _controls(s: float) -> list[Control]:
    again = "it is the same kind of network under other seeds; if it paid extra, the comparison would be lopsided"
    named = "weak classes are weak for a reason that other seeds share; if not, nothing was named"
    alike = "it is interpolated to err as often; if not, weak classes would differ for that"
    near = "one of a hundred examples is as near as two sizes of a dense network come"
    overall = [of("errors overall", bound, because=near) for of, bound in ((below, 1.0), (above, -1.0))]
    return [
        Control(above("dense again", s, because=WHY), expect="no", because=again),
        Control(above("weak classes, dense", s, because="the same size as the claim"), expect="yes", because=named),
        *(Control(claim, expect="yes", because=alike) for claim in overall),
    ]


def _check(smaller: Sequence[str], **given: tuple[object, int, int]) -> None:
    for name, (value, least, most) in given.items():
        if type(value) is not int or not least <= value <= most:
            raise RequestError(f"{name} is {value!r}; expected a whole number from {least} to {most}.")
    if isinstance(smaller, str) or len(smaller) < 2:
        raise RequestError(f"smaller is {smaller!r}; expected a list of 2 models or more, from small to large.")
