"""The runs of an answer as a table, in CSV and Parquet, and back: every number to the bit, every name as it was.

A cell of text that a spreadsheet would take for a formula begins with an apostrophe, and so does one that begins with
an apostrophe already: whoever reads the file takes one off. Numbers are never touched.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from whether.answer import Answer, Run

KINDS: Mapping[str, str] = {
    "arm": "str",
    "family": "str",
    "x": "float64",
    "replicate": "int64",
    "seed": "str",
    "value": "float64",
    "outcome": "str",
    "note": "str",
    "measure": "str",
    "state": "str",
    "steps": "int64",
}
"""The columns of a table of runs, and the kinds of their values."""
_FORMULAE = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a text begins with that a spreadsheet computes, or that hides such a sign from a look at the first one."""


def runs_of(answer: Answer) -> list[Run]:
    """Every run: those that were analysed, then the overrun."""
    from whether.report.account import overrun

    return [*answer.table, *overrun(answer)]


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Every run as a row, with the columns in their order."""
    told = (asdict(run) for run in runs_of(answer))
    return [{name: run[name] for name in KINDS} for run in told]


def runs_csv(answer: Answer) -> str:
    """Every run as a row, with the columns of `answer.runs`, and after them the overrun, which have that outcome.

    Numbers are written so that they read back exactly (`read_csv`); no name is a spreadsheet's formula.
    """
    return csv(rows_of(answer))


def runs_parquet(answer: Answer) -> bytes:
    """The same as a Parquet file, without a date or a name of a machine in it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in KINDS.items()])
    table: pa.Table = pa.Table.from_pylist(rows_of(answer), schema=schema)
    told = io.BytesIO()
    pq.write_table(table, told, compression="zstd")
    return told.getvalue()


def read_parquet(raw: bytes, most: int) -> list[dict[str, Any]]:
    """The rows of a Parquet file.

    Args:
        raw: its bytes; a few of them may say that a value is repeated without end.
        most: rows that it may have.

    Raises:
        ValueError: it is none, or has more.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(raw))
        if (there := file.metadata.num_rows) > most:
            raise ValueError(f"{there} rows, and no more than {most} are expected")
        rows: list[dict[str, Any]] = file.read().to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    return rows


def csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a line of names, each line ended by a line feed.

    Args:
        rows: with the columns of `KINDS`; None is an empty cell.

    Example:
        >>> row = dict.fromkeys(KINDS, "") | {"arm": "=1+1", "x": None, "value": -0.5, "replicate": 0, "steps": 400}
        >>> csv([row]).splitlines()[1]
        "'=1+1,,,0,,-0.5,,,,,400"
    """
    lines = [",".join(KINDS), *(",".join(_cell(row[name]) for name in KINDS) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def read_csv(text: str) -> pd.DataFrame:
    """What `csv` wrote, with the kinds of values that there were.

    Example:
        >>> row = dict.fromkeys(KINDS, "a") | {"x": None, "value": 0.1 + 0.2, "replicate": 0, "steps": 400}
        >>> float(read_csv(csv([row]))["value"][0])
        0.30000000000000004
    """
    import csv as rfc4180

    head, *rows = rfc4180.reader(io.StringIO(text, newline=""))
    columns = {name: [row[place] for row in rows] for place, name in enumerate(head)}
    return typed({name: [_value(name, cell) for cell in cells] for name, cells in columns.items()})


def typed(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A DataFrame whose columns are of their kinds, though there be no rows, or no arm with an x."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(columns[name], dtype=kind) for name, kind in KINDS.items()})


def _value(name: str, cell: str) -> Any:
    if KINDS[name] == "str":
        return cell[1:] if cell.startswith("'") else cell
    return None if not cell else int(cell) if KINDS[name] == "int64" else float(cell)


def _cell(value: Any) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value) if isinstance(value, int) else repr(float(value))
    text = f"'{value}" if value.startswith(_FORMULAE) else value
    return f'"{text.replace(chr(34), 2 * chr(34))}"' if any(sign in text for sign in ',"\r\n') else text
