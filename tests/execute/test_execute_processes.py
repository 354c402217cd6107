"""The bits of every toy case are the same from worker processes, two at once, as from packs in this process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from works import carry_out, network, plan_of, states

from cases import CASES, Case
from whether.execute import local
from whether.execute.contract import Event, Gone, Job, Joined
from whether.execute.driver import Driver
from whether.execute.local import Local
from whether.execute.shelf import LabShelf
from whether.history import Measure, Network, accuracy, loss, tickets
from whether.lab import Lab


def said(case: Case, seed: int) -> Network:
    """A network of this case as a sentence."""
    init: dict[str, Any] = {} if case.own_code else {"init": case.init}
    start = Network(case.model, data=case.data, seed=seed, recipe=case.recipe, options=case.options, **init)
    if case.held is not None:
        start = start.only(case.held, seed=7 if "random" in case.held else None)
    if case.density is None:
        return start.train()
    return start.masked(start.prune(fraction=1 - Fraction(str(case.density)), scope="layer")).train()


def test_every_case_has_the_bits_of_a_pack_in_this_process(tmp_path: Path) -> None:
    cases = [case for case in CASES if case.kernels == "dense"]  # the others say the same sentences
    wanted: list[Measure] = [loss(said(case, seed), split="train") for case in cases for seed in (1, 2, 3)]
    here, there = Lab(tmp_path / "here"), Lab(tmp_path / "there")
    plan = carry_out(here, wanted)
    away = plan_of(there, wanted)
    tally = Driver(Local(there.store, workers=2), LabShelf(there.store)).carry_out(away.pieces, away.missing)
    assert (tally.trained, tally.done) == (len(plan.pieces), plan.steps_to_train)
    assert tally.most == 2
    ours, theirs = states(here), states(there)
    assert len(ours) == 3 * len(cases)
    assert {name for name in ours if ours[name] != theirs.get(name)} == set()
    for fact in plan.missing:
        one, other = here.store.records.read(fact.digest), there.store.records.read(fact.digest)
        assert one["value"] == other["value"], fact
    for name in ours:
        one, other = here.store.records.read(name), there.store.records.read(name)
        assert {**one, "seconds": 0, "seal": ""} == {**other, "seconds": 0, "seal": ""}


def test_a_worker_that_stands_still_does_not_hold_up_who_gives_it_a_job(lab: Lab) -> None:
    """The job is larger than what the worker's socket holds."""
    deep = [tickets(network(seed=seed), rounds=3, fraction=0.3)[-1] for seed in range(128)]
    plan = plan_of(lab, [accuracy(net) for net in deep])
    executor = Local(lab.store, workers=1)
    try:
        executor.start()
        slot = first(executor, lambda event: isinstance(event, Joined)).slot
        (worker,) = (process.popen.pid for process in executor._processes.values())
        os.kill(worker, signal.SIGSTOP)
        began = time.monotonic()
        executor.give(slot, Job(1, tuple(plan.pieces[-128:]), tuple(plan.missing)))
        assert time.monotonic() - began < 2.0
        executor.drop(slot, "it hangs")
        gone = first(executor, lambda event: isinstance(event, Gone))
        assert isinstance(gone, Gone)
        assert gone.because == "it hangs"
    finally:
        executor.stop()


def test_a_worker_that_stands_still_before_it_has_joined_is_replaced(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Local(lab.store, workers=1)
    try:
        executor.start()
        (worker,) = (process.popen.pid for process in executor._processes.values())
        os.kill(worker, signal.SIGSTOP)
        with monkeypatch.context() as patch:
            patch.setattr(local, "BEGINS_WITHIN", 0.0)
            assert executor.events(0.0) == []
        gone = first(executor, lambda event: isinstance(event, Gone))
        assert isinstance(gone, Gone)
        assert gone.because == "it had not begun after 0 s"
        assert first(executor, lambda event: isinstance(event, Joined)).slot == "worker 2"
    finally:
        executor.stop()


def first(executor: Local, wanted: Callable[[Event], bool]) -> Event:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for event in executor.events(0.2):
            if wanted(event):
                return event
    raise AssertionError("it was never told")
