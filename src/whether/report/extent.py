"""What values a measure can have at all: so that neither an axis nor an interval shows an accuracy of 107 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whether.words import MEASURES

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary, ClaimResult

_EITHER_SIGN = ("hessian_eigenvalue",)


def extent(arm: ArmSummary) -> tuple[float, float]:
    """The least and the largest value that an arm's measure can have; infinite for measures of one's own.

    What the table of words counts in points is a part of a whole, and everything else there is an amount.
    """
    known = MEASURES.get(arm.measure)
    if arm.share or (known is not None and known.unit == arm.unit == "points"):
        return 0.0, 100.0
    if known is None or known.unit != arm.unit or arm.measure in _EITHER_SIGN:
        return -math.inf, math.inf
    return 0.0, math.inf


def common(arms: Sequence[ArmSummary]) -> tuple[float, float]:
    """The least and the largest value that any of some arms can have."""
    found = [extent(arm) for arm in arms] or [(-math.inf, math.inf)]
    return min(low for low, _ in found), max(high for _, high in found)


def of_claims(claims: Sequence[ClaimResult], answer: Answer) -> tuple[float, float]:
    """As `common`, of what the effects of some claims are: means where they are bounds, else differences."""
    named = {claim.left for claim in claims}
    if any(claim.right is not None for claim in claims):
        return -math.inf, math.inf
    return common([arm for arm in answer.arms if arm.arm in named])


def cut(arm: ArmSummary) -> tuple[float | None, float | None]:
    """The limits of an arm's interval, cut where its measure ends: what lies beyond was never possible.

    The t interval of two accuracies near 98 % reaches beyond 100 %; the part of it that can be is the same claim.
    """
    least, most = extent(arm)
    low = None if arm.low is None else min(max(arm.low, least), arm.mean)
    high = None if arm.high is None else max(min(arm.high, most), arm.mean)
    return low, high
