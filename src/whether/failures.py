"""Runs that failed for a reason that says nothing of the network: bounded by the worst case, never dropped.

A diverged network is an outcome and has its value. A run whose worker always died has none, and leaving it out would
favour the arm that it is missing from. So the answer is concluded with every such run at the worst and at the best
value that it can have had, arm by arm; where the verdicts differ, the question is open. (STATISTICS, "Outcomes".)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from whether.answer import FAILED, Answer, Column, LookResult
from whether.conclude import Looked, conclude, look, needed
from whether.question import Question

MOST_ARMS = 4  # with failed runs, of which every way is tried; beyond, each arm against all others


def look_bounded(question: Question, columns: Sequence[Column]) -> list[Looked]:
    """What the looks have shown, once for each way in which runs that always failed may have ended; at worst first."""
    return [look(question, cast, beside=False) for cast in _casts(columns)]


def joint_look(ways: Sequence[Looked]) -> LookResult:
    """The look that was taken last, of all ways together: a verdict is one where every way has it."""
    last = _longest(ways).looks[-1]
    return replace(last, verdict="inconclusive") if _apart(ways) else last


def is_over(question: Question, ways: Sequence[Looked]) -> bool:
    """Whether no look follows: every way has its verdict, though it be another one, or the last look was taken."""
    taken = len(_longest(ways).looks)
    return taken == len(question.looked_at) or all(way.verdict != "inconclusive" for way in ways)


def needed_bounded(question: Question, columns: Sequence[Column], ways: Sequence[Looked]) -> set[str]:
    """The arms that the next look needs, in any way that is still open."""
    return set().union(*(needed(question, columns, way) for way in ways if way.verdict == "inconclusive"))


def conclude_bounded(question: Question, columns: Sequence[Column], *, checks: Sequence[str], **rest: Any) -> Answer:
    """Conclude, and where runs failed, only what holds whatever they would have been.

    Told is the way that took most looks, so that every run that a look read is in the answer; failed runs are listed at
    their worst value.

    Args:
        question, columns, checks, rest: as `conclude` takes them; failed runs stand at their worst value.
    """
    lost = _lost(columns)
    if not lost:
        return conclude(question, list(columns), checks=list(checks), **rest)
    count = sum(run.outcome == FAILED for column in columns for run in column.runs)
    where = ", ".join(columns[place].arm for place in lost)
    ways = look_bounded(question, columns)
    place = ways.index(_longest(ways))
    one = conclude(question, list(_casts(columns))[place], checks=list(checks), **rest)
    listed = {(run.arm, run.replicate): run for column in columns for run in column.runs}
    one = replace(one, table=[listed[run.arm, run.replicate] for run in one.table])
    said = f"{count} runs always failed ({where}): shown at the worst value that they could have"
    best = [columns[arm].arm for arm, at_best in zip(lost, list(_ways(len(lost)))[place], strict=True) if at_best]
    if best:
        said += f"; intervals are told with {', '.join(best)} at the best, where the question was open longest"
    apart = _apart(ways)
    if not apart:
        return replace(one, checks=[*one.checks, f"{said}; the verdict is the same at the best"])
    told = f"{said}; at the best the verdict would be {apart}, so the question stays open"
    return replace(
        one,
        verdict="inconclusive",
        meaning=question.if_inconclusive,
        looks=[*one.looks[:-1], joint_look(ways)],
        checks=[*one.checks, told],
    )


def _lost(columns: Sequence[Column]) -> list[int]:
    return [place for place, column in enumerate(columns) if any(run.outcome == FAILED for run in column.runs)]


def _longest(ways: Sequence[Looked]) -> Looked:
    """The way that took most looks, the first of several."""
    return max(ways, key=lambda way: len(way.looks))


def _apart(ways: Sequence[Looked]) -> str:
    """In what the ways differ, in words; empty where all come to the same."""
    if len({way.verdict for way in ways}) > 1:
        return "another"
    # Not the same for being far below at the worst, and for being far above at the best: between them lies "the same".
    sides = {(place, side) for way in ways for place, side in _sides(way)}
    return "so for the opposite reason" if len(sides) > len({place for place, _ in sides}) else ""


def _casts(columns: Sequence[Column]) -> Iterator[list[Column]]:
    """The columns with failed runs at their worst or best, for each way to choose by arm; all at their worst first."""
    lost = _lost(columns)
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


def _sides(way: Looked) -> Iterator[tuple[int, bool]]:
    """Of claims that are not the same, on which side the effect lies."""
    for place, claim in enumerate(way.claims):
        if claim.kind == "same" and claim.verdict == "no":
            yield place, claim.estimate > 0


def _at_best(column: Column) -> Column:
    best = _best(column)
    runs = [replace(run, value=best) if run.outcome == FAILED else run for run in column.runs]
    return replace(column, runs=runs)


def _best(column: Column) -> float:
    """The best value that a run can have: all right, no loss; of measures without such an end the best one seen."""
    if column.measure in ("accuracy", "solved") or column.share:
        return 100.0
    if column.measure in ("loss", "early_stop"):
        return 0.0
    seen = [run.value for run in column.runs if run.outcome != FAILED] or [run.value for run in column.runs]
    return min(seen) if column.better == "lower" else max(seen)
