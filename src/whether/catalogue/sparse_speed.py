"""Does sparsity pay in time? One layer, dense and sparse, in blocks that take turns."""

from __future__ import annotations

from collections.abc import Mapping

from whether.errors import RequestError
from whether.history import Measure, Network, measure
from whether.question import Claim, Control, Question, Replicate, above, at, ordered, question
from whether.steps import Steps

LENET = {"model": "lenet-300-100", "data": "mnist", "layer": "1", "uses": 50_000}

KINDS = ("training", "inference")
# Per cent of the layer's weights at which it is timed beside the named density.
TIMED = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
# Speed-ups at which a yes and a no are planned for: half as fast again, and no faster.
PAYS, DOES_NOT = 1.5, 1.0
# In the default setting the spread over 8 replicates, on two cores that others wanted too, was .06 (training) and .01
# (inference) times; twice the first's upper 80 % limit.
SD, MEASURED = 0.15, ("mlp-784-300", "digits", "3", 0.1, "0it", 60, 400)
WHY = "less is eaten by what stays dense in a step (activations, loss, optimiser) and by a second path to maintain"


@question(category="engineering", presets={"lenet": LENET})
def sparse_speed(
    model: str = "mlp-784-300",
    data: str = "digits",
    layer: str = "3",
    density: float = 0.1,
    trained: str = "0it",
    batch: int = 60,
    uses: int = 400,
    repeats: int = 20,
    replicates: int = 8,
    s: float = 1.25,
) -> Question:
    """Is a sparse layer faster than a dense one on this machine, in training and in inference?

    Pruning promises time as well as memory, and most of what is published counts multiply-adds. Here they are timed:
    one linear layer at one density, both named beforehand, in compressed sparse rows beside the same layer dense, each
    with its activations laid out as suits it, results in memory of their own, on one thread. "Training" is the product
    and both gradients, of which the sparse side computes those that exist. Building the structure counts, spread over
    the steps for which it is used once (`uses`: a training on digits has 400).

    Blocks of both sides take turns, so that a moment in which the machine is slow is slow for both; nothing else of
    the lab runs meanwhile. A replicate has other weights and so another mask: the smallest magnitudes of fresh weights
    go, or of weights trained to step `trained`. The default layer is 784 → 300, the first of LeNet-300-100 on MNIST.

    The answer is about this machine and these kernels: PyTorch's, for positions without any pattern. The controls: at
    a density of 100 % the sparse side must lose, since it does the same work and follows indices; at 1 % it must win.
    `preset=lenet` times that layer on MNIST itself, with the structure built once in 50,000 steps.
    Source: the question is Hoefler et al.'s, "Sparsity in Deep Learning" (JMLR 2021); the measurement is our own.
    """
    if isinstance(density, bool) or not isinstance(density, (int, float)) or not 0 < density < 1:
        raise RequestError(f"density is {density!r}; expected a number in (0, 1): the part of the layer that is left.")
    named = round(100.0 * density, 6)
    left = sorted({named, *TIMED})
    Steps.parse(trained, "trained")
    counts = {"batch": batch, "repeats": repeats, "uses": uses}
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise RequestError(f"{name} is {value!r}; expected a whole number, 1 or more.")

    sd = SD if (model, data, layer, density, trained, batch, uses) == MEASURED else None

    def arms(rep: Replicate) -> Mapping[str, Mapping[float, Measure]]:
        net = Network(model, data=data, seed=rep, init="kaiming-normal").train(until=trained)
        worn = {x: net.masked(net.prune(fraction=1 - x / 100, scope="layer")) if x < 100 else net for x in left}

        def timed(kind: str, net: Network) -> Measure:
            return measure("sparse_speed", net, options={"layer": layer, "kind": kind, **counts})

        return {f"{kind} speed-up": {x: timed(kind, worn[x]) for x in left} for kind in KINDS}

    return Question(
        arms,
        claims=[_pays(kind, named, s, sd) for kind in KINDS],
        if_yes=f"At {named:.3g} % of its weights this layer is worth computing sparse here, in training as in use.",
        if_no=f"At {named:.3g} % of its weights sparsity saves no time here: count on it for memory or for science.",
        if_inconclusive="More replicates, or a machine on which nothing else runs, would narrow the intervals.",
        secondary=[ordered(*(_pays(kind, x, s) for x in left)) for kind in KINDS],
        controls=[control for kind in KINDS for control in _controls(kind, s)],
        replicates=replicates,
        axis="weights left in the layer (%)",
    )


def _pays(kind: str, left: float, s: float, sd: float | None = None) -> Claim:
    if isinstance(s, bool) or not isinstance(s, (int, float)) or not s > 0:
        raise RequestError(f"s is {s!r}; expected a number above zero: how many times faster, such as 1.25.")
    planned = {"delta_yes": max(PAYS, 1.2 * s), "delta_no": min(DOES_NOT, 0.8 * s), "sd": sd}
    name, if_no = at(f"{kind} speed-up", left), f"It does not pay in {kind}."
    return above(name, s, unit="times", because=WHY, if_no=if_no, **planned)


def _controls(kind: str, s: float) -> list[Control]:
    return [
        Control(
            above(at(f"{kind} speed-up", 100.0), 1.0, unit="times", because="as fast as dense"),
            expect="no",
            because="with every weight there, the sparse side does the same products and follows indices besides",
        ),
        Control(
            above(at(f"{kind} speed-up", 1.0), s, unit="times", because="the same size as the claim"),
            expect="yes",
            because="a hundredth of the products is little enough for any kernel that leaves out what is not there",
        ),
    ]
