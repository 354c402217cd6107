"""In what histories differ: the most upstream first, each thing once, and nothing that merely follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from histories import network, operations

from whether import (
    Data,
    Mask,
    Measure,
    Network,
    Recipe,
    accuracy,
    adam,
    cosine,
    drops,
    loss,
    measure,
    tickets,
)
from whether.history import facts
from whether.history.difference import differences
from whether.history.facts import Fact
from whether.history.resolve import Resolver
from whether.recipe import adamw

RECIPE = Recipe(optimizer=adam(1.2e-3), total="400it", batch=60)
Sentence = Network | Mask | Measure


def start(seed: int = 1, **changes: Any) -> Network:
    said: dict[str, Any] = {"data": "digits", "seed": seed} | changes
    return Network(said.pop("model", "mlp-9"), **said)


def last(seed: int = 1, rounds: int = 3, rewind: str = "30it", recipe: Recipe | None = None, **how: Any) -> Network:
    return tickets(start(seed, recipe=recipe), rounds=rounds, rewind=rewind, **how)[-1]


def fact(sentence: Sentence) -> Fact:
    resolver = Resolver()
    if isinstance(sentence, Network):
        return resolver.state(sentence)
    return resolver.measure(sentence) if isinstance(sentence, Measure) else resolver.mask(sentence)


def told(a: Sentence, b: Sentence) -> list[str]:
    return [str(found) for found in differences(fact(a), fact(b))]


DENSE = start().train()
ONCE = DENSE.prune(fraction=0.2)
LONGER = RECIPE.but(total="500it")
SEEDS = (
    "start › seed: 58f9cd9337a8629f | 680bc988194fab31",
    "train › order: 88dda07ca2454f93 | 5cba4501636ef907",
)
OWN = "foreign:perceptron"

CASES: dict[str, tuple[Sentence, Sentence, list[str]]] = {
    "the same": (DENSE, start().train(until="30it").train(), []),
    "seed": (last(), last(2), [*SEEDS]),
    "rate": (last(), last(recipe=RECIPE.but(lr=2e-3)), ["train › optimizer › lr: 0.0012 | 0.002"]),
    "model": (DENSE, start(model="mlp-8").train(), ["start › model: mlp-9 | mlp-8"]),
    "init": (DENSE, start(init="pytorch").train(), ["start › init: xavier-normal | pytorch"]),
    "fraction": (last(), last(fraction=0.3), ["mask › fraction: 0.2 | 0.3"]),
    "rounds": (last(), last(rounds=5), ["mask › rounds of pruning: 3 | 5"]),
    "rewound to": (last(), last(rewind="60it"), ["train › until: 30it | 60it"]),
    "rewound or not": (last(), last(rewind="0it"), ["in between: trained to 30it | nothing"]),
    "dense or pruned": (DENSE, last(), ["in between: nothing | trained to 30it, then pruned 3 times"]),
    "masked or not": (DENSE, start().masked(ONCE).train(), ["in between: nothing | pruned once"]),
    "and then": (DENSE, DENSE.masked(ONCE).train(LONGER), ["afterwards: nothing | pruned once, then trained to 500it"]),
    "stop": (DENSE, start().train(until="64it"), ["train › until: 400it | 64it"]),
    "total": (DENSE, start(recipe=LONGER).train(), ["train › total: 400it | 500it"]),
    "optimiser": (
        DENSE,
        start(recipe=RECIPE.but(optimizer=adamw(1e-3), schedule=cosine(warmup="5it"))).train(),
        [
            "train › optimizer: adam(0.0012) | adamw(0.001)",
            "train › schedule: constant() | cosine(warmup='5it')",
        ],
    ),
    "schedules": (
        start(recipe=RECIPE.but(schedule=drops(["30it"]))).train(),
        start(recipe=RECIPE.but(schedule=drops(["30it", "60it"], factor=0.5))).train(),
        ["train › schedule › at: 30 | 30, 60", "train › schedule › factor: 0.1 | 0.5"],
    ),
    "batches": (
        start(recipe=RECIPE.but(batch=70)).train(),
        start(recipe=RECIPE.but(batch=80, last_batch="keep", evaluate="10it")).train(),
        [
            "train › batch: 70 | 80",
            "train › last_batch: drop | keep",
            "train › evaluate: every 8it | every 10it",
        ],
    ),
    "rows": (
        DENSE,
        start(data=Data(name="digits", validation=100, split_seed=2)).train(),
        [
            "train › data › split_seed: 0000000000000000 | 0000000000000002",
            "train › data › rows held out: 300 | 100",
        ],
    ),
    "data": (
        start(recipe=RECIPE.but(batch=4)).train(),
        start(data="xor", recipe=RECIPE.but(batch=4)).train(),
        ["train › data: digits (c381de98) | xor (8237d7ee)"],
    ),
    "order": (
        start().train(until="30it").train(order=4),
        start().train(until="30it").train(order=5),
        ["train › order: 0000000000000004 | 0000000000000005"],
    ),
    "only what was pruned": (
        start().masked(ONCE).train(),
        start().masked(start(recipe=RECIPE.but(lr=1.0)).train().prune(fraction=0.2)).train(),
        ["pruned › train › optimizer › lr: 0.0012 | 1.0"],
    ),
    "only one round": (
        start().masked(last(rounds=2).prune(fraction=0.2)).train(),
        start().masked(last(rounds=2).train(LONGER).prune(fraction=0.2)).train(),
        ["pruned in round 3 › afterwards: nothing | trained to 500it"],
    ),
    "shuffled or not": (
        start().masked(ONCE).train(),
        start().masked(ONCE.shuffled(4)).train(),
        ["mask › afterwards: nothing | shuffled (layer)"],
    ),
    "shuffled": (
        ONCE.shuffled(3),
        ONCE.shuffled(4, scope="global"),
        ["mask › shuffled › seed: 0000000000000003 | 0000000000000004", "mask › shuffled › scope: layer | global"],
    ),
    "masks of other kinds": (ONCE.inverted(), ONCE.shuffled(4), ["mask › afterwards: inverted | shuffled (layer)"]),
    "every weight": (start().mask(), ONCE, ["mask › afterwards: every weight | pruned by 0.2"]),
    "layers": (
        DENSE.prune(fraction=0.2, scope="layer", layer_fractions={"output": 0.1}),
        DENSE.prune(fraction=0.2, structure="unit"),
        ["mask › scope: layer | global", "mask › structure: weight | unit", "mask › fraction of output: 0.1 | —"],
    ),
    "drawn again": (
        start().reinit(4).train(),
        start().reinit(5, keep="signs").train(),
        ["drawn again › seed: 0000000000000004 | 0000000000000005", "drawn again › keep: nothing | signs"],
    ),
    "drawn again or masked": (
        start().reinit(4, keep="signs").train(),
        start().masked(ONCE).train(),
        ["in between: drawn again, signs kept | pruned once"],
    ),
    "optimizer kept": (
        DENSE.masked(ONCE, optimizer="keep").train(LONGER),
        DENSE.masked(ONCE).train(LONGER),
        ["masked › optimizer: keep | reset"],
    ),
    "options": (
        Network(OWN, data="digits", seed=1, options={"width": 3}).train(),
        Network(OWN, data="digits", seed=1, options={"width": 4}).train(),
        ["start › options › width: 3 | 4"],
    ),
    "measures": (
        accuracy(DENSE),
        loss(start().train(until="30it"), split="test"),
        ["asked for: accuracy | loss", "asked for › split: validation | test", "train › until: 400it | 30it"],
    ),
    "measures of one's own": (
        measure("foreign:drawn_measure", DENSE, options={"k": 1}),
        measure("foreign:drawn_measure", DENSE, options={"k": 2}),
        ["asked for › options › k: 1 | 2"],
    ),
    "a measure and a network": (accuracy(DENSE), DENSE, ["asked for: accuracy | itself"]),
    "a network and a mask": (DENSE, ONCE, ["kind: point | mask-pruned"]),
}


class TestWhatIsTold:
    @pytest.mark.parametrize("case", CASES)
    def test_of_two_sentences(self, case: str) -> None:
        a, b, expected = CASES[case]
        assert told(a, b) == expected

    @pytest.mark.parametrize("case", CASES)
    def test_the_other_way_round(self, case: str) -> None:
        a, b, _ = CASES[case]
        there, back = differences(fact(a), fact(b)), differences(fact(b), fact(a))
        assert sorted((one.path, one.a, one.b) for one in there) == sorted((one.path, one.b, one.a) for one in back)

    def test_every_operation_differs_from_every_other_and_not_from_itself(self) -> None:
        """Whatever makes two digests differ is told."""
        every = list(operations().values())
        for one in every:
            for other in every:
                assert bool(differences(one, other)) == (one.digest != other.digest), (one, other)

    @pytest.mark.parametrize("kind", ["model", "measure", "mask-pruned"])
    def test_changed_code_is_told(self, kind: str) -> None:
        import dataclasses

        one, two = (dataclasses.replace(operations()[kind], code=said * 64) for said in "ab")
        (found,) = differences(one, two)
        assert (found.path.rpartition(" › ")[2][:8], found.a, found.b) == ("code of ", "a" * 12, "b" * 12)

    def test_parts_of_histories(self) -> None:
        one, other = (fact(start(recipe=recipe).train()) for recipe in (RECIPE, RECIPE.but(lr=0.1)))
        assert isinstance(one, facts.Point)
        assert isinstance(other, facts.Point)
        for a, b in ((one.trajectory, other.trajectory), (one.trajectory.training, other.trajectory.training)):
            assert [str(found) for found in differences(a, b)] == ["train › optimizer › lr: 0.0012 | 0.1"]


def deep(rounds: int, seed: int) -> Network:
    going = network(seed)
    for round_ in range(rounds):
        going = going.masked(going.prune(fraction=0.001)).reinit(round_)
    return going


class TestSize:
    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            (lambda: deep(1_000, 1), lambda: deep(1_000, 2), "start › seed"),
            (lambda: deep(400, 1), lambda: deep(401, 1), "afterwards"),
            (lambda: last(rounds=300, fraction=0.01), lambda: last(rounds=280, fraction=0.02), "mask › fraction"),
        ],
        ids=["as deep", "deeper", "more rounds"],
    )
    def test_of_deep_histories(self, a: Callable[[], Network], b: Callable[[], Network], expected: str) -> None:
        began = time.perf_counter()
        found = differences(fact(a()), fact(b()))
        assert found[0].path == expected
        assert len(found) < 4
        assert time.perf_counter() - began < 10
