"""The in-process executor: packs of ready pieces in as many lanes as there are threads, each trajectory trained once.

A lane is a thread that trains one pack on one core. Two lanes do as much as one pack on two cores, and where other
programs want the cores too they do more: they never wait for one another. A pack that is alone gets all the cores.

Every state is published the moment it is reached. Whatever kills this process costs at most the time since the last
checkpoint; the next run finds what stands and goes on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict

import torch

from whether.answer import DIVERGED, DONE
from whether.digest import digest
from whether.errors import DamageError, RequestError, WhetherError, failed
from whether.execute.progress import Listener, Measuring, Note, Training
from whether.execute.workshop import DivergedError, Made, Workshop
from whether.history.facts import MeasureFact
from whether.plan.plan import Piece
from whether.plan.width import networks_at_once, shares
from whether.store.clean import quarantine
from whether.train.checkpoint import decode_checkpoint, encode_checkpoint, encode_tensors
from whether.train.pack import Watch, pack_key, train_pack
from whether.train.profile import profile
from whether.train.replica import Replica, Snapshot
from whether.words import is_own_code

TOLD_EVERY = 0.1  # seconds between two events of progress


class InProcess:
    """Trains pieces in this process.

    Args:
        workshop: over the lab.
        tell: hears of progress.
    """

    def __init__(self, workshop: Workshop, tell: Listener) -> None:
        self.workshop = workshop
        self.store = workshop.store
        self.tell = tell
        self.profile = self._publish_profile()
        self._steps = self._done = self._trained = 0
        self._told = 0.0
        self._lock = threading.RLock()  # the workshop, the progress and the records are shared by the lanes
        self._cores = torch.get_num_threads()
        self._checkpoint_every = checkpoint_seconds()
        self._busy = 0
        self._stopping = False

    def train(self, pieces: Sequence[Piece]) -> None:
        """Train pieces in the order that their needs and the critical path give.

        Raises:
            DamagedPieceError: when a stored state that a piece begins from is damaged.
            WorkError: when training code fails or the disk refuses; what was done stays.
        """
        waiting = {piece.trajectory.digest: piece for piece in pieces}
        heights = critical_path(pieces)
        stood: set[str] = set()
        running: dict[Future[None], list[Piece]] = {}
        self._steps, self._done, self._trained = sum(piece.steps for piece in pieces), 0, 0
        self._stopping = False
        with ThreadPoolExecutor(self._cores, thread_name_prefix="lane") as pool:
            try:
                while waiting or running:
                    ready = [piece for piece in waiting.values() if all(p.digest in stood for p in piece.waits_for)]
                    for pack in self._next_packs(ready, heights, running.values()):
                        for piece in pack:
                            del waiting[piece.trajectory.digest]
                        self._busy += 1
                        running[pool.submit(self._train_pack, pack, len(pieces))] = pack
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        done.result()
                        pack = running.pop(done)
                        self._busy -= 1
                        self._trained += len(pack)
                        stood |= {point.digest for piece in pack for point in piece.points}
            except BaseException:
                self._stopping = True  # lanes end at their next step
                raise
            finally:
                self._busy = 0

    def measure(self, wanted: Sequence[MeasureFact]) -> None:
        """Take measures whose states stand, and publish each."""
        for done, fact in enumerate(wanted):
            self.store.records.write(fact.digest, self.workshop.measure(fact) | {"profile": self.profile})
            if self._due():
                self.tell(Measuring(done, len(wanted)))
        if wanted:
            self.tell(Measuring(len(wanted), len(wanted)))

    def _next_packs(
        self, ready: Sequence[Piece], heights: dict[str, int], running: Collection[list[Piece]]
    ) -> Iterator[list[Piece]]:
        """Packs for the free lanes: the pieces on which most depends first, each with those that may train with it."""
        ranked = sorted(ready, key=lambda piece: (-heights[piece.trajectory.digest], piece.trajectory.digest))
        free = self._cores - len(running)
        if any(not _shares_lanes(pack[0]) for pack in running):
            return
        while ranked and free > 0:
            first = ranked[0]
            if not _shares_lanes(first) and free < self._cores:
                return
            group = [piece for piece in ranked if _alike(piece) == _alike(first)]
            # At least one pack a lane: two halves in two lanes, rather than one whole in one.
            width = min(networks_at_once(first.trajectory.begin.model), -(-len(group) // free))
            pack = group[: shares(len(group), width)[0]]
            ranked = [piece for piece in ranked if piece not in pack]
            free = free - 1 if _shares_lanes(first) else 0
            yield pack

    def _train_pack(self, pack: Sequence[Piece], of: int) -> None:
        begun: dict[int, list[tuple[Piece, Replica]]] = {}
        for piece in pack:
            try:
                with self._lock:
                    replica = self._begin(piece)
            except DivergedError as error:
                with self._lock:
                    self._inherit(piece, error)
                continue
            begun.setdefault(replica.step, []).append((piece, replica))
        for group in begun.values():  # those that go on from a checkpoint stand at steps of their own
            self._train_group([piece for piece, _ in group], [replica for _, replica in group], of)

    def _train_group(self, pack: Sequence[Piece], replicas: Sequence[Replica], of: int) -> None:
        model = pack[0].trajectory.begin.model
        label = f"{model.name} on {pack[0].trajectory.training.data_name.name}"

        def progress(steps: int) -> None:
            if self._stopping:
                raise _StoppedError
            with self._lock:
                self._done += steps
                if self._due():
                    self.tell(Training(len(pack), label, self._done, self._steps, self._trained, of))

        def publish(place: int, snapshot: Snapshot) -> None:
            with self._lock:
                self._publish(pack[place], snapshot)

        watch = Watch(
            stop=publish,
            checkpoint=lambda place, snapshot: self._checkpoint(pack[place], snapshot),
            checkpoint_every=self._checkpoint_every,
            progress=progress,
            threads=lambda: max(1, self._cores // max(1, self._busy)),
        )
        with self._lock:
            self.tell(Training(len(pack), label, self._done, self._steps, self._trained, of))
            data = self.workshop.data(pack[0].trajectory.training.data_name)
            module = self.workshop.module(model)
        try:
            train_pack(module, replicas, data, watch)
        except _StoppedError:
            return
        except WhetherError:
            raise
        except Exception as error:  # code of one's own raises whatever it likes
            raise failed(f"training {model.name}", error) from error

    def _begin(self, piece: Piece) -> Replica:
        trajectory = piece.trajectory
        stops = tuple(point.at for point in piece.points)
        kept = self.store.work.read(trajectory.digest)
        found = decode_checkpoint(kept, self.profile) if kept is not None else None
        if found is not None and trajectory.begin.step < found.step < stops[0]:
            self.tell(Note(f"{trajectory.digest[:8]} goes on from step {found.step}"))
            self._done += found.step - trajectory.begin.step
            return Replica(
                training=trajectory.training,
                order=trajectory.order,
                step=found.step,
                stops=stops,
                weights=found.weights,
                masks=found.masks,
                optimizer=found.optimizer,
                curves=found.curves,
                checks=found.checks,
                seconds=found.seconds,
            )
        made = self.workshop.state(trajectory.begin)
        resumed = trajectory.resumes
        return Replica(
            training=trajectory.training,
            order=trajectory.order,
            step=trajectory.begin.step,
            stops=stops,
            weights=made.weights,
            masks=made.masks,
            optimizer=self.workshop.optimizer(resumed) if resumed is not None else None,
        )

    def _publish(self, piece: Piece, snapshot: Snapshot) -> None:
        trajectory = piece.trajectory
        diverged = snapshot.outcome == DIVERGED
        reached = [p for p in piece.points if p.at == snapshot.step or (diverged and p.at > snapshot.step)]
        body = {
            "kind": "point",
            "trajectory": trajectory.digest,
            "outcome": snapshot.outcome,
            "curves": asdict(snapshot.curves),
            "checks": [*snapshot.checks, *snapshot.said],
            "seconds": snapshot.seconds,
            "profile": self.profile,
            "parents": self.workshop.parents(trajectory.begin),
        }
        if diverged:
            self._done += piece.points[-1].at - snapshot.step
        for point in reached:
            if diverged:
                self._keep(point.digest, body | {"step": point.at, "diverged_at": snapshot.step})
                continue
            made = Made(snapshot.weights, snapshot.masks)
            optimizer = encode_tensors(snapshot.optimizer) if point.at in piece.keep_optimizer else None
            if self._keep(point.digest, body | {"step": point.at}, self.workshop.encode(made), optimizer):
                self.workshop.remember(point, made)
        if reached and reached[-1] is piece.points[-1]:
            if not diverged and snapshot.step < trajectory.training.total:
                self._checkpoint(piece, snapshot)  # so that going on another day costs nothing
            else:
                self.store.work.remove(trajectory.digest)

    def _keep(
        self, digest: str, body: dict[str, object], state: bytes | None = None, optimizer: bytes | None = None
    ) -> bool:
        """Publish a state, or that there is none; tell whether it is ours that stands."""
        try:
            if self.store.keep(digest, body, state=state, optimizer=optimizer):
                return True
            whole = optimizer is None or "optimizer" in self.store.records.read(digest)
            if whole and (state is None or self.store.states.has(digest)):
                return False
        except DamageError as error:
            self.tell(Note(f"{error} It is set aside in work/damaged and made again."))
        # A record stands whose state was dropped, and ours has other bits: it was trained under another profile. Or
        # somebody goes on from here now, and nobody did when it was trained. Or what stands is damaged.
        quarantine(self.store, digest)
        self.workshop.forget(digest)
        return self.store.keep(digest, body, state=state, optimizer=optimizer)

    def _checkpoint(self, piece: Piece, snapshot: Snapshot) -> None:
        self.store.work.write(piece.trajectory.digest, encode_checkpoint(snapshot, self.profile))

    def _inherit(self, piece: Piece, error: DivergedError) -> None:
        """What begins from a network that diverged has diverged too."""
        for point in piece.points:
            body = {
                "kind": "point",
                "trajectory": piece.trajectory.digest,
                "outcome": DIVERGED,
                "step": point.at,
                "because": error.digest,
                "profile": self.profile,
                "parents": self.workshop.parents(piece.trajectory.begin),
            }
            self._keep(point.digest, body)
        self._done += piece.steps

    def _publish_profile(self) -> str:
        body = profile()
        name = digest(body)
        if not self.store.profiles.has(name):
            self.store.profiles.write(name, body)
        return name

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._told < TOLD_EVERY:
            return False
        self._told = now
        return True


def critical_path(pieces: Sequence[Piece]) -> dict[str, int]:
    """For each piece, the steps of the longest chain of pieces that begins with it."""
    by_point = {point.digest: piece for piece in pieces for point in piece.points}
    followers: dict[str, list[Piece]] = {}
    for piece in pieces:
        for point in piece.waits_for:
            if point.digest in by_point:
                followers.setdefault(by_point[point.digest].trajectory.digest, []).append(piece)
    heights: dict[str, int] = {}
    waiting = list(pieces)
    while waiting:
        piece = waiting[-1]
        after = followers.get(piece.trajectory.digest, [])
        missing = [item for item in after if item.trajectory.digest not in heights]
        if missing:
            waiting.extend(missing)
            continue
        longest = max((heights[item.trajectory.digest] for item in after), default=0)
        heights[piece.trajectory.digest] = piece.steps + longest
        waiting.pop()
    return heights


def checkpoint_seconds() -> float:
    """Seconds between two checkpoints: those of WHETHER_CHECKPOINT_SECONDS, else what a Watch says.

    Raises:
        RequestError: when the variable says no such number.
    """
    given = os.environ.get("WHETHER_CHECKPOINT_SECONDS") or str(Watch.checkpoint_every)
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise RequestError(f"WHETHER_CHECKPOINT_SECONDS is {given!r}; expected a number of seconds, such as 20.")
    return seconds


class _StoppedError(Exception):
    """Another lane failed, or somebody pressed Ctrl-C: this one ends too."""


def _shares_lanes(piece: Piece) -> bool:
    """Whether packs of this model may train beside others: code of one's own may read the global generator."""
    return not is_own_code(piece.trajectory.begin.model.name)


def _alike(piece: Piece) -> tuple[object, ...]:
    trajectory = piece.trajectory
    return (trajectory.begin.model.digest, trajectory.begin.step, pack_key(trajectory.training))


__all__ = ["DONE", "InProcess", "critical_path"]
