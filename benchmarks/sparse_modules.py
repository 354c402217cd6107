"""Whole steps of any module, dense and as the shipped rule says, in turn: where few weights pay through autograd.

    WHETHER_DATA=… python benchmarks/sparse_modules.py [NAME …] [--seconds 3] [--json FILE]

NAMEs are of MODELS; by default all. Data are random numbers of the right shape, or the named set for text. One thread,
as a worker of a CPU trains; weights are pruned by magnitude, layer by layer. "Chosen" is how many weights the rule
keeps in compressed rows; where it chooses none, both sides run the same code and show how far this machine wanders.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import torch

from whether.data.cards import Data
from whether.data.tensors import Tensors, tensors
from whether.history.facts import Model
from whether.history.resolve import settle
from whether.models import build, draw, prunable
from whether.prune import full, magnitude, select
from whether.recipe import Recipe, adam, sgd
from whether.seeds import Seed
from whether.train.pack import Watch, _Pack
from whether.train.profile import Settings
from whether.train.replica import Replica
from whether.train.sparse_layout import SparseLayout

ROWS, HELD = 900, 500
LONG = "100000it"
DIGITS, TEXT, SUMS = Data(name="digits"), Data(name="tiny-shakespeare"), Data(name="modular-addition-97")
IMAGE = (3, 32, 32)


@dataclass(frozen=True)
class Shown:
    """A model, its batch and the per cent of weights at which it is timed."""

    model: str
    batch: int
    left: tuple[float, ...]
    shape: tuple[int, ...] = IMAGE
    data: Data = DIGITS


MODELS = {
    "lenet-5": Shown("lenet-5", 60, (10, 5, 2), (1, 28, 28)),
    "conv-2": Shown("conv-2", 60, (10, 5, 2)),
    "conv-4": Shown("conv-4", 60, (5, 2, 1)),
    "conv-6": Shown("conv-6", 60, (5, 2)),
    "vgg-11-w32": Shown("vgg-11-w32", 60, (5, 2)),
    "resnet-20": Shown("resnet-20", 128, (5,)),
    "gpt-2-128": Shown("gpt-2-128", 16, (10, 5, 2), data=TEXT),
    "gpt-2-128, sums": Shown("gpt-2-128", 512, (10, 5, 2), data=SUMS),
}


def examples(shown: Shown) -> tuple[Tensors, Model]:
    """Random images of the model's shape, or the named set; and the architecture for it."""
    found, card = tensors(shown.data), shown.data.card
    if shown.data is not DIGITS:
        return found, Model(name=shown.model, shape=card.shape, classes=card.classes, options={}, task=card.task)
    drawn = torch.Generator().manual_seed(0)
    made = replace(
        found,
        x_train=torch.randn(ROWS + HELD, *shown.shape, generator=drawn),
        y_train=torch.randint(0, 10, (ROWS + HELD,), generator=drawn),
        train_index=torch.arange(ROWS),
        validation_index=torch.arange(ROWS, ROWS + HELD),
    )
    return made, Model(name=shown.model, shape=shown.shape, classes=10, options={})


def packs(shown: Shown, left: float, data: Tensors, model: Model) -> tuple[_Pack, _Pack]:
    """The same network, dense and by the rule."""
    module, text = build(model), "gpt" in shown.model
    weights = draw(module, "gpt" if text else "kaiming-normal", Seed(1))
    everything = full(weights, prunable(module))
    fraction = 1 - Fraction(str(left)) / 100
    masks = select(magnitude(weights, everything), everything, fraction=fraction, scope="layer")
    optimizer = adam(1e-4) if text else sgd(0.01, momentum=0.9)
    training = settle(Recipe(optimizer=optimizer, total=LONG, batch=shown.batch, evaluate=LONG), shown.data)
    replica = Replica(training=training, order=Seed(2), step=0, stops=(training.total,), weights=weights, masks=masks)
    watch = Watch(stop=lambda *_: None)
    dense, ruled = (_Pack(module, [replica], data, watch, settings=Settings(kernels=k)) for k in ("dense", "sparse"))
    return dense, ruled


def clock(pack: _Pack, *, look: bool) -> float:
    """Seconds of a step, or of a look at what is held out."""
    began = time.perf_counter()
    if look:
        pack.look()
    else:
        pack._advance()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *MODELS])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    told = []
    print(f"{'':26}{'left':>7}{'chosen':>8}{'dense ms':>10}{'ruled ms':>10}{'ratio':>7}{'look, ratio':>13}")
    for name in chosen.names or MODELS:
        shown = MODELS[name]
        data, model = examples(shown)
        for left in shown.left:
            both = packs(shown, left, data, model)
            layout = both[1].program.layout
            kept = len(layout.kept[0]) if isinstance(layout, SparseLayout) else 0
            steps: tuple[list[float], list[float]] = ([], [])
            looks: tuple[list[float], list[float]] = ([], [])
            ends = time.perf_counter() + chosen.seconds
            while time.perf_counter() < ends or len(steps[0]) < 6:
                for side, pack in enumerate(both):
                    steps[side].append(clock(pack, look=False))
                    if len(steps[0]) % 6 == 1:
                        looks[side].append(clock(pack, look=True))
            a, b = (1e3 * statistics.median(taken[1:]) for taken in steps)
            c, d = (statistics.median(taken) for taken in looks)
            title = f"{name}, batch {shown.batch}"
            print(f"{title:26}{left:5g} %{kept:8}{a:10.2f}{b:10.2f}{b / a:7.2f}{d / c:13.2f}", flush=True)
            told.append({"name": name, "left": left, "chosen": kept, "ms": [a, b], "looks": [c, d]})
    if chosen.json:
        about = {"machine": platform.processor(), "torch": torch.__version__}
        chosen.json.write_text(json.dumps(about | {"rows": told}, indent=1))


if __name__ == "__main__":
    main()
