"""Code of one's own where it is used: what differs from the history is refused, with the node and the file."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from works import network

from whether.errors import RequestError
from whether.execute import owncode
from whether.execute.contract import Event, Failed, Job
from whether.execute.worker import Post, Worker
from whether.execute.workshop import Workshop
from whether.history import accuracy, measure
from whether.history.code import code_digest
from whether.history.resolve import Resolver
from whether.lab import Lab

ONE = "def ruler(module, data, split):\n    return 1.0\n"
OTHER = ONE.replace("1.0", "2.0")


@pytest.fixture
def rulers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(owncode, "_known", {})
    path = tmp_path / "rulers.py"
    path.write_text(ONE, encoding="utf-8")
    yield path
    sys.modules.pop("rulers", None)


def test_the_same_code_is_loaded(rulers: Path) -> None:
    assert owncode.load("measure", "rulers:ruler", code_digest("rulers:ruler"))(None, None, "") == 1.0


@pytest.mark.parametrize("length", [16, 64])
def test_other_code_is_refused(rulers: Path, length: int) -> None:
    named = code_digest("rulers:ruler")[:length]
    rulers.write_text(OTHER, encoding="utf-8")
    with pytest.raises(RequestError, match="is not the code of this history") as caught:
        owncode.load("measure", "rulers:ruler", named)
    assert platform.node() in str(caught.value)
    assert str(rulers) in str(caught.value)
    assert "rulers" not in sys.modules, "it was run although it is other code"


def test_code_that_is_not_there_names_the_node(rulers: Path) -> None:
    named = code_digest("rulers:ruler")
    rulers.unlink()
    with pytest.raises(RequestError, match="there is no module 'rulers'") as caught:
        owncode.load("measure", "rulers:ruler", named)
    assert platform.node() in str(caught.value)


def test_an_edit_while_a_run_goes_on_does_not_disturb_it(rulers: Path) -> None:
    named = code_digest("rulers:ruler")
    owncode.load("measure", "rulers:ruler", named)
    rulers.write_text(OTHER, encoding="utf-8")
    assert owncode.load("measure", "rulers:ruler", named)(None, None, "") == 1.0
    with pytest.raises(RequestError, match="in a notebook restart the kernel"):
        owncode.load("measure", "rulers:ruler", code_digest("rulers:ruler"))


def test_a_worker_with_another_file_fails_its_job(rulers: Path, lab: Lab) -> None:
    fact = Resolver().measure(measure("rulers:ruler", network(), split="validation"))
    rulers.write_text(OTHER, encoding="utf-8")
    heard: list[Event] = []
    worker = Worker(Workshop(lab.store))
    worker.carry_out(Job(3, measures=(fact,)), Post("slot", heard.append))
    (failed,) = [event for event in heard if isinstance(event, Failed)]
    assert (failed.job, failed.failure.kind) == (3, "request")
    assert str(rulers) in failed.failure.message
    assert not lab.store.records.has(fact.digest)
    heard.clear()
    worker.carry_out(Job(4, measures=(Resolver().measure(accuracy(network())),)), Post("slot", heard.append))
    assert not [event for event in heard if isinstance(event, Failed)]
