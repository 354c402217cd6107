"""`whether bench`: what it shows, what it writes as JSON, and what it freezes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from whether.cli import app, benching
from whether.execute import profiles
from whether.execute.expect import Expectation, Machine
from whether.execute.sparse_trial import SparseTrial
from whether.execute.trial import Trial
from whether.store.folder import Store
from whether.train.profile import Settings

SHAPE = Trial("mlp-10", "xor", 100, 10.0, {1: 20.0, 4: 70.0}, 120.0, 80.0)
SPARSE = SparseTrial(
    weights=1000, batch=128, plain=100.0, dense=200.0, small=(500, 300.0), sparse={100: 500.0, 10: 900.0}
)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What bench was told to compare with; nothing is trained."""
    seen: list[Settings] = []

    def fixed(now: Settings) -> benching.Measured:
        seen.append(now)
        chosen = Settings(weights_at_once=2**16, sparse_below=0.31, source="measured 2026-01-01")
        said = [Expectation("question", 85.0, "The default question: about 1.4 minutes here.")]
        return benching.Measured(Machine(90.0, 25.0), [SHAPE], SPARSE, chosen, said)

    monkeypatch.setattr(benching, "_measured", fixed)
    return seen


def test_it_says_what_to_expect(measured: list[Settings]) -> None:
    done = CliRunner().invoke(app, ["bench"])
    assert done.exit_code == 0, done.output
    words = " ".join(done.stdout.split())
    assert "mlp-10 on xor 10 20 70 120 12.0 ×" in words
    assert "plain loop all weights 10 % 1 % LeNet-300-100, batch 128 100 200 500 900" in words
    assert "one thread reaches 90 GFLOP/s in a large product and 25 GB/s from memory" in words
    assert "What to expect The default question: about 1.4 minutes here." in words
    assert "compressed rows below 31 % of the weights of a large network" in words
    assert "whether bench --update" in words
    assert measured == [Settings()]


def test_json_has_all_of_it(measured: list[Settings]) -> None:
    told = json.loads(CliRunner().invoke(app, ["bench", "--json"]).stdout)
    assert told["machine"] == {"gflops": 90.0, "bandwidth": 25.0}
    assert told["trials"][0]["gain"] == 12.0
    assert told["sparse"]["sparse"] == {"100": 500.0, "10": 900.0}
    assert told["expect"] == [
        {"what": "question", "value": 85.0, "said": "The default question: about 1.4 minutes here."}
    ]
    assert told["settings"]["sparse_below"] == 0.31
    assert (told["profile"], told["changed"]) == (None, False)


def test_update_freezes_what_was_chosen(measured: list[Settings], tmp_path: Path) -> None:
    where = ["--lab", str(tmp_path / "lab")]
    done = CliRunner().invoke(app, ["bench", "--update", *where])
    assert done.exit_code == 0, done.output
    kept = profiles.current(Store.find(tmp_path / "lab"))
    assert (kept.settings.sparse_below, kept.number) == (0.31, 2)
    assert f"the lab's profile is {kept.digest[:8]} now" in done.stdout
    again = json.loads(CliRunner().invoke(app, ["bench", "--update", "--json", *where]).stdout)
    assert (again["profile"], again["changed"]) == (kept.digest, False)
    assert measured[-1] == kept.settings
