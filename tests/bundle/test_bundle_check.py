"""Tampering is named: with any one file, and where the manifest is rewritten with it, as far as there is evidence."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle_cases import bend, change_json, findings, manifest_again, zip_of

from whether.bundle.archive import opened
from whether.bundle.check import check, look
from whether.store.sealed import SEAL, seal

GUARDED_BY_THE_MANIFEST_ALONE = (
    "bundle.json",  # but for which answer it is of: which version wrote it
    r"lab/answers/[^/]+/report\.html",
    r"lab/answers/[^/]+/figures/.+",
    r"cover/hand\.toml",  # but for what it says of fields: then the sheet is another
    r"question/.+\.py",
    "ro-crate-metadata.json",  # but for actions and what they name
)
"""Of these nothing else tells; whoever cites a bundle cites its digest."""


def kind_of(name: str) -> str:
    """What sort of file a member is: of records, entries and the like one is as good as another."""
    return re.sub(r"[0-9a-f]{64}|(?<=records/)[0-9a-f]{2}|\d{8}", "*", name)


def members(root: Path) -> list[str]:
    """Every file but the manifest."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(name for name in names if name != "manifest-sha256.txt")


def one_of_each(root: Path) -> list[str]:
    return list({kind_of(name): name for name in members(root)}.values())


def names_it(found: list[str], name: str) -> bool:
    return any(item.startswith(f"{name}: ") for item in found)


def untold(root: Path, names: list[str], act: Callable[[Path], None], *, manifest: bool) -> list[str]:
    """The files whose change nothing tells of."""
    missed = []
    kept = (root / "manifest-sha256.txt").read_bytes()
    for name in names:
        path = root / name
        raw = path.read_bytes()
        act(path)
        if manifest:
            manifest_again(root)
        found = findings(root)
        if not (found if manifest else names_it(found, name)):
            missed.append(name)
        path.write_bytes(raw)
        (root / "manifest-sha256.txt").write_bytes(kept)
    return missed


def bent(path: Path) -> None:
    path.write_bytes(bend(path.read_bytes()))


def removed(path: Path) -> None:
    path.unlink()


class TestWhole:
    def test_nothing_is_found(self, made) -> None:
        with opened(made.zip) as bundle:
            seen = look(bundle)
        assert seen.findings == []
        assert (seen.answer, seen.states, seen.entries) == (made.answer, False, 3)
        assert seen.files == len(members(made.unpacked)) + 1

    def test_unpacked_or_packed_anew_it_is_the_same(self, made, tmp_path: Path) -> None:
        names = ["manifest-sha256.txt", *reversed(members(made.unpacked))]
        again = zip_of({name: (made.unpacked / name).read_bytes() for name in names}, tmp_path / "a.zip")
        digests = set()
        for path in (made.zip, made.unpacked, again):
            with opened(path) as bundle:
                assert check(bundle) == []
                digests.add(bundle.digest)
        assert len(digests) == 1

    def test_progress_comes_to_its_end(self, made) -> None:
        told: list[tuple[int, int]] = []
        with opened(made.unpacked) as bundle:
            check(bundle, lambda done, of: told.append((done, of)))
        assert told[-1][0] == told[-1][1] == len(members(made.unpacked))


class TestAnyFile:
    @pytest.mark.parametrize("act", [bent, removed])
    def test_each_is_named_among_all_that_are(self, act: Callable[[Path], None], bundle: Path) -> None:
        """One by one: TestEveryFile."""
        names = [name for name in members(bundle) if name != "lab/lab.json"]  # without a lab it is no bundle
        for name in names:
            act(bundle / name)
        found = findings(bundle)
        assert [name for name in names if not names_it(found, name)] == []

    def test_altered_with_the_manifest(self, bundle: Path) -> None:
        """The tamperer rewrites the manifest, too: what carries evidence of its own is still found."""
        missed = untold(bundle, one_of_each(bundle), bent, manifest=True)
        assert [name for name in missed if not _by_the_manifest(name)] == []

    def test_the_manifest_itself(self, bundle: Path) -> None:
        bent(bundle / "manifest-sha256.txt")
        assert findings(bundle)
        removed(bundle / "manifest-sha256.txt")
        missing = "manifest-sha256.txt: It is missing, so that nothing tells which files there were."
        assert missing in findings(bundle)

    @pytest.mark.parametrize("name", ["more.txt", "lab/work/checkpoints/x", "lab/answers/other-00000000/answer.json"])
    def test_added(self, name: str, bundle: Path) -> None:
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_text("{}")
        assert f"{name}: It was added: the manifest does not name it." in findings(bundle)

    def test_exchanged_for_one_another(self, bundle: Path) -> None:
        one, other = sorted((bundle / "lab" / "ledger").iterdir())[:2]
        a, b = one.read_bytes(), other.read_bytes()
        one.write_bytes(b)
        other.write_bytes(a)
        manifest_again(bundle)
        assert any("under the number" in item for item in findings(bundle))

    def test_a_flipped_byte_in_the_archive(self, made, tmp_path: Path) -> None:
        """What cannot even be unpacked is named, and all else is looked at."""
        raw = bytearray(made.zip.read_bytes())
        at = raw.index(b"lab/lab.json") + len(b"lab/lab.json") + 5
        raw[at] ^= 0xFF
        (tmp_path / "a.zip").write_bytes(raw)
        assert any(
            item.startswith("lab/lab.json: Its bytes cannot be unpacked") for item in findings(tmp_path / "a.zip")
        )


def _by_the_manifest(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in GUARDED_BY_THE_MANIFEST_ALONE)


def run_of(bundle: Path, outcome: str) -> dict[str, Any]:
    (path,) = (bundle / "lab" / "answers").glob("*/answer.json")
    return next(run for run in json.loads(path.read_text())["table"] if run["outcome"] == outcome)


def without(graph: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entity for entity in graph if entity.get("name") != name]


class TestRuns:
    @pytest.mark.parametrize("outcome", ["diverged", "failed"])
    def test_one_that_is_left_out_of_the_crate(self, outcome: str, bundle: Path) -> None:
        run = run_of(bundle, outcome)
        name = f"{run['arm']}, replicate {run['replicate']}"
        change_json(
            bundle / "ro-crate-metadata.json", lambda said: said.update({"@graph": without(said["@graph"], name)})
        )
        manifest_again(bundle)
        assert any(f"The run of {name} has no action" in item for item in findings(bundle))

    def test_one_whose_end_is_changed(self, bundle: Path) -> None:
        def mended(said: dict[str, Any]) -> None:
            (action,) = (item for item in said["@graph"] if "error" in item)
            action["actionStatus"] = "http://schema.org/CompletedActionStatus"

        change_json(bundle / "ro-crate-metadata.json", mended)
        manifest_again(bundle)
        assert any("says otherwise than its record: actionStatus" in item for item in findings(bundle))

    def test_one_too_many(self, bundle: Path) -> None:
        more = {"@id": "#run-9-9", "@type": "CreateAction", "name": "more"}
        change_json(bundle / "ro-crate-metadata.json", lambda said: said["@graph"].append(more))
        manifest_again(bundle)
        assert any("an action (#run-9-9) for which the answer has no run" in item for item in findings(bundle))

    def test_a_diverged_one_that_is_gone_everywhere(self, bundle: Path) -> None:
        """Whoever takes it out of answer, ledger, crate, tables and manifest is still told by what was registered."""
        (answer,) = (bundle / "lab" / "answers").glob("*/answer.json")
        run = run_of(bundle, "diverged")
        change_json(answer, lambda said: said.update(table=[item for item in said["table"] if item != run]))
        _chained_anew(bundle, answer)
        manifest_again(bundle)
        missing = (
            f"The run of {run['arm']}, replicate {run['replicate']}, is missing: every run is to be accounted for."
        )
        assert any(missing in item for item in findings(bundle))

    def test_one_with_a_better_number(self, bundle: Path) -> None:
        run = run_of(bundle, "done")
        path = bundle / "lab" / "records" / run["measure"][:2] / f"{run['measure']}.json"
        said = json.loads(path.read_text()) | {"value": 99.0}
        said.pop(SEAL)
        path.write_bytes(seal(said))
        manifest_again(bundle)
        assert any("its record says 99.0" in item for item in findings(bundle))

    def test_a_record_of_another_piece(self, bundle: Path) -> None:
        digest = "ab" * 32
        path = bundle / "lab" / "records" / "ab" / f"{digest}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(seal({"digest": digest, "kind": "measure", "outcome": "done"}))
        manifest_again(bundle)
        assert f"lab/records/ab/{digest}.json: The answer does not rest on it." in findings(bundle)


def _chained_anew(bundle: Path, answer: Path) -> None:
    """The last entry of the ledger names the answer as it is now."""
    last = sorted((bundle / "lab" / "ledger").iterdir())[-1]
    fields = json.loads(last.read_text())
    fields["body"]["answer"] = hashlib.sha256(answer.read_bytes()).hexdigest()
    fields.pop(SEAL)
    last.write_bytes(seal(fields))


class TestVerdict:
    def test_another_is_concluded_anew(self, bundle: Path) -> None:
        (answer,) = (bundle / "lab" / "answers").glob("*/answer.json")
        change_json(answer, lambda said: said.update(verdict="no"))
        _chained_anew(bundle, answer)
        manifest_again(bundle)
        found = findings(bundle)
        assert any("It says no; from its runs follows yes." in item for item in found)
        assert any(item.startswith("cover/cover.json: Filled anew") for item in found)

    def test_an_answer_of_another_format_is_not_passed_over(self, bundle: Path) -> None:
        (answer,) = (bundle / "lab" / "answers").glob("*/answer.json")
        change_json(answer, lambda said: said.update(verdict="no", format=1))
        _chained_anew(bundle, answer)
        manifest_again(bundle)
        found = findings(bundle)
        assert any("It is of format 1, not 2." in item for item in found)
        assert any("It says no; from its runs follows yes." in item for item in found)

    def test_the_sheet_says_another(self, bundle: Path) -> None:
        change_json(bundle / "cover" / "cover.json", lambda said: said.update(verdict="no"))
        manifest_again(bundle)
        assert any("it says otherwise of: verdict" in item for item in findings(bundle))

    def test_a_field_of_the_sheet(self, bundle: Path) -> None:
        change_json(
            bundle / "cover" / "cover.json", lambda said: said["fields"]["runs"].update(text="8 runs, all done")
        )
        manifest_again(bundle)
        assert any("it says otherwise of: runs" in item for item in findings(bundle))

    def test_the_page_of_the_sheet(self, bundle: Path) -> None:
        path = bundle / "cover" / "cover.html"
        path.write_text(path.read_text().replace("diverged", "done"))
        manifest_again(bundle)
        assert "cover/cover.html: It does not show what cover.json says." in findings(bundle)


class TestHostile:
    """Whatever somebody writes into a bundle becomes a finding, not an error of ours."""

    @pytest.mark.parametrize(
        ("name", "raw"),
        [
            ("ro-crate-metadata.json", '{"@graph": 3}'),
            ("ro-crate-metadata.json", '{"@graph": [1]}'),
            ("ro-crate-metadata.json", '{"@graph": [{"@id": "./", "mainEntity": []}]}'),
            ("croissant.json", "null"),
            ("croissant.json", "[" * 50_000),
            ("question/question.json", "{}"),
            ("question/question.json", '{"files": [{}]}'),
            ("cover/cover.json", '{"fields": {"title": 1}, "axis": []}'),
            ("bundle.json", '{"format": "1"}'),
        ],
    )
    def test_other_json(self, name: str, raw: str, bundle: Path) -> None:
        (bundle / name).write_text(raw)
        manifest_again(bundle)
        assert findings(bundle)

    def test_a_reproduction_outside_is_not_read(self, bundle: Path, tmp_path: Path) -> None:
        (tmp_path / "secret.json").write_text('{"by": "somebody"}')
        hand = bundle / "cover" / "hand.toml"
        hand.write_text(hand.read_text() + '\nreproductions = ["../../secret.json"]\n')
        manifest_again(bundle)
        found = [item for item in findings(bundle) if item.startswith("cover/cover.json")]
        assert found == ["cover/cover.json: It names reproductions outside the bundle."]

    def test_an_answer_that_is_none(self, bundle: Path) -> None:
        (answer,) = (bundle / "lab" / "answers").glob("*/answer.json")
        answer.write_text('{"table": [{"arm": 1}]}')
        manifest_again(bundle)
        assert any("is no answer" in item for item in findings(bundle))

    def test_without_a_lab_in_it(self, bundle: Path) -> None:
        shutil.rmtree(bundle / "lab" / "ledger")
        assert findings(bundle)


@pytest.mark.long
class TestEveryFile:
    def test_removed(self, bundle: Path) -> None:
        assert untold(bundle, members(bundle), removed, manifest=False) == []

    def test_altered(self, bundle: Path) -> None:
        assert untold(bundle, members(bundle), bent, manifest=False) == []

    def test_altered_with_the_manifest(self, bundle: Path) -> None:
        missed = untold(bundle, members(bundle), bent, manifest=True)
        assert [name for name in missed if not _by_the_manifest(name)] == []

    def test_removed_with_the_manifest(self, bundle: Path) -> None:
        missed = untold(bundle, members(bundle), removed, manifest=True)
        assert [name for name in missed if not _by_the_manifest(name)] == []
