"""The numbers behind each figure of an answer, as a table that a spreadsheet reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whether.report import roofline_figure
from whether.report.rows import lone_groups, share_arms
from whether.report.together import along_axis
from whether.report.wording import ladder_xs

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary, ClaimResult

Cell = str | int | float | None
Table = tuple[Sequence[str], Sequence[Sequence[Cell]]]
"""The names of the columns, and the rows."""

_CLAIM = ("claim", "kind", "verdict", "effect", "low", "high", "size", "unit", "n", "level")
_ARM = ("family", "arm", "x", "measure", "unit", "n", "mean", "sd", "low", "high", "diverged")
_NAMED = re.compile(r"([a-z_]+?)(?:_([1-9][0-9]{0,3}))?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def data_of(name: str, answer: Answer) -> Table | None:
    """What the figure of this name shows (`report.figures.drawings`), or None where there is no such figure."""
    found = _NAMED.fullmatch(name)
    place = int(found[2] or 1) - 1 if found else 0
    match found[1] if found else "":
        case "claims":
            return _claims(answer)
        case "looks":
            return _looks(answer)
        case "answerable" if answer.study.get("answerable"):
            curve = answer.study["answerable"]
            return ("n", "yes", "no"), [*zip(curve["n"], curve["yes"], curve["no"], strict=True)]
        case "against_axis":
            return _ARM, [_arm(arm) for group in along_axis(answer) for arm in group]
        case "shares":
            return _ARM, [_arm(arm) for arm in share_arms(answer)]
        case "arms" if place < len(lone_groups(answer)):
            return _runs(answer, lone_groups(answer)[place])
        case "ladder" if place < len(answer.ladders):
            ladder = answer.ladders[place]
            xs: Sequence[float | None] = ladder_xs(ladder, answer) or [None] * len(ladder.claims)
            return ("x", *_CLAIM), [(x, *_claim(claim)) for x, claim in zip(xs, ladder.claims, strict=True)]
        case "learning_curves":
            return _curves(answer)
        case "roofline":
            return roofline_figure.HEAD, [*roofline_figure.rows(answer)]
    return None


def as_csv(table: Table) -> bytes:
    """A table as CSV; texts that a spreadsheet would take for a formula begin with an apostrophe.

    Example:
        >>> as_csv((("arm", "mean"), [("=HYPERLINK()", -1.5), ("dense", None)]))
        b"arm,mean\\n'=HYPERLINK(),-1.5\\ndense,\\n"
    """
    told = io.StringIO()
    rows = csv.writer(told, lineterminator="\n")
    rows.writerow(table[0])
    rows.writerows([_quiet(cell) for cell in row] for row in table[1])
    return told.getvalue().encode("utf-8", "replace")


def _quiet(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    told = cell.replace("\r", " ")  # which would end a row, and is not quoted
    return f"'{told}" if cell.startswith(_FORMULA) else told


def _claim(claim: ClaimResult) -> tuple[Cell, ...]:
    shown = (claim.estimate, claim.low, claim.high, claim.size, claim.unit, claim.n, claim.level)
    return claim.said, claim.kind, claim.verdict, *shown


def _claims(answer: Answer) -> Table:
    said = [("decides", claim) for claim in answer.claims]
    said += [("control", control.claim) for control in answer.controls]
    said += [("secondary", claim) for claim in answer.secondary]
    return ("role", *_CLAIM), [(role, *_claim(claim)) for role, claim in said]


def _looks(answer: Answer) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for look in answer.looks:
        seen = zip(answer.claims, look.estimates, look.lows, look.highs, look.verdicts, strict=True)
        rows += [(look.n, look.level, claim.said, *found, look.verdict) for claim, *found in seen]
    return ("n", "level", "claim", "effect", "low", "high", "verdict", "question"), [*rows]


def _arm(arm: ArmSummary) -> tuple[Cell, ...]:
    shown = (arm.measure, arm.unit, arm.n, arm.mean, arm.sd, arm.low, arm.high, arm.diverged)
    return arm.family, arm.arm, arm.x, *shown


def _runs(answer: Answer, group: Sequence[ArmSummary]) -> Table:
    arms = {arm.arm: arm for arm in group}
    means = {name: (arm.unit, arm.mean, arm.low, arm.high) for name, arm in arms.items()}
    runs = [run for run in answer.table if run.arm in arms]
    rows = [(run.arm, run.replicate, run.value, run.outcome, *means[run.arm]) for run in runs]
    return ("arm", "replicate", "value", "outcome", "unit", "mean", "low", "high"), [*rows]


def _curves(answer: Answer) -> Table:
    rows = [
        (arm, *values)
        for arm, curve in answer.curves.items()
        for values in zip(curve["step"], curve["mean"], curve["low"], curve["high"], strict=True)
    ]
    return ("arm", "step", "mean", "low", "high"), [*rows]
