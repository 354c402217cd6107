"""The script that a chair runs: alone, without a network; and with openreview-py before a server that only records."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from whether.criteria.form import Form
from whether.exports import openreview, setup_openreview

VENUE = "Example.org/2027/Conference"
DATES = (
    *("--design-start", "2027-03-01T00:00", "--design-due", "2027-03-14T23:59"),
    *("--review-start", "2027-03-15T00:00", "--review-due", "2027-04-05T23:59"),
)
# A socket is refused before anything else runs; so is the library, which a dry run does without.
NO_NETWORK = (
    "import runpy, socket, sys\n"
    "def refuse(*a, **k): raise OSError('the network was asked')\n"
    "socket.socket.connect = socket.getaddrinfo = refuse\n"
    "sys.modules['openreview'] = None\n"
    "sys.argv = sys.argv[1:]\n"
    "runpy.run_path(sys.argv[0], run_name='__main__')\n"
)


@pytest.fixture
def folder(tmp_path: Path, forms: Mapping[str, Form]) -> Path:
    for name, text in openreview.files(forms).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENREVIEW", "PYTHON"))}
    line = [sys.executable, "-I", "-c", NO_NETWORK, str(folder / "setup_openreview.py"), *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=clean, cwd=folder)


class Server:
    """What OpenReview would be asked, one call after the other."""

    baseurl, token = "https://api2.openreview.net", "none"

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.held: dict[str, Any] = {}

    def get_group(self, name: str) -> Any:
        return SimpleNamespace(id=name, content={"title": {"value": "Example"}, "area_chairs_id": {"value": "x"}})

    def get_invitation(self, id: str) -> Any:
        import openreview as library

        if id == f"{VENUE}/-/Submission":
            return SimpleNamespace(id=id, edit={"note": {"content": {"authorids": {}}}})
        if id not in self.held:
            raise library.OpenReviewException("not found")
        return self.held[id]

    def post_invitation_edit(self, **told: Any) -> None:
        self.calls.append(("post_invitation_edit", told))
        self.held[told["invitation"].id] = told["invitation"]

    def post_note_edit(self, **told: Any) -> None:
        self.calls.append(("post_note_edit", told))

    def get_all_notes(self, **told: Any) -> list[Any]:
        assert told == {"invitation": f"{VENUE}/-/Submission"}
        hidden = {"value": "yes", "readers": [VENUE]}
        notes = [("science", hidden), ("engineering", hidden), ("science", {"value": "yes"})]
        return [
            SimpleNamespace(id=f"note{at}", number=at, content={"category": {"value": category}, "verdict": verdict})
            for at, (category, verdict) in enumerate(notes, start=1)
        ]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    import openreview as library

    made = Server()
    monkeypatch.setattr(library.api, "OpenReviewClient", lambda **_: made)
    for name, value in {"VENUE_ID": VENUE, "USERNAME": "chair@example.org", "PASSWORD": "secret"}.items():
        monkeypatch.setenv(f"OPENREVIEW_{name}", value)
    return made


class TestAlone:
    def test_a_dry_run_asks_nobody_and_needs_no_library(self, folder: Path, forms: Mapping[str, Form]) -> None:
        asked = openreview.submission_fields(forms)
        hidden = sum("readers" in field for field in asked.values())
        py_compile.compile(str(folder / "setup_openreview.py"), cfile=str(folder / "compiled"), doraise=True)
        before = sorted(folder.iterdir())
        done = run(folder, *DATES)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0] == (
            f"would add {len(asked)} fields to the submission form, {hidden} of them for authors and chairs only"
        )
        assert [line.split()[2] for line in lines[1:5]] == [
            *("Science_Design_Review", "Science_Review", "Engineering_Review", "Artifact_Review")
        ]
        assert "for submissions of science, 10 fields, as Design_Review, from 2027-03-01 00:00:00+00:00" in lines[1]
        assert lines[-1].startswith("Nothing was done. For --apply is missing: OPENREVIEW_VENUE_ID")
        assert sorted(folder.iterdir()) == before

    def test_what_is_missing_is_told_before_anything_is_done(self, folder: Path) -> None:
        done = run(folder, "--apply")
        assert (done.returncode, done.stdout) == (2, "")
        assert "OPENREVIEW_PASSWORD, --design-start, --design-due, --review-start, --review-due" in done.stderr
        done = run(folder, "--unlock", "sciense")
        assert (done.returncode, done.stdout) == (2, "")
        assert "unknown category 'sciense'; this venue has science, engineering, artifact" in done.stderr

    def test_it_needs_nothing_of_this_package(self, folder: Path) -> None:
        assert "import whether" not in (folder / "setup_openreview.py").read_text(encoding="utf-8")
        assert "from whether" not in (folder / "setup_openreview.py").read_text(encoding="utf-8")


class TestApplied:
    def test_every_stage_is_posted_once_as_the_venue(self, folder: Path, server: Server) -> None:
        assert setup_openreview.main(["--apply", "--folder", str(folder), *DATES]) == 0
        posted = [(call, told["invitation"].id.removeprefix(f"{VENUE}/-/")) for call, told in server.calls]
        names = ("Submission", "Science_Design_Review", "Science_Review", "Engineering_Review", "Artifact_Review")
        assert posted == [("post_invitation_edit", name) for name in (*names, "Decision")]
        for _, told in server.calls:
            assert (told["invitations"], told["signatures"]) == (f"{VENUE}/-/Edit", [VENUE])

    def test_submission_fields_are_added_and_nothing_else_is_touched(self, folder: Path, server: Server) -> None:
        setup_openreview.main(["--apply", "--folder", str(folder), "--only", "submission"])
        ((_, told),) = server.calls
        plain = told["invitation"].to_json()
        assert {name for name, value in plain.items() if value is not None} == {"id", "edit"}
        assert set(plain["edit"]) == {"note"}
        assert set(plain["edit"]["note"]) == {"content"}
        content = plain["edit"]["note"]["content"]
        hidden = [VENUE, f"{VENUE}/Submission${{{{4/id}}/number}}/Authors"]
        assert content["verdict"]["readers"] == content["pdf"]["readers"] == hidden
        assert "readers" not in content["question"]
        assert told["replacement"] is None

    def test_a_stage_is_for_its_category_and_has_its_dates(
        self, folder: Path, server: Server, forms: Mapping[str, Form]
    ) -> None:
        setup_openreview.main(["--apply", "--folder", str(folder), "--only", "reviews", *DATES])
        design, science = (told["invitation"] for _, told in server.calls[:2])
        assert design.content["source"]["value"]["content"] == {"category": "science"}
        child = design.edit["invitation"]
        assert child["id"] == f"{VENUE}/Submission${{2/content/noteNumber/value}}/-/Design_Review"
        assert (child["cdate"], child["duedate"]) == (1803859200000, 1805068740000)  # of `date -u -d … +%s`
        assert science.edit["invitation"]["cdate"] > child["duedate"]
        content = child["edit"]["note"]["content"]
        assert content == openreview.review_content(forms["science"], "design")
        chairs_only = science.edit["invitation"]["edit"]["note"]["content"]["interest"]["readers"]
        assert chairs_only == [f"{VENUE}/Program_Chairs", "${5/signatures}"]
        readers = science.edit["invitation"]["edit"]["note"]["readers"]
        assert f"{VENUE}/Program_Chairs" in readers
        assert not any("Authors" in one for one in readers)

    def test_decisions(self, folder: Path, server: Server) -> None:
        setup_openreview.main(["--apply", "--folder", str(folder), "--only", "decision"])
        ((_, told),) = server.calls
        decided = told["invitation"]
        assert decided.content["accept_decision_options"]["value"] == ["accept", "accept after fixes"]
        content = decided.edit["invitation"]["edit"]["note"]["content"]
        assert content["for_chairs"]["readers"] == [f"{VENUE}/Program_Chairs"]
        assert {"decision", "criterion_table", "fixes"} <= set(content)

    def test_unlocking_shows_one_category_what_is_still_covered(
        self, folder: Path, server: Server, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert setup_openreview.main(["--unlock", "science", "--folder", str(folder)]) == 0
        assert server.calls == []
        assert capsys.readouterr().out.startswith("would unlock verdict, effect, limits")
        assert setup_openreview.main(["--unlock", "science", "--apply", "--folder", str(folder)]) == 0
        ((call, told),) = server.calls
        assert (call, told["note"].id, told["note"].content) == (
            "post_note_edit",
            "note1",
            {"verdict": {"readers": {"delete": True}}},
        )
        assert told["readers"] == [VENUE, f"{VENUE}/Submission1/Authors"]
