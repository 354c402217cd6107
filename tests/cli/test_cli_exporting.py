"""`criteria export`: what is written and printed, and what is told when it is asked for wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from whether.cover.sheet import DECLARED, Said, Sheet
from whether.exports.asked import room

OPENREVIEW = [
    *("README.md", "artifact-review.json", "decision.json", "engineering-review.json", "science-design-review.json"),
    *("science-review.json", "setup_openreview.py", "submission.json", "venue.json"),
]


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def sheet(folder: Path) -> Path:
    told = {
        "title": "Tickets <b>",
        "authors": "Ada Example (0000-0002-1825-0097)",
        "question": "Do tickets match?",
        "verdict": "yes: they do",
    }
    fields = {name: Said(state=DECLARED, text=text, pointer="paper.pdf") for name, text in told.items()}
    path = folder / "cover.json"
    path.write_text(Sheet(category="science", verdict="yes", fields=fields).to_json(), encoding="utf-8")
    return path


class TestForms:
    def test_openreview(self, whether: Any) -> None:
        done = whether("criteria", "export", "openreview", "venue")
        assert (done.code, done.err) == (0, "")
        assert names("venue") == OPENREVIEW
        assert done.out.splitlines()[-1] == "Nobody was called. venue/README.md tells the next step."
        line = [sys.executable, "-I", "venue/setup_openreview.py"]
        dry = subprocess.run(line, capture_output=True, text=True, check=True)
        assert dry.stdout.startswith("would add ")

    def test_hotcrp_of_some_categories_as_json(self, whether: Any) -> None:
        done = whether("criteria", "export", "hotcrp", "venue", "--categories", "artifact, engineering", "--json")
        assert done.code == 0
        written = [str(Path("venue") / name) for name in ("settings.json", "README.md")]
        assert json.loads(done.out) == {"place": "hotcrp", "written": written}
        told = json.loads(Path("venue/settings.json").read_text(encoding="utf-8"))
        assert told["sf"][0]["values"] == [{"name": "engineering", "order": 1}, {"name": "artifact", "order": 2}]

    def test_the_short_form(self, whether: Any) -> None:
        assert whether("criteria", "export", "openreview", "venue", "--short").code == 0
        assert {"design-review.json", "official-review.json"} < set(names("venue"))

    def test_a_form_of_one_s_own(self, whether: Any) -> None:
        Path("mine.toml").write_text(
            'include = "gate"\nname = "ours"\ntitle = "Ours"\nquestion = "Is it?"\n'
            'category = "science"\nversion = "2"\n'
            "covered = false\npreamble = []\nnever = []\n",
            encoding="utf-8",
        )
        done = whether("criteria", "export", "openreview", "venue", "--categories", "artifact,mine.toml")
        assert (done.code, done.err) == (0, "")
        assert "science-design-review.json" not in names("venue")
        content = json.loads(Path("venue/science-review.json").read_text(encoding="utf-8"))
        assert {"A1", "A4", "A4_evidence"} < set(content)
        done = whether("criteria", "export", "openreview", "other", "--categories", "science,mine.toml")
        assert (done.code, done.err) == (2, "error: a category has two forms: science\n")
        assert not Path("other").exists()

    def test_what_somebody_changed_is_not_overwritten(self, whether: Any) -> None:
        assert whether("criteria", "export", "hotcrp", "venue").code == 0
        again = whether("criteria", "export", "hotcrp", "venue")
        assert again.code == 0
        Path("venue/settings.json").write_text("mine", encoding="utf-8")
        Path("venue/README.md").unlink()
        done = whether("criteria", "export", "hotcrp", "venue")
        assert done.code == 2
        assert "venue has other contents in settings.json, and nothing was written" in done.err
        assert names("venue") == ["settings.json"]
        done = whether("criteria", "export", "hotcrp", "venue/settings.json")
        assert (done.code, "venue/settings.json is a file; expected a folder" in done.err) == (2, True)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (
                ["openrview", "venue"],
                "unknown export 'openrview'; did you mean 'openreview'? Known: hotcrp, openreview",
            ),
            (["hotcrp", "venue", "--categories", "sience"], "unknown category 'sience'; did you mean 'science'?"),
            (["hotcrp", "venue", "--categories", "short"], "the short form is asked for by --short"),
            (["hotcrp", "venue", "--categories", "none.toml"], "none.toml"),
            (["hotcrp", "venue", "--for", "hotcrp"], "--for belongs to values"),
            (["hotcrp", "venue", "--blind"], "--blind belongs to values"),
        ],
    )
    def test_wrong_requests_write_nothing(self, words: list[str], said: str, whether: Any) -> None:
        done = whether("criteria", "export", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert not Path("venue").exists()


class TestValues:
    def test_for_openreview(self, sheet: Path, whether: Any) -> None:
        done = whether("criteria", "export", "values", "cover.json", "--for", "openreview")
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out) == {
            "title": {"value": "Tickets <b>"},
            "category": {"value": "science"},
            "question": {"value": "Do tickets match?\n[declared: paper.pdf]"},
            "verdict": {"value": "yes: they do\n[declared: paper.pdf]"},
        }

    def test_for_hotcrp(self, sheet: Path, whether: Any) -> None:
        told = json.loads(whether("criteria", "export", "values", "cover.json", "--for", "hotcrp").out)
        assert told["covered_verdict"] == "yes: they do\n[declared: paper.pdf]"
        assert told["authors"] == [{"name": "Ada Example"}]
        blind = whether("criteria", "export", "values", "cover.json", "--for", "hotcrp", "--blind").out
        assert "Ada" not in blind

    def test_for_a_citation(self, sheet: Path, whether: Any) -> None:
        done = whether("criteria", "export", "values", "cover.json", "--for", "citation")
        assert done.code == 0
        assert done.out.startswith('cff-version: "1.2.0"\n')
        assert 'orcid: "https://orcid.org/0000-0002-1825-0097"' in done.out
        plain = whether("criteria", "export", "values", "cover.json", "--for", "citation", "--json").out
        assert json.loads(plain) == {"CITATION.cff": done.out}
        blind = whether("criteria", "export", "values", "cover.json", "--for", "citation", "--blind")
        assert (blind.code, blind.out) == (2, "")

    def test_what_is_too_long_is_told_beside_the_values(self, sheet: Path, whether: Any) -> None:
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("Do tickets match?", "x" * 999), encoding="utf-8")
        done = whether("criteria", "export", "values", "cover.json", "--for", "openreview")
        assert done.code == 0
        assert "x" * 999 in done.out
        assert f"Question has 1,021 characters; the form takes {room('question')}: shorten `question`" in done.err

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "cover.json: not JSON: Expecting property name enclosed in double quotes: line 1"),
            ("[]", "cover.json is no cover sheet: it has no table of fields"),
            (
                '{"fields": {"titel": {}}, "format": 1, "category": "science"}',
                "unknown field 'titel'; did you mean 'ti",
            ),
        ],
    )
    def test_what_is_no_sheet(self, text: str, said: str, folder: Path, whether: Any) -> None:
        (folder / "cover.json").write_text(text, encoding="utf-8")
        done = whether("criteria", "export", "values", "cover.json", "--for", "hotcrp")
        assert (done.code, done.out) == (2, "")
        assert said in done.err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["cover.json"], "for which place? Add --for openreview, --for hotcrp, --for citation"),
            (["cover.json", "--for", "hotcrpp"], "unknown place 'hotcrpp'; did you mean 'hotcrp'?"),
            (["cover.json", "--for", "hotcrp", "--categories", "science"], "--categories belongs to forms"),
            (["cover.json", "--for", "openreview", "--short"], "--short belongs to forms and to values for hotcrp"),
            (["nothing.json", "--for", "hotcrp"], "nothing.json cannot be read: no such file or directory"),
        ],
    )
    def test_wrong_requests(self, words: list[str], said: str, sheet: Path, whether: Any) -> None:
        done = whether("criteria", "export", "values", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
