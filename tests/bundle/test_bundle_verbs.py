"""`whether bundle` and `whether verify BUNDLE`, as somebody types them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from bundle_cases import bend, working_in

from whether.bundle.archive import opened
from whether.bundle.check import check
from whether.cli import main
from whether.store.sealed import SEAL, seal


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Call = Callable[..., Done]


@pytest.fixture
def whether(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture
def home(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A working folder of its own with the lab and the question's files."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copytree(made.folder / "lab", folder / "lab")
    for name in ("signs.py", "nets.py", "numbers_of_mine.py"):
        shutil.copy(made.folder / name, folder)
    monkeypatch.setattr("whether.cli.sheets.rendered", _without_pdf)
    with working_in(folder):
        yield folder


def _without_pdf(sheet: object) -> tuple[dict[str, bytes], str]:
    from whether.cover.render import render

    return render(sheet), "No PDF: it takes a second"  # type: ignore[arg-type]


class TestBundle:
    def test_it_says_what_it_wrote(self, made, home: Path, whether: Call) -> None:
        done = whether("bundle", "signs.py")
        path = home / f"tiny-{made.answer.digest[:8]}.zip"
        with opened(path) as bundle:
            assert check(bundle) == []
            assert done.out.splitlines()[0].startswith(f"{path.name}  ")
            assert f"  sha256    {bundle.digest}\n" in done.out
            assert bundle.question()["same_design"] is True
        assert "answer    tiny: yes, registered" in done.out
        assert "rests on  8 runs, 16 records, without trained networks" in done.out
        assert done.out.endswith(f"To check it, anywhere: whether verify {path.name}\n")
        assert (done.code, done.err) == (0, "note: No PDF: it takes a second\n")

    def test_again_it_is_the_same_to_the_byte(self, home: Path, whether: Call) -> None:
        assert whether("bundle", "tiny").code == 0
        (path,) = home.glob("*.zip")
        before = path.read_bytes()
        assert whether("bundle", "@last").code == 0
        assert path.read_bytes() == before
        assert [item.name for item in home.iterdir() if "partial" in item.name] == []

    def test_json(self, home: Path, whether: Call) -> None:
        done = whether("bundle", "tiny", "--to", "out/b.zip", "--states", "--json")
        said = json.loads(done.out)
        names = ("bundle", "answer", "verdict", "records", "withheld", "states")
        assert [said[name] for name in names] == ["out/b.zip", "tiny", "yes", 16, 9, True]
        assert said["bytes"] == (home / "out" / "b.zip").stat().st_size
        assert said["disclosed"] == []

    def test_what_its_author_says_goes_in(self, home: Path, whether: Call) -> None:
        (home / "tiny.cover.toml").write_text(
            'title = "Once more"\nauthors = ["Ada Example"]\nlicence = "CC-BY-4.0"\nreproductions = ["gone.json"]\n'
        )
        done = whether("bundle", "signs.py")
        assert "note: gone.json, which tiny.cover.toml names, is not included" in done.err
        (path,) = home.glob("*.zip")
        with opened(path) as bundle:
            assert check(bundle) == []
            assert bundle.told("cover/cover.json")["fields"]["title"]["text"] == "Once more"
            root = next(item for item in bundle.told("ro-crate-metadata.json")["@graph"] if item["@id"] == "./")
        assert root["name"] == "Once more"

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (b"{}", "made.json: It is not what was written: its bytes do not match its seal."),
            (
                seal({"format": 1, "agrees": "yes", "answer": "ab" * 32, "text": "Made again."}),
                "made.json: It is of another answer (abababab…).",
            ),
        ],
    )
    def test_a_sheet_that_cannot_be_verified_is_refused(self, raw: bytes, said: str, home: Path, whether: Call) -> None:
        (home / "tiny.cover.toml").write_text('reproductions = ["made.json"]\n')
        (home / "made.json").write_bytes(raw)
        done = whether("bundle", "signs.py")
        assert (done.code, done.out) == (3, "")
        assert "tiny is not bundled, as its cover sheet cannot be verified:" in done.err
        assert said in done.err
        assert list(home.glob("*.zip")) == []

    def test_a_sound_reproduction_goes_in_and_verifies(self, made, home: Path, whether: Call) -> None:
        raw = (home / "lab" / "answers" / f"tiny-{made.answer.digest[:8]}" / "answer.json").read_bytes()
        told = {"format": 1, "agrees": "yes", "answer": hashlib.sha256(raw).hexdigest(), "text": "Made again."}
        (home / "tiny.cover.toml").write_text('reproductions = ["made.json"]\n')
        (home / "made.json").write_bytes(seal(told))
        assert whether("bundle", "signs.py", "--to", "b.zip").code == 0
        with opened(home / "b.zip") as bundle:
            assert check(bundle) == []
            said = bundle.told("cover/cover.json")["fields"]["reproduced"]
        assert (said["text"], said["pointer"]) == ("Made again.", "reproductions/made.json")

    def test_what_its_owner_might_not_expect_is_told_first(self, home: Path, whether: Call) -> None:
        from whether import Lab

        Lab(home / "lab").store.ledger.append("answered", {"folder": f"other-{'ab' * 4}", "answer": "of /secret"})
        done = whether("bundle", "tiny")
        assert "note: the ledger names other answers: other-abababab" in done.err

    def test_changed_code_is_told(self, home: Path, whether: Call) -> None:
        path = home / "signs.py"
        path.write_text(path.read_text().replace("10it", "11it"))
        done = whether("bundle", "tiny")
        assert "note: the question's code was changed since it was answered" in done.err
        assert done.code == 0

    def test_damage_is_refused_and_nothing_written(self, made, home: Path, whether: Call) -> None:
        run = made.answer.table[0]
        path = home / "lab" / "records" / run.measure[:2] / f"{run.measure}.json"
        said = json.loads(path.read_text()) | {"value": 99.5}
        said.pop(SEAL)
        path.chmod(0o644)
        path.write_bytes(seal(said))
        done = whether("bundle", "tiny")
        assert done.code == 3
        assert "tiny is not bundled, as it does not follow from its evidence" in done.err
        assert "its record says 99.5" in done.err
        path.write_bytes(bend(path.read_bytes()))
        assert whether("bundle", "tiny").code == 3
        assert list(home.glob("*.zip")) == []

    @pytest.mark.parametrize(
        ("words", "what"),
        [
            (("nothing",), "unknown question 'nothing'"),
            (("tiny", "--to", "b.tar"), "--to b.tar: expected the name of a file that ends in .zip"),
            (("tiny", "--to", ""), "such as tiny-"),
            (("tiny", "--to", "signs.py/b.zip"), "signs.py is a file, and no folder can be made in it"),
            (("tiny", "--to", "mine.zip"), "mine.zip exists and is no bundle, so it is left as it is"),
        ],
    )
    def test_wrong_requests(self, words: tuple[str, ...], what: str, home: Path, whether: Call) -> None:
        (home / "mine.zip").write_bytes(b"mine")
        done = whether("bundle", *words)
        assert done.code == 2
        assert what in done.err
        assert (home / "mine.zip").read_bytes() == b"mine"
        assert [item.name for item in home.glob("*.zip")] == ["mine.zip"]

    def test_what_is_not_installed_is_told_before_all_else(
        self, home: Path, whether: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "rocrate", None)
        done = whether("bundle", "tiny")
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "pip install 'whether[bundle]'" in done.err

    def test_a_full_disk_leaves_nothing(self, home: Path, whether: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_said: object, **_how: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("whether.store.packed.os.fsync", full)
        done = whether("bundle", "tiny")
        assert (done.code, "the disk is full" in done.err) == (1, True)
        assert list(home.glob("*.zip")) == list(home.glob("*.partial")) == []


class TestVerify:
    def test_all_is_well(self, made, tmp_path: Path, whether: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        """Far from any lab."""
        monkeypatch.chdir(tmp_path)
        done = whether("verify", str(made.zip))
        with opened(made.zip) as bundle:
            digest = bundle.digest
        study = made.answer.study["registration"][:8]
        assert done.code == 0
        assert done.out.splitlines()[2:11] == [
            "  - 44 files: each is there and has its digest, and none is more",
            f"  - the ledger: a chain of 3 entries; registration {study} with its seeds and looks",
            "  - 8 runs, each with its record and an action in the crate; 1 diverged, 1 failed",
            "  - concluded anew from them: yes, as tiny says",
            "  - tables, cover sheet and environment follow from the answer",
            "  - trained networks are left out",
            "  - guarded by the digest alone: the report with its figures, the PDF, the question's code",
            "",
            f"sha256 {digest}",
        ]
        assert list(tmp_path.iterdir()) == []

    def test_each_file_that_was_altered_is_named(self, bundle: Path, whether: Call) -> None:
        for name in ("README.md", "results/runs.csv"):
            (bundle / name).write_bytes(bend((bundle / name).read_bytes()))
        done = whether("verify", str(bundle))
        assert done.code == 3
        assert "  README.md\n    It was altered: its bytes are not those that the manifest names.\n" in done.out
        assert "  results/runs.csv\n    Its rows are not the runs of the answer.\n" in done.out
        said = json.loads(whether("verify", str(bundle), "--json").out)
        assert {item["place"] for item in said["findings"]} == {"README.md", "results/runs.csv", "croissant.json"}

    def test_a_sheet_that_says_it_cannot_be_verified_is_a_finding(
        self, home: Path, whether: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "tiny.cover.toml").write_text('reproductions = ["made.json"]\n')
        (home / "made.json").write_bytes(b"{}")
        with monkeypatch.context() as patch:
            patch.setattr("whether.bundle.check_follows.unverified", lambda sheet: [])
            assert whether("bundle", "tiny", "--to", "b.zip").code == 0
        said = json.loads(whether("verify", "b.zip", "--json").out)
        assert [item["place"] for item in said["findings"]] == ["cover/cover.json"]
        assert "The sheet says of itself that it cannot be verified: " in said["findings"][0]["what"]
        assert "made.json: It is not what was written" in said["findings"][0]["what"]

    def test_no_bundle_is_a_wrong_request(self, tmp_path: Path, whether: Call) -> None:
        (tmp_path / "a.zip").write_bytes(b"hello")
        for path in (tmp_path / "a.zip", tmp_path / "none.zip", tmp_path):
            assert whether("verify", str(path)).code == 2

    def test_a_lab_is_no_bundle_and_has_its_own_way(self, made, whether: Call) -> None:
        lab = made.folder / "lab"
        assert f"It is a lab: whether verify --lab {lab}" in whether("verify", str(lab)).err
        done = whether("verify", str(made.zip), "--lab", str(lab))
        assert (done.code, "a bundle is checked by itself, or a lab" in done.err) == (2, True)

    def test_its_json(self, made, whether: Call) -> None:
        said = json.loads(whether("verify", str(made.zip), "--json").out)
        assert (said["answer"], said["verdict"], said["files"], said["findings"]) == ("tiny", "yes", 44, [])

    def test_hostile_words_in_it_do_no_harm(self, bundle: Path, whether: Call) -> None:
        path = bundle / "bundle.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"answer": "\x1b[31m<b>\u202e" + "x" * 10_000}))
        done = whether("verify", str(bundle))
        assert done.code == 3
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out

    def test_it_takes_the_core_only_and_nothing_of_the_working_folder(self, made, tmp_path: Path) -> None:
        """In a fresh interpreter without the extras and torch, amid files that have the names of all modules."""
        for name in {*sys.stdlib_module_names, *(name.partition(".")[0] for name in sys.modules)} - {"whether"}:
            if name.isidentifier():
                (tmp_path / f"{name}.py").write_text("raise SystemExit('it was run')\n")
        code = (
            "import sys\n"
            "for name in ('torch', 'rocrate', 'typst', 'fastapi', 'uvicorn', 'mlcroissant', 'matplotlib'):\n"
            "    sys.modules[name] = None\n"
            "from whether.cli import main\n"
            f"print([main([verb, {str(made.zip)!r}]) for verb in ('verify', 'reproduce')])\n"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.stdout.endswith("[0, 2]\n"), done.stderr
        assert "Nothing was run. To run it, add --trust." in done.stderr
        assert "signs.py" in done.stderr


class TestEndedBySomebody:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_what_was_unpacked_is_removed(
        self, number: int, made, tmp_path: Path, whether: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr("whether.bundle.check.look", lambda *said, **how: os.kill(os.getpid(), number))
        with pytest.raises(SystemExit, match=str(128 + number)):
            whether("verify", str(made.zip))
        assert list(tmp_path.iterdir()) == []
        assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.long
def test_a_thousand_runs_fit_in_little_memory_and_time(tmp_path: Path) -> None:
    """Held loosely: 30 s and 500 MB are what was set."""
    import time

    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "whether", "run", "xor", "replicates=250", "--on", "inprocess"]
    subprocess.run(words, cwd=tmp_path, env=env, check=True, capture_output=True)
    code = (
        "from pathlib import Path; from whether.cli import main\n"
        "assert main(['bundle', 'xor', '--to', 'b.zip']) == 0\n"
        # Not ru_maxrss, which begins with what the process that started this one had.
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True, capture_output=True)
    spent, peak = time.monotonic() - began, int(done.stdout.split()[-1])
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert len([name for name in archive.namelist() if "lab/records/" in name]) >= 2000
    assert spent < 60
    assert peak < 500_000  # kB
    words = [sys.executable, "-m", "whether", "verify", "b.zip"]
    subprocess.run(words, cwd=tmp_path, env=env, check=True, capture_output=True)
