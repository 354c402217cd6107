"""The results as a table: every run a row, in CSV and in Parquet with the same columns."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from whether.answer import Answer, Run

COLUMNS: dict[str, tuple[str, str]] = {
    "arm": ("text", "The arm: what was compared."),
    "family": ("text", "Arms of one family differ in one number, x."),
    "x": ("number", "That number; empty where the family has none."),
    "replicate": ("integer", "The replicate, from 0. What arms of one replicate share is in the answer's sources."),
    "seed": ("text", "The root of the replicate's random streams, 16 hexadecimal digits."),
    "value": ("number", "What was measured, in the unit of the arm; of a diverged run the worst value there is."),
    "outcome": ("text", "done, diverged, failed (says nothing of the network) or overrun (after the last look)."),
    "note": ("text", "What a reader must know of this run."),
    "measure": ("text", "The digest of what was measured; its record is lab/records/ab/<digest>.json."),
    "state": ("text", "The digest of the trained network; its record stands beside."),
    "steps": ("integer", "Iterations of training behind the network."),
}
"""Columns in their order: the kind of their values, and what they mean."""


def runs_of(answer: Answer) -> list[Run]:
    """Every run: those that were analysed, then the overrun."""
    from whether.report.account import overrun

    return [*answer.table, *overrun(answer)]


def runs_parquet(answer: Answer) -> bytes:
    """The table as a Parquet file, without a date or a name of a machine in it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, (kind, _) in COLUMNS.items()])
    rows = [_shown(asdict(run)) for run in runs_of(answer)]
    table: pa.Table = pa.Table.from_pylist(rows, schema=schema)
    told = io.BytesIO()
    pq.write_table(table, told, compression="zstd")
    return told.getvalue()


def read_parquet(raw: bytes) -> list[dict[str, Any]]:
    """The rows of a Parquet file.

    Raises:
        ValueError: it is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(raw)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    return rows


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """The rows that the table of an answer has."""
    return [_shown(asdict(run)) for run in runs_of(answer)]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its columns in their order."""
    return {name: row[name] for name in COLUMNS}
