"""The in-process executor: each trajectory once, the same bits in any company, divergence handed down, resumption."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from works import RECIPE, carry_out, driver, fact, made_bits, make, network, plan_of, questions, record, states, values

from cases import threads
from whether.errors import WorkError
from whether.execute import dealer, worker
from whether.execute.progress import Event, Measuring, Note, Training
from whether.execute.stock import LabStock
from whether.history import accuracy, density, early_stop, loss, tickets
from whether.history.facts import Point
from whether.lab import Lab
from whether.plan.path import chain_lengths
from whether.recipe import sgd
from whether.train.replica import Replica

WILD = RECIPE.but(optimizer=sgd(1e30))


def test_every_trajectory_is_trained_once(lab: Lab, trained: list[Replica]) -> None:
    told: list[Event] = []
    plan = carry_out(lab, questions(), told.append)
    counted = Counter((replica.training.digest, replica.order, str(sorted(replica.weights))) for replica in trained)
    assert len(trained) == len(plan.pieces) == 2 * 5
    assert sum(counted.values()) == 10
    assert (
        sum(replica.stops[-1] - replica.step for replica in trained) == plan.steps_to_train == 2 * (12 + 8 + 8 + 12 + 8)
    )
    trainings = [event for event in told if isinstance(event, Training)]
    assert all(0 <= event.done <= event.of == plan.steps_to_train for event in trainings)
    assert [event.to_train for event in trainings] == [10] * len(trainings)
    assert [event for event in told if isinstance(event, Measuring)][-1] == Measuring(20, 20)


def test_what_stands_is_not_trained_again(lab: Lab, trained: list[Replica]) -> None:
    carry_out(lab, questions())
    before = states(lab)
    trained.clear()
    again = carry_out(lab, questions())
    assert trained == []
    assert (again.steps_to_train, len(again.missing), again.measures_stored) == (0, 0, 20)
    more = carry_out(lab, [*questions(), accuracy(network(seed=3).train())])
    assert len(trained) == len(more.pieces) == 1
    assert before.items() <= states(lab).items()


def test_two_stops_of_one_trajectory_are_one_training(lab: Lab, trained: list[Replica]) -> None:
    net = network()
    carry_out(lab, [accuracy(net.train(until=stop)) for stop in ("3it", "9it")] + [accuracy(net.train())])
    assert [replica.stops for replica in trained] == [(3, 9, 12)]
    assert made_bits(lab, net.train(until="9it").train()) == made_bits(lab, net.train())


@pytest.mark.parametrize("how", ["one by one", "three lanes", "measure by measure"])
def test_the_bits_do_not_depend_on_how_the_work_was_cut(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    wanted = questions()
    carry_out(lab, wanted)
    other = Lab(tmp_path / "other")
    if how == "one by one":
        monkeypatch.setattr(dealer, "networks_at_once", lambda _model: 1)
        carry_out(other, wanted[::-1])
    elif how == "three lanes":
        with threads(3):
            carry_out(other, wanted)
    else:
        for item in wanted[::3]:
            carry_out(other, [item])
        carry_out(other, wanted)
    assert states(other) == states(lab)
    assert values(other, wanted) == values(lab, wanted)


def test_lanes_leave_threads_and_generators_as_they_were(lab: Lab) -> None:
    state = torch.get_rng_state()
    recipe = RECIPE.but(asserts=("foreign:says_something",))
    with threads(2):
        carry_out(lab, questions(recipe))
        assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]
    assert record(lab, network(recipe=RECIPE.but(asserts=("foreign:says_something",))).train(until="4it"))[
        "checks"
    ] == ["foreign:says_something: 6 tensors were seen"]


def test_the_longest_chain_goes_first(lab: Lab) -> None:
    plan = plan_of(lab, [*questions(), accuracy(network(seed=9).train())])
    heights = chain_lengths(plan.pieces, lambda piece: piece.steps)
    lone = fact(network(seed=9).train())
    assert isinstance(lone, Point)
    assert heights[lone.trajectory.digest] == 12
    assert max(heights.values()) == 12 + 8 + 12
    for piece in plan.pieces:
        for point in piece.waits_for:
            assert heights[point.trajectory.digest] > heights[piece.trajectory.digest]


def test_a_records_facts(lab: Lab) -> None:
    net = network().train()
    carry_out(lab, [accuracy(net)])
    found = lab.store.records.read(fact(net).digest)
    assert (found["kind"], found["outcome"], found["step"]) == ("point", "done", 12)
    assert found["curves"]["steps"] == [0, 4, 8, 12]
    assert 0 < found["seconds"] < 60
    assert lab.store.profiles.has(found["profile"])
    assert "optimizer" not in found
    assert lab.store.work.listing() == set()


def test_what_begins_from_a_diverged_network_has_diverged(lab: Lab, trained: list[Replica]) -> None:
    wild, calm = network(recipe=WILD), network(seed=2)
    wanted = [*questions(WILD), accuracy(calm.train())]
    told: list[Event] = []
    carry_out(lab, wanted, told.append)
    dense = wild.train()
    lost = record(lab, dense)
    assert lost["outcome"] == "diverged"
    assert 0 < lost["diverged_at"] <= 4
    assert lost["curves"]["steps"] == [0]
    assert not lab.store.states.has(fact(dense).digest)
    ticket = tickets(wild, rounds=2, fraction=0.4, rewind="4it")[-1]
    heir = record(lab, ticket)
    assert heir["outcome"] == "diverged"
    assert lab.store.records.read(heir["because"])["outcome"] == "diverged"
    assert "curves" not in heir
    for item in (accuracy(ticket), early_stop(ticket), density(ticket), loss(dense)):
        body = lab.store.records.read(plan_of(Lab(lab.root.parent / "empty"), [item]).missing[0].digest)
        assert (body["value"], body["outcome"]) == (None, "diverged")
        assert body["note"].startswith("diverged (")
    assert record(lab, calm.train())["outcome"] == "done"
    trained.clear()
    assert carry_out(lab, wanted).steps_to_train == 0
    with pytest.raises(WorkError, match="diverged; there are no weights to go on from"):
        lab.value(accuracy(ticket))


def test_what_a_network_was_before_it_diverged_is_still_there(lab: Lab) -> None:
    late = RECIPE.but(optimizer=sgd(1e20), evaluate="12it")
    net = network(recipe=late)
    carry_out(lab, [accuracy(net.train(until="1it")), accuracy(net.train())])
    assert record(lab, net.train(until="1it"))["outcome"] == "done"
    assert record(lab, net.train())["outcome"] == "diverged"
    other = net.train(until="1it").train(order=5)
    carry_out(lab, [accuracy(other)])
    assert record(lab, other)["outcome"] == "diverged"
    assert "because" not in record(lab, other)


# What is missing or damaged is made again.


def test_a_damaged_state_is_set_aside_and_made_again(lab: Lab, trained: list[Replica]) -> None:
    early = network().train(until="4it")
    carry_out(lab, [accuracy(early)])
    path = lab.store.states.path(fact(early).digest)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    trained.clear()
    told: list[Event] = []
    lab.value(loss(early), progress=told.append)
    assert len(trained) == 1
    assert any(isinstance(event, Note) and "is set aside" in event.text for event in told)
    assert path.read_bytes() == whole


def test_a_dropped_optimiser_is_made_again_with_the_same_state(
    lab: Lab, tmp_path: Path, trained: list[Replica]
) -> None:
    early = network().train(until="4it")
    carry_out(lab, [accuracy(early)])
    digest = fact(early).digest
    whole = lab.store.states.path(digest).read_bytes()
    lab.store.states.path(digest, "optimizer").unlink()
    assert digest in LabStock(lab.store).points
    assert digest not in LabStock(lab.store).resumable
    trained.clear()
    branch = early.train(order=3)
    carry_out(lab, [accuracy(branch)])
    assert [(replica.step, replica.stops[-1]) for replica in trained] == [(0, 4), (4, 12)]
    assert lab.store.states.path(digest).read_bytes() == whole
    assert digest in LabStock(lab.store).resumable
    assert made_bits(lab, branch) == made_bits(Lab(tmp_path / "other"), branch)


def test_an_optimiser_that_no_record_names_is_not_used(lab: Lab) -> None:
    net = network().train()
    make(lab, net)
    digest = fact(net).digest
    lab.store.states.write(digest, b"left by somebody", "optimizer")
    assert digest not in LabStock(lab.store).resumable
    longer = net.train(RECIPE.but(total="14it"))
    assert made_bits(lab, longer) == made_bits(Lab(lab.root.parent / "other"), longer)


def test_stock_tells_diverged_points_from_dropped_ones(lab: Lab) -> None:
    wild, calm = network(recipe=WILD).train(), network().train()
    carry_out(lab, [accuracy(wild), accuracy(calm)])
    lab.store.states.path(fact(calm).digest).unlink()
    stock = LabStock(lab.store)
    assert fact(wild).digest in stock.points
    assert fact(wild).digest in stock.resumable
    assert fact(calm).digest not in stock.points
    assert set(stock.points) == {fact(wild).digest}
    assert len(stock.points) == 1


def test_code_that_fails_in_training_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> None:
        raise IndexError("too far")

    monkeypatch.setattr(worker, "train_pack", breaks)
    with pytest.raises(WorkError, match=r"training mlp-12-6 failed: IndexError: too far .*What was trained stays"):
        carry_out(lab, [accuracy(network().train())])


def test_a_network_that_always_fails_is_recorded_and_the_others_go_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, trained: list[Replica]
) -> None:
    """One replicate's dense network raises, alone and in company; what begins from it cannot be either."""
    real = worker.train_pack
    bad = fact(network(seed=1).train())
    assert isinstance(bad, Point)

    def breaks(module: Any, replicas: Any, *rest: Any) -> None:
        if any(replica.order == bad.trajectory.order for replica in replicas):
            raise IndexError("too far")
        real(module, replicas, *rest)

    monkeypatch.setattr(worker, "train_pack", breaks)
    told: list[Event] = []
    plan = plan_of(lab, questions())
    tally = driver(lab, told.append).carry_out(plan.pieces, plan.missing)
    assert tally.done == plan.steps_to_train
    found = [lab.store.records.read(fact.digest) for fact in plan.missing]
    outcomes = {body["outcome"] for body in found}
    assert outcomes == {"done", "failed"}
    assert "IndexError: too far" in lab.store.records.read(bad.digest)["error"]
    assert any(isinstance(event, Note) and "failed 3 times" in event.text for event in told)
    assert plan_of(lab, questions()).steps_to_train == 0  # a failure is recorded, too
    other = [body for fact, body in zip(plan.missing, found, strict=True) if body["outcome"] == "done"]
    assert len(other) >= len(found) // 2


def test_a_driver_can_be_used_again(lab: Lab) -> None:
    used = driver(lab)
    for seed in (1, 2):
        plan = plan_of(lab, [accuracy(network(seed=seed).train())])
        tally = used.carry_out(plan.pieces, plan.missing)
        assert (tally.done, tally.of, tally.trained) == (12, 12, 1)
    assert plan_of(lab, [replace(accuracy(network(seed=2).train()))]).steps_to_train == 0
