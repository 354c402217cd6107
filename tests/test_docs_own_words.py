"""The guide to words of one's own: its code runs as it stands, and every kind of word has its example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TEXT = (Path(__file__).parent.parent / "docs" / "guide" / "own-words.md").read_text(encoding="utf-8")
MINE, USED = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
KINDS = {"model", "initialiser", "score", "perturbation", "freezing", "measure", "loss", "optimiser", "check"}


def test_every_kind_of_word_has_an_example_that_is_used() -> None:
    assert set(re.findall(r"^def (\w+)\(", MINE, flags=re.MULTILINE)) == KINDS
    assert set(re.findall(r"mine:(\w+)", USED)) == KINDS


def test_the_code_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    told = "\nprint(sorted(name for name, value in found.items() if value > 60), 0 <= sure <= 100)\n"
    (tmp_path / "use.py").write_text(USED + told, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "WHETHER_LAB"}
    done = subprocess.run(
        [sys.executable, "use.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['dense', 'head', 'ticket', 'turned'] True\n"
