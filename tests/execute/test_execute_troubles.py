"""Troubles that come together: the driver against slots that die, fail and work at the same time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import Kept, Stage, broken, killed, names, well
from works import network, questions

from whether.errors import RaisedError, WorkError
from whether.execute.contract import Advanced, Ended, Job, Reached
from whether.execute.dealer import Wish
from whether.execute.doubts import MOST_TRIES
from whether.execute.driver import Driver
from whether.execute.progress import Note
from whether.execute.tally import Tally
from whether.history import Measure, accuracy
from whether.history.resolve import Resolver
from whether.plan.plan import Plan, plan_measures


def plan_for(wanted: list[Measure]) -> Plan:
    resolver = Resolver()
    return plan_measures([resolver.measure(item) for item in wanted])


SAME = plan_for([accuracy(network(seed=seed).train()) for seed in range(6)])
CHAINS = plan_for(questions())


class Run:
    """A plan carried out on a stage."""

    def __init__(self, plan: Plan, stage: Stage, shelf: Kept | None = None, **wish: Any) -> None:
        self.stage, self.shelf = stage, shelf or Kept()
        self.measured: list[str] = []
        self.notes: list[str] = []
        self.tally: Tally = Driver(stage, self.shelf, self._hear).carry_out(
            plan.pieces, plan.missing, Wish(**({"measured": self._taken} | wish))
        )
        assert stage.stopped

    def _taken(self, digests: Collection[str]) -> None:
        self.measured += digests

    def _hear(self, event: Any) -> None:
        if isinstance(event, Note):
            self.notes.append(event.text)


def one_at_a_time(_piece: object) -> int:
    return 1


@pytest.mark.parametrize("slots", [1, 2, 4])
@pytest.mark.parametrize("how", ["raised", "killed", "memory"])
@pytest.mark.parametrize("width", [1, 8])
def test_one_bad_network_does_not_end_a_run_while_the_others_still_train(slots: int, how: str, width: int) -> None:
    """It fails at once, they take long: whether its kind works at all is not known before they end."""
    for bad in sorted(piece.trajectory.digest for piece in SAME.pieces):

        def play(slot: str, job: Job, bad: str = bad) -> Any:
            if bad not in names(job):
                return well(slot, job, each=100.0)
            return killed(slot) if how == "killed" else broken(slot, job, "raised" if how == "raised" else "memory")

        run = Run(SAME, Stage(play, slots=slots), width=lambda _piece: width)
        assert run.shelf.failed == {bad: 3}
        assert (run.tally.trained, run.tally.failed, run.tally.done) == (5, 1, run.tally.of)
        assert len(run.measured) == len(set(run.measured)) == 6


@pytest.mark.parametrize("how", ["raised", "killed"])
def test_when_the_whole_kind_is_bad_the_run_ends_soon_and_other_kinds_are_kept(how: str) -> None:
    good = [accuracy(network("mlp-5", seed=seed).train()) for seed in range(2)]
    plan = plan_for([*good, *(accuracy(network(seed=seed).train()) for seed in range(3))])

    def play(slot: str, job: Job) -> Any:
        if job.pieces and job.pieces[0].trajectory.begin.model.name != "mlp-5":
            return killed(slot) if how == "killed" else broken(slot, job, "raised")
        return well(slot, job)

    shelf = Kept()
    stage = Stage(play, slots=2)
    with pytest.raises(
        RaisedError if how == "raised" else WorkError, match=r"so it is|every slot that trained mlp-12-6"
    ):
        Run(plan, stage, shelf)
    assert shelf.failed == {}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("how", ["killed", "memory", "raised"])
def test_a_measure_that_takes_its_slot_with_it_ends_the_run_and_is_named(how: str, together: bool) -> None:
    """Not for ever again; the measures in whose job it was are tried alone, too."""
    bad = SAME.missing[3].digest

    def play(slot: str, job: Job) -> Any:
        if bad not in {fact.digest for fact in job.measures}:
            return well(slot, job)
        trained = well(slot, Job(job.number, job.pieces))[:-1]
        return trained + (killed(slot, after=50.0) if how == "killed" else broken(slot, job, how, after=50.0))  # type: ignore[arg-type]

    stage = Stage(play, slots=2, most=60)
    taken: list[str] = []
    with pytest.raises((WorkError, RaisedError), match=r"so it is|it died") as caught:
        Run(SAME, stage, width=(lambda _piece: 8) if together else one_at_a_time, measured=taken.extend)
    assert bad not in taken
    assert len(stage.given) < 25
    if how == "killed":
        assert "accuracy" in str(caught.value)


def test_measures_that_were_lost_by_accident_are_taken() -> None:
    deaths = [True, True, True]

    def play(slot: str, job: Job) -> Any:
        if job.measures and deaths and deaths.pop():
            return [*well(slot, Job(job.number, job.pieces))[:-1], *killed(slot, after=50.0)]
        return well(slot, job)

    run = Run(SAME, Stage(play, slots=2))
    assert sorted(run.measured) == sorted(fact.digest for fact in SAME.missing)
    assert run.tally.failed == 0


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("budget", [0.5, 1.0, 3.5, 6.0])
def test_no_pack_goes_beyond_the_budget(width: int, budget: float) -> None:
    run = Run(SAME, Stage(slots=2), width=lambda _piece: width, budget=budget, seconds=lambda _piece: 1.0)
    assert run.tally.trained == int(budget)
    assert len(run.measured) == run.tally.trained


def test_what_ends_after_it_was_lost_and_given_again_counts_once() -> None:
    """A job dies after half of its pack has ended: the rest goes on from there, and the account adds up."""
    first: list[str] = []

    def play(slot: str, job: Job) -> Any:
        if job.pieces and not first:
            first.extend(names(job))
            return [*well(slot, job)[:7], (3.5, Advanced(slot, 5)), *killed(slot, after=3.6)]
        return well(slot, job)

    run = Run(SAME, Stage(play, slots=2), width=lambda _piece: 8)
    again = [name for _, _, job in run.stage.given[1:] for name in names(job)]
    assert (run.tally.trained, run.tally.done, run.tally.lost) == (6, run.tally.of, 1)
    assert len(again) == len(set(again))
    assert sorted(run.measured) == sorted(fact.digest for fact in SAME.missing)


def test_an_end_that_leaves_something_undone_is_no_end() -> None:
    """Whatever an executor does, nothing is waited for that nobody does."""
    short: list[Job] = []

    def play(slot: str, job: Job) -> Any:
        if len(job.pieces) > 1 and not short:
            short.append(job)
            first = job.pieces[0]
            told = [Advanced(slot, first.steps), Reached(slot, first.trajectory.digest), Ended(slot, job.number)]
            return [(1.0, event) for event in told]
        return well(slot, job)

    run = Run(CHAINS, Stage(play, slots=2))
    assert short
    assert (run.tally.trained, run.tally.done) == (len(CHAINS.pieces), run.tally.of)
    assert sorted(run.measured) == sorted(fact.digest for fact in CHAINS.missing)


class Neighbour:
    """Claims in a lab in which another command is at some pieces: it ends them, or it dies and they become free."""

    def __init__(self, stage: Stage, shelf: Kept, theirs: Mapping[str, tuple[float, bool]]) -> None:
        self.stage, self.shelf, self.theirs = stage, shelf, theirs
        self.ours: set[str] = set()

    def claim(self, digest: str) -> bool:
        until, ends = self.theirs.get(digest, (0.0, False))
        if self.stage.clock < until:
            return False
        if ends and until:
            self.shelf.there.add(digest)
        self.ours.add(digest)
        return True

    def release(self, digest: str) -> None:
        self.ours.discard(digest)

    def beat(self, status: Mapping[str, object] | None = None) -> None:
        assert status is not None
        assert status["steps"][0] <= status["steps"][1]  # type: ignore[index]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_comes_together_every_piece_ends_once(data: st.DataObject) -> None:
    """Deaths, hung slots, memory, code that raises, slots that are slow and another command, all in one run."""
    plan = (CHAINS, SAME)[data.draw(st.integers(0, 1))]
    digests = [piece.trajectory.digest for piece in plan.pieces]
    bad = set(data.draw(st.lists(st.sampled_from(digests), max_size=2)))
    fate = st.sampled_from(["well", "well", "slow", "dies", "hangs", "memory"])
    fates = data.draw(st.lists(fate, max_size=25))
    deaths = [place for place, what in enumerate(fates) if what in ("dies", "hangs")]
    for place in deaths[2 * MOST_TRIES - 1 :]:  # so many accidents in a row would be taken for somebody's fault
        fates[place] = "well"
    shelf = Kept()

    def play(slot: str, job: Job) -> Any:
        if bad & set(names(job)):
            return broken(slot, job, "raised", after=data.draw(st.floats(0, 5)))
        what = fates.pop() if fates else "well"
        if what == "memory" and len(job.pieces) > 1:
            return broken(slot, job, "memory")
        told = well(slot, job, each=data.draw(st.floats(10, 50)) if what == "slow" else 1.0)
        if what not in ("dies", "hangs"):
            return told
        kept = told[: data.draw(st.integers(0, len(told) - 1))]
        at = kept[-1][0] if kept else 0.0
        ended = {event.trajectory for _, event in kept if isinstance(event, Reached)}
        if set(names(job)) - ended and data.draw(st.booleans()):  # it published one more and could not say so
            shelf.there |= {next(name for name in names(job) if name not in ended)}
        return kept if what == "hangs" else [*kept, *killed(slot, after=at)]

    stage = Stage(play, slots=data.draw(st.integers(1, 4)))
    some = st.dictionaries(st.sampled_from(digests), st.tuples(st.floats(0.1, 30), st.booleans()), max_size=4)
    theirs = data.draw(some)
    claimant = Neighbour(stage, shelf, {name: said for name, said in theirs.items() if name not in bad})
    measured: list[str] = []
    driver = Driver(stage, shelf, claimant=claimant)
    driver.patience = 60.0
    width = data.draw(st.sampled_from([1, 3, 8]))
    wish = Wish(measured=measured.extend, worked=lambda _piece: True, width=lambda _piece: width)
    tally = driver.carry_out(plan.pieces, plan.missing, wish)
    assert (tally.trained + tally.failed, tally.done) == (len(plan.pieces), tally.of)
    assert tally.failed == len(shelf.failed)
    assert {name for name, tries in shelf.failed.items() if tries} <= bad
    assert sorted(measured) == sorted(fact.digest for fact in plan.missing)
    assert shelf.unmeasured <= set(measured)
    assert claimant.ours == set(), "claims are held after the end"
    assert not bad - set(shelf.failed)
