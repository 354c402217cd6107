"""What goes wrong in a worker itself: a full disk, code of one's own that ends Python, a score with a slip in it."""

from __future__ import annotations

import os
import platform
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_cases import FILE, LAB, MODELS, OWN, Call, answers, asked, command, everything, records, same, sound, workers

from whether.catalogue.find import find
from whether.execute import seat
from whether.execute.contract import Failed, Joined
from whether.lab import Lab
from whether.store import Store

WAIT = 120.0

TICKETS = '''\
from whether import Network, Question, accuracy, exceeds, question
from whether.recipe import Recipe, sgd


@question(category="science")
def tickets(by="scores:slip", replicates=4):
    """Does a ticket of my score beat the dense network?"""
    recipe = Recipe(optimizer=sgd(0.1), total="6it", batch=30)

    def arms(rep):
        start = Network("mlp-8", data="digits", seed=rep, recipe=recipe)
        dense = start.train()
        ticket = start.masked(dense.prune(fraction=0.5, by=by)).train()
        return {"ticket": accuracy(ticket), "dense": accuracy(dense)}

    return Question(
        arms,
        claims=[exceeds("ticket", "dense", by=1, because="less is noise", unit="points")],
        if_yes="Use it.",
        if_no="Do not.",
        replicates=replicates,
    )
'''

SCORES = """\
def slip(weights, masks):
    raise ArithmeticError("no scales")


def choosy(weights, masks):
    if next(iter(weights.values())).sum() > 0:
        raise ArithmeticError("not this one")
    return {name: value.abs() for name, value in weights.items()}
"""

LEAVES = (
    MODELS
    + """

import sys


def leaves():
    return Net(fails=lambda step: sys.exit(3) if step > 2 else False)
"""
)


@pytest.fixture
def disk(folder: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of its own with such options, where one can be mounted; given again, it has others."""
    place = folder / "disk"
    place.mkdir()
    mounted: list[str] = []

    def mount(options: str) -> Path:
        again = "remount," if mounted else ""
        try:
            words = ["mount", "-t", "tmpfs", "-o", again + options, "whether-test", str(place)]
            subprocess.run(words, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("needs the right to mount a file system")
        mounted.append(options)
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "room"),
    [
        ("size=60k", "size=8m"),
        ("size=12k", "size=8m"),
        ("size=200k", "size=8m"),
        ("size=8m,nr_inodes=14", "nr_inodes=4k"),
        ("size=8m,nr_inodes=30", "nr_inodes=4k"),
    ],
)
def test_a_disk_that_fills_under_workers(
    disk: Callable[[str], Path], folder: Path, plain_pages: None, options: str, room: str
) -> None:
    lab = disk(options) / "lab"
    words = ("run", FILE, "replicates=1", "--on", "local:2", "--lab", str(lab))
    process = command(*words, folder=folder)
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, said
    assert "the disk is full. Nothing that was written before is lost. Free some space" in said
    assert "Traceback" not in said
    if (lab / "ledger").is_dir():
        assert sound(lab, untouched=True)
    stood = records(lab)
    disk(room)
    process = command(*words, folder=folder)
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    assert stood.items() <= records(lab).items()
    Lab("calm").run(asked(replicates=1))
    calm = everything(Path("calm"))
    same({part: calm[part] for part in ("answers", "records", "states", "ledger")}, everything(lab))
    assert sound(lab, untouched=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "options", "seed"),
    [
        (FILE, {"total": "8000it", "until": "2000it", "replicates": 3, "width": 16}, 1),
        ("xor", {"replicates": 48, "steps": "12000it"}, 2),
        ("lottery-ticket", {"replicates": 16, "rounds": 5, "density": 0.33}, 3),
    ],
)
def test_workers_that_die_in_every_way_again_and_again(
    folder: Path, name: str, options: dict[str, object], seed: int
) -> None:
    """Killed, terminated, crashed and stopped, at work and while they begin, though not faster than they can."""
    draw, died = random.Random(seed), 0
    words = ["run", name, *(f"{key}={value}" for key, value in options.items()), "--on", "local:2", "--lab", "lab"]
    often = {"WHETHER_CHECKPOINT_SECONDS": "0.1", "WHETHER_HUNG_SECONDS": "3"}
    process = command(*words, folder=folder, **often)
    while process.poll() is None:
        time.sleep(draw.uniform(1.5, 4.0))
        for pid in draw.sample(living := workers(process.pid), k=min(1, len(living))):
            os.kill(pid, draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGSTOP]))
            died += 1
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    assert died > 2
    Lab("calm").run(find(name)(**options))
    same(everything(Path("calm")), everything(LAB))
    assert sound(LAB, untouched=True)
    assert not workers(process.pid)


@pytest.mark.parametrize("on", ["inprocess", "local:1"])
def test_code_of_ones_own_that_ends_python_ends_its_job(folder: Path, on: str) -> None:
    """In a lane `sys.exit` would end the lane alone, and the run would wait for it for ever."""
    (folder / "nets.py").write_text(LEAVES)
    (folder / "own.py").write_text(OWN)
    process = command("run", "own.py", "model=nets:leaves", "--on", on, "--lab", "lab", folder=folder)
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, said
    assert "training nets:leaves failed: SystemExit: 3 (nets.py, line" in said
    assert sound(LAB)


@pytest.mark.parametrize("on", ["inprocess", pytest.param("local:2", marks=pytest.mark.long)])
def test_a_score_that_always_raises_ends_the_run_however_well_the_others_train(
    whether: Call, folder: Path, plain_pages: None, on: str
) -> None:
    (folder / "scores.py").write_text(SCORES)
    (folder / "tickets.py").write_text(TICKETS)
    done = whether("run", "tickets.py", "--on", on)
    assert done.code == 1, done.out
    assert "the score 'scores:slip' failed: ArithmeticError: no scales (scores.py, line 2)." in done.err
    kept = records(LAB)
    assert {said["outcome"] for said in kept.values()} == {"done"}, "what was trained stays, and nothing is blamed"
    assert answers(LAB) == {}
    (folder / "scores.py").write_text(SCORES.replace('raise ArithmeticError("no scales")', "return dict(weights)"))
    process = command("run", "tickets.py", "--on", on, "--lab", "lab", folder=folder)
    said, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    assert kept.items() <= records(LAB).items()
    assert sound(LAB, untouched=True)


def test_a_score_that_raises_for_some_is_recorded_for_these(whether: Call, folder: Path, plain_pages: None) -> None:
    (folder / "scores.py").write_text(SCORES)
    (folder / "tickets.py").write_text(TICKETS)
    done = whether("run", "tickets.py", "by=scores:choosy", "replicates=8")
    assert done.code == 0, done.err
    lost = [said for said in records(LAB).values() if said["outcome"] == "failed" and said["kind"] == "point"]
    assert 0 < len(lost) < 8
    assert all("ArithmeticError: not this one (scores.py, line 7)" in said["error"] for said in lost)
    assert f"{len(lost)} runs always failed (ticket)" in " ".join(done.out.split())
    assert sound(LAB, untouched=True)


def test_a_node_that_cannot_load_what_it_needs_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would hear of an actor whose thread ended: it would be waited for without a word."""

    def broken(orders: seat.Orders) -> str:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(seat, "misfit", broken)
    events = seat.Seat(seat.Orders("lab", "cpu", str(folder), (), "token", "1")).poll()
    assert [type(event) for event in events] == [Failed]
    failure = events[0].failure  # type: ignore[attr-defined]
    assert failure.kind == "work"
    assert f"the node {platform.node()} cannot work here (ImportError: libtorch.so" in failure.message


def test_an_actor_with_a_wrong_setting_tells_the_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.find(folder / "lab")
    monkeypatch.setattr(seat, "misfit", lambda orders: "")
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "soon")
    given = seat.Seat(seat.Orders(str(store.root), "cpu", str(folder), (), "token", "1"))
    events = given.poll() or given.poll()
    failed = [event for event in events if isinstance(event, Failed)]
    assert [event.failure.kind for event in failed] == ["request"]
    assert "WHETHER_CHECKPOINT_SECONDS is 'soon'" in failed[0].failure.message


def test_a_seat_that_can_work_joins_and_tells_what_it_cannot_read(folder: Path) -> None:
    import whether

    store = Store.find(folder / "lab")
    store.work.mark("token")
    orders = seat.Orders(str(store.root), "cpu", str(folder), (), "token", whether.__version__)
    given = seat.Seat(orders)
    joined = _next(given)
    assert isinstance(joined, Joined)
    given.give(b'{"number": 5, "facts": {}, "pieces": [{"points": ["x"]}], "measures": []}')
    told = _next(given)
    assert isinstance(told, Failed)
    assert (told.job, told.failure.kind) == (5, "raised")


def _next(given: seat.Seat) -> object:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        for event in given.poll():
            return event
    raise AssertionError("nothing was told")
