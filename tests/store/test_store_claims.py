from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from store_cases import Spawn, age

from whether.digest import digest
from whether.errors import RequestError
from whether.store import Claims, Store, clean, verify

PIECE, OTHER = digest("piece"), digest("other")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watching(store: Store, clock: Clock) -> Claims:
    """The claims of the lab as another process sees them, whose clock the test sets."""
    return Claims(store.work.folder, 15.0, clock=clock)


def until(told: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def beats(store: Store, pid: int) -> int:
    """How often a process has beaten, as somebody else than the one that is tested sees it."""
    return next(int(said["counter"]) for said in store.claims.others() if said["pid"] == pid)


def rewrite(path: Path, **changed: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def on_another_machine(claims: Claims, name: str, *digests: str) -> None:
    for path in (claims.driver(name), *map(claims.path, digests)):
        rewrite(path, host="elsewhere", boot="another")


class TestClaiming:
    def test_one_claims_the_other_does_not(self, store: Store) -> None:
        with store.claims.enter() as first, store.claims.enter() as second:
            assert first.id != second.id
            assert first.claim(PIECE)
            assert first.claim(PIECE)  # it is ours already
            assert not second.claim(PIECE)
            assert second.claim(OTHER)
            assert (first.holds(PIECE), second.holds(PIECE)) == (True, False)
            second.release(PIECE)  # which is not its own
            assert first.holds(PIECE)
            first.release(PIECE)
            assert not first.holds(PIECE)
            assert second.claim(PIECE)
            assert store.claims.listing() == {PIECE: second.id, OTHER: second.id}
        assert store.claims.listing() == {}
        assert list(store.claims.drivers.iterdir()) == []

    def test_who_holds_a_piece(self, store: Store) -> None:
        assert store.claims.held_by(PIECE) is None
        with store.claims.enter() as claimant:
            claimant.claim(PIECE)
            held = store.claims.held_by(PIECE)
            assert held is not None
            assert (held["id"], held["pid"], held["alive"]) == (claimant.id, os.getpid(), True)

    def test_what_drivers_say_of_themselves(self, store: Store) -> None:
        with store.claims.enter() as claimant:
            claimant.beat({"busy": 0.5, "loss": float("nan")})
            claimant.beat()
            (said,) = store.claims.others()
            assert said["status"] == {"busy": 0.5, "loss": "nan"}
            assert (said["id"], said["counter"], said["alive"]) == (claimant.id, 2, True)
        assert store.claims.others() == []

    def test_nothing_waits_for_the_disk(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        with store.claims.enter() as claimant:
            claimant.claim(PIECE)  # the folders are made
        synced: list[int] = []
        monkeypatch.setattr(os, "fsync", synced.append)
        with store.claims.enter() as claimant:
            claimant.claim(PIECE)
            claimant.beat()
        assert synced == []

    def test_a_digest_is_one(self, store: Store) -> None:
        with store.claims.enter() as claimant, pytest.raises(ValueError, match="64 lower-case hexadecimal digits"):
            claimant.claim("../../piece")


class TestPatience:
    def test_from_the_variable(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        assert store.claims.patience == 15.0
        monkeypatch.setenv("WHETHER_CLAIM_SECONDS", "2.5")
        assert store.claims.patience == 2.5
        for wrong in ("soon", "0", "-1", "nan", "inf"):
            monkeypatch.setenv("WHETHER_CLAIM_SECONDS", wrong)
            with pytest.raises(RequestError, match=f"WHETHER_CLAIM_SECONDS is '{wrong}'; expected a number of seconds"):
                store.claims.enter()

    def test_on_another_machine_only_the_counter_counts(self, watching: Claims, clock: Clock) -> None:
        claimant, ours = watching.enter(), watching.enter()
        claimant.claim(PIECE)
        for _ in range(5):  # it beats, however slowly by our clock
            claimant.beat()
            on_another_machine(watching, claimant.id, PIECE)
            assert not ours.claim(PIECE)
            clock.now += 14.0
        assert not ours.claim(PIECE)
        clock.now += 2.0
        assert ours.claim(PIECE)
        assert not claimant.holds(PIECE)
        claimant.release(PIECE)
        assert ours.holds(PIECE)

    def test_no_clock_of_another_machine_is_read(self, watching: Claims, clock: Clock) -> None:
        claimant, ours = watching.enter(), watching.enter()
        claimant.claim(PIECE)
        for when in (0.0, 4e9):
            on_another_machine(watching, claimant.id, PIECE)
            rewrite(watching.driver(claimant.id), counter=when, time=when, started=str(when))
            for path in (watching.path(PIECE), watching.driver(claimant.id)):
                os.utime(path, (when, when))
            assert not ours.claim(PIECE)
            clock.now += 14.0
            assert not ours.claim(PIECE)

    def test_a_missing_driver_is_waited_for(self, watching: Claims, clock: Clock) -> None:
        claimant, ours = watching.enter(), watching.enter()
        claimant.claim(PIECE)
        on_another_machine(watching, claimant.id, PIECE)
        watching.driver(claimant.id).unlink()
        assert not ours.claim(PIECE)
        clock.now += 10.0
        claimant.beat()  # work/ was deleted, say; it lives
        on_another_machine(watching, claimant.id)
        assert not ours.claim(PIECE)
        watching.driver(claimant.id).unlink()
        assert not ours.claim(PIECE)
        clock.now += 16.0
        assert ours.claim(PIECE)

    @pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"id": "../x"}', b'{"pid": "one"}', b"\xff"])
    def test_a_damaged_claim_is_waited_for(self, watching: Claims, clock: Clock, raw: bytes) -> None:
        ours = watching.enter()
        ours.claim(PIECE)
        watching.path(PIECE).write_bytes(raw)
        assert not ours.holds(PIECE)
        assert not ours.claim(PIECE)
        clock.now += 16.0
        assert ours.claim(PIECE)
        assert ours.holds(PIECE)

    def test_others_that_are_known_to_live_or_not(self, watching: Claims, clock: Clock) -> None:
        claimant = watching.enter()
        on_another_machine(watching, claimant.id)

        def alive() -> object:
            (said,) = watching.others()
            return said["alive"]

        assert alive() is None
        claimant.beat()
        on_another_machine(watching, claimant.id)
        assert alive() is True
        clock.now += 16.0
        assert alive() is False

    def test_of_two_that_break_a_claim_the_second_leaves_it(self, watching: Claims, clock: Clock) -> None:
        claimant, first, second = watching.enter(), watching.enter(), watching.enter()
        claimant.claim(PIECE)
        on_another_machine(watching, claimant.id, PIECE)
        first.claim(PIECE)
        clock.now += 16.0
        assert first.claim(PIECE)
        assert not watching.give_up(PIECE, claimant.id)  # what the second would do now, having seen the old claim
        assert first.holds(PIECE)
        assert not second.claim(PIECE)

    def test_a_claim_taken_away_by_mistake_is_put_back(
        self, watching: Claims, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dead, quick, slow = watching.enter(), watching.enter(), watching.enter()
        dead.claim(PIECE)
        on_another_machine(watching, dead.id, PIECE)
        slow.claim(PIECE)
        clock.now += 16.0
        rename = os.rename

        def later(source: Path, target: Path) -> None:
            monkeypatch.setattr(os, "rename", rename)
            assert quick.claim(PIECE)  # between the other's look and its act
            rename(source, target)

        monkeypatch.setattr(os, "rename", later)
        assert not slow.claim(PIECE)
        assert quick.holds(PIECE)
        assert sorted(path.name for path in watching.folder.iterdir()) == [f"{PIECE}.json"]


_RACER = """
import random, sys, time
from whether.digest import digest
claimant = store.claims.enter()
name = "NAME"
(store.root / name).touch()
while not (store.root / "start").exists(): time.sleep(0.001)
pieces = list(range(200))
random.Random(name).shuffle(pieces)
won = []
for n in pieces:
    time.sleep(0.0005)
    claimant.beat()
    if claimant.claim(digest(n)): won.append(n)
print(won, flush=True)
time.sleep(60)
"""

_HOLDER = """
import time
from whether.digest import digest
claimant = store.claims.enter()
for n in range(200): claimant.claim(digest(n))
claimant.claim(digest("piece"))
print("claimed", flush=True)
while claimant.holds(digest("piece")):
    claimant.beat()
    time.sleep(0.01)
print("lost", flush=True)
time.sleep(60)
"""


class TestProcesses:
    @pytest.mark.parametrize("stale", [False, True])
    def test_each_piece_is_claimed_once(self, store: Store, spawn: Spawn, stale: bool) -> None:
        holder = spawn(_HOLDER, store.root) if stale else None
        if holder is not None:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"claimed\n"
        racers = [spawn(_RACER.replace("NAME", name), store.root) for name in ("one", "two")]
        until(lambda: (store.root / "one").exists() and (store.root / "two").exists())
        if holder is not None:
            holder.kill()
            until(lambda: any(said["alive"] is False for said in store.claims.others()))
        (store.root / "start").touch()
        won = [json.loads(racer.stdout.readline()) for racer in racers if racer.stdout is not None]
        assert sorted(won[0] + won[1]) == list(range(200))
        assert all(won)

    def test_a_sleeper_loses_its_claim_and_is_told(
        self, store: Store, spawn: Spawn, watching: Claims, clock: Clock
    ) -> None:
        holder = spawn(_HOLDER, store.root)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"claimed\n"
        with watching.enter() as ours:
            for _ in range(3):
                assert not ours.claim(PIECE)
                counter = beats(store, holder.pid)
                until(lambda then=counter: beats(store, holder.pid) > then)
                clock.now += 20.0
                assert not ours.claim(PIECE)
            os.kill(holder.pid, signal.SIGSTOP)
            os.waitpid(holder.pid, os.WUNTRACED)
            assert not ours.claim(PIECE)
            clock.now += 16.0
            assert ours.claim(PIECE)
            os.kill(holder.pid, signal.SIGCONT)
            assert holder.stdout.readline() == b"lost\n"
            assert ours.holds(PIECE)

    def test_a_killed_one_is_dead_at_once(self, store: Store, spawn: Spawn) -> None:
        holder = spawn(_HOLDER, store.root)
        assert holder.stdout is not None
        holder.stdout.readline()
        claimant = store.claims.enter()
        assert not claimant.claim(PIECE)
        holder.kill()  # and nobody waits for it: its entry in the table of processes stays
        until(lambda: claimant.claim(PIECE))
        holder.wait()
        assert claimant.claim(digest(7))
        assert len(store.claims.listing()) == 201
        with store.claims.enter():  # whoever enters sweeps
            assert store.claims.listing() == {PIECE: claimant.id, digest(7): claimant.id}
            assert len(store.claims.others()) == 2

    def test_a_number_that_another_process_has_now(self, store: Store) -> None:
        claimant = store.claims.enter()
        claimant.claim(PIECE)
        for path in (store.claims.driver(claimant.id), store.claims.path(PIECE)):
            rewrite(path, started="1")
        with store.claims.enter() as ours:
            assert ours.claim(PIECE)
            assert not claimant.holds(PIECE)
            assert [said["id"] for said in store.claims.others()] == [ours.id]


class TestWithoutTheFolder:
    def test_work_is_deleted_meanwhile(self, store: Store) -> None:
        with store.claims.enter() as first, store.claims.enter() as second:
            first.claim(PIECE)
            shutil.rmtree(store.work.folder)
            assert not first.holds(PIECE)
            first.beat()
            assert [said["id"] for said in store.claims.others()] == [first.id]
            assert second.claim(PIECE)
            shutil.rmtree(store.work.folder)
            second.release(PIECE)
        assert (first.trouble, second.trouble) == ("", "")

    def test_deleted_again_and_again(self, store: Store, spawn: Spawn) -> None:
        text = (
            "from whether.digest import digest\n"
            "with store.claims.enter() as claimant:\n"
            "    for n in range(200): claimant.beat(); claimant.claim(digest(n)); claimant.release(digest(n))\n"
        )
        process = spawn(text, store.root)
        while process.poll() is None:
            shutil.rmtree(store.work.folder, ignore_errors=True)
            time.sleep(0.01)
        assert process.returncode == 0

    @pytest.mark.parametrize(("call", "number"), [("write", errno.ENOSPC), ("open", errno.EROFS)])
    def test_a_disk_that_refuses_stops_nobody(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, call: str, number: int
    ) -> None:
        other = store.claims.enter()
        other.claim(OTHER)
        ours = store.claims.enter()
        genuine = getattr(os, call)

        def refusing(what: object, *rest: int) -> object:
            if call == "write" or (rest and rest[0] & os.O_CREAT):
                raise OSError(number, "refused")
            return genuine(what, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, refusing)
            ours.beat()
            assert ours.claim(PIECE)
            assert ours.holds(PIECE)
            assert not ours.claim(OTHER)  # this claim can be read, and its claimant lives
            late = store.claims.enter()
            assert late.claim(PIECE)
        assert ours.trouble.startswith("could not write a sign of life")
        assert late.trouble != ""
        assert other.claim(PIECE)
        assert not ours.holds(PIECE)


class TestKeeping:
    def test_claims_are_no_findings_and_go_when_nobody_beats(self, filled: Store) -> None:
        claimant = filled.claims.enter()
        claimant.claim(PIECE)
        claim, driver = filled.claims.path(PIECE), filled.claims.driver(claimant.id)
        assert verify(filled) == []
        needed = filled.records.listing()
        age(claim)  # of a piece that takes long
        assert clean(filled, needed, dry_run=False).files == 0
        age(driver)
        assert clean(filled, needed, dry_run=False).files == 2
        assert not claim.exists()
        claimant.claim(PIECE)
        age(claim)  # whose driver's file is missing
        assert clean(filled, needed, dry_run=False).files == 1
