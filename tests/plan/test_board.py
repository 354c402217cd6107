"""The board: what is ready when, which packs are cut, and that nothing is lost or done twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whether import Measure, Network, Recipe, accuracy, adam, loss, tickets
from whether.history.facts import MeasureFact
from whether.history.resolve import Resolver
from whether.plan import plan_measures
from whether.plan.board import Board, Task
from whether.plan.path import chain_lengths
from whether.plan.plan import Piece, Plan

RECIPE = Recipe(optimizer=adam(0.02), total="100it", batch=4)


def network(seed: int = 1, model: str = "mlp-2", recipe: Recipe = RECIPE) -> Network:
    return Network(model, data="xor", seed=seed, recipe=recipe)


def plan_for(*wanted: Measure) -> Plan:
    resolver = Resolver()
    return plan_measures([resolver.measure(item) for item in wanted])


def board_of(
    pieces: Sequence[Piece],
    measures: Sequence[MeasureFact] = (),
    *,
    width: Callable[[Piece], int] = lambda _piece: 8,
    ranks: Mapping[str, int] | None = None,
) -> Board:
    heights = chain_lengths(pieces, lambda piece: float(piece.steps))
    return Board(pieces, measures, heights=heights, width=width, ranks=ranks)


def taken(board: Board, free: int = 1) -> list[str]:
    return [task.digest for task in board.take(free)]


def alike(count: int, **how: str) -> Plan:
    return plan_for(*(accuracy(network(seed, **how).train()) for seed in range(count)))  # type: ignore[arg-type]


def test_who_waits_begins_when_the_last_state_that_it_needs_stands() -> None:
    early = network().train(until="10it")
    dense = early.train()
    ticket = early.masked(dense.prune(fraction=0.5)).train()
    plan = plan_for(accuracy(ticket))
    board = board_of(plan.pieces)
    (first,) = board.take(1)
    assert (len(first.piece.points), board.ready, taken(board)) == (2, 0, [])
    board.stood(first.piece.points[0].digest)
    board.stood(first.piece.points[0].digest)  # told twice, it is the same
    assert taken(board) == [], "one of two states stands"
    board.ended(first.digest)
    (last,) = board.take(1)
    assert last.digest == plan.missing[0].state.trajectory.digest  # type: ignore[attr-defined]
    board.ended(last.digest)
    assert not board.left
    assert len(board) == 0


@pytest.mark.parametrize(
    ("count", "free", "width", "packs"),
    [
        (8, 1, 8, [8]),
        (8, 1, 3, [3, 3, 2]),
        (8, 4, 8, [2, 2, 2, 2]),
        (9, 2, 8, [5, 4]),
        (2, 5, 8, [1, 1]),
        (3, 1, 1, [1] * 3),
    ],
)
def test_packs_are_even_and_spread_over_the_free_slots(count: int, free: int, width: int, packs: list[int]) -> None:
    board = board_of(alike(count).pieces, width=lambda _piece: width)
    found: list[int] = []
    while pack := board.take(max(1, free - len(found))):
        found.append(len(pack))
    assert found == packs
    assert board.ready == 0


def test_a_pack_holds_what_may_be_trained_as_one_computation() -> None:
    other = RECIPE.but(batch=2)
    faster = RECIPE.but(optimizer=adam(0.5))
    plan = plan_for(
        *(accuracy(network(1, recipe=recipe).train()) for recipe in (RECIPE, other, faster)),
        accuracy(network(1, model="mlp-3").train()),
    )
    board = board_of(plan.pieces)
    packs = []
    while pack := board.take(1):
        packs.append(len(pack))
    assert sorted(packs) == [1, 1, 2], "learning rates may differ within a pack; batches and models may not"


def test_ranks_come_before_length_and_length_before_names() -> None:
    short, long = network(recipe=RECIPE.but(total="50it")).train(), network(2).train()
    plan = plan_for(accuracy(short), accuracy(long))
    names = {piece.steps: piece.trajectory.digest for piece in plan.pieces}
    assert taken(board_of(plan.pieces)) == [names[100]]
    ranks = {names[50]: 0, names[100]: 1}
    assert taken(board_of(plan.pieces, ranks=ranks)) == [names[50]]
    same = alike(5)
    assert taken(board_of(same.pieces)) == sorted(piece.trajectory.digest for piece in same.pieces)


def test_what_was_put_back_after_others_comes_when_they_had_their_turn() -> None:
    board = board_of(alike(3).pieces, width=lambda _piece: 1)
    (first,) = board.take(1)
    board.put_back(first, after_others=True)
    order = [taken(board)[0] for _ in range(3)]
    assert order[-1] == first.digest
    assert len(set(order)) == 3


def test_a_piece_that_may_only_be_alone_does_not_hold_the_others_up() -> None:
    board = board_of(alike(5).pieces)
    pack = board.take(1)
    pack[2].most = 1
    for task in pack:
        board.put_back(task)
    found = [board.take(1) for _ in range(2)]
    assert [len(pack) for pack in found] == [4, 1]
    assert found[1] == [pack[2]]
    assert board.take(1) == []


def test_a_kind_that_is_narrow_stays_narrow_and_others_do_not() -> None:
    plan = plan_for(
        *(accuracy(network(seed, model=model).train()) for seed in range(6) for model in ("mlp-2", "mlp-3"))
    )
    board = board_of(plan.pieces)
    first = board.take(1)
    board.narrow(first[0], 2)
    board.narrow(first[0], 4)  # a wider pack that fails later says nothing new
    for task in first:
        board.put_back(task)
    widths: dict[str, list[int]] = {}
    while pack := board.take(1):
        widths.setdefault(pack[0].piece.trajectory.begin.model.name, []).append(len(pack))
    assert sorted(widths.values()) == [[2, 2, 2], [6]]


def test_measures_come_with_their_piece_and_those_of_fresh_networks_at_once() -> None:
    one, other = network(1).train(), network(2).train()
    plan = plan_for(accuracy(one), loss(one), accuracy(network(4)), accuracy(other))
    board = board_of(plan.pieces, plan.missing)
    (fresh,) = board.take_measures(5)
    assert fresh.state.step == 0
    assert board.take_measures(5) == []
    going = {len(task.measures): task for task in board.take(1)}
    assert sorted(fact.name for fact in going[2].measures) == ["accuracy", "loss"]


def test_a_measure_of_several_pieces_waits_for_all() -> None:
    one, other = network(1).train(), network(2).train()
    both = network(1).masked(one.prune(fraction=0.5)).masked(other.prune(fraction=0.5))
    plan = plan_for(accuracy(both))
    board = board_of(plan.pieces, plan.missing)
    first, second = board.take(1)
    assert board.ended(first.digest) == []
    assert board.measures == []
    board.ended(second.digest)
    assert board.measures == list(plan.missing)


def test_giving_up_takes_all_behind_off_the_board_with_their_measures() -> None:
    wanted = []
    for seed in (1, 2):
        found = tickets(network(seed), rounds=3, fraction=0.3)
        wanted += [accuracy(net) for net in found]
    plan = plan_for(*wanted)
    board = board_of(plan.pieces, plan.missing)
    bad, good = board.take(1)
    behind = board.behind(bad.digest)
    lost, measures = board.give_up(bad.digest)
    assert lost == [bad, *behind]
    assert (len(lost), len(measures)) == (4, 4)
    assert len(board) == 4
    done = []
    while True:
        done.append(good.digest)
        board.ended(good.digest)
        if not board.left:
            break
        (good,) = board.take(1)
    assert len(done) == 4
    assert not set(done) & {task.digest for task in lost}


def test_who_already_began_from_an_early_stop_is_not_behind() -> None:
    early = network().train(until="10it")
    plan = plan_for(accuracy(early.train()), accuracy(early.train(order=5)))
    board = board_of(plan.pieces, plan.missing)
    (long,) = board.take(1)
    assert [task.digest for task in board.behind(long.digest)] == [p.trajectory.digest for p in plan.pieces[1:]]
    board.stood(long.piece.points[0].digest)
    (branch,) = board.take(1)
    assert board.behind(long.digest) == []
    lost, measures = board.give_up(long.digest)
    assert (lost, len(measures)) == ([long], 1)
    assert board.ended(branch.digest) == branch.measures
    assert not board.left


def test_a_measure_of_a_stop_that_stands_is_taken_though_its_piece_is_given_up() -> None:
    early = network().train(until="10it")
    plan = plan_for(accuracy(early), accuracy(early.train()))
    board = board_of(plan.pieces, plan.missing)
    (task,) = board.take(1)
    board.stood(task.piece.points[0].digest)
    lost, measures = board.give_up(task.digest)
    assert (lost, [fact.state.step for fact in measures]) == ([task], [100])
    assert [fact.state.step for fact in board.take_measures(5)] == [10]
    assert not board.left


TREES = plan_for(
    *(accuracy(net) for seed in (1, 2, 3) for net in tickets(network(seed), rounds=3, fraction=0.3, rewind="10it")),
    *(accuracy(network(seed, model="mlp-3").train()) for seed in (1, 2)),
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_taken_put_back_and_given_up_every_piece_leaves_once(data: st.DataObject) -> None:
    board = board_of(TREES.pieces, TREES.missing, width=lambda _piece: 3)
    before: dict[str, list[str]] = {}
    for piece in TREES.pieces:
        before[piece.trajectory.digest] = [point.digest for point in piece.waits_for]
    stood: set[str] = set()
    left: list[str] = []
    measured: list[str] = []
    going: list[Task] = []
    for _ in range(1000):
        if not board.left and not going:
            break
        measured += [fact.digest for fact in board.take_measures(2)]
        going += board.take(data.draw(st.integers(1, 4)))
        if not going:
            continue
        task = going.pop(data.draw(st.integers(0, len(going) - 1)))
        assert set(before[task.digest]) <= stood, "it began before what it begins from stood"
        match data.draw(st.sampled_from(["ends", "ends", "stop", "back", "later", "narrow", "never"])):
            case "ends":
                stood |= {point.digest for point in task.piece.points}
                measured += [fact.digest for fact in board.ended(task.digest)]
                left.append(task.digest)
            case "stop":
                stood.add(task.piece.points[0].digest)
                board.stood(task.piece.points[0].digest)
                going.append(task)
            case "narrow":
                task.most = max(1, task.most // 2**29)
                board.narrow(task, 2)
                board.put_back(task)
            case "never":
                lost, facts = board.give_up(task.digest)
                assert not {item.digest for item in lost[1:]} & {item.digest for item in going}
                left += [item.digest for item in lost]
                measured += [fact.digest for fact in facts]
            case how:
                board.put_back(task, after_others=how == "later")
    assert sorted(left) == sorted(before)
    assert sorted(measured) == sorted(fact.digest for fact in TREES.missing)
    assert board.ready == 0


class TestMoreWork:
    """Work that is added while the rest goes on, and what nobody wants any more."""

    @staticmethod
    def add(board: Board, plan: Plan, *, rank: int = 0) -> bool:
        heights = chain_lengths(plan.pieces, lambda piece: float(piece.steps))
        ranks = dict.fromkeys((piece.trajectory.digest for piece in plan.pieces), rank)
        return board.add(plan.pieces, plan.missing, heights=heights, ranks=ranks)

    def test_what_is_added_is_dealt_as_if_it_had_been_there(self) -> None:
        first, second = alike(2), alike(4)
        board = board_of(first.pieces, first.missing)
        assert self.add(board, second)
        assert len(board) == board.ready == 4, "two of them were on the board"
        assert sorted(taken(board)) == sorted(piece.trajectory.digest for piece in second.pieces)
        assert sum(len(task.measures) for task in board.tasks.values()) == board.attached == 4

    def test_what_begins_from_a_piece_on_the_board_waits_for_it(self) -> None:
        early = network().train(until="40it")
        first = plan_for(accuracy(early))
        board = board_of(first.pieces, first.missing)
        (begun,) = board.take(1)
        resolver = Resolver()
        later = plan_measures([resolver.measure(accuracy(early.masked(early.prune(fraction=0.5)).train()))])
        assert self.add(board, later)
        assert board.take(1) == [], "its beginning does not stand yet"
        board.ended(begun.digest)
        assert len(board.take(1)) == 1

    def test_a_piece_that_is_wanted_with_further_stops_is_refused_and_nothing_is_added(self) -> None:
        first = plan_for(accuracy(network().train(until="40it")))
        board = board_of(first.pieces, first.missing)
        more = plan_for(accuracy(network(5).train()), accuracy(network().train()))
        assert not self.add(board, more)
        assert len(board) == board.ready == 1
        assert board.attached == 1

    def test_what_is_to_go_last_goes_last_until_it_is_hastened(self) -> None:
        first, late = alike(2), alike(4)
        board = board_of(first.pieces, first.missing, width=lambda _piece: 1)
        assert self.add(board, late, rank=1_000_000)
        others = {piece.trajectory.digest for piece in late.pieces} - {
            piece.trajectory.digest for piece in first.pieces
        }
        order = [board.take(1)[0] for _ in range(4)]
        assert {task.digest for task in order[2:]} == others
        for task in order:
            board.put_back(task)
        board.hasten(others)
        assert all(task.urgency[0] == 0 for task in order)
        assert board.ready == 4
        assert [task.digest for task in (board.take(1)[0] for _ in range(4))] == sorted(task.digest for task in order)

    def test_what_is_withdrawn_goes_with_all_that_waits_for_it(self) -> None:
        early = network().train(until="40it")
        plan = plan_for(
            accuracy(early), accuracy(early.masked(early.prune(fraction=0.5)).train()), accuracy(network(2))
        )
        other = plan_for(*(accuracy(network(seed).train()) for seed in (11, 12, 13)))
        board = board_of(plan.pieces, plan.missing)
        assert self.add(board, other)
        gone = board.withdraw([piece.trajectory.digest for piece in plan.pieces], [plan.missing[-1].digest])
        assert {task.digest for task in gone} >= {piece.trajectory.digest for piece in plan.pieces if piece.waits_for}
        left = {task.digest for task in board.tasks.values()}
        assert left == {piece.trajectory.digest for piece in other.pieces}
        assert board.measures == []
        assert set(taken(board)) == left

    def test_what_somebody_is_at_is_not_withdrawn(self) -> None:
        plan = alike(3)
        board = board_of(plan.pieces, plan.missing, width=lambda _piece: 1)
        (begun,) = board.take(1)
        gone = board.withdraw([piece.trajectory.digest for piece in plan.pieces])
        assert begun.digest not in {task.digest for task in gone}
        assert list(board.tasks) == [begun.digest]
        assert board.ready == 0
        assert board.ended(begun.digest) == begun.measures
        assert not board.left

    def test_what_was_withdrawn_can_be_added_again_with_its_measures(self) -> None:
        plan = alike(3)
        board = board_of(plan.pieces, plan.missing)
        board.withdraw([piece.trajectory.digest for piece in plan.pieces], [fact.digest for fact in plan.missing])
        assert not board.left
        assert board.attached == 0
        assert self.add(board, plan)
        measures = [fact.digest for task in board.tasks.values() for fact in task.measures]
        assert sorted(measures) == sorted(fact.digest for fact in plan.missing)
