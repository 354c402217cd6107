"""What the tests of faults share: a small question that uses everything, ways to harm a lab, and what must be equal."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whether.answer import Answer
from whether.catalogue.find import find
from whether.question import Question
from whether.store import Store, verify

QUESTION = '''\
"""Histories that branch in the middle, so that optimiser states are kept and gone on from."""

from whether import Network, Question, exceeds, question
from whether.history import early_stop
from whether.recipe import Recipe, sgd


@question(category="science")
def going_on(total="60it", until="20it", replicates=2, width=6, fraction=0.5, order=2):
    """Does a rewound ticket beat the dense network?"""
    recipe = Recipe(optimizer=sgd(0.05, momentum=0.9), total=total, batch=30, evaluate="20it")

    def arms(rep):
        early = Network(f"mlp-{width}", data="digits", seed=rep, recipe=recipe).train(until=until)
        dense = early.train()
        mask = dense.prune(fraction=fraction)
        return {
            "dense": dense,
            "other order": early.train(order=rep.seed("order", order)),
            "ticket": early.masked(mask).train(),
            "shuffled": early.masked(mask.shuffled(rep.seed("places"))).train(),
            "early stop": early_stop(dense),
        }

    return Question(
        arms,
        claims=[exceeds("ticket", "dense", by=1, because="less is noise")],
        secondary=[exceeds("dense", "shuffled", by=1, because="less is noise")],
        if_yes="Prune.",
        if_no="Do not prune.",
        replicates=replicates,
    )
'''
OWN = '''\
from whether import Network, Question, accuracy, exceeds, measure, question
from whether.recipe import Recipe, sgd


@question(category="science")
def own(model="mlp-4", metric="accuracy", by="magnitude", check="", fraction=0.5, until="3it", replicates=2):
    """Does code of one's own do as well?"""
    asserts = (check,) if check else ()
    recipe = Recipe(optimizer=sgd(0.1), total="6it", batch=30, asserts=asserts)

    def arms(rep):
        plain = Network("mlp-8", data="digits", seed=rep, recipe=recipe).train()
        mine = Network(model, data="digits", seed=rep, recipe=recipe).train(until=until)
        pruned = mine.masked(mine.prune(fraction=fraction, by=by))
        given = {"split": "validation"} if ":" not in metric else {}
        return {"mine": measure(metric, pruned, **given), "plain": measure(metric, plain, **given)}

    return Question(
        arms,
        claims=[exceeds("mine", "plain", by=1, because="less is noise", unit="points")],
        if_yes="Use it.",
        if_no="Do not.",
        replicates=replicates,
    )
'''

MODELS = """\
import os

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes=10, fails=lambda step: False):
        super().__init__()
        self.layer = nn.Linear(64, classes)
        self.fails = fails
        self.step = 0

    def forward(self, x):
        self.step += self.training
        if self.fails(self.step):
            raise ArithmeticError("the wheel came off")
        return self.layer(x.flatten(1))


def good(classes):
    return Net(classes)


def seven():
    return Net(7)


def refuses():
    return Net(fails=lambda step: True)


def late():
    return Net(fails=lambda step: step > 2 and os.path.exists("broken"))


def picture():
    return nn.Conv2d(3, 8, 3)


def needy(depth):
    return Net()


def number():
    return 7


def measured(module, data, split):
    raise ArithmeticError("no ruler")


def words(module, data, split):
    return "good"


def score(weights, masks):
    raise ArithmeticError("no scales")


def narrow(weights, masks):
    return {name: value[:1] for name, value in weights.items()}


def check(weights):
    raise ArithmeticError("no opinion")
"""

FILE = "going_on.py"
RUN = ("run", FILE)
SECOND = {"fraction": 0.25, "order": 3}
"""Options of a second question, which needs the trained networks of the first."""

LAB = Path("lab")

Call = Callable[..., "Done"]


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


def asked(**options: Any) -> Question:
    """The question in the working directory's file."""
    return find(FILE)(**options)


def evidence(answer: Answer | dict[str, Any]) -> dict[str, Any]:
    """All of an answer that must not depend on how it came about."""
    said = json.loads(answer.to_json()) if isinstance(answer, Answer) else dict(answer)
    return {name: value for name, value in said.items() if name not in ("circumstances", "ledger")}


def pages(lab: Path) -> dict[str, str]:
    """The figures and tables beside every answer of a lab, hashed; not the page that tells when it was written."""
    files = [path for path in (lab / "answers").rglob("*") if path.suffix in (".csv", ".svg", ".png")]
    return {str(path.relative_to(lab)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def answers(lab: Path) -> dict[str, Any]:
    """The evidence of every answer, by folder."""
    found = sorted((lab / "answers").glob("*/answer.json"))
    return {path.parent.name: evidence(json.loads(path.read_text(encoding="utf-8"))) for path in found}


def states(lab: Path) -> dict[str, str]:
    """The hash of every state, by its place."""
    files = sorted((lab / "states").rglob("*.safetensors"))
    return {str(path.relative_to(lab)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def records(lab: Path) -> dict[str, Any]:
    """What every record says, but for how long it took; and that there is nothing beside them."""
    store = Store(lab)
    assert {path.stem for path in (lab / "records").rglob("*.json")} == store.records.listing()
    told = {digest: store.records.read(digest) for digest in store.records.listing()}
    return {
        digest: {name: value for name, value in said.items() if name not in ("seconds", "seal")}
        for digest, said in told.items()
    }


def everything(lab: Path) -> dict[str, Any]:
    """All of a lab that must not depend on how it came about."""
    kinds = [entry.kind for entry in Store(lab).ledger.entries()]
    return {
        "answers": answers(lab),
        "pages": pages(lab),
        "states": states(lab),
        "records": records(lab),
        "ledger": sorted(set(kinds)),
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Assert that two labs' `everything` is equal, part by part, so that a failure says which."""
    for part, found in one.items():
        assert found == other[part], part


def sound(lab: Path, *, untouched: bool = False) -> bool:
    """Whether nothing in a lab is damaged or foreign; untouched, when nothing ever was."""
    return not verify(Store(lab)) and not (untouched and list((lab / "work").glob("damaged/*")))


def flip(path: Path, position: int = -20) -> None:
    """Turn one bit of a file, as a failing disk would."""
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1
    path.write_bytes(raw)


def place_of(lab: Path, arm: str, part: str) -> Path:
    """Where a part of an arm's first network stands: its "measure" or "record", or its "state".

    Of "early", which all arms go on from, there is the optimiser's state, too.
    """
    store = Store(lab)
    if arm == "early":
        digest = min(store.states.listing("optimizer"))
    else:
        table = next(iter(answers(lab).values()))["table"]
        run = next(run for run in table if run["arm"] == arm and run["replicate"] == 0)
        digest = run["measure"] if part == "measure" else run["state"]
    if part in ("measure", "record"):
        return store.records.path(digest)
    return store.states.path(digest, "optimizer" if part == "optimizer" else "state")


def command(*words: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command line as a shell would, on one thread."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WHETHER_")}
    kept |= {name: os.environ[name] for name in ("WHETHER_CACHE",) if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "whether", *words],
        cwd=folder,
        env=kept | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(processes: Iterable[subprocess.Popen[str]]) -> None:
    """End whatever is left of commands that a test started."""
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def workers(of: int | None = None) -> list[int]:
    """The worker processes of a command, or all that work in the lab of this folder."""
    found = []
    lab = str(LAB.absolute()).encode()
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1]) if line else 0
        except OSError:
            continue
        if b"whether.execute.process" in line and (parent == of if of else lab in line):
            found.append(int(entry.name))
    return found


def until(holds: Callable[[], object], what: str, patience: float = 60.0) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: when it does not in so many seconds.
    """
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {patience:.0f} s"
        time.sleep(0.02)
