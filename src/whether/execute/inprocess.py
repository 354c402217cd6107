"""The in-process executor: packs of ready pieces, one after the other, each trajectory trained once.

Every state is published the moment it is reached. Whatever kills this process costs at most the time since the last
checkpoint; the next run finds what stands and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

from whether.answer import DIVERGED, DONE
from whether.digest import digest
from whether.errors import WhetherError, WorkError
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

    def train(self, pieces: Sequence[Piece]) -> None:
        """Train pieces in the order that their needs and the critical path give.

        Raises:
            DamagedPieceError: when a stored state that a piece begins from is damaged.
            WorkError: when training code fails or the disk refuses; what was done stays.
        """
        waiting = {piece.trajectory.digest: piece for piece in pieces}
        heights = critical_path(pieces)
        ready_points: set[str] = set()
        self._steps, self._done, self._trained = sum(piece.steps for piece in pieces), 0, 0
        while waiting:
            ready = [
                piece for piece in waiting.values() if all(point.digest in ready_points for point in piece.waits_for)
            ]
            pack = self._next_pack(ready, heights)
            self._train_pack(pack, len(pieces))
            for piece in pack:
                del waiting[piece.trajectory.digest]
                ready_points |= {point.digest for point in piece.points}
            self._trained += len(pack)

    def measure(self, wanted: Sequence[MeasureFact]) -> None:
        """Take measures whose states stand, and publish each."""
        for done, fact in enumerate(wanted):
            self.store.records.write(fact.digest, self.workshop.measure(fact) | {"profile": self.profile})
            if self._due():
                self.tell(Measuring(done, len(wanted)))
        if wanted:
            self.tell(Measuring(len(wanted), len(wanted)))

    def _next_pack(self, ready: Sequence[Piece], heights: dict[str, int]) -> list[Piece]:
        """The ready pieces that may train together with the one on which most depends, as many as go at once."""
        ranked = sorted(ready, key=lambda piece: (-heights[piece.trajectory.digest], piece.trajectory.digest))
        first = ranked[0]
        group = [piece for piece in ranked if _alike(piece) == _alike(first)]
        return group[: shares(len(group), networks_at_once(first.trajectory.begin.model))[0]]

    def _train_pack(self, pack: Sequence[Piece], of: int) -> None:
        begun: dict[int, list[tuple[Piece, Replica]]] = {}
        for piece in pack:
            try:
                replica = self._begin(piece)
            except DivergedError as error:
                self._inherit(piece, error)
                continue
            begun.setdefault(replica.step, []).append((piece, replica))
        for group in begun.values():  # those that go on from a checkpoint stand at steps of their own
            self._train_group([piece for piece, _ in group], [replica for _, replica in group], of)

    def _train_group(self, pack: Sequence[Piece], replicas: Sequence[Replica], of: int) -> None:
        model = pack[0].trajectory.begin.model
        label = f"{model.name} on {pack[0].trajectory.training.data_name.name}"

        def progress(steps: int) -> None:
            self._done += steps
            if self._due():
                self.tell(Training(len(pack), label, self._done, self._steps, self._trained, of))

        watch = Watch(
            stop=lambda place, snapshot: self._publish(pack[place], snapshot),
            checkpoint=lambda place, snapshot: self._checkpoint(pack[place], snapshot),
            progress=progress,
        )
        self.tell(Training(len(pack), label, self._done, self._steps, self._trained, of))
        data = self.workshop.data(pack[0].trajectory.training.data_name)
        try:
            train_pack(self.workshop.module(model), replicas, data, watch)
        except WhetherError:
            raise
        except (MemoryError, RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
            said = str(error).splitlines()[0] if str(error) else ""
            raise WorkError(
                f"training {model.name} failed: {type(error).__name__}: {said}. What was trained before stays; mend "
                "the cause and run the same command again."
            ) from error

    def _begin(self, piece: Piece) -> Replica:
        trajectory = piece.trajectory
        stops = tuple(point.at for point in piece.points)
        kept = self.store.work.read(trajectory.digest)
        found = decode_checkpoint(kept) if kept is not None else None
        if found is not None and trajectory.begin.step < found.step < stops[0]:
            self.tell(Note(f"{trajectory.digest[:8]} goes on from step {found.step}"))
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
            "checks": list(snapshot.checks),
            "seconds": snapshot.seconds,
            "profile": self.profile,
            "parents": self.workshop.parents(trajectory.begin),
        }
        for point in reached:
            if diverged:
                self.store.keep(point.digest, body | {"step": point.at, "diverged_at": snapshot.step})
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

    def _keep(self, digest: str, body: dict[str, object], state: bytes, optimizer: bytes | None) -> bool:
        """Publish a state; tell whether it is ours that stands."""
        if self.store.keep(digest, body, state=state, optimizer=optimizer):
            return True
        whole = optimizer is None or "optimizer" in self.store.records.read(digest)
        if whole and self.store.states.has(digest):
            return False
        # A record stands whose state was dropped, and ours has other bits: it was trained under another profile. Or
        # somebody goes on from here now, and nobody did when it was trained.
        quarantine(self.store, digest)
        self.workshop.forget(digest)
        return self.store.keep(digest, body, state=state, optimizer=optimizer)

    def _checkpoint(self, piece: Piece, snapshot: Snapshot) -> None:
        self.store.work.write(piece.trajectory.digest, encode_checkpoint(snapshot))

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
            self.store.keep(point.digest, body)
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


def _alike(piece: Piece) -> tuple[object, ...]:
    trajectory = piece.trajectory
    return (trajectory.begin.model.digest, trajectory.begin.step, pack_key(trajectory.training))


__all__ = ["DONE", "InProcess", "critical_path"]
