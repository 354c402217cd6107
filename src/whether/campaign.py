"""The Campaign: questions planned and worked together on one executor, each answered as soon as its last number stands.

    asked ─▶ plan (what is missing, each piece once) ─▶ driver ─▶ records ─▶ answers, in the order in which they ripen

What turns out to be damaged on the way is set aside and made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from whether import evidence
from whether.answer import DONE, Answer
from whether.answered import Answered
from whether.errors import DamagedPieceError, DamageError
from whether.execute.progress import Finished, Listener, Note, Planned
from whether.failures import conclude_bounded
from whether.history.facts import MeasureFact, Point
from whether.history.walk import closure
from whether.plan import portfolio
from whether.plan.cost import Costs
from whether.plan.plan import Asked, Piece, Plan, make_plan
from whether.plan.width import networks_at_once, width_within
from whether.store.clean import quarantine
from whether.store.folder import Store

if TYPE_CHECKING:
    from whether.execute.contract import Executor
    from whether.execute.tally import Tally
    from whether.execute.workshop import Workshop

T = TypeVar("T")
GRADE = "exploratory"
MOST_REPAIRS = 1000


@dataclass(frozen=True)
class Means:
    """With what a campaign works.

    Attributes:
        on: which executor: "inprocess", "local", "local:4", "ray", "ray://host:10001".
        budget: device-seconds that may be spent; None for whatever it takes.
        mixed: let devices of different profiles work together.
    """

    on: str = "inprocess"
    budget: float | None = None
    mixed: bool = False


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
        self._tally: Tally | None = None  # of the work that goes on, or was the last

    def answer(self, asked: Sequence[Asked]) -> list[Answer | None]:
        """Answer questions; None stands for those that the budget did not reach.

        Raises:
            RequestError, WorkError, DamageError: what was done stays.
        """
        begun = time.monotonic()
        found: list[Answer | None] = [self._standing(item) for item in asked]
        for answer in found:
            if answer is not None:
                self.tell(Finished(answer))
        if None not in found:
            return found
        self.store.ledger.entries()  # a damaged one is told of before the work, not after
        places = [place for place, answer in enumerate(found) if answer is None]
        plans: list[Plan] = []

        def attempt(workshop: Workshop) -> None:
            open_now = [asked[place] for place in places if found[place] is None]
            stock = self._stock([fact for item in open_now for fact in _facts(item)])
            plan = make_plan(open_now, stock)
            if not plans:  # of each question by itself, for its account
                plans.extend([make_plan([item], stock) for item in open_now] if len(open_now) > 1 else [plan])
            workshop.prepare([*(piece.trajectory for piece in plan.pieces), *plan.missing])
            for item in open_now:
                self._count_opening(item)
            self.tell(Planned(plan))
            waiting = _Waiting([asked[place] for place in places], plan.missing)

            def conclude(place: int) -> None:
                if found[places[place]] is None:
                    seconds = time.monotonic() - begun
                    answer = self._conclude(asked[places[place]], plans[place], workshop, seconds)
                    found[places[place]] = answer
                    self.tell(Finished(answer))

            self._carry_out(workshop, plan, waiting, conclude)

        self._repairing(attempt)
        return found

    def measure(self, wanted: Sequence[MeasureFact]) -> list[dict[str, Any]]:
        """The records of measures, trained for if need be."""
        from whether.plan.plan import plan_measures

        def attempt(workshop: Workshop) -> list[dict[str, Any]]:
            plan = plan_measures(wanted, self._stock())
            workshop.prepare([*(piece.trajectory for piece in plan.pieces), *plan.missing])
            self._drive(workshop, plan.pieces, plan.missing)
            return [workshop.record(fact.digest) for fact in wanted]

        return self._repairing(attempt)

    def make(self, pieces: Callable[[], Sequence[Piece]], use: Callable[[Workshop], T]) -> T:
        """Train what `pieces` says is missing, then use what stands; again, when something of it is damaged."""

        def attempt(workshop: Workshop) -> T:
            self._drive(workshop, pieces(), ())
            return use(workshop)

        return self._repairing(attempt)

    def _carry_out(
        self,
        workshop: Workshop,
        plan: Plan,
        waiting: _Waiting,
        conclude: Callable[[int], None],
    ) -> None:
        damaged: list[DamagedPieceError] = []

        def ripen(digests: Collection[str]) -> None:
            for place in waiting.stood(digests):
                try:
                    conclude(place)
                except DamagedPieceError as error:  # the others' work goes on meanwhile
                    damaged.append(error)

        self._drive(workshop, plan.pieces, plan.missing, plan=plan, measured=ripen)
        if damaged:
            raise damaged[0]
        for place in waiting.ripe():
            conclude(place)

    def _drive(
        self,
        workshop: Workshop,
        pieces: Sequence[Piece],
        measures: Sequence[MeasureFact],
        *,
        plan: Plan | None = None,
        measured: Callable[[Collection[str]], None] = lambda _digests: None,
    ) -> None:
        if not pieces and not measures:
            return
        from whether.execute.dealer import Wish
        from whether.execute.driver import Driver
        from whether.execute.shelf import LabShelf

        costs = Costs(self.store.paces.read())
        wish = Wish(
            # Without a budget everything is done, and soonest if the longest chains go first, whoever asks for them.
            ranks=portfolio.ranks(plan, costs) if plan is not None and self.means.budget is not None else {},
            seconds=costs.seconds,
            width=self._width(),
            budget=self.means.budget,
            mixed=self.means.mixed,
            worked=partial(self._worked, [fact for item in plan.asked for fact in _facts(item)] if plan else measures),
            measured=measured,
            about={"on": self.means.on, "questions": list(dict.fromkeys(plan.questions)) if plan else []},
        )
        with self.store.claims.enter() as claimant:
            driver = Driver(self._executor(workshop), LabShelf(self.store), self.tell, claimant)
            self._tally = driver.tally
            driver.carry_out(pieces, measures, wish)

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

    def _width(self) -> Callable[[Piece], int]:
        """The widest pack that pays on this machine and that its memory holds."""
        from whether.execute import memory, profiles

        at_once = profiles.current(self.store).settings.weights_at_once
        room = memory.for_each(memory.cores())

        def widest(piece: Piece) -> int:
            model = piece.trajectory.begin.model
            return width_within(model, piece.trajectory.training, room, most=networks_at_once(model, at_once))

        return widest

    def _executor(self, workshop: Workshop) -> Executor:
        from whether.execute.engines import engine

        return engine(self.means.on, workshop)

    def _stock(self, wanted: Sequence[MeasureFact] = ()) -> Any:
        from whether.execute.stock import LabStock

        return LabStock(self.store, wanted)

    def _repairing(self, attempt: Callable[[Workshop], T]) -> T:
        """Try; what turns out to be damaged is set aside and, at the next try, made again."""
        from whether.execute.workshop import Workshop

        workshop = Workshop(self.store, self.tell)
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

    def _conclude(self, asked: Asked, plan: Plan, workshop: Workshop, seconds: float) -> Answer:
        from whether.report.write import render

        answer = conclude_bounded(
            asked.question,
            evidence.columns(asked, workshop.record),
            digest=evidence.design_digest(asked),
            seed=asked.seed.value,
            grade=GRADE,
            split=asked.split,
            data=evidence.data_facts(asked),
            circumstances=evidence.circumstances(plan, seconds, self.store.root)
            | evidence.device_seconds(asked, workshop.record)
            | (self._tally.account() if self._tally is not None else {}),
            curves=evidence.curves(asked, workshop.record),
            checks=evidence.failed_checks(asked, workshop.record),
        )
        folder = self.store.answers.open(answer.name, answer.digest)
        for name, content in render(answer).items():
            folder.write(name, content)
        self.store.conclude(folder, asdict(answer))
        self.store.answers.point(folder)
        return self.answered.read(folder) or answer  # as it stands, which knows how long the ledger was

    def _standing(self, asked: Asked) -> Answer | None:
        """The answer that stands, to a command that may write: a damaged one is set aside."""
        folder = self.store.answers.open(asked.question.name, evidence.design_digest(asked))
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

    def _count_opening(self, asked: Asked) -> None:
        count_opening(self.store, asked.question.name, evidence.design_digest(asked), _facts(asked))


def count_opening(store: Store, question: str, design: str, wanted: Sequence[MeasureFact]) -> None:
    """Enter in the ledger, once for each, that a test split is looked at and by what."""
    for content in sorted({str(fact.data["content"]) for fact in wanted if fact.data and fact.split == "test"}):
        body = {"question": question, "design": design, "data": content}
        if body not in store.ledger.said("opened"):
            store.ledger.append("opened", body)


def _facts(asked: Asked) -> list[MeasureFact]:
    return [fact for row in asked.arms for _, fact in row]


class _Waiting:
    """Which questions still wait for which measures."""

    def __init__(self, asked: Sequence[Asked], missing: Sequence[MeasureFact]) -> None:
        lacking = {fact.digest for fact in missing}
        self._open = [{fact.digest for fact in _facts(item)} & lacking for item in asked]

    def stood(self, digests: Collection[str]) -> list[int]:
        """Measures have come to stand; the questions that have everything now."""
        ripened = []
        for place, lacking in enumerate(self._open):
            before = len(lacking)
            lacking.difference_update(digests)
            if before and not lacking:
                ripened.append(place)
        return ripened

    def ripe(self) -> list[int]:
        """All questions that have everything."""
        return [place for place, lacking in enumerate(self._open) if not lacking]
