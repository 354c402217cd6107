"""Whether what an answer says of its runs is what their records say, and whether these say it of that very work.

    run       outcome, number, note, network and iterations are those of its record
    history   what a record says that was done has the digest under which it stands
    arm       unit, direction and resolution are those of the measure, where that is one of ours; so are data and split
    design    the digest of the answer is that of its claims, its rule and its runs
    checks    what training had to say of a network is told

What a measure of one's own means, and what a network that diverged is said to count as, stands in the question's code
and nowhere else; `whether.bundle.again` compares it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from whether.answer import DONE, OVERRUN, Answer, Run
from whether.concluded import question_of
from whether.design import decides
from whether.digest import digest
from whether.errors import DamageError, RequestError
from whether.evidence import resolution_of, worst_of
from whether.history.facts import Fact, MeasureFact, Point
from whether.history.walk import measured
from whether.inquiry import fact_of
from whether.question import Question
from whether.store.folder import Store
from whether.words import MEASURES

Facts = Mapping[str, MeasureFact]
_MOST_ORDERS = 500


def of_records(store: Store, answer: Answer) -> Iterator[str]:
    """What an answer says otherwise than its records, in sentences."""
    facts: dict[str, MeasureFact] = {}
    for run in _runs(answer):
        yield from _history(store, run, facts)
    for at, run in enumerate(_runs(answer)):
        yield from _number(store, answer, run, facts, analysed=at < len(answer.table))
    yield from _arms(answer, facts)
    yield from _design(answer, facts)
    yield from _checks(store, answer, facts)


def _runs(answer: Answer) -> list[Run]:
    return [*answer.table, *answer.overrun]


def _history(store: Store, run: Run, facts: dict[str, MeasureFact]) -> Iterator[str]:
    """That the record is of what its digest says; the facts that were read are added to `facts`."""
    if run.measure in facts or not store.records.has(run.measure):
        return
    try:
        found: Fact = fact_of(store, run.measure)
    except RequestError as error:  # of an earlier or a later version, which is no damage; a bundle has all of it
        if store.bundled:
            yield f"{_which(run)} has no history that can be followed: {error}"
        return
    except DamageError as error:
        yield f"{_which(run)} is not of what its record says: {error}"
        return
    if isinstance(found, MeasureFact):
        facts[run.measure] = found
    else:
        yield f"{_which(run)} names the record of a {found.tag}, not of a measure."


def _number(store: Store, answer: Answer, run: Run, facts: Facts, *, analysed: bool) -> Iterator[str]:
    if not store.records.has(run.measure):
        yield f"The run of {_which(run)} has no record ({run.measure[:12]})."
        return
    try:
        record = store.records.read(run.measure)
    except DamageError:
        return  # the store tells of it
    outcome = record.get("outcome")
    if run.outcome != (outcome if analysed else OVERRUN):
        yield f"{_which(run)} is said to be {run.outcome}; its record says {outcome}."
        return
    value = float(record["value"]) if outcome == DONE else _worst(answer, run, facts.get(run.measure))
    if value is not None and value != run.value:
        told = f"its record says {value!r}" if outcome == DONE else f"a run that {outcome} counts as {value!r}"
        yield f"{_which(run)} is said to be {run.value!r}; {told}."
    fact = facts.get(run.measure)
    if fact is not None and (run.state, run.steps) != (fact.state.digest, fact.state.step):
        yield f"{_which(run)} is said to be of {run.state[:12]} at {run.steps} iterations, and its record is not."
    if analysed and run.note != record.get("note", "") and "note" not in record.get("withheld", ()):
        yield f"{_which(run)} has another note than its record: {run.note[:80]!r}."


def _worst(answer: Answer, run: Run, fact: MeasureFact | None) -> float | None:
    """What a run without a value counts as: as its question says, else where its history says enough."""
    given = next((arm.worst for arm in answer.arms if arm.arm == run.arm), None)
    return given if given is not None or fact is None else worst_of(fact)


def _arms(answer: Answer, facts: Facts) -> Iterator[str]:
    """That the numbers of an arm mean what they are said to mean, and were taken on the data that are named."""
    arms = {arm.arm: (arm.family, arm.x) for arm in answer.arms}
    for run in answer.table:
        if arms.get(run.arm) != (run.family, run.x):
            yield f"{_which(run)} is said to be of another family, or to have another x, than its arm."
    first = {run.arm: facts[run.measure] for run in reversed(answer.table) if run.measure in facts}
    for arm in answer.arms:
        if (fact := first.get(arm.arm)) is None:
            continue
        now: dict[str, Any] = {"measure": fact.name, "resolution": resolution_of(fact)}
        if (kind := MEASURES.get(fact.name)) is not None:
            now |= {"unit": kind.unit, "better": kind.better, "share": kind.share}
        if wrong := [name for name, value in now.items() if getattr(arm, name) != value]:
            yield f"The numbers of {arm.arm} are not what they are said to be: {', '.join(wrong)}."
    taken = [one for fact in first.values() for one in (fact, *fact.parts)]
    contents = {str(one.data["content"]) for one in taken if one.data is not None and "content" in one.data}
    splits = {one.split for one in taken if one.split is not None}
    if contents and answer.data.get("content") and answer.data["content"] not in contents:
        yield f"It names data of another content ({str(answer.data['content'])[:12]}) than its records."
    if len(splits) == 1 and answer.data.get("split") not in splits:
        yield f"It says that it was measured on the split {answer.data.get('split')!r}; its records say otherwise."


def _design(answer: Answer, facts: Facts) -> Iterator[str]:
    """That the answer's digest is that of its design, where all that it asked for was run and has a history."""
    by = {(run.arm, run.replicate): run.measure for run in _runs(answer)}
    whole = all((arm.arm, index) in by for arm in answer.arms for index in range(answer.planned))
    if not whole or not facts.keys() >= set(by.values()):
        return
    rows = [[[arm.arm, by[arm.arm, index]] for arm in answer.arms] for index in range(answer.planned)]
    orders = _orders(question_of(answer))
    if orders and all(digest(decides(question) | {"arms": rows}) != answer.digest for question in orders):
        yield "Its digest is not that of its claims, its rule and its runs."


def _orders(question: Question) -> list[Question]:
    """A question with what it shows beside its claims in every order that it may have been asked in.

    An answer has single claims and ladders, each in their order, but not how they were mixed. None where those are too
    many.
    """
    items = question.secondary
    ladders = [item for item in items if not hasattr(item, "kind")]
    single = [item for item in items if hasattr(item, "kind")]
    places = list(combinations(range(len(items)), len(ladders)))
    if len(places) > _MOST_ORDERS:
        return []
    found = []
    for chosen in places:
        rest, steps = iter(single), iter(ladders)
        mixed = [next(steps) if at in chosen else next(rest) for at in range(len(items))]
        found.append(replace(question, secondary=mixed))
    return found


def _checks(store: Store, answer: Answer, facts: Facts) -> Iterator[str]:
    """That what training had to say of a network that is analysed is told."""
    analysed = [facts[run.measure] for run in answer.table if run.measure in facts]
    points = {state.digest for fact in analysed for state in measured(fact) if isinstance(state, Point)}
    said: dict[str, None] = {}
    for name in sorted(points):
        try:
            record = store.records.read(name) if store.records.has(name) else {}
        except DamageError:
            continue  # the store tells of it
        if "checks" not in record.get("withheld", ()):
            said |= dict.fromkeys(str(check) for check in record.get("checks", ()))
    for check in said:
        if not any(told.startswith(f"{check} (") for told in answer.checks):
            yield f"It does not tell what training had to say of its networks: {check[:200]}"


def _which(run: Run) -> str:
    return f"{run.arm}, replicate {run.replicate},"
