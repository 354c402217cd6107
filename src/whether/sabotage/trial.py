"""The trials: a question answered honestly, with planted truths, and with each published bug.

    question ─▶ what decides ─▶ honest ─┬▶ labels shuffled (numbers only)      ─▶ found?
                                        ├▶ each compared arm never trained     ─▶ found?
                                        └▶ each bug that applies: trained anew ─▶ flipped? noticed by whom?

Everything is trained in scratch labs below work/sabotage/ of the lab: one for what is honest, one for each bug. They
may be deleted at any time; what stands in them is not trained twice, so that a sabotage that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from whether import evidence
from whether.answer import Answer
from whether.errors import RequestError, WhetherError, WorkError
from whether.execute.progress import Event, Finished, Listener, Note, Planned, Spoken
from whether.history.walk import closure
from whether.lab import Lab
from whether.plan import ask
from whether.question import Question
from whether.sabotage.bug import AnalysisBug, Bug, Histories, Honest, TrainingBug, quarantined
from whether.sabotage.bugs import BUGS
from whether.sabotage.planted import UNTRAINED, compared, damage_found, damaged, damages, deciding, shuffled
from whether.sabotage.result import BugFound, Noticed, Sabotaged, TruthFound, changed, effects, noticed
from whether.seeds import Seed, as_seed

MOST = {"mean": 8, "share": 32}  # replicates that a sabotage takes unless it is told otherwise
FOLDERS = 100


def usual_replicates(question: Question) -> int:
    """How many replicates a sabotage takes: as many as the question has, at most 8; of shares, which say less, 32."""
    first = question.replicate(0, Seed(0))
    compare = {name for claim in question.claims for name in claim.names}
    shares = any(arm.measure.kind.share for arm in first if arm.name in compare)
    return min(question.replicates, MOST["share" if shares else "mean"])


def sabotage(
    lab: Lab,
    question: Question,
    *,
    replicates: int | None = None,
    seed: Seed | int = 0,
    progress: Listener | None = None,
    bugs: Sequence[Bug] = BUGS,
) -> Sabotaged:
    """Try whether the pipeline finds planted truths in a question, and what published bugs would have done to it.

    Nothing is written to the lab but below its work/ folder, and no test split is opened.

    Args:
        lab: below whose work/ folder it is tried.
        question: at least one of its primary claims compares two arms.
        replicates: how many; by default `usual_replicates`.
        seed: the root of all seeds: the honest networks are those of the question asked with it.
        progress: hears of what goes on.
        bugs: to plant, in order.

    Raises:
        RequestError: when the question cannot be asked so, or no claim compares two arms.
        WorkError: when training fails for a reason that is no bug's; the same call goes on from what stands.
    """
    compared(question)
    small = deciding(question, replicates or usual_replicates(question))
    trials = _Trials(lab.store.work.folder / "sabotage", as_seed(seed), progress or Spoken())
    honest = trials.honest(small)
    told = honest.answer
    return Sabotaged(
        name=question.name,
        text=question.text,
        options=told.options,
        seed=trials.seed.value,
        split=told.split,
        replicates=small.replicates,
        planned=question.replicates,
        design=told.digest,
        arms={arm.name: fact.digest for arm, fact in honest.asked.arms[0]},
        verdict=told.verdict,
        claims=effects(told),
        controls=told.controls,
        truths=[*shuffled(small, evidence.columns(honest.asked, honest.record)), *trials.damages(honest)],
        bugs=trials.bugs(honest, bugs),
    )


class _Trials:
    """Asks one question in scratch labs.

    Args:
        folder: below which they lie. Nothing here knows of any other lab.
        seed: the root of all seeds.
        tell: hears of progress.
    """

    def __init__(self, folder: Path, seed: Seed, tell: Listener) -> None:
        self.folder = folder
        self.seed = seed
        self.tell = tell
        self.plans: list[Planned] = []  # of the trial that goes on

    def honest(self, question: Question) -> Honest:
        """Answer a question without a bug."""
        asked = ask(question, seed=self.seed, open_test=False)  # tells what is wrong with it before a lab is made
        self.tell(Note("the question as it is, without a bug"))
        lab = scratch(self.folder, "honest")
        answer = self._run(lab, question)
        return Honest(question, asked, answer, lab.store.records.read, lambda other: self._run(lab, other))

    def damages(self, honest: Honest) -> list[TruthFound]:
        """Each arm that is compared, never trained."""
        found: list[TruthFound] = []
        measures = {arm.name: fact.name for arm, fact in honest.asked.arms[0]}
        for name in damages(honest.question):
            if measures[name] in UNTRAINED:
                found += damage_found(honest.question, name, None, UNTRAINED[measures[name]])
                continue
            self.tell(Note(f"a planted truth: {name} never trained"))
            try:
                answer = honest.run(damaged(honest.question, name))
            except RequestError as error:  # an early stop is read from a training's curve, for example
                found += damage_found(honest.question, name, None, str(error))
            else:
                found += damage_found(honest.question, name, answer)
        return found

    def bugs(self, honest: Honest, bugs: Sequence[Bug]) -> list[BugFound]:
        """Each bug that applies."""
        histories = Histories(list(closure(fact for _, fact in honest.asked.arms[0])))
        found = []
        for place, bug in enumerate(bugs, 1):
            why_not = bug.why_not(histories)
            if why_not:
                found.append(BugFound(name=bug.name, trap=bug.trap, does=bug.does, why_not=why_not))
                continue
            self.tell(Note(f"bug {place} of {len(bugs)}: {bug.trap}"))
            found.append(self._bug(bug, honest))
        return found

    def _bug(self, bug: Bug, honest: Honest) -> BugFound:
        try:
            answer = self._answer(bug, honest)
        except (RequestError, WorkError) as error:
            if is_the_systems(error):
                raise
            stopped = Noticed(by="work", said=str(error))
            return BugFound(name=bug.name, trap=bug.trap, does=bug.does, noticed=[stopped])
        return BugFound(
            name=bug.name,
            trap=bug.trap,
            does=bug.does,
            verdict=answer.verdict,
            flipped=answer.verdict != honest.answer.verdict,
            changed=changed(answer, honest.answer),
            effects=effects(answer, honest.answer),
            noticed=noticed(answer, honest.answer),
        )

    def _answer(self, bug: Bug, honest: Honest) -> Answer:
        if isinstance(bug, AnalysisBug):
            return bug.answer(honest)
        assert isinstance(bug, TrainingBug)
        lab = scratch(self.folder, bug.name)
        with quarantined(bug, lab.root) as acts:
            answer = self._run(lab, replace(honest.question, name=f"{honest.question.name}-{bug.name}"))
        whole = self.plans and all(not event.plan.steps_stored and event.plan.steps_to_train for event in self.plans)
        if whole and not acts.count:
            raise NeverActedError(bug)
        return answer

    def _run(self, lab: Lab, question: Question) -> Answer:
        self.plans.clear()

        def hear(event: Event) -> None:
            if isinstance(event, Planned):
                self.plans.append(event)
            if not isinstance(event, Finished):  # these answers are nobody's
                self.tell(event)

        return lab.run(question, seed=self.seed, progress=hear)


class NeverActedError(AssertionError):
    """A bug was planted where nothing passes by: the trial says nothing, and the bug has to be planted elsewhere."""

    def __init__(self, bug: Bug) -> None:
        super().__init__(
            f"the bug {bug.name} was planted, everything was trained, and it never acted: what it replaces is not what "
            "this version of Whether calls"
        )


def scratch(folder: Path, name: str) -> Lab:
    """A lab to try something in. One of which a part was deleted is left as it is, and the next is taken.

    Raises:
        WorkError: the disk refused.
    """
    for number in range(1, FOLDERS + 1):
        try:
            lab = Lab(folder / (name if number == 1 else f"{name}-{number}"))
            lab.store.ledger.entries()
        except WhetherError as error:
            if is_the_systems(error):
                raise
        else:
            return lab
    raise WorkError(
        f"{FOLDERS} folders {folder / name} are no whole labs; delete {folder}, which holds nothing of use."
    )


def is_the_systems(error: BaseException | None) -> bool:
    """Whether an error comes of the disk or the system, and so is no bug's doing."""
    while error is not None:
        if isinstance(error, OSError):
            return True
        error = error.__cause__
    return False
