"""Lottery tickets of LeNet-300-100 on MNIST, as OpenLTH trains them, in whole processes: seconds a level and epoch.

    WHETHER_DATA=… python benchmarks/tickets_cpu.py [--epochs 5] [--chains 4] [--json FILE]

The protocol is that of OpenLTH's default for this network: batch 128, SGD at .1, a fifth of all weights pruned a level
by magnitude, weights rewound to the start; 13 networks are levels 0 to 12. Its 40 epochs a level are shortened, which
makes whatever a process spends beside training weigh more here, not less.

Whole processes are timed, from `whether run` to its exit: start, opening the data, planning, training, a look at 5,000
validation examples every epoch and one at 10,000 test examples a level, records, states, the answer, its report. "One
chain" has the machine to itself, on all cores; "chains" is twice as many replicates as there are cores, which is how a
question runs, and counts the machine's seconds for each. Seconds are scaled to OpenLTH's 60,000 training examples. The
plain loop is a process that does the same for one dense level: PyTorch's modules, data as tensors, weights multiplied
by their mask after each step, and the same looks.

OpenLTH itself takes 3.5 s a level and epoch on such a machine at every sparsity (3.0 training, .5 testing).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from lenet_epoch import gflops, limit

from whether.execute.memory import cores
from whether.lab import Lab

OPENLTH = 3.5
TRAINED, WHOLE = 55_000, 60_000
NETWORKS, DEEPER = 13, 15
TARGETS = {12: 20, 15: 25}  # times faster than OpenLTH, at 7 and at 3.6 per cent

QUESTION = '''"""Written by benchmarks/tickets_cpu.py."""
from whether import Data, Network, Question, Recipe, accuracy, not_worse, question, sgd, tickets

RECIPE = Recipe(optimizer=sgd(0.1), total="{epochs}ep", batch=128, evaluate="1ep")


@question(category="science")
def levels(rounds: int = 12, replicates: int = 2):
    """How accurate are tickets at every level?"""

    def arms(rep):
        found = tickets(Network("lenet-300-100", data="mnist", seed=rep, recipe=RECIPE), rounds=rounds)
        return {{f"level {{level}}": accuracy(found[level], split="test") for level in range(rounds + 1)}}

    return Question(
        arms,
        claims=[not_worse(f"level {{rounds}}", "level 0", by=1.0, unit="points", because="a benchmark")],
        if_yes="Tickets of these levels are as accurate.",
        if_no="They are not.",
        replicates=replicates,
    )
'''

PLAIN = """
import sys, time, torch
from pathlib import Path
from torch import nn
from whether.data.cards import Data
from whether.data.tensors import tensors

epochs = int(sys.argv[1])
data = tensors(Data(name="mnist"))
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))
masks = [torch.ones_like(value) for value in model.parameters()]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def look(x, y):
    with torch.no_grad():
        logits = model(x)
        return nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


for epoch in range(epochs):
    order = data.train_index[torch.randperm(len(data.train_index))]
    for begin in range(0, len(order) - 127, 128):
        rows = order[begin : begin + 128]
        loss = nn.functional.cross_entropy(model(data.x_train[rows]), data.y_train[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for value, mask in zip(model.parameters(), masks):
                value.mul_(mask)
    look(data.x_train[data.validation_index], data.y_train[data.validation_index])
look(data.x_test, data.y_test)
"""


def seconds(command: list[str], folder: Path) -> float:
    """Wall-clock seconds of a whole process."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}{done.stdout}")
    return time.perf_counter() - began


def by_level(lab: Path) -> dict[int, float]:
    """Seconds of training of each level, the mean over chains, from the lab's records."""
    store = Lab(lab, create=False).store
    bodies = {name: store.records.read(name) for name in store.records.listing()}

    def level(name: str) -> int:
        return sum(1 + level(parent) for parent in bodies[name]["parents"])

    found: dict[int, list[float]] = {}
    for name, body in bodies.items():
        if body["kind"] == "point":
            found.setdefault(level(name), []).append(body["seconds"])
    return {place: statistics.mean(taken) for place, taken in sorted(found.items())}


def one_chain(rounds: int) -> list[str]:
    """A process that trains one chain, in Python."""
    code = (
        "from levels import RECIPE; from whether import *; lab = Lab('alone'); "
        f"found = tickets(Network('lenet-300-100', data='mnist', seed=1, recipe=RECIPE), rounds={rounds}); "
        "[lab.value(accuracy(net, split='test')) for net in found]"
    )
    return [sys.executable, "-c", code]


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--chains", type=int, default=2 * cores())
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "levels.py").write_text(QUESTION.format(epochs=chosen.epochs))
        (folder / "plain.py").write_text(PLAIN)
        many = [sys.executable, "-m", "whether", "run", "levels.py", f"replicates={chosen.chains}"]
        rates = [gflops()]
        plain = seconds([sys.executable, "plain.py", str(chosen.epochs)], folder)
        whole = {"one chain": seconds(one_chain(NETWORKS - 1), folder)}
        rates.append(gflops())
        whole[f"{chosen.chains} chains, each"] = seconds([*many, f"rounds={NETWORKS - 1}"], folder) / chosen.chains
        plain = min(plain, seconds([sys.executable, "plain.py", str(chosen.epochs)], folder))
        seconds(one_chain(DEEPER), folder)  # goes on where the others ended
        seconds([*many, f"rounds={DEEPER}"], folder)
        rates.append(gflops())
        levels = {"one chain": by_level(folder / "alone"), f"{chosen.chains} chains, each": by_level(folder / "lab")}
    scale = WHOLE / TRAINED / chosen.epochs
    rate = statistics.median(rates)
    bound = limit(rate, WHOLE)
    each = {name: taken * scale / NETWORKS for name, taken in whole.items()}
    print(f"LeNet-300-100 on MNIST, OpenLTH's protocol, {chosen.epochs} epochs a level; seconds a level and epoch")
    print(f"PyTorch {torch.__version__}, {cores()} cores, matrix product {rate:.0f} GFLOP/s; dense limit {bound:.3f}")
    print(f"whole processes, {NETWORKS} networks: OpenLTH {OPENLTH:.2f}; a plain loop {plain * scale:.2f}")
    for name, taken in each.items():
        print(f"    {name:18}{taken:7.3f}   {OPENLTH / taken:5.1f} × faster than OpenLTH (target 8, reach for 12)")
    print(f"training alone, by level{'':6}" + "".join(f"{name:>24}" for name in levels))
    for place in range(DEEPER + 1):
        row = f"    {place:2}  {80 * 0.8 ** (place - 1):5.1f} % left {'':8}"
        for name, found in levels.items():
            taken = found[place] * scale / (1 if name == "one chain" else min(chosen.chains, cores()))
            row += f"{taken:12.3f} {OPENLTH / taken:5.1f} ×    "
        print(row + (f" target {TARGETS[place]} ×" if place in TARGETS else ""))
    if chosen.json:
        told = {"seconds": each, "plain": plain * scale, "limit": bound, "gflops": rates, "levels": levels}
        chosen.json.write_text(json.dumps(told | {"machine": platform.processor(), "epochs": chosen.epochs}, indent=1))


if __name__ == "__main__":
    main()
