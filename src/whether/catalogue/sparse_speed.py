"""Does sparsity pay in time? One layer, dense and sparse, in blocks that take turns; and what bounds either."""

from __future__ import annotations

from functools import partial

from whether.catalogue.layertimes import Arms, Timing, packed_controls, share_of
from whether.errors import RequestError
from whether.history import Network
from whether.question import Claim, Control, Question, Replicate, above, at, ordered, question
from whether.steps import Steps

LENET = {"model": "lenet-300-100", "data": "mnist", "layer": "1", "uses": 50_000}
GPU = {"device": "cuda", "model": "mlp-4096-4096", "batch": 256}
PRESETS = {"lenet": LENET, "gpu": GPU, "two-four": {**GPU, "structure": "2:4"}}

KINDS = ("training", "inference")
# Per cent of the layer's weights at which it is timed beside the named density.
TIMED = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
# Speed-ups at which a yes and a no are planned for: half as fast again, and no faster.
PAYS, DOES_NOT = 1.5, 1.0
# In the default setting the spread over 8 replicates, on two cores that others wanted too, was .06 (training) and .01
# (inference) times; twice the first's upper 80 % limit.
SD, MEASURED = 0.15, ("mlp-784-300", "digits", "0it", 0.1)
WHY = "less is eaten by what stays dense in a step (activations, loss, optimiser) and by a second path to maintain"
USUAL = Timing.of(layer="3", batch=60, repeats=20, uses=400, device="cpu", structure="csr", precision=None)
FEW = "speed-up of a tenth of the units"


@question(category="engineering", presets=PRESETS)
def sparse_speed(
    model: str = "mlp-784-300",
    data: str = "digits",
    layer: str = "3",
    density: float | None = None,
    structure: str = "csr",
    device: str = "cpu",
    precision: str | None = None,
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
    with its activations laid out as suits it, on one thread. "Training" is the product and both gradients, of which the
    sparse side computes those that exist. Building the structure counts, spread over the steps for which it is used
    once (`uses`: a training on digits has 400). Blocks of both sides take turns, so that what slows the machine slows
    both; nothing else of the lab runs meanwhile. A replicate has other weights and so another mask: the smallest
    magnitudes of fresh weights go, or of weights trained to step `trained`. The default layer is 784 → 300, the first
    of LeNet-300-100 on MNIST, and `preset=lenet` is that with the structure built once in 50,000 steps.

    The roofline says why. A layer has so many operations for each byte that it has to move, and a machine can reach at
    most min(peak of its products, operations a byte × bandwidth), all measured in the same minutes. What lies under its
    bound is lost in the kernel. What stays in a cache may lie above the bound that the memory sets.

    On a GPU: `preset=gpu`, the same in fp32 by events of its stream. `preset=two-four` keeps 2 of each 4 inputs in
    fp16, which the hardware multiplies at twice the rate: the claim is of inference, since in training two of three
    products stay dense. The controls: at 100 % compressed rows must lose, since they do the same work and follow
    indices; at 1 % they must win. Sources: the question is Hoefler et al.'s, "Sparsity in Deep Learning" (JMLR 2021);
    the roofline is Williams, Waterman & Patterson's (CACM 2009); the measurement is our own.
    """
    how = {"layer": layer, "batch": batch, "repeats": repeats, "uses": uses}
    timing = Timing.of(**how, device=device, structure=structure, precision=precision)
    packed, share = structure == "2:4", share_of(density, structure)
    Steps.parse(trained, "trained")
    named = round(100.0 * share, 6)
    left = [named] if packed else sorted({named, *TIMED})
    sd = SD if (model, data, trained, share) == MEASURED and timing == USUAL else None
    claimed = ("inference",) if packed else KINDS

    def arms(rep: Replicate) -> Arms:
        net = Network(model, data=data, seed=rep, init="kaiming-normal").train(until=trained)
        go = partial(net.prune, scope="layer", structure="2:4" if packed else "weight")
        worn = {x: net.masked(go(fraction=1 - x / 100)) if x < 100 else net for x in left}
        found: Arms = {f"{kind} speed-up": {x: timing.speed_up(kind, worn[x]) for x in left} for kind in KINDS}
        if packed:
            few = net.masked(net.prune(fraction=0.9, structure="unit", scope="layer"))
            found[FEW] = timing.speed_up("inference", few, "units")
        return {**found, **timing.roofline(claimed[0], worn, net)}

    return Question(
        arms,
        claims=[_pays(kind, named, s, sd) for kind in claimed],
        if_yes=f"At {named:.3g} % of its weights this layer is worth computing sparse here, in {_where(claimed)}.",
        if_no=f"At {named:.3g} % of its weights sparsity saves no time here: count on it for memory or for science.",
        if_inconclusive="More replicates, or a machine on which nothing else runs, would narrow the intervals.",
        secondary=[] if packed else [ordered(*(_pays(kind, x, s) for x in left)) for kind in KINDS],
        controls=packed_controls(FEW, s) if packed else [control for kind in KINDS for control in _controls(kind, s)],
        replicates=replicates,
        axis="weights left in the layer (%)",
    )


def _where(claimed: tuple[str, ...]) -> str:
    return "use" if claimed == ("inference",) else "training as in use"


def _pays(kind: str, left: float, s: float, sd: float | None = None) -> Claim:
    if isinstance(s, bool) or not isinstance(s, (int, float)) or not s > 0:
        raise RequestError(f"s is {s!r}; expected a number above zero: how many times faster, such as 1.25.")
    planned = {"delta_yes": max(PAYS, 1.2 * s), "delta_no": min(DOES_NOT, 0.8 * s), "sd": sd}
    name, if_no = at(f"{kind} speed-up", left), f"It does not pay in {kind}."
    return above(name, s, unit="times", because=WHY, if_no=if_no, **planned)


def _controls(kind: str, s: float) -> list[Control]:
    whole = above(at(f"{kind} speed-up", 100.0), 1.0, unit="times", because="as fast as dense")
    few = above(at(f"{kind} speed-up", 1.0), s, unit="times", because="the same size as the claim")
    same = "with every weight there, the sparse side does the same products and follows indices besides"
    little = "a hundredth of the products is little enough for any kernel that leaves out what is not there"
    return [Control(whole, expect="no", because=same), Control(few, expect="yes", because=little)]
