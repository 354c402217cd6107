"""`whether criteria`: shown, checked, written; what is wrong is told, and then nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main

from whether.cli import app
from whether.criteria.reading import packaged

SUBVERBS = {
    "show": ["--json", "[CATEGORY]", "[CRITERION]"],
    "check": ["--authors", "--form", "--json", "FILE"],
    "form": ["--blind", "--json", "--sheet", "--to", "CATEGORY"],
}

REVIEW = """
form = "gate"
version = "1"
paper = "17"
reviewer = "R. Eader"
scores.A1.answer = "yes"
scores.A2 = {answer = "no", reason = "“Limits” is empty."}
scores.A3.answer = "yes"
scores.A4.answer = "yes"
to_authors = {summary = "Code of 17.", confidence = "checked"}
to_chairs = {interest = "few", conflicts = "None."}
"""


@pytest.fixture
def review(folder: Path) -> Path:
    (folder / "review.toml").write_text(REVIEW, encoding="utf-8")
    return folder / "review.toml"


def group() -> Any:
    return typer.main.get_command(app).commands["criteria"]  # type: ignore[attr-defined]


class TestVerbs:
    def test_options_are_frozen(self) -> None:
        for name, expected in SUBVERBS.items():
            params = group().commands[name].params
            long = [[word for word in param.opts if word.startswith("--")] for param in params]
            called = [word[0] if word else param.metavar for word, param in zip(long, params, strict=True)]
            assert sorted(word for word in called if word != "--help") == expected

    def test_help_lists_them(self, whether: Any) -> None:
        done = whether("criteria", "-h")
        assert (done.code, done.err) == (0, "")
        for name, verb in group().commands.items():
            assert f"\n  {name:<6}  {(verb.help or '').split()[0]} " in done.out
            assert f"Usage: whether criteria {name}" in whether("criteria", name, "-h").out

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("shw", "error: unknown verb of criteria 'shw'; did you mean 'show'?"),
            ("science", "error: what about science? To read it: whether criteria show science\n"),
        ],
    )
    def test_a_wrong_one_is_told_the_nearest(self, word: str, said: str, whether: Any) -> None:
        done = whether("criteria", word)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(said)


class TestShow:
    def test_alone_it_lists_the_categories(self, whether: Any) -> None:
        for words in (["criteria"], ["criteria", "show"]):
            out = whether(*words).out
            assert "\nscience  Is it so?\n  S1  A question worth either answer\n" in out

    def test_a_category(self, whether: Any) -> None:
        out = whether("criteria", "show", "engineering").out
        assert "Engineering: Does it work better?" in out
        assert "But E4 not supported: accept after fixes" in out

    def test_the_hint_names_what_was_named(self, folder: Path, whether: Any) -> None:
        (folder / "our.toml").write_text(packaged("gate").replace('name = "gate"', 'name = "ours"'), encoding="utf-8")
        for called in ("our.toml", "gate"):
            out = whether("criteria", "show", called).out
            assert out.endswith(f"With its anchors: whether criteria show {called} A4\n")
            assert "  accept after fixes: What falls short" in out

    def test_who_sees_what_blind_reviewers_cannot(self, whether: Any) -> None:
        out = " ".join(whether("criteria", "show", "science", "A4").out.split())
        assert "hidden from you, the chairs see to this: Conflicts of interest, Funding" in out
        assert "the chairs" not in whether("criteria", "show", "A2").out

    def test_a_criterion_by_its_id_alone(self, whether: Any) -> None:
        assert whether("criteria", "show", "s3").out == whether("criteria", "show", "science", "S3").out
        assert "not supported  The arms differ in something else" in whether("criteria", "show", "S3").out

    def test_json(self, whether: Any) -> None:
        assert [one["name"] for one in json.loads(whether("criteria", "show", "--json").out)][1] == "science"
        assert json.loads(whether("criteria", "show", "science", "--json").out)["criteria"][4]["id"] == "S1"
        assert json.loads(whether("criteria", "show", "artifact", "r4", "--json").out)["id"] == "R4"

    def test_what_there_is_not(self, whether: Any) -> None:
        assert "did you mean 'science'" in whether("criteria", "show", "sciense").err
        done = whether("criteria", "show", "science", "S9")
        assert (done.code, done.err[:44]) == (2, "error: unknown criterion of science 'S9'; di")


class TestCheck:
    def test_a_review(self, review: Path, whether: Any) -> None:
        done = whether("criteria", "check", "review.toml")
        assert done.code == 0
        assert done.out.startswith("accept after fixes  17 by the form gate, version 1\n")
        assert "  To mend: A2 Limits stand beside them: no (limits can be written down" in done.out
        assert "    the reviewer  “Limits” is empty.\n    anchor        The field is empty" in done.out
        told = json.loads(whether("criteria", "check", "review.toml", "--json").out)
        assert told["in_words"] == {"A2": "“Limits” is empty."}
        assert (told["outcome"], told["fixes"][0]["criterion"]) == ("accept_after_fixes", "A2")

    def test_what_is_printed_moves_no_cursor(self, review: Path, whether: Any) -> None:
        review.write_text(REVIEW.replace('paper = "17"', 'paper = "\\u001b[31m17\\u202e"'), encoding="utf-8")
        for more in ([], ["--json"], ["--authors"]):
            out = whether("criteria", "check", "review.toml", *more).out
            assert "17" in out
            assert not {"\x1b", "\u202e"} & set(out) or more == ["--json"]

    def test_what_authors_read(self, review: Path, whether: Any) -> None:
        for more in ([], ["--json"]):
            out = whether("criteria", "check", "review.toml", "--authors", *more).out
            assert "Code of 17." in out
            assert "R. Eader" not in out
            assert "few" not in out

    def test_what_is_wrong(self, review: Path, whether: Any) -> None:
        review.write_text(REVIEW.replace('reason = "“Limits” is empty."', 'reason = ""').replace("few", "fw"))
        done = whether("criteria", "check", "review.toml", "--json")
        assert (done.code, done.out) == (2, "")
        assert "2 things are wrong" in done.err
        assert "A2 Limits stand beside them: “no” without a reason" in done.err

    def test_a_score_without_evidence(self, review: Path, whether: Any) -> None:
        own = packaged("gate").replace('name = "gate"', 'name = "mine"').replace('"yes_no"\ngate = true', '"yes_no"')
        own += "\n[criteria.X]\ntitle = 'X'\nask = 'X?'\nstage = 'result'\nevidence = 'A table.'\n"
        own += "[criteria.X.anchors]\nsound = 'a'\nfixable = 'b'\nnot_supported = 'c'\ncannot_tell = 'd'\n"
        (review.parent / "mine.toml").write_text(own, encoding="utf-8")
        assert whether("criteria", "check", "mine.toml").out.startswith("mine.toml: in order. The form mine, version 1")
        assert json.loads(whether("criteria", "check", "mine.toml", "--json").out)["name"] == "mine"
        review.write_text(REVIEW.replace('"gate"', '"mine"') + 'scores.X.answer = "sound"\n', encoding="utf-8")
        assert (
            "A form of your own is named beside it: --form mine.toml" in whether("criteria", "check", "review.toml").err
        )
        done = whether("criteria", "check", "review.toml", "--form", "mine.toml")
        assert done.code == 2
        assert "X X: scored “sound” without evidence. Wanted: a table" in done.err

    def test_a_criteria_file_that_is_wrong(self, folder: Path, whether: Any) -> None:
        (folder / "mine.toml").write_text(packaged("science").replace("Scope", ""), encoding="utf-8")
        done = whether("criteria", "check", "mine.toml")
        assert (done.code, done.err) == (2, "error: mine.toml: criteria.S7.title is empty.\n")
        assert "--authors belongs to a review" in whether("criteria", "check", "mine.toml", "--authors").err

    def test_no_file(self, folder: Path, whether: Any) -> None:
        assert whether("criteria", "check", "none.toml").err.startswith("error: none.toml cannot be read: no such file")
        assert whether("criteria", "check", ".").code == 2


class TestForm:
    def test_four_files(self, folder: Path, whether: Any) -> None:
        done = whether("criteria", "form", "short", "--to", "forms")
        assert (done.code, done.err) == (0, "")
        endings = ["html", "md", "pdf", "toml"]
        assert sorted(path.name for path in (folder / "forms").iterdir()) == [f"review-short.{one}" for one in endings]
        assert sorted(done.out.split()) == [f"forms/review-short.{one}" for one in endings]
        told = json.loads(whether("criteria", "form", "short", "--to", "forms", "--json").out)
        assert sorted(told["files"]) == sorted(done.out.split())

    def test_a_filled_review_is_not_overwritten(self, folder: Path, whether: Any) -> None:
        (folder / "review-gate.toml").write_text("mine")
        done = whether("criteria", "form", "gate")
        assert done.code == 2
        assert "other contents in review-gate.toml, and nothing was written" in done.err
        assert [path.name for path in folder.iterdir()] == ["review-gate.toml"]

    def test_without_typst_the_others_are_written(
        self, folder: Path, whether: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "typst", None)
        done = whether("criteria", "form", "gate")
        assert done.code == 0
        assert "No PDF was written: " in done.err
        assert "pip install 'whether[pdf]'" in done.err
        assert not (folder / "review-gate.pdf").exists()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["sciense"], "unknown category 'sciense'; did you mean 'science'"),
            (["science", "--sheet", "none.json"], "none.json cannot be read: no such file"),
            (["science", "--sheet", "bad.json"], "bad.json: not JSON"),
            (["science", "--blind"], "--blind is about a cover sheet"),
            (["science", "--to", "bad.json"], "bad.json is a file; expected a folder"),
        ],
    )
    def test_a_wrong_request_writes_nothing(self, words: list[str], said: str, folder: Path, whether: Any) -> None:
        (folder / "bad.json").write_text("[")
        done = whether("criteria", "form", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert [path.name for path in folder.iterdir()] == ["bad.json"]

    def test_a_sheet_of_another_category(self, folder: Path, whether: Any) -> None:
        from whether.cover.sheet import Said, Sheet

        sheet = Sheet(category="artifact", fields={"title": Said(state="declared", text="Tool", pointer="p. 1")})
        (folder / "cover.json").write_text(sheet.to_json(), encoding="utf-8")
        done = whether("criteria", "form", "science", "--sheet", "cover.json")
        assert "Its form: whether criteria form artifact --sheet cover.json" in done.err
