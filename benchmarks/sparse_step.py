"""A training step of LeNet-300-100 at falling density (batch 128, SGD), beside the dense limit and a plain loop.

    python benchmarks/sparse_step.py [--rounds 5] [--steps 300] [--json FILE]

Whole steps of the trainer are timed: the batch, both passes, the update, the figures that are recorded. "One" is one
training on all cores; "every core" is one training on each core, in a process of its own on one thread, as a lab trains
replicates: the machine's time for one step of one network. The plain loop is what a good user writes: `nn.Sequential`,
data as tensors, `torch.optim.SGD`, and no mask, which would only slow it down.

The limit is the time of the dense step's matrix products alone, at the rate of a large product on all cores, the median
of rates that were measured between the rounds; all sides take turns. The data are MNIST where WHETHER_DATA has it,
otherwise random numbers of the same shape: times do not depend on them.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch
from lenet_epoch import BATCH, gflops, limit
from torch import nn

from whether.data.cards import Data
from whether.data.tensors import Tensors, tensors
from whether.errors import RequestError
from whether.execute.memory import cores
from whether.history.facts import Model, Training
from whether.history.resolve import settle
from whether.models import build, draw, prunable
from whether.prune import full, magnitude, select, wear
from whether.recipe import Recipe, sgd
from whether.seeds import Seed
from whether.train.pack import Watch, train_pack
from whether.train.profile import Settings
from whether.train.replica import Replica

LENET = Model(name="lenet-300-100", shape=(1, 28, 28), classes=10, options={})
DENSITIES = (20, 10, 7, 3.6, 1)
PACKED = 8
EVERYWHERE = Settings(sparse_below=1e9, sparse_overhead=0.0)
TARGETS = {"3.6 %": "target limit ÷ 3, plain ÷ 4", f"3.6 % in a pack of {PACKED}": "target limit ÷ 5"}
_MADE: dict[str, Callable[[], None]] = {}


@cache
def examples() -> Tensors:
    """MNIST, or random numbers in its place."""
    try:
        return tensors(Data(name="mnist", validation=0))
    except RequestError:
        digits = tensors(Data(name="digits", validation=0))
        drawn = torch.Generator().manual_seed(0)
        rows = 60_000
        return replace(
            digits,
            x_train=torch.rand(rows, 1, 28, 28, generator=drawn),
            y_train=torch.randint(10, (rows,), generator=drawn),
            train_index=torch.arange(rows),
        )


def network(seed: int, left: float, training: Training) -> Replica:
    """A fresh network of which so many per cent of the weights exist, as global magnitude pruning leaves it."""
    module = build(LENET)
    weights = draw(module, "xavier-normal", Seed(seed))
    everything = full(weights, prunable(module))
    masks = select(magnitude(weights, everything), everything, fraction=1 - Fraction(str(left)) / 100)
    worn = wear(weights, masks)
    return Replica(
        training=training, order=Seed(seed), step=0, stops=(training.total,), weights=worn, masks=masks, fresh=False
    )


def ours(data: Tensors, steps: int, width: int, left: float | None) -> Callable[[], None]:
    """So many steps of a pack; dense without a density."""
    recipe = Recipe(optimizer=sgd(0.1), total=f"{steps}it", batch=BATCH, evaluate=f"{steps}it")
    per_epoch = len(data.train_index) // BATCH
    training = replace(settle(recipe, Data(name="digits", validation=0)), per_epoch=per_epoch)
    pack = [network(seed, 100 if left is None else left, training) for seed in range(width)]
    settings = Settings(kernels="dense") if left is None else EVERYWHERE
    if left is None:
        pack = [replace(replica, masks=None) for replica in pack]
    threads = torch.get_num_threads
    return lambda: train_pack(build(LENET), pack, data, Watch(stop=lambda *_: None, threads=threads), settings)


def plain(data: Tensors, steps: int) -> Callable[[], None]:
    """So many steps as a good user writes them."""
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train() -> None:
        order = data.train_index[torch.randperm(len(data.train_index))]
        for step in range(steps):
            place = step % (len(order) // BATCH)
            rows = order[place * BATCH : (place + 1) * BATCH]
            loss = nn.functional.cross_entropy(model(data.x_train[rows]), data.y_train[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return train


def side(name: str, steps: int) -> Callable[[], None]:
    """A training of so many steps by its name: "plain", "dense", or "WIDTH LEFT"."""
    if name not in _MADE:
        width, _, left = name.partition(" ")
        given = None if left in ("", "dense") else float(left)
        _MADE[name] = plain(examples(), steps) if name == "plain" else ours(examples(), steps, int(width), given)
    return _MADE[name]


def timed(name: str, steps: int, threads: int) -> float:
    """Seconds of one training."""
    torch.set_num_threads(threads)
    train = side(name, steps)
    began = time.perf_counter()
    train()
    return time.perf_counter() - began


def on_every_core(pool: ProcessPoolExecutor, name: str, steps: int) -> float:
    """Seconds of the same training on each core at once."""
    return statistics.mean(pool.map(timed, *zip(*[(name, steps, 1)] * cores(), strict=True)))


SIDES = {
    "plain loop": ("plain", 1),
    "dense": ("1 dense", 1),
    **{f"{left} %": (f"1 {left}", 1) for left in DENSITIES},
    **{f"{left} % in a pack of {PACKED}": (f"{PACKED} {left}", PACKED) for left in (7, 3.6, 1)},
}


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    steps, many = chosen.steps, cores()
    times: dict[str, dict[str, list[float]]] = {name: {"one": [], "every core": []} for name in SIDES}
    rates: list[float] = []
    with ProcessPoolExecutor(many, mp_context=get_context("spawn")) as pool:
        for round_ in range(chosen.rounds + 1):
            torch.set_num_threads(many)
            rates += [gflops()] if round_ else []
            for name, (said, networks) in SIDES.items():
                one = timed(said, steps, many) / steps / networks * 1e6
                every = on_every_core(pool, said, steps) / steps / networks / many * 1e6
                if round_:  # the first warms
                    times[name]["one"].append(one)
                    times[name]["every core"].append(every)
    rate = statistics.median(rates)
    bound = limit(rate, BATCH) * 1e6
    print(
        f"a step of LeNet-300-100, batch {BATCH}, SGD; {many} cores, PyTorch {torch.__version__}; median (min to max)"
    )
    print(f"matrix product {rate:.0f} GFLOP/s; arithmetic limit of a dense step {bound:.0f} µs")
    print(f"{'':22}" + "".join(f"{way + ', µs':>22}{'limit ÷':>9}{'plain ÷':>9}" for way in ("one", "every core")))
    for name, found in times.items():
        row = f"{name:22}"
        for way, taken in found.items():
            middle, loop = statistics.median(taken), statistics.median(times["plain loop"][way])
            row += (
                f"{f'{middle:.0f} ({min(taken):.0f} to {max(taken):.0f})':>22}{bound / middle:9.2f}{loop / middle:9.2f}"
            )
        print(row + f"  {TARGETS.get(name, '')}")
    if chosen.json:
        told = {"gflops": rates, "limit_us": bound, "us": times, "machine": platform.processor()}
        chosen.json.write_text(json.dumps(told | {"torch": torch.__version__}, indent=1))


if __name__ == "__main__":
    main()
