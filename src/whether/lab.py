"""The Lab: one folder in which questions are planned, run and answered. The front object of the library.

    lab = Lab()                       # ./lab, or the one above, or WHETHER_LAB
    answer = lab.run(question)        # trains what is missing, then answers
    lab.value(accuracy(network))      # one number
    lab.load(network)                 # an nn.Module

What is known of a piece is looked up here (`why`); bytes are the store's, and training is the executor's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from whether import evidence
from whether.answer import DIVERGED, Answer, Column
from whether.conclude import conclude
from whether.errors import DamageError, RequestError, unknown
from whether.execute.progress import Finished, Listener, Note, Planned, Spoken
from whether.history import Measure, Network
from whether.history.facts import MeasureFact
from whether.history.resolve import Resolver
from whether.plan.plan import Asked, Plan, ask, make_plan, plan_measures, plan_states
from whether.question import Question
from whether.seeds import Seed, as_seed
from whether.store.answers import AnswerFolder
from whether.store.clean import quarantine
from whether.store.folder import Store
from whether.store.ledger import RESTORE

if TYPE_CHECKING:
    from torch import nn

    from whether.execute.workshop import Workshop

T = TypeVar("T")
GRADE = "exploratory"
MOST_REPAIRS = 1000


class Lab:
    """A lab folder and what can be done in it.

    Args:
        path: the folder; by default WHETHER_LAB, the nearest lab upward, or a new ./lab.
        create: make the folder when there is none; commands that only read say False.
    """

    def __init__(self, path: str | Path | None = None, *, create: bool = True) -> None:
        self.store = Store.find(path, create=create)

    @property
    def root(self) -> Path:
        """The folder."""
        return self.store.root

    def __repr__(self) -> str:
        return f"Lab({str(self.root)!r})"

    def plan(self, *questions: Question, open_test: bool = False, seed: Seed | int = 0) -> Plan:
        """What would be trained to answer these questions, and what stands already."""
        from whether.execute.stock import LabStock

        return make_plan([_ask(item, seed, open_test) for item in questions], LabStock(self.store))

    def run(
        self, question: Question, *, open_test: bool = False, seed: Seed | int = 0, progress: Listener | None = None
    ) -> Answer:
        """Train what is missing, answer, and write the report.

        Args:
            question: with its number of replicates.
            open_test: ask measures that name no split of the test split instead of the validation split; the ledger
                counts every use of a test split.
            seed: the root of all replicates' seeds.
            progress: hears of what goes on (`execute.progress`); by default lines on stderr when it takes long.

        Raises:
            RequestError: when the question cannot be asked so.
            WorkError: when training fails or the disk refuses; what was done stays.
        """
        tell = progress or Spoken()
        began = time.monotonic()
        asked = _ask(question, seed, open_test)
        found = self._standing(asked, tell)
        if found is not None:
            self.store.answers.point(self.store.answers.open(found.name, found.digest))
            tell(Finished(found))
            return found
        self.store.ledger.entries()  # a damaged one is told of before the work, not after
        plan, columns, seen = self._work(asked, tell)
        answer = self._conclude(asked, plan, columns, seen, time.monotonic() - began)
        tell(Finished(answer))
        return answer

    def answered(self, question: Question, *, open_test: bool = False, seed: Seed | int = 0) -> Answer | None:
        """The answer that stands for exactly this question, or None."""
        return self._answered(_ask(question, seed, open_test))

    def answers(self, *, all_whole: bool = False) -> list[tuple[Path, Answer]]:
        """Every answer in the lab that stands whole, the newest last; `whether verify` names the others.

        Args:
            all_whole: refuse when there is another.

        Raises:
            DamageError: so, and when the ledger is damaged, which witnesses them all.
        """
        read = self._read if all_whole else self._whole
        found = [(folder.path, read(folder)) for folder in self.store.answers.listing()]
        whole = [(path, answer) for path, answer in found if answer is not None]
        return sorted(whole, key=lambda item: str(item[1].circumstances.get("time", "")))

    def latest(self) -> Answer | None:
        """The answer last written or asked for: `@last`."""
        folder = self.store.answers.latest()
        return None if folder is None else self._read(folder)

    def find(self, name: str) -> Answer | None:
        """The newest answer to a question of this name.

        Raises:
            DamageError: when there are only damaged ones.
        """
        found = [answer for _, answer in self.answers() if answer.name == name]
        if not found:
            for folder in self.store.answers.find(name):
                self._read(folder)
        return found[-1] if found else None

    def folder(self, answer: Answer) -> Path:
        """Where an answer's files lie."""
        return self.store.answers.open(answer.name, answer.digest).path

    def value(self, measure: Measure, *, progress: Listener | None = None) -> Any:
        """One measure's value, trained for if need be: a float, or for a curve its steps and values.

        Raises:
            WorkError: when the network diverged, so that there is nothing to measure.
        """
        from whether.execute.stock import LabStock

        if not isinstance(measure, Measure):
            kind = type(measure).__name__
            raise RequestError(f"value() got a {kind}; expected a Measure, such as accuracy(network).")
        fact = Resolver().measure(measure)
        tell = progress or Spoken()
        self._count_opening("", fact.digest, [fact])

        def attempt(workshop: Workshop) -> Any:
            plan = plan_measures([fact], LabStock(self.store))
            self._execute(workshop, plan, tell)
            record = workshop.record(fact.digest)
            if record["outcome"] == DIVERGED:
                from whether.execute.workshop import DivergedError

                raise DivergedError(fact.state.digest)
            return record["value"]

        return self._repairing(attempt, tell)

    def load(self, network: Network, *, progress: Listener | None = None) -> nn.Module:
        """A network as an `nn.Module` in evaluation mode with its weights, trained if need be."""
        from whether.execute.inprocess import InProcess
        from whether.execute.stock import LabStock
        from whether.models import build

        if not isinstance(network, Network):
            kind = type(network).__name__
            raise RequestError(f"load() got a {kind}; expected a Network, such as network.train().")
        state = Resolver().state(network)
        tell = progress or Spoken()

        def attempt(workshop: Workshop) -> nn.Module:
            pieces = plan_states([state], LabStock(self.store))
            if pieces:
                InProcess(workshop, tell).train(pieces)
            module = build(state.model)
            module.load_state_dict(workshop.state(state).weights, strict=False)
            return module.eval()

        return self._repairing(attempt, tell)

    def why(self, prefix: str) -> dict[str, Any]:
        """What a piece is, by the beginning of its digest: its record, and what would make it train again.

        Raises:
            RequestError: when no record, or more than one, begins so.
        """
        names = self.store.records.listing()
        found = sorted(name for name in names if name.startswith(prefix.lower()))
        if not found:  # a trajectory, perhaps: its points say so
            found = sorted(name for name in names if self._trajectory(name).startswith(prefix.lower()))[-1:]
        if not found:
            raise unknown("digest", prefix, (), "No record of this lab begins so; `whether status` counts what it has.")
        if len(found) > 1:
            some = ", ".join(name[:12] for name in found[:4])
            raise RequestError(f"{len(found)} records begin with {prefix!r} ({some}, …); give more of the digest.")
        record = self.store.records.read(found[0])
        record["state_stands"] = self.store.states.has(found[0])
        again = [
            "another history: any word of its sentence, its seed, its data or the code it names",
            "another version of the operation (whether raises it when numbers change)",
        ]
        if "state" in record and not record["state_stands"]:
            again.insert(0, "its state was dropped: a question that needs these weights trains them again")
        return record | {"would_train_again_for": again}

    # The way of one question: work, columns, answer.

    def _work(self, asked: Asked, tell: Listener) -> tuple[Plan, list[Column], dict[str, Any]]:
        from whether.execute.stock import LabStock

        first: list[Plan] = []

        def attempt(workshop: Workshop) -> tuple[Plan, list[Column], dict[str, Any]]:
            wanted = [fact for row in asked.arms for _, fact in row]
            plan = make_plan([asked], LabStock(self.store, wanted))
            first.append(plan)
            workshop.prepare([*(piece.trajectory for piece in plan.pieces), *plan.missing])
            self._count_opening(asked.question.name, evidence.design_digest(asked), wanted)
            tell(Planned(plan))
            self._execute(workshop, plan, tell)
            columns = evidence.columns(asked, workshop.record)
            curves, checks = evidence.curves(asked, workshop.record), evidence.failed_checks(asked, workshop.record)
            return first[0], columns, {"curves": curves, "checks": checks}

        return self._repairing(attempt, tell)

    def _execute(self, workshop: Workshop, plan: Plan, tell: Listener) -> None:
        from whether.execute.inprocess import InProcess

        executor = InProcess(workshop, tell)
        if plan.pieces:
            executor.train(plan.pieces)
        executor.measure(plan.missing)

    def _repairing(self, attempt: Callable[[Workshop], T], tell: Listener) -> T:
        """Try; what turns out to be damaged is set aside and, at the next try, made again."""
        from whether.execute.workshop import DamagedPieceError, Workshop

        workshop = Workshop(self.store, tell)
        for _ in range(MOST_REPAIRS):
            try:
                return attempt(workshop)
            except DamagedPieceError as error:
                quarantine(self.store, error.digest)
                workshop.forget(error.digest)
                tell(Note(f"{error} It is set aside in work/damaged and made again."))
        raise DamageError(f"{MOST_REPAIRS} pieces of the lab {self.root} were damaged in one run; is the disk sound?")

    def _conclude(
        self, asked: Asked, plan: Plan, columns: list[Column], seen: dict[str, Any], seconds: float
    ) -> Answer:
        from whether.report.write import render

        answer = conclude(
            asked.question,
            columns,
            digest=evidence.design_digest(asked),
            seed=asked.seed.value,
            grade=GRADE,
            split=asked.split,
            data=evidence.data_facts(asked),
            circumstances=evidence.circumstances(plan, seconds, self.root),
            **seen,
        )
        folder = self.store.answers.open(answer.name, answer.digest)
        for name, content in render(answer).items():
            folder.write(name, content)
        self.store.conclude(folder, asdict(answer))
        self.store.answers.point(folder)
        return self._read(folder) or answer  # as it stands, which knows how long the ledger was

    def _standing(self, asked: Asked, tell: Listener) -> Answer | None:
        """The answer that stands, to a command that may write: a damaged one is set aside."""
        try:
            return self._answered(asked)
        except DamageError as error:
            place = self.store.answers.open(asked.question.name, evidence.design_digest(asked)).path / "answer.json"
            if error.place != f"answers/{place.parent.name}/answer.json":
                raise
            self.store.work.set_aside(place)
            tell(Note(f"{error} It is set aside in work/damaged."))
            return None

    def _answered(self, asked: Asked) -> Answer | None:
        folder = self.store.answers.open(asked.question.name, evidence.design_digest(asked))
        found = self._read(folder)
        if found is None or not evidence.same_prose(found, asked.question):
            return None  # nothing is trained for saying it anew
        return found

    def _trajectory(self, name: str) -> str:
        try:
            return str(self.store.records.read(name).get("trajectory", ""))
        except DamageError:
            return ""  # another piece's trouble; verify tells

    def _whole(self, folder: AnswerFolder) -> Answer | None:
        try:
            return self._read(folder)
        except DamageError as error:
            if not error.place.startswith("answers/"):
                raise
            return None

    def _read(self, folder: AnswerFolder) -> Answer | None:
        """An answer, if it stands whole: its bytes are those that the ledger has. None: it is to be concluded again.

        Raises:
            DamageError: when they are others, or the ledger is no longer the one that the answer was written under.
        """
        raw = folder.read("answer.json")
        if raw is None:
            return None
        entries = self.store.ledger.entries()
        entered = [
            entry.body["answer"]
            for entry in entries
            if entry.kind == "answered" and entry.body.get("folder") == folder.name
        ]
        found = hashlib.sha256(raw).hexdigest()
        place = f"answers/{folder.name}/answer.json"
        if entered and found not in entered:
            raise DamageError(
                f"{place} is not what the ledger says was answered. It is not used; running its question concludes "
                "again, and nothing is trained for that.",
                place=place,
            )
        try:
            lost = self.store.ledger.betrayed(json.loads(raw)["ledger"], entries)
        except (ValueError, KeyError, TypeError):
            return None  # the ledger has never heard of it, and it is no answer of ours
        if lost:
            raise DamageError(f"{lost} when {place} was written, so it is not used. {RESTORE}", place="ledger")
        # No entry, or an earlier one: an entry was cut off, an old answer put back, or a conclusion was interrupted.
        return Answer.from_json(raw.decode()) if entered and found == entered[-1] else None

    def _count_opening(self, question: str, design: str, wanted: Sequence[MeasureFact]) -> None:
        """Enter in the ledger, once for each, that a test split is looked at and by what."""
        for content in sorted({str(fact.data["content"]) for fact in wanted if fact.data and fact.split == "test"}):
            body = {"question": question, "design": design, "data": content}
            if not any(entry.kind == "opened" and entry.body == body for entry in self.store.ledger.entries()):
                self.store.ledger.append("opened", body)


def _ask(question: Question, seed: Seed | int, open_test: bool) -> Asked:
    if not isinstance(question, Question):
        raise RequestError(
            f"got a {type(question).__name__}; expected a Question: call the template, as in lottery_ticket()."
        )
    return ask(question, seed=as_seed(seed), open_test=open_test)
