"""What came of making a part of an answer again: every run beside its original, every claim with its judgement.

Plain values. They are made of the original answer and of the runs made again, and of nothing else, so that the same
numbers give the same judgement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from whether import stats
from whether.answer import FAILED, Answer, ClaimResult, Column, Run
from whether.bundle import agreement
from whether.bundle.agreement import ERROR, Agreement, Expected
from whether.concluded import columns_of, question_of
from whether.errors import RequestError
from whether.failures import joint_look, look_bounded
from whether.reading import finite, hits
from whether.words import MEASURES

FORMAT = 1
EQUAL = "every number is equal"
ROUNDING = 1e-5
"""Of a number, how much of it networks that are computed beside others may round away."""
UNNAMED = "not stated"
MOST_TEXT = 240
"""Characters that a cover sheet has room for."""


@dataclass(frozen=True, kw_only=True)
class RunAgain:
    """One run and its original.

    Attributes:
        value, outcome: of the original; `value_again` and `outcome_again` of the run made again.
        same: whether both are equal, the number to the bit.
        same_weights: whether the trained weights are, too; None where the bundle or the lab does not say.
        mismeasured: whether they are, and the numbers are further apart than the measure can round: one of them was not
            measured of these weights. Of times, and of measures of one's own, it is not told.
    """

    arm: str
    replicate: int
    measure: str
    value: float
    outcome: str
    value_again: float
    outcome_again: str
    same: bool
    same_weights: bool | None = None
    mismeasured: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimAgain:
    """One claim, judged.

    Attributes:
        decides: whether it is one of the claims that the verdict is made of.
        verdict: the original's.
        original: the effect over all `n` replicates of the original; `paired` over the `k` that were made again.
        again: the effect of those made again; None where none was.
        low, high: where it is expected to lie; None is unbounded.
        shift_low, shift_high: the 90 % interval of `again` less `paired`, from the pairs' own spread; None for fewer
            than two pairs.
        why: of the judgement, a phrase.
    """

    said: str
    kind: str
    size: float
    unit: str
    decides: bool
    verdict: str
    original: float
    paired: float | None
    again: float | None
    low: float | None
    high: float | None
    n: int
    k: int
    method: str
    shift_low: float | None
    shift_high: float | None
    agrees: Agreement
    why: str


@dataclass(frozen=True, kw_only=True)
class Reproduced:
    """A reproduction.

    Attributes:
        answer: SHA-256 of the original's answer.json; `bundle` of its bundle's manifest.
        replicates: made again, of `of`; `arms` likewise, of `of_arms`.
        verdict: of the original; `verdict_now` with the runs made again in the place of their originals, empty where
            that cannot be read.
        same_bits: whether every number is equal.
        same_profile: whether machine and libraries are those of the original, None where it does not say.
        by, time: who, and when (UTC, ISO 8601); `by` is "" where not stated.
    """

    format: int = FORMAT
    answer: str
    name: str
    replicates: int
    of: int
    arms: int
    of_arms: int
    verdict: str
    verdict_now: str
    same_bits: bool
    agrees: Agreement
    claims: Sequence[ClaimAgain]
    numbers: Sequence[RunAgain]
    by: str = ""
    time: str = ""
    bundle: str = ""
    same_profile: bool | None = None
    profile: Sequence[str] = ()
    machine: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def equal(self) -> int:
        """How many runs have the original's number and outcome."""
        return sum(run.same for run in self.numbers)

    @property
    def mismeasured(self) -> int:
        """Of how many runs another number was measured of the very weights of the original, on such a machine."""
        return sum(run.mismeasured for run in self.numbers) if self.same_profile else 0

    @property
    def partial(self) -> str:
        """Of what alone it agrees where not every claim that decides was made again: "1 run"; else empty."""
        from whether.report.numbers import plural

        whole = all(claim.agrees == "yes" for claim in self.claims if claim.decides)
        return "" if whole else plural(len(self.numbers), "run")

    @property
    def text(self) -> str:
        """One sentence for a cover sheet, of at most 240 characters."""
        from whether.report.numbers import clean, plural

        who = ", ".join(filter(None, [clean(self.by), self.time[:10]]))
        part = f"{self.replicates} of {plural(self.of, 'replicate')}"
        part += f", {self.arms} of {self.of_arms} arms," if self.arms < self.of_arms else ""
        said = f"{part} made again ({plural(len(self.numbers), 'run')}): {self._result()}."
        room = MOST_TEXT - len(said) - 2
        who = who if len(who) <= room else who[: room - 1] + "…"
        return f"{who}: {said}" if who else said

    def _result(self) -> str:
        from whether.report.numbers import plural

        decide = [claim.agrees for claim in self.claims if claim.decides]
        equal = f"{plural(self.equal, 'number')} equal to the bit"
        if self.same_bits:
            return "every number is equal to the bit" + (
                "; of claims that decide some were not made again" if self.partial else ""
            )
        predicted = "what the original's spread predicts"
        if self.agrees == "yes":
            return f"agrees, {plural(len(decide), 'claim')} within {predicted}; {equal}"
        if self.mismeasured:
            return f"does not agree, {plural(self.mismeasured, 'other number')} of the same trained weights; {equal}"
        if self.agrees == "no":
            outside = f"{decide.count('no')} of {plural(len(decide), 'claim')}"
            return f"does not agree, {outside} outside {predicted}; {equal}"
        return f"too few to tell whether it agrees; {equal}"

    def plain(self) -> dict[str, Any]:
        """As reproduction.json has it."""
        from whether.store.numbers import plain

        told = asdict(self) | {"text": self.text, "runs": len(self.numbers), "by": self.by or UNNAMED}
        return {name: plain(value) for name, value in told.items()}


def compare(answer: Answer, again: Sequence[Run], *, same_weights: Mapping[str, bool] | None = None) -> list[RunAgain]:
    """Every run made again beside its original.

    Args:
        answer: the original.
        again: runs of its arms and replicates, each with the measure's digest of its original.
        same_weights: by the measure's digest, where it is known.

    Raises:
        RequestError: when one has no original.
    """
    originals = {(run.arm, run.replicate): run for run in answer.table}
    found = []
    for run in again:
        was = originals.get((run.arm, run.replicate))
        if was is None or was.measure != run.measure:
            raise RequestError(f"the run of {run.arm}, replicate {run.replicate}, is none of the answer {answer.name}.")
        found.append(
            RunAgain(
                arm=run.arm,
                replicate=run.replicate,
                measure=run.measure,
                value=was.value,
                outcome=was.outcome,
                value_again=run.value,
                outcome_again=run.outcome,
                same=was.outcome == run.outcome and _equal(was.value, run.value),
                same_weights=(same_weights or {}).get(run.measure),
                mismeasured=(same_weights or {}).get(run.measure) is True and _apart(answer, was, run),
            )
        )
    return found


def _apart(answer: Answer, was: Run, again: Run) -> bool:
    """Whether two numbers of one network cannot both be right."""
    arm = next((arm for arm in answer.arms if arm.arm == was.arm), None)
    kind = MEASURES.get(arm.measure) if arm is not None else None
    if arm is None or kind is None or kind.timed or FAILED in (was.outcome, again.outcome):
        return False
    return was.outcome != again.outcome or abs(was.value - again.value) > 1.01 * max(
        arm.resolution, ROUNDING * abs(was.value)
    )


def reproduced(original: Answer, runs: Sequence[RunAgain], **facts: Any) -> Reproduced:
    """The judgement over all claims.

    Args:
        original: the answer.
        runs: from `compare`.
        facts: the fields of Reproduced that do not follow from these: answer, by, time, same_profile, …
    """
    deciding = list(original.claims)
    beside = [
        *original.secondary,
        *(claim for ladder in original.ladders for claim in ladder.claims),
        *(control.claim for control in original.controls),
    ]
    claims = [_judged(original, claim, runs, len(deciding), decides=True) for claim in deciding]
    claims += [_judged(original, claim, runs, len(beside), decides=False) for claim in beside]
    same = bool(runs) and all(run.same for run in runs)
    mismeasured = facts.get("same_profile") is True and any(run.mismeasured for run in runs)
    return Reproduced(
        name=original.name,
        replicates=len({run.replicate for run in runs}),
        of=original.replicates,
        arms=len({run.arm for run in runs}),
        of_arms=len({run.arm for run in original.table}),
        verdict=original.verdict,
        verdict_now=_verdict_now(original, runs),
        same_bits=same,
        agrees=_overall(claims, runs, mismeasured=mismeasured, same=same),
        claims=claims,
        numbers=list(runs),
        **facts,
    )


def _overall(claims: Sequence[ClaimAgain], runs: Sequence[RunAgain], *, mismeasured: bool, same: bool) -> Agreement:
    """The claims' judgement together; where every number is equal to the bit it agrees, however few there are."""
    if mismeasured:
        return "no"
    if same and any(run.outcome != FAILED for run in runs):
        return "yes"
    return agreement.overall([claim.agrees for claim in claims if claim.decides])


def _judged(answer: Answer, claim: ClaimResult, runs: Sequence[RunAgain], many: int, *, decides: bool) -> ClaimAgain:
    columns = {column.arm: column.first(claim.look or answer.replicates) for column in columns_of(answer)}
    arms = [name for name in (claim.left, claim.right) if name is not None]
    made = {(run.arm, run.replicate): run for run in runs if FAILED not in (run.outcome, run.outcome_again)}
    held = set.intersection(*({run.replicate for run in columns[arm].runs if run.outcome != FAILED} for arm in arms))
    pairs = sorted(rep for rep in held if all((arm, rep) in made for arm in arms))
    expected = _expected(answer, claim, columns, sorted(held), len(pairs), ERROR / many) if held and pairs else None
    old, new = ([_effect(claim, columns, [_value(made[arm, r], of) for arm in arms]) for r in pairs] for of in (0, 1))
    if expected is None:
        agrees, why = "cannot tell", "none of its runs was made again" if not pairs else "its runs failed"
    elif all(made[arm, rep].same for arm in arms for rep in pairs):
        agrees, why = "yes", EQUAL
    else:
        agrees, why = agreement.judge(claim.kind, claim.size, expected, _mean(new))  # type: ignore[arg-type]
    shift = stats.mean_interval([b - a for a, b in zip(old, new, strict=True)], alpha=0.05) if len(pairs) > 1 else None
    return ClaimAgain(
        said=claim.said,
        kind=claim.kind,
        size=claim.size,
        unit=claim.unit,
        decides=decides,
        verdict=claim.verdict,
        original=expected.estimate if expected else claim.estimate,
        paired=_mean(old) if pairs else None,
        again=_mean(new) if pairs else None,
        low=finite(expected.low) if expected else None,
        high=finite(expected.high) if expected else None,
        n=len(held),
        k=len(pairs),
        method=expected.method if expected else "",
        shift_low=shift.low if shift else None,
        shift_high=shift.high if shift else None,
        agrees=agrees,  # type: ignore[arg-type]
        why=why,
    )


def _expected(
    answer: Answer, claim: ClaimResult, columns: Mapping[str, Column], held: Sequence[int], k: int, error: float
) -> Expected:
    """Where the claim's effect of k replicates is expected, by the form of its interval."""
    left = _only(columns[claim.left], held)
    if claim.right is None:
        if left.share:
            return agreement.expect_share(hits(left), k, error=error)
        return agreement.expect_mean(left.values, k, error=error, resolution=left.resolution)
    a, b = left, _only(columns[claim.right], held)
    if _sign(claim, left) < 0:
        a, b = b, a
    paired = answer.pairing == "replicate"
    if left.share:
        between = agreement.expect_paired_shares if paired else agreement.expect_two_shares
        return between(hits(a), hits(b), k, error=error)
    floor = max(a.resolution, b.resolution)
    if not paired:
        return agreement.expect_difference(a.values, b.values, k, error=error, resolution=floor)
    differences = [x - y for x, y in zip(a.values, b.values, strict=True)]
    return agreement.expect_mean(differences, k, error=error, resolution=floor)


def _only(column: Column, held: Sequence[int]) -> Column:
    from dataclasses import replace

    return replace(column, runs=[run for run in column.runs if run.replicate in held])


def _effect(claim: ClaimResult, columns: Mapping[str, Column], values: Sequence[float]) -> float:
    """Of one replicate: the difference, oriented as the claim's; of a bound the value itself."""
    return values[0] if len(values) == 1 else _sign(claim, columns[claim.left]) * (values[0] - values[1])


def _sign(claim: ClaimResult, left: Column) -> float:
    return 1.0 if left.better == "higher" or claim.kind == "same" else -1.0


def _value(run: RunAgain, of: int) -> float:
    return run.value_again if of else run.value


def _verdict_now(answer: Answer, runs: Sequence[RunAgain]) -> str:
    """The question's verdict with the runs made again in the place of their originals."""
    from dataclasses import replace

    made = {(run.arm, run.replicate): run for run in runs}

    def now(run: Run) -> Run:
        again = made.get((run.arm, run.replicate))
        return run if again is None else replace(run, value=again.value_again, outcome=again.outcome_again)

    columns = [replace(column, runs=[now(run) for run in column.runs]) for column in columns_of(answer)]
    try:
        return joint_look(look_bounded(question_of(answer), columns)).verdict
    except RequestError:
        return ""  # a look would follow, for which there are no runs


def _equal(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
