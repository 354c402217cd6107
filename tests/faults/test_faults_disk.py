"""Full, unwritable and failing disks, and others who use the lab's folder: each is told, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_cases import (
    FILE,
    LAB,
    RUN,
    SECOND,
    Call,
    answers,
    asked,
    everything,
    flip,
    place_of,
    records,
    same,
    sound,
    states,
)

from whether.execute.progress import Event
from whether.lab import Lab
from whether.store import Store

pytestmark = pytest.mark.usefixtures("plain_pages")


class Failing:
    """Makes an act on files of the lab fail, after it went well a number of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, act: str, number: int, after: int = 0) -> None:
        self.left = after
        self.patch = monkeypatch
        real = getattr(os, act)

        def instead(first: Any, *more: Any, **named: Any) -> Any:
            if self._concerns(first, *more):
                self.left -= 1
                if self.left < 0:
                    raise OSError(number, os.strerror(number))
            return real(first, *more, **named)

        monkeypatch.setattr(os, act, instead)

    def _concerns(self, first: Any, *more: Any) -> bool:
        if isinstance(first, int):  # a write: pytest's own go to its low numbers
            return os.path.realpath(f"/proc/self/fd/{first}").startswith(str(LAB.resolve()))
        inside = os.path.abspath(first).startswith(str(LAB.resolve()))
        return inside and (not more or not isinstance(more[0], int) or bool(more[0] & os.O_CREAT))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="tells files of the lab by /proc")
@pytest.mark.parametrize("after", [0, 3, 12, 30, 37])
def test_a_disk_that_fills(
    whether: Call, both: Path, answered: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    shutil.rmtree(answered)
    with monkeypatch.context() as patch:
        Failing(patch, "write", errno.ENOSPC, after)
        done = whether(*RUN)
    assert done.code == 1
    assert "the disk is full. Nothing that was written before is lost. Free some space (`whether clean`" in done.err
    assert "then run the same command again: it goes on from what stands" in done.err
    if after:  # else there is no lab yet
        assert sound(LAB, untouched=True)
    stood = records(LAB)
    again = whether(*RUN)
    assert again.code == 0
    assert stood.items() <= records(LAB).items()
    assert whether("run", FILE, "fraction=0.25", "order=3").code == 0
    same(everything(LAB), everything(both))
    assert sound(LAB, untouched=True)


@pytest.fixture
def tiny_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few pages, where one can be mounted."""
    place = folder / "disk"
    place.mkdir()
    try:
        mounting = ["mount", "-t", "tmpfs", "-o", "size=120k", "whether-test", str(place)]
        subprocess.run(mounting, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(whether: Call, answered: Path, tiny_disk: Path) -> None:
    lab = tiny_disk / "lab"
    done = whether(*RUN, "--lab", str(lab))
    assert done.code == 1
    assert "the disk is full" in done.err
    assert sound(lab, untouched=True)
    stood = records(lab)
    assert stood
    subprocess.run(["mount", "-o", "remount,size=8m", str(tiny_disk)], check=True)
    assert whether(*RUN, "--lab", str(lab)).code == 0
    assert stood.items() <= records(lab).items()
    same(everything(lab), everything(answered))
    assert sound(lab, untouched=True)


@pytest.mark.parametrize(("number", "said"), [(errno.EACCES, "Permission denied"), (errno.EROFS, "Read-only")])
def test_a_lab_that_cannot_be_written(
    whether: Call, answered: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    before = everything(answered)
    Failing(monkeypatch, "open", number)
    done = whether(*RUN, "replicates=3", "--lab", "lab")
    assert done.code == 2
    assert f"--lab: {LAB.absolute()} cannot be written to ({said}" in done.err
    assert "name a folder of your own with --lab FOLDER, or make this one writable" in done.err
    # It can still be read.
    for verb in ("answer", "report", "status", "verify"):
        assert whether(verb, "--lab", "lab").code == 0
    same(everything(answered), before)


def test_a_lab_that_is_taken_away_while_it_works(
    whether: Call, answered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Failing(patch, "open", errno.EACCES, after=5)
        done = whether(*RUN, "replicates=3")
    assert done.code == 1
    assert "you may not write there. Nothing that was written before is lost. Ask the folder's owner" in done.err
    assert sound(answered, untouched=True)
    assert whether(*RUN, "replicates=3").code == 0


def test_a_disk_that_cannot_be_read(whether: Call, answered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(answered, "dense", "state").resolve()
    read = Path.read_bytes

    def instead(path: Path) -> bytes:
        if path.resolve() == place:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", instead)
        done = whether(*RUN, "fraction=0.25")
    assert done.code == 1
    assert "could not read the state of" in done.err
    assert "Input/output error. It was not changed." in done.err
    assert whether(*RUN, "fraction=0.25").code == 0


def test_a_checkpoint_is_damaged(whether: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"total": "10it", "until": "4it"}
    line = (*RUN, *(f"{name}={value}" for name, value in short.items()))
    Lab("calm").run(asked(**short))
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0")
    with monkeypatch.context() as patch:
        Failing(patch, "replace", errno.ENOSPC, after=15)  # checkpoints get their names so
        assert whether(*line).code == 1
    kept = sorted((LAB / "work" / "checkpoints").iterdir())
    assert kept
    for path in kept:
        flip(path)
    done = whether(*line)
    assert done.code == 0
    assert "goes on from step" not in done.out
    same(everything(LAB), everything(Path("calm")))


@pytest.mark.parametrize("where", ["records/notes.txt", "records/ab/notes.txt", "states/copy.safetensors", "ledger/x"])
def test_a_foreign_file(whether: Call, answered: Path, both: Path, where: str) -> None:
    place = answered / where
    place.parent.mkdir(exist_ok=True)
    place.write_text("mine")
    done = whether("verify")
    assert done.code == 3
    assert where in done.out
    assert "Somebody put it there: move it elsewhere." in " ".join(done.out.split())
    Lab(LAB).run(asked(**SECOND))
    assert place.read_text() == "mine"
    place.unlink()
    same(everything(LAB), everything(both))
    assert sound(LAB)


def test_a_foreign_file_under_a_pieces_name(whether: Call, both: Path, folder: Path) -> None:
    """Someone's JSON and someone's weights stand where ours will be wanted: they are set aside, not believed."""
    for name in records(both):
        for place in (Store(LAB).records.path(name), Store(LAB).states.path(name)):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b'{"value": 100.0, "outcome": "done"}\n')
    (LAB / "ledger").mkdir()
    shutil.copy(both / "lab.json", LAB)
    Lab(LAB).run(asked())
    Lab(LAB).run(asked(**SECOND))
    assert answers(LAB) == answers(both)
    assert records(LAB) == records(both)
    assert states(both).items() <= states(LAB).items()


def test_work_is_deleted_while_it_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"total": "10it", "until": "4it"}
    Lab("calm").run(asked(**short))
    monkeypatch.setenv("WHETHER_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr("whether.execute.worker.TOLD_EVERY", 0.0)
    monkeypatch.setattr("whether.execute.driver.TOLD_EVERY", 0.0)
    heard = 0

    def listen(event: Event) -> None:
        nonlocal heard
        heard += 1
        shutil.rmtree(LAB / "work", ignore_errors=True)

    Lab(LAB).run(asked(**short), progress=listen)
    assert heard > 20
    same(everything(LAB), everything(Path("calm")))
    assert sound(LAB)
