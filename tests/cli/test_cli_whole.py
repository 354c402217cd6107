"""The whole way, once, on real networks: asked, run, answered, looked at, kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

XOR = ["xor", "replicates=3", "steps=20it"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from a second thread, and wait long for it on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_from_a_question_to_an_answer_and_back(whether: Any, folder: Path) -> None:
    first = whether("run", *XOR)
    assert (first.code, first.err) == (0, "")
    assert "12 networks to train, 240 steps" in first.out
    assert "  done in " in first.out
    assert "\x1b" not in first.out

    again = whether("run", *XOR)
    assert "the answer stands already: nothing was trained" in again.out
    assert again.out.partition("\n\n")[2] == first.out.partition("\n\n")[2]

    answer = json.loads(whether("answer", *XOR, "--json").out)
    assert len(answer["table"]) == 12
    assert Path(whether("report").out.strip()).read_text(encoding="utf-8").startswith("<!")

    assert "Nothing would be trained." in whether("plan", *XOR).out
    for run in answer["table"][:2]:
        assert whether("why", run["state"][:10]).out.startswith(
            f"point {run['state'][:12]}…  done, its weights stand\n"
        )
        assert whether("why", run["measure"]).code == 0
    found = json.loads(whether("status", "--json").out)
    assert (found["records"], found["states"], [item["name"] for item in found["answers"]]) == (24, 12, ["xor"])
    assert whether("verify").code == 0
    assert "nothing to drop" in whether("clean").out


def test_a_new_question_runs_as_it_is(whether: Any) -> None:
    assert whether("new", "signs.py").code == 0
    done = whether("run", "signs.py", "replicates=2", "density=0.8", "model=mlp-4", "data=xor")
    assert (done.code, done.err) == (0, "")
    assert "Does a winning ticket need the signs it was drawn with?" in done.out
    assert whether("answer", "signs.py").code == 0
