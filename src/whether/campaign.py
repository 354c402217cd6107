"""The Campaign: questions planned and worked together on one executor, each answered as soon as its last number stands.

    asked ─▶ plan (what is missing, each piece once) ─▶ driver ─▶ records ─▶ looks ─▶ answers, as they ripen
                                                          ▲                   │
                                                          └── the next batch ◀┘ (`looking.py`, `course.py`)

What turns out to be damaged on the way is set aside and made again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from whether import evidence
from whether.answer import DONE, Answer
from whether.answered import Answered
from whether.course import Course
from whether.design import design_digest
from whether.errors import DamagedPieceError, DamageError
from whether.execute.progress import Finished, Listener, Note
from whether.execute.unopened import UnopenedWorkshop
from whether.failures import conclude_bounded
from whether.history.facts import MeasureFact, Point
from whether.history.walk import closure
from whether.looking import Looking
from whether.plan import portfolio
from whether.plan.cost import Costs
from whether.plan.plan import Asked, Piece, Plan
from whether.plan.size import weights_stored
from whether.plan.width import networks_at_once, part_left, sparse_pays, width_on_gpu, width_within
from whether.provenance import provenance
from whether.sources import sources
from whether.store.clean import quarantine
from whether.store.folder import Store

if TYPE_CHECKING:
    from whether.execute.contract import Executor
    from whether.execute.driver import Driver
    from whether.execute.tally import Tally
    from whether.execute.workshop import Workshop

T = TypeVar("T")
MOST_REPAIRS = 1000


@dataclass(frozen=True)
class Means:
    """With what a campaign works.

    Attributes:
        on: which executor: "auto" (processes for long work), "inprocess", "local", "local:4", "ray",
            "ray://host:10001".
        budget: device-seconds that may be spent; None for whatever it takes.
        mixed: let devices of different profiles work together.
        ahead: train for the look after the next while a device would be idle; what the verdict does not need then is
            shown as overrun.
    """

    on: str = "auto"
    budget: float | None = None
    mixed: bool = False
    ahead: bool = False


class Campaign:
    """Work in a lab.

    Args:
        store: the lab's.
        tell: hears of progress.
        means: with what.
        record_failures: record what always fails even when nothing of its kind works.
    """

    def __init__(
        self, store: Store, tell: Listener, means: Means | None = None, *, record_failures: bool = False
    ) -> None:
        self.store = store
        self.tell = tell
        self.means = means or Means()
        self.record_failures = record_failures
        self.answered = Answered(store)
        self.tally: Tally | None = None  # of the work that goes on, or was the last
        self._spent = 0.0

    def answer(self, asked: Sequence[Asked]) -> list[Answer | None]:
        """Answer questions; None stands for those that the budget did not reach.

        Raises:
            RequestError, WorkError, DamageError: what was done stays.
        """
        found: list[Answer | None] = [self._standing(item) for item in asked]
        for answer in found:
            if answer is not None:
                self.tell(Finished(answer))
        if None not in found:
            return found
        self.store.ledger.entries()  # a damaged one is told of before the work, not after
        places = [place for place, answer in enumerate(found) if answer is None]
        looking = Looking(self, [asked[place] for place in places])
        self._repairing(looking.attempt)
        for place, answer in zip(places, looking.answers, strict=True):
            found[place] = answer
        return found

    def measure(self, wanted: Sequence[MeasureFact]) -> list[dict[str, Any]]:
        """The records of measures, trained for if need be."""
        from whether.plan.plan import plan_measures

        def attempt(workshop: Workshop) -> list[dict[str, Any]]:
            plan = plan_measures(wanted, self.stock())
            workshop.prepare([*(piece.trajectory for piece in plan.pieces), *plan.missing])
            self.drive(workshop, plan.pieces, plan.missing)
            return [workshop.record(fact.digest) for fact in wanted]

        return self._repairing(attempt)

    def make(self, pieces: Callable[[], Sequence[Piece]], use: Callable[[Workshop], T]) -> T:
        """Train what `pieces` says is missing, then use what stands; again, when something of it is damaged."""

        def attempt(workshop: Workshop) -> T:
            self.drive(workshop, pieces(), ())
            return use(workshop)

        return self._repairing(attempt)

    def drive(
        self,
        workshop: Workshop,
        pieces: Sequence[Piece],
        measures: Sequence[MeasureFact],
        *,
        plan: Plan | None = None,
        measured: Callable[[Collection[str]], None] = lambda _digests: None,
        begin: Callable[[Driver], None] = lambda _driver: None,
        late: Collection[str] = (),
    ) -> None:
        """Train the pieces and take the measures on the executor that was asked for.

        Args:
            workshop: over this lab.
            pieces, measures: what is missing.
            plan: of questions, when it is theirs.
            measured: is told the digests of measures as they come to stand.
            begin: is handed the driver before it begins, to add to its work.
            late: trajectories that are trained only while nothing else is ready.
        """
        if not pieces and not measures:
            return
        from whether.execute.dealer import LAST, Wish
        from whether.execute.driver import Driver
        from whether.execute.shelf import LabShelf

        costs = Costs(self.store.paces.read())
        on = self._on(pieces, costs)
        wish = Wish(
            # Without a budget everything is done, and soonest if the longest chains go first, whoever asks for them.
            ranks=(portfolio.ranks(plan, costs) if plan is not None and self.means.budget is not None else {})
            | dict.fromkeys(late, LAST),
            seconds=costs.seconds,
            width=self._width(on),
            budget=None if self.means.budget is None else max(0.0, self.means.budget - self._spent),
            mixed=self.means.mixed,
            worked=partial(self._worked, [fact for item in plan.asked for fact in item.wanted] if plan else measures),
            measured=measured,
            about={"on": on, "questions": list(dict.fromkeys(plan.questions)) if plan else []},
        )
        with self.store.claims.enter() as claimant:
            driver = Driver(self._executor(on, workshop), LabShelf(self.store), self.tell, claimant)
            self.tally = driver.tally
            begin(driver)
            driver.carry_out(pieces, measures, wish)
            self._spent += driver.dealer.spent

    def _worked(self, wanted: Sequence[MeasureFact], kind: str) -> bool:
        """Whether a network of a kind (`execute.doubts`) stands among what is asked for: not all of its kind fail."""
        from whether.execute.doubts import kinds_of

        if self.record_failures:
            return True
        behind = (fact for fact in closure(wanted) if isinstance(fact, Point) and kind in kinds_of(fact.trajectory))
        with suppress(DamageError):
            return any(
                self.store.records.has(point.digest) and self.store.records.read(point.digest).get("outcome") == DONE
                for point in behind
            )
        return False

    def _width(self, on: str) -> Callable[[Piece], int]:
        """The widest pack that pays on this machine and that its memory holds."""
        from whether.execute import memory, profiles
        from whether.execute.local import on_gpus

        if on_gpus(on):
            whole = memory.for_each(1, "cuda")
            return lambda piece: width_on_gpu(piece.trajectory.begin.model, piece.trajectory.training, whole)
        settings = profiles.current(self.store).settings
        rule = {"below": settings.sparse_below, "overhead": settings.sparse_overhead}
        room = memory.for_each(memory.cores())

        def widest(piece: Piece) -> int:
            model, training, left = piece.trajectory.begin.model, piece.trajectory.training, 1.0
            weights, part = weights_stored(model), part_left(piece.trajectory.begin.mask)
            if (
                weights
                and settings.kernels == "sparse"
                and sparse_pays(part * weights, weights, training.batch, **rule)
            ):
                left = part
            most = networks_at_once(model, settings.weights_at_once, left)
            return width_within(model, training, room, most=most)

        return widest

    def _on(self, pieces: Sequence[Piece], costs: Costs) -> str:
        """Which executor works, when that is left to us."""
        if self.means.on != "auto":
            return self.means.on
        from whether.execute.engines import suited

        return suited(sum(costs.seconds(piece) for piece in pieces), sum(not piece.waits_for for piece in pieces))

    def _executor(self, on: str, workshop: Workshop) -> Executor:
        from whether.execute.engines import engine

        return engine(on, workshop)

    def stock(self, wanted: Sequence[MeasureFact] = ()) -> Any:
        """What the lab has now, as the planner asks for it."""
        from whether.execute.stock import LabStock

        return LabStock(self.store, wanted)

    def _repairing(self, attempt: Callable[[Workshop], T]) -> T:
        """Try; what turns out to be damaged is set aside and, at the next try, made again."""
        workshop = UnopenedWorkshop(self.store, self.tell)
        for _ in range(MOST_REPAIRS):
            try:
                return attempt(workshop)
            except DamagedPieceError as error:
                quarantine(self.store, error.digest)
                workshop.forget(error.digest)
                self.tell(Note(f"{error} It is set aside in work/damaged and made again."))
        raise DamageError(
            f"{MOST_REPAIRS} pieces of the lab {self.store.root} were damaged in one run; is the disk sound?"
        )

    def conclude(self, course: Course, plan: Plan, workshop: Workshop, seconds: float) -> Answer:
        """The answer to a question that is over, written with its report and entered in the ledger."""
        asked, record, made = course.now, workshop.record, provenance()
        answer = conclude_bounded(
            asked.question,
            evidence.columns(asked, record),
            digest=design_digest(asked),
            seed=asked.seed.value,
            grade=asked.grade,
            study=asked.study,
            split=asked.split,
            data=evidence.data_facts(asked),
            circumstances=evidence.circumstances(plan, seconds, self.store.root)
            | evidence.device_seconds(asked, record)
            | made.circumstances
            | (self.tally.account() if self.tally is not None else {}),
            curves=evidence.curves(asked, record),
            checks=evidence.failed_checks(asked, record),
            sources=sources(asked),
            overrun=course.overrun(self.store.records.has, record),
        )
        return self.answered.write(answer, made.lock)

    def _standing(self, asked: Asked) -> Answer | None:
        """The answer that stands, to a command that may write: a damaged one is set aside."""
        folder = self.store.answers.open(asked.question.name, design_digest(asked))
        try:
            found = self.answered.to(asked)
        except DamageError as error:
            if error.place != f"answers/{folder.path.name}/answer.json":
                raise
            self.store.work.set_aside(folder.path / "answer.json")
            self.tell(Note(f"{error} It is set aside in work/damaged."))
            return None
        if found is not None:
            self.store.answers.point(folder)
        return found
