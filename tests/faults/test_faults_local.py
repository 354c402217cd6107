"""Worker processes are killed, stopped and broken: the answer is that of a run that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_cases import FILE, LAB, MODELS, OWN, command, end, everything, same, sound, until, workers

from whether.catalogue.find import find
from whether.lab import Lab
from whether.store import Store

OPTIONS = {"total": "900it", "until": "300it", "replicates": 3, "width": 9}
WORDS = [f"{key}={value}" for key, value in OPTIONS.items()]
WAIT = 240.0  # patience of the test, where others keep the cores busy


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], dict[str, Any]]:
    """Everything of the lab of a run in this process that was left alone; made when it is first asked for."""
    found: list[dict[str, Any]] = []
    root = tmp_path_factory.mktemp("undisturbed") / "lab"

    def make() -> dict[str, Any]:
        if not found:
            Lab(root).run(find(FILE)(**OPTIONS))
            found.append(everything(root))
        return found[0]

    return make


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run on two workers; whatever is left of it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str, **environment: str) -> subprocess.Popen[str]:
        given = words or ("run", FILE, *WORDS, "--on", "local:2")
        process = command(*given, "--lab", "lab", folder=folder, WHETHER_CHECKPOINT_SECONDS="0.1", **environment)
        started.append(process)
        return process

    yield run
    end(started)


def points() -> int:
    return len(list(LAB.glob("records/*/*.json")))


def ends_well(process: subprocess.Popen[str], undisturbed: Callable[[], dict[str, Any]]) -> str:
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    same(undisturbed(), everything(LAB))
    assert sound(LAB)
    until(lambda: not workers(), "workers are left")
    return said


def test_killed_workers_cost_nothing_but_time(start: Any, undisturbed: Any) -> None:
    process = start()
    draw = random.Random(7)
    for round_ in range(3):
        until(lambda: process.poll() is not None or points() > round_ * 8, "some work")  # noqa: B023
        time.sleep(draw.random() * 0.3)
        for victim in workers(process.pid)[:1]:
            os.kill(victim, signal.SIGKILL)
    said = ends_well(process, undisturbed)
    assert "was ended by SIGKILL" in said


def test_a_killed_command_leaves_nobody_and_goes_on(start: Any, undisturbed: Any) -> None:
    process = start()
    until(lambda: points() > 3, "some work")
    process.kill()
    process.communicate()
    began = time.monotonic()
    until(lambda: not workers(), "workers are left")
    assert time.monotonic() - began < 5.0
    assert points() < len(undisturbed()["records"]), "it was over before it was killed"
    ends_well(start(), undisturbed)


@pytest.mark.long
def test_a_stopped_worker_is_taken_for_hung(start: Any, undisturbed: Any) -> None:
    process = start(WHETHER_HUNG_SECONDS="2")
    until(lambda: points() > 2 and len(workers(process.pid)) == 2, "two workers and some work")
    os.kill(workers(process.pid)[0], signal.SIGSTOP)
    said = ends_well(process, undisturbed)
    assert "nothing was heard of it for 2 s" in said or "done in" in said


def test_ctrl_c_ends_everybody(start: Any, undisturbed: Any) -> None:
    process = start()
    until(lambda: points() > 2, "some work")
    for pid in (*workers(process.pid), process.pid):  # a terminal tells the whole group
        os.kill(pid, signal.SIGINT)
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode in (130, -signal.SIGINT), said
    assert "Traceback" not in said
    until(lambda: not workers(), "workers are left")
    ends_well(start(), undisturbed)


KILLER = (
    MODELS
    + """

class Killer(Net):
    \"\"\"A network of a seed whose process dies as soon as it trains.\"\"\"

    def __init__(self):
        super().__init__()
        self.register_buffer("bad", (self.layer.bias.detach().sum() > 0.2).float())

    def forward(self, x):
        if self.training and torch.is_grad_enabled() and self.bad:
            os._exit(9)
        return super().forward(x)


def killer():
    return Killer()
"""
)


@pytest.mark.long
def test_a_network_that_kills_its_worker_is_recorded_as_failed(start: Any, folder: Path) -> None:
    (folder / "nets.py").write_text(KILLER)
    (folder / "own.py").write_text(OWN)
    process = start("run", "own.py", "model=nets:killer", "replicates=4", "--on", "local:2")
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    assert "its process ended with exit code 9" in said
    assert "is recorded as failed" in said
    store = Store(LAB)
    outcomes = [store.records.read(name)["outcome"] for name in store.records.listing()]
    assert {"done", "failed"} == set(outcomes)
    assert "runs always failed" in said
    assert sound(LAB)


def test_workers_that_cannot_begin_are_told_with_their_log(start: Any, folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(
        "import sys\nif 'whether.execute.process' in ' '.join(sys.orig_argv):\n    sys.exit('no room for workers')\n"
    )
    process = start("run", FILE, *WORDS, "--on", "local:2", PYTHONPATH=str(folder))
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, said
    flat = " ".join(said.split())
    assert "3 workers in a row ended before they could work" in flat
    assert "no room for workers" in flat
    assert "Traceback" not in said


def test_a_measure_that_raises_ends_the_run_with_its_line(start: Any, folder: Path) -> None:
    (folder / "nets.py").write_text(MODELS)
    (folder / "own.py").write_text(OWN)
    process = start("run", "own.py", "metric=nets:measured", "--on", "local:2")
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, said
    assert "ArithmeticError: no ruler (nets.py, line" in " ".join(said.split())
    until(lambda: not workers(), "workers are left")


def test_a_command_that_is_killed_while_its_workers_begin_leaves_nobody(start: Any) -> None:
    process = start()
    until(lambda: len(workers(process.pid)) == 2, "two workers")
    process.kill()
    process.communicate()
    began = time.monotonic()
    until(lambda: not workers(), "workers are left")
    assert time.monotonic() - began < 3.0


ONE_SEAT = """
import os
import sys
if 'whether.execute.process' in ' '.join(sys.orig_argv):
    try:
        os.close(os.open('seat', os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        sys.exit('this place is broken')
"""


def test_a_place_where_no_worker_can_begin_is_left_empty(start: Any, folder: Path, undisturbed: Any) -> None:
    (folder / "sitecustomize.py").write_text(ONE_SEAT)
    said = ends_well(start(PYTHONPATH=str(folder)), undisturbed)
    flat = " ".join(said.split())
    if "this place is broken" in flat:  # not when the other had done everything before the third try
        assert "3 workers in a row ended before they could work" in flat
        assert "their place is left empty" in flat


FATAL = """

def fatal(module, data, split):
    os._exit(7)


class Dead(Net):
    def forward(self, x):
        if self.training and torch.is_grad_enabled():
            os._exit(8)
        return super().forward(x)


def dead():
    return Dead()
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("metric=nets:fatal", "failed 3 times alone: worker"),
        ("model=nets:dead", "every slot that trained nets:dead was lost"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_code_that_always_kills_its_worker_ends_the_run(
    start: Any, folder: Path, word: str, told: str, count: int
) -> None:
    (folder / "nets.py").write_text(MODELS + FATAL)
    (folder / "own.py").write_text(OWN)
    process = start("run", "own.py", word, "replicates=3", "--on", f"local:{count}")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert told in " ".join(said.split())
    until(lambda: not workers(), "workers are left")
