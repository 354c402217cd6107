"""A training step of LeNet-300-100 at falling density (batch 128, SGD), beside the dense limit and a plain loop.

    python benchmarks/sparse_step.py [--rounds 5] [--steps 200] [--json FILE]

Whole steps of the trainer are timed: the batch, both passes, the update, the figures that are recorded. The limit is
the time of the dense step's matrix products alone, at the rate of a large product in the same minutes. The plain loop is
what a good user writes: `nn.Sequential`, data as tensors, `torch.optim.SGD`, and no mask, which would only slow it
down. "lanes" are as many trainings beside one another as there are cores, each on one thread, as a lab trains: seconds
are those of the machine for one step of one network. All sides take turns.

The data are MNIST where WHETHER_DATA has it, otherwise random numbers of the same shape: times do not depend on them.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
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
TARGETS = {"3.6 %": "limit / 3, plain / 4", f"3.6 % in a pack of {PACKED}": "limit / 5"}


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


def in_lanes(make: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    """The same training on every core at once, each on one thread."""
    trainings = [make() for _ in range(cores())]
    pool = ThreadPoolExecutor(len(trainings), initializer=lambda: torch.set_num_threads(1))
    list(pool.map(lambda _: None, trainings))

    def beside() -> None:
        list(pool.map(lambda training: training(), trainings))

    return beside


def sides(data: Tensors, steps: int) -> dict[str, tuple[Callable[[], None], int]]:
    """What takes turns, by name: a training, and how many networks it trains."""
    found = {"plain loop": (plain(data, steps), 1), "whether, dense": (ours(data, steps, 1, None), 1)}
    for left in DENSITIES:
        found[f"{left} %"] = (ours(data, steps, 1, left), 1)
        found[f"{left} % in lanes"] = (in_lanes(lambda left=left: ours(data, steps, 1, left)), cores())
    for left in (7, 3.6, 1):
        found[f"{left} % in a pack of {PACKED}"] = (ours(data, steps, PACKED, left), PACKED)
        found[f"{left} % in a pack of {PACKED} in lanes"] = (
            in_lanes(lambda left=left: ours(data, steps, PACKED, left)),
            PACKED * cores(),
        )
    return found


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    data = examples()
    taking_turns = sides(data, chosen.steps)
    times: dict[str, list[float]] = {name: [] for name in taking_turns}
    rates = [gflops()]
    for round_ in range(chosen.rounds + 1):
        for name, (train, networks) in taking_turns.items():
            began = time.perf_counter()
            train()
            if round_:
                times[name].append((time.perf_counter() - began) / chosen.steps / networks * 1e6)
        rates.append(gflops())
    bound = limit(max(rates), BATCH) * 1e6
    middle = {name: statistics.median(found) for name, found in times.items()}
    print(
        f"a step of LeNet-300-100, batch {BATCH}, SGD; {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    )
    print(f"matrix product {max(rates):.0f} GFLOP/s; arithmetic limit of a dense step {bound:.0f} µs")
    print(f"{'':34}{'median µs':>10}{'min':>7}{'max':>7}{'limit ÷':>9}{'plain ÷':>9}  target")
    for name, found in times.items():
        row = f"{name:34}{middle[name]:10.0f}{min(found):7.0f}{max(found):7.0f}"
        print(f"{row}{bound / middle[name]:9.2f}{middle['plain loop'] / middle[name]:9.2f}  {TARGETS.get(name, '')}")
    if chosen.json:
        told = {"gflops": max(rates), "limit_us": bound, "us": times, "machine": platform.processor()}
        chosen.json.write_text(json.dumps(told | {"torch": torch.__version__}, indent=1))


if __name__ == "__main__":
    main()
