"""From numbers to an answer: a pure function of the question and of what each replicate gave.

The same numbers give the same answer, whatever machine trained them and however often it was interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from whether import stats
from whether.answer import DIVERGED, Answer, ArmSummary, ClaimResult, Column, ControlResult, LadderResult
from whether.question import Claim, Ladder, Question
from whether.seeds import Seed, Stream


def conclude(question: Question, columns: Sequence[Column], **facts: Any) -> Answer:
    """The answer that the numbers give under the question's rule.

    Args:
        question: with its claims and the rule that combines them.
        columns: every arm's runs, replicates in order.
        facts: the remaining fields of Answer (digest, grade, split, data, curves, checks, circumstances).

    Returns:
        The Answer. With one replicate a mean has no limits and its claims are inconclusive; a share still has some.
    """
    by_name = {column.arm: column for column in columns}
    many = len(question.claims)

    def asked(claim: Claim, among: int = 1) -> ClaimResult:
        return _answer_claim(question, claim, by_name, among)

    claims = [asked(claim, many) for claim in question.claims]
    combined = stats.combine(
        question.combine,
        [claim.verdict for claim in claims],
        [claim.verdict_strict for claim in claims],
        named=(question.hold_to or many) - 1 if question.combine == "ordered" else None,
    )
    singles = [asked(item) for item in question.secondary if isinstance(item, Claim)]
    ladders = [[asked(claim) for claim in item.claims] for item in question.secondary if isinstance(item, Ladder)]
    controls = [(control, asked(control.claim)) for control in question.controls]
    no = _no_meaning(question, claims, combined.held or 0)
    meanings = {"yes": question.if_yes, "no": no, "inconclusive": question.if_inconclusive}
    return Answer(
        name=question.name,
        text=question.text,
        category=question.category,
        options={name: str(value) for name, value in question.options.items() if value is not None},
        source=question.source or question.name,
        verdict=combined.verdict,
        meaning=meanings[combined.verdict],
        if_yes=question.if_yes,
        if_no=question.if_no,
        if_inconclusive=question.if_inconclusive,
        combine=question.combine,
        held=combined.held,
        hold_to=question.hold_to,
        alpha=question.alpha,
        pairing=question.pairing,
        replicates=question.replicates,
        axis=question.axis,
        claims=claims,
        secondary=_holm(singles),
        ladders=[LadderResult(held=_held(row), claims=row) for row in ladders],
        controls=[
            ControlResult(claim=result, expect=item.expect, because=item.because, behaved=result.verdict == item.expect)
            for item, result in controls
        ],
        arms=[_summary(column, question.alpha) for column in columns],
        table=[run for column in columns for run in column.runs],
        **facts,
    )


def _answer_claim(question: Question, claim: Claim, columns: Mapping[str, Column], among: int) -> ClaimResult:
    left = columns[claim.left]
    right = None if claim.right is None else columns[claim.right]
    wide, strict = (_interval(question, claim, left, right, question.alpha / part) for part in (1, among))

    def read(found: stats.Interval) -> stats.Verdict:
        return stats.verdict(claim.kind, found.low, found.high, claim.size)

    return ClaimResult(
        said=claim.said if left.better == "higher" else claim.said_of_less,
        kind=claim.kind,
        left=claim.left,
        right=claim.right,
        size=claim.size,
        unit=claim.unit,
        because=claim.because,
        if_no=claim.if_no,
        verdict=read(wide),
        verdict_strict=read(strict),
        estimate=wide.estimate,
        low=_finite(wide.low),
        high=_finite(wide.high),
        n=wide.n,
        method=wide.method,
        sd=wide.sd,
        floored=wide.floored,
        p=_p_of_yes(question, claim, left, right),
        p_holm=None,
        p_sign_flip=_p_of_signs(question, claim, left, right),
        shared="" if right is None else "paired by replicate" if _is_paired(question) else "unpaired",
        note=wide.note,
    )


def _interval(question: Question, claim: Claim, left: Column, right: Column | None, alpha: float) -> stats.Interval:
    if right is None:
        if left.share:
            return _percent(stats.wilson(sum(_hits(left)), len(left.values), alpha=alpha))
        return stats.mean_interval(left.values, alpha=alpha, resolution=left.resolution)
    a, b = _oriented(claim, left, right)
    if left.share:
        if _is_paired(question):
            return _percent(stats.newcombe_paired(_hits(a), _hits(b), alpha=alpha))
        return _percent(stats.newcombe(sum(_hits(a)), len(a.values), sum(_hits(b)), len(b.values), alpha=alpha))
    between = stats.paired_t if _is_paired(question) else stats.welch
    return between(a.values, b.values, alpha=alpha, resolution=max(a.resolution, b.resolution))


def _p_of_yes(question: Question, claim: Claim, left: Column, right: Column | None) -> float | None:
    """One-sided p of "no yes" from the t statistic that gives the interval: below α exactly when the verdict is yes."""
    if left.share:
        return None
    if right is None:
        sign = 1.0 if claim.kind == "above" else -1.0
        values = [sign * (value - claim.size) for value in left.values]
        return stats.mean_interval(values, alpha=question.alpha, resolution=left.resolution).p
    between = stats.paired_t if _is_paired(question) else stats.welch
    floor = max(left.resolution, right.resolution)
    found = [between(a, b, alpha=question.alpha, resolution=floor).p for a, b in _tests(claim, left, right)]
    return None if None in found else max(p for p in found if p is not None)


def _p_of_signs(question: Question, claim: Claim, left: Column, right: Column | None) -> float | None:
    """The sign-flip p beside it, for paired numbers; with many pairs over random signs, always the same ones."""
    if right is None or left.share or not _is_paired(question):
        return None
    stream = Stream(Seed(0), "sign flip")
    rows = [[x - y for x, y in zip(a, b, strict=True)] for a, b in _tests(claim, left, right)]
    return max(stats.sign_flip_p(row, stream=stream) for row in rows)


def _tests(claim: Claim, left: Column, right: Column) -> list[tuple[list[float], list[float]]]:
    """Pairs of rows a, b: the claim is yes where mean(a − b) > 0 for each of them (of `same`, at either edge)."""
    a, b = (column.values for column in _oriented(claim, left, right))
    if claim.kind == "same":
        return [([value + claim.size for value in a], b), ([value + claim.size for value in b], a)]
    least = -claim.size if claim.kind == "not_worse" else claim.size
    return [([value - least for value in a], b)]


def _oriented(claim: Claim, left: Column, right: Column) -> tuple[Column, Column]:
    """The arms in the order in which a positive difference supports the claim."""
    return (left, right) if left.better == "higher" or claim.kind == "same" else (right, left)


def _is_paired(question: Question) -> bool:
    return question.pairing == "replicate"


def _hits(column: Column) -> list[bool]:
    return [value > 50.0 for value in column.values]


def _holm(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    places = [place for place, result in enumerate(results) if result.p is not None]
    adjusted = dict(zip(places, stats.holm([result.p for result in results if result.p is not None]), strict=True))
    return [replace(result, p_holm=adjusted.get(place)) for place, result in enumerate(results)]


def _held(row: Sequence[ClaimResult]) -> int:
    return stats.combine_ordered([claim.verdict for claim in row], len(row) - 1).held or 0


def _summary(column: Column, alpha: float) -> ArmSummary:
    values = column.values
    if column.share:
        found = _percent(stats.wilson(sum(_hits(column)), len(values), alpha=alpha))
    else:
        found = stats.mean_interval(values, alpha=alpha, resolution=column.resolution)
    return ArmSummary(
        arm=column.arm,
        family=column.family,
        x=column.x,
        measure=column.measure,
        unit=column.unit,
        n=len(values),
        mean=found.estimate,
        sd=found.sd,
        low=_finite(found.low),
        high=_finite(found.high),
        diverged=sum(run.outcome == DIVERGED for run in column.runs),
    )


def _percent(found: stats.Interval) -> stats.Interval:
    """A share's interval in per cent, the unit of measures whose values are 0 or 100."""
    return replace(found, estimate=100 * found.estimate, low=100 * found.low, high=100 * found.high)


def _no_meaning(question: Question, claims: Sequence[ClaimResult], held: int) -> str:
    """What a no means, with what each claim that carries it says of its own no."""
    carry = {
        "all": [claim for claim in claims if claim.verdict_strict == "no"],
        "any": claims,
        "ordered": claims[held : held + 1],
    }[question.combine]
    return " ".join(dict.fromkeys([question.if_no, *(claim.if_no for claim in carry if claim.if_no)]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
