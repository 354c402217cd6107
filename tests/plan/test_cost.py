"""Where estimates of time are from: measured before counted before guessed."""

from __future__ import annotations

from typing import Any

import pytest

from whether import Network, Recipe, adam, sgd
from whether.history.facts import Model, Start
from whether.history.resolve import Resolver
from whether.plan import Piece, plan_states
from whether.plan.cost import NOMINAL_OVERHEAD, NOMINAL_RATE, Costs, kind_of
from whether.plan.size import flops_per_step
from whether.seeds import Seed

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=60)


def piece(model: str = "mlp-20", seed: int = 1, *, recipe: Recipe = RECIPE, data: str = "digits") -> Piece:
    network = Network(model, data=data, seed=seed, recipe=recipe)
    (found,) = plan_states([Resolver().state(network.train())])
    return found


def own(steps: str = "100it") -> Piece:
    """A piece with a model of one's own, whose code nobody reads here."""
    made = piece(recipe=RECIPE.but(total=steps))
    model = Model(name="nets:make", shape=(1, 8, 8), classes=10, code="0" * 64, options={})
    begin = Start(architecture=model, init="own", seed=Seed(1))
    trajectory = type(made.trajectory)(begin=begin, training=made.trajectory.training, order=Seed(2))
    points = tuple(type(point)(trajectory=trajectory, at=point.at) for point in made.points)
    return Piece(trajectory, points, frozenset(), ())


def noted(*pieces: Piece, seconds: float, device: str = "cpu") -> dict[str, dict[str, dict[str, float]]]:
    return {kind_of(item): {device: {"seconds": seconds, "networks": 4}} for item in pieces}


class TestKinds:
    @pytest.mark.parametrize(
        "other",
        [
            piece(seed=2),
            piece(recipe=RECIPE.but(lr=0.5)),
            piece(recipe=RECIPE.but(optimizer=adam(0.1, weight_decay=1))),
        ],
    )
    def test_what_can_be_one_pack_is_of_one_kind(self, other: Piece) -> None:
        assert kind_of(other) == kind_of(piece())

    @pytest.mark.parametrize(
        "other",
        [
            piece("mlp-21"),
            piece(recipe=RECIPE.but(batch=61)),
            piece(recipe=RECIPE.but(optimizer=sgd(0.02))),
            piece(data="xor", recipe=RECIPE.but(batch=4)),
        ],
    )
    def test_and_what_cannot_is_not(self, other: Piece) -> None:
        assert kind_of(other) != kind_of(piece())


class TestSources:
    def test_an_empty_lab_counts(self) -> None:
        small, large = piece("mlp-20"), piece("mlp-2000")
        costs = Costs()
        assert {costs.source(small), costs.source(large)} == {"counted"}
        step = flops_per_step(large.trajectory.begin.model, 60)
        assert step is not None
        assert costs.seconds(large) > 100 * (step / NOMINAL_RATE + NOMINAL_OVERHEAD) > 5 * costs.seconds(small)
        assert costs.device == ""

    def test_looks_at_the_validation_split_cost_too(self) -> None:
        often, seldom = (piece("mlp-2000", recipe=RECIPE.but(evaluate=every)) for every in ("1it", "100it"))
        assert Costs().seconds(often) > 1.2 * Costs().seconds(seldom)

    def test_twice_the_steps_take_twice_as_long(self) -> None:
        long = piece(recipe=RECIPE.but(total="200it", evaluate="10it"))
        assert Costs().seconds(long) == pytest.approx(
            2 * Costs().seconds(piece(recipe=RECIPE.but(evaluate="10it"))), rel=0.02
        )
        assert long.steps == 200

    def test_what_was_measured_goes_before_what_is_counted(self) -> None:
        costs = Costs(noted(piece(), seconds=0.5))
        assert (costs.source(piece(seed=9)), costs.seconds(piece(seed=9))) == ("measured", 50.0)
        assert costs.source(piece("mlp-30")) == "counted"
        assert costs.device == "cpu"

    def test_the_device_that_was_measured_last_counts_or_the_one_that_is_named(self) -> None:
        paces: dict[str, Any] = noted(piece("mlp-30"), seconds=1.0) | {
            kind_of(piece()): {
                "cpu": {"seconds": 0.5, "networks": 1},
                "cuda": {"seconds": 0.25, "networks": 64},
            }
        }
        assert (Costs(paces).device, Costs(paces).seconds(piece())) == ("cuda", 25.0)
        assert Costs(paces, device="cpu").seconds(piece()) == 50.0
        assert Costs(paces).source(piece("mlp-30")) == "counted"
        assert Costs(paces, device="mps").source(piece()) == "counted"

    def test_code_of_ones_own_is_guessed_from_the_others_of_the_plan(self) -> None:
        others = [piece(seed=1), piece(seed=2), piece("mlp-2000")]
        costs = Costs(pieces=[*others, own()])
        assert costs.source(own()) == "unknown"
        assert costs.seconds(own()) == costs.seconds(others[0])
        assert costs.seconds(own("200it")) == pytest.approx(2 * costs.seconds(own()))
        assert costs.guessed_from == 3

    def test_and_without_others_from_what_the_lab_measured(self) -> None:
        paces = noted(piece(), seconds=0.5) | noted(piece("mlp-30"), seconds=0.7) | noted(piece("mlp-40"), seconds=9.0)
        assert Costs(paces).seconds(own()) == 70.0
        assert Costs(paces, pieces=[own()]).seconds(own()) == 70.0

    def test_with_nothing_to_go_by_it_says_so(self) -> None:
        costs = Costs(pieces=[own()])
        assert costs.guessed_from == 0
        assert costs.seconds(own("200it")) == 2 * costs.seconds(own()) > 0
        assert Costs(noted(own(), seconds=0.1)).source(own()) == "measured"
