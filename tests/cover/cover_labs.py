"""A lab in which one tiny question was registered and answered, and what somebody does to its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whether import Answer, Control, Lab, Network, Question, Recipe, Replicate, adam, exceeds, not_worse
from whether.plan.plan import ask
from whether.registration import Study, freeze
from whether.seeds import Seed
from whether.store.sealed import SEAL, seal
from whether.studies import Draft

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
GATES = [
    {"name": name, "passed": True, "waived": False, "message": "so"}
    for name in ("outcomes", "answerable either way", "controls")
]
PLANNED = {"yes": 0.9, "no": 0.95, "when_yes": "so", "when_no": "not so", "enough": None, "sd": "stated"}
CURVE = {"n": [2, 3], "yes": [0.5, 0.9], "no": [0.6, 0.95]}


def arms(rep: Replicate) -> dict[str, Any]:
    start = Network("mlp-8", data="digits", seed=rep, recipe=RECIPE)
    return {"trained": start.train(), "again": start.train(order=rep.seed("again")), "fresh": start}


def asking(**changes: Any) -> Question:
    said: dict[str, Any] = {
        "claims": [not_worse("trained", "again", by=60, because="less is noise")],
        "controls": [
            Control(exceeds("trained", "fresh", by=1, because="noise"), expect="yes", because="training works")
        ],
        "if_yes": "this",
        "if_no": "that",
        "replicates": 3,
        "name": "tiny",
        "text": "Does it?",
    }
    return Question(said.pop("arms", changes.pop("arms", arms)), **(said | changes))


def registered(lab: Lab, question: Question | None = None) -> Study:
    asked = ask(question or asking(), seed=Seed(0), open_test=False)
    draft = Draft(asked, freeze(asked, planned=PLANNED, answerable=CURVE, gates=GATES))
    return lab.studies.register([draft])


def the_answer(lab: Lab) -> Answer:
    """The lab's only answer, read without asking whether it is sound."""
    (path,) = (lab.root / "answers").glob("tiny-*/answer.json")
    return Answer.from_json(path.read_text())


def folder_of(lab: Lab) -> Path:
    (path,) = (lab.root / "answers").glob("tiny-*")
    return path


def flip(path: Path) -> None:
    """One bit of a file in its middle."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    write(path, bytes(raw))


def write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(raw)


def record_of(lab: Lab, digest: str) -> Path:
    return lab.root / "records" / digest[:2] / f"{digest}.json"


def rewrite_record(lab: Lab, digest: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a record says, sealed anew."""
    said = json.loads(record_of(lab, digest).read_text())
    change(said)
    said.pop(SEAL)
    write(record_of(lab, digest), seal(said))


def reproduction(**changes: Any) -> bytes:
    said = {
        "format": 1,
        "answer": "0" * 64,
        "name": "tiny",
        "by": "B. Else",
        "time": "2026-06-01T10:00:00+00:00",
        "replicates": 2,
        "runs": 6,
        "same_bits": True,
        "agrees": "yes",
        "text": "B. Else, 2026-06-01: 2 of 3 replicates made again (6 runs): every number is equal to the bit.",
    }
    return seal(said | changes)
