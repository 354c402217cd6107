"""How long planning takes: about 100,000 pieces from questions of the catalogue, in an empty lab and in a full one.

    python benchmarks/planning.py [--pieces 100000] [--runs 5] [--json FILE]

Questions are lottery-ticket on several models, with replicates that make that many pieces. A full lab has a record
of every measure and every point, and a state of every point, as files on disk: tiny ones, since planning reads names.
"Half full" is the same lab asked again on the test split: no measure stands, every point does.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from whether.catalogue.lottery_ticket import lottery_ticket
from whether.execute.stock import LabStock
from whether.plan import Asked, Plan, ask, make_plan
from whether.plan.cost import Costs
from whether.plan.forecast import forecast
from whether.plan.portfolio import ranks
from whether.seeds import Seed
from whether.store import Store

MODELS = ("mlp-300-100", "mlp-100-100", "mlp-100", "mlp-20")
PIECES_A_REPLICATE = 26  # of lottery-ticket: dense, fifteen rounds, and two controls at five densities
T = TypeVar("T")


class Table:
    """Rows of seconds, as they come."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.rows: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Do some work several times, take down how long each took, and give what the last gave."""
        found = self.rows.setdefault(name, [])
        for _ in range(self.runs):
            made = None
            gc.collect()
            began = time.perf_counter()
            made = work()
            found.append(time.perf_counter() - began)
        return made

    def print(self) -> None:
        """One line a row."""
        print(f"{'':44}{'median s':>10}{'min':>8}{'max':>8}")
        for name, found in self.rows.items():
            print(f"{name:44}{statistics.median(found):10.2f}{min(found):8.2f}{max(found):8.2f}")


def resolved(replicates: int, *, open_test: bool = False) -> list[Asked]:
    """The questions, resolved."""
    questions = [lottery_ticket(model=model, replicates=replicates) for model in MODELS]
    return [ask(question, seed=Seed(0), open_test=open_test) for question in questions]


def fill(store: Store, plan: Plan) -> tuple[int, int]:
    """Lay a file where each record and each state of a plan would stand; how many of both."""
    points = [point.digest for piece in plan.pieces for point in piece.points]
    records = [*points, *(fact.digest for fact in plan.missing)]
    for paths in (map(store.records.path, records), map(store.states.path, points)):
        for path in paths:
            try:
                path.touch()
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    return len(records), len(points)


def peak() -> float:
    """The most memory that this process had, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def measure(table: Table, replicates: int, folder: str) -> dict[str, object]:
    """Fill the table; what was planned, and the memory that it took."""
    before = peak()
    asked = table.time("resolving the sentences", lambda: resolved(replicates))
    facts = peak()
    plan = table.time("planning from facts, empty lab", lambda: make_plan(asked))
    planned = peak()
    table.time("forecast on 1, 2, 8, 64, 500 devices", lambda: forecast(plan, Costs(pieces=plan.pieces)))
    table.time("ranks of the pieces", lambda: ranks(plan, Costs(pieces=plan.pieces)))
    store = Store.find(Path(folder) / "lab")
    records, states = fill(store, plan)
    table.time("listing a full lab", lambda: LabStock(store))
    again = table.time("planning, full lab, listings and all", lambda: make_plan(asked, LabStock(store)))
    other = resolved(replicates, open_test=True)
    half = table.time("planning, half full, listings and all", lambda: make_plan(other, LabStock(store)))
    check(plan, again, half)
    return {
        "pieces": len(plan.pieces),
        "measures": plan.measures,
        "records": records,
        "states": states,
        "MiB before": round(before),
        "MiB resolved": round(facts),
        "MiB planned": round(planned),
        "MiB at the end": round(peak()),
    }


def check(plan: Plan, again: Plan, half: Plan) -> None:
    """See that what was timed did what it should."""
    assert plan.steps_to_train == plan.steps_unique
    assert not again.pieces
    assert not again.missing
    assert not half.pieces
    assert half.missing


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    table = Table(chosen.runs)
    replicates = max(1, round(chosen.pieces / (PIECES_A_REPLICATE * len(MODELS))))
    with tempfile.TemporaryDirectory() as folder:
        facts = measure(table, replicates, folder)
    table.print()
    print("\n" + "\n".join(f"{name:44}{value:10,}" for name, value in facts.items()))
    if chosen.json:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        chosen.json.write_text(json.dumps({"seconds": table.rows} | facts | machine, indent=1))


if __name__ == "__main__":
    main()
