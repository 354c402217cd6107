"""The report of an answer: one HTML page that needs nothing beside it, neither files nor a network nor scripts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whether.report import account, numbers, published, roofline_figure, rule, standing, wording
from whether.report.captions import Caption, caption
from whether.report.inline import inline
from whether.report.look import stylesheet, templates

if TYPE_CHECKING:
    from jinja2 import Environment

    from whether.answer import Answer, ArmSummary, Run


@dataclass(frozen=True)
class Drawn:
    """A figure in the page: its element, already safe, and its caption."""

    name: str
    svg: str
    caption: Caption


@dataclass(frozen=True)
class Cell:
    """One run in the matrix of arms by replicates."""

    text: str
    outcome: str


def report_html(answer: Answer, drawn: Mapping[str, bytes]) -> str:
    """The page of an answer.

    Args:
        answer: what is told.
        drawn: its figures as SVG files, by the names that `figures.figures` gives them.
    """
    shown = [place(name, svg, answer) for name, svg in drawn.items()]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            answer=answer,
            level=wording.level(answer),
            placed={one.name: one for one in shown if _has_its_place(one.name)},
            figures=[one for one in shown if not _has_its_place(one.name)],
            families=families(answer),
            matrix=matrix(answer),
            overrun=account.overrun(answer),
            circumstances=account.circumstances(answer.circumstances),
            style=stylesheet("whether.report", "report.css"),
        )
    )


def _has_its_place(name: str) -> bool:
    """Whether a figure stands with what it explains, not among those of what was measured."""
    return name in ("claims", "looks", "answerable") or name.startswith("ladder")


def place(name: str, svg: bytes, answer: Answer, *, prefix: str = "figure") -> Drawn:
    """A figure made ready to stand in a page; `prefix` keeps the names inside it apart from those of others."""
    told = caption(name, answer)
    return Drawn(name, inline(svg, name=f"{prefix}-{name}", title=told.title, text=told.spoken), told)


def families(answer: Answer) -> dict[str, list[ArmSummary]]:
    """Arms under the name of their family, in the answer's order."""
    found: dict[str, list[ArmSummary]] = {}
    for arm in answer.arms:
        found.setdefault(arm.family, []).append(arm)
    return found


def matrix(answer: Answer) -> dict[str, list[Cell | None]]:
    """Every run as arms by replicates, also the overrun; None where an arm has no run of a replicate."""
    by_arm: dict[str, list[Run]] = {}
    for run in (*answer.table, *account.overrun(answer)):
        by_arm.setdefault(run.arm, []).append(run)
    wide = max([answer.replicates, *(run.replicate + 1 for runs in by_arm.values() for run in runs)])
    units = {arm.arm: arm.unit for arm in answer.arms}
    decimals = _decimals_of_units(by_arm, units)
    rows: dict[str, list[Cell | None]] = {}
    for arm, runs in by_arm.items():
        row: list[Cell | None] = [None] * wide
        for run in runs:
            row[run.replicate] = Cell(numbers.number(run.value, decimals[units.get(arm, "")]), run.outcome)
        rows[arm] = row
    return rows


@functools.cache
def environment() -> Environment:
    """The report's templates, and what they call."""
    made = templates("whether.report")
    made.globals.update(say=wording, write=numbers, rule=rule, standing=standing, account=account, published=published)
    made.globals.update(roofline=roofline_figure)
    return made


def _decimals_of_units(by_arm: Mapping[str, Sequence[Run]], units: Mapping[str, str]) -> dict[str, int]:
    values: dict[str, list[float]] = {}
    for arm, runs in by_arm.items():
        values.setdefault(units.get(arm, ""), []).extend(run.value for run in runs)
    return {unit: numbers.column_decimals(seen) for unit, seen in values.items()}
