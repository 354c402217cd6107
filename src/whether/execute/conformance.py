"""What every executor must do, as checks that any executor can be put through.

    from whether.execute import conformance
    for check in conformance.CHECKS:
        check(lambda store: MyExecutor(store), folder)

Each takes a way to make an executor over a lab's store and an empty folder, trains a few tiny networks on digits, and
raises AssertionError with what was not as it must be. The plain truth that results are held to comes from one lane in
this process.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from whether.errors import WhetherError
from whether.execute.contract import Advanced, Ended, Event, Executor, Failed, Gone, Job, Joined, Reached, Stood
from whether.execute.driver import Driver
from whether.execute.inprocess import InProcess
from whether.execute.shelf import LabShelf
from whether.execute.stock import LabStock
from whether.execute.tally import Tally
from whether.execute.workshop import Workshop
from whether.history import Measure, Network, accuracy, tickets
from whether.history.resolve import Resolver
from whether.plan.plan import Plan, plan_measures
from whether.recipe import Recipe, adam
from whether.store.folder import Store

T = TypeVar("T", bound=Event)
Make = Callable[[Store], Executor]
PATIENCE = 120.0
"""Seconds that slots may take to join: processes load PyTorch first."""


def slots_join_and_are_told_apart(make: Make, folder: Path) -> None:
    """After `start` slots join, each under a name of its own and with a profile that stands in the lab."""
    store = _lab(folder)
    executor = make(store)
    try:
        executor.start()
        joined = [
            event for event in _until(executor, lambda seen: bool(_of(seen, Joined))) if isinstance(event, Joined)
        ]
        assert len({event.slot for event in joined}) == len(joined), "two slots joined under one name"
        for event in joined:
            assert event.slot == event.what.name, "an event names another slot than the one that joins"
            assert store.profiles.has(event.what.profile), "the profile of a slot does not stand in the lab"
    finally:
        executor.stop()


def a_job_is_told_from_its_beginning_to_its_end(make: Make, folder: Path) -> None:
    """Steps add up, early stops and ends are told once, measures are told, and Ended comes last."""
    store = _lab(folder)
    early = _start(1).train(until="5it")
    plan = _plan(store, [accuracy(early), accuracy(early.train())])
    executor = make(store)
    try:
        executor.start()
        slot = _of(_until(executor, lambda seen: bool(_of(seen, Joined))), Joined)[0].slot
        executor.give(slot, Job(7, tuple(plan.pieces), tuple(plan.missing)))
        seen = _until(executor, lambda seen: bool(_of(seen, Ended) or _of(seen, Failed)))
        mine = [event for event in seen if event.slot == slot and not isinstance(event, Joined)]
        assert not _of(mine, Failed), f"the job failed: {_of(mine, Failed)}"
        advanced = _of(mine, Advanced)
        assert sum(event.steps for event in advanced) == plan.steps_to_train, "the steps told do not add up"
        assert [event.point for event in _of(mine, Stood)] == [plan.pieces[0].points[0].digest], "early stops"
        assert [event.trajectory for event in _of(mine, Reached)] == [plan.pieces[0].trajectory.digest], "ends"
        told = {name for event in advanced for name in event.measures}
        assert told == {fact.digest for fact in plan.missing}, "measures are not told as they come to stand"
        assert isinstance(mine[-1], Ended), "something was told after the end"
        assert mine[-1].job == 7, "the end names another job"
    finally:
        executor.stop()


def the_bits_are_those_of_one_lane(make: Make, folder: Path) -> None:
    """States and numbers are the same as from one lane in this process."""
    wanted = _wanted()
    plain, other = _lab(folder / "plain"), _lab(folder / "other")
    _carry_out(InProcess(Workshop(plain), lanes=1), plain, wanted)
    _carry_out(make(other), other, wanted)
    assert _states(other) == _states(plain), "states differ in their bits"
    for fact in _plan(_lab(folder / "empty"), wanted).missing:
        ours, theirs = other.records.read(fact.digest), plain.records.read(fact.digest)
        assert ours["value"] == theirs["value"], f"{fact.name} is {ours['value']}, with one lane {theirs['value']}"


def what_raises_is_told_and_the_slot_lives(make: Make, folder: Path) -> None:
    """A measure that raises fails its job with the reason; the slot can be given another job."""
    store = _lab(folder)
    (fact,) = _plan(store, [accuracy(_start(1))]).missing
    broken = replace(fact, name="no_such_module:nothing")
    executor = make(store)
    try:
        executor.start()
        slot = _of(_until(executor, lambda seen: bool(_of(seen, Joined))), Joined)[0].slot
        executor.give(slot, Job(1, measures=(broken,)))
        failed = _of(_until(executor, lambda seen: bool(_of(seen, Failed) or _of(seen, Ended))), Failed)
        assert failed, "a job whose measure cannot be taken did not fail"
        assert failed[0].job == 1, "the failure names another job"
        error = failed[0].failure.error()
        assert isinstance(error, WhetherError), "a failure is no error of ours"
        assert "no_such_module" in str(error), f"the failure does not say what is wrong: {error}"
        executor.give(slot, Job(2, measures=(fact,)))
        seen = _until(executor, lambda seen: bool(_of(seen, Ended) or _of(seen, Failed) or _of(seen, Gone)))
        assert _of(seen, Ended), "the slot does not work any more after a job that failed"
    finally:
        executor.stop()


def stopping_ends_it_at_once(make: Make, folder: Path) -> None:
    """`stop` in the middle of long work comes back soon, and twice."""
    store = _lab(folder)
    long = Recipe(optimizer=adam(5e-3), total="2000000it", batch=60, evaluate="1000000it")
    plan = _plan(store, [accuracy(Network("mlp-12-6", data="digits", seed=1, recipe=long).train())])
    executor = make(store)
    executor.start()
    slot = _of(_until(executor, lambda seen: bool(_of(seen, Joined))), Joined)[0].slot
    executor.give(slot, Job(1, tuple(plan.pieces)))
    _until(executor, lambda seen: bool(_of(seen, Advanced)))
    began = time.monotonic()
    executor.stop()
    executor.stop()
    assert time.monotonic() - began < 30.0, "stop waits for the work"


CHECKS: Sequence[Callable[[Make, Path], None]] = (
    slots_join_and_are_told_apart,
    a_job_is_told_from_its_beginning_to_its_end,
    the_bits_are_those_of_one_lane,
    what_raises_is_told_and_the_slot_lives,
    stopping_ends_it_at_once,
)
"""Everything that an executor must do; `execute.driver` relies on all of it."""


def _lab(folder: Path) -> Store:
    return Store.find(folder / "lab", create=True)


def _start(seed: int) -> Network:
    recipe = Recipe(optimizer=adam(5e-3), total="12it", batch=60, evaluate="4it")
    return Network("mlp-12-6", data="digits", seed=seed, recipe=recipe)


def _wanted() -> list[Measure]:
    wanted: list[Measure] = []
    for seed in (1, 2, 3):
        found = tickets(_start(seed), rounds=2, fraction=0.4, rewind="4it")
        wanted += [accuracy(net) for net in (*found, found.early, _start(seed).reinit(seed + 50).train())]
    return wanted


def _plan(store: Store, wanted: Sequence[Measure]) -> Plan:
    resolver = Resolver()
    return plan_measures([resolver.measure(item) for item in wanted], LabStock(store))


def _carry_out(executor: Executor, store: Store, wanted: Sequence[Measure]) -> Tally:
    plan = _plan(store, wanted)
    tally = Driver(executor, LabShelf(store)).carry_out(plan.pieces, plan.missing)
    assert (tally.trained, tally.measured) == (len(plan.pieces), len(plan.missing)), "not everything was done"
    return tally


def _states(store: Store) -> dict[str, str]:
    return {name: hashlib.sha256(store.states.path(name).read_bytes()).hexdigest() for name in store.states.listing()}


def _until(executor: Executor, enough: Callable[[list[Event]], bool]) -> list[Event]:
    seen: list[Event] = []
    deadline = time.monotonic() + PATIENCE
    while not enough(seen):
        assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s only this was told: {seen}"
        seen += executor.events(0.2)
    return seen


def _of(seen: Sequence[Event], kind: type[T]) -> list[T]:
    return [event for event in seen if isinstance(event, kind)]
