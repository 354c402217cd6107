"""Simulated devices: the driver keeps them busy, and what dies is done again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whether.catalogue.find import find
from whether.execute.dealer import Wish
from whether.execute.driver import Driver
from whether.execute.simulated import MEASURING, Nowhere, Simulated, World
from whether.execute.tally import Tally
from whether.plan.plan import Piece, Plan, ask, make_plan
from whether.plan.schedule import Schedule
from whether.seeds import Seed


def minutes(piece: Piece) -> float:
    return 60.0 * piece.steps / 100.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Tickets of two networks in several replicates: chains of five pieces, many of them beside one another."""
    template = find("lottery-ticket")
    questions = [template(model=model, rounds=4, density=0.41, replicates=24) for model in ("mlp-20", "mlp-30")]
    return make_plan([ask(question, seed=Seed(0), open_test=False) for question in questions])


def simulate(plan: Plan, world: World, **wish: object) -> tuple[Simulated, Tally]:
    executor = Simulated(world)
    given = Wish(**({"seconds": minutes, "width": lambda _piece: 1} | wish))  # type: ignore[arg-type]
    return executor, Driver(executor, Nowhere()).carry_out(plan.pieces, plan.missing, given)


def bound(plan: Plan, devices: int) -> float:
    return Schedule(plan.pieces, minutes).at_least(devices)


@pytest.mark.parametrize("devices", [1, 3, 10, 200])
def test_everything_is_done_within_a_piece_of_the_bound(plan: Plan, devices: int) -> None:
    executor, tally = simulate(plan, World(devices=devices, seconds=minutes))
    assert (tally.trained, tally.measured) == (len(plan.pieces), len(plan.missing))
    assert tally.done == tally.of == plan.steps_to_train
    longest = max(minutes(piece) for piece in plan.pieces)
    measuring = MEASURING * len(plan.missing)
    assert bound(plan, devices) <= executor.clock <= bound(plan, devices) + longest + measuring


@pytest.mark.parametrize("seed", range(4))
def test_what_dies_is_done_again(plan: Plan, seed: int) -> None:
    world = World(devices=12, seconds=minutes, deaths=0.1, stragglers=0.2, jitter=0.3, seed=Seed(seed))
    executor, tally = simulate(plan, world)
    assert tally.lost > 0
    assert (tally.trained, tally.measured, tally.failed) == (len(plan.pieces), len(plan.missing), 0)
    assert tally.done == tally.of
    again, _ = simulate(plan, world)
    assert again.clock == executor.clock, "the same seed ends otherwise"
    other, _ = simulate(plan, replace(world, seed=Seed(seed + 100)))
    assert other.clock != executor.clock


def test_devices_that_arrive_late_are_used(plan: Plan) -> None:
    executor, tally = simulate(plan, World(devices=10, seconds=minutes, arrive=3600.0))
    assert tally.most == 10
    assert tally.trained == len(plan.pieces)
    assert executor.history[-1][2] == 10


def test_a_budget_is_kept_and_the_shortest_question_comes_first(plan: Plan) -> None:
    half = sum(minutes(piece) for piece in plan.pieces) / 2
    _, tally = simulate(plan, World(devices=4, seconds=minutes), budget=half)
    assert 0 < tally.trained < len(plan.pieces)
    assert half * 0.9 < tally.busy_seconds <= half + MEASURING * len(plan.missing)


def test_packs_spread_over_free_devices(plan: Plan) -> None:
    _, wide = simulate(plan, World(devices=4, seconds=minutes), width=lambda _piece: 8)
    _, narrow = simulate(plan, World(devices=4, seconds=minutes))
    assert wide.done == narrow.done
    assert wide.most == 4
