"""What always failed is done again when it is asked for: all of it, or one piece and what began from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny import RECIPE, Ear, asking

from whether import Lab, Network, Replicate
from whether.answer import FAILED
from whether.errors import RequestError
from whether.execute.progress import Note
from whether.retry import chosen, failed, inline, retry

NETS = '''\
import os

import torch
from torch import nn


class Net(nn.Module):
    """Two layers; some seeds cannot be trained until the file `mended` stands."""

    def __init__(self, classes):
        super().__init__()
        self.stack = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, classes))
        self.register_buffer("bad", (self.stack[1].bias.detach().sum() > 0).float())

    def forward(self, x):
        if self.training and torch.is_grad_enabled() and not os.path.exists("mended"):
            if self.bad:
                raise ValueError("this seed is bad")
        return self.stack(x)


def make(classes):
    return Net(classes)
'''


def _arms(rep: Replicate) -> dict[str, object]:
    start = Network("fragile:make", data="digits", seed=rep, recipe=RECIPE)
    dense = start.train()
    return {"dense": dense, "ticket": {50.0: start.masked(dense.prune(fraction=0.5)).train()}}


@pytest.fixture
def fragile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab in which a question was run of which some networks always failed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "fragile", raising=False)
    (tmp_path / "fragile.py").write_text(NETS)
    return Lab(tmp_path / "lab")


QUESTION = asking(_arms, replicates=8)


def test_what_failed_is_recorded_bounded_and_done_again(fragile: Lab, tmp_path: Path) -> None:
    ear = Ear()
    answer = fragile.run(QUESTION, progress=ear)
    lost = failed(fragile.store)
    assert 0 < len(lost) < 32, "the seeds of this test must be good and bad"
    assert all("ValueError: this seed is bad" in record["error"] for record in lost.values() if "error" in record)
    assert any("failed 3 times" in note.text for note in ear.heard(Note))
    assert [check for check in answer.checks if "always failed" in check]
    assert {run.outcome for run in answer.table} == {"done", FAILED}

    again = retry(fragile.store, chosen(fragile.store, ()), Ear())
    assert sorted(again.still) == sorted(lost), "nothing was mended, and yet something went well"
    assert failed(fragile.store).keys() == lost.keys()

    (tmp_path / "mended").touch()
    assert fragile.answered(QUESTION) is not None
    assert retry(fragile.store, chosen(fragile.store, ()), Ear()).still == []
    assert failed(fragile.store) == {}
    assert fragile.answered(QUESTION) is None, "an answer with failed runs stands although they went well since"
    ear = Ear()
    mended = fragile.run(QUESTION, progress=ear)
    assert ear.trained == 0
    assert {run.outcome for run in mended.table} == {"done"}


def test_one_piece_takes_what_began_from_it_along(fragile: Lab, tmp_path: Path) -> None:
    fragile.run(QUESTION)
    lost = failed(fragile.store)
    roots = [name for name, record in lost.items() if record["kind"] == "point" and record["tries"]]
    facts = chosen(fragile.store, [roots[0][:10]])
    assert {fact.digest for fact in facts} < lost.keys() or len(roots) == 1
    assert len(facts) == 4  # the dense network, its ticket, and a measure of each
    (tmp_path / "mended").touch()
    assert retry(fragile.store, facts, Ear()).still == []
    assert len(failed(fragile.store)) == len(lost) - 4


def test_inline_lets_the_error_through(fragile: Lab) -> None:
    fragile.run(QUESTION)
    root = next(name for name, record in failed(fragile.store).items() if record["kind"] == "point" and record["tries"])
    fact = next(fact for fact in chosen(fragile.store, [root]) if fact.digest == root)
    with pytest.raises(Exception, match="this seed is bad|" + root) as caught:
        inline(fragile.store, fact, Ear())
    error: BaseException = caught.value
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, ValueError)


def test_nothing_of_that_name_failed(fragile: Lab) -> None:
    with pytest.raises(RequestError, match="nothing that failed begins with 'abc'; nothing failed in this lab"):
        chosen(fragile.store, ["abc"])


def test_when_nothing_of_a_kind_works_the_error_is_raised_and_nothing_recorded(
    fragile: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path("fragile.py")).write_text(NETS.replace("if self.bad:", "if True:"))
    with pytest.raises(Exception, match="training fragile:make failed: ValueError: this seed is bad"):
        fragile.run(QUESTION)
    assert failed(fragile.store) == {}
