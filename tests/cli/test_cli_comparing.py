"""`diff` and `why` in a real lab, and their words on wrong input."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

LINE = ("lottery-ticket", "model=mlp-8", "replicates=2", "rounds=2", "density=0.64")


@pytest.fixture
def runs(whether: Any) -> list[dict[str, str]]:
    assert whether("run", *LINE).code == 0
    with next(Path("lab/answers").glob("*/runs.csv")).open() as file:
        return list(csv.DictReader(file))


def test_two_replicates_differ_in_their_seeds(whether: Any, runs: list[dict[str, str]]) -> None:
    same_arm = [run for run in runs if run["arm"] == runs[0]["arm"]]
    one, other = (run["state"][:12] for run in same_arm[:2])
    done = whether("diff", one, other)
    assert done.code == 0
    assert done.out.splitlines()[1].split()[:3] == ["start", "›", "seed"]
    told = json.loads(whether("diff", one, other, "--json").out)
    assert {"path", "a", "b"} == set(told[0])
    assert whether("diff", one, one).out == "no difference: they are the same\n"


def test_two_answers_differ_in_their_options(whether: Any, runs: list[dict[str, str]]) -> None:
    folder = next(Path("lab/answers").glob("lottery-ticket-*")).name
    assert whether("run", *LINE[:3], "density=0.8", "rounds=1").code == 0
    told = {item["path"]: (item["a"], item["b"]) for item in json.loads(whether("diff", folder, "@last", "--json").out)}
    assert told["option density"] == ("0.64", "0.8")
    assert told["option rounds"] == ("2", "1")
    done = whether("diff", folder, "lottery-ticket")
    assert done.out.splitlines()[0].split() == [folder, "lottery-ticket"]
    assert whether("diff", folder, runs[0]["state"][:12]).code == 2


def test_why_tells_the_sentence(whether: Any, runs: list[dict[str, str]]) -> None:
    done = whether("why", runs[0]["state"][:12])
    assert "Network('mlp-8', data='digits', seed=…" in done.out
    assert "Answers that rest on it\n  lottery-ticket (lottery-ticket-" in done.out


def test_a_planned_piece_is_known_with_its_question(whether: Any, runs: list[dict[str, str]]) -> None:
    more = [word.replace("replicates=2", "replicates=3") for word in LINE]
    told = json.loads(whether("plan", *more, "--json").out)
    new = next(course["digest"] for course in told["trajectories"] if not course["stored"])
    assert whether("why", new[:12]).code == 2
    assert "it has no record in this lab" in whether("why", new[:12], *more).out


@pytest.mark.usefixtures("runs")
def test_wrong_digests(whether: Any) -> None:
    done = whether("diff", "zz", "zz")
    assert (done.code, "unknown digest 'zz'" in done.err) == (2, True)
