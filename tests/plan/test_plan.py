"""The plan: each trajectory once, nothing that stands, and counts that a plain walk confirms."""

from __future__ import annotations

import gc
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether import Measure, Network, Question, Recipe, accuracy, adam, density, exceeds, loss, sgd, tickets
from whether.catalogue.lottery_ticket import lottery_ticket
from whether.catalogue.xor import xor
from whether.errors import RequestError
from whether.history.facts import Fact, Point, State, Trajectory
from whether.history.resolve import Resolver
from whether.plan import Plan, ask, make_plan, plan_measures, plan_states
from whether.plan.demand import closure, nearest_points, waits_for
from whether.plan.path import chain_lengths
from whether.seeds import Seed

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)


@dataclass
class Shelf:
    """A lab's listings, as a test likes them."""

    measures: Collection[str] = ()
    points: Collection[str] = ()
    resumable: Collection[str] = ()


def network(seed: Any = 1, **changes: Any) -> Network:
    return Network("mlp-2", **({"data": "xor", "seed": seed, "recipe": RECIPE} | changes))


def resolved(*networks: Network) -> list[State]:
    resolver = Resolver()
    return [resolver.state(item) for item in networks]


def asking(arms: Any, **changes: Any) -> Question:
    said: dict[str, Any] = {"replicates": 3, "name": "q", "if_yes": "this", "if_no": "that"} | changes
    return Question(arms, claims=[exceeds("a", "b", by=1, because="less is noise")], **said)


def planned(question: Question, stock: Shelf | None = None) -> Plan:
    return make_plan([ask(question, seed=Seed(0), open_test=False)], stock)


def courses_of(fact: Fact) -> dict[str, tuple[int, int]]:
    """Brute force: every path behind a fact is walked; each trajectory with its beginning and its last stop."""
    found: dict[str, tuple[int, int]] = {}
    if isinstance(fact, Point):
        begin = fact.trajectory.begin.step
        found[fact.trajectory.digest] = (begin, fact.at)
    for parent in fact.parents():
        for name, (begin, end) in courses_of(parent).items():
            found[name] = (begin, max(end, found.get(name, (begin, 0))[1]))
    return found


def three_ways(rep: Seed) -> dict[str, Network | Measure | dict[float, Network]]:
    start = network(rep)
    early = start.train(until="30it")
    dense = early.train()
    ticket = early.masked(dense.prune(fraction=0.5)).train()
    return {
        "a": ticket,
        "b": dense,
        "also b": accuracy(dense, split="train"),
        "sparsity": density(ticket),
        "family": {1.0: early, 2.0: early.train(order=rep.seed("other")), 3.0: start},
    }


MIXED = asking(three_ways)


class TestOnce:
    def test_each_trajectory_is_trained_once_through_all_its_stops(self) -> None:
        plan = planned(MIXED)
        trained = [piece.trajectory.digest for piece in plan.pieces]
        assert len(trained) == len(set(trained)) == 3 * 3
        stops = sorted(tuple(point.at for point in piece.points) for piece in plan.pieces)
        assert stops == [(30, 100)] * 3 + [(100,)] * 6

    def test_every_point_behind_what_is_missing_is_reached_by_one_piece(self) -> None:
        plan = planned(MIXED)
        wanted = {item.digest for item in closure(plan.missing) if isinstance(item, Point)}
        reached = [point.digest for piece in plan.pieces for point in piece.points]
        assert sorted(reached) == sorted(wanted)

    def test_questions_share(self) -> None:
        questions = [ask(item, seed=Seed(0), open_test=False) for item in (MIXED, asking(three_ways, name="again"))]
        both = make_plan(questions)
        assert both.questions == ["q", "again"]
        assert both.steps_unique == planned(MIXED).steps_unique
        assert both.steps_alone == 2 * planned(MIXED).steps_alone
        assert both.measures == planned(MIXED).measures

    def test_more_replicates_reuse_the_first_ones(self) -> None:
        few, many = planned(MIXED), planned(asking(three_ways, replicates=5))
        assert {course.digest for course in few.trajectories} < {course.digest for course in many.trajectories}

    def test_replicates_share_nothing_and_another_root_is_another_world(self) -> None:
        one = planned(asking(three_ways, replicates=1))
        assert planned(MIXED).steps_unique == 3 * one.steps_unique
        other = make_plan([ask(MIXED, seed=Seed(1), open_test=False)])
        assert not {course.digest for course in other.trajectories} & {c.digest for c in planned(MIXED).trajectories}

    def test_what_needs_no_training_plans_none(self) -> None:
        start = network()
        masked = start.masked(start.prune(fraction=0.5)).reinit(2)
        plan = plan_measures([Resolver().measure(accuracy(masked))])
        assert (plan.pieces, plan.steps_unique, plan.sharing, plan.width) == ([], 0, 1.0, 1)
        assert len(plan.missing) == 1


class TestCounts:
    def test_steps_alone_is_what_its_definition_says(self) -> None:
        plan = planned(MIXED)
        rows = [row for item in plan.asked for row in item.arms]
        alone = [sum(end - begin for begin, end in courses_of(fact).values()) for row in rows for _, fact in row]
        assert plan.steps_alone == sum(alone)
        # By hand: ticket 100 + 70 twice (its density too), dense 100 twice, early 30, reordered 30 + 70.
        assert plan.steps_alone == 3 * (2 * 170 + 2 * 100 + 30 + 100 + 0)

    def test_steps_unique_is_what_its_definition_says(self) -> None:
        plan = planned(MIXED)
        together: dict[str, tuple[int, int]] = {}
        for item in plan.asked:
            for row in item.arms:
                for _, fact in row:
                    for name, (begin, end) in courses_of(fact).items():
                        together[name] = (begin, max(end, together.get(name, (begin, 0))[1]))
        assert plan.steps_unique == sum(end - begin for begin, end in together.values()) == 3 * (100 + 70 + 70)
        assert plan.sharing == plan.steps_alone / plan.steps_unique

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 99)), min_size=1, max_size=12))
    def test_counts_of_any_history(self, moves: list[tuple[int, int, int]]) -> None:
        grown = [network()]
        for whom, how, number in moves:
            base = grown[-1 - whom % len(grown)]
            if how == 0:
                step = Resolver().state(base).step
                grown.append(base.train(until=f"{max(step, number)}it"))
            elif how == 1:
                grown.append(base.masked(grown[number % len(grown)].prune(fraction=0.3)))
            else:
                grown.append(base.train(order=number))
        wanted = [Resolver().measure(loss(item)) for item in grown]
        plan = plan_measures(wanted)
        alone = [courses_of(fact) for fact in wanted]
        assert plan.steps_alone == sum(end - begin for found in alone for begin, end in found.values())
        assert len(plan.pieces) == len({name for found in alone for name in found})
        assert plan.steps_to_train == plan.steps_unique <= plan.steps_alone

    def test_the_ticket_question_shares(self) -> None:
        plan = planned(lottery_ticket(replicates=2))
        assert plan.sharing >= 1.7
        assert plan.steps_unique == 2 * (16 + 2 * 5) * 400

    def test_the_ticket_question_shares_even_were_each_network_asked_of_once(self) -> None:
        plan = planned(lottery_ticket(replicates=1))
        states = {fact.state.digest: fact for row in plan.asked[0].arms for _, fact in row}
        assert plan_measures(list(states.values())).sharing >= 1.7

    def test_the_small_question(self) -> None:
        plan = planned(xor(replicates=2))
        assert len(plan.pieces) == 2 * 4
        assert plan.replicates == 2
        assert plan.arms == 4
        assert plan.measures == 8
        assert plan.steps_to_train == plan.steps_unique == 8 * 1000
        assert plan.steps_alone == 2 * (2000 + 1000 + 2000 + 1000)


class TestCourses:
    def test_what_people_are_told(self) -> None:
        plan = planned(asking(three_ways, replicates=1))
        told = [(c.label, c.begin, c.end, c.stops, c.steps, c.wanted_by, c.stored) for c in plan.trajectories]
        assert told[0] == ("mlp-2 from step 0", 0, 100, (30, 100), 100, 6, False)
        assert sorted(course.wanted_by for course in plan.trajectories) == [1, 2, 6]
        assert all((course.model, course.data) == ("mlp-2", "xor") for course in plan.trajectories)

    def test_plain_is_for_json(self) -> None:
        plan = planned(MIXED)
        plain = plan.plain()
        assert not {"asked", "pieces", "missing"} & set(plain)
        assert plain["sharing"] == plan.sharing
        assert len(plain["trajectories"]) == 9
        assert plain["trajectories"][0]["stops"] == (30, 100)

    def test_repr_is_short(self) -> None:
        assert len(repr(planned(lottery_ticket(replicates=4)))) < 300


class TestWaiting:
    def test_a_piece_waits_for_the_nearest_trained_points_behind_it(self) -> None:
        found = tickets(network(), rounds=2, rewind="10it")
        early, dense, first, second = resolved(found.early, *found)
        assert isinstance(second, Point)
        assert {point.digest for point in waits_for(second.trajectory)} == {early.digest, first.digest}
        assert isinstance(first, Point)
        assert {point.digest for point in waits_for(first.trajectory)} == {early.digest, dense.digest}
        assert nearest_points(dense) == [dense]

    def test_pieces_can_be_trained_in_some_order(self) -> None:
        waiting = {piece.trajectory.digest: piece for piece in planned(lottery_ticket(replicates=1)).pieces}
        reached: set[str] = set()
        rounds = 0
        while waiting:
            ready = [name for name, piece in waiting.items() if {p.digest for p in piece.waits_for} <= reached]
            assert ready
            reached |= {point.digest for name in ready for point in waiting.pop(name).points}
            rounds += 1
        assert rounds == 16  # dense and fifteen rounds of pruning; controls train beside the tickets of their masks

    def test_the_critical_path_is_the_longest_chain(self) -> None:
        found = tickets(network(), rounds=3)
        lone = network(9).train()
        pieces = plan_states(resolved(*found, lone))
        heights = chain_lengths(pieces, lambda piece: piece.steps)
        chain = [heights[item.trajectory.digest] for item in resolved(*found, lone) if isinstance(item, Point)]
        assert chain == [400, 300, 200, 100, 100]

    def test_who_begins_from_an_early_stop_waits_for_that_stop_only(self) -> None:
        early = network().train(until="30it")
        forked, whole = early.train(order=4), early.train()
        heights = chain_lengths(plan_states(resolved(forked, whole)), lambda piece: piece.steps)
        assert sorted(heights.values()) == [70, 100]  # the fork waits for the stop at 30, not for the end


class TestStock:
    def test_measures_that_stand_are_not_planned(self) -> None:
        plan = planned(MIXED)
        digests = [fact.digest for fact in plan.missing]
        again = planned(MIXED, Shelf(measures=digests))
        assert (again.pieces, again.missing, again.steps_to_train) == ([], [], 0)
        assert again.steps_stored == again.steps_unique == plan.steps_unique
        assert again.measures_stored == again.measures == len(set(digests))
        assert all(course.stored for course in again.trajectories)

    def test_points_that_stand_are_not_trained_and_nothing_behind_them_is(self) -> None:
        found = tickets(network(), rounds=3)
        states = resolved(*found)
        assert len(plan_states(states)) == 4
        left = plan_states([states[3]], Shelf(points=[states[2].digest]))
        assert [piece.trajectory.digest for piece in left] == [states[3].trajectory.digest]  # type: ignore[attr-defined]
        assert not left[0].waits_for

    def test_of_two_stops_the_one_that_stands_is_not_wanted_again(self) -> None:
        early, whole = resolved(network().train(until="30it"), network().train())
        (piece,) = plan_states([early, whole], Shelf(points=[early.digest]))
        assert [point.at for point in piece.points] == [100]
        (piece,) = plan_states([early, whole], Shelf(points=[whole.digest]))
        assert [point.at for point in piece.points] == [30]

    def test_stored_and_trained_add_up(self) -> None:
        plan = planned(MIXED)
        some = [piece.points[-1].digest for piece in plan.pieces[:4]]
        partly = planned(MIXED, Shelf(points=some))
        assert partly.steps_stored + partly.steps_to_train == partly.steps_unique == plan.steps_unique


class TestGoingOn:
    def test_optimizer_states_are_kept_where_the_plan_goes_on(self) -> None:
        early = network().train(until="30it")
        states = resolved(early, network().train(), early.train(order=4), early.train(RECIPE.but(lr=0.5)))
        pieces = {piece.trajectory.digest: piece for piece in plan_states(states)}
        first = pieces[states[0].trajectory.digest]  # type: ignore[attr-defined]
        assert first.keep_optimizer == {30}

    def test_and_where_training_ends_before_the_recipe_does(self) -> None:
        (piece,) = plan_states(resolved(network().train(until="30it"), network().train(until="60it")))
        assert piece.keep_optimizer == {60}
        (piece,) = plan_states(resolved(network().train()))
        assert piece.keep_optimizer == frozenset()

    def test_not_where_the_optimizer_begins_anew(self) -> None:
        early = network().train(until="30it")
        other = early.train(RECIPE.but(optimizer=sgd(0.1)))
        ticket = early.masked(early.prune(fraction=0.5)).train()
        pieces = plan_states(resolved(network().train(), other, ticket))
        assert [piece.keep_optimizer for piece in pieces if piece.trajectory.begin.step == 0] == [frozenset()]

    def test_a_point_without_its_optimizer_is_trained_again_for_who_goes_on_with_it(self) -> None:
        """What a lab happens to hold must not decide whether moments go on or begin anew."""
        early = network().train(until="30it")
        stood, going = resolved(early, early.train(order=4))
        points = [stood.digest]
        again = plan_states([going], Shelf(points=points))
        assert sorted(piece.points[-1].at for piece in again) == [30, 100]
        assert next(piece for piece in again if piece.points[-1].at == 30).keep_optimizer == {30}
        assert next(piece for piece in again if piece.points[-1].at == 100).waits_for == (again_point(again),)
        assert len(plan_states([going], Shelf(points=points, resumable=points))) == 1

    def test_and_so_is_all_that_this_needs_in_turn(self) -> None:
        first = network().train(until="30it")
        second = first.train(order=4, until="60it")
        third = second.train(order=5)
        states = resolved(first, second, third)
        points = [item.digest for item in states[:2]]
        assert len(plan_states([states[2]], Shelf(points=points))) == 3
        assert len(plan_states([states[2]], Shelf(points=points, resumable=points[:1]))) == 2

    def test_a_mask_that_keeps_the_optimizer_needs_it_as_well(self) -> None:
        early = network().train(until="30it")
        ticket = early.masked(early.prune(fraction=0.5), optimizer="keep").train()
        (first, *_) = [piece for piece in plan_states(resolved(ticket)) if piece.trajectory.begin.step == 0]
        assert first.keep_optimizer == {30}


def again_point(pieces: list[Any]) -> Point:
    found: Point = next(piece.points[-1] for piece in pieces if piece.points[-1].at == 30)
    return found


class TestAsking:
    def test_seeds_are_those_of_the_replicates(self) -> None:
        asked = ask(MIXED, seed=Seed(5), open_test=False)
        assert list(asked.seeds) == [Seed(5).seed("replicate", index) for index in range(3)]

    @pytest.mark.parametrize(("open_test", "split"), [(False, "validation"), (True, "test")])
    def test_measures_without_a_split_get_the_one_that_is_open(self, open_test: bool, split: str) -> None:
        asked = ask(MIXED, seed=Seed(0), open_test=open_test)
        assert {fact.split for row in asked.arms for _, fact in row} == {split, "train", None}
        assert asked.split == split

    def test_everything_wrong_with_a_replicate_is_told_at_once(self) -> None:
        def arms(rep: Seed) -> Mapping[str, Network]:
            return {
                "a": network(rep).train(until="200it"),
                "b": network(rep, data="digits").train(RECIPE.but(batch=5000)),
            }

        with pytest.raises(RequestError, match=r"(?s)is 200 iterations, beyond.*\na batch of 5000 is larger") as caught:
            ask(asking(arms), seed=Seed(0), open_test=False)
        assert len(caught.value.problems) == 2

    def test_replicates_must_have_the_same_arms(self) -> None:
        def arms(rep: Any) -> dict[str, Network]:
            found = {"a": network(rep), "b": network(rep)}
            return found if rep.index < 2 else {"b": found["b"], "a": found["a"]}

        with pytest.raises(
            RequestError, match="replicate 2 has the arms b, a, replicate 0 has a, b; expected the same"
        ):
            ask(asking(arms), seed=Seed(0), open_test=False)


def test_the_collector_of_cycles_is_left_as_it_was() -> None:
    def arms(rep: Seed) -> dict[str, Network]:
        assert not gc.isenabled()
        return {"a": network(rep).train(until="200it"), "b": network(rep)}

    assert gc.isenabled()
    with pytest.raises(RequestError, match="beyond the recipe's total"):
        ask(asking(arms), seed=Seed(0), open_test=False)
    assert gc.isenabled()
    planned(MIXED)
    assert gc.isenabled()


def test_a_walk_gives_each_fact_once_and_stops_where_told() -> None:
    found = tickets(network(), rounds=3)
    last = resolved(found[-1])[0]
    walked = [fact.digest for fact in closure([last, last])]
    assert len(walked) == len(set(walked))
    stopped = list(closure([last], stop=lambda fact: isinstance(fact, Trajectory)))
    assert [type(fact).__name__ for fact in stopped] == ["Point", "Trajectory"]
