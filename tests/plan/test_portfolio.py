"""Several questions together: who needs what, who goes first, how soon it can be done."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import plain_planner as plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_planner import MOVES, RECIPE, Move, Shelf, grown

from whether import Network, Question, accuracy, exceeds, tickets
from whether.catalogue.lottery_ticket import lottery_ticket
from whether.history.facts import Point
from whether.history.resolve import Resolver
from whether.plan import Piece, Plan, ask, make_plan, plan_measures
from whether.plan.cost import Costs
from whether.plan.demand import closure
from whether.plan.forecast import forecast, packs
from whether.plan.path import chain_lengths
from whether.plan.portfolio import needed_by, ranks, turns
from whether.plan.schedule import Schedule
from whether.seeds import Seed


class Steps(Costs):
    """A second a step, so that a test can be read."""

    def seconds(self, piece: Piece) -> float:
        return float(piece.steps)


STEPS = Steps()


def asking(name: str, *stops: str, replicates: int = 1) -> Question:
    """A question about one network at several stops, each from an order of its own."""

    def arms(rep: Seed) -> dict[str, Network]:
        early = Network("mlp-2", data="xor", seed=rep, recipe=RECIPE).train(until="10it")
        return {"early": early} | {stop: early.train(until=stop, order=int(stop[:-2])) for stop in stops}

    claims = [exceeds("early", stops[0], by=1, because="less is noise")]
    return Question(arms, claims=claims, if_yes="a", if_no="b", name=name, replicates=replicates)


def planned(*questions: Question, stock: Shelf | None = None) -> Plan:
    return make_plan([ask(item, seed=Seed(0), open_test=False) for item in questions], stock)


class TestNeeds:
    def test_measures_of_each_question(self) -> None:
        plan = planned(asking("a", "20it"), asking("b", "20it", "30it"))
        assert set(plan.needs) == {0, 1}
        assert len(plan.needs[0]) == 2
        assert plan.needs[0] < plan.needs[1] == {fact.digest for fact in plan.missing}

    def test_pieces_of_each_question(self) -> None:
        plan = planned(asking("a", "20it"), asking("b", "20it", "30it"), asking("c", "40it"))
        ends = {piece.points[-1].at: needed_by(plan)[piece.trajectory.digest] for piece in plan.pieces}
        assert ends == {10: 0b111, 20: 0b011, 30: 0b010, 40: 0b100}

    def test_who_has_what_it_needs_needs_no_piece(self) -> None:
        plan = planned(asking("a", "20it"), asking("b", "20it", "30it"))
        later = planned(asking("a", "20it"), asking("b", "20it", "30it"), stock=Shelf(measures=sorted(plan.needs[0])))
        assert set(needed_by(later).values()) == {0b10}
        assert [turn.pieces for turn in turns(later, STEPS)] == [0, 2]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(MOVES, min_size=1, max_size=4))
    def test_a_walk_for_each_question_says_the_same(self, histories: list[Sequence[Move]]) -> None:
        plan = together(histories)
        expected = dict.fromkeys((piece.trajectory.digest for piece in plan.pieces), 0)
        for place, moves in enumerate(histories):
            for fact in closure(grown(moves)):
                if isinstance(fact, Point):
                    expected[fact.trajectory.digest] |= 1 << place
        assert needed_by(plan) == expected


def together(histories: Sequence[Sequence[Move]]) -> Plan:
    """A plan of several questions that ask for measures of grown histories."""
    wanted = [grown(moves) for moves in histories]
    found = plan_measures([fact for facts in wanted for fact in facts])
    needs = {place: frozenset(fact.digest for fact in facts) for place, facts in enumerate(wanted)}
    return replace(found, needs=needs)


class TestTurns:
    def test_least_remaining_work_goes_first(self) -> None:
        plan = planned(asking("long", "90it"), asking("short", "20it"), asking("both", "20it", "30it"))
        found = turns(plan, STEPS)
        assert [(plan.questions[turn.place], turn.seconds, turn.pieces) for turn in found] == [
            ("short", 20.0, 2),
            ("both", 20.0, 1),
            ("long", 80.0, 1),
        ]

    def test_what_others_bring_along_does_not_count(self) -> None:
        """Alone "b" has more to do than "c"; after "a" it has less."""
        plan = planned(asking("a", "50it"), asking("b", "50it", "20it"), asking("c", "40it"))
        assert [plan.questions[turn.place] for turn in turns(plan, STEPS)] == ["c", "a", "b"]

    def test_a_piece_has_the_rank_of_the_first_who_needs_it(self) -> None:
        plan = planned(asking("long", "90it"), asking("short", "20it"), asking("both", "20it", "30it"))
        ends = {piece.points[-1].at: ranks(plan, STEPS)[piece.trajectory.digest] for piece in plan.pieces}
        assert ends == {10: 0, 20: 0, 30: 1, 90: 2}

    def test_measures_without_a_question_are_all_alike(self) -> None:
        plan = plan_measures(grown([(0, 0, 50, True), (0, 4, 1, True)]))
        assert set(ranks(plan, STEPS).values()) == {0}
        assert turns(plan, STEPS) == []

    @settings(max_examples=60, deadline=None)
    @given(st.lists(MOVES, min_size=1, max_size=5))
    def test_turns_are_those_of_a_plain_choice(self, histories: list[Sequence[Move]]) -> None:
        plan = together(histories)
        needed, seconds = needed_by(plan), {piece.trajectory.digest: piece.steps for piece in plan.pieces}
        done: set[str] = set()
        left = set(plan.needs)
        for turn in turns(plan, STEPS):
            open_now = {
                place: {name for name, bits in needed.items() if bits >> place & 1 and name not in done}
                for place in left
            }
            adds = {place: sum(seconds[name] for name in names) for place, names in open_now.items()}
            assert turn.place == min(left, key=lambda place: (adds[place], place))
            assert (turn.seconds, turn.pieces) == (adds[turn.place], len(open_now[turn.place]))
            done |= open_now[turn.place]
            left.remove(turn.place)
        assert not left


def scheduled(plan: Plan) -> Schedule:
    return Schedule(plan.pieces, STEPS.seconds)


class TestTime:
    def test_bounds_by_hand(self) -> None:
        plan = planned(asking("a", "50it", "30it", replicates=2))
        schedule = scheduled(plan)
        assert schedule.work == 2 * (10 + 40 + 20)
        assert schedule.critical_path == 10 + 40
        assert [schedule.at_least(devices) for devices in (1, 2, 100)] == [140, 70, 50]

    def test_a_schedule_by_hand(self) -> None:
        plan = planned(asking("a", "50it", "30it", replicates=2))
        # On three: both beginnings, both long ones and a short one, then the other short one beside them.
        assert [scheduled(plan).finish(devices) for devices in (1, 2, 3, 4)] == [140, 70, 50, 50]

    def test_the_longest_chain_goes_first(self) -> None:
        early = Network("mlp-2", data="xor", seed=1, recipe=RECIPE).train(until="10it")
        lone = [Network("mlp-2", data="xor", seed=seed, recipe=RECIPE).train(until="30it") for seed in (2, 3)]
        asked = [Resolver().measure(accuracy(item)) for item in (*lone, early.train(until="90it", order=4))]
        assert scheduled(plan_measures(asked)).finish(2) == 10 + 80  # 30 + 90, were it to go last

    def test_nothing_takes_no_time(self) -> None:
        plan = plan_measures([])
        assert scheduled(plan).finish(3) == scheduled(plan).at_least(3) == 0.0
        assert forecast(plan, STEPS, [2]).chain_pieces == 0

    def test_an_early_stop_sets_others_free(self) -> None:
        early = Network("mlp-2", data="xor", seed=1, recipe=RECIPE).train(until="30it")
        plan = plan_measures([Resolver().measure(accuracy(item)) for item in (early.train(), early.train(order=4))])
        assert [scheduled(plan).finish(devices) for devices in (1, 2)] == [170, 100]
        assert scheduled(plan).at_least(2) == 100

    @settings(max_examples=150, deadline=None)
    @given(MOVES, st.integers(1, 6))
    def test_between_the_bound_and_grahams(self, moves: Sequence[Move], devices: int) -> None:
        plan = plan_measures(grown(moves))
        schedule = scheduled(plan)
        lower, finish = schedule.at_least(devices), schedule.finish(devices)
        assert lower - 1e-9 <= finish <= lower * (2 - 1 / devices) + 1e-9
        assert finish <= schedule.work / devices + (1 - 1 / devices) * schedule.critical_path + 1e-9

    @settings(max_examples=60, deadline=None)
    @given(MOVES)
    def test_the_longest_chain_is_one(self, moves: Sequence[Move]) -> None:
        pieces = plan_measures(grown(moves)).pieces
        schedule = Schedule(pieces, STEPS.seconds)
        chain = [pieces[place] for place in schedule.longest_chain()]
        heights = chain_lengths(pieces, STEPS.seconds)
        assert schedule.heights == pytest.approx([heights[piece.trajectory.digest] for piece in pieces])
        length = 0.0
        for before, after in itertools.pairwise(chain):
            stops = [point for point in before.points if point.digest in {item.digest for item in after.waits_for}]
            assert stops
            length += max(point.at for point in stops) - before.trajectory.begin.step
        assert length + (chain[-1].steps if chain else 0) == pytest.approx(max(heights.values(), default=0))

    def test_a_catalogue_question(self) -> None:
        plan = planned(lottery_ticket(replicates=8))
        found = forecast(plan, Costs(pieces=plan.pieces), [1, 8, 5000])
        assert [finish.bound_by for finish in found.finishes] == ["work", "work", "chain"]
        assert [finish.devices for finish in found.finishes] == [1, 8, 5000]
        assert found.finishes[2].seconds == pytest.approx(found.chain_seconds)
        assert found.chain_pieces == 16
        assert found.sources == {"counted": 26 * 8}
        assert found.known


class TestPacks:
    def test_what_is_ready_together_trains_together(self) -> None:
        plan = planned(lottery_ticket(replicates=16))
        assert packs(plan) == {4: 104}

    def test_what_cannot_be_one_pack_is_not(self) -> None:
        networks = [Network("mlp-2", data="xor", seed=seed, recipe=RECIPE) for seed in range(3)]
        other = RECIPE.but(batch=2)
        asked: list[Any] = [accuracy(item.train()) for item in networks]
        asked += [accuracy(item.train(other)) for item in networks[:2]]
        asked += [accuracy(item.train(RECIPE.but(lr=0.5))) for item in networks]
        found = plan_measures([Resolver().measure(item) for item in asked])
        assert packs(found) == {6: 1, 2: 1}

    def test_a_chain_has_a_pack_for_each_link(self) -> None:
        found = tickets(Network("mlp-2", data="xor", seed=1, recipe=RECIPE), rounds=4)
        assert packs(plan_measures([Resolver().measure(accuracy(found[-1]))])) == {1: 5}

    @settings(max_examples=60, deadline=None)
    @given(MOVES)
    def test_they_hold_every_piece(self, moves: Sequence[Move]) -> None:
        plan = plan_measures(grown(moves))
        assert sum(width * count for width, count in packs(plan).items()) == len(plan.pieces)


def test_the_plain_planner_is_not_the_quick_one() -> None:
    """A reference that called what it checks would agree with anything."""
    assert "lineage" not in vars(plain)
