"""A run that is killed at any moment goes on, and ends with the answer of one that was left alone."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fault_cases import FILE, LAB, command, end, everything, same, sound

from whether.catalogue.find import find
from whether.digest import digest
from whether.lab import Lab
from whether.store import AnswerFolder, Store
from whether.store.publish import Data

SHORT = {FILE: {"total": "6it", "until": "3it", "replicates": 1, "width": 2}, "xor": {"replicates": 1, "steps": "3it"}}
OFTEN = {"WHETHER_CHECKPOINT_SECONDS": "0.1"}


class Undisturbed:
    """The labs of runs that were left alone, made once for each line of options; and how long they took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, tuple[dict[str, Any], float]] = {}

    def __call__(self, name: str, **options: Any) -> tuple[dict[str, Any], float]:
        key = f"{name} {options}"
        if key not in self.found:
            root = self.folder / f"lab{len(self.found)}"
            began = time.monotonic()
            Lab(root).run(find(name)(**options))
            self.found[key] = everything(root), time.monotonic() - began
        return self.found[key]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def start(folder: Path) -> Iterator[Any]:
    """Start a run in the lab `lab`; whatever is left of it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(name: str, **options: Any) -> subprocess.Popen[str]:
        words = [f"{key}={value}" for key, value in options.items()]
        process = command("run", name, *words, "--lab", "lab", folder=folder, **OFTEN)
        started.append(process)
        return process

    yield run
    end(started)


def await_training(process: subprocess.Popen[str]) -> str:
    """Read on until the plan is told, which is when training begins."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if " to train" in line:
            break
    return said


def finish(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    assert "Traceback" not in out
    return out


def kill_again_and_again(start: Any, rng: random.Random, kills: int, pace: float, name: str, options: Any) -> int:
    """Start a run, kill it at a random moment, and so on. How often it was killed in its work."""
    early = start(name, **options)  # this one is killed before it has said anything
    time.sleep(rng.uniform(0.2, 1.5))
    early.kill()
    early.communicate()
    died = 0
    for _ in range(kills):
        process = start(name, **options)
        await_training(process)
        time.sleep(rng.uniform(0, 2 * pace / kills))
        process.kill()
        process.communicate()
        died += process.returncode == -signal.SIGKILL
    return died


def test_killed_stopped_and_held_it_ends_with_the_same_answer(undisturbed: Undisturbed, start: Any) -> None:
    options = {"total": "1500it", "until": "200it", "replicates": 2, "width": 12}
    expected, took = undisturbed(FILE, **options)
    assert kill_again_and_again(start, random.Random(3), 2, 0.3 * took, FILE, options) >= 1
    by_hand = start(FILE, **options)
    await_training(by_hand)
    by_hand.send_signal(signal.SIGINT)
    out, _ = by_hand.communicate(timeout=60)
    # Python ends itself by SIGINT where the signal met it while it made a class: to a shell that is 130 too.
    seen = by_hand.returncode if by_hand.returncode >= 0 else 128 - by_hand.returncode
    assert (seen, out.splitlines()[-1]) == (
        130,
        "stopped; nothing done is lost: the same command goes on",
    )
    held = start(FILE, **options)
    await_training(held)
    for _ in range(2):
        held.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        held.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    finish(held)
    same(everything(LAB), expected)
    assert sound(LAB, untouched=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "options", "seed"),
    [
        (FILE, {"total": "8000it", "until": "2000it", "replicates": 3, "width": 16}, 1),
        ("xor", {"replicates": 16, "steps": "3000it"}, 2),
    ],
)
def test_killed_twenty_times(undisturbed: Undisturbed, start: Any, name: str, options: Any, seed: int) -> None:
    expected, took = undisturbed(name, **options)
    died = kill_again_and_again(start, random.Random(seed), 20, 0.5 * took, name, options)
    finish(start(name, **options))
    same(everything(LAB), expected)
    assert sound(LAB, untouched=True)
    assert died >= 10


def test_two_at_once_in_one_lab(undisturbed: Undisturbed, start: Any) -> None:
    options = {"total": "1500it", "until": "200it", "replicates": 2, "width": 12}
    expected, _ = undisturbed(FILE, **options)
    for process in [start(FILE, **options), start(FILE, **options)]:
        finish(process)
    same(everything(LAB), expected)
    assert sound(LAB, untouched=True)
    assert len(Lab(LAB).store.ledger.entries()) == 1  # of two that conclude the same the first stands


def test_of_two_that_conclude_at_once_the_second_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.find(LAB)
    answer = store.answers.open("signs", digest("signs"))
    writing, go_on = threading.Event(), threading.Event()
    write = AnswerFolder.write

    def slowly(folder: AnswerFolder, file: str, data: Data) -> Path:
        writing.set()
        assert go_on.wait(20)
        return write(folder, file, data)

    monkeypatch.setattr(AnswerFolder, "write", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(store.conclude, answer, {"verdict": "yes", "circumstances": "first"})
        assert writing.wait(20)
        second = pool.submit(store.conclude, answer, {"verdict": "yes", "circumstances": "second"})
        time.sleep(0.1)
        assert not second.done()
        assert len(store.ledger.entries()) == 1
        go_on.set()
        assert first.result() == second.result()
    assert sound(LAB, untouched=True)


class Killed(BaseException):
    """The process is dead: nothing that it does reaches the disk any more."""


class Mortal:
    """Lets a number of acts on the files of a lab through and then no more: what kill -9 leaves at that moment.

    The last write before it is torn in the middle.
    """

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = str(root.resolve())
        self.left = 0
        self.done = 0
        self.files: set[int] = set()
        self.write, self.open = os.write, os.open
        for name in ("link", "replace", "rename", "unlink", "mkdir"):
            patch.setattr(os, name, self._mortal(getattr(os, name)))
        patch.setattr(os, "open", self._open)
        patch.setattr(os, "write", self._write)

    def _spend(self) -> bool:
        """Whether this is the last act."""
        if self.left <= 0:
            raise Killed
        self.left -= 1
        self.done += 1
        return self.left == 0

    def _mortal(self, act: Any) -> Any:
        def instead(path: Any, *more: Any, **named: Any) -> Any:
            if self._inside(path):
                self._spend()
            return act(path, *more, **named)

        return instead

    def _open(self, path: Any, flags: int, *more: Any, **named: Any) -> int:
        if self._inside(path) and flags & os.O_CREAT:
            self._spend()
            file = self.open(path, flags, *more, **named)
            self.files.add(file)
            return file
        file = self.open(path, flags, *more, **named)
        self.files.discard(file)  # the number of a file of the lab that was closed
        return file

    def _write(self, file: int, data: Any) -> int:
        if file in self.files and self._spend():
            self.write(file, bytes(data)[: len(data) // 2])
            raise Killed
        return self.write(file, data)

    def _inside(self, path: Any) -> bool:
        return os.path.abspath(os.fspath(path)).startswith(self.root + os.sep)


@pytest.fixture
def mortal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mortal]:
    """A lab folder whose process can be killed at any act; the page is left out, which takes long to draw."""
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr("whether.report.write.render", lambda answer: {"runs.csv": str(answer.runs).encode()})
    # Every life is one of this process, and yet those before it are dead.
    monkeypatch.setattr("whether.store.claims._process_lives", lambda said: False)
    with monkeypatch.context() as patch:
        yield Mortal(folder / "lab", patch)


def run_until_killed(mortal: Mortal, acts: int, name: str = FILE, *, untouched: bool = True) -> bool:
    """Run with so many acts left; whether it finished. What stands afterwards is sound, whatever was the last act.

    Not when an answer is given anew: then the ledger names the new one a moment before it stands.
    """
    mortal.left = acts
    try:
        Lab(LAB).run(find(name)(**SHORT[name]))
        finished = True
    except Killed:
        finished = False
    if finished or (LAB / "ledger").is_dir():  # what makes a lab is tried in tests/store
        assert sound(LAB, untouched=True) or not untouched
    return finished


def lives(mortal: Mortal, acts: Iterator[int], name: str) -> int:
    """Run again and again, each time with the next number of acts, until it is done; how often it was killed."""
    for deaths, allowed in enumerate(acts):
        if run_until_killed(mortal, allowed, name):
            return deaths
    raise AssertionError("it was always killed")


def short_lives(seed: int) -> Iterator[int]:
    rng = random.Random(seed)
    for _ in range(200):
        yield rng.randint(20, 60)


@pytest.mark.parametrize(("name", "seed"), [(FILE, 1), (FILE, 2), ("xor", 3)])
def test_whatever_the_last_act_was_the_next_life_goes_on(mortal: Mortal, name: str, seed: int) -> None:
    assert lives(mortal, short_lives(seed), name) > 3
    found = everything(LAB)
    assert sound(LAB, untouched=True)
    same(found, _left_alone(mortal, name))


@pytest.mark.parametrize("anew", [False, True])
def test_any_act_of_a_conclusion_may_be_the_last(mortal: Mortal, folder: Path, anew: bool) -> None:
    """The networks stand; the answer is given for the first time, or anew because it now means something else."""
    mortal.left = 10**6
    Lab("trained").run(find(FILE)(**SHORT[FILE]))
    if anew:
        (folder / FILE).write_text((folder / FILE).read_text().replace("Do not prune.", "Never prune."))
        sys.modules.pop(Path(FILE).stem)
    else:
        shutil.rmtree("trained/ledger")
        shutil.rmtree("trained/answers")
    outside = str(folder / "elsewhere")
    expected, last = None, 10**6
    while last:
        mortal.root = outside
        shutil.rmtree(LAB, ignore_errors=True)
        shutil.copytree("trained", LAB)
        mortal.root, mortal.done = str(folder / "lab"), 0
        finished = run_until_killed(mortal, last, untouched=not anew)
        if expected is None:
            assert finished
            assert ("Never prune." in str(everything(LAB)["answers"])) == anew
            expected, last = everything(LAB), mortal.done
        assert finished or run_until_killed(mortal, 10**6)
        assert sound(LAB, untouched=True)
        same(everything(LAB), expected)
        last -= 1


@pytest.mark.long
def test_any_act_may_be_the_last(mortal: Mortal, folder: Path) -> None:
    expected = _left_alone(mortal)
    acts = mortal.done
    for last in itertools.count(1):
        mortal.root = str(folder / "elsewhere")
        os.rename("lab", f"lab{last}")
        mortal.root = str(folder / "lab")
        if run_until_killed(mortal, last):
            break
        assert run_until_killed(mortal, 10**6)
        same(everything(LAB), expected)
        assert sound(LAB, untouched=True)
    assert abs(last - acts) < 5, "a slow run renews a claim, which is an act more; otherwise runs do the same"


def _left_alone(mortal: Mortal, name: str = FILE) -> dict[str, Any]:
    """What a run in a new lab leaves that nobody kills."""
    root, mortal.root, mortal.done = mortal.root, mortal.root, 0
    if LAB.exists():
        mortal.root = "nowhere"
        os.rename("lab", "interrupted")
        mortal.root = root
    assert run_until_killed(mortal, 10**6, name)
    return everything(LAB)
