"""All files of a report: their names, the table of runs, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
from report_answers import MAKERS

from whether.answer import Answer
from whether.report.write import render, runs_csv

HERE = Path(__file__).parent


def test_a_report_is_a_page_a_table_and_its_figures(rendered: dict[str, dict[str, bytes]]) -> None:
    names = ("claims", "against_axis", "learning_curves", "arms", "ladder")
    figures = {f"figures/{name}.{form}" for name in names for form in ("svg", "png")}
    assert set(rendered["lottery"]) == {"report.html", "runs.csv"} | figures
    assert all(data.startswith(b"\x89PNG") for name, data in rendered["lottery"].items() if name.endswith("png"))
    assert all(data.startswith(b"<?xml") for name, data in rendered["lottery"].items() if name.endswith("svg"))


def test_runs_read_back_as_they_were(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        told = pd.read_csv(
            io.StringIO(runs_csv(answer)), keep_default_na=False, na_values={"x": [""]}, lineterminator="\n"
        )
        frame = answer.runs.assign(x=pd.to_numeric(answer.runs["x"]))
        analysed = told[told["outcome"] != "overrun"]
        assert list(analysed["value"]) == list(frame["value"])
        assert list(told.columns) == list(frame.columns)
        assert len(analysed) == len(answer.table)
        assert list(told["value"][len(frame) :]) == [run.value for run in answer.overrun]
    assert list(told["arm"]) == [run.arm for run in answer.table]


def test_another_process_gives_the_same_bytes(rendered: dict[str, dict[str, bytes]]) -> None:
    code = (
        "import hashlib, report_cases; from whether.report.write import render;"
        "print({name: hashlib.sha256(data).hexdigest() for name, data in sorted(render(report_cases.xor()).items())})"
    )
    paths = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.strip() == str(
        {name: hashlib.sha256(data).hexdigest() for name, data in sorted(rendered["xor"].items())}
    )


def test_reading_an_answer_back_renders_the_same(rendered: dict[str, dict[str, bytes]]) -> None:
    answer = MAKERS["diverged"]()
    assert render(Answer.from_json(answer.to_json())) == rendered["diverged"]


def test_importing_the_report_is_light() -> None:
    code = (
        "import sys, whether.report.write, whether.report.page, whether.report.text, whether.report.notebook,"
        "whether.report.figures, whether.report.style;"
        "print([name for name in ('torch', 'matplotlib', 'jinja2', 'pandas', 'numpy', 'scipy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
