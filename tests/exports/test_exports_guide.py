"""docs/guide/venues.md and the READMEs beside exported forms say what is so."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path

from whether.cover.fields import FIELDS
from whether.criteria.form import Form
from whether.exports import hotcrp, openreview, setup_openreview

PAGE = (Path(__file__).parent.parent.parent / "docs" / "guide" / "venues.md").read_text(encoding="utf-8")


def options_of(line: str) -> list[str]:
    return [word for word in line.split("#")[0].split() if word not in ("python", "setup_openreview.py", "\\")]


def test_every_line_of_the_script_is_one_it_takes(forms: Mapping[str, Form], tmp_path: Path) -> None:
    readme = openreview.files(forms)["README.md"].replace("\\\n", " ")
    lines = re.findall(r"python setup_openreview\.py([^\n`]*)", readme) + re.findall(
        r"^    python setup_openreview\.py(.*)$", PAGE, flags=re.MULTILINE
    )
    assert len(lines) >= 7
    for line in lines:
        setup_openreview.options().parse_args(options_of(line))


def test_every_option_of_the_page_is_one_of_the_verb() -> None:
    from whether.cli.exporting import export

    known = {"--apply", "--unlock", "--only"} | set(re.findall(r'"(--[a-z]+)"', inspect.getsource(export)))
    assert set(re.findall(r"(?<![\w-])--[a-z]+", PAGE)) <= known


def test_what_is_covered_is_told(forms: Mapping[str, Form]) -> None:
    told = re.search(r"is covered until then: ([^.]*)\.", PAGE.replace("\n", " "))
    assert told is not None
    words = (
        "verdict, effect, what it does not show, deviations, runs, checks, reproductions, compute, the command, "
        "where to start, questions to reviewers, the sheet as a file, and the paper"
    )
    assert told[1] == words
    assert openreview.covered_fields({"science": forms["science"]})[:-3] == (
        "verdict",
        "effect",
        "limits",
        "deviations",
        "runs",
        "checks",
        "reproduced",
        "compute",
        "command",
        "start",
        "open",
    )
    assert FIELDS["limits"].label == "What it does not show"
    files = set(re.findall(r"`([a-z-]+\.json)`", openreview.files(forms)["README.md"]))
    assert files <= set(openreview.files(forms))
    assert "settings.json" in hotcrp.files(forms)
