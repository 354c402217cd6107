"""Short sentences for tests, and one fact of each operation, whose digests are recorded in `golden.json`.

These digests are final: labs hold records under them. A field that is added to an operation is left out of its digest
at a neutral value (`Fact.neutral`); where the numbers of an operation change, its `version` is raised. After either,
and for a new operation, add to the record and look at what changed:

    python tests/history/histories.py && git diff tests/history/golden.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from whether import Data, Network, Recipe, accuracy, adam, curve, drops, loss, sgd
from whether.history.facts import Fact, MaskFact, Point, State
from whether.history.resolve import Resolver
from whether.history.walk import closure

GOLDEN = Path(__file__).with_name("golden.json")
NOTE = "Final: a digest changes only together with the version of an operation behind it; see histories.py."
RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)


def network(seed: int = 1, **changes: Any) -> Network:
    """Two hidden units on XOR, 100 iterations, an epoch each."""
    said: dict[str, Any] = {"data": "xor", "seed": seed, "recipe": RECIPE} | changes
    return Network(said.pop("model", "mlp-2"), **said)


def state(sentence: Network) -> State:
    return Resolver().state(sentence)


def point(sentence: Network) -> Point:
    found = state(sentence)
    assert isinstance(found, Point), found
    return found


def mask(sentence: Any) -> MaskFact:
    return Resolver().mask(sentence)


def operations() -> dict[str, Fact]:
    """A fact of each operation, and of each of its fields that has a neutral value, at another one."""
    start = network(3)
    digits = network(3, data="digits", recipe=RECIPE.but(batch=60), model="mlp-3")
    other = RECIPE.but(
        batch=400,
        last_batch="keep",
        optimizer=sgd(0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
        schedule=drops(["40it", "60it"], factor=0.2, warmup="5it"),
        evaluate="10it",
    )
    dense = start.train()
    pruned = dense.prune(fraction=0.2)
    by_layer = dense.prune(fraction=0.25, scope="layer", structure="unit", layer_fractions={"output": 0.1})
    point_, resolver = point(dense), Resolver()
    return {
        "model": state(start).model,
        "start": state(start),
        "training": point_.trajectory.training,
        "training: other values": point(digits.train(other)).trajectory.training,
        "training: a split of its own": point(
            network(3, data=Data(name="digits", validation=100, split_seed=2), recipe=RECIPE).train()
        ).trajectory.training,
        "trajectory": point_.trajectory,
        "point": point_,
        "point: early": state(start.train(until="30it")),
        "point: another order": state(start.train(until="30it").train(order=5)),
        "redrawn": state(start.reinit(4)),
        "redrawn: signs": state(dense.reinit(4, keep="signs")),
        "wearing": state(start.masked(pruned)),
        "wearing: optimizer kept": state(dense.masked(pruned, optimizer="keep")),
        "mask-full": mask(dense.mask()),
        "mask-pruned": mask(pruned),
        "mask-pruned: other values": mask(by_layer),
        "mask-shuffled": mask(pruned.shuffled(6)),
        "mask-inverted": mask(pruned.inverted()),
        "measure": resolver.measure(accuracy(dense)),
        "measure: of a split": resolver.measure(loss(dense, split="train")),
        "measure: with options": resolver.measure(curve(dense, "train loss")),
        "ticket": state(start.masked(pruned).train()),
    }


def digests() -> dict[str, str]:
    return {name: fact.digest for name, fact in operations().items()}


Entry = dict[str, Any]


def recorded() -> dict[str, Entry]:
    """What is on record: by name, a digest and the versions of the operations behind it."""
    found: dict[str, Entry] = json.loads(GOLDEN.read_text(encoding="utf-8"))["operations"]
    return found


def updated(before: dict[str, Entry]) -> dict[str, Entry]:
    """The record as it is to be now.

    Raises:
        SystemExit: when a digest has changed though no version was raised, or is no longer made.
    """
    now: dict[str, Entry] = {}
    for name, fact in operations().items():
        versions = {item.tag: item.version for item in closure([fact])}
        now[name] = {"digest": fact.digest, "versions": dict(sorted(versions.items()))}
        old = before.get(name, now[name])
        if old["digest"] != fact.digest and old["versions"] == now[name]["versions"]:
            raise SystemExit(
                f"{name!r} has another digest ({fact.digest[:12]}, on record {old['digest'][:12]}) though no version "
                "was raised: every lab would train it again, or take old numbers for new ones. Give a new field a "
                "neutral value; where numbers change, raise the version of that operation in history/facts.py."
            )
    if gone := [name for name in before if name not in now]:
        raise SystemExit(f"{gone[0]!r} is on record and no longer among the operations: labs hold records of it.")
    return now


if __name__ == "__main__":
    held = recorded() if GOLDEN.exists() else {}
    GOLDEN.write_text(json.dumps({"note": NOTE, "operations": updated(held)}, indent=1) + "\n", encoding="utf-8")
