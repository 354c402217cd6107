"""Figures of the literature beside an answer's own: a row each, and where they lie in a figure of families."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whether.report.numbers import short, unit_name, with_unit
from whether.report.wording import arm_interval, arm_mean, mean_unit

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary
    from whether.question import Published

_DASH = "–"


@dataclass(frozen=True)
class Beside:
    """One published figure and what this answer has of it; a dash where no arm of that name was measured."""

    arm: str
    ours: str
    interval: str
    published: str
    source: str
    note: str


def rows(answer: Answer) -> list[Beside]:
    """Every published figure beside the arm of its name, in the question's order."""
    arms = {arm.arm: arm for arm in answer.arms}
    return [_beside(item, arms.get(item.arm), answer) for item in answer.published]


def said(answer: Answer) -> str:
    """What these figures are good for, in a sentence or two; empty where there are none."""
    if not answer.published:
        return ""
    told = "These figures are the literature's; they are no part of the rule and decide nothing."
    if any(item.note for item in answer.published):
        told += " Where a note says so, their protocol differs from that of this answer, and so may the numbers."
    missing = len({item.arm for item in answer.published} - {arm.arm for arm in answer.arms})
    return f"{told} A dash means that this answer has no arm of that name." if missing else told


def points(answer: Answer, group: Sequence[ArmSummary]) -> dict[str, list[tuple[float, float]]]:
    """Published figures that belong to the families of a group: by family, places on the axis and values.

    A figure is of a family by the name of its arm, "ticket at 3.5", whether that place was measured here or not.
    """
    named = {arm.arm: arm for arm in group if arm.x is not None}
    units = {arm.family: arm.unit for arm in named.values()}
    found: dict[str, list[tuple[float, float]]] = {}
    for item in answer.published:
        arm = named.get(item.arm)
        family, x = (arm.family, arm.x) if arm else _place(item.arm)
        if x is not None and family in units and _same_unit(item.unit, units[family]) and math.isfinite(item.value):
            found.setdefault(family, []).append((x, item.value))
    return found


def _same_unit(one: str, other: str) -> bool:
    return one == other or {one, other} == {"%", "points"}


def _beside(item: Published, arm: ArmSummary | None, answer: Answer) -> Beside:
    spread = "" if item.spread is None else f" ± {short(item.spread)}"
    unit = mean_unit(arm) if arm and _same_unit(arm.unit, item.unit) else item.unit
    value = with_unit(short(item.value), unit) if not spread else f"{short(item.value)}{spread} {unit_name(unit)}"
    ours, interval = (arm_mean(arm, answer), arm_interval(arm, answer)) if arm else (_DASH, _DASH)
    return Beside(item.arm, ours, interval, value.rstrip(), item.source, item.note)


def _place(name: str) -> tuple[str, float | None]:
    """The family and the place in a name as `question.at` gives it."""
    match = re.fullmatch(r"(.+) at (\S+)", name)
    try:
        return (match[1], float(match[2])) if match else (name, None)
    except ValueError:
        return name, None
