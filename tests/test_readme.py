"""Every command in the README is run, and its question answered: it is true today."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)
SHELL = [line for kind, block in BLOCKS if kind == "bash" for line in block.strip().splitlines()]
PYTHON = [block for kind, block in BLOCKS if kind == "python"]


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = line.partition("#")[0].split()
    assert words[0] == "whether"
    command = [sys.executable, "-m", "whether", *words[1:]]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHETHER_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_commands_are_those_that_the_gate_knows() -> None:
    ours = [line for line in SHELL if not line.startswith("whether")]
    assert ours == [
        "pip install . && whether run lottery-ticket",
        "pip install '.[test]' && scripts/check",
    ]
    assert "pip install -q '.[test]' && scripts/check" in (ROOT / ".ci/run").read_text()


def test_the_main_job_answers_yes_and_then_trains_nothing(tmp_path: Path) -> None:
    first = run("whether run lottery-ticket", tmp_path)
    assert first.returncode == 0, first.stderr
    assert "\nYES  Do winning tickets match" in first.stdout
    folder = next((tmp_path / "lab" / "answers").glob("lottery-ticket-*"))
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    mean = {(arm["family"], round(arm["x"] or 0)): arm["mean"] for arm in answer["arms"]}
    # The pattern: tickets hold on where re-initialised ones fall, and random masks fall further.
    for left in (11, 7, 4):
        assert mean["ticket", left] > mean["re-initialised", left] > mean["random mask", left]
    assert mean["ticket", 7] > mean["dense", 0] - 1
    assert all(control["behaved"] for control in answer["controls"])
    states = sorted(path.stat().st_mtime_ns for path in (tmp_path / "lab" / "states").rglob("*.safetensors"))
    again = run("whether run lottery-ticket", tmp_path)
    assert again.returncode == 0
    assert "networks to train" not in again.stdout
    assert sorted(path.stat().st_mtime_ns for path in (tmp_path / "lab" / "states").rglob("*.safetensors")) == states


def test_the_smallest_question_answers(tmp_path: Path) -> None:
    (tmp_path / "signs.py").write_text(PYTHON[0], encoding="utf-8")
    told = [run(line, tmp_path) for line in SHELL if line.startswith("whether")]
    assert [done.returncode for done in told] == [0] * len(told), [done.stderr for done in told]
    assert "Does a winning ticket need the signs it was drawn with?" in told[1].stdout
    assert re.search(r"^(YES|NO|INCONCLUSIVE) ", told[1].stdout, flags=re.MULTILINE)


def test_the_notebook_lines_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(PYTHON[1] + "\nfound = lab.value(accuracy(dense))", "README.md", "exec"), names)
    assert isinstance(names["found"], float)
    assert names["found"] > 90


def test_what_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).is_file(), target
