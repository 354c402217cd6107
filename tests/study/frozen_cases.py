"""Questions that are registered in a blink: their gates are said to be passed, as gates are tested elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from whether import Control, Lab, Network, Question, Recipe, Replicate, adam, exceeds, not_worse, same
from whether.audit import audit
from whether.plan.plan import ask
from whether.registration import Study, freeze
from whether.seeds import Seed
from whether.store.ledger import BEGINNING
from whether.store.sealed import SEAL, seal
from whether.store.verify import verify
from whether.studies import Draft

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"
GATES = [
    {"name": name, "passed": True, "waived": False, "message": "so"}
    for name in ("outcomes", "answerable either way", "controls")
]
PLANNED = {
    "yes": 0.9,
    "no": 0.95,
    "when_yes": "so",
    "when_no": "not so",
    "enough": None,
    "sd": "stated in the question",
}
CURVE = {"n": [2, 3], "yes": [0.5, 0.9], "no": [0.6, 0.95]}


def arms(rep: Replicate) -> dict[str, Any]:
    start = Network("mlp-8", data="digits", seed=rep, recipe=RECIPE)
    return {
        "trained": start.train(),
        "again": start.train(order=rep.seed("again")),
        "fresh": start,
    }


def asking(**changes: Any) -> Question:
    said: dict[str, Any] = {
        "claims": [not_worse("trained", "again", by=60, because=WHY)],
        "controls": [
            Control(exceeds("trained", "fresh", by=1, because=WHY), expect="yes", because="training works"),
            Control(same("trained", "again", within=70, because=WHY), expect="yes", because="the same network"),
        ],
        "if_yes": "this",
        "if_no": "that",
        "replicates": 3,
        "name": "tiny",
        "text": "Does it?",
    }
    return Question(said.pop("arms", changes.pop("arms", arms)), **(said | changes))


def draft(question: Question, *, gates: Sequence[Mapping[str, Any]] = GATES, open_test: bool = False) -> Draft:
    asked = ask(question, seed=Seed(0), open_test=open_test)
    return Draft(asked, freeze(asked, planned=PLANNED, answerable=CURVE, gates=gates))


def registered(lab: Lab, *questions: Question, **how: Any) -> Study:
    return lab.studies.register([draft(item) for item in questions or (asking(),)], **how)


# Somebody who knows how a lab is written changes it, seals and chains included.


def rewrite_entry(lab: Lab, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what an entry of the ledger says, chain all that follow anew, and let answers name the new chain."""
    seals: list[str] = []
    for path in sorted((lab.root / "ledger").glob("*.json")):
        fields = json.loads(path.read_text())
        if int(path.stem) == number:
            change(fields["body"])
        if fields["kind"] == "answered":
            answer = lab.root / "answers" / fields["body"]["folder"] / "answer.json"
            said = json.loads(answer.read_text())
            said["ledger"]["head"] = seals[-1] if seals else BEGINNING
            raw = (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
            write(answer, raw)
            fields["body"]["answer"] = hashlib.sha256(raw).hexdigest()
        fields["previous"] = seals[-1] if seals else BEGINNING
        fields.pop(SEAL)
        raw = seal(fields)
        write(path, raw)
        seals.append(json.loads(raw)[SEAL])


def rewrite_answer(lab: Lab, change: Callable[[dict[str, Any]], None], name: str = "tiny") -> None:
    """Change an answer, its entry in the ledger too."""
    (path,) = (lab.root / "answers").glob(f"{name}-*/answer.json")
    said = json.loads(path.read_text())
    change(said)
    write(path, json.dumps(said).encode())
    rewrite_entry(lab, -1, lambda _body: None)


def rewrite_record(lab: Lab, digest: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a record says, sealed anew."""
    path = lab.root / "records" / digest[:2] / f"{digest}.json"
    said = json.loads(path.read_text())
    change(said)
    said.pop(SEAL)
    write(path, seal(said))


def write(path: Path, raw: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(raw)


# What `whether verify` says of it.

ANSWER = "answers/tiny-"


def found(lab: Lab) -> list[str]:
    """Everything that `whether verify` finds, as place and text."""
    return [f"{item.place}: {item.what}" for item in [*verify(lab.store), *audit(lab.store)]]


def run_of(said: dict[str, Any], arm: str, replicate: int) -> dict[str, Any]:
    (run,) = (run for run in said["table"] if (run["arm"], run["replicate"]) == (arm, replicate))
    return run  # type: ignore[no-any-return]
