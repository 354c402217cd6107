"""How long does a page of the lab in a browser take? The real server, over loopback, with a lab that was made up.

    python benchmarks/serve_pages.py [--questions 50] [--runs 1000] [--rounds 9] [--lab FOLDER] [--json FILE]

The lab has so many answered questions, of which one has so many runs and the others 20 each, every run with the records
of its network and of its number; one question in five is registered, and some are registered and not answered yet.
"first" is the first request of a page to a server that has just told its address, "warm" the median of those that
follow, "worst" the longest of them. The aim is 200 ms.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from whether import Network, Recipe, adam
from whether.answer import Answer, Column, Run
from whether.claim import exceeds, not_worse
from whether.conclude import conclude
from whether.history import wire
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.history.walk import parents_first
from whether.question import Question
from whether.registration import ANALYSIS, OUTCOMES, REGISTERED, document, registration_digest
from whether.report.write import render
from whether.store.folder import Store

AIM = 0.2


def name_of(*parts: object) -> str:
    """A digest that follows from what it names."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def column(question: str, arm: str, mean: float, replicates: int) -> Column:
    """An arm whose values are spread around a mean."""
    draw = random.Random(f"{question} {arm}")
    runs = [
        Run(
            arm=arm,
            family=arm,
            x=None,
            replicate=place,
            seed=name_of("seed", question, place)[:16],
            value=round(min(draw.gauss(mean, 0.5), 100.0) * 3) / 3,
            outcome="done",
            note="",
            measure=name_of("measure", question, arm, place),
            state=name_of("state", question, arm, place),
            steps=400,
        )
        for place in range(replicates)
    ]
    meaning: dict[str, Any] = {"unit": "points", "better": "higher", "share": False, "resolution": 1 / 3}
    return Column(arm=arm, family=arm, x=None, split="validation", measure="accuracy", runs=runs, **meaning)


def curve(end: float) -> dict[str, list[float | None]]:
    """A learning curve that starts at chance."""
    steps = [float(step) for step in range(0, 401, 8)]
    means = [end - (end - 10) * math.exp(-step / 60) for step in steps]
    return {"step": [*steps], "mean": [*means], "low": [m - 0.5 for m in means], "high": [m + 0.5 for m in means]}


def question_of(name: str, replicates: int) -> Question:
    """Two claims about three arms, whatever the others are."""
    because = "two seeds of the same network differ by less"
    asked = Question(
        lambda _rep: {},
        claims=[
            not_worse("arm 0", "arm 1", by=1.0, because=because),
            exceeds("arm 0", "arm 2", by=0.5, because=because),
        ],
        if_yes="Believe it, and prune before training.",
        if_no="Do not believe it, and prune after training.",
        replicates=replicates,
    )
    return replace(asked, name=name, text=f"Is what {name.replace('-', ' ')} says of sparse networks so?")


def answer_of(name: str, arms: int, replicates: int, place: int) -> Answer:
    """An answer with so many runs."""
    columns = [column(name, f"arm {arm}", 97.5 - 0.6 * arm / arms - place % 3, replicates) for arm in range(arms)]
    return conclude(
        question_of(name, replicates),
        columns,
        digest=name_of(name),
        grade="exploratory" if place % 5 else "registered",
        split="validation",
        data={"name": "digits", "split": "validation", "rows": 300, "classes": 10, "one_split": False},
        circumstances={"time": f"2026-03-{1 + place % 28:02}T12:00:00+00:00", "seconds": 87.4, "networks": 40},
        curves={one.arm: curve(97.0) for one in columns[:4]},
    )


def registered(name: str, place: int) -> dict[str, Any]:
    """The body of a registration in the ledger."""
    asked = question_of(name, 10)
    claims = [
        {"kind": item.kind, "left": item.left, "right": item.right, "size": item.size, "unit": item.unit}
        | {"because": item.because, "if_no": "", "sd": None, "delta_yes": None, "delta_no": None}
        for item in asked.claims
    ]
    frozen: dict[str, Any] = {
        "name": name,
        "text": asked.text,
        "category": "science",
        "source": name,
        "options": {"s": "1.0"},
        "if_yes": asked.if_yes,
        "if_no": asked.if_no,
        "if_inconclusive": "Run more.",
        "claims": claims,
        "secondary": [],
        "controls": [],
        "combine": "all",
        "hold_to": None,
        "alpha": 0.05,
        "pairing": "replicate",
        "unit": "the replicate: one root seed each",
        "metric": "accuracy",
        "axis": "",
        "replicates": 10,
        "looks": [10],
        "spending": "obrien-fleming",
        "levels": [[10, 0.05, 0.05]],
        "power": 0.8,
        "split": "validation",
        "data": {"name": "digits", "content": name_of("digits")},
        "outcomes": OUTCOMES,
        "planned": {"yes": 0.9, "no": 0.9, "sd": "a pilot"},
        "answerable": {},
        "likeness": name_of("like", name),
        "gates": [{"name": "controls", "message": "There are two.", "passed": True, "waived": False}],
        "design": name_of("design", name),
    }
    installed = {f"package-{item}": f"{item}.0" for item in range(140)}
    made = document(
        [frozen],
        title=asked.text,
        nonce=name_of("nonce", place),
        environment={"python": "3.11.9", "machine": "x86_64, Linux", "packages": installed},
        exposure=[],
    )
    digest = registration_digest({**made, "analysis": ANALYSIS})
    runs = {name: {f"arm {arm}": [name_of(arm, one)[:16] for one in range(10)] for arm in range(2)}}
    said = {"study": digest, "digest": digest, "document": made, "witness": None, "remarks": [], "runs": runs}
    return said | {"answers": {name: name_of(name)}}


def make_lab(root: Path, questions: int, runs: int, draw: Callable[[Answer], dict[str, bytes]] = render) -> Store:
    """A lab with so many answers, of which the first has so many runs and the others 20; `draw` makes their files."""
    store = Store.find(root)
    files: dict[int, dict[str, bytes]] = {}
    for place in range(questions):
        name = f"question-{place:02}"
        answer = answer_of(name, 10, runs // 10, place) if place == 0 else answer_of(name, 4, 5, place)
        if place % 5 == 0:
            store.ledger.append(REGISTERED, registered(name, place))
        folder = store.answers.open(answer.name, answer.digest)
        kind = len(answer.arms)  # those of a kind have the same figures: drawing is not what is measured here
        if kind not in files:
            files[kind] = draw(answer)
        for file, content in files[kind].items():
            folder.write(file, content)
        store.conclude(folder, answer.plain())
        for run in answer.table:
            store.records.write(run.state, {"kind": "point", "outcome": "done", "parents": {}, "curve": curve(97.0)})
            store.records.write(run.measure, {"kind": "measure", "value": run.value, "parents": {run.state: ""}})
    for place in range(questions // 10):
        store.ledger.append(REGISTERED, registered(f"open-{place}", 1000 + place))
    return store


def ticket(store: Store | None = None, rounds: int = 15) -> str:
    """The digest of a network after so many rounds of pruning; its records are written where a lab is given."""
    start = Network("mlp-4", data="xor", seed=1, recipe=Recipe(optimizer=adam(0.02), total="100it", batch=4))
    trained = start.train()
    for _ in range(rounds):
        trained = start.masked(trained.prune(by="magnitude", fraction=0.2)).train()
    fact = Resolver().state(trained)
    for item in parents_first([fact]) if store else ():
        if isinstance(item, Point) and store is not None:
            said = wire.written([item], stop=lambda found, item=item: isinstance(found, Point) and found is not item)
            body = {"kind": "point", "outcome": "done", "step": item.at, "history": said, "curve": curve(97.0)}
            store.records.write(item.digest, body | {"parents": {}})
    return str(fact.digest)


def pages() -> list[str]:
    """An address of every kind of page, those of the largest answer where it matters."""
    big = f"/answers/question-00-{name_of('question-00')[:8]}"
    small = f"/answers/question-01-{name_of('question-01')[:8]}"
    study = registered("question-00", 0)["digest"][:8]
    files = ("answer.json", "report.html", "runs.csv", "figures/claims.svg", "figures/claims.csv")
    return [
        *("/", "/?verdict=yes&grade=registered", "/questions/question-00", small, big, f"{big}/runs", f"{big}/cover"),
        *(f"/networks/{ticket()}", f"/networks/{ticket()}?all=1", "/networks/abcdef0", "/search?q=abcd"),
        *("/studies", f"/studies/{study}", "/ledger", "/live", "/search?q=sparse", "/nothing-here"),
        f"/compare?a={big.rpartition('/')[2]}&b={small.rpartition('/')[2]}",
        *(f"{big}/{file}" for file in files),
    ]


@contextmanager
def served(root: Path) -> Iterator[str]:
    """`whether serve` on any free port; gives its address."""
    words = [sys.executable, "-m", "whether", "serve", "--lab", str(root), "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        try:
            said = "".join(iter(lambda: running.stdout.readline() if running.stdout else "", "}\n")) + "}"
            yield str(json.loads(said)["address"]).rstrip("/")
        finally:
            running.send_signal(signal.SIGINT)


def measure(root: Path, addresses: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """What each page takes, in seconds, first and again."""
    import httpx

    told = []
    with served(root) as base, httpx.Client(base_url=base, timeout=30) as client:
        client.get("/static/style.css")
        for address in addresses:
            taken = []
            for _ in range(rounds):
                began = time.perf_counter()
                answer = client.get(address)
                taken.append(time.perf_counter() - began)
            row = {"page": address, "status": answer.status_code, "bytes": len(answer.content), "first": taken[0]}
            told.append(row | {"warm": statistics.median(taken[1:]), "worst": max(taken[1:])})
    return told


def main() -> None:
    """Make the lab, ask for every page, print what it took."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--questions", type=int, default=50)
    words.add_argument("--runs", type=int, default=1000)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--lab", type=Path, help="where to make it, or one that is there")
    words.add_argument("--json", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = (given.lab or Path(folder) / "lab").absolute()
        if not root.is_dir():
            ticket(make_lab(root, given.questions, given.runs))
        told = measure(root, pages(), given.rounds)
    print(f"{'page':<58} {'status':>6} {'kB':>6} {'first':>8} {'warm':>8} {'worst':>8}")
    for row in told:
        times = " ".join(f"{1000 * row[key]:>5.0f} ms" for key in ("first", "warm", "worst"))
        print(f"{row['page'][:58]:<58} {row['status']:>6} {row['bytes'] / 1e3:>6.0f} {times}")
    late = [row["page"] for row in told if max(row["first"], row["worst"]) > AIM]
    print(f"beyond {1000 * AIM:.0f} ms: {', '.join(late) or 'none'}")
    if given.json:
        given.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
