"""Reading one claim from numbers: effect, interval, verdict at a level. Pure, and the same for every claim there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from whether import stats
from whether.answer import ClaimResult, Column
from whether.question import Claim, Question
from whether.seeds import Seed, Stream


@dataclass(frozen=True)
class Level:
    """The one-sided levels of one look: at α, and at α over the number of claims.

    Attributes:
        n: the look's replicates.
        alone: the level of a claim by itself.
        among: its level where one of several claims decides alone; never above `alone`.
    """

    n: int
    alone: float
    among: float


def levels(question: Question) -> list[Level]:
    """The levels of every look of a question.

    Of one look they are α and α/m. Of several they are those that spend α, and α/m, over the looks.
    """
    looks = question.looked_at
    alone, among = (
        (alpha,) if len(looks) == 1 else stats.nominal_levels(looks, question.spending, alpha)
        for alpha in (question.alpha, question.alpha / len(question.claims))
    )
    return [Level(n, one, other) for n, one, other in zip(looks, alone, among, strict=True)]


def read_claim(
    question: Question, claim: Claim, columns: Mapping[str, Column], level: Level, *, beside: bool = True
) -> ClaimResult:
    """One claim at one look.

    Args:
        question: for its pairing.
        claim: one of its claims.
        columns: every arm's runs by name; of the claim's arms the first `level.n` are used, which must be there.
        level: of the look.
        beside: with the sign-flip p, which is shown beside the interval, costs most of the time and decides nothing.
    """
    left = columns[claim.left].first(level.n)
    right = None if claim.right is None else columns[claim.right].first(level.n)
    wide, strict = (_interval(question, claim, left, right, alpha) for alpha in (level.alone, level.among))

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
        low=finite(wide.low),
        high=finite(wide.high),
        n=wide.n,
        method=wide.method,
        sd=wide.sd,
        floored=wide.floored,
        p=_p_of_yes(question, claim, left, right, level.alone),
        p_holm=None,
        p_sign_flip=_p_of_signs(question, claim, left, right) if beside else None,
        shared="" if right is None else "paired by replicate" if is_paired(question) else "unpaired",
        note=wide.note,
        level=level.alone,
        look=level.n,
    )


def _interval(question: Question, claim: Claim, left: Column, right: Column | None, alpha: float) -> stats.Interval:
    if right is None:
        if left.share:
            return percent(stats.wilson(sum(hits(left)), len(left.values), alpha=alpha))
        return stats.mean_interval(left.values, alpha=alpha, resolution=left.resolution)
    a, b = _oriented(claim, left, right)
    if left.share:
        if is_paired(question):
            return percent(stats.newcombe_paired(hits(a), hits(b), alpha=alpha))
        return percent(stats.newcombe(sum(hits(a)), len(a.values), sum(hits(b)), len(b.values), alpha=alpha))
    between = stats.paired_t if is_paired(question) else stats.welch
    return between(a.values, b.values, alpha=alpha, resolution=max(a.resolution, b.resolution))


def _p_of_yes(question: Question, claim: Claim, left: Column, right: Column | None, alpha: float) -> float | None:
    """One-sided p of "no yes" from the t statistic that gives the interval: below its level when the verdict is yes."""
    if left.share:
        return None
    if right is None:
        sign = 1.0 if claim.kind == "above" else -1.0
        values = [sign * (value - claim.size) for value in left.values]
        return stats.mean_interval(values, alpha=alpha, resolution=left.resolution).p
    between = stats.paired_t if is_paired(question) else stats.welch
    floor = max(left.resolution, right.resolution)
    found = [between(a, b, alpha=alpha, resolution=floor).p for a, b in _tests(claim, left, right)]
    return None if None in found else max(p for p in found if p is not None)


def _p_of_signs(question: Question, claim: Claim, left: Column, right: Column | None) -> float | None:
    """The sign-flip p beside it, for paired numbers; with many pairs over random signs, always the same ones."""
    if right is None or left.share or not is_paired(question):
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


def is_paired(question: Question) -> bool:
    """Whether arms are compared replicate by replicate."""
    return question.pairing == "replicate"


def hits(column: Column) -> list[bool]:
    """Of a share's column, in which replicates the thing happened."""
    return [value > 50.0 for value in column.values]


def percent(found: stats.Interval) -> stats.Interval:
    """A share's interval in per cent, the unit of measures whose values are 0 or 100."""
    return replace(found, estimate=100 * found.estimate, low=100 * found.low, high=100 * found.high)


def finite(value: float) -> float | None:
    """A limit, None where there is none."""
    return value if math.isfinite(value) else None
