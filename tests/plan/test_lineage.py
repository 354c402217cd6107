"""Passes over trajectories give what a walk for each measure gives."""

from __future__ import annotations

import time
from collections.abc import Sequence

import plain_planner as plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_planner import MOVES, RECIPE, Move, Shelf, grown

from whether import Network, accuracy, tickets
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.plan import lineage, plan_measures
from whether.plan.demand import closure, stops_of, waits_for
from whether.plan.lineage import Lineage, demand
from whether.plan.plan import plan_states


@settings(max_examples=150, deadline=None)
@given(MOVES, st.sampled_from([1, 3, 512]), st.integers(1, 3))
def test_demand_is_that_of_a_walk_for_each_measure(moves: Sequence[Move], at_once: int, times: int) -> None:
    wanted = grown(moves) * times
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "AT_ONCE", at_once)
        assert demand(wanted, Lineage()) == plain.demand(wanted)


@settings(max_examples=150, deadline=None)
@given(MOVES, st.data())
def test_pieces_are_those_of_the_plain_planner(moves: Sequence[Move], data: st.DataObject) -> None:
    wanted = grown(moves)
    names = sorted({fact.digest for fact in closure(wanted) if isinstance(fact, Point)})
    some = st.frozensets(st.sampled_from(names)) if names else st.just(frozenset())
    have = Shelf(points=data.draw(some), resumable=data.draw(some))
    assert plain.told(plan_states(wanted, have)) == plain.told(plain.pieces(wanted, have))


@settings(max_examples=100, deadline=None)
@given(MOVES)
def test_stops_are_all_of_them_and_what_comes_first_comes_first(moves: Sequence[Move]) -> None:
    wanted = grown(moves)
    found = Lineage().stops(wanted)
    expected = stops_of(closure(wanted))
    assert {name: set(stops) for name, (_, stops) in found.items()} == {
        name: set(stops) for name, (_, stops) in expected.items()
    }
    places = {name: place for place, name in enumerate(found)}
    for name, (trajectory, _) in found.items():
        assert all(places[point.trajectory.digest] < places[name] for point in waits_for(trajectory))


@settings(max_examples=100, deadline=None)
@given(MOVES)
def test_pieces_come_after_those_that_they_wait_for(moves: Sequence[Move]) -> None:
    made: set[str] = set()
    for piece in plan_measures(grown(moves)).pieces:
        assert {point.digest for point in piece.waits_for} <= made
        made |= {point.digest for point in piece.points}


def test_a_lab_is_asked_of_each_point_once() -> None:
    asked: list[str] = []

    class Listing(frozenset[str]):
        def __contains__(self, name: object) -> bool:
            asked.append(str(name))
            return super().__contains__(name)

    found = tickets(Network("mlp-2", data="xor", seed=1, recipe=RECIPE), rounds=5)
    plan_states([Resolver().state(item) for item in found], Shelf(points=Listing()))
    assert len(asked) == len(set(asked)) == 6


def test_a_long_history_of_which_everything_is_asked() -> None:
    began = time.perf_counter()
    found = tickets(Network("mlp-2", data="xor", seed=1, recipe=RECIPE), rounds=700, fraction=0.01)
    resolver = Resolver()
    wanted = [resolver.measure(accuracy(item)) for item in found]
    plan = plan_measures(wanted)
    assert plan.steps_unique == 701 * 100
    assert plan.steps_alone == 100 * 701 * 702 // 2
    assert time.perf_counter() - began < 5
