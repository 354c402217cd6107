"""The audit: whether what a lab says was registered and answered follows from what stands in it.

The store verifies bytes and chains (`store.verify`); here it is seen that they mean what they say:

    registration   its digest, design and gates are those of its document; seeds follow from nonce and token
    runs           registered arms and replicates, each once, none missing, with the seeds and histories that are theirs
    numbers        those of the records that they name, which are of that work (`audit_records.py`); each look saw the
                   numbers that its entry names
    verdict        concluded anew from the runs by the rule that was fixed, it is the same

Pure but for reading the lab. Nothing is trained, and no code of anybody's own is imported.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from whether import registration
from whether.answer import Answer, Column, Run
from whether.answered import Answered
from whether.audit_records import of_records
from whether.concluded import alike, columns_of, question_of, rule_of
from whether.course import seen_digest
from whether.digest import plain
from whether.errors import DamageError, WhetherError
from whether.failures import conclude_bounded, is_over, look_bounded, needed_bounded
from whether.reading import levels
from whether.registration import Study
from whether.seeds import Seed
from whether.store import ledger
from whether.store.finding import Finding
from whether.store.folder import Store
from whether.store.layout import place
from whether.store.ledger import Entry, adopted

Progress = Callable[[int, int], None]
_NOT_BELIEVED = "Do not rely on it. Running its question again concludes anew from the records; nothing is trained."
_REGISTERED_ELSE = "Do not rely on the study: restore the lab from a copy, or register it anew, which gives new seeds."
_SAME = (
    *("name", "verdict", "meaning", "combine", "held", "alpha", "pairing", "replicates"),
    *("claims", "secondary", "ladders", "controls", "arms", "looks"),
)


def audit(store: Store, progress: Progress | None = None, *, certificate: Path | None = None) -> list[Finding]:
    """Derive what was registered and answered anew.

    Args:
        store: of a lab whose bytes and chains were verified.
        progress: called with the number of answers audited and of all.
        certificate: the root of the authority whose tokens are to be checked up to it.
    """
    entries, found = store.ledger.sound(), audit_studies(store, certificate=certificate)
    answers = _answers(store)
    for done, (where, answer) in enumerate(answers, 1):
        found += _Audit(store, entries, where, answer).findings()
        if progress is not None:
            progress(done, len(answers))
    return found


def audit_studies(store: Store, *, certificate: Path | None = None) -> list[Finding]:
    """Derive anew what was registered, and nothing that was answered.

    Args:
        store, certificate: as `audit` takes them.
    """
    return list(_studies(store, store.ledger.sound(), certificate))


def audit_answer(store: Store, where: str, answer: Answer) -> dict[str, list[str]]:
    """Derive one answer anew.

    Args:
        store: of its lab.
        where: its place, for the findings of its study.
        answer: as it stands.

    Returns:
        What is wrong with it, in sentences, by what that is about: "registration", "seeds", "runs", "numbers",
        "verdict", "looks". The last two are looked into only where nothing else is wrong.
    """
    entries = store.ledger.sound()
    found = _Audit(store, entries, where, answer).by_concern()
    of_study = [item.what for item in _studies(store, entries, None, only=answer.study.get("registration", ""))]
    found["registration"] = [*of_study, *found.get("registration", ())]
    return {concern: said for concern, said in found.items() if said}


def _answers(store: Store) -> list[tuple[str, Answer]]:
    """The answers that stand as the ledger has them; of others the store's verification tells."""
    found = []
    for folder in store.answers.listing():
        try:
            answer = Answered(store).read(folder)
        except (DamageError, TypeError, KeyError, ValueError):
            continue
        if answer is not None:
            found.append((f"answers/{folder.name}/answer.json", answer))
    return found


def _readable(entries: Sequence[Entry]) -> list[Study]:
    try:
        return registration.read_studies(entries)
    except (KeyError, TypeError, ValueError):
        return []


def _studies(
    store: Store, entries: Sequence[Entry], certificate: Path | None, *, only: str | None = None
) -> Iterator[Finding]:
    """What is wrong with the registrations of all studies, or of the one of this digest."""
    looked: set[tuple[str, str]] = set()
    for entry in entries:
        said = adopted(entry) or entry
        if only is not None and said.body.get("study") != only:
            continue
        where = place(store.ledger.path(entry.number), store.root)
        try:
            match said.kind:
                case registration.REGISTERED:
                    yield from (Finding(where, what, _REGISTERED_ELSE) for what in _of_registration(said, certificate))
                case registration.AMENDED:
                    late = (said.body["study"], said.body["question"]) in looked
                    yield from (Finding(where, what, _REGISTERED_ELSE) for what in _of_amendment(said, late=late))
                case "looked":
                    looked.add((said.body["study"], said.body["question"]))
        except (KeyError, TypeError, ValueError, WhetherError) as error:
            what = f"The registration cannot be read ({type(error).__name__}: {error})."
            yield Finding(where, what, _REGISTERED_ELSE)


def _of_amendment(said: Entry, *, late: bool) -> Iterator[str]:
    if late:
        yield f"{said.body['question']} was amended after it was looked at."
    yield from _of_question(said.body["now"])


def _of_question(item: Mapping[str, Any]) -> Iterator[str]:
    again = [[level.n, level.alone, level.among] for level in levels(registration.question_of(item))]
    if not _close(again, item["levels"]):
        yield f"The levels of {item['name']}'s looks are not those that its looks, spending and α give."
    for gate in item["gates"]:
        if not gate["passed"] and not gate["waived"]:
            yield f"{item['name']} was registered although the gate '{gate['name']}' was not passed."


def _of_registration(said: Entry, certificate: Path | None) -> Iterator[str]:
    document, witness = said.body["document"], said.body["witness"]
    if registration.registration_digest(document) != said.body["digest"]:
        yield f"The registration {said.body['digest'][:8]} was changed: its document has another digest."
    for item in document["questions"]:
        yield from _of_question(item)
    if witness is not None:
        from whether.stamp import Witness

        found = Witness.from_plain(witness)
        if found.digest != said.body["digest"]:
            yield f"The token of {found.by} is over another registration ({found.digest[:8]})."
        try:
            found.check(certificate if found.kind == "rfc3161" else None, ask_remote=False)
        except DamageError as error:
            yield f"The token from outside does not hold: {error}"
        except WhetherError:
            pass  # what it takes to check is not installed; nothing is known against it


def _close(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> bool:
    """Levels come from a simulation whose last digits may differ between libraries."""
    return len(a) == len(b) and all(
        one[0] == other[0] and all(abs(x - y) <= 1e-6 + 1e-3 * abs(y) for x, y in zip(one[1:], other[1:], strict=True))
        for one, other in zip(a, b, strict=True)
    )


class _Audit:
    """One answer against its records, its looks and its registration."""

    def __init__(self, store: Store, entries: Sequence[Entry], where: str, answer: Answer) -> None:
        self.store, self.entries, self.where, self.answer = store, entries, where, answer
        before = [entry for entry in entries if entry.number < answer.ledger["count"]]
        named = (study for study in _readable(before) if study.digest == answer.study.get("registration"))
        self.study = next(named, None)  # as it stood when the answer was written

    def findings(self) -> list[Finding]:
        """What is wrong with it."""
        return [Finding(self.where, what, _NOT_BELIEVED) for said in self.by_concern().values() for what in said]

    def by_concern(self) -> dict[str, list[str]]:
        """What is wrong with it, by what that is about."""
        first = {
            "registration": self._registration,
            "seeds": self._seeds,
            "runs": self._completeness,
            "numbers": self._numbers,
        }
        then = {"verdict": self._verdict, "looks": self._looks}
        found: dict[str, list[str]] = {}
        try:
            for concern, check in first.items():
                found[concern] = list(check())
            for concern, check in then.items() if not any(found.values()) else ():
                found[concern] = list(check())
        except (WhetherError, TypeError, KeyError, ValueError) as error:
            found["verdict"] = [f"What it says is no answer to a question ({error})."]
        return found

    def _registration(self) -> Iterator[str]:
        answer = self.answer
        if not answer.study:
            if answer.grade != "exploratory":
                yield f"It says that it is {answer.grade}, and names no registration."
            return
        if self.study is None or answer.name not in self.study.questions:
            yield f"The registration {str(answer.study.get('registration'))[:8]} that it names is not in the ledger."
            return
        grade = self.study.grade_of(answer.name)
        if answer.grade != grade:
            yield f"It says that it is {answer.grade}; its registration makes it {grade}."
        if answer.seed != self.study.root.value:
            yield "Its seeds are not those that follow from its registration."
        registered = self.study.questions[answer.name]
        if rule_of(registration.question_of(registered)) != rule_of(question_of(answer)):
            yield "Its claims or its rule are not those that were registered."
        if (answer.digest, answer.split) != (self.study.answers[answer.name], registered["split"]):
            yield "It is not the answer, on the split, that was registered."
        told = plain(self.study.told(answer))
        different = [name for name in told if told[name] != answer.study.get(name)]
        if different:
            yield f"Of its registration it says otherwise than the ledger: {', '.join(different)}."

    def _seeds(self) -> Iterator[str]:
        root = Seed(self.answer.seed)
        for run in self.answer.table:
            if run.seed != root.seed("replicate", run.replicate).hex:
                yield f"The run of {run.arm}, replicate {run.replicate}, has a foreign seed ({run.seed})."
                continue
            registered = self._registered(run)
            if registered is not None and not run.measure.startswith(registered):
                yield f"The run of {run.arm}, replicate {run.replicate}, is not the history that was registered."

    def _registered(self, run: Run) -> str | None:
        """The beginning of the digest that was registered for a run; "?" for one that was not registered at all."""
        if self.study is None or self.answer.name not in self.study.runs:
            return None
        row = self.study.runs[self.answer.name].get(run.arm, ())
        return row[run.replicate] if run.replicate < len(row) else "?"

    def _completeness(self) -> Iterator[str]:
        runs = Counter((run.arm, run.replicate) for run in self.answer.table)
        yield from (f"There are {n} runs of {arm}, replicate {i}." for (arm, i), n in runs.items() if n > 1)
        arms = list(dict.fromkeys(run.arm for run in self.answer.table))
        listed = [arm.arm for arm in self.answer.arms]
        if self.study is not None and self.answer.name in self.study.runs:
            listed = list(self.study.runs[self.answer.name])
        yield from (f"The arm {arm} has no runs." for arm in listed if arm not in arms)
        wanted = self._wanted()
        for arm in arms:
            there = {i for name, i in runs if name == arm}
            for missing in sorted(set(range(wanted.get(arm, 0))) - there):
                yield f"The run of {arm}, replicate {missing}, is missing: every run is to be accounted for."
            for more in sorted(there - set(range(wanted.get(arm, 0)))):
                yield f"There is a run of {arm}, replicate {more}, that no look has asked for."

    def _wanted(self) -> dict[str, int]:
        """How many replicates of each arm the looks that were taken have asked for."""
        wanted = {arm.arm: self.answer.replicates for arm in self.answer.arms}
        for _, upto in self._batches():
            wanted = upto
        return wanted

    def _batches(self) -> Iterator[tuple[int, dict[str, int]]]:
        """The looks that were taken, each with how many replicates of each arm it reads, as far as there are runs."""
        question, columns = question_of(self.answer), columns_of(self.answer)
        looks = [n for n in question.looked_at if n <= self.answer.replicates]
        upto = {column.arm: n for column in columns for n in looks[:1]}
        for n, after in zip(looks, [*looks[1:], None], strict=True):
            yield n, upto
            if after is None:
                return
            cut = [column.first(upto[column.arm]) for column in columns]
            try:
                arms = needed_bounded(question, cut, look_bounded(question, cut))
            except WhetherError:
                return  # runs are missing before this look
            upto = {name: after if name in arms else count for name, count in upto.items()}

    def _numbers(self) -> Iterator[str]:
        yield from of_records(self.store, self.answer)

    def _verdict(self) -> Iterator[str]:
        answer, question, columns = self.answer, question_of(self.answer), columns_of(self.answer)
        try:
            again = conclude_bounded(question, columns, checks=(), digest="", grade="", split="", data={})
        except (WhetherError, ValueError, KeyError) as error:
            yield f"No verdict follows from its runs: {error}"
            return
        if not is_over(question, look_bounded(question, columns)):
            yield f"It stopped with {answer.replicates} of {answer.planned} replicates although its verdict was open."
        if again.verdict != answer.verdict:
            yield f"It says {answer.verdict}; from its runs follows {again.verdict}."
            return
        now, then = (json.loads(json.dumps(asdict(item))) for item in (again, answer))
        different = [name for name in _SAME if not alike(now[name], then[name])]
        if different:
            yield f"Concluded anew from its runs, it says otherwise of: {', '.join(different)}."

    def _looks(self) -> Iterator[str]:
        """The entries of its looks: those of its rule, in order, each of the numbers that its runs have."""
        answer, columns = self.answer, columns_of(self.answer)
        entered: dict[int, list[Mapping[str, Any]]] = {}  # more than one where what had failed was done again
        for body in ledger.said(self.entries, "looked"):
            if body["design"] == answer.digest:
                entered.setdefault(body["n"], []).append(body)
        if not entered and not (answer.study or len(answer.schedule) > 1):
            return
        foreign = [str(n) for n in entered if n not in answer.schedule]
        if foreign:
            yield f"The ledger has looks with {', '.join(foreign)} replicates; its rule has none there."
        verdicts = {taken.n: taken.verdict for taken in answer.looks}
        for n, upto in self._batches():
            seen = _seen([column.first(upto[column.arm]) for column in columns])
            if n not in entered:
                yield f"The ledger has no entry of its look with {n} replicates."
            elif not any((body["verdict"], body["seen"]) == (verdicts.get(n), seen) for body in entered[n]):
                yield f"Its look with {n} replicates saw other numbers than its runs have."


def _seen(columns: Sequence[Column]) -> str:
    return seen_digest({run.measure: (run.value, run.outcome) for column in columns for run in column.runs})
