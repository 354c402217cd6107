"""Sentences made from facts: typed in again, they give the same facts."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest
from histories import RECIPE, WEIGHTS, network, operations, point, state

import cases
import whether
from whether import (
    Data,
    Network,
    Recipe,
    accuracy,
    barrier,
    cosine,
    derived,
    disagreement,
    distance,
    drops,
    gradual,
    linear,
    loss,
    loss_barrier,
    measure,
    rigl,
    set_,
    sgd,
    tickets,
)
from whether.history import facts, path
from whether.history.facts import Fact
from whether.history.resolve import Resolver
from whether.history.sentence import WIDE, Said, label, sentence
from whether.history.walk import closure
from whether.recipe import adam, adamw, default_recipe, own_optimizer

KNOWN: dict[str, Any] = {name: getattr(whether, name) for name in whether.__all__}
KNOWN |= {"Fraction": Fraction, "default_recipe": default_recipe, "own_optimizer": own_optimizer}


def typed(fact: Fact, seed: int) -> Fact:
    """What a sentence means when it is typed in, its root seed filled in."""
    names = dict(KNOWN)
    *before, last = sentence(fact).replace("seed=…", f"seed={seed}").replace("data=…", "data='xor'").split("\n")
    exec("\n".join(before), names)
    meant = eval(last, names)
    resolver = Resolver()
    if isinstance(meant, Network):
        return resolver.state(meant)
    return resolver.measure(meant) if isinstance(meant, whether.Measure) else resolver.mask(meant)


def has_code(fact: Fact) -> bool:
    """Whether a fact names code of one's own that no file has."""
    return "nets:" in str(fact.plain())


REFUSED = "mask-pruned: several rounds"  # of a score that is the same in each; labs may hold it
SAID = {name: fact for name, fact in operations().items() if isinstance(fact, Said)}
START = network(3)
LOADED = Network.from_file(WEIGHTS, model="mlp-2", data="xor", seed=3)
HELD_OUT = Data(name="digits", validation=10)
FROM_EXAMPLES = Network("mlp-2", data=HELD_OUT, seed=3).prune(fraction=0.3, by="snip")
WHERE = ("own split", "default at last")


class TestTypedAgain:
    @pytest.mark.parametrize(
        "name", sorted(name for name in SAID if name not in ("mask-full", REFUSED) and not has_code(SAID[name]))
    )
    def test_every_operation(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("whether.history.resolve.this_machine", lambda: "a machine")
        assert typed(SAID[name], 3).digest == SAID[name].digest

    @pytest.mark.parametrize("case", cases.CASES, ids=str)
    def test_every_toy_case(self, case: cases.Case) -> None:
        start = Network(
            case.model, data=case.data, seed=5, recipe=case.recipe, init=case.init, options=dict(case.options)
        )
        pruned = start.train(until="1it").prune(fraction=0.3, scope="layer")
        fact = Resolver().measure(loss(start.masked(pruned).train(order=9), split="train"))
        assert typed(fact, 5).digest == fact.digest

    @pytest.mark.parametrize(
        "network",
        [
            tickets(Network("mlp-9", data="digits", seed=3), rounds=4, rewind="30it", scope="layer")[-1],
            START.masked(START.mask()).train(),
            START.train(until="30it").train(RECIPE.but(total="200it"), until="150it").train(order=4),
            network(3, data="digits")
            .train(RECIPE.but(data=Data(name="digits", validation=9)), until="30it")
            .train(RECIPE),
            START.train()
            .masked(START.train(order=2).prune(fraction=1 / 3).inverted())
            .train(RECIPE.but(total="200it")),
            START.reinit(5, keep="signs").masked(START.prune(fraction=Fraction(1, 3))).train(),
            LOADED.train(RECIPE.but(lr=0.5)).train(RECIPE.but(total="150it"), order=4),
            LOADED.masked(LOADED.mask()).only("biases+batchnorm").train(),
            START.masked(START.prune(fraction=0.4, by="snip", seed=8, examples=3, rounds=3)),
            START.train(sparsify=gradual(0.5), until="30it").perturbed("redraw-signs", 4).train(),
            Network("mlp-2", data=HELD_OUT, seed=3).masked(FROM_EXAMPLES).train(),
            Network("mlp-2", data=HELD_OUT, seed=3).perturbed("re-estimate", 9, examples=70),
            Network("mlp-2", data=Data(name="digits", validation=10, split_seed=3), seed=3).train(),
            Network("mlp-2", data="xor", seed=3).train(RECIPE, until="4it").train(default_recipe("xor")),
        ],
        ids=[
            "tickets",
            "whole mask",
            "longer",
            "elsewhere",
            "orders",
            "signs",
            "loaded",
            "mask of loaded",
            "rounds",
            "grown",
            "examples",
            "seen",
            *WHERE,
        ],
    )
    def test_longer_ones(self, network: Network) -> None:
        fact = state(network)
        assert typed(fact, 3).digest == fact.digest

    @pytest.mark.parametrize(
        "recipe",
        [
            Recipe(optimizer=sgd(1, momentum=0.9, nesterov=True, weight_decay=1e-4), total="9it", batch=2),
            Recipe(optimizer=adam(1e-3, betas=(0.8, 0.99), eps=1e-7, weight_decay=0.1), total="9it", batch=2),
            Recipe(optimizer=adamw(1e-3), total="2ep", batch=3, last_batch="keep", evaluate="2it"),
            Recipe(optimizer=adamw(1e-3, weight_decay=0), total="9it", batch=2, schedule=cosine(warmup="2it")),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, schedule=drops(["3it", "6it"])),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, schedule=drops(["3it"], factor=0.5, warmup="3it")),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, schedule=linear()),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, asserts=("foreign:says_nothing",)),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, loss="foreign:says_nothing"),
            Recipe(optimizer=sgd(0.1), total="9it", batch=2, label_smoothing=0.1, clip=2, precision="tf32"),
            Recipe(optimizer=own_optimizer("foreign:says_nothing", 0.1, k=(1, 2)), total="9it", batch=2),
            Recipe(optimizer=sgd(0.1), total="90it", batch=2, sparsify=gradual(0.2, begin="3it", scope="layer")),
            Recipe(optimizer=sgd(0.1), total="90it", batch=2, sparsify=set_(0.2, fraction=0.5, every="7it")),
            Recipe(optimizer=sgd(0.1), total="90it", batch=2, sparsify=rigl(0.2, end="50%", layers="uniform")),
        ],
    )
    def test_recipes(self, recipe: Recipe) -> None:
        fact = state(network(recipe=recipe).train())
        assert typed(fact, 1).digest == fact.digest

    @pytest.mark.parametrize(
        "asked",
        [
            barrier(START, START.train(), split="train"),
            loss_barrier(START, START.train(), points=5, statistics="interpolated"),
            path(START, START.train(), points=5),
            distance(START.train()),
            distance(START.train(), START.train(until="9it")),
            disagreement(START, START.train()),
            measure("calibration", START.train(), options={"bins": 10}),
            measure("cosine_distance", START.train()),
            derived("foreign:says_nothing", {"a": accuracy(START), "b": barrier(START, START.train())}),
            derived("foreign:says_nothing", {"b": loss(START.train())}, options={"k": 1}),
        ],
        ids=repr,
    )
    def test_measures(self, asked: whether.Measure) -> None:
        fact = Resolver().measure(asked)
        assert typed(fact, 3).digest == fact.digest

    def test_a_measure_of_ones_own(self) -> None:
        fact = Resolver().measure(measure("foreign:drawn_measure", START.train(), split="train", options={"k": [1]}))
        assert typed(fact, 3).digest == fact.digest


class TestForPeople:
    def test_a_short_one_is_a_line_or_two(self) -> None:
        start = Network("mlp-100", data="digits", seed=1)
        mask = start.train().prune(fraction=0.2, scope="layer")
        assert sentence(state(start.train())) == "Network('mlp-100', data='digits', seed=…).train()"
        assert sentence(state(start.train(until="64it").masked(mask).train())).split("\n") == [
            "start = Network('mlp-100', data='digits', seed=…)",
            "start.train(until='64it').masked(start.train().prune(fraction=0.2, scope='layer')).train()",
        ]

    def test_masks_get_names_where_lines_would_be_long(self) -> None:
        found = tickets(Network("mlp-100", data="digits", seed=1), rounds=2, rewind="30it")[-1]
        assert sentence(state(found)).split("\n") == [
            "start = Network('mlp-100', data='digits', seed=…)",
            "w1 = start.train(until='30it')",
            "mask1 = start.train().prune(fraction=0.2)",
            "mask2 = w1.masked(mask1).train().prune(fraction=0.2)",
            "w1.masked(mask2).train()",
        ]

    def test_lines_are_short_where_they_can_be(self) -> None:
        for fact in SAID.values():
            if not any(isinstance(item, facts.Loaded) for item in closure([fact])):  # a path is as long as it is
                lines = sentence(fact).split("\n")
                assert max(len(line) for line in lines if not line.startswith("recipe")) <= WIDE

    def test_a_recipe_is_written_out_where_it_is_not_the_default_of_its_data(self) -> None:
        first = sentence(point(START.train())).split("\n")[0]
        assert first == "recipe = Recipe(optimizer=adam(0.02), total='100it', batch=4)"

    def test_parts_that_are_no_sentence(self) -> None:
        with pytest.raises(TypeError, match=r"<training [0-9a-f]{8}> is no sentence by itself"):
            sentence(point(START.train()).trajectory.training)

    def test_labels(self) -> None:
        found = tickets(Network("mlp-9", data="digits", seed=3), rounds=2)
        last = point(found[-1])
        assert label(last) == "mlp-9 on digits, step 400 of 400, pruned 2 times"
        assert label(Resolver().measure(accuracy(found[1]))) == (
            "accuracy on validation of mlp-9 on digits, step 400 of 400, pruned once"
        )
        assert label(last.trajectory) == "mlp-9 on digits, step 0 to 400"
        assert label(last.trajectory.begin) == "mlp-9, step 0, pruned 2 times"
        assert label(state(START.reinit(4))) == "mlp-2 drawn again, step 0"
        assert label(SAID["mask-shuffled"]) == "a mask, pruned once, mask shuffled"
        assert label(SAID["mask-inverted"]) == "a mask, pruned once, mask inverted"
        assert label(last.model) == "a model"
        assert label(SAID["loaded"]) == "mlp-2 from a file"
        assert label(SAID["perturbed"]) == "mlp-2 perturbed (noise), step 100"
        assert label(SAID["holding"]) == "mlp-2 of which only output is trained, step 0"
        assert label(SAID["clocked"]) == "mlp-2, step 30"
        assert label(SAID["mask-grown"]) == "a mask, mask changed in training"

    def test_data_are_not_looked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        card = Data(name="xor").card
        monkeypatch.setattr("whether.data.folder.folder_card", lambda name: card)
        fact = point(network(data="some/folder").train())
        monkeypatch.undo()
        assert "data='some/folder'" in sentence(fact)

    def test_a_deep_one_is_written_without_recursion(self) -> None:
        began = time.perf_counter()
        going = network(recipe=RECIPE.but(total="2000it"))
        for step in range(700):
            going = going.masked(going.prune(fraction=0.001)).train(until=f"{step + 1}it")
        fact = state(going)
        assert sentence(fact).count("\n") > 1_400
        assert label(fact).endswith("pruned 700 times")
        assert fact.model is state(network()).model or fact.model.digest == state(network()).model.digest
        assert isinstance(fact.mask, facts.PrunedMask)
        assert time.perf_counter() - began < 10
