"""Why is there so much sparsity? Whether training alone makes activations sparser."""

from __future__ import annotations

from collections.abc import Mapping

from whether.catalogue.settings import recipe
from whether.data.cards import Data
from whether.history import Measure, Network, loss, measure
from whether.question import Claim, Control, Question, Replicate, exceeds, question, same

TRANSFORMER = {"model": "gpt-1-32-relu", "data": "grammar", "init": "gpt", "decay": 0.1, "large": 0.3, "replicates": 16}

# Over 6 replicates the paired difference had a standard deviation of 1.15 points, with an upper 80 % limit of 1.7.
SD, MEASURED = 2.0, ("mlp-300", "digits", None, "kaiming-normal")
WHY = "a tenth of the next layer's products is the least that leaving zeros out could be worth"
FITTED = "a tenth of a nat is nine in ten: what both have fitted their labels to"


@question(category="science", presets={"transformer": TRANSFORMER})
def why_sparse(
    model: str = "mlp-300",
    data: str = "digits",
    layer: str | None = None,
    steps: str | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    batch: int | None = None,
    init: str = "kaiming-normal",
    decay: float = 1e-3,
    large: float = 0.1,
    random_steps: str = "6000it",
    replicates: int = 6,
    s: float = 10.0,
) -> Question:
    """Does training make activations sparser although nobody asks for it?

    At the start about half of what ReLUs give is zero. Li et al. find 97 % zeros in the perceptrons of a trained T5,
    and the same tendency in perceptrons of two layers, with random labels and with random inputs: training itself, they
    conclude, makes neurons lazy. Here the share of zeros on held-out examples is compared, trained less initial, in the
    smallest network in which all of that can be asked, and without weight decay: what becomes sparse does so unasked.

    Secondary: what weight decay adds (`decay`); what large steps add (SGD with momentum .9 at the rate `large`); and,
    where the data are images, random labels for `random_steps`, long enough that they are fitted as the true ones are,
    which is a claim of its own. `preset=transformer` asks it of one block with ReLU that learns a grammar, which is
    nearer to their networks, and slower; random labels are not to be had for sequences.

    The controls: a network of which one weight in a thousand is left is seen to be sparse; one of which only the output
    is trained stays as it was. Source: Li et al., "The Lazy Neuron Phenomenon: On Emergence of Activation Sparsity in
    Transformers" (ICLR 2023), whose networks are far larger.
    """
    how = recipe(data, optimizer=optimizer, lr=lr, weight_decay=0.0, steps=steps, batch=batch)
    decays = recipe(data, base=how, weight_decay=decay)
    jumps = recipe(data, base=how, optimizer="sgd", lr=large, momentum=0.9)
    here = (model, data, layer, init) if how == recipe("digits", weight_decay=0.0) else None
    images = len(Data.parse(data).card.shape) == 3
    fits = how.but(total=random_steps)

    def zeros(net: Network) -> Measure:
        return measure("activation_sparsity", net, options={"layer": layer} if layer else None)

    def arms(rep: Replicate) -> Mapping[str, Measure]:
        start = Network(model, data=data, seed=rep, recipe=how, init=init)
        few = start.prune(fraction=0.999, by="random", scope="layer", seed=rep.seed("mask"))
        found = {
            "initial": zeros(start),
            "trained": zeros(start.train()),
            "with weight decay": zeros(start.train(decays)),
            "with large steps": zeros(start.train(jumps)),
            "output trained": zeros(start.only("output").train(until="10%")),
            "one weight in a thousand": zeros(start.masked(few)),
        }
        if images:
            drawn = Data(name=data, random_labels=1.0, label_seed=rep.seed("labels").value)
            guessing = Network(model, data=drawn, seed=rep, recipe=fits, init=init).train()
            found["on random labels"] = zeros(guessing)
            found["training loss"] = loss(start.train(), split="train")
            found["training loss on random labels"] = loss(guessing, split="train")
        return found

    return Question(
        arms,
        claims=[exceeds("trained", "initial", by=s, because=WHY, sd=SD if here == MEASURED else None)],
        if_yes="Training makes neurons lazy by itself: activation sparsity needs no explanation by a regulariser.",
        if_no="Training does not make activations sparser by itself here: where it does, look for what else was there.",
        secondary=[exceeds(f"with {what}", "initial", by=s, because=WHY) for what in ("weight decay", "large steps")]
        + (_of_random_labels(s) if images else []),
        controls=_controls(s),
        replicates=replicates,
    )


def _of_random_labels(s: float) -> list[Claim]:
    return [
        exceeds("on random labels", "initial", by=s, because=WHY),
        same("training loss on random labels", "training loss", within=0.1, unit="nats", because=FITTED),
    ]


def _controls(s: float) -> list[Control]:
    return [
        Control(
            exceeds("one weight in a thousand", "initial", by=s, because="the same size as the claim"),
            expect="yes",
            because="most of its units have no input left and give zero; if that were not seen, nothing would be",
        ),
        Control(
            exceeds("output trained", "initial", by=s, because="the same size as the claim"),
            expect="no",
            because="what lies before the output is not trained, so its activations stay as they were",
        ),
    ]
