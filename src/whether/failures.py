"""Runs that failed for a reason that says nothing of the network: bounded by the worst case, never dropped.

A diverged network is an outcome and has its value. A run whose worker always died has none, and leaving it out would
favour the arm that it is missing from. So the answer is concluded with every such run at the worst and at the best
value that it can have had, arm by arm; where the verdicts differ, the question is open. (STATISTICS, "Outcomes".)
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from whether.answer import FAILED, Answer, Column
from whether.conclude import Looked, conclude, look
from whether.question import Question

MOST_ARMS = 4  # with failed runs, of which every way is tried; beyond, each arm against all others


def look_bounded(question: Question, columns: Sequence[Column]) -> list[Looked]:
    """What the looks have shown, once for each way in which runs that always failed may have ended; as seen first."""
    lost = [place for place, column in enumerate(columns) if any(run.outcome == FAILED for run in column.runs)]
    return [look(question, cast) for cast in (_casts(columns, lost) if lost else [columns])]


def conclude_bounded(question: Question, columns: Sequence[Column], *, checks: Sequence[str], **rest: Any) -> Answer:
    """Conclude, and where runs failed, only what holds whatever they would have been.

    Args:
        question, columns, checks, rest: as `conclude` takes them; failed runs stand at their worst value.
    """
    lost = [place for place, column in enumerate(columns) if any(run.outcome == FAILED for run in column.runs)]
    if not lost:
        return conclude(question, list(columns), checks=list(checks), **rest)
    count = sum(run.outcome == FAILED for column in columns for run in column.runs)
    where = ", ".join(columns[place].arm for place in lost)
    answers = [conclude(question, cast, checks=list(checks), **rest) for cast in _casts(columns, lost)]
    one = answers[0]
    verdicts = {answer.verdict for answer in answers}
    sides = {(place, side) for answer in answers for place, side in _sides(answer)}
    said = f"{count} runs always failed ({where}): shown at the worst value that they could have"
    if len(verdicts) == 1 and len(sides) == len({place for place, _ in sides}):
        return dataclasses.replace(one, checks=[*one.checks, f"{said}; the verdict is the same at the best"])
    # Not the same for being far below at the worst, and for being far above at the best: between them lies "the same".
    other = "another" if len(verdicts) > 1 else "so for the opposite reason"
    told = f"{said}; at the best the verdict would be {other}, so the question stays open"
    return dataclasses.replace(
        one, verdict="inconclusive", meaning=question.if_inconclusive, checks=[*one.checks, told]
    )


def _casts(columns: Sequence[Column], lost: Sequence[int]) -> Iterator[list[Column]]:
    """The columns with failed runs at their worst or best, for each way to choose by arm; all at their worst first."""
    for way in _ways(len(lost)):
        chosen = dict(zip(lost, way, strict=True))
        yield [_at_best(column) if chosen.get(place) else column for place, column in enumerate(columns)]


def _ways(arms: int) -> Iterator[tuple[bool, ...]]:
    """Which arms stand at their best: any; of many arms all, none, one or all but one: a pair sees every way."""
    if arms <= MOST_ARMS:
        yield from itertools.product((False, True), repeat=arms)
        return
    for others in (False, True):
        yield (others,) * arms
        for one in range(arms):
            yield tuple(others != (place == one) for place in range(arms))


def _sides(answer: Answer) -> Iterator[tuple[int, bool]]:
    """Of claims that are not the same, on which side the effect lies."""
    for place, claim in enumerate(answer.claims):
        if claim.kind == "same" and claim.verdict == "no":
            yield place, claim.estimate > 0


def _at_best(column: Column) -> Column:
    best = _best(column)
    runs = [dataclasses.replace(run, value=best) if run.outcome == FAILED else run for run in column.runs]
    return dataclasses.replace(column, runs=runs)


def _best(column: Column) -> float:
    """The best value that a run can have: all right, no loss; of measures without such an end the best one seen."""
    if column.measure in ("accuracy", "solved") or column.share:
        return 100.0
    if column.measure in ("loss", "early_stop"):
        return 0.0
    seen = [run.value for run in column.runs if run.outcome != FAILED] or [run.value for run in column.runs]
    return min(seen) if column.better == "lower" else max(seen)
