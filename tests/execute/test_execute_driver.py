"""The driver against an executor that does what a script says: what is lost, fails, hangs or comes late."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from works import network, questions

from whether.errors import DamagedPieceError, RaisedError, RequestError, WorkError
from whether.execute.contract import Advanced, Ended, Event, Failed, Failure, Gone, Job, Joined, Reached, Slot, Stood
from whether.execute.dealer import Wish
from whether.execute.driver import Driver, hung_seconds
from whether.execute.progress import Note
from whether.history import Measure, accuracy
from whether.history.facts import MeasureFact
from whether.history.resolve import Resolver
from whether.plan.plan import Piece, Plan, plan_measures

Happens = Callable[[str, Job], list[Event]]


def goes_well(slot: str, job: Job) -> list[Event]:
    """Everything that a job that goes well tells."""
    told: list[Event] = []
    for piece in job.pieces:
        told += [Stood(slot, point.digest) for point in piece.points[:-1]]
        told += [Advanced(slot, piece.steps), Reached(slot, piece.trajectory.digest)]
    taken = tuple(fact.digest for fact in job.measures)
    return [*told, *([Advanced(slot, measures=taken)] if taken else []), Ended(slot, job.number)]


@dataclass
class Scripted:
    """An executor whose slots do what `happens` says, one job after the other; its clock runs with the calls."""

    happens: Happens = goes_well
    slots: int = 1
    profiles: tuple[str, ...] = ("p",)
    shares_process: bool = False
    late: int = 0
    clock: float = 0.0
    given: list[tuple[str, Job]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    _coming: list[Event] = field(default_factory=list)
    _made: int = 0
    stopped: bool = False

    def start(self) -> None:
        for _ in range(self.slots):
            self._join()

    def _join(self) -> None:
        profile = self.profiles[self._made % len(self.profiles)]
        self._made += 1
        self._coming.append(Joined(f"s{self._made}", Slot(f"s{self._made}", "here", "cpu", profile)))

    def give(self, slot: str, job: Job) -> None:
        self.given.append((slot, job))
        events = self.happens(slot, job)
        self._coming += events
        for event in events:
            if isinstance(event, Gone):
                self._join()

    def events(self, timeout: float) -> list[Event]:
        self.clock += 0.01 if self._coming else timeout
        if self.late and self.clock > self.late:
            self.late = 0
            self._join()
        found, self._coming = self._coming[:3], self._coming[3:]
        return found

    def drop(self, slot: str, because: str) -> None:
        self.dropped.append(because)
        self._coming.append(Gone(slot, because))
        self._join()

    def stop(self) -> None:
        self.stopped = True

    def now(self) -> float:
        return self.clock


class Remembering:
    """A shelf that remembers what was given up."""

    def __init__(self) -> None:
        self.failed: dict[str, Failure] = {}
        self.unmeasured: set[str] = set()
        self.there: set[str] = set()

    def stands(self, piece: Piece) -> bool:
        return piece.trajectory.digest in self.there

    def measured(self, digest: str) -> bool:
        return False

    def fail(self, piece: Piece, failure: Failure, tries: int) -> None:
        assert piece.trajectory.digest not in self.failed, "given up twice"
        self.failed[piece.trajectory.digest] = failure

    def fail_measure(self, fact: MeasureFact, failure: Failure) -> None:
        self.unmeasured.add(fact.digest)

    def pace(self, *_: Any) -> None:
        pass


def plan_for(wanted: list[Measure]) -> Plan:
    resolver = Resolver()
    return plan_measures([resolver.measure(item) for item in wanted])


PLAN = plan_for(questions())
SAME = plan_for([accuracy(network(seed=seed).train()) for seed in range(8)])


class Result:
    def __init__(self, plan: Plan, executor: Scripted, **wish: Any) -> None:
        self.plan, self.executor, self.shelf = plan, executor, Remembering()
        self.told: list[Any] = []
        self.stood: list[str] = []
        given = Wish(**({"measured": self._hear} | wish))
        self.tally = Driver(executor, self.shelf, self.told.append).carry_out(plan.pieces, plan.missing, given)

    def _hear(self, digests: Collection[str]) -> None:
        self.stood += digests

    @property
    def notes(self) -> str:
        return "\n".join(event.text for event in self.told if isinstance(event, Note))

    def whole(self) -> Result:
        """Assert that everything was done, once."""
        tally, plan = self.tally, self.plan
        assert tally.trained == len(plan.pieces)
        assert tally.done == tally.of == plan.steps_to_train
        assert sorted(self.stood) == sorted(fact.digest for fact in plan.missing)
        assert self.executor.stopped
        return self


def fails(kind: str, **more: Any) -> Failure:
    return Failure(kind, "so it is", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("slots", [1, 2, 5])
@pytest.mark.parametrize("plan", [PLAN, SAME])
def test_everything_is_done_once(plan: Plan, slots: int) -> None:
    result = Result(plan, Scripted(slots=slots)).whole()
    trained = [piece.trajectory.digest for _, job in result.executor.given for piece in job.pieces]
    assert sorted(trained) == sorted(piece.trajectory.digest for piece in plan.pieces)


def test_a_slot_that_is_lost_loses_nothing() -> None:
    lost: list[str] = []

    def happens(slot: str, job: Job) -> list[Event]:
        told = goes_well(slot, job)
        if job.pieces and len(lost) < 3:
            lost.append(slot)
            middle = len(told) // 2
            return [*told[:middle], Gone(slot, "power cut")]
        return told

    result = Result(PLAN, Scripted(happens, slots=2)).whole()
    assert (result.tally.lost, result.tally.failed) == (3, 0)
    assert "is gone (power cut); what it did is given to another" in result.notes


def test_what_a_lost_slot_had_published_is_not_trained_again() -> None:
    first: list[Job] = []

    def happens(slot: str, job: Job) -> list[Event]:
        if job.pieces and not first:
            first.append(job)
            result_shelf.there |= {piece.trajectory.digest for piece in job.pieces}
            return [Gone(slot, "it died after its work")]
        return goes_well(slot, job)

    executor = Scripted(happens)
    result_shelf = Remembering()
    driver = Driver(executor, result_shelf)
    tally = driver.carry_out(PLAN.pieces, PLAN.missing, Wish())
    assert (tally.trained, tally.done, tally.measured) == (len(PLAN.pieces), tally.of, len(PLAN.missing))
    again = [piece for _, job in executor.given if job is not first[0] for piece in job.pieces]
    assert not {piece.trajectory.digest for piece in again} & result_shelf.there


def test_memory_that_does_not_do_halves_the_pack_and_its_kind_stays_narrow() -> None:
    def happens(slot: str, job: Job) -> list[Event]:
        return [Failed(slot, job.number, fails("memory"))] if len(job.pieces) > 2 else goes_well(slot, job)

    result = Result(SAME, Scripted(happens)).whole()
    widths = [len(job.pieces) for _, job in result.executor.given if job.pieces]
    assert widths == [8, 4, 2, 2, 2, 2]


def test_a_network_that_does_not_fit_alone_ends_the_run() -> None:
    def happens(slot: str, job: Job) -> list[Event]:
        return [Failed(slot, job.number, fails("memory"))]

    with pytest.raises(WorkError, match="the network mlp-12-6 does not fit into memory, even alone: so it is"):
        Result(SAME, Scripted(happens))


def test_one_that_always_raises_is_found_recorded_and_the_others_go_on() -> None:
    bad = PLAN.pieces[0].trajectory.digest

    def happens(slot: str, job: Job) -> list[Event]:
        if any(piece.trajectory.digest == bad for piece in job.pieces):
            return [Failed(slot, job.number, fails("raised"))]
        return goes_well(slot, job)

    result = Result(PLAN, Scripted(happens))
    assert bad in result.shelf.failed
    assert len(result.shelf.failed) == 5, "what begins from it cannot be trained"
    assert result.tally.trained + result.tally.failed == len(PLAN.pieces)
    assert result.tally.done == result.tally.of
    assert sorted(result.stood) == sorted(fact.digest for fact in PLAN.missing)
    assert 0 < len(result.shelf.unmeasured) < len(PLAN.missing)
    alone = [job for _, job in result.executor.given if [p.trajectory.digest for p in job.pieces] == [bad]]
    assert len(alone) == 3
    assert (
        f"failed 3 times and is recorded as failed, with 4 that begin from it: so it is `whether retry {bad[:12]}`"
        in (result.notes)
    )


def test_the_guilty_one_of_a_pack_is_named_and_the_others_are_not_blamed() -> None:
    bad = SAME.pieces[3].trajectory.digest

    def happens(slot: str, job: Job) -> list[Event]:
        if any(piece.trajectory.digest == bad for piece in job.pieces):
            return [Failed(slot, job.number, fails("raised", item=bad))]
        return goes_well(slot, job)

    result = Result(SAME, Scripted(happens))
    assert set(result.shelf.failed) == {bad}
    assert result.tally.trained == 7


@pytest.mark.parametrize("kind", ["raised", "memory"])
def test_when_nothing_of_a_kind_works_nothing_is_recorded(kind: str) -> None:
    executor = Scripted(lambda slot, job: [Failed(slot, job.number, fails(kind))])
    shelf = Remembering()
    with pytest.raises(RaisedError if kind == "raised" else WorkError, match="so it is"):
        Driver(executor, shelf).carry_out(SAME.pieces, SAME.missing)
    assert shelf.failed == {}
    assert executor.stopped


def test_unless_it_is_wished() -> None:
    result = Result(SAME, Scripted(lambda s, job: [Failed(s, job.number, fails("raised"))]), worked=lambda _piece: True)
    assert len(result.shelf.failed) == 8


@pytest.mark.parametrize("kind", ["request", "work", "damage"])
def test_what_no_other_try_mends_ends_the_run_at_once(kind: str) -> None:
    executor = Scripted(lambda slot, job: [Failed(slot, job.number, fails(kind, problems=("so it is",)))])
    with pytest.raises(Exception, match="so it is"):
        Driver(executor, Remembering()).carry_out(PLAN.pieces, PLAN.missing)
    assert len(executor.given) == 1


def test_where_something_stored_is_damaged_what_goes_on_is_let_finish() -> None:
    def happens(slot: str, job: Job) -> list[Event]:
        if slot == "s1":
            return [Failed(slot, job.number, fails("damaged", item="f" * 64))]
        return goes_well(slot, job)

    executor = Scripted(happens, slots=2)
    with pytest.raises(DamagedPieceError, match="so it is") as caught:
        Driver(executor, Remembering()).carry_out(SAME.pieces, SAME.missing, Wish(width=lambda _piece: 1))
    assert caught.value.digest == "f" * 64
    assert {slot for slot, _ in executor.given} == {"s1", "s2"}


def test_a_hung_slot_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHETHER_HUNG_SECONDS", "30")
    silent: list[str] = []

    def happens(slot: str, job: Job) -> list[Event]:
        if job.pieces and not silent:
            silent.append(slot)
            return []
        return goes_well(slot, job)

    result = Result(PLAN, Scripted(happens)).whole()
    assert result.executor.dropped == ["nothing was heard of it for 30 s"]
    assert 30 < result.executor.clock < 40


@pytest.mark.parametrize("said", ["soon", "-1", "0", "nan"])
def test_a_wrong_patience_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("WHETHER_HUNG_SECONDS", said)
    with pytest.raises(RequestError, match=f"WHETHER_HUNG_SECONDS is '{said}'; expected a number of seconds"):
        hung_seconds()


def test_who_waits_for_an_early_stop_begins_there() -> None:
    early = network().train(until="4it")
    plan = plan_for([accuracy(early.train()), accuracy(early.train(order=9))])
    held: list[tuple[str, Job]] = []

    def happens(slot: str, job: Job) -> list[Event]:
        if job.pieces and len(job.pieces[0].points) == 2 and not held:
            held.append((slot, job))
            return [Stood(slot, job.pieces[0].points[0].digest)]
        told = goes_well(slot, job)
        if held and job.pieces:
            told += goes_well(*held[0])  # the long piece ends after the one that began from its stop
        return told

    Result(plan, Scripted(happens, slots=2)).whole()


def test_slots_that_come_late_are_used() -> None:
    result = Result(SAME, Scripted(late=5, slots=0)).whole()
    assert {slot for slot, _ in result.executor.given} == {"s1"}


def test_another_profile_is_left_idle_unless_mixed() -> None:
    result = Result(SAME, Scripted(slots=2, profiles=("p", "q"))).whole()
    assert {slot for slot, _ in result.executor.given} == {"s1"}
    assert "computes under another profile than the first ones and is left idle" in result.notes
    mixed = Result(SAME, Scripted(slots=2, profiles=("p", "q")), mixed=True).whole()
    assert {slot for slot, _ in mixed.executor.given} == {"s1", "s2"}


def test_a_budget_begins_nothing_that_does_not_fit() -> None:
    result = Result(SAME, Scripted(), budget=0.0, seconds=lambda _piece: 1.0)
    assert (result.executor.given, result.tally.trained) == ([], 0)
    some = Result(SAME, Scripted(), budget=3.5, seconds=lambda _piece: 1.0, width=lambda _piece: 1)
    assert 3 <= some.tally.trained <= 8


def test_events_of_jobs_that_are_over_are_passed_over() -> None:
    def happens(slot: str, job: Job) -> list[Event]:
        stale: list[Event] = [Ended(slot, job.number - 1), Failed(slot, job.number - 1, fails("work"))]
        return [*stale, Reached(slot, "0" * 64), *goes_well(slot, job)]

    Result(PLAN, Scripted(happens)).whole()


def test_code_of_ones_own_is_alone_where_slots_share_a_process() -> None:
    nets = [network(model=model, seed=seed).train() for seed in (1, 2, 3) for model in ("mlp-4", "foreign:perceptron")]
    plan = plan_for([accuracy(net) for net in nets])
    going: set[str] = set()
    most: dict[bool, int] = {True: 0, False: 0}

    def happens(slot: str, job: Job) -> list[Event]:
        going.add(slot)
        own = any(piece.trajectory.begin.model.name.startswith("foreign") for piece in job.pieces)
        most[own] = max(most[own], len(going))
        return goes_well(slot, job)

    class Counting(Scripted):
        def events(self, timeout: float) -> list[Event]:
            found = super().events(timeout)
            for event in found:
                if isinstance(event, Ended):
                    going.discard(event.slot)
            return found

    Result(plan, Counting(happens, slots=3, shares_process=True), width=lambda _piece: 1).whole()
    assert most[True] == 1


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_happens_everything_ends_once(data: st.DataObject) -> None:
    """Slots die and join, jobs fail for memory or are lost half-way: the account adds up and nothing is missing."""
    trouble = data.draw(st.lists(st.sampled_from(["well", "well", "dies", "memory", "half"]), max_size=30))

    def happens(slot: str, job: Job) -> list[Event]:
        told = goes_well(slot, job)
        what = trouble.pop() if trouble and job.pieces else "well"
        if what == "dies":
            return [Gone(slot, "it died")]
        if what == "memory" and len(job.pieces) > 1:
            return [Failed(slot, job.number, fails("memory"))]
        if what == "half":
            return [*told[: data.draw(st.integers(0, len(told) - 1))], Gone(slot, "it died half-way")]
        return told

    slots = data.draw(st.integers(1, 4))
    plan = data.draw(st.sampled_from([PLAN, SAME]))
    result = Result(plan, Scripted(happens, slots=slots), worked=lambda _piece: True)
    assert result.tally.trained + result.tally.failed == len(plan.pieces)
    assert result.tally.done == result.tally.of
    assert sorted(set(result.stood)) == sorted(fact.digest for fact in plan.missing)
    assert len(result.stood) == len(set(result.stood))
