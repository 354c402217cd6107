"""Short sentences for tests, and one fact of each operation, whose digests are recorded in `golden.json`.

These digests are final: labs hold records under them. A field that is added to an operation is left out of its digest
at a neutral value (`Fact.neutral`); where the numbers of an operation change, its `version` is raised. After either,
and for a new operation, add to the record and look at what changed:

    python tests/history/histories.py && git diff tests/history/golden.json
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from whether import (
    Data,
    Network,
    Recipe,
    accuracy,
    adam,
    barrier,
    curve,
    distance,
    drops,
    gradual,
    loss,
    measure,
    rigl,
    set_,
    sgd,
)
from whether.history.facts import Fact, MaskFact, Point, State
from whether.history.resolve import Resolver
from whether.history.resolved import NAMES
from whether.history.walk import closure

WEIGHTS = Path(__file__).with_name("weights.safetensors")
"""Weights of two hidden units on XOR, whose content is part of the record."""
CODE = "0123456789abcdef" * 4
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


def said(fact: Fact, **otherwise: Any) -> Any:
    """A fact that says some things otherwise, for what no sentence here can say."""
    return replace(fact, **otherwise)


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
    facts = {
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
    return facts | _beginnings() | _changes() | _looks() | _recipes(point_) | _comparisons()


def _beginnings() -> dict[str, Fact]:
    """Weights from files, models of another task, and of code of one's own."""
    given = Network.from_file(WEIGHTS, model="mlp-2", data="xor", seed=3, recipe=RECIPE)
    model = state(network(3)).model
    return {
        "model: another task": said(model, shape=(10,), classes=1, task="regression"),
        "model: own code": said(model, name="nets:make", code=CODE, options={"width": 3}),
        "loaded": state(given),
        "loaded: trained": state(given.train()),
        "loaded: another initialiser": state(
            Network.from_file(WEIGHTS, model="mlp-2", data="xor", seed=3, init="pytorch").reinit(4).train(RECIPE)
        ),
    }


def _changes() -> dict[str, Fact]:
    """Weights changed, held, taken to another step, and masks that training changes."""
    start = network(3)
    dense, other = start.train(), network(3, init="pytorch").train()
    changed = state(dense.perturbed("noise", 5, scale=2.0))
    held = state(start.only("output"))
    return {
        "perturbed": changed,
        "perturbed: by another network": state(dense.mixed(other, at=0.25)),
        "perturbed: aligned": state(dense.aligned(other)),
        "perturbed: own code": said(changed, how="nets:change", code=CODE, options={}),
        "holding": held,
        "holding: drawn": state(start.only("random-as-batchnorm+biases", seed=7)),
        "holding: trained": state(start.only("output").train()),
        "holding: own code": said(held, trains="nets:some", code=CODE),
        "clocked": state(dense.rate_rewound("30it")),
        "clocked: trained": state(dense.masked(dense.prune(fraction=0.2)).rate_rewound("30it").train()),
        "mask-grown": mask(start.train(sparsify=gradual(0.5, every="10it")).mask()),
        "ticket: of a grown mask": state(start.masked(start.train(sparsify=rigl(0.5)).mask()).train()),
    }


def _looks() -> dict[str, Fact]:
    """Scores and changes that look at examples, at an earlier state, and several times."""
    start = network(3)
    dense = start.train()
    return {
        "perturbed: looks": state(dense.perturbed("re-estimate", 6, examples=3)),
        "perturbed: aligned by what units do": state(dense.aligned(network(3, init="pytorch"), by="activations")),
        "mask-pruned: looks": mask(start.prune(fraction=0.4, by="snip", seed=8, examples=3)),
        "mask-pruned: an earlier state": mask(dense.prune(fraction=0.4, by="movement", since=start.train(until="9it"))),
        "mask-pruned: several rounds": said(mask(start.prune(fraction=0.4, by="random")), rounds=3),
        "mask-pruned: n of m": mask(dense.prune(structure="1:2")),
        "mask-pruned: own code": said(mask(dense.prune(fraction=0.2)), by="nets:score", code=CODE, options={"k": [1]}),
    }


def _recipes(dense: Point) -> dict[str, Fact]:
    """Recipes that say what most do not."""
    digits = network(3, data="digits", recipe=RECIPE.but(batch=60), model="mlp-3")
    learning = RECIPE.but(batch=60, label_smoothing=0.1, clip=1, augment=("flip", "crop-1"), precision="bf16")
    own = {"name": "nets:optimizer", "lr": 0.1, "weight_decay": 0.0, "options": {"k": 2}, "code": CODE}
    trained = dense.trajectory.training
    return {
        "training: how it learns": point(digits.train(learning)).trajectory.training,
        "training: another task": said(trained, task="regression"),
        "training: own code": said(
            trained, optimizer=own, loss=f"nets:loss@{CODE[:16]}", asserts=(f"nets:check@{CODE[:16]}",)
        ),
        "training: gradual": point(digits.train(sparsify=gradual(0.25, scope="layer"))).trajectory.training,
        "training: set": point(digits.train(sparsify=set_(0.25))).trajectory.training,
        "training: rigl": point(digits.train(sparsify=rigl(0.25, layers="uniform"))).trajectory.training,
    }


def _comparisons() -> dict[str, Fact]:
    """Measures of two networks, of a machine, of other measures, and of code of one's own."""
    resolver, dense = Resolver(), network(3).train()
    right = resolver.measure(accuracy(dense))
    early = resolver.measure(accuracy(network(3).train(until="30it")))
    timed = resolver.measure(measure("step_time", dense))
    law = {"name": "nets:law", "code": CODE, "split": None, "data": None}
    return {
        "measure: of two networks": resolver.measure(barrier(dense, network(3, init="pytorch").train(), points=5)),
        "measure: from the beginning": resolver.measure(distance(dense)),
        "measure: timed": said(timed, machine="a machine"),
        "measure: own code": said(right, name="nets:measure", code=CODE, options={"k": 1}),
        "measure: derived": said(early, **law, parts=(early, right), options={NAMES: ["early", "late"], "k": 1}),
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
