"""The files of an answer that are handed out: what the store has, and what is made of the answer.

A name that comes in an address is compared with the names listed here. What is read from the disk are plain files in
the answer's folder, reached without a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whether.store.plain_file import plain_file
from whether.web.figure_data import Table, as_csv, data_of

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.store.answers import AnswerFolder

KINDS = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
    "png": "image/png",
}
STORED = ("answer.json", "report.html")
MADE = ("runs.csv", "runs.parquet")


@dataclass(frozen=True)
class Given:
    """A file as it is handed out.

    Attributes:
        content: its bytes.
        kind: its media type.
        shown: whether a browser shows it by itself, in a sandbox; otherwise it is downloaded.
    """

    content: bytes
    kind: str
    shown: bool


def given(folder: AnswerFolder, answer: Answer, name: str) -> Given | None:
    """A file of an answer; None where it has none of this name.

    Args:
        folder: of the answer.
        answer: what is in it.
        name: of one of STORED or MADE.
    """
    kind = KINDS.get(name.rpartition(".")[2], "")
    if name in STORED:
        raw = stored(folder, name)
        return None if raw is None else Given(raw, kind, shown=True)
    if name == "runs.csv":
        return Given(as_csv(runs(answer)), kind, shown=False)
    if name == "runs.parquet":
        return Given(as_parquet(runs(answer)), kind, shown=False)
    return None


def figure(folder: AnswerFolder, answer: Answer, file: str) -> Given | None:
    """A figure of an answer as SVG or PNG, or its numbers as CSV; None where there is none."""
    name, _, ending = file.rpartition(".")
    if name not in figures(answer) or ending not in ("svg", "png", "csv"):
        return None
    if ending == "csv":
        table = data_of(name, answer)
        return None if table is None else Given(as_csv(table), KINDS[ending], shown=False)
    raw = stored(folder, f"figures/{name}.{ending}")
    return None if raw is None else Given(raw, KINDS[ending], shown=True)


def figures(answer: Answer) -> list[str]:
    """The names of the figures that an answer has, in the order in which a page shows them; nothing is drawn."""
    from whether.report.figures import drawings

    return list(drawings(answer))


def stored(folder: AnswerFolder, name: str) -> bytes | None:
    """The bytes of a file of an answer's folder; None where no plain file of this name lies in it."""
    return plain_file(folder.path, name)


def runs(answer: Answer) -> Table:
    """Every run as a row, and after them the overrun, which has that outcome."""
    from dataclasses import astuple, fields

    from whether.answer import Run
    from whether.report.account import overrun

    return [field.name for field in fields(Run)], [astuple(run) for run in (*answer.table, *overrun(answer))]


def as_parquet(table: Table) -> bytes:
    """A table as Parquet."""
    import io

    import pyarrow
    from pyarrow import parquet

    columns = {name: [row[place] for row in table[1]] for place, name in enumerate(table[0])}
    told = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), told)
    return told.getvalue()
