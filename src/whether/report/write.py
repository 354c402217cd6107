"""All files of an answer's report, as bytes: the caller stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.report.tables import runs_csv

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
