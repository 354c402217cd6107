"""A dense epoch of LeNet-300-100 on MNIST (batch 128, SGD), beside the machine's arithmetic limit and a plain loop.

    WHETHER_DATA=… python benchmarks/lenet_epoch.py [--epochs 5] [--json FILE]

The limit is the time of the epoch's matrix products alone, at the rate of a large product measured in the same minute:
forward, weight gradients, and input gradients of all layers but the first. The plain loop is what a good user writes:
`nn.Sequential`, data as tensors, `torch.optim.SGD`. Both sides train in turn, so that a change of the machine's speed
meets both; medians and spreads are printed.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from whether.data.cards import Data
from whether.data.tensors import Tensors, tensors
from whether.history import Network
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.models import build, draw
from whether.recipe import Recipe, sgd
from whether.train.pack import Watch, train_pack
from whether.train.replica import Replica

BATCH = 128
LAYERS = ((784, 300), (300, 100), (100, 10))


def gflops() -> float:
    """The rate of a large single-precision product, in GFLOP/s: the best of several, as a limit should be."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    return 2 * 2048**3 / min(clock(lambda: a @ b) for _ in range(12)) / 1e9


def limit(rate: float, rows: int) -> float:
    """Seconds of an epoch's matrix products at a rate in GFLOP/s."""
    products = sum(inputs * outputs * (2 if place == 0 else 3) for place, (inputs, outputs) in enumerate(LAYERS))
    return 2 * products * (rows // BATCH) * BATCH / rate / 1e9


def clock(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ours(data: Tensors, named: Data) -> Callable[[], object]:
    """One epoch in the pack code."""
    recipe = Recipe(optimizer=sgd(0.1), total="1ep", batch=BATCH, evaluate="1ep")
    state = Resolver().state(Network("lenet-300-100", data=named, seed=0, recipe=recipe).train())
    assert isinstance(state, Point)
    begin = state.trajectory.begin
    module = build(begin.model)
    weights = draw(module, "xavier-normal", state.trajectory.order)
    training = state.trajectory.training
    replica = Replica(training=training, order=state.trajectory.order, step=0, stops=(training.total,), weights=weights)
    return lambda: train_pack(module, [replica], data, Watch(stop=lambda *_: None))


def plain(data: Tensors) -> Callable[[], object]:
    """One epoch as a good user writes it."""
    sizes = [nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)]
    model = nn.Sequential(*sizes)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def epoch() -> None:
        order = data.train_index[torch.randperm(len(data.train_index))]
        for step in range(len(order) // BATCH):
            rows = order[step * BATCH : (step + 1) * BATCH]
            loss = nn.functional.cross_entropy(model(data.x_train[rows]), data.y_train[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return epoch


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    named = Data(name="mnist", validation=0)
    opening = clock(lambda: tensors(named))
    data = tensors(named)
    rows = len(data.train_index)
    sides = {"whether": ours(data, named), "plain loop": plain(data)}
    for epoch in sides.values():
        epoch()
    times: dict[str, list[float]] = {name: [] for name in sides}
    rates = [gflops()]
    for _ in range(chosen.epochs):
        for name, epoch in sides.items():
            times[name].append(clock(epoch))
        rates.append(gflops())
    rate = max(rates)
    bound = limit(rate, rows)
    print(f"LeNet-300-100 on MNIST, {rows:,} examples, batch {BATCH}, SGD")
    print(f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}")
    print(
        f"matrix product {rate:.0f} GFLOP/s; arithmetic limit of an epoch {bound:.3f} s; opening MNIST {opening:.2f} s"
    )
    print(f"{'':12}{'median s':>10}{'min':>8}{'max':>8}{'× limit':>9}")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:12}{middle:10.3f}{min(found):8.3f}{max(found):8.3f}{middle / bound:9.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of the process {peak:.2f} GiB")
    if chosen.json:
        told = {"gflops": rate, "limit_s": bound, "opening_s": opening, "seconds": times, "peak_gib": peak}
        chosen.json.write_text(
            json.dumps(told | {"machine": platform.processor(), "torch": torch.__version__}, indent=1)
        )


if __name__ == "__main__":
    main()
