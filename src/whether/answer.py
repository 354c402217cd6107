"""An Answer: verdict, effects with intervals, the rule that was fixed, every run accounted for.

`conclude` is the way from numbers to an answer: a pure function of the question and of what each replicate gave. The
same numbers give the same answer, whatever machine trained them and however often it was interrupted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from whether import stats
from whether.question import Claim, Ladder, Question

if TYPE_CHECKING:
    import pandas as pd

DONE, DIVERGED = "done", "diverged"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Run:
    """One arm of one replicate.

    Attributes:
        value: in the measure's unit; a diverged run has the metric's worst value.
        outcome: "done" or "diverged".
        note: what a reader must know, such as a censored early stop.
        measure, state: digests of what was measured and of whose state.
        steps: iterations of training behind the state.
    """

    arm: str
    family: str
    x: float | None
    replicate: int
    seed: str
    value: float
    outcome: str
    note: str
    measure: str
    state: str
    steps: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """What an arm's numbers mean, and its runs by replicate."""

    arm: str
    family: str
    x: float | None
    unit: str
    better: str
    share: bool
    resolution: float
    split: str | None
    measure: str
    runs: Sequence[Run]

    @property
    def values(self) -> list[float]:
        """One number a replicate, in the order of replicates."""
        return [run.value for run in self.runs]


@dataclass(frozen=True, kw_only=True)
class ClaimResult:
    """One claim, answered.

    `estimate`, `low` and `high` are of the effect, oriented so that positive supports the claim (for a bound: the mean
    itself); None stands for an unbounded limit. `verdict_strict` is at α over the number of claims.
    """

    said: str
    kind: str
    left: str
    right: str | None
    size: float
    unit: str
    because: str
    if_no: str
    verdict: stats.Verdict
    verdict_strict: stats.Verdict
    estimate: float
    low: float | None
    high: float | None
    n: int
    method: str
    sd: float | None
    floored: bool
    p: float | None
    p_holm: float | None
    p_sign_flip: float | None
    shared: str
    note: str


@dataclass(frozen=True, kw_only=True)
class LadderResult:
    """How far a ladder of claims holds: `held` of them, from the first on."""

    held: int
    claims: Sequence[ClaimResult]


@dataclass(frozen=True, kw_only=True)
class ControlResult:
    """A control: what was expected, what came, and whether it behaved."""

    claim: ClaimResult
    expect: str
    because: str
    behaved: bool


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """An arm over its replicates; `low` and `high` are the interval of its mean, None where there is none."""

    arm: str
    family: str
    x: float | None
    unit: str
    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    diverged: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a question, with everything that it rests on.

    Everything but `circumstances` and `ledger` is a function of the question and of the numbers of its runs; `ledger`
    is how long the lab's ledger was when this was written.
    """

    format: int = FORMAT
    digest: str
    name: str
    text: str
    category: str
    options: Mapping[str, str]
    grade: str
    verdict: str
    meaning: str
    if_yes: str
    if_no: str
    if_inconclusive: str
    combine: str
    held: int | None
    hold_to: int | None
    alpha: float
    pairing: str
    replicates: int
    axis: str
    split: str
    data: Mapping[str, Any]
    claims: Sequence[ClaimResult]
    secondary: Sequence[ClaimResult]
    ladders: Sequence[LadderResult]
    controls: Sequence[ControlResult]
    arms: Sequence[ArmSummary]
    table: Sequence[Run]
    curves: Mapping[str, Mapping[str, Sequence[float | None]]] = field(default_factory=dict)
    checks: Sequence[str] = ()
    circumstances: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> pd.DataFrame:
        """Every run with its outcome: a row for each arm of each replicate."""
        import pandas as pd

        return pd.DataFrame([asdict(run) for run in self.table])

    @property
    def diverged(self) -> int:
        """How many of the runs diverged."""
        return sum(run.outcome == DIVERGED for run in self.table)

    def to_json(self) -> str:
        """`answer.json`: readable, with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Answer:
        """Read `answer.json` back."""
        said = json.loads(text)

        def claim(item: dict[str, Any]) -> ClaimResult:
            return ClaimResult(**item)

        return Answer(
            **said
            | {
                "claims": [claim(item) for item in said["claims"]],
                "secondary": [claim(item) for item in said["secondary"]],
                "ladders": [
                    LadderResult(held=item["held"], claims=[claim(one) for one in item["claims"]])
                    for item in said["ladders"]
                ],
                "controls": [ControlResult(**item | {"claim": claim(item["claim"])}) for item in said["controls"]],
                "arms": [ArmSummary(**item) for item in said["arms"]],
                "table": [Run(**item) for item in said["table"]],
            }
        )

    def _repr_html_(self) -> str:
        from whether.report.notebook import answer_html

        return answer_html(self)


def conclude(question: Question, columns: Sequence[Column], **facts: Any) -> Answer:
    """The answer that the numbers give under the question's rule.

    Args:
        question: with its claims and the rule that combines them.
        columns: every arm's runs, replicates in order.
        facts: the remaining fields of Answer (digest, grade, split, data, curves, checks, circumstances).

    Returns:
        The Answer; a claim with one replicate has no interval and is inconclusive.
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
    meanings = {"yes": question.if_yes, "no": _no_meaning(question, claims), "inconclusive": question.if_inconclusive}
    return Answer(
        name=question.name,
        text=question.text,
        category=question.category,
        options={name: str(value) for name, value in question.options.items()},
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
    differences = _effects(left, right) if right is not None and question.pairing == "replicate" else None

    def read(found: stats.Interval) -> stats.Verdict:
        return stats.verdict(claim.kind, found.low, found.high, claim.size)

    flips = left.share or differences is None
    return ClaimResult(
        said=claim.said,
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
        p=_p_of_yes(claim, differences, left) if not left.share else None,
        p_holm=None,
        p_sign_flip=None if flips or not differences else stats.sign_flip_p(_beyond(claim, differences)),
        shared=_shared(question, right),
        note=wide.note,
    )


def _interval(question: Question, claim: Claim, left: Column, right: Column | None, alpha: float) -> stats.Interval:
    resolution = max(left.resolution, right.resolution if right else 0.0)
    if right is None:
        if left.share:
            return _percent(stats.wilson(sum(value > 50 for value in left.values), len(left.values), alpha=alpha))
        return stats.mean_interval(left.values, alpha=alpha, resolution=resolution)
    a, b = (left, right) if left.better == "higher" or claim.kind == "same" else (right, left)
    if left.share:
        hits = [[value > 50 for value in column.values] for column in (a, b)]
        if question.pairing == "replicate":
            return _percent(stats.newcombe_paired(*hits, alpha=alpha))
        return _percent(stats.newcombe(sum(hits[0]), len(hits[0]), sum(hits[1]), len(hits[1]), alpha=alpha))
    between = stats.paired_t if question.pairing == "replicate" else stats.welch
    return between(a.values, b.values, alpha=alpha, resolution=resolution)


def _effects(left: Column, right: Column) -> list[float]:
    sign = 1.0 if left.better == "higher" else -1.0
    return [sign * (a - b) for a, b in zip(left.values, right.values, strict=True)]


def _beyond(claim: Claim, effects: Sequence[float]) -> list[float]:
    """Effects as distances above the value that yes must exceed; of `same`, to the nearer of its two edges."""
    if claim.kind == "same":
        side = -1.0 if sum(effects) > 0 else 1.0
        return [claim.size + side * effect for effect in effects]
    least = -claim.size if claim.kind == "not_worse" else claim.size
    return [effect - least for effect in effects]


def _p_of_yes(claim: Claim, differences: Sequence[float] | None, left: Column) -> float | None:
    if claim.right is None:
        sign = 1.0 if claim.kind == "above" else -1.0
        values = [sign * (value - claim.size) for value in left.values]
        return stats.mean_interval(values, alpha=0.05, resolution=left.resolution).p
    if differences is None:
        return None
    return stats.mean_interval(_beyond(claim, differences), alpha=0.05, resolution=left.resolution).p


def _holm(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    with_p = [result for result in results if result.p is not None]
    adjusted = dict(
        zip(map(id, with_p), stats.holm([result.p for result in with_p if result.p is not None]), strict=True)
    )
    return [ClaimResult(**asdict(result) | {"p_holm": adjusted.get(id(result))}) for result in results]


def _held(row: Sequence[ClaimResult]) -> int:
    return stats.combine_ordered([claim.verdict for claim in row], len(row) - 1).held or 0


def _summary(column: Column, alpha: float) -> ArmSummary:
    values = column.values
    if column.share:
        found = _percent(stats.wilson(sum(value > 50 for value in values), len(values), alpha=alpha))
    else:
        found = stats.mean_interval(values, alpha=alpha, resolution=column.resolution)
    return ArmSummary(
        arm=column.arm,
        family=column.family,
        x=column.x,
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
    return stats.Interval(
        **asdict(found) | {"estimate": 100 * found.estimate, "low": 100 * found.low, "high": 100 * found.high}
    )


def _no_meaning(question: Question, claims: Sequence[ClaimResult]) -> str:
    refuted = [claim.if_no for claim in claims if claim.verdict == "no" and claim.if_no]
    return " ".join([question.if_no, *dict.fromkeys(refuted)])


def _shared(question: Question, right: Column | None) -> str:
    if right is None:
        return ""
    return "paired by replicate" if question.pairing == "replicate" else "unpaired"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
