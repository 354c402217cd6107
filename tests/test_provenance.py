"""What is recorded of an answer's code and environment: right where it can be told, silent where it cannot."""

from __future__ import annotations

import hashlib
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest

from whether.errors import WorkError
from whether.provenance import CHANGED, CLEAN, NO_REPOSITORY, UNKNOWN, code_state, environment_lock, provenance


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "signs.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


class TestCode:
    def test_outside_a_repository(self, tmp_path: Path) -> None:
        assert code_state(tmp_path) == ("", NO_REPOSITORY)

    def test_a_clean_one_also_from_a_folder_in_it(self, repository: Path) -> None:
        (repository / "deep").mkdir()
        commit = git(repository, "rev-parse", "HEAD")
        assert code_state(repository) == code_state(repository / "deep") == (commit, CLEAN)

    def test_untracked_python_counts_and_a_lab_does_not(self, repository: Path) -> None:
        (repository / "lab").mkdir()
        (repository / "lab" / "lab.json").write_text("{}")
        assert code_state(repository)[1] == CLEAN
        (repository / "an other.py").write_text("y = 1\n")
        assert code_state(repository)[1] == CHANGED

    @pytest.mark.parametrize("how", ["edited", "staged", "removed"])
    def test_changes(self, repository: Path, how: str) -> None:
        if how == "removed":
            (repository / "signs.py").unlink()
        else:
            (repository / "signs.py").write_text("x = 2\n")
        if how == "staged":
            git(repository, "add", ".")
        assert code_state(repository)[1] == CHANGED

    def test_before_the_first_commit(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "-q")
        assert code_state(tmp_path) == ("", CLEAN)

    def test_what_is_no_repository_although_it_looks_like_one(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        assert code_state(tmp_path) == ("", UNKNOWN)

    def test_a_folder_that_is_gone_and_git_that_is_slow(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert code_state(repository / "none")[1] in (UNKNOWN, CLEAN)

        def slow(*_words: object, **_how: object) -> None:
            raise WorkError("git status did not end within 2 seconds.")

        monkeypatch.setattr("whether.stamp.git.git", slow)
        assert code_state(repository) == ("", UNKNOWN)

    def test_the_index_is_left_alone(self, repository: Path) -> None:
        before = (repository / ".git" / "index").stat().st_mtime_ns
        (repository / "signs.py").touch()
        code_state(repository)
        assert (repository / ".git" / "index").stat().st_mtime_ns == before


class TestLock:
    def test_it_has_what_python_says_is_installed(self) -> None:
        lines = environment_lock().decode().splitlines()
        assert lines[0].startswith("# Python 3.")
        packages = [line for line in lines if not line.startswith("#")]
        told = dict(line.split("==") for line in packages)
        assert list(told) == sorted(told)
        known: dict[str, str] = {}
        for item in distributions():
            known.setdefault(re.sub(r"[-_.]+", "-", item.metadata["Name"]).lower(), item.version)
        assert told == known

    def test_names_of_folders_and_what_is_none(self, tmp_path: Path) -> None:
        for name in (
            "A_b.c-1.0rc1.dist-info",
            "old-2.0-py3.11.egg-info",
            "notes.txt",
            "x.dist-info",
            "z-1!2.0+cpu.dist-info",
        ):
            (tmp_path / name).mkdir()
        lock = environment_lock([str(tmp_path), str(tmp_path / "none"), __file__]).decode()
        assert [line for line in lock.splitlines() if "==" in line] == ["a-b-c==1.0rc1", "old==2.0", "z==1!2.0+cpu"]

    def test_the_first_of_a_name_counts_as_it_does_for_python(self, tmp_path: Path) -> None:
        for place, version in (("a", "1"), ("b", "2")):
            (tmp_path / place / f"x-{version}.dist-info").mkdir(parents=True)
        assert b"x==1\n" in environment_lock([str(tmp_path / "a"), str(tmp_path / "b")])


def test_circumstances_name_the_lock_by_its_hash(tmp_path: Path) -> None:
    made = provenance(tmp_path)
    told = made.circumstances
    assert told["code"] == {"commit": "", "state": NO_REPOSITORY}
    assert told["environment"]["lock_sha256"] == hashlib.sha256(made.lock).hexdigest()
    assert told["environment"]["packages"] == made.lock.count(b"==")
