"""A question that is asked in a blink and has a little of everything: a family, a mask, a shuffled one, a control."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from whether import Control, Network, Question, Recipe, Replicate, adam, at, exceeds, not_worse, ordered, sgd
from whether.answer import Column, Run
from whether.execute.progress import Event, Note, Planned
from whether.history.walk import closure
from whether.plan import ask
from whether.sabotage.bug import Histories
from whether.seeds import Seed
from whether.store.layout import LOCK

RECIPE = Recipe(optimizer=adam(0.01), total="60it", batch=60)
WHY = "less is noise"
TICKET = at("ticket", 10)
Arms = Mapping[str, Any]


def network(rep: Any, **changes: Any) -> Network:
    said: dict[str, Any] = {"data": "digits", "seed": rep, "recipe": RECIPE} | changes
    return Network(said.pop("model", "mlp-32"), **said)


def arms_of(rep: Replicate) -> Arms:
    start = network(rep)
    dense = start.train()
    mask = dense.prune(fraction=0.9)
    ticket = start.masked(mask).train()
    return {
        "dense": dense,
        "ticket": {10.0: ticket, 1.0: start.masked(ticket.prune(fraction=0.9)).train()},
        "random": start.masked(mask.shuffled(rep.seed("shuffle"))).train(),
        "idle": network(rep.seed("idle")).train(),
    }


def asking(arms: Callable[[Replicate], Arms] = arms_of, **changes: Any) -> Question:
    said: dict[str, Any] = {
        "claims": [not_worse(TICKET, "dense", by=20, because=WHY), exceeds(TICKET, "random", by=1, because=WHY)],
        "controls": [Control(exceeds("dense", "random", by=1, because=WHY), expect="yes", because="it must")],
        "secondary": [ordered(not_worse(at("ticket", 1), "idle", by=1, because=WHY))],
        "if_yes": "this",
        "if_no": "that",
        "replicates": 3,
        "name": "tiny",
    }
    return Question(arms, **(said | changes))


def two_of(a: Callable[[Replicate], Any], b: Callable[[Replicate], Any], **changes: Any) -> Question:
    claim = exceeds("a", "b", by=1, unit=changes.pop("unit", "points"), because=WHY)
    said: dict[str, Any] = {"claims": [claim], "controls": [], "secondary": []}
    return asking(lambda rep: {"a": a(rep), "b": b(rep)}, **(said | changes))


def histories(question: Question) -> Histories:
    asked = ask(question, seed=Seed(0), open_test=False)
    return Histories(list(closure(fact for _, fact in asked.arms[0])))


def normed(rep: Any, **changes: Any) -> Network:
    recipe = Recipe(optimizer=sgd(0.05), total="3it", batch=60)
    return network(rep, model="foreign:conv_batchnorm", recipe=recipe, **changes)


def noisy(rep: Any) -> Network:
    return network(rep, model="foreign:dropout")


def column(arm: str, values: list[float], **changes: Any) -> Column:
    said: dict[str, Any] = {"unit": "points", "better": "higher", "share": False, "measure": "accuracy"} | changes
    runs = [
        Run(
            arm=arm,
            family=arm,
            x=None,
            replicate=index,
            seed=f"{index:016x}",
            value=value,
            outcome="done",
            note="",
            measure=f"{arm}{index}",
            state=f"{arm}{index}",
            steps=1,
        )
        for index, value in enumerate(values)
    ]
    return Column(arm=arm, family=arm, x=None, resolution=0.1, split="validation", runs=runs, **said)


class Ear:
    """Hears what a sabotage tells; stops it at a word, as Ctrl-C does."""

    def __init__(self, stop_at: str = "") -> None:
        self.events: list[Event] = []
        self.stop_at = stop_at

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.stop_at and isinstance(event, Note) and self.stop_at in event.text:
            raise KeyboardInterrupt

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]

    @property
    def steps(self) -> int:
        """Network-steps that were trained."""
        return sum(event.plan.steps_to_train for event in self.events if isinstance(event, Planned))


def lab_itself(root: Path) -> dict[str, str]:
    """Every file of a lab outside work/, by its hash; but for the empty ones on which processes wait."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != LOCK and "work" not in path.relative_to(root).parts[:1]
    }
