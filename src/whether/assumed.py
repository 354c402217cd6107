"""What is assumed of replicates before there are any: how far they will spread, and on what grounds.

A claim states the standard deviation itself, or a pilot shows one. That may be larger than the few replicates of a
pilot happen to show, so its upper limit is planned with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whether.answer import Answer, ClaimResult
from whether.claim import Claim
from whether.errors import RequestError
from whether.evidence import resolution_of
from whether.plan.plan import Asked
from whether.question import Question
from whether.reading import is_paired
from whether.seeds import Stream
from whether.words import MeasureKind

if TYPE_CHECKING:
    from whether.stats.paths import Limits

PILOT_LEVEL = 0.8  # confidence with which the true spread lies below the one that is planned with


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What is assumed of a claim's replicates, so that its chances can be computed.

    Attributes:
        claim: whose.
        sd: standard deviation over replicates, in the measure's unit: of the paired differences, of one arm's values
            (bounds), of each of two unpaired arms. None for shares, whose spread follows from the effect.
        source: where it comes from, for people.
        resolution: floor of an observed standard deviation, as in the analysis.
        paired: whether arms are compared replicate by replicate.
    """

    claim: Claim
    sd: float | None
    source: str
    resolution: float = 0.0
    paired: bool = True

    @property
    def share(self) -> bool:
        """Whether the measure says of each replicate whether something happened."""
        return self.sd is None

    @property
    def said(self) -> str:
        """How large it is and where that comes from."""
        return self.source if self.sd is None else f"{self.sd:.3g} {self.claim.unit}, {self.source}"

    def shares(self, effect: float) -> tuple[float, float]:
        """The shares behind an effect in points: as near to one half as it allows, where they vary most."""
        if self.claim.right is None:
            return min(1.0, max(0.0, effect / 100.0)), 0.0
        half = min(1.0, max(-1.0, effect / 100.0)) / 2.0
        return 0.5 + half, 0.5 - half

    def courses(self, stream: Stream, looks: Sequence[int], count: int, effect: float) -> list[Limits]:
        """Many courses of the claim where the truth is `effect`."""
        from whether.stats import paths as courses

        if self.sd is None:
            first, second = self.shares(effect)
            if self.claim.right is None:
                return courses.shares(stream, looks, count, share=first)
            return courses.two_shares(stream, looks, count, first=first, second=second, paired=self.paired)
        draw = courses.means if self.paired or self.claim.right is None else courses.two_means
        return draw(stream, looks, count, effect=effect, sd=self.sd, resolution=self.resolution)

    def exact(self, effect: float, n: int, alpha: float) -> tuple[float, float]:
        """The chances of yes and no at one look where the truth is `effect`; for means only."""
        from whether.stats.chance import chance, chance_unpaired

        assert self.sd is not None
        claim, sd = self.claim, self.sd
        if self.paired or claim.right is None:
            return chance(claim.kind, effect, claim.size, sd, n, alpha=alpha, resolution=self.resolution)
        return chance_unpaired(claim.kind, effect, claim.size, (sd, sd), n, alpha=alpha, resolution=self.resolution)


def spreads_of(asked: Asked, pilot: Answer | None = None) -> list[Spread]:
    """What is assumed of the claims of a resolved question (`spreads`)."""
    arms = asked.arms[0]
    kinds = {arm.name: arm.measure.kind for arm, _ in arms}
    return spreads(asked.question, kinds, pilot, resolutions={arm.name: resolution_of(fact) for arm, fact in arms})


def spreads(
    question: Question,
    kinds: Mapping[str, MeasureKind],
    pilot: Answer | None = None,
    *,
    resolutions: Mapping[str, float] | None = None,
) -> list[Spread]:
    """What is assumed of each primary claim: as it states itself, else as a pilot showed, with room for its size.

    Args:
        question: with its claims.
        kinds: what the numbers of each arm mean.
        pilot: an answer to the same question, perhaps with few replicates.
        resolutions: the smallest difference that each arm's measure shows; no spread is planned with that is smaller.

    Raises:
        RequestError: naming every claim that lacks a standard deviation, or effects to plan for, and what to do.
    """
    found: list[Spread] = []
    bare: list[str] = []
    unplanned: list[str] = []
    for claim in question.claims:
        floor = max((resolutions or {}).get(name, 0.0) for name in claim.names)
        known = _spread(question, claim, share=kinds[claim.left].share, pilot=pilot)
        if claim.planned is None:
            unplanned.append(f"'{claim.said}'")
        if known is None:
            bare.append(f"'{claim.said}' ({_what(question, claim)}, in {claim.unit})")
        else:
            sd = None if known[0] is None else max(known[0], floor)
            found.append(Spread(claim=claim, sd=sd, source=known[1], resolution=floor, paired=is_paired(question)))
    wrong = []
    if bare:
        few = "looks=[5]" if question.looks else "replicates=5"
        wrong.append(
            f"no standard deviation over replicates is known to plan with: {'; '.join(bare)}. State sd=… in the claim, "
            "and where it comes from; or let a pilot show it, which is exploratory: whether run "
            f"{question.source or question.name} {few}, with the same options."
        )
    if unplanned:
        wrong.append(
            f"a bound says nothing of what is planned for: {'; '.join(unplanned)}. State delta_yes=… and delta_no=…: "
            "means at which a yes and a no are to be found."
        )
    if wrong:
        raise RequestError(*wrong)
    return found


def _spread(question: Question, claim: Claim, *, share: bool, pilot: Answer | None) -> tuple[float | None, str] | None:
    """A claim's standard deviation, None for a share, and where it comes from; None where nobody says."""
    if share:
        return None, "that of a share, which follows from the effect"
    if claim.sd is not None:
        return float(claim.sd), "stated in the question"
    seen = _seen(question, claim, pilot) if pilot is not None else []
    if pilot is None or not seen:
        return None
    from whether.stats.power import sd_upper

    sd, n = max(seen, key=lambda one: sd_upper(*one, level=PILOT_LEVEL))
    limit = f"upper {100 * PILOT_LEVEL:.0f} % limit"
    told = f"{limit} of pilot {pilot.name}-{pilot.digest[:8]} (sd {sd:.3g} at n {n})"
    return sd_upper(sd, n, level=PILOT_LEVEL), told


def _what(question: Question, claim: Claim) -> str:
    """What it is that spreads."""
    if claim.right is None:
        return f"of the values of '{claim.left}'"
    return "of the paired differences" if is_paired(question) else "of each arm's values"


def _seen(question: Question, claim: Claim, pilot: Answer) -> list[tuple[float, int]]:
    """The standard deviations that a pilot showed of what a claim is about, each with its replicates."""
    if claim.right is not None and not is_paired(question):
        arms = [(arm.sd, arm.n) for arm in pilot.arms if arm.arm in claim.names and arm.unit == claim.unit]
        return [(sd, n) for sd, n in arms if sd is not None] if len(arms) == 2 else []
    if claim.right is not None and pilot.pairing != question.pairing:
        return []
    ladders = [one for ladder in pilot.ladders for one in ladder.claims]
    every: list[ClaimResult] = [*pilot.claims, *pilot.secondary, *ladders, *(one.claim for one in pilot.controls)]
    same = [one for one in every if (one.left, one.right, one.unit) == (claim.left, claim.right, claim.unit)]
    known = [(one.sd, one.n) for one in same if one.sd is not None]
    return [max(known, key=lambda one: one[1])] if known else []
