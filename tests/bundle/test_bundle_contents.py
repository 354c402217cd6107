"""What goes into a bundle, what stays at home, and that the same lab gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_cases import FOLDER, HOST, packed, working_in

from whether import Lab
from whether.bundle import contents, source
from whether.bundle.archive import opened
from whether.errors import DamageError
from whether.store.packed import Packing


def texts(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8", "replace") for path in files}


class TestContents:
    def test_every_part_is_there(self, made) -> None:
        names = {path.relative_to(made.unpacked).as_posix() for path in made.unpacked.rglob("*") if path.is_file()}
        folder = f"lab/answers/tiny-{made.answer.digest[:8]}"
        assert names >= {
            *("README.md", "manifest-sha256.txt", "bundle.json", "ro-crate-metadata.json", "croissant.json"),
            *(
                "environment.txt",
                "lab/lab.json",
                f"{folder}/answer.json",
                f"{folder}/report.html",
                f"{folder}/runs.csv",
            ),
            *("question/question.json", "question/signs.py", "question/nets.py", "question/numbers_of_mine.py"),
            *("cover/cover.json", "cover/cover.html", "cover/hand.toml", "results/runs.csv", "results/runs.parquet"),
        }

    def test_records_are_those_of_the_runs_and_of_what_they_came_of(self, made) -> None:
        lab = Lab(made.folder / "lab", create=False)
        runs = {name for run in made.answer.table for name in (run.measure, run.state)}
        with opened(made.unpacked) as bundle:
            assert bundle.store.records.listing() == runs == lab.store.records.listing()
            assert [entry.hash for entry in bundle.store.ledger.entries()] == [
                entry.hash for entry in lab.store.ledger.entries()
            ]

    def test_other_runs_of_the_lab_are_left_out(self, made) -> None:
        fewer = replace(made.answer, table=made.answer.table[:2])
        lab = Lab(made.folder / "lab", create=False)
        assert contents.rests_on(lab.store, fewer) == {n for run in fewer.table for n in (run.measure, run.state)}

    def test_trained_states_go_in_when_asked_for(self, made) -> None:
        raw = packed(made.folder, made.answer, states=True)
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            states = [name for name in archive.namelist() if name.endswith(".safetensors")]
        assert len(states) >= 7
        path = made.folder / "with-states.zip"
        path.write_bytes(raw)
        with opened(path) as bundle:
            from whether.bundle.check import look

            seen = look(bundle)
            assert (seen.findings, seen.states) == ([], True)
            (bundle.root / states[0]).write_bytes(b"other weights")
            assert any("Its bytes are not those that its record names" in item.what for item in look(bundle).findings)

    def test_the_question_can_be_asked_of_it(self, made, tmp_path: Path) -> None:
        from whether.catalogue.find import find
        from whether.design import design_digest

        told = json.loads((made.unpacked / "question" / "question.json").read_text())
        assert told["command"] == "whether run signs.py by=60.0 model=nets:small"
        with working_in(made.unpacked / "question"):
            question = find(told["source"])(by=60.0)
            asked = Lab(made.folder / "lab", create=False).ask(question)
            assert design_digest(asked) == told["design"] == made.answer.digest

    def test_sha256sum_reads_the_manifest(self, made) -> None:
        words = ["sha256sum", "--quiet", "-c", "manifest-sha256.txt"]
        done = subprocess.run(words, cwd=made.unpacked, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")

    def test_one_without_its_record_is_refused(self, made) -> None:
        lab = Lab(made.folder / "lab", create=False)
        run = replace(made.answer.table[0], measure="00" * 32)
        with pytest.raises(DamageError, match="is missing"):
            contents.gather(lab.store, replace(made.answer, table=[run]))


class TestPrivacy:
    def test_no_name_of_a_machine_or_a_folder_goes_in(self, made) -> None:
        lab = texts(made.folder / "lab")
        assert any(HOST in text for text in lab.values())
        assert any(FOLDER in text for text in lab.values())
        for name, text in texts(made.unpacked).items():
            assert HOST not in text, name
            assert "/home/ada" not in text, name
            assert str(made.folder) not in text, name

    def test_what_was_said_of_an_error_stays(self, made) -> None:
        (text,) = (text for name, text in texts(made.unpacked).items() if "records/" in name and '"failure"' in text)
        said = json.loads(text)
        assert said["error"] == "RuntimeError (…/nets.py, line 3) on …"
        assert said["withheld"] == ["error", "host", "traceback"]

    def test_what_goes_in_regardless_is_told_before(self, made) -> None:
        lab = Lab(made.folder / "lab", create=False)
        with working_in(made.folder):
            answer = replace(made.answer, study={}, source="/home/ada/signs.py")
            told = contents.gather(lab.store, answer).disclosed
        assert told == ["the whole ledger goes in, with other studies: Again and again"]
        assert contents.gather(lab.store, made.answer).disclosed == []


class TestSource:
    def test_a_file_that_is_gone_is_told(self, made, tmp_path: Path) -> None:
        with working_in(tmp_path):
            found = source.source_of(made.answer, ["nets:small"])
        assert found.files == {}
        assert "signs.py is not here any more" in found.missing[0]

    def test_the_catalogue_needs_no_file(self, made) -> None:
        found = source.source_of(replace(made.answer, source="xor"))
        assert (found.kind, found.called, dict(found.files), found.missing) == ("catalogue", "xor", {}, ())

    def test_a_notebook_has_none(self, made) -> None:
        found = source.source_of(replace(made.answer, source="tiny"))
        assert found.kind == "unknown"
        assert "was asked in Python" in found.missing[0]

    def test_a_path_loses_its_folders(self, made) -> None:
        with working_in(made.folder):
            found = source.source_of(replace(made.answer, source=f"{made.folder}/signs.py:tiny"))
        assert found.called == "signs.py:tiny"
        assert set(found.files) == {"signs.py", "numbers_of_mine.py"}


AGAIN = """
import hashlib, os, sys, zipfile
os.umask(0o077)
sys.path.insert(0, {tests!r})
import bundle_cases
from pathlib import Path
from whether.answer import Answer
folder = Path({folder!r})
answer = Answer.from_json(next((folder / "lab" / "answers").glob("*/answer.json")).read_text())
print(hashlib.sha256(bundle_cases.packed(folder, answer)).hexdigest())
from whether.bundle.source import own_code
print(own_code())
"""


class TestSameBytes:
    @pytest.mark.long
    def test_in_another_process_with_other_settings(self, made) -> None:
        code = AGAIN.format(tests=str(Path(__file__).parent), folder=str(made.folder))
        settings = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONUTF8": "0"}
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **settings}, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        found, code_then = done.stdout.split()
        if code_then != source.own_code():
            pytest.skip("Whether's own files were edited between the two")
        assert found == hashlib.sha256(made.zip.read_bytes()).hexdigest()

    def test_members_have_one_date_and_mode(self, made) -> None:
        with zipfile.ZipFile(made.zip) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
        assert {(info.date_time, info.external_attr >> 16, info.create_system) for info in infos} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644, 3)
        }
        names = [info.filename for info in infos]
        assert names == [*sorted(names[:-1]), "manifest-sha256.txt"]

    def test_a_name_is_taken_once_and_only_if_it_is_plain(self) -> None:
        packing = Packing(io.BytesIO())
        packing.add("a", b"x")
        with pytest.raises(ValueError, match="is a member already"):
            packing.add("a", b"y")
        with pytest.raises(ValueError, match="leads out of its folder"):
            packing.add("../a", b"y")


def test_its_readme_says_how_the_version_is_got_and_no_name_of_the_file(made) -> None:
    text = (made.unpacked / "README.md").read_text(encoding="utf-8")
    version = made.answer.circumstances["versions"]["whether"]
    assert f"With Whether {version}, which is installed from a checkout of that version" in text
    assert "    pip install .\n    whether verify THIS.zip\n" in text
    assert "pip install whether" not in text
    assert f"{made.answer.digest[:8]}.zip" not in text
