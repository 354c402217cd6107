"""Measures of time: taken when nothing else runs, one at a time, on the machine that they are of."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from stage import Kept, Stage, killed, names, well
from works import driver, network, plan_of

from whether.errors import RequestError
from whether.execute import worker
from whether.execute.contract import Event, Job, Joined, Slot
from whether.execute.dealer import LAST, Wish
from whether.execute.driver import Driver
from whether.execute.workshop import Workshop
from whether.history import Measure, accuracy, derived, measure
from whether.history import resolve as resolving
from whether.history.facts import MeasureFact
from whether.history.resolve import Resolver
from whether.lab import Lab
from whether.plan.plan import plan_measures

SEEDS = range(4)
QUICK = {"batch": 10, "repeats": 2}


def times(seeds: range = SEEDS) -> list[Measure]:
    return [measure("step_time", network(seed=seed).train(), options=QUICK) for seed in seeds]


def numbers(seeds: range = SEEDS) -> list[Measure]:
    return [accuracy(network(seed=seed).train()) for seed in seeds]


def quotient(parts: Mapping[str, float]) -> float:
    """What a measure that is computed of two times may be."""
    return parts["a"] / parts["b"]


def facts(wanted: list[Measure]) -> list[MeasureFact]:
    resolver = Resolver()
    return [resolver.measure(item) for item in wanted]


def lasting(slot: str, job: Job) -> list[tuple[float, Event]]:
    """A job that goes well, of which each measure takes a second too."""
    told = well(slot, job)
    return [(at if at < told[-1][0] else at + len(job.measures), event) for at, event in told]


@dataclass
class Worked:
    """The jobs of a stage as spans of time."""

    stage: Stage
    spans: list[tuple[float, float, Job]] = field(default_factory=list)

    @staticmethod
    def of(wanted: list[Measure], stage: Stage, wish: Wish | None = None, claimant: Any = None) -> Worked:
        plan = plan_measures(facts(wanted))
        tally = Driver(stage, Kept(), claimant=claimant).carry_out(plan.pieces, plan.missing, wish or Wish())
        assert tally.measured == len(plan.missing)
        return Worked(stage, [(at, at + lasting(slot, job)[-1][0], job) for at, slot, job in stage.given])

    @property
    def timed(self) -> list[tuple[float, float, Job]]:
        return [span for span in self.spans if any(fact.taken_on for fact in span[2].measures)]

    def alone(self) -> Worked:
        """Assert that each time was taken by itself, and nothing went on meanwhile."""
        assert self.timed
        for began, ended, job in self.timed:
            assert (len(job.measures), len(job.pieces)) == (1, 0)
            beside = [other for at, to, other in self.spans if other is not job and at < ended and to > began]
            assert beside == []
        return self


@pytest.mark.parametrize("slots", [1, 3])
def test_a_time_is_taken_alone_after_everything_else(slots: int) -> None:
    worked = Worked.of([*times(), *numbers()], Stage(lasting, slots=slots)).alone()
    assert len(worked.timed) == len(SEEDS)
    others = [span for span in worked.spans if span not in worked.timed]
    assert max(to for _, to, _ in others) <= min(at for at, _, _ in worked.timed)
    assert {fact.digest for _, _, job in others for fact in job.measures} == {fact.digest for fact in facts(numbers())}


def test_a_number_computed_of_times_is_one_too() -> None:
    parts = dict(zip("ab", times(range(2)), strict=True))
    (fact,) = facts([derived("test_execute_timed:quotient", parts)])
    assert fact.taken_on == resolving.this_machine()
    assert facts(numbers(range(1)))[0].taken_on == ""
    Worked.of([derived("test_execute_timed:quotient", parts), *numbers()], Stage(lasting, slots=2)).alone()


def test_what_is_trained_ahead_waits_for_times_that_are_asked_for_now() -> None:
    now = plan_measures(facts(times(range(2))))
    later = plan_measures(facts(numbers(range(10, 16))))
    stage = Stage(lasting, slots=2)
    late = {piece.trajectory.digest for piece in later.pieces}
    wish = Wish(ranks=dict.fromkeys(late, LAST), width=lambda _piece: 1)
    Driver(stage, Kept()).carry_out([*now.pieces, *later.pieces], [*now.missing, *later.missing], wish)
    worked = Worked(stage, [(at, at + lasting(slot, job)[-1][0], job) for at, slot, job in stage.given]).alone()
    assert max(to for _, to, _ in worked.timed) <= min(at for at, _, job in worked.spans if late & set(names(job)))


def test_times_withdrawn_are_not_taken() -> None:
    plan = plan_measures(facts([*times(), *numbers()]))
    gone = {fact.digest for fact in plan.missing if fact.taken_on}
    stage = Stage(lasting)
    feeding = Driver(stage, Kept())
    feeding.carry_out(plan.pieces, plan.missing, Wish(measured=lambda _digests: feeding.withdraw([], gone)))
    assert not any(fact.digest in gone for _, _, job in stage.given for fact in job.measures)


def test_a_time_that_was_lost_is_taken_again_alone() -> None:
    lost: list[Job] = []

    def play(slot: str, job: Job) -> list[tuple[float, Event]]:
        if any(fact.taken_on for fact in job.measures) and len(lost) < 2:
            lost.append(job)
            return killed(slot, after=0.5)
        return lasting(slot, job)

    stage = Stage(play, slots=2)
    plan = plan_measures(facts([*times(range(2)), *numbers(range(2))]))
    tally = Driver(stage, Kept()).carry_out(plan.pieces, plan.missing, Wish())
    assert (tally.measured, tally.lost) == (len(plan.missing), 2)
    assert all(len(job.measures) == 1 for _, _, job in stage.given if any(f.taken_on for f in job.measures))


def test_what_can_still_be_paid_for_leaves_its_times() -> None:
    plan = plan_measures(facts(times()))
    stage = Stage(lasting, slots=2)
    wish = Wish(budget=2.5, seconds=lambda _piece: 1.0, width=lambda _piece: 1)
    tally = Driver(stage, Kept()).carry_out(plan.pieces, plan.missing, wish)
    assert (tally.trained, tally.measured) == (2, 2)


PIECES = {piece.trajectory.digest for piece in plan_measures(facts(times())).pieces}


@dataclass
class Refused:
    """A claimant that is given every piece, and anything else only after some refusals."""

    refusals: int
    asked: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    def claim(self, digest: str) -> bool:
        if digest in PIECES:
            return True
        self.asked.append(digest)
        return len(self.asked) > self.refusals

    def release(self, digest: str) -> None:
        self.released.append(digest)

    def beat(self, status: Mapping[str, object] | None = None) -> None:
        pass


def test_while_another_command_takes_a_time_ours_waits() -> None:
    claimant = Refused(refusals=3)
    worked = Worked.of(times(), Stage(lasting, slots=2), claimant=claimant).alone()
    assert len(set(claimant.asked)) == 1
    assert len(claimant.asked) == 3 + len(worked.timed)
    assert claimant.released.count(claimant.asked[0]) == len(worked.timed)


class Elsewhere(Stage):
    """The first slot is on another machine, the last one here."""

    def _put(self, at: float, event: Event) -> None:
        if isinstance(event, Joined):
            host = platform.node() if event.slot == "s3" else "far"
            event = Joined(event.slot, Slot(event.slot, host, "cpu", "p"))
        super()._put(at, event)


def test_it_is_given_to_a_slot_of_this_machine() -> None:
    stage = Elsewhere(lasting, slots=3)
    Worked.of([*times(), *numbers()], stage).alone()
    assert {slot for _, slot, job in stage.given if any(f.taken_on for f in job.measures)} == {"s3"}


class TestInALab:
    def test_they_are_taken_and_stand(self, lab: Lab) -> None:
        first, second = times(range(2))
        both = derived("test_execute_timed:quotient", {"a": first, "b": second})
        assert lab.value(first) / lab.value(second) == lab.value(both)
        assert plan_of(lab, [first, second, both]).missing == []

    def test_what_another_command_took_meanwhile_is_not_taken_again(self, lab: Lab) -> None:
        plan = plan_of(lab, times(range(2)))
        lab.value(times(range(1))[0])
        before = {fact.digest: lab.store.records.has(fact.digest) for fact in plan.missing}
        assert sorted(before.values()) == [False, True]
        workshop = Workshop(lab.store)
        asked: list[str] = []
        real = workshop.measure
        workshop.measure = lambda fact: asked.append(fact.digest) or real(fact)  # type: ignore[method-assign,func-returns-value]
        assert driver(lab, workshop=workshop).carry_out(plan.pieces, plan.missing).measured == 2
        assert asked == [digest for digest, there in before.items() if not there]

    def test_another_machine_takes_its_own_and_trains_nothing(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        (wanted,) = times(range(1))
        lab.value(wanted)
        assert plan_of(lab, [wanted]).missing == []
        for module in (resolving, worker):
            monkeypatch.setattr(module, "this_machine", lambda: "another, riscv64, 9 cores")
        plan = plan_of(lab, [wanted])
        assert (plan.pieces, len(plan.missing)) == ([], 1)
        assert plan.missing[0].machine == "another, riscv64, 9 cores"
        assert lab.value(wanted) > 0

    def test_a_slot_on_another_machine_refuses(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resolving, "this_machine", lambda: "the one that asked")
        with pytest.raises(RequestError, match=r"step_time is a time of the machine that asked \(the one that asked\)"):
            lab.value(times(range(1))[0])
