"""What a sabotage found, in plain values, and in a sentence how far the pipeline can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whether.answer import Answer, ClaimResult, ControlResult
from whether.report.numbers import listed, plural


@dataclass(frozen=True, kw_only=True)
class TruthFound:
    """A planted truth: what a claim had to come to, and what it did come to.

    Attributes:
        kind: "no effect" or "effect".
        planted: what was done.
        claim: in words.
        expected, found: verdicts, or how often one came out.
        ok: whether it was found; None where it could not be planted, and `why_not` says why.
        effect: of the claim, in `unit`.
        shares: of shuffles, how often each verdict came out; `limit` is how often the wrong one may.
    """

    kind: str
    planted: str
    claim: str
    expected: str
    found: str
    ok: bool | None
    effect: float | None = None
    unit: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)
    limit: float | None = None
    why_not: str = ""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one primary claim came to: its effect with the interval, and how far that is from the honest one.

    `chance` says that the change may be nothing else: it is not larger than √2 times half the honest interval, by which
    two honest runs with other seeds differ in nine of ten cases.
    """

    claim: str
    verdict: str
    estimate: float
    low: float | None
    high: float | None
    unit: str
    change: float
    chance: bool


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Who noticed a bug: a "control" that no longer behaves, a "check" on the answer's page, "diverged" runs, or the
    "work" itself, which stopped."""

    by: str
    said: str


@dataclass(frozen=True, kw_only=True)
class BugFound:
    """A bug, and what it did to the answer.

    Attributes:
        does: what it did, in a sentence or two.
        why_not: why it does not apply to this question; empty when it was planted.
        verdict: of the question under the bug; empty when there was none.
        flipped: whether that is another than the honest one.
        changed: of how many runs, of all, the number is another than without the bug.
        effects: of the primary claims.
    """

    name: str
    trap: str
    does: str
    why_not: str = ""
    verdict: str = ""
    flipped: bool = False
    changed: int = 0
    effects: Sequence[Effect] = ()
    noticed: Sequence[Noticed] = ()


@dataclass(frozen=True, kw_only=True)
class Sabotaged:
    """A question whose pipeline was tried.

    Attributes:
        name, text, options, seed, split: what was asked.
        replicates: that were used, of the `planned` ones of the question.
        design: the digest of the question that was answered honestly: its claims and controls, and every arm of every
            replicate.
        arms: of the first replicate, each arm's measure by digest: the same ones as in an answer of the whole question.
        verdict, claims, controls: the honest answer.
    """

    name: str
    text: str
    options: Mapping[str, str]
    seed: int
    split: str
    replicates: int
    planned: int
    design: str
    arms: Mapping[str, str]
    verdict: str
    claims: Sequence[Effect]
    controls: Sequence[ControlResult]
    truths: Sequence[TruthFound]
    bugs: Sequence[BugFound]

    @property
    def ok(self) -> bool:
        """Whether every truth that could be planted was found."""
        return all(truth.ok is not False for truth in self.truths)

    @property
    def missed(self) -> list[TruthFound]:
        """The planted truths that were not found."""
        return [truth for truth in self.truths if truth.ok is False]

    @property
    def planted(self) -> list[BugFound]:
        """The bugs that apply to this question."""
        return [bug for bug in self.bugs if not bug.why_not]

    @property
    def trust(self) -> str:
        """In plain words, how far this pipeline can be trusted, and what nothing would have noticed."""
        return " ".join(part for part in (self._truths(), self._caveats(), self._bugs()) if part)

    def _truths(self) -> str:
        tried = [truth for truth in self.truths if truth.ok is not None]
        if not tried:
            return "No truth could be planted here, so nothing shows that this pipeline finds one."
        if self.ok:
            return f"Every planted truth was found ({len(tried)} of {len(tried)})."
        return (
            f"{len(self.missed)} of {len(tried)} planted truths were NOT found: trust no answer to this question "
            "before it is known why."
        )

    def _caveats(self) -> str:
        said = []
        if self.verdict == "inconclusive":
            said.append(f"The honest answer is inconclusive with {self.replicates} replicates; more would show more.")
        lost = [f"“{control.claim.said}”" for control in self.controls if not control.behaved]
        if lost:
            said.append(f"Without any bug, too, a control does not behave: {', '.join(lost)}.")
        return " ".join(said)

    def _bugs(self) -> str:
        if not self.planted:
            return "None of the published bugs applies to this question."
        flipped = [bug for bug in self.planted if bug.flipped]
        unseen = [bug for bug in flipped if not bug.noticed]
        silent = [bug for bug in self.planted if not (bug.flipped or bug.noticed) and bug.changed]
        idle = [bug for bug in self.planted if not (bug.flipped or bug.noticed or bug.changed)]
        many = f"{len(flipped) or 'none'} would have changed the verdict"
        said = [f"Of {plural(len(self.planted), 'published bug')} that can be planted here {many}."]
        if flipped and not unseen:
            said.append("Each of those would have been noticed.")
        if unseen:
            chance = all(effect.chance for bug in unseen for effect in bug.effects)
            how = "which may be chance here, but" if chance else "and"
            said.append(f"NOTHING would have noticed that {_names(unseen)} did, {how} only tests of the code find it.")
        if silent:
            said.append(f"Nothing would have noticed {_names(silent)} either, but the verdict would have stayed.")
        if idle:
            said.append(f"Not one number would be another for {_names(idle)}.")
        return " ".join(said)


def _names(bugs: Sequence[BugFound]) -> str:
    return listed([bug.name for bug in bugs])


def effects(answer: Answer, honest: Answer | None = None) -> list[Effect]:
    """The primary claims of an answer, and how far they moved from those of the honest one."""
    before = honest.claims if honest is not None else answer.claims
    return [
        Effect(
            claim=claim.said,
            verdict=claim.verdict,
            estimate=claim.estimate,
            low=claim.low,
            high=claim.high,
            unit=claim.unit,
            change=claim.estimate - then.estimate,
            chance=_may_be_chance(claim.estimate - then.estimate, then),
        )
        for claim, then in zip(answer.claims, before, strict=True)
    ]


def _may_be_chance(change: float, honest: ClaimResult) -> bool:
    if honest.low is None or honest.high is None:
        return True
    return abs(change) <= math.sqrt(2.0) * (honest.high - honest.low) / 2


def changed(answer: Answer, honest: Answer) -> int:
    """How many runs have another number than in the honest answer."""
    before = {(run.arm, run.replicate): (run.value, run.outcome) for run in honest.table}
    return sum(before[run.arm, run.replicate] != (run.value, run.outcome) for run in answer.table)


def noticed(answer: Answer, honest: Answer) -> list[Noticed]:
    """What of an answer tells its reader that something is wrong, and does not stand on the honest one's page."""
    lost = [
        Noticed(
            by="control",
            said=f"“{control.claim.said}” came out {control.claim.verdict}, expected {control.expect}",
        )
        for control, then in zip(answer.controls, honest.controls, strict=True)
        if then.behaved and not control.behaved
    ]
    told = [Noticed(by="check", said=check) for check in answer.checks if check not in set(honest.checks)]
    more = answer.diverged - honest.diverged
    gone = [Noticed(by="diverged", said=f"{answer.diverged} runs diverged, {honest.diverged} without the bug")]
    return [*told, *lost, *(gone if more > 0 else ())]
