"""Which arms stand in one figure: those of one measure and unit, and those that a claim compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary

Group = list["ArmSummary"]
UNDER_ROOFS = ("flop_rate", "intensity", "peak_flops", "peak_bandwidth")
"""Measures that a roofline shows together where it can be drawn, and no other figure then."""


def groups(answer: Answer) -> list[Group]:
    """The arms in their order, in groups that have an axis in common; accuracies and barriers have none."""
    key = {arm.arm: (arm.unit, arm.measure) for arm in answer.arms}
    claims = [*answer.claims, *answer.secondary, *(control.claim for control in answer.controls)]
    claims += [claim for ladder in answer.ladders for claim in ladder.claims]
    for claim in claims:
        if claim.right in key and claim.left in key and key[claim.left] != key[claim.right]:
            kept, gone = key[claim.left], key[claim.right]
            key = {name: kept if found == gone else found for name, found in key.items()}
    found: dict[tuple[str, str], Group] = {}
    for arm in answer.arms:
        found.setdefault(key[arm.arm], []).append(arm)
    return list(found.values())


def along_axis(answer: Answer) -> list[Group]:
    """The groups that have two places or more on the axis."""
    return [group for group in _left(answer) if len({arm.x for arm in group if arm.x is not None}) > 1]


def apart(answer: Answer) -> list[Group]:
    """The groups that no figure shows along an axis."""
    shown = along_axis(answer)
    return [group for group in _left(answer) if group not in shown]


def under_roofs(answer: Answer) -> bool:
    """Whether a roofline can be drawn: there are rates with their intensities, and both peaks of the machine."""
    return {arm.measure for arm in answer.arms} >= {*UNDER_ROOFS}


def _left(answer: Answer) -> list[Group]:
    """The groups that no roofline shows."""
    if not under_roofs(answer):
        return groups(answer)
    return [group for group in groups(answer) if not {arm.measure for arm in group} <= {*UNDER_ROOFS}]


def is_share(arm: ArmSummary) -> bool:
    """Whether an arm's mean is a share of networks: only Wilson's interval has limits and no standard deviation."""
    return arm.sd is None and arm.low is not None and arm.high is not None
