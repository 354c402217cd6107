"""`whether reproduce`: nothing runs without --trust, what is trained again, and what is told of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.bundle import again, contents
from whether.catalogue.find import find
from whether.errors import RequestError
from whether.store.sealed import unseal

OWN = '''\
"""A question of one's own, with a network of one's own."""

import helper
from whether import Network, Question, Recipe, exceeds, question, sgd

helper.seen.append("question")

@question(category="science")
def wide_or_not(steps="6it", s=1.0):
    """Is a wide network better than one that is trained too fast?"""
    def arms(rep):
        def net(rate):
            recipe = Recipe(optimizer=sgd(rate), total=steps, batch=32)
            return Network("nets:wide", data="digits", seed=rep, recipe=recipe)
        return {"calm": net(0.1).train(), "fast": net(1e30).train()}
    return Question(arms, claims=[exceeds("calm", "fast", by=s, because="x")], if_yes="Yes.", if_no="No.", replicates=3)
'''
NETS = """\
from torch import nn
from helper import width

def wide(shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width()), nn.ReLU(), nn.Linear(width(), classes))
"""
HELPER = "seen = []\n\ndef width():\n    return 8\n"
CODE = {"own.py": OWN, "nets.py": NETS, "helper.py": HELPER}


def bundled(lab: Lab, path: Path) -> Path:
    """The newest answer of a lab as a bundle."""
    answer = lab.latest()
    assert answer is not None
    with path.open("wb") as file:
        contents.write(contents.gather(lab.store, answer), file)
    return path


@pytest.fixture(scope="module")
def xor_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab with an answer to a small XOR."""
    lab = Lab(tmp_path_factory.mktemp("xor") / "lab")
    lab.run(find("xor")(replicates=3, steps="40it"))
    return lab


@pytest.fixture(scope="module")
def xor(xor_lab: Lab) -> Path:
    """A bundle of a small XOR."""
    return bundled(xor_lab, xor_lab.root.parent / "xor.zip")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a question of one's own, whose code is only in it: it is forgotten where it was made."""
    folder = tmp_path_factory.mktemp("own")
    for name, text in CODE.items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", ["", *sys.path])
        lab = Lab(folder / "lab")
        lab.run(find("own.py")())
        path = bundled(lab, folder / "own.zip")
    for name in CODE:
        sys.modules.pop(name.removesuffix(".py"), None)
        (folder / name).unlink()
    return path


def reproduction(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("reproduced-*/reproduction.json")
    found = unseal(path.read_bytes())
    assert found is not None
    return found


class TestWithoutTrust:
    def test_it_says_what_would_be_run_and_runs_nothing(self, own: Path, whether: Any, folder: Path) -> None:
        before = sorted(folder.rglob("*"))
        done = whether("reproduce", str(own))
        assert (done.code, done.out) == (2, "")
        for name, text in CODE.items():
            assert f"  {hashlib.sha256(text.encode()).hexdigest()}  {name}\n" in done.err
        assert "runs this code of the bundle on this machine, with your rights" in done.err
        assert f"unzip -p {own} 'question/*'" in done.err
        assert "add --trust" in done.err
        assert sorted(folder.rglob("*")) == before
        assert "helper" not in sys.modules

    def test_the_catalogues_own_code(self, xor: Path, whether: Any) -> None:
        done = whether("reproduce", str(xor))
        assert done.code == 2
        assert "runs the catalogue's own code, version" in done.err
        assert "whether show xor" in done.err


class TestTrusted:
    def test_a_part_of_the_catalogue_is_equal_to_the_bit(self, xor: Path, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(xor), "--trust", "--by", "B. Else")
        assert done.code == 0, done.err
        assert done.out.startswith("xor: 8 runs to make again\n")
        assert "8 of 8 numbers are equal to the bit; so are the trained weights of 8 of 8 runs" in done.out
        assert 'reproductions = ["reproduction.json"]' in done.out
        told = reproduction(folder)
        with zipfile.ZipFile(xor) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("answer.json")]
            raw = archive.read(name)
        assert told["answer"] == hashlib.sha256(raw).hexdigest()
        said = {key: told[key] for key in ("format", "name", "by", "replicates", "runs", "same_bits", "agrees")}
        assert said == {
            "format": 1,
            "name": "xor",
            "by": "B. Else",
            "replicates": 2,
            "runs": 8,
            "same_bits": True,
            "agrees": "yes",
        }
        assert told["text"].endswith("2 of 3 replicates made again (8 runs): every number is equal to the bit.")
        assert (told["same_profile"], len(told["profile"])) == (True, 1)
        assert {"whether", "torch"} <= told["versions"].keys()

    def test_code_of_ones_own_runs_from_the_bundle(self, own: Path, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(own), "--trust", "--replicates", "1")
        assert done.code == 0, done.err
        told = reproduction(folder)
        assert [(run["arm"], run["outcome"], run["outcome_again"], run["same"]) for run in told["numbers"]] == [
            ("calm", "done", "done", True),
            ("fast", "diverged", "diverged", True),
        ]
        assert Path.cwd() == folder
        laid = sorted(path.name for path in folder.glob("reproduced-*/question/*.py"))
        assert laid == ["helper.py", "nets.py", "own.py"]
        assert Path(sys.modules["helper"].__file__ or "").is_relative_to(folder.resolve() / laid_in(folder))

    def test_asked_twice_nothing_is_trained_twice(self, xor: Path, whether: Any, folder: Path) -> None:
        whether("reproduce", str(xor), "--trust", "--replicates", "1")
        first = reproduction(folder)
        done = whether("reproduce", str(xor), "--trust", "--replicates", "1", "--json")
        assert "nothing to train" in done.err
        told = json.loads(done.out)
        assert (told["numbers"], told["file"][-17:]) == (first["numbers"], "reproduction.json")

    def test_who_made_it_stays_where_nothing_is_trained_anew(self, xor: Path, whether: Any, folder: Path) -> None:
        words = ("reproduce", str(xor), "--trust", "--replicates", "1", "--arms", "ticket", "--to", "r")
        done = whether(*words, "--by", "B. Else")
        first = (folder / "r" / "reproduction.json").read_bytes()
        assert "xor: 1 run to make again" in done.out
        assert "beside xor.cover.toml and writes there" in done.out
        assert whether(*words).code == 0
        again = unseal((folder / "r" / "reproduction.json").read_bytes())
        assert again is not None
        assert again == unseal(first)
        assert again["by"] == "B. Else"
        more = whether(*words, "--replicates", "2")
        assert (more.code, more.out) == (2, "")
        assert "is of a reproduction by B. Else, and more would be trained. Nothing was trained." in more.err
        assert unseal((folder / "r" / "reproduction.json").read_bytes()) == again
        assert whether(*words, "--by", "C. Else").code == 0
        assert (unseal((folder / "r" / "reproduction.json").read_bytes()) or {})["by"] == "C. Else"

    def test_one_run_that_is_equal_agrees(self, xor: Path, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(xor), "--trust", "--arms", "ticket", "--replicates", "1")
        assert (done.code, reproduction(folder)["agrees"]) == (0, "yes")
        assert "agrees  xor" in done.out
        assert "so it agrees in 1 run; of claims that decide some were not made again" in done.out
        assert "1 runs" not in done.out

    def test_only_some_arms(self, xor: Path, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(xor), "--trust", "--arms", "ticket", "--to", "again", "--lab", "another")
        assert done.code == 0
        assert done.out.count("cannot tell") >= 2
        assert (folder / "again" / "reproduction.json").is_file()
        assert (folder / "another" / "lab.json").is_file()
        assert not (folder / "again" / "lab").exists()

    def test_another_number_is_told_and_is_no_success(
        self, xor: Path, whether: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def trained(campaign: Any, answer: Any, parts: Any) -> Any:
            worst = {"ticket": 0.0, "fresh pair": 100.0}
            return [replace(part.run, value=worst.get(part.run.arm, part.run.value)) for part in parts]

        monkeypatch.setattr(again, "train", trained)
        monkeypatch.setattr(again, "profiles", lambda parts, store: [store.root.name, str(store.root)])
        done = whether("reproduce", str(xor), "--trust", "--replicates", "3")
        told = reproduction(folder)
        changed = [run for run in told["numbers"] if not run["same"]]
        assert done.code == (1 if told["agrees"] == "no" else 0)
        assert f"Runs with another number ({len(changed)} of 12 runs)" in done.out
        assert "on another machine or with other libraries" in done.out
        assert told["same_profile"] is False


def laid_in(folder: Path) -> Path:
    (path,) = folder.glob("reproduced-*/question")
    return path.relative_to(folder)


class TestRefused:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--replicates", "4"], "--replicates is 4; expected 1 to 3, as many as xor was answered of"),
            (["--replicates", "0"], "--replicates is 0; expected 1 to 3"),
            (["--arms", "tickt"], "unknown arm of xor 'tickt'; did you mean 'ticket'?"),
            (["--on", "moon"], "moon"),
            (["--by", "x" * 200], "--by has 200 signs; expected a name of at most 120"),
        ],
    )
    def test_what_cannot_be_asked(self, words: list[str], said: str, xor: Path, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(xor), "--trust", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert not list(folder.glob("reproduced-*"))

    def test_no_bundle(self, whether: Any, folder: Path) -> None:
        done = whether("reproduce", "nowhere.zip", "--trust")
        assert done.code == 2
        assert "there is no nowhere.zip" in done.err

    @pytest.mark.parametrize(
        ("words", "option"), [((), "--to"), (("--to", "a/b"), "--to"), (("--lab", "there"), "--lab")]
    )
    def test_where_nothing_can_be_written_nothing_is_trained(
        self,
        words: tuple[str, ...],
        option: str,
        xor: Path,
        whether: Any,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked = []

        def refusing(place: Path) -> None:
            asked.append(place)
            if len(asked) == (2 if option == "--lab" else 1):
                raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("whether.store.publish.probe", refusing)
        done = whether("reproduce", str(xor), "--trust", *words)
        assert (done.code, done.out) == (2, "")
        assert f"{folder} cannot be written to (Permission denied)" in done.err
        assert f"Nothing was trained. Name a folder of your own: {option} FOLDER" in done.err
        assert not list(folder.glob("*"))

    def test_a_lab_with_other_work(self, own: Path, xor_lab: Lab, whether: Any, folder: Path) -> None:
        done = whether("reproduce", str(own), "--trust", "--lab", str(xor_lab.root), "--to", "r4")
        assert done.code == 2
        assert not (folder / "r4").exists()
        assert "has records already, and what stands there would be taken for made again" in done.err

    def test_a_folder_with_other_things(self, xor: Path, whether: Any, folder: Path) -> None:
        (folder / "mine").mkdir()
        (folder / "mine" / "notes.txt").write_text("x", encoding="utf-8")
        for to, said in (("mine", r"holds other things (notes.txt)"), ("mine/notes.txt", "is a file")):
            done = whether("reproduce", str(xor), "--trust", "--to", to)
            assert (done.code, done.out) == (2, "")
            assert said in done.err
        assert [path.name for path in (folder / "mine").iterdir()] == ["notes.txt"]

    def test_a_lab_of_another_reproduction(self, xor: Path, whether: Any, folder: Path) -> None:
        whether("reproduce", str(xor), "--trust", "--replicates", "1", "--lab", "there")
        store = Lab(folder / "there").store
        with pytest.raises(RequestError, match="is that of another reproduction"):
            again.mark(store, "0" * 64, "xor")

    def test_changed_code_is_no_reproduction(self, own: Path, whether: Any, folder: Path) -> None:
        """Laid open and changed, with a manifest that fits again: whoever bundled it had other code."""
        path = rewritten(own, {"question/helper.py": HELPER.replace("8", "9").encode()})
        done = whether("reproduce", str(path), "--trust")
        assert done.code == 2
        assert "would have other histories than in the answer, so this would be no reproduction" in done.err
        assert "code of nets:wide" in done.err
        assert not list(folder.glob("reproduced-*/lab/records/*/*"))

    def test_a_changed_number_is_damage(self, xor: Path, whether: Any, folder: Path) -> None:
        with zipfile.ZipFile(xor) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("answer.json")]
            raw = archive.read(name).replace(b'"value": 100.0', b'"value": 0.0', 1)
        done = whether("reproduce", str(rewritten(xor, {name: raw})), "--trust")
        assert done.code == 3
        assert "is not reproduced, as it is not whole" in done.err
        assert not list(folder.glob("reproduced-*"))


def rewritten(bundle: Path, files: dict[str, bytes]) -> Path:
    """Beside the working folder's files, a bundle with other files, and a manifest that says so."""
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    members |= files
    manifest = "".join(
        f"{hashlib.sha256(raw).hexdigest()}  {name}\n"
        for name, raw in sorted(members.items())
        if name != "manifest-sha256.txt"
    )
    path = Path(f"other-{bundle.name}").absolute()
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in (members | {"manifest-sha256.txt": manifest.encode()}).items():
            archive.writestr(name, raw)
    return path


@pytest.mark.long
def test_killed_and_started_again_it_goes_on(tmp_path: Path) -> None:
    """In processes of their own; what stood when it was killed stands as it was."""
    lab = Lab(tmp_path / "lab")
    lab.run(find("xor")(replicates=40, steps="1500it"))
    bundle = bundled(lab, tmp_path / "xor.zip")
    words = [sys.executable, "-m", "whether", "reproduce", str(bundle), "--trust", "--replicates", "40"]
    records = tmp_path / "reproduced" / "lab" / "records"
    words += ["--to", str(tmp_path / "reproduced"), "--on", "inprocess"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=tmp_path) as first:
        while len(list(records.glob("*/*.json"))) < 20 and first.poll() is None:
            time.sleep(0.02)
        assert first.poll() is None, "it was done before it could be killed"
        first.kill()
    stood = {path: path.read_bytes() for path in records.glob("*/*.json")}
    assert not (tmp_path / "reproduced" / "reproduction.json").exists()
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "of the work is in the lab already" in done.stdout
    assert "160 of 160 numbers are equal to the bit" in done.stdout
    assert {path: path.read_bytes() for path in stood} == stood
