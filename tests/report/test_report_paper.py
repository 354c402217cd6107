"""Figures for papers: as wide as was asked, type of one size, nothing cut or on top; runs as tables, to the bit."""

from __future__ import annotations

import hashlib
import io
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pypdf
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_answers import MAKERS
from test_report_figures import boxes, outside, overlapping

from whether.answer import Answer, Run
from whether.errors import RequestError
from whether.report.figures import figures
from whether.report.paper import PRESETS, folder_of, formats_of, look_of, pdf, render_figures, resized
from whether.report.style import Look, png, styled, svg
from whether.report.tables import KINDS, csv, read_csv, runs_parquet
from whether.report.write import runs_csv

HERE = Path(__file__).parent
ICML = look_of("icml")


def faults(figure: Figure, look: Look) -> list[object]:
    """What is cut, on top of something, or of another size. Names along slopes are looked at by eye."""
    found = boxes(figure)
    slanted = {text.get_text() for text in figure.findobj(Text) if text.get_rotation()}
    level = [item for item in found if item[0] not in slanted]
    sizes = {round(size, 6) for _, _, size in found} - {look.small}
    wide = float(72 * figure.get_size_inches()[0])
    return [*outside(figure, found), *overlapping(level), *sizes, *([] if math.isclose(wide, look.width) else [wide])]


class TestLook:
    @pytest.mark.parametrize(
        ("said", "width", "size"),
        [
            ("3.25in,8pt", 234.0, 8.0),
            (" 8.3 cm , 9pt ", 8.3 / 2.54 * 72, 9.0),
            ("100mm", 100 / 25.4 * 72, 8.0),
            ("300pt,7.5pt", 300.0, 7.5),
            ("NeurIPS", 396.0, 9.0),
            ("tmlr", 468.0, 9.0),
        ],
    )
    def test_it_is_what_is_said(self, said: str, width: float, size: float) -> None:
        found = look_of(said)
        assert found.width == pytest.approx(width)
        assert (found.small, found.text) == (size, size)

    @pytest.mark.parametrize(
        ("said", "match"),
        [
            ("icmll", "unknown paper 'icmll'; did you mean 'icml' or 'iclr'"),
            ("3.25", "--paper is '3.25'; expected a width in in, cm, mm, pt and a size of type"),
            ("3in;8pt", "expected a width in"),
            ("", "expected a width in"),
            ("-3in,8pt", "expected a width in"),
            ("3.25in,3pt", "type of 3 pt; expected 4 to 24"),
            ("1in,8pt", "1.00 in with type of 8 pt; expected 2.89 to 8.67 in"),
            ("30in,8pt", "expected 2.89 to 8.67 in"),
            ("9" * 400 + "in,8pt", "expected 2.89 to 8.67 in"),
        ],
    )
    def test_what_is_none(self, said: str, match: str) -> None:
        with pytest.raises(RequestError, match=match):
            look_of(said)

    def test_every_preset_is_one(self) -> None:
        assert {name: look_of(name) == look_of(said) for name, said in PRESETS.items()} == dict.fromkeys(PRESETS, True)

    def test_formats(self) -> None:
        assert formats_of("pdf, SVG,pdf") == ["pdf", "svg"]
        with pytest.raises(RequestError, match="unknown format of a figure 'eps'"):
            formats_of("pdf,eps")
        with pytest.raises(RequestError, match="--format is empty"):
            formats_of(" ,")

    def test_a_folder_is_named_after_it(self) -> None:
        assert folder_of(ICML) == "figures-3.25in-8pt"


class TestFigures:
    @pytest.mark.parametrize("name", ["lottery", "open", "hostile"])
    def test_nothing_is_cut_or_on_top_in_a_column(self, name: str, answers: dict[str, Answer]) -> None:
        found = figures(answers[name], look=ICML)
        assert {which: faults(figure, ICML) for which, figure in found.items()} == {which: [] for which in found}

    @pytest.mark.long
    @pytest.mark.parametrize("said", ["2.9in,8pt", "3.25in,8pt", "5.5in,9pt", "6.75in,8pt", "6in,16pt"])
    @pytest.mark.parametrize("name", MAKERS)
    def test_nothing_is_cut_or_on_top_anywhere(self, said: str, name: str, answers: dict[str, Answer]) -> None:
        look = look_of(said)
        found = figures(answers[name], look=look)
        assert {which: faults(figure, look) for which, figure in found.items()} == {which: [] for which in found}

    def test_lines_and_marks_follow_the_type(self, answers: dict[str, Answer]) -> None:
        plain = figures(answers["xor"])["shares"]
        large = figures(answers["xor"], look=Look(width=2 * 297.6, small=17.0, text=18.0))["shares"]
        for attribute in ("get_linewidth", "get_markersize", "get_markeredgewidth"):
            before, after = ([getattr(line, attribute)() for line in one.axes[0].lines] for one in (plain, large))
            assert after == pytest.approx([2 * value for value in before])
        assert tuple(large.get_size_inches()) == pytest.approx(tuple(2 * plain.get_size_inches()), rel=1e-3)

    def test_the_look_of_the_page_comes_back(self, answers: dict[str, Answer]) -> None:
        before = svg(figures(answers["xor"])["claims"])
        figures(answers["xor"], look=ICML)
        figure = figures(answers["xor"])["claims"]
        assert svg(figure) == before
        assert resized(figure, 1.0) is figure

    def test_a_pdf_is_as_wide_and_has_its_fonts(self, answers: dict[str, Answer]) -> None:
        files = dict(render_figures(answers["xor"], ICML, ["pdf", "svg", "png"]))
        assert sorted(files) == [f"{name}.{form}" for name in ("claims", "shares") for form in ("pdf", "png", "svg")]
        page = pypdf.PdfReader(io.BytesIO(files["claims.pdf"])).pages[0]
        assert float(page.mediabox.width) == pytest.approx(234.0)
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        assert fonts
        for font in fonts:
            described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert "/FontFile2" in described
        assert "smallest size of interest" in page.extract_text()
        assert b'width="234pt"' in files["claims.svg"]

    @pytest.mark.long
    def test_another_process_gives_the_same_bytes(self, answers: dict[str, Answer]) -> None:
        code = (
            "import hashlib, report_cases; from whether.report.paper import look_of, render_figures;"
            "print([hashlib.sha256(raw).hexdigest() for _, raw in"
            " render_figures(report_cases.xor(), look_of('icml'), ['pdf', 'svg'])])"
        )
        paths = os.pathsep.join([str(HERE), *filter(None, sys.path)])
        told = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        here = [hashlib.sha256(raw).hexdigest() for _, raw in render_figures(answers["xor"], ICML, ["pdf", "svg"])]
        assert told.strip() == str(here)

    def test_a_pdf_has_no_date(self) -> None:
        with styled():
            figure = Figure(figsize=(1, 1))
            figure.text(0.5, 0.5, "x")
        assert not pypdf.PdfReader(io.BytesIO(pdf(figure))).metadata
        assert png(figure).startswith(b"\x89PNG")


HOSTILE = [
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''",
    'a "quoted", name',
    "two\nlines",
    "a\rreturn",
    "\u202eright to left",
    "",
    " ",
    "nan",
    "None",
    "x" * 10_000,
]
NUMBERS = [math.inf, -math.inf, math.nan, -0.0, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1.0]


def hostile(answer: Answer) -> Answer:
    """An answer whose runs have the worst names, notes and numbers."""
    first = answer.table[0]
    runs: list[Run] = [
        replace(
            first,
            arm=name,
            note=name,
            value=NUMBERS[index % len(NUMBERS)],
            x=None if index % 3 else NUMBERS[index % len(NUMBERS)],
            replicate=index,
        )
        for index, name in enumerate(HOSTILE)
    ]
    return replace(answer, table=runs, overrun=[])


def same(a: float | None, b: float | None) -> bool:
    """Equal to the bit, where None is told as NaN."""
    return float(math.nan if a is None else a).hex() == float(math.nan if b is None else b).hex()


class TestTables:
    def test_csv_reads_back_to_the_bit(self, answers: dict[str, Answer]) -> None:
        answer = hostile(answers["xor"])
        found = read_csv(runs_csv(answer))
        for name in KINDS:
            told, meant = list(found[name]), [getattr(run, name) for run in answer.table]
            assert all(map(same, told, meant)) if name in ("x", "value") else told == meant, name

    def test_parquet_reads_back_to_the_bit(self, answers: dict[str, Answer]) -> None:
        answer = hostile(answers["xor"])
        found = pd.read_parquet(io.BytesIO(runs_parquet(answer)))
        assert list(found.columns) == list(KINDS)
        for name in KINDS:
            told, meant = list(found[name]), [getattr(run, name) for run in answer.table]
            assert all(map(same, told, meant)) if name in ("x", "value") else told == meant, name

    def test_no_cell_is_a_formula_and_no_number_is_touched(self, answers: dict[str, Answer]) -> None:
        import csv as rfc4180

        rows = list(rfc4180.DictReader(io.StringIO(runs_csv(hostile(answers["xor"])), newline="")))
        assert not [row["arm"] for row in rows if row["arm"].startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert [row["value"] for row in rows[:8]] == [repr(value) for value in NUMBERS]

    @pytest.mark.parametrize("name", ["xor", "lottery", "single"])
    def test_kinds_are_the_same_whatever_arms_there_are(self, name: str, answers: dict[str, Answer]) -> None:
        runs = answers[name].runs
        assert {column: str(kind) for column, kind in runs.dtypes.items()} == dict(KINDS)
        assert runs.equals(read_csv(csv([vars(run) for run in answers[name].table])))

    def test_no_runs(self, answers: dict[str, Answer]) -> None:
        runs = replace(answers["xor"], table=[]).runs
        assert (len(runs), {column: str(kind) for column, kind in runs.dtypes.items()}) == (0, dict(KINDS))
        assert runs.equals(read_csv(csv([])))
