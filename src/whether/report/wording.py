"""The sentences of a report about its claims and arms: what came, and why that is a yes or a no.

Plain text, for every form: the page, the terminal, a notebook. Next door are `rule` (how claims make the verdict),
`standing` (how far to trust it) and `account` (every run, what varied, how to ask again).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from whether.report.axis_view import OnAxis, edge
from whether.report.extent import cut
from whether.report.numbers import amount, confidence, decimals_for, limits, number, plural, short, unit_name, with_unit
from whether.report.together import groups
from whether.stats.verdict import verdict
from whether.words import MEASURES

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary, ClaimResult, LadderResult
    from whether.stats.verdict import Kind, Verdict

VERDICT = {"yes": "Yes", "no": "No", "inconclusive": "Inconclusive"}
MARK = {"yes": "✓", "no": "✗", "inconclusive": "?"}
DIFFERENCES = ("barrier", "calibration")
"""Measures that are differences of parts of a whole."""


def level(answer: Answer) -> str:
    """The level of the intervals of arms: "90 %" at a one-sided α of .05."""
    return confidence(answer.alpha)


def claim_level(claim: ClaimResult) -> str:
    """The level of a claim's interval: that of the look at which it was read."""
    return confidence(claim.level)


def intervals(claims: Sequence[ClaimResult]) -> str:
    """What the intervals of some claims are called: "90 % intervals", unless each has the level of its own look."""
    return f"{common_level(claims)} intervals".strip() if common_level(claims) else "intervals, each at its own level"


def common_level(claims: Sequence[ClaimResult]) -> str:
    """The level that the intervals of all these claims have; empty where they differ."""
    found = {claim_level(claim) for claim in claims}
    return found.pop() if len(found) == 1 else ""


def interval_head(claims: Sequence[ClaimResult]) -> str:
    """The head of a column of intervals."""
    return f"{common_level(claims)} interval" if common_level(claims) else "Interval (level)"


def interval_among(claim: ClaimResult, claims: Sequence[ClaimResult]) -> str:
    """A claim's interval in a column of several, with its level where they differ."""
    told = interval(claim)
    return told if common_level(claims) or told == "none" else f"{told} ({claim_level(claim)})"


def metric(arms: Sequence[ArmSummary]) -> str:
    """What was measured of some arms, with its unit, for an axis or the head of a column."""
    names = {arm.measure.rpartition(":")[2] for arm in arms}
    units = {mean_unit(arm) for arm in arms}
    name = names.pop().replace("_", " ") if len(names) == 1 else "mean of the arm"
    unit = units.pop() if len(units) == 1 else ""
    return f"{name} ({unit})" if unit else name


def mean_unit(arm: ArmSummary) -> str:
    """The unit of an arm's mean: a part of a whole is in per cent, and what parts of wholes differ by is in points."""
    share = arm.unit == "points" and arm.measure in MEASURES and arm.measure not in DIFFERENCES
    return "%" if share else unit_name(arm.unit)


def regions(claim: OnAxis) -> list[tuple[float, float, str]]:
    """Where on the claim's axis a whole interval means what: from, to, verdict."""
    far, size = math.inf, claim.size
    if claim.kind == "same":
        return [(-far, -size, "no"), (-size, size, "yes"), (size, far, "no")]
    above, below = ("no", "yes") if claim.kind == "below" else ("yes", "no")
    return [(-far, edge(claim), below), (edge(claim), far, above)]


def needs(claim: ClaimResult) -> str:
    """Where the whole interval must lie for a yes: "above 1 point"."""
    if claim.kind == "same":
        return f"within ±{amount(claim.size, claim.unit)}"
    return f"{'below' if claim.kind == 'below' else 'above'} {amount(edge(claim), claim.unit)}"


def effect(claim: ClaimResult) -> str:
    """The estimate with its unit."""
    return with_unit(estimate(claim), claim.unit)


def estimate(claim: ClaimResult) -> str:
    """The estimate alone, with as many decimals as its interval deserves."""
    return _sized(claim.estimate, claim)


def interval(claim: ClaimResult) -> str:
    """The limits of a claim's effect; "none" where one replicate gives no interval."""
    if claim.low is None and claim.high is None:
        return "none"
    return limits(claim.low, claim.high, decimals_for(claim.low, claim.estimate, claim.high))


def arm_decimals(answer: Answer, arm: ArmSummary) -> int:
    """With how many decimals an arm's mean is written: the same for all that share an axis with it."""
    group = next((group for group in groups(answer) if arm in group), [arm])
    found = [decimals_for(*cut(one), one.mean) for one in group]
    return min(max(found), 2 if arm.unit == "points" else 5)


def arm_mean(arm: ArmSummary, answer: Answer) -> str:
    """The mean of an arm with its unit."""
    return f"{number(arm.mean, arm_decimals(answer, arm))} {mean_unit(arm)}".rstrip()


def arm_interval(arm: ArmSummary, answer: Answer) -> str:
    """The limits of an arm's mean; "none" where one replicate gives no interval."""
    low, high = cut(arm)
    return "none" if low is None and high is None else limits(low, high, arm_decimals(answer, arm))


def spread(arm: ArmSummary) -> str:
    """The standard deviation of an arm over replicates, to two digits; "–" where there is none."""
    return "–" if arm.sd is None else f"{arm.sd:#.2g}".rstrip(".")


def finding(claim: ClaimResult) -> str:
    """What came, in one sentence with its interval."""
    size = with_unit(_sized(abs(claim.estimate), claim), claim.unit)
    if claim.right is None:
        came = f"{claim.left} lies at {effect(claim)}"
    elif claim.estimate == 0:
        came = f"{claim.left} came out level with {claim.right}"
    elif claim.kind == "same":
        came = f"{claim.left} came out {size} {'above' if claim.estimate > 0 else 'below'} {claim.right}"
    else:
        came = f"{claim.left} came out {size} {'better' if claim.estimate > 0 else 'worse'} than {claim.right}"
    if claim.low is None and claim.high is None:
        how = f"no interval; n = {claim.n}"
    else:
        how = f"{claim_level(claim)} interval {interval(claim)}; n = {claim.n}, {claim.method}"
    return f"On average {came} ({how})."


def lies(claim: ClaimResult) -> Verdict:
    """The verdict that a claim's interval alone would give."""
    low, high = (-math.inf if claim.low is None else claim.low), (math.inf if claim.high is None else claim.high)
    return verdict(cast("Kind", claim.kind), low, high, claim.size)


def reason(claim: ClaimResult) -> str:
    """Why the interval means yes, no or inconclusive, in one sentence."""
    where = needs(claim)
    if claim.verdict not in ("inconclusive", lies(claim)):
        return f"It was a {claim.verdict} at an earlier look, and what was decided is kept; a yes needs it {where}."
    if claim.verdict == "yes":
        return f"The whole interval lies {where}, as a yes needs."
    if claim.verdict == "no":
        return f"The whole interval lies {_opposite(claim)}; a yes needs it {where}."
    if claim.low is None and claim.high is None:
        return f"A yes needs the whole interval {where}, and there is none."
    wanted = f"a yes needs all of it {where}, a no all of it {_opposite(claim)}"
    return f"The interval reaches across {_crossed(claim)}; {wanted}."


def remarks(claim: ClaimResult) -> list[str]:
    """What else a reader must know of a claim: its note, a floored spread, the sign-flip p-value."""
    said = [f"{claim.note[:1].upper()}{claim.note[1:].rstrip('.')}."] if claim.note else []
    if claim.floored:
        said.append("The spread between replicates lay below the measure's resolution and was raised to it.")
    return said


def ladder(ladder: LadderResult, answer: Answer) -> str:
    """How far a ladder of claims holds."""
    many = len(ladder.claims)
    if not ladder.held:
        first = ladder.claims[0]
        return f"Holds for none of {plural(many, 'step')}: the first, “{first.said}”, is {first.verdict}."
    last = ladder.claims[ladder.held - 1].left
    xs = ladder_xs(ladder, answer)
    way = "as far as" if xs is None else "down to" if xs[0] > xs[-1] else "up to"
    if ladder.held == many:
        return f"Holds for all {plural(many, 'step')}, {way} “{last}”."
    stop = ladder.claims[ladder.held]
    return f"Holds for {ladder.held} of {plural(many, 'step')}, {way} “{last}”; at “{stop.left}” it is {stop.verdict}."


def ladder_xs(ladder: LadderResult, answer: Answer) -> list[float] | None:
    """Where the steps of a ladder lie on the answer's axis; None where some lie nowhere."""
    at = {arm.arm: arm.x for arm in answer.arms}
    xs = [at.get(claim.left) for claim in ladder.claims]
    found = [x for x in xs if x is not None]
    return found if len(found) == len(xs) > 1 else None


def _sized(value: float, claim: ClaimResult) -> str:
    if claim.low is None and claim.high is None:
        return short(value)
    return number(value, decimals_for(claim.low, claim.estimate, claim.high))


def _opposite(claim: ClaimResult) -> str:
    if claim.kind == "same":
        return f"outside ±{amount(claim.size, claim.unit)}"
    return f"{'above' if claim.kind == 'below' else 'below'} {amount(edge(claim), claim.unit)}"


def _crossed(claim: ClaimResult) -> str:
    if claim.kind != "same":
        return amount(edge(claim), claim.unit)
    inside = [limit for limit in (-claim.size, claim.size) if _between(claim, limit)]
    return " and ".join(amount(limit, claim.unit) for limit in inside) or amount(claim.size, claim.unit)


def _between(claim: ClaimResult, limit: float) -> bool:
    return (claim.low is None or claim.low <= limit) and (claim.high is None or limit <= claim.high)
