"""From numbers to an answer: a pure function of the question and of what each replicate gave.

The same numbers give the same answer, whatever machine trained them and however often it was interrupted. A question
with several looks is read at each of them, by the replicates' numbers, until its verdict stands:

    look at n₁ ─ open ─▶ look at n₂ ─ open ─▶ … ─▶ the verdict stands, or the last look was taken
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whether import stats
from whether.answer import (
    DIVERGED,
    Answer,
    ArmSummary,
    ClaimResult,
    Column,
    ControlResult,
    LadderResult,
    LookResult,
)
from whether.errors import RequestError
from whether.question import Claim, Ladder, Question
from whether.reading import Level, finite, hits, levels, percent, read_claim


@dataclass(frozen=True)
class Looked:
    """What the looks at a question have shown so far.

    Attributes:
        looks: those taken, in order.
        claims: the primary claims, each as it was settled or last read.
        settled: of each primary claim, whether more replicates can no longer change what it says.
    """

    looks: tuple[LookResult, ...]
    claims: tuple[ClaimResult, ...]
    settled: tuple[bool, ...]

    @property
    def verdict(self) -> stats.Verdict:
        """The question's, so far."""
        return self.looks[-1].verdict


def look(question: Question, columns: Sequence[Column], *, beside: bool = True) -> Looked:
    """Take every look for which there are runs, until the verdict stands.

    Args:
        question: with its looks.
        columns: every arm's runs, replicates in order; an arm has as many as its last needed look asks for.
        beside: with what is shown beside the intervals and decides nothing (`read_claim`).

    Raises:
        RequestError: when there are not enough runs for the first look; another look is none.
    """
    by_name = {column.arm: column for column in columns}
    have = min(len(column.runs) for column in columns)
    if have < question.looked_at[0]:
        at = ", ".join(map(str, question.looked_at))
        raise RequestError(
            f"{question.name} is looked at with {at} replicates, and an arm has {have}; no other look is taken."
        )
    found = Looked((), (), ())
    for level in levels(question):
        if found.looks and (found.verdict != "inconclusive" or not _enough(question, by_name, found, level.n)):
            break
        found = _further(question, by_name, found, level, beside=beside)
    return found


def _further(
    question: Question, columns: Mapping[str, Column], before: Looked, level: Level, *, beside: bool
) -> Looked:
    """The next look: what is settled stays, everything else is read anew."""
    claims: list[ClaimResult] = []
    for place, claim in enumerate(question.claims):
        if before.claims and before.settled[place]:
            claims.append(before.claims[place])
            continue
        now = read_claim(question, claim, columns, level, beside=beside)
        claims.append(_kept(before.claims[place], now) if before.claims else now)
    combined = _combine(question, claims)
    taken = [claim.look == level.n for claim in claims]
    result = LookResult(
        n=level.n,
        level=level.alone,
        level_strict=level.among,
        verdict=combined.verdict,
        verdicts=[claim.verdict for claim in claims],
        verdicts_strict=[claim.verdict_strict for claim in claims],
        estimates=[claim.estimate if fresh else None for claim, fresh in zip(claims, taken, strict=True)],
        lows=[claim.low if fresh else None for claim, fresh in zip(claims, taken, strict=True)],
        highs=[claim.high if fresh else None for claim, fresh in zip(claims, taken, strict=True)],
    )
    settled = tuple(_is_settled(question.combine, claim) for claim in claims)
    return Looked((*before.looks, result), tuple(claims), settled)


def _kept(before: ClaimResult, now: ClaimResult) -> ClaimResult:
    """A decision that was reached at an earlier look is kept; at α/m none against it can follow."""
    if before.verdict == "inconclusive":
        return now
    strict = before.verdict_strict if before.verdict_strict != "inconclusive" else now.verdict_strict
    return replace(
        now, verdict=before.verdict, verdict_strict=strict if strict == before.verdict else before.verdict_strict
    )


def _is_settled(rule: stats.Rule, claim: ClaimResult) -> bool:
    """Whether a claim has said what the rule reads of it: a yes at α and a no at α/m of `all`, the reverse of `any`."""
    if rule == "ordered":
        return claim.verdict != "inconclusive"
    at_alpha, among = ("yes", "no") if rule == "all" else ("no", "yes")
    return claim.verdict == at_alpha or claim.verdict_strict == among


def _combine(question: Question, claims: Sequence[ClaimResult]) -> stats.Combined:
    many = len(question.claims)
    return stats.combine(
        question.combine,
        [claim.verdict for claim in claims],
        [claim.verdict_strict for claim in claims],
        named=(question.hold_to or many) - 1 if question.combine == "ordered" else None,
    )


def _enough(question: Question, columns: Mapping[str, Column], looked: Looked, n: int) -> bool:
    open_claims = (claim for claim, done in zip(question.claims, looked.settled, strict=True) if not done)
    return all(len(columns[name].runs) >= n for claim in open_claims for name in claim.names)


def needed(question: Question, columns: Sequence[Column], looked: Looked) -> set[str]:
    """The arms that the next look needs: all but those that only settled claims and decided controls name."""
    by_name = {column.arm: column for column in columns}
    every_level = {level.n: level for level in levels(question)}
    done = {name for claim, ended in zip(question.claims, looked.settled, strict=True) if ended for name in claim.names}
    open_names = {
        name for claim, ended in zip(question.claims, looked.settled, strict=True) if not ended for name in claim.names
    }
    for control in question.controls:
        found = _last_reading(question, control.claim, by_name, every_level)
        (done if found.verdict != "inconclusive" else open_names).update(control.claim.names)
    for item in question.secondary:
        for claim in item.claims if isinstance(item, Ladder) else (item,):
            open_names.update(claim.names)
    return {name for name in by_name if name in open_names or name not in done}


def conclude(question: Question, columns: Sequence[Column], **facts: Any) -> Answer:
    """The answer that the numbers give under the question's rule.

    Args:
        question: with its claims, its looks and the rule that combines them.
        columns: every arm's runs, replicates in order. Runs beyond the look that decides are not read.
        facts: the remaining fields of Answer (digest, grade, split, data, curves, checks, circumstances).

    Returns:
        The Answer. With one replicate a mean has no limits and its claims are inconclusive; a share still has some.
    """
    looked = look(question, columns)
    used = [column.first(looked.looks[-1].n) for column in columns]
    by_name = {column.arm: column for column in used}
    every_level = {level.n: level for level in levels(question)}

    def asked(claim: Claim) -> ClaimResult:
        return _last_reading(question, claim, by_name, every_level)

    claims = list(looked.claims)
    combined = _combine(question, claims)
    singles = [asked(item) for item in question.secondary if isinstance(item, Claim)]
    ladders = [[asked(claim) for claim in item.claims] for item in question.secondary if isinstance(item, Ladder)]
    controls = [(control, asked(control.claim)) for control in question.controls]
    no = _no_meaning(question, claims, combined.held or 0)
    meanings = {"yes": question.if_yes, "no": no, "inconclusive": question.if_inconclusive}
    several = len(question.looked_at) > 1
    return Answer(
        name=question.name,
        text=question.text,
        category=question.category,
        options={name: as_option(value) for name, value in question.options.items() if value is not None},
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
        replicates=looked.looks[-1].n,
        planned=question.replicates,
        spending=question.spending if several else "",
        looks=list(looked.looks),
        schedule=list(question.looked_at),
        axis=question.axis,
        claims=claims,
        secondary=_holm(singles),
        ladders=[LadderResult(held=_held(row), claims=row) for row in ladders],
        controls=[
            ControlResult(claim=result, expect=item.expect, because=item.because, behaved=result.verdict == item.expect)
            for item, result in controls
        ],
        arms=[_summary(column, question.alpha) for column in used],
        table=[run for column in used for run in column.runs],
        published=list(question.published),
        **facts,
    )


def _last_reading(
    question: Question, claim: Claim, columns: Mapping[str, Column], every_level: Mapping[int, Level]
) -> ClaimResult:
    """A claim that does not decide, at the last look for which its arms have runs."""
    have = min(len(columns[name].runs) for name in claim.names)
    return read_claim(question, claim, columns, every_level[max(n for n in every_level if n <= have)])


def _holm(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    places = [place for place, result in enumerate(results) if result.p is not None]
    adjusted = dict(zip(places, stats.holm([result.p for result in results if result.p is not None]), strict=True))
    return [replace(result, p_holm=adjusted.get(place)) for place, result in enumerate(results)]


def _held(row: Sequence[ClaimResult]) -> int:
    return stats.combine_ordered([claim.verdict for claim in row], len(row) - 1).held or 0


def _summary(column: Column, alpha: float) -> ArmSummary:
    values = column.values
    if column.share:
        found = percent(stats.wilson(sum(hits(column)), len(values), alpha=alpha))
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
        low=finite(found.low),
        high=finite(found.high),
        diverged=sum(run.outcome == DIVERGED for run in column.runs),
        better=column.better,
        share=column.share,
        resolution=column.resolution,
        worst=column.worst,
    )


def _no_meaning(question: Question, claims: Sequence[ClaimResult], held: int) -> str:
    """What a no means, with what each claim that carries it says of its own no."""
    carry: Iterable[ClaimResult] = {
        "all": [claim for claim in claims if claim.verdict_strict == "no"],
        "any": claims,
        "ordered": claims[held : held + 1],
    }[question.combine]
    return " ".join(dict.fromkeys([question.if_no, *(claim.if_no for claim in carry if claim.if_no)]))


def as_option(value: object) -> str:
    """An option as the command line reads it: a list without its spaces and its items without their quotes."""
    return f"[{','.join(map(as_option, value))}]" if isinstance(value, (list, tuple)) else str(value)
