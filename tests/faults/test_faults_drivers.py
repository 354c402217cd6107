"""Two commands in one lab share the work; one that is stopped for long is not waited for."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_cases import FILE, LAB, end, everything, same, sound

from whether.catalogue.find import find
from whether.lab import Lab

OPTIONS = {"total": "600it", "until": "200it", "replicates": 4, "width": 9}
WORDS = [f"{key}={value}" for key, value in OPTIONS.items()]
TRAINED = """\
import sys
from whether.execute import worker
from whether.cli import main

real = worker.train_pack

def counted(module, replicas, data, watch, *more):
    with open({log!r}, "a") as log:
        log.writelines(f"{{r.training.digest}} {{r.order.hex}} {{sorted((r.masks or {{}}).keys())}} "
                       f"{{hash_of(r)}} {{r.step}}\\n" for r in replicas)
    real(module, replicas, data, watch, *more)

def hash_of(replica):
    import hashlib
    told = hashlib.sha256()
    for name, value in sorted(replica.weights.items()):
        told.update(value.numpy().tobytes())
    return told.hexdigest()[:12]

worker.train_pack = counted
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run that writes down each network that it trains in `trained-N`."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str, **environment: str) -> subprocess.Popen[str]:
        import os
        import sys

        code = TRAINED.format(log=str(folder / f"trained-{len(started)}"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WHETHER_")}
        more = {"OMP_NUM_THREADS": "1", "NO_COLOR": "1", "WHETHER_CHECKPOINT_SECONDS": "100"}
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", FILE, *WORDS, "--lab", "lab", *words],
            cwd=folder,
            env=kept | more | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    end(started)


def trained(folder: Path) -> Counter[str]:
    """How often each network was begun, by all commands."""
    return Counter(line for path in folder.glob("trained-*") for line in path.read_text().splitlines())


def undisturbed(folder: Path) -> dict[str, Any]:
    Lab(folder / "calm").run(find(FILE)(**OPTIONS))
    return everything(folder / "calm")


def test_two_commands_share_the_work(start: Any, folder: Path) -> None:
    one, other = start(), start()
    said = [process.communicate(timeout=60)[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    same(undisturbed(folder), everything(LAB))
    assert sound(LAB)
    counts = trained(folder)
    assert len(counts) == 4 * 4  # of each replicate a dense network, another order, two pruned ones
    assert max(counts.values()) == 1, "a network was trained twice although nobody was stopped"
    assert not list((LAB / "work" / "claims").glob("*.json"))
    assert not list((LAB / "work" / "drivers").glob("*.json"))


@pytest.mark.long
def test_one_that_is_stopped_for_long_is_not_waited_for(start: Any, folder: Path) -> None:
    one = start(WHETHER_CLAIM_SECONDS="1.5")
    deadline = time.monotonic() + 30
    while not (folder / "trained-0").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    one.send_signal(signal.SIGSTOP)
    stopped_in = trained(folder)
    other = start(WHETHER_CLAIM_SECONDS="1.5")
    said, _ = other.communicate(timeout=60)
    assert other.returncode == 0, said
    assert "another command is at work" in said or "in the lab already" in said
    one.send_signal(signal.SIGCONT)
    told, _ = one.communicate(timeout=60)
    assert one.returncode == 0, told
    same(undisturbed(folder), everything(LAB))
    assert sound(LAB)
    twice = {name for name, count in trained(folder).items() if count > 1}
    assert twice <= set(stopped_in), "more than what was stopped was trained twice"
