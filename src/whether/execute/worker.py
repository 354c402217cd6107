"""The Worker: carries jobs out in its process, over a lab. Every state is published the moment it is reached.

Whatever kills a worker costs at most the time since the last checkpoint; whoever takes the piece next finds what stands
and goes on. Workers of one lab need not know of one another: the first to finish a piece stands, the others adopt it.
"""

from __future__ import annotations

import platform
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from whether.answer import DIVERGED
from whether.errors import (
    CODE_RAISES,
    DamagedPieceError,
    DamageError,
    RaisedError,
    RequestError,
    WhetherError,
    failed,
)
from whether.execute import profiles
from whether.execute.contract import Advanced, Ended, Event, Failed, Failure, Job, Reached, Stood, Told
from whether.execute.making import Made
from whether.execute.progress import Note
from whether.execute.shelf import history, stands
from whether.execute.wording import elsewhere
from whether.execute.workshop import NoStateError, Workshop
from whether.history.facts import Loaded, MeasureFact, Point, Redrawn, State, Trajectory
from whether.history.resolve import this_machine
from whether.models import prunable
from whether.plan.plan import Piece
from whether.settings import seconds_of
from whether.store.clean import quarantine
from whether.train.checkpoint import decode_checkpoint, encode_checkpoint, encode_tensors
from whether.train.pack import PackStopped, Watch, train_pack
from whether.train.replica import Replica, Snapshot

TOLD_EVERY = 0.1  # seconds between two signs of life
Say = Callable[[Event], None]


@dataclass(frozen=True)
class Post:
    """Where a job is carried out: its slot, who hears of it, when it must end, how many threads it may have."""

    slot: str
    say: Say
    stopping: Callable[[], bool] = lambda: False
    threads: Callable[[], int] = torch.get_num_threads


class Worker:
    """Trains, measures and publishes over one lab; the lanes of a process share one.

    Args:
        workshop: over the lab. What it has to tell while it makes things goes to whoever its listener is.
        device: on which packs train.
    """

    def __init__(self, workshop: Workshop, device: str = "cpu") -> None:
        self.workshop = workshop
        self.store = workshop.store
        self.device = torch.device(device)
        profile = profiles.current(self.store, self.device)
        self.profile, self.settings = profile.digest, profile.settings
        self.host = platform.node()
        self._lock = threading.RLock()  # the lanes share the workshop; the disk is waited for without it
        self._checkpoint_every = checkpoint_seconds()

    def carry_out(self, job: Job, post: Post) -> None:
        """Train the job's pack, then take its measures; the last event is Ended or Failed, or none after a stop.

        Nothing is raised: what went wrong is an event, too.
        """
        try:
            seconds, steps = self.do(job.pieces, job.measures, post)
        except StoppedError:
            return
        except CODE_RAISES as error:
            post.say(Failed(post.slot, job.number, failure_of(error)))
        else:
            post.say(Ended(post.slot, job.number, seconds, steps))

    def do(self, pack: Sequence[Piece], measures: Sequence[MeasureFact], post: Post) -> tuple[float, int]:
        """Train a pack, then take measures, and let through whatever is raised.

        Returns:
            The seconds that training took, and how many network-steps it did in them.
        """
        with self._lock:  # another process than the one that asked may have other code, and another node other files
            self.workshop.prepare([*(piece.trajectory for piece in pack), *measures])
        done = self._train(pack, post)
        self._measure(measures, post)
        return done

    def _train(self, pack: Sequence[Piece], post: Post) -> tuple[float, int]:
        begun: dict[int, list[tuple[Piece, Replica]]] = {}
        for piece in pack:
            try:
                with self._lock:
                    replica = self._begin(piece, post)
            except NoStateError as error:
                self._inherit(piece, error)
                post.say(Advanced(post.slot, piece.steps))
                post.say(Reached(post.slot, piece.trajectory.digest))
                continue
            begun.setdefault(replica.step, []).append((piece, replica))
        for step, group in begun.items():
            resumed = [piece.trajectory.digest[:8] for piece, _ in group if step > piece.trajectory.begin.step]
            if resumed:
                others = f", and {len(resumed) - 1} with it" if len(resumed) > 1 else ""
                post.say(Told(post.slot, f"{resumed[0]} goes on from step {step}{others}"))
        trained = [  # those that go on from a checkpoint stand at steps of their own
            self._train_group([piece for piece, _ in group], [replica for _, replica in group], post)
            for group in begun.values()
        ]
        return sum(seconds for seconds, _ in trained), sum(steps for _, steps in trained)

    def _train_group(self, pack: Sequence[Piece], replicas: Sequence[Replica], post: Post) -> tuple[float, int]:
        model = pack[0].trajectory.begin.model
        pulse = Pulse(post)

        def publish(place: int, snapshot: Snapshot) -> None:
            reached, spared = self._publish(pack[place], snapshot)
            if spared:
                pulse.beat(spared)
            for point in reached[:-1] if reached[-1] is pack[place].points[-1] else reached:
                post.say(Stood(post.slot, point.digest))
            if reached[-1] is pack[place].points[-1]:
                pulse.flush()
                post.say(Reached(post.slot, pack[place].trajectory.digest))

        watch = Watch(
            stop=publish,
            checkpoint=lambda place, snapshot: self._checkpoint(pack[place], snapshot),
            checkpoint_every=self._checkpoint_every,
            progress=pulse.beat,
            threads=post.threads,
            note=lambda text: post.say(Told(post.slot, text)),
        )
        with self._lock:
            training = pack[0].trajectory.training
            if training.precision == "tf32" and self.device.type != "cuda":
                raise RequestError(
                    f"precision='tf32' is of NVIDIA's GPUs, and this trains on {self.device}; leave it out."
                )
            data = self.workshop.data(training.data_name, training.data, self.device)
            module = self.workshop.module(model)
        began = time.perf_counter()
        try:
            train_pack(module, replicas, data, watch, self.settings)
        except (WhetherError, StoppedError):
            raise
        except CODE_RAISES as error:
            if out_of_memory(error):
                raise
            raise failed(f"training {model.name}", error) from error
        finally:
            pulse.flush()
        return time.perf_counter() - began, pulse.steps

    def _measure(self, wanted: Sequence[MeasureFact], post: Post) -> None:
        taken: list[str] = []
        told = time.monotonic()
        for fact in wanted:
            if post.stopping():
                raise StoppedError
            if fact.taken_on not in ("", this_machine()):
                raise elsewhere(fact, this_machine())
            if fact.taken_on and self.store.records.has(fact.digest):  # another command took it, while ours waited
                taken.append(fact.digest)
                continue
            with self._lock:
                try:
                    body = self.workshop.measure(fact)
                except RaisedError as error:
                    raise _OfItem(fact.digest) from error
            self.store.records.write(fact.digest, body | {"profile": self.profile, "history": history(fact)})
            taken.append(fact.digest)
            if time.monotonic() - told >= TOLD_EVERY:
                post.say(Advanced(post.slot, measures=tuple(taken)))
                taken, told = [], time.monotonic()
        if taken:
            post.say(Advanced(post.slot, measures=tuple(taken)))

    def _begin(self, piece: Piece, post: Post) -> Replica:
        trajectory = piece.trajectory
        found = self._checkpointed(piece)
        if found is not None:
            post.say(Advanced(post.slot, found.step - trajectory.begin.step))
            for point in piece.points:
                if point.at <= found.step:
                    post.say(Stood(post.slot, point.digest))
            return Replica(
                training=trajectory.training,
                order=trajectory.order,
                step=found.step,
                stops=tuple(point.at for point in piece.points if point.at > found.step),
                weights=found.weights,
                masks=found.masks,
                optimizer=found.optimizer,
                curves=found.curves,
                checks=found.checks,
                seconds=found.seconds,
                **self._limits(trajectory),
            )
        try:
            made = self.workshop.state(trajectory.begin)
        except RaisedError as error:
            raise _OfItem(trajectory.digest) from error
        resumed = trajectory.resumes
        return Replica(
            training=trajectory.training,
            order=trajectory.order,
            step=trajectory.begin.step,
            stops=tuple(point.at for point in piece.points),
            weights=made.weights,
            masks=made.masks,
            optimizer=self.workshop.optimizer(resumed) if resumed is not None else None,
            **self._limits(trajectory),
        )

    def _limits(self, trajectory: Trajectory) -> dict[str, Any]:
        """What of a network may change in its training: which parameters train, which weights masks are of."""
        model, held = trajectory.begin.model, trajectory.begin.held
        return {
            "fresh": _is_fresh(trajectory.begin),
            "trains": None if held is None else self.workshop.trains(held),
            "prunable": prunable(self.workshop.module(model)) if trajectory.training.sparsify is not None else (),
        }

    def _checkpointed(self, piece: Piece) -> Snapshot | None:
        """The checkpoint that a piece can go on from: on its way, and nothing before it is still to be published."""
        kept = self.store.work.read(piece.trajectory.digest)
        found = decode_checkpoint(kept, self.profile) if kept is not None else None
        if found is None or not piece.trajectory.begin.step < found.step < piece.points[-1].at:
            return None
        behind = [point for point in piece.points if point.at <= found.step]
        return found if stands(self.store, piece, behind) else None

    def _publish(self, piece: Piece, snapshot: Snapshot) -> tuple[list[Point], int]:
        """Publish what was reached; which points that was, and how many steps a divergence spared."""
        trajectory = piece.trajectory
        diverged = snapshot.outcome == DIVERGED
        reached = [p for p in piece.points if p.at == snapshot.step or (diverged and p.at > snapshot.step)]
        body = self._body(piece, snapshot.outcome) | {
            "curves": vars(snapshot.curves),
            "checks": [*snapshot.checks, *snapshot.said],
            "seconds": snapshot.seconds,
        }
        for point in reached:
            said = body | {"step": point.at, "history": history(point)}
            if diverged:
                self._keep(point.digest, said | {"diverged_at": snapshot.step})
                continue
            made = Made(snapshot.weights, snapshot.masks)
            optimizer = encode_tensors(snapshot.optimizer) if point.at in piece.keep_optimizer else None
            if self._keep(point.digest, said, self.workshop.encode(made), optimizer):
                with self._lock:
                    self.workshop.remember(point, made)
        if reached[-1] is piece.points[-1]:
            if not diverged and snapshot.step < trajectory.training.total:
                self._checkpoint(piece, snapshot)  # so that going on another day costs nothing
            else:
                self.store.work.remove(trajectory.digest)
        return reached, piece.points[-1].at - snapshot.step if diverged else 0

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
            self.workshop.tell(Note(f"{error} It is set aside in work/damaged and made again."))
        # A record stands whose state was dropped, and ours has other bits: it was trained under another profile. Or
        # somebody goes on from here now, and nobody did when it was trained. Or what stands is damaged.
        quarantine(self.store, digest)
        with self._lock:
            self.workshop.forget(digest)
        return self.store.keep(digest, body, state=state, optimizer=optimizer)

    def _checkpoint(self, piece: Piece, snapshot: Snapshot) -> None:
        self.store.work.write(piece.trajectory.digest, encode_checkpoint(snapshot, self.profile))

    def _inherit(self, piece: Piece, error: NoStateError) -> None:
        """What begins from a network that diverged or failed has done so, too."""
        for point in piece.points:
            said = {"step": point.at, "because": error.digest, "history": history(point)}
            self._keep(point.digest, self._body(piece, error.outcome) | said)

    def _body(self, piece: Piece, outcome: str) -> dict[str, object]:
        return {
            "kind": "point",
            "trajectory": piece.trajectory.digest,
            "outcome": outcome,
            "profile": self.profile,
            "host": self.host,
            "parents": self.workshop.parents(piece.trajectory.begin),
        }


def _is_fresh(state: State) -> bool:
    """Whether weights are as an initialiser drew them: nothing was trained or loaded since."""
    current: State | None = state
    while current is not None and not isinstance(current, Point | Loaded | Redrawn):
        current = current.before
    return current is None or isinstance(current, Redrawn)


class Pulse:
    """Counts the steps of a pack, tells of them now and then, and ends the pack when it must."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.steps = 0
        self._untold = 0
        self._told = time.monotonic()

    def beat(self, steps: int) -> None:
        """So many network-steps more.

        Raises:
            StoppedError: when the pack must end here.
        """
        if self.post.stopping():
            raise StoppedError
        self.steps += steps
        self._untold += steps
        if time.monotonic() - self._told >= TOLD_EVERY:
            self.flush()

    def flush(self) -> None:
        """Tell what was not told yet."""
        if self._untold:
            self.post.say(Advanced(self.post.slot, self._untold))
        self._untold, self._told = 0, time.monotonic()


class StoppedError(PackStopped):
    """Another lane failed, or somebody pressed Ctrl-C: this one ends too."""


class _OfItem(Exception):
    """Names the piece or measure whose making raised the error that this one is raised from."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of this machine or its device did not do."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "not enough memory" in str(error)


def failure_of(error: BaseException) -> Failure:
    """An error of a job as plain values."""
    item = ""
    if isinstance(error, _OfItem) and isinstance(error.__cause__, Exception):
        item, error = str(error.args[0]), error.__cause__
    detail = "".join(traceback.format_exception(error))
    match error:
        case DamagedPieceError():
            return Failure("damaged", str(error), item=error.digest, place=error.place)
        case DamageError():
            return Failure("damage", str(error), place=error.place)
        case RequestError():
            return Failure("request", str(error), problems=error.problems)
        case RaisedError():
            return Failure("raised", str(error), item=item, detail=detail)
        case WhetherError():
            return Failure("work", str(error))
    if out_of_memory(error):
        return Failure("memory", str(error).splitlines()[0] if str(error) else type(error).__name__)
    return Failure("raised", str(failed("the work of a slot", error)), item=item, detail=detail)


def checkpoint_seconds() -> float:
    """Seconds between two checkpoints: those of WHETHER_CHECKPOINT_SECONDS, else what a Watch says.

    Raises:
        RequestError: when the variable says no such number.
    """
    return seconds_of("WHETHER_CHECKPOINT_SECONDS", Watch.checkpoint_every, least=-1e-9)
