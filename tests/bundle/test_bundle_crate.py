"""The crate and the description of the tables, read by the libraries of others; nothing is fetched for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from whether.bundle import crate
from whether.bundle.croissant import croissant
from whether.report.tables import read_parquet, runs_parquet

RECOMMENDED_AND_NOT_DONE = {
    "ro-crate-1.3_8.2",  # a single version: Process Run Crate 0.5 builds on 1.1
    "ro-crate-1.2_56.1",  # a publisher: whoever publishes it knows
    *("ro-crate-1.2_80.2", "ro-crate-1.2_80.3"),  # of authors their affiliation,
    *("ro-crate-1.2_91.0", "ro-crate-1.2_93.0"),  # their ORCID and how to reach them: names only are asked for
}

VALIDATE = """
import io, json, sys
from pathlib import Path

import requests
import rocrate
from requests_cache import CachedSession
from rocrate_validator import models, services
from urllib3.response import HTTPResponse

bundle, cache, profiles = sys.argv[1], sys.argv[2], sys.argv[3:]
context = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
session = CachedSession(cache_name=cache, backend="sqlite", expire_after=-1)
for version in ("1.1", "1.2", "1.3"):
    url = f"https://w3id.org/ro/crate/{version}/context"
    request = session.prepare_request(requests.Request("GET", url, headers={"Accept": "application/ld+json"}))
    said = requests.Response()
    said.status_code, said.url, said.request, said._content = 200, url, request, context
    said.headers["Content-Type"] = "application/ld+json"
    said.raw = HTTPResponse(body=io.BytesIO(context), status=200, headers=said.headers, preload_content=False)
    session.cache.save_response(said)
session.close()
found = {}
for profile in profiles:
    settings = services.ValidationSettings(
        rocrate_uri=bundle, profile_identifier=profile, offline=True, cache_path=cache, abort_on_first=False,
        requirement_severity=models.Severity.RECOMMENDED,
    )
    issues = services.validate(settings).get_issues()
    found[profile] = sorted({(item.severity.name, item.check.identifier, item.message) for item in issues})
print(json.dumps(found))
"""
"""In a process of its own: the validator keeps one cache for a process. Its contexts come from rocrate's wheel."""


@pytest.fixture(scope="session")
def graph(made) -> dict[str, dict[str, Any]]:
    said = json.loads((made.unpacked / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    return {entity["@id"]: entity for entity in said["@graph"]}


class TestCrate:
    def test_the_library_reads_it(self, made) -> None:
        from rocrate.rocrate import ROCrate

        read = ROCrate(made.unpacked)
        assert read.version == "1.3"
        assert read.mainEntity.id == "question/signs.py"
        assert len(read.get_by_type("CreateAction")) == 8

    def test_the_whole_says_what_it_is(self, graph: dict[str, dict[str, Any]]) -> None:
        root = graph["./"]
        assert root["name"] == "Evidence for an answer: Does it do as well <b>again</b>?"
        assert root["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
        assert [graph[item["@id"]]["name"] for item in root["author"]] == ["Ada Example", "Bob Example"]
        assert len(root["datePublished"]) == len("2026-11-25")

    def test_every_run_is_an_action_with_its_end(self, made, graph: dict[str, dict[str, Any]]) -> None:
        actions = {item["name"]: item for item in graph.values() if item["@type"] == "CreateAction"}
        for run in made.answer.table:
            said = actions.pop(f"{run.arm}, replicate {run.replicate}")
            assert said["actionStatus"] == (crate.BROKEN if run.outcome == "failed" else crate.COMPLETED)
            assert ("error" in said) == (run.outcome == "failed")
            assert ("no longer finite" in said["description"]) == (run.outcome == "diverged")
            assert said["result"] == [
                {"@id": f"lab/records/{name[:2]}/{name}.json"} for name in (run.measure, run.state)
            ]
            assert all((made.unpacked / item["@id"]).is_file() for item in said["result"])
        assert actions == {}

    def test_an_overrun_is_one_too(self, made) -> None:
        from dataclasses import replace

        run = replace(made.answer.table[0], replicate=7)
        (more,) = crate.actions(replace(made.answer, table=[], overrun=[run]), {run.measure}, {}, "question/signs.py")
        assert (more["@id"], more["actionStatus"]) == ("#overrun-0-7", crate.COMPLETED)
        assert "not analysed" in more["description"]

    def test_files_have_their_sizes(self, made, graph: dict[str, dict[str, Any]]) -> None:
        sizes = {name: int(said["contentSize"]) for name, said in graph.items() if "contentSize" in said}
        assert len(sizes) > 30
        assert sizes == {name: (made.unpacked / name).stat().st_size for name in sizes}

    def test_names_of_files_are_addresses(self, made) -> None:
        from dataclasses import replace

        described = crate.Described(
            answer=replace(made.answer, table=[]), files={"question/ä b.py": 3}, records=(), main="question/ä b.py"
        )
        said = json.loads(crate.metadata(described))
        assert any(entity["@id"] == "question/%C3%A4%20b.py" for entity in said["@graph"])
        root = next(entity for entity in said["@graph"] if entity["@id"] == "./")
        assert root["mainEntity"] == {"@id": "question/%C3%A4%20b.py"}

    @pytest.mark.long
    @pytest.mark.parametrize("profiles", [["ro-crate-1.3"], ["ro-crate-1.1", "process-run-crate-0.5"]])
    def test_the_validator_finds_nothing_that_is_required(self, profiles: list[str], made, tmp_path: Path) -> None:
        words = [sys.executable, "-W", "ignore", "-c", VALIDATE, str(made.zip), str(tmp_path / "http"), *profiles]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert set(found) == set(profiles)
        for profile, issues in found.items():
            assert [issue for issue in issues if issue[0] != "RECOMMENDED"] == [], profile
        if profiles == ["ro-crate-1.3"]:
            assert {issue[1] for issue in found["ro-crate-1.3"]} <= RECOMMENDED_AND_NOT_DONE

    def test_without_the_library_it_is_told_how_to_get_it(self, made, monkeypatch: pytest.MonkeyPatch) -> None:
        from whether.errors import RequestError

        monkeypatch.setitem(sys.modules, "rocrate.model", None)
        described = crate.Described(answer=made.answer, files={}, records=(), main="question/question.json")
        with pytest.raises(RequestError, match=r"pip install 'whether\[bundle\]'"):
            crate.metadata(described)


class TestTables:
    def test_parquet_has_every_run(self, made) -> None:
        rows = read_parquet((made.unpacked / "results" / "runs.parquet").read_bytes(), 8)
        assert [(row["arm"], row["replicate"], row["outcome"]) for row in rows] == [
            (run.arm, run.replicate, run.outcome) for run in made.answer.table
        ]
        assert runs_parquet(made.answer) == runs_parquet(made.answer)

    def test_what_is_none_is_told(self) -> None:
        with pytest.raises(ValueError, match="Parquet"):
            read_parquet(b"nothing", 9)

    def test_one_with_more_rows_than_expected_is_not_read(self, made) -> None:
        with pytest.raises(ValueError, match="8 rows, and no more than 7 are expected"):
            read_parquet(runs_parquet(made.answer), 7)

    @pytest.mark.long
    def test_croissant_is_read_by_the_reference_library(self, made) -> None:
        code = (
            "import sys, warnings, mlcroissant\n"
            "data = mlcroissant.Dataset(jsonld='croissant.json')\n"
            "assert not data.metadata.issues.errors, data.metadata.issues.errors\n"
            "rows = list(data.records('runs'))\n"
            "print(len(rows), sorted(rows[0]), rows[0]['runs/value'])\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], cwd=made.unpacked, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("8 ['runs/arm', 'runs/family', 'runs/measure'")

    def test_croissant_names_the_bytes(self, made) -> None:
        import hashlib

        said = json.loads(croissant(made.answer, b"csv", b"parquet", licence="CC-BY-4.0"))
        assert [item["sha256"] for item in said["distribution"]] == [
            hashlib.sha256(raw).hexdigest() for raw in (b"csv", b"parquet")
        ]
        assert (said["license"], said["conformsTo"]) == ("CC-BY-4.0", "http://mlcommons.org/croissant/1.0")
