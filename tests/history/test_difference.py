"""In what histories differ: the most upstream first, each thing once, and nothing that merely follows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import histories as golden
import pytest
from histories import WEIGHTS, network, operations

from whether import (
    Data,
    Mask,
    Measure,
    Network,
    Recipe,
    accuracy,
    adam,
    barrier,
    cosine,
    derived,
    drops,
    gradual,
    loss,
    measure,
    rigl,
    set_,
    tickets,
)
from whether.history import facts
from whether.history.difference import differences
from whether.history.facts import Fact
from whether.history.resolve import Resolver, content_of
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


FILES = [content_of(str(path))[:12] for path in (WEIGHTS, golden.GOLDEN)]
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
    "from a file": (
        Network.from_file(WEIGHTS, model="mlp-2", data="xor", seed=1),
        Network.from_file(golden.GOLDEN, model="mlp-2", data="xor", seed=1, init="pytorch"),
        [f"file › content: {FILES[0]} | {FILES[1]}", "file › init: own | pytorch"],
    ),
    "from a file or fresh": (
        Network.from_file(WEIGHTS, model="mlp-2", data="xor", seed=1),
        network(),
        [f"afterwards: loaded from {WEIGHTS} | a start"],
    ),
    "changed": (
        DENSE.perturbed("noise", 5, scale=2.0),
        DENSE.perturbed("shuffle", 6),
        [
            "perturbed: noise | shuffle",
            "perturbed › seed: 0000000000000005 | 0000000000000006",
            "perturbed › options › scale: 2.0 | —",
            "perturbed › options › scope: — | layer",
        ],
    ),
    "changed or not": (
        start().perturbed("noise", 5).train(),
        start().train(),
        ["in between: perturbed (noise) | nothing"],
    ),
    "mixed with another": (
        DENSE.mixed(start(init="pytorch").train()),
        DENSE.mixed(start(init="pytorch").train(LONGER), at=0.25),
        ["perturbed › options › at: 0.5 | 0.25", "the other network › train › total: 400it | 500it"],
    ),
    "with another or without": (
        DENSE.perturbed("foreign:says_nothing", 1, other=start()),
        DENSE.perturbed("foreign:says_nothing", 1, examples=20),
        ["perturbed › examples: — | 20", "the other network: start | —"],
    ),
    "seen": (
        DENSE.perturbed("re-estimate", 1, examples=20),
        DENSE.perturbed("re-estimate", 1, examples=30),
        ["perturbed › examples: 20 | 30"],
    ),
    "seen of other rows": (
        start().prune(fraction=0.2, by="snip"),
        start(data=Data(name="digits", validation=100)).prune(fraction=0.2, by="snip"),
        ["mask › data › rows held out: 300 | 100"],
    ),
    "changed on other data": (
        start().perturbed("re-estimate", 1),
        start(data=Data(name="digits", rotate=90)).perturbed("re-estimate", 1),
        ["perturbed › data › rotate: — | 90.0"],
    ),
    "only": (
        start().only("output").train(),
        start().only("random-as-batchnorm", seed=3).train(),
        ["only › trains: output | random-as-batchnorm", "only › seed: — | 0000000000000003"],
    ),
    "only or all": (start().only("biases").train(), DENSE, ["in between: only biases trained | nothing"]),
    "rate rewound": (
        DENSE.rate_rewound("30it").train(),
        DENSE.rate_rewound("60it").train(),
        ["rate rewound to: 30it | 60it"],
    ),
    "weights or rate rewound": (
        start().train(until="30it").masked(ONCE).train(),
        DENSE.masked(ONCE).rate_rewound("30it").train(),
        ["train › until: 30it | 400it", "in between: nothing | rate rewound to 30it"],
    ),
    "scores": (
        DENSE.prune(fraction=0.2, by="movement"),
        DENSE.prune(fraction=0.2, by="movement", since=start().train(until="30it")),
        ["since › afterwards: nothing | trained to 30it"],
    ),
    "rounds of scores": (
        DENSE.prune(fraction=0.2, by="synflow", rounds=2),
        DENSE.prune(fraction=0.2, by="synflow"),
        ["mask › rounds: 2 | 1"],
    ),
    "scores that compare or not": (
        DENSE.prune(fraction=0.2, by="movement"),
        DENSE.prune(fraction=0.2),
        ["mask › by: movement | magnitude", "since: start | —"],
    ),
    "examples of a score": (
        DENSE.prune(fraction=0.2, by="snip", seed=1),
        DENSE.prune(fraction=0.2, by="snip", seed=2, examples=30),
        ["mask › seed: 0000000000000001 | 0000000000000002", "mask › examples: 100 | 30"],
    ),
    "grown masks": (
        start().masked(start().train(sparsify=set_(0.5)).mask()).train(),
        start().masked(start().train(sparsify=rigl(0.5), until="30it").mask()).train(),
        [
            "grown › train › sparsify › end: 400 | 300",
            "grown › train › sparsify › every: 15 | 100",
            "grown › train › sparsify › layers: erdos-renyi | erk",
            "grown › train › sparsify › name: set | rigl",
            "grown › train › until: 400it | 30it",
        ],
    ),
    "grown or pruned": (
        start().masked(start().train(sparsify=set_(0.5)).mask()).train(),
        start().masked(ONCE).train(),
        ["mask › afterwards: grown in training to 400it | pruned by 0.2"],
    ),
    "how it learns": (
        DENSE,
        start(recipe=RECIPE.but(label_smoothing=0.1, clip=1, augment=("flip", "crop-1"), precision="bf16")).train(),
        [
            "train › augment: — | flip, crop-1",
            "train › clip: — | 1.0",
            "train › precision: fp32 | bf16",
            "train › smoothing: 0.0 | 0.1",
        ],
    ),
    "sparsified or not": (
        DENSE,
        start().train(sparsify=gradual(0.5)),
        [
            "train › sparsify › begin: — | 0",
            "train › sparsify › density: — | 0.5",
            "train › sparsify › end: — | 240",
            "train › sparsify › every: — | 4",
            "train › sparsify › name: — | gradual",
            "train › sparsify › scope: — | global",
        ],
    ),
    "tasks": (
        Network("mlp-9", data="friedman", seed=1, recipe=RECIPE).train(),
        Network("mlp-9", data="digits", seed=1, recipe=RECIPE).train(),
        ["train › data: friedman (98938dbb) | digits (c381de98)"],
    ),
    "what is compared with": (
        barrier(DENSE, start(init="pytorch").train(), split="train"),
        barrier(DENSE, start(init="orthogonal").train(), split="train", points=5),
        ["asked for › options › points: 31 | 5", "compared with › start › init: pytorch | orthogonal"],
    ),
    "compared or not": (
        measure("foreign:drawn_measure", DENSE, other=start()),
        measure("foreign:drawn_measure", DENSE),
        ["compared with: start | —"],
    ),
    "derived": (
        derived("foreign:says_nothing", {"a": accuracy(DENSE), "b": loss(DENSE)}),
        derived("foreign:says_nothing", {"a": accuracy(DENSE), "b": loss(start().train(until="30it"))}),
        ["b › train › until: 400it | 30it"],
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

    @pytest.mark.parametrize("kind", ["model", "measure", "mask-pruned", "perturbed", "holding"])
    def test_changed_code_is_told(self, kind: str) -> None:
        one, two = (dataclasses.replace(operations()[kind], code=said * 64) for said in "ab")
        (found,) = differences(one, two)
        assert found.path.rpartition(" › ")[2].startswith("code")
        assert (found.a, found.b) == ("a" * 12, "b" * 12)

    def test_times_of_two_machines_are_told_apart(self) -> None:
        one, two = (dataclasses.replace(operations()["measure: timed"], machine=said) for said in ("here", "there"))
        assert [str(found) for found in differences(one, two)] == ["asked for › machine: here | there"]

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
