"""Looking: questions on their courses, worked together, each looked at when its batch stands.

What a look asks for is added to the work that goes on, so that no question waits for another's batch. With
`Means.ahead` the batch after it is trained, too, while a device would be idle.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from whether.answer import Answer, LookResult
from whether.course import Course, looked_entry
from whether.design import design_digest
from whether.errors import DamagedPieceError
from whether.execute.progress import Finished, Note, Planned
from whether.history.facts import MeasureFact
from whether.plan.plan import Asked, Plan, make_plan
from whether.plan.portfolio import needed_by
from whether.store.folder import Store

if TYPE_CHECKING:
    from whether.campaign import Campaign
    from whether.execute.driver import Driver
    from whether.execute.workshop import Workshop


class Looking:
    """Questions until each is answered, or the budget is spent.

    Args:
        campaign: with what they are worked.
        asked: the questions.

    Attributes:
        answers: of each question; None while it is open.
    """

    def __init__(self, campaign: Campaign, asked: Sequence[Asked]) -> None:
        self.campaign, self.store, self.tell = campaign, campaign.store, campaign.tell
        self.courses = [Course(item) for item in asked]
        self.answers: list[Answer | None] = [None] * len(asked)
        self._plans: list[Plan] = []  # of each question by itself, for its account
        self._begun = time.monotonic()
        self._driver: Driver | None = None

    def attempt(self, workshop: Workshop) -> None:
        """Plan what is asked now, work, look; round by round where a look's batch could not be added to the work."""
        self._workshop, self._damaged = workshop, list[DamagedPieceError]()
        self._now: dict[int, set[str]] = {}  # by question, the pieces that it waits for, where others are trained ahead
        self._early: dict[int, set[str]] = {}  # by question, the pieces that are trained ahead for it
        while True:
            places = [place for place, answer in enumerate(self.answers) if answer is None]
            plan = self._planned([self.courses[place].now for place in places])
            lacking = {fact.digest for fact in plan.missing}
            self._waiting = {
                place: {fact.digest for fact in self.courses[place].now.wanted} & lacking for place in places
            }
            whole, late = self._with_what_follows(places, plan)
            before = [self.courses[place].taken for place in places]
            self.campaign.drive(
                workshop,
                whole.pieces,
                whole.missing,
                plan=plan,
                measured=self._measured,
                begin=self._take_driver,
                late=late,
            )
            self._driver = None
            if self._damaged:
                raise self._damaged[0]
            for place in places:
                if self.answers[place] is None and not self._waiting[place]:
                    self._look(place)
            went_on = before != [self.courses[place].taken for place in places]
            if None not in self.answers or not went_on:
                return

    def _planned(self, asked: Sequence[Asked]) -> Plan:
        stock = self.campaign.stock([fact for item in asked for fact in item.wanted])
        plan = make_plan(asked, stock)
        if not self._plans:
            self._plans.extend([make_plan([item], stock) for item in asked] if len(asked) > 1 else [plan])
        self._workshop.prepare([*(piece.trajectory for piece in plan.pieces), *plan.missing])
        for item in asked:
            count_opening(self.store, item.question.name, design_digest(item), item.wanted)
        self.tell(Planned(plan))
        return plan

    def _with_what_follows(self, places: Sequence[int], plan: Plan) -> tuple[Plan, set[str]]:
        """The plan with the batches that may follow, and the pieces that only those need."""
        follows = {place: self.courses[place].ahead for place in places} if self.campaign.means.ahead else {}
        further = [asked for asked in follows.values() if asked is not None]
        if not further:
            return plan, set()
        whole = make_plan([*plan.asked, *further], self.campaign.stock())
        needed = needed_by(whole)
        late = {digest for digest, bits in needed.items() if not bits & ((1 << len(plan.asked)) - 1)}
        for at, place in enumerate([*places, *(place for place, asked in follows.items() if asked is not None)]):
            wanted = {digest for digest, bits in needed.items() if bits >> at & 1}
            if at < len(places):
                self._now[place] = wanted
            else:
                self._early[place] = wanted & late
        return whole, late

    def _take_driver(self, driver: Driver) -> None:
        self._driver = driver

    def _measured(self, digests: Collection[str]) -> None:
        """Measures have come to stand: whoever has everything now is looked at."""
        for place, lacking in self._waiting.items():
            if lacking and self.answers[place] is None:
                lacking.difference_update(digests)
                if not lacking:
                    try:
                        self._look(place)
                    except DamagedPieceError as error:  # the others' work goes on meanwhile
                        self._damaged.append(error)

    def _look(self, place: int) -> None:
        """Look, and look on while the next batch stands already; then answer, or ask for what is missing."""
        course = self.courses[place]
        while True:
            asked = course.now
            found = course.look(self._workshop.record)
            if len(course.looks) > 1 or asked.study:
                self._enter(asked, found)
            if course.over:
                self._answer(place)
                return
            told = f"still open with {found.n} replicates; the next look is at {course.looks[course.taken]}"
            self.tell(Note(f"{asked.question.name}: {told}"))
            more = make_plan([course.now], self.campaign.stock(course.now.wanted))
            self._waiting[place] = {fact.digest for fact in more.missing}
            if more.missing:
                self._go_on(place, more)
                return

    def _go_on(self, place: int, more: Plan) -> None:
        """Add a batch to the work that goes on; where that cannot be, a round of its own comes after it."""
        if self._driver is None or not self._driver.add(more.pieces, more.missing):
            return
        now = self._now[place] = {piece.trajectory.digest for piece in more.pieces}
        self._driver.hasten(now & set().union(*self._early.values()))
        early = self._early.pop(place, set()) - now  # of arms that have stopped
        ahead = self.courses[place].ahead if self.campaign.means.ahead else None
        if ahead is not None:
            follows = make_plan([ahead], self.campaign.stock())
            further = [piece for piece in follows.pieces if piece.trajectory.digest not in now]
            wanted = {fact.digest for fact in more.missing}
            late = [fact for fact in follows.missing if fact.digest not in wanted]
            if self._driver.add(further, late, last=True):
                early |= {piece.trajectory.digest for piece in further}
        self._early[place] = early

    def _answer(self, place: int) -> None:
        course, seconds = self.courses[place], time.monotonic() - self._begun
        answer = self.campaign.conclude(course, self._plans[place], self._workshop, seconds)
        self.answers[place] = answer
        self.tell(Finished(answer))
        self._now.pop(place, None)
        early = self._early.pop(place, set())
        if early and self._driver is not None:
            open_ = [other for other, answer in zip(self.courses, self.answers, strict=True) if answer is None]
            wanted = [*(other.now for other in open_), *filter(None, (other.ahead for other in open_))]
            measures = {fact.digest for fact in course.ahead.wanted} if course.ahead is not None else set()
            measures.difference_update(fact.digest for asked in wanted for fact in asked.wanted)
            self._driver.withdraw(early.difference(*self._early.values(), *self._now.values()), measures)

    def _enter(self, asked: Asked, found: LookResult) -> None:
        body = looked_entry(asked, design_digest(asked), found, self._workshop.record)
        if body not in self.store.ledger.said("looked"):
            self.store.ledger.append("looked", body)


def count_opening(store: Store, question: str, design: str, wanted: Sequence[MeasureFact]) -> None:
    """Enter in the ledger, once for each, that a test split is looked at and by what."""
    for content in sorted({str(fact.data["content"]) for fact in wanted if fact.data and fact.split == "test"}):
        body = {"question": question, "design": design, "data": content}
        if body not in store.ledger.said("opened"):
            store.ledger.append("opened", body)
