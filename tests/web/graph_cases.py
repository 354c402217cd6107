"""Histories with real facts, and labs that have records of them though nothing was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from web_cases import add, bench

from whether import Network, Recipe, accuracy, adam, barrier
from whether.history import wire
from whether.history.facts import Fact, MeasureFact, Point, State
from whether.history.resolve import Resolver
from whether.history.walk import parents_first
from whether.store.folder import Store

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)
CURVES = {
    "steps": [0, 50, 100],
    "values": {
        "train loss": [0.7, 0.4, 0.1],
        "validation loss": [0.8, 0.5, 0.3],
        "train accuracy": [None, 75.0, 100.0],
    },
}


def network(seed: int = 1, **said: Any) -> Network:
    """Four hidden units on XOR."""
    return Network("mlp-4", data="xor", seed=seed, recipe=RECIPE, **said)


def rounds(start: Network, count: int, fraction: float = 0.2) -> Network:
    """So many rounds of magnitude pruning, weights put back to the beginning each time."""
    found = start.train()
    for _ in range(count):
        found = start.masked(found.prune(by="magnitude", fraction=fraction)).train()
    return found


def state(sentence: Network) -> State:
    """The fact of a network."""
    return Resolver().state(sentence)


def measure(sentence: Any) -> MeasureFact:
    """The fact of a measure."""
    return Resolver().measure(sentence)


def remember(store: Store, fact: Fact, **said: Any) -> None:
    """Records of a fact and of all networks behind it, as training leaves them; `said` is of the last one."""
    for item in parents_first([fact]):
        if isinstance(item, Point | MeasureFact) and not store.records.has(item.digest):
            _record(store, item, said if item is fact else {})


def _record(store: Store, item: Point | MeasureFact, said: Mapping[str, Any]) -> None:
    stop = wire.written([item], stop=lambda found: isinstance(found, Point) and found is not item)
    behind = {name: "0" * 64 for name, one in stop.items() if one["type"] == "point" and name != item.digest}
    body: dict[str, Any] = {"outcome": "done", "history": stop, "parents": behind, "host": "here", "seconds": 0.5}
    if isinstance(item, MeasureFact):
        store.records.write(
            item.digest, body | {"kind": "measure", "name": item.name, "value": 75.0, "note": ""} | said
        )
        return
    body |= {"kind": "point", "step": item.at, "trajectory": item.trajectory.digest, "curves": CURVES, "checks": []}
    keeps = said.get("outcome", "done") == "done"
    store.keep(item.digest, body | said, state=item.digest.encode() if keeps else None)


def told_lab(store: Store) -> dict[str, str]:
    """Pieces of every kind in a lab, by name their digests; an answer names the ticket's."""
    start, other = network(1), network(2)
    ticket = rounds(start, 6)
    pieces: dict[str, Fact] = {
        "ticket": state(ticket),
        "accuracy": measure(accuracy(ticket)),
        "barrier": measure(barrier(start.train(), other.train())),
        "borrowed": state(other.masked(start.train().prune(by="magnitude", fraction=0.5)).train()),
        "failed": state(network(7).train()),
        "diverged": state(network(8).train()),
    }
    for name, fact in pieces.items():
        remember(store, fact, **SAID.get(name, {}))
    answer = bench().answer_of("question-77", 3, 3, 1)
    named = replace(answer.table[0], state=pieces["ticket"].digest, measure=pieces["accuracy"].digest)
    add(store, replace(answer, table=[named, *answer.table[1:]]))
    return {name: fact.digest for name, fact in pieces.items()}


SAID: dict[str, dict[str, Any]] = {
    "accuracy": {"value": 62.5},
    "failed": {"outcome": "failed", "error": "ValueError: <b>no</b>", "traceback": "Traceback"},
    "diverged": {"outcome": "diverged"},
}
