"""Short sentences for tests, and one fact of each operation, whose digests are recorded in `golden.json`.

After a version of an operation was raised on purpose, write the record anew and look at what changed:

    python tests/history/histories.py && git diff tests/history/golden.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from whether import Data, Network, Recipe, accuracy, adam, curve, drops, loss, sgd
from whether.history.facts import Fact, MaskFact, Point, State
from whether.history.resolve import Resolver

GOLDEN = Path(__file__).with_name("golden.json")
NOTE = "Provisional until the machine room is built: whether may still change what it hashes."
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
        batch=300,
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


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({"note": NOTE, "digests": digests()}, indent=1) + "\n", encoding="utf-8")
