"""Questions that train in a blink, and an ear for what a lab tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from whether import Answer, Network, Question, Recipe, Replicate, adam, at, exceeds, not_worse
from whether.execute.progress import Event, Planned

RECIPE = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"
Arms = Mapping[str, Any]


def network(rep: Any = 1, **changes: Any) -> Network:
    said: dict[str, Any] = {"data": "digits", "seed": rep, "recipe": RECIPE} | changes
    return Network(said.pop("model", "mlp-8"), **said)


def arms_of(rep: Replicate) -> Arms:
    start = network(rep)
    dense = start.train()
    return {"dense": dense, "ticket": {50.0: start.masked(dense.prune(fraction=0.5)).train()}}


def asking(arms: Callable[[Replicate], Arms] = arms_of, **changes: Any) -> Question:
    claims = [not_worse(at("ticket", 50), "dense", by=30, because=WHY)]
    said: dict[str, Any] = {"claims": claims, "if_yes": "this", "if_no": "that", "replicates": 2, "name": "tiny"}
    return Question(arms, **(said | changes))


def two_of(a: Callable[[Replicate], Any], b: Callable[[Replicate], Any], **changes: Any) -> Question:
    claims = [exceeds("a", "b", by=1, unit=changes.pop("unit", "points"), because=WHY)]
    return asking(lambda rep: {"a": a(rep), "b": b(rep)}, **({"claims": claims} | changes))


class Ear:
    """Hears what a lab tells."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def heard(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def trained(self) -> int:
        return int(self.heard(Planned)[0].plan.steps_to_train) if self.heard(Planned) else 0


def without_circumstances(answer: Answer) -> dict[str, Any]:
    said = json.loads(answer.to_json())
    return {name: value for name, value in said.items() if name not in ("circumstances", "ledger")}


def bent(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(raw))
