"""What varied, what was fixed, what compared arms share: told from histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from whether import Network, Question, Recipe, Replicate, adam, at, exceeds, ordered
from whether.plan.plan import ask
from whether.seeds import Seed
from whether.sources import DATA, HELD, LENGTH, MASK, MODEL, ORDER, RECIPE, WEIGHTS, sources

RECIPE_ = Recipe(optimizer=adam(0.01), total="20it", batch=60)
WHY = "less is noise"
RECIPES = f"{RECIPE} (adam lr 0.01, batch 60, 20 iterations; adam lr 0.01, batch 60, 30 iterations)"


def told(
    arms: Callable[[Replicate], Mapping[str, Any]], *pairs: tuple[str, str], replicates: int = 2
) -> dict[str, Any]:
    claims = [exceeds(left, right, by=1, because=WHY) for left, right in pairs]
    question = Question(arms, claims=claims[:1], secondary=claims[1:], if_yes="a", if_no="b", replicates=replicates)
    return sources(ask(question, seed=Seed(0), open_test=False))


def network(seed: Any, **changes: Any) -> Network:
    return Network(**({"model": "mlp-8", "data": "digits", "seed": seed, "recipe": RECIPE_} | changes))


def controls(rep: Replicate) -> dict[str, Any]:
    start = network(rep)
    mask = start.train().prune(fraction=0.5)
    return {
        "ticket": start.masked(mask).train(),
        "re-initialised": start.reinit(rep.seed("again")).masked(mask).train(),
        "random mask": start.masked(mask.shuffled(rep.seed("shuffle"))).train(),
        "other order": start.masked(mask).train(order=rep.seed("other")),
        "longer": start.masked(mask).train(RECIPE_.but(total="30it")),
    }


def test_each_control_differs_in_what_it_is_a_control_of() -> None:
    names = ("re-initialised", "random mask", "other order", "longer")
    found = told(controls, *(("ticket", name) for name in names))
    assert [pair["right"] for pair in found["shared"]] == list(names)
    assert [pair["apart"] for pair in found["shared"]] == [[WEIGHTS], [MASK], [ORDER], [RECIPE, LENGTH]]
    assert all(set(pair["shared"]) >= {DATA, MODEL} for pair in found["shared"])
    assert found["varied"] == [WEIGHTS, ORDER, MASK]
    kept = [RECIPES, LENGTH, f"{DATA} (digits)", f"{MODEL} (mlp-8)"]
    assert found["fixed"] == [*kept, "the 300 examples that are measured on"]


def test_what_is_held_and_where_the_rate_goes_back_to_are_told() -> None:
    def arms(rep: Replicate) -> dict[str, Any]:
        start = network(rep)
        mask = start.train().prune(fraction=0.5)
        early = start.train(until="5it")
        return {
            "all": start.train(),
            "norms": start.only("biases").train(),
            "ended": start.only("biases").only("all").train(),
            "weights": early.masked(mask).train(),
            "rate": start.train().masked(mask).rate_rewound("5it").train(),
            "moved": start.perturbed("noise", rep.seed("noise")).train(),
        }

    pairs = [("all", name) for name in ("norms", "ended", "moved")] + [("weights", "rate")]
    found = told(arms, *pairs)["shared"]
    assert [pair["apart"] for pair in found] == [[HELD], [], [WEIGHTS], [LENGTH]]


def test_who_is_retrained_as_before_differs_in_mask_and_length_alone() -> None:
    def arms(rep: Replicate) -> dict[str, Any]:
        start = network(rep)
        dense = start.train()
        once = dense.masked(dense.prune(fraction=0.5)).rate_rewound("5it")
        return {"dense": dense, "rate": once.train(), "tuned": once.train(RECIPE_.but(lr=0.001))}

    found = told(arms, ("dense", "rate"), ("rate", "tuned"))["shared"]
    assert [pair["apart"] for pair in found] == [[MASK, LENGTH], [RECIPE]]


def test_what_does_not_depend_on_the_replicate_is_fixed() -> None:
    def arms(rep: Replicate) -> dict[str, Any]:
        start = network(7)
        return {"a": start.train(order=rep), "b": start.train(order=rep.seed("b"))}

    found = told(arms, ("a", "b"))
    assert found["varied"] == [ORDER]
    assert WEIGHTS in found["fixed"]
    assert told(arms, ("a", "b"), replicates=1)["varied"] == [], "one replicate shows nothing that varies"


def test_pairs_of_families_that_share_the_same_stand_once() -> None:
    def arms(rep: Replicate) -> dict[str, Any]:
        start = network(rep)
        dense = start.train()
        masks = {x: dense.prune(fraction=1 - x / 100) for x in (50.0, 25.0)}
        return {"dense": dense, "ticket": {x: start.masked(mask).train() for x, mask in masks.items()}}

    ladder = ordered(*(exceeds(at("ticket", x), "dense", by=1, because=WHY) for x in (50, 25)))
    question = Question(arms, claims=[ladder.claims[1]], secondary=[ladder], if_yes="a", if_no="b", replicates=2)
    (pair,) = sources(ask(question, seed=Seed(0), open_test=False))["shared"]
    assert (pair["left"], pair["right"], pair["apart"]) == ("ticket", "dense", [MASK])


def test_fresh_networks_have_no_order_and_no_mask() -> None:
    found = told(lambda rep: {"a": network(rep), "b": network(rep.seed("b"))}, ("a", "b"))
    (pair,) = found["shared"]
    assert pair["apart"] == [WEIGHTS]
    assert pair["shared"] == [MODEL]


def test_networks_of_other_shapes_or_lengths_are_told_apart() -> None:
    def arms(rep: Replicate) -> dict[str, Any]:
        start = network(rep)
        return {"wide": network(rep, model="mlp-16").train(), "whole": start.train(), "half": start.train(until="10it")}

    shapes, lengths = told(arms, ("wide", "whole"), ("half", "whole"))["shared"]
    assert set(shapes["apart"]) == {WEIGHTS, MODEL}, "the same seed draws other weights for another shape"
    assert lengths["apart"] == [LENGTH]
