"""All files of an answer's report, as bytes: the caller stores them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whether.answer import Answer


def render(answer: Answer) -> dict[str, bytes]:
    """The report's files by their names within the answer's folder; the same answer gives the same bytes.

    Returns:
        "report.html", "runs.csv", and for each figure that applies "figures/<name>.svg" and "figures/<name>.png".
    """
    from whether.report.figures import figures
    from whether.report.page import report_html
    from whether.report.style import png, svg

    drawn = figures(answer)
    vectors = {name: svg(figure) for name, figure in drawn.items()}
    files = {
        "report.html": report_html(answer, vectors).encode("utf-8", "replace"),
        "runs.csv": runs_csv(answer).encode("utf-8", "replace"),
    }
    for name, figure in drawn.items():
        files[f"figures/{name}.svg"] = vectors[name]
        files[f"figures/{name}.png"] = png(figure)
    return files


def runs_csv(answer: Answer) -> str:
    """Every run as a row, with the columns of `answer.runs`, and after them the overrun, which have that outcome.

    Numbers are written so that they read back exactly (`tables.read_csv`); no name is a spreadsheet's formula.
    """
    from whether.report.account import overrun
    from whether.report.tables import csv

    return csv(asdict(run) for run in (*answer.table, *overrun(answer)))
