"""`report --paper` and `answer --runs`: what is written, where, and what is refused with nothing written."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pypdf
import pytest

from whether.report.tables import read_csv


@pytest.fixture
def answered(whether: Any, lab: Any) -> Any:
    """A lab with an answer to xor."""
    assert whether("run", "xor", "replicates=4").code == 0
    return lab


class TestFigures:
    def test_they_stand_beside_the_report(self, whether: Any, answered: Any, folder: Path) -> None:
        done = whether("report", "--paper", "3.25in,8pt")
        assert (done.code, done.err) == (0, "")
        (place,) = folder.glob("lab/answers/xor-*/figures-3.25in-8pt")
        assert done.out.splitlines() == [f"{place.relative_to(folder)}/{name}.pdf" for name in ("claims", "arms")]
        page = pypdf.PdfReader(place / "claims.pdf").pages[0]
        assert float(page.mediabox.width) == pytest.approx(234.0)

    def test_they_go_where_they_are_wanted(self, whether: Any, answered: Any, folder: Path) -> None:
        done = whether("report", "xor", "--paper", "neurips", "--format", "svg,png", "--to", "paper", "--json")
        told = json.loads(done.out)
        assert told["files"] == ["arms.png", "arms.svg", "claims.png", "claims.svg"]
        assert (told["width_in"], told["type_pt"]) == (5.5, 9.0)
        assert sorted(path.name for path in (folder / "paper/figures-5.5in-9pt").iterdir()) == told["files"]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--paper", "icmll", "--format", "eps"], "2 things are wrong"),
            (["--paper", "1in,8pt"], "expected 2.89 to 8.67 in"),
            (["--format", "svg"], "--format and --to go with --paper"),
            (["--to", "x"], "--format and --to go with --paper"),
            (["--paper", "icml", "--to", "a-file"], "which is a file; expected a folder"),
        ],
    )
    def test_refused(self, words: list[str], said: str, whether: Any, answered: Any, folder: Path) -> None:
        (folder / "a-file").write_text("x", encoding="utf-8")
        before = sorted(folder.rglob("*"))
        done = whether("report", "xor", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert sorted(folder.rglob("*")) == before


class TestRuns:
    def test_both_kinds_say_the_same(self, whether: Any, answered: Any, folder: Path) -> None:
        assert whether("answer", "xor", "--runs", "tables/runs.csv").out == "16 runs of xor: tables/runs.csv\n"
        told = json.loads(whether("answer", "xor", "--runs", "runs.parquet", "--json").out)
        assert told == {"name": "xor", "runs": 16, "file": "runs.parquet"}
        one = read_csv((folder / "tables/runs.csv").read_bytes().decode())
        other = pd.read_parquet(io.BytesIO((folder / "runs.parquet").read_bytes()))
        assert len(one) == 16
        assert one.astype(other.dtypes).equals(other)

    @pytest.mark.parametrize(
        ("name", "said"), [("runs.txt", "ends in .csv or .parquet"), ("a.csv", "which is a folder")]
    )
    def test_refused(self, name: str, said: str, whether: Any, answered: Any, folder: Path) -> None:
        (folder / "a.csv").mkdir()
        done = whether("answer", "xor", "--runs", name)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
