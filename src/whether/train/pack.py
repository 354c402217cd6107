"""Train R networks of one shape as one computation, replica axis first.

The networks of a pack share architecture, data set, batch, length and kind of optimiser; seeds, orders, masks, learning
rates and weight decay are each their own. What happens to one does not reach another: every product is batched over
replicas, every sum stays within one. So on a CPU a network's bits are the same alone and in company (on a GPU they
agree to a tolerance), and one that diverges is recorded and let go.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.prune.masks import wear
from whether.tasks.kinds import IGNORED
from whether.tasks.task import find
from whether.train import asserts
from whether.train.batches import Batches
from whether.train.bounds import Bounds
from whether.train.capture import Recorder, recorder
from whether.train.chain import EVALUATED_AT_ONCE
from whether.train.moments import begin, of_existing, on_host
from whether.train.own import OwnOptimizer
from whether.train.packed_optim import RowOptimizer
from whether.train.packed_step import Course, WholeStep, why_eager
from whether.train.packed_width import cut, meter
from whether.train.precision import products
from whether.train.profile import SHIPPED, Settings
from whether.train.program import alike, choose, is_batched
from whether.train.replica import CURVES, Replica, Snapshot

WORTH_KEEPING = 1.0  # seconds of work that a pack which is told to end keeps
SMALL_BATCH = 64  # below it a lone network is computed on one thread: two would cut its products elsewhere


class PackStopped(Exception):
    """Raised by a pack's `progress` to end it between two steps: what was done is kept in checkpoints."""


OnStop = Callable[[int, Snapshot], None]


def _unheard(*_: object) -> None:
    """For those who do not listen."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a pack reports while it trains; results do not depend on it.

    Attributes:
        stop: called with a network's place in the pack and its state at each of its stops.
        checkpoint: called for every network each `checkpoint_every` seconds.
        progress: called with the number of network-steps since the last call.
        threads: asked at every step how many threads this pack may use.
        note: called with what a reader should know, such as why networks are not trained at once.
    """

    stop: OnStop
    checkpoint: OnStop = _unheard
    progress: Callable[[int], None] = _unheard
    checkpoint_every: float = 20.0
    threads: Callable[[], int] = torch.get_num_threads
    note: Callable[[str], None] = _unheard


def train_pack(
    module: nn.Module, replicas: Sequence[Replica], data: Tensors, watch: Watch, settings: Settings = SHIPPED
) -> None:
    """Train networks together, each through its stops; those that are computed in another way, after one another.

    Args:
        module: the architecture.
        replicas: networks that agree in `plan.width.pack_key` and in `step`.
        data: on the device that trains.
        watch: is told of every state that was asked for.
        settings: of the profile: which kernels multiply what.
    """
    quiet = Watch(stop=_unheard)

    def made(places: Sequence[int], heard: Watch = quiet) -> _Pack:
        return _Pack(module, replicas, data, heard, settings=settings, places=places)

    for together in alike(module, replicas, data, settings):
        for places in cut(together, made, module, replicas[0].training, meter(data.x_train.device)):
            made(places, watch).run()


class _Pack:
    def __init__(
        self,
        module: nn.Module,
        replicas: Sequence[Replica],
        data: Tensors,
        watch: Watch,
        *,
        settings: Settings = SHIPPED,
        places: Sequence[int] | None = None,
    ) -> None:
        self.places = list(range(len(replicas)) if places is None else places)  # in the pack as it was given
        self.replicas = replicas = [replicas[place] for place in self.places]
        self.training = replicas[0].training
        self.step = replicas[0].step
        self.grid = frozenset(self.training.grid)
        self.watch = watch
        self.data = data
        device = data.x_train.device
        self.program = choose(module.to(device), replicas, data, settings, watch.note)
        records = self._recorder(module, device)
        layout = self.program.layout
        self.batches = Batches(replicas, data, self.program.inputs)
        self.task = find(self.training.task)
        held = data.validation_index
        self.x_held = self.program.inputs(data.x_train[held]) if len(held) else data.x_train[held]
        self.y_held = data.y_train[held]
        self.held = int(self.task.counted(self.y_held)) if len(self.y_held) else 0
        self.weights = torch.zeros(len(replicas), layout.size, dtype=torch.float32)
        for place, replica in enumerate(replicas):
            self._load(place, replica)
        self.weights = self.weights.to(device)  # in one piece
        self.gradient = torch.zeros_like(self.weights)
        self.bits = self.weights.view(torch.int32)
        self.optimizer = begin(replicas, self.weights, layout, recorded=records is not None)
        self.bounds = Bounds(layout, replicas, self.weights)
        self._forget_masked()
        if self.training.sparsify is not None:
            self.bounds.restore(self.weights, self.bits)
        self._go_on_gathering(device)
        self.checks = [list(replica.checks) for replica in replicas]
        self.is_counted = self.training.task != "regression"  # otherwise nothing is right or wrong
        self.stops = frozenset(stop for replica in replicas for stop in replica.stops)
        self.whole: WholeStep | None = None
        if isinstance(self.optimizer, RowOptimizer):
            self.whole = WholeStep(Course(self.batches, self.optimizer), records, watch.note)
        self.spent = 0.0  # seconds, each network's share
        self.since = self.saved = time.perf_counter()

    def _go_on_gathering(self, device: torch.device) -> None:
        """Curves, and the sums since their last points, from where each network was."""
        self.curves = [replica.curves.copy() for replica in self.replicas]
        losses, rights, seen = zip(*(curves.gathered for curves in self.curves), strict=True)
        self.loss = torch.tensor(losses, dtype=torch.float64, device=device)
        self.right = torch.tensor(rights, dtype=torch.int64, device=device)
        self.seen = torch.tensor(seen, dtype=torch.int64, device=device)
        self.gathered = self.curves[0].batches

    def _recorder(self, module: nn.Module, device: torch.device) -> Recorder | None:
        """Who records whole steps; None where nobody does, and the host launches them."""
        records = recorder(device)
        eager = why_eager(self.program, module, self.training) if records else ""
        if eager and is_batched(self.program):  # of those that go one by one it is said already
            self.watch.note(f"steps of these networks are launched one kernel after the other: {eager}")
        return None if eager else records

    def run(self) -> None:
        with products(self.training.precision, self.weights.device):
            try:
                self._run()
            except PackStopped:
                self._checkpoint(WORTH_KEEPING)
                raise

    def rehearse(self) -> None:
        """Do one step for the sake of what it takes; this pack is of no use afterwards."""
        with products(self.training.precision, self.weights.device):
            if self.whole is not None:
                self.whole.once(self.step, self._whole)
            else:
                self._launch()

    def look(self) -> None:
        """Look at the validation split for the sake of what that takes."""
        if len(self.y_held):
            self.program.evaluate(self.weights, self.x_held, self.y_held)

    def _run(self) -> None:
        if not self.curves[0].steps and self.step in self.grid:
            self._look()
        while self.replicas:
            with self._threads(self.batches.rows(self.step)):
                self._advance()

    @contextmanager
    def _threads(self, rows: int) -> Iterator[None]:
        """One thread for a lone network with few rows, and for modules: what keeps bits independent of width."""
        before = torch.get_num_threads()
        alone = not is_batched(self.program) or (len(self.replicas) == 1 and rows < SMALL_BATCH)
        torch.set_num_threads(1 if alone else self.watch.threads())
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _advance(self) -> None:
        if self.whole is not None:
            self.whole(self.step, self._whole)
            if self.step == 0:
                self._check_start(self.loss)
        else:
            self._launch()
        self.gathered += 1
        self.step += 1
        count = len(self.replicas)
        if self.step in self.grid:
            self._look()
        self._stop()
        self._checkpoint(self.watch.checkpoint_every)
        self.watch.progress(count)  # last: whoever ends the pack here finds it between two steps

    def _whole(self, x: Tensor, y: Tensor, rates: Float[Tensor, " replica"]) -> None:
        """A step as a device does it from beginning to end: nothing of Python decides, nothing is asked for."""
        assert isinstance(self.optimizer, RowOptimizer)
        losses, right = self.program.gradient(self.weights, self.gradient, x, y, 0)
        self.bounds.limit(self.gradient)
        self.optimizer.apply(self.weights, self.gradient, rates)
        self.bounds.restore(self.weights, self.bits)
        self._gather(losses, right, y)

    def _launch(self) -> None:
        """A step of which the host decides what is done."""
        x, y = self.batches.at(self.step)
        losses, right = self.program.gradient(self.weights, self.gradient, x, y, self.step)
        if self.step == 0:
            self._check_start(losses)
        self.bounds.limit(self.gradient)
        # One's own may look at more than a weight's own gradient, and shall not see what belongs to no weight.
        own = isinstance(self.optimizer, OwnOptimizer)
        seen = self.bounds.existing(self.gradient) if own else self.gradient
        self.optimizer.update(self.weights, seen, self.step)
        self.bounds.restore(self.weights, self.bits)
        for place, stays in self.bounds.change(self.step + 1, self.weights, self.gradient).items():
            self.optimizer.forget(place, stays)
        self._gather(losses, right, y)

    def _gather(self, losses: Float[Tensor, " replica"], right: Tensor, y: Tensor) -> None:
        """Add to what has gathered since the last look, where it lies."""
        self.loss += losses
        self.right += right
        is_text = self.training.task == "language-modelling"
        self.seen += (y != IGNORED).flatten(1).sum(1) if is_text else y.shape[1]

    def _look(self) -> None:
        """A point of the grid: training figures since the last one, validation figures now; the diverged are let go."""
        held = [torch.full((len(self.replicas),), math.nan), torch.zeros(len(self.replicas), dtype=torch.int64)]
        if len(self.y_held):
            last_part = len(self.y_held) % EVALUATED_AT_ONCE or EVALUATED_AT_ONCE
            with self._threads(last_part):
                held = list(self.program.evaluate(self.weights, self.x_held, self.y_held))
        gathered = (self.loss, self.right, self.seen, *held)
        lost: list[int] = []
        for place, (loss, right, seen, held_loss, held_right) in enumerate(
            zip(*(values.tolist() for values in gathered), strict=True)
        ):
            batches = self.gathered
            found = (
                loss / batches if batches else None,
                100.0 * right / seen if seen and self.is_counted else None,
                held_loss if self.held else None,
                100.0 * held_right / self.held if self.held and self.is_counted else None,
            )
            finite = math.isfinite(loss) and (math.isfinite(held_loss) or not len(self.y_held))
            if not finite:
                lost.append(place)
            else:
                self.curves[place].steps.append(self.step)
                for name, value in zip(CURVES, found, strict=True):
                    self.curves[place].values[name].append(value)
        self.loss.zero_()
        self.right.zero_()
        self.seen.zero_()
        self.gathered = 0
        self._diverge(lost)

    def _diverge(self, lost: Sequence[int]) -> None:
        for place in lost:
            self.watch.stop(self.places[place], self._snapshot(place, "diverged"))
        if lost:
            self._keep([place for place in range(len(self.replicas)) if place not in lost])

    def _stop(self) -> None:
        ended: list[int] = []
        lost: list[int] = []
        if self.step not in self.stops:
            return
        for place, replica in enumerate(self.replicas):
            if self.step not in replica.stops:
                continue
            if not bool(torch.isfinite(self.weights[place]).all()):
                lost.append(place)
                continue
            snapshot = self._snapshot(place, "done")
            said = asserts.own_checks(replica.training.asserts, snapshot.weights)
            self.watch.stop(self.places[place], dataclasses.replace(snapshot, said=said))
            if self.step == replica.stops[-1]:
                ended.append(place)
        if lost:
            self._diverge(lost)
            ended = [place - sum(gone < place for gone in lost) for place in ended]
        if ended:
            self._keep([place for place in range(len(self.replicas)) if place not in ended])

    def _checkpoint(self, after: float) -> None:
        """Keep every network's state, if the last time is so many seconds ago."""
        if time.perf_counter() - self.saved < after:
            return
        for place in range(len(self.replicas)):
            if bool(torch.isfinite(self.weights[place]).all()):
                self.watch.checkpoint(self.places[place], self._snapshot(place, "done"))
        self.saved = time.perf_counter()

    def _snapshot(self, place: int, outcome: str) -> Snapshot:
        layout, replica, masks = self.program.layout, self.replicas[place], self.bounds.masks[place]
        curves = self.curves[place].copy()
        curves.gathered = (float(self.loss[place]), int(self.right[place]), int(self.seen[place]))
        curves.batches = self.gathered
        self._account()
        checks, seconds = tuple(self.checks[place]), replica.seconds + self.spent
        if outcome == "diverged":
            return Snapshot(self.step, outcome, {}, masks, {}, curves, checks, seconds)
        weights = layout.at(place).take(self.weights[place].cpu()) | on_host(self.program.buffers(place))
        asserts.masks_hold(weights, masks)
        moments = of_existing(on_host(self.optimizer.state(place, layout)), masks or {})
        return Snapshot(self.step, outcome, weights, masks, moments, curves, checks, seconds)

    def _account(self) -> None:
        now = time.perf_counter()
        self.spent += (now - self.since) / len(self.replicas)
        self.since = now

    def _load(self, place: int, replica: Replica) -> None:
        layout = self.program.layout
        worn = wear(replica.weights, replica.masks or {})
        layout.at(place).fill(self.weights[place], worn)
        names = {slot.name for slot in layout.slots}
        self.program.set_buffers(place, {name: value for name, value in worn.items() if name not in names})

    def _forget_masked(self) -> None:
        """Moments that were kept have none where no weight is, lest a weight that comes back has a past."""
        if self.bounds.keep_bits is not None:
            for place, replica in enumerate(self.replicas):
                if replica.optimizer is not None:
                    self.optimizer.forget(place, self.bounds.keep_bits[place] != 0)

    def _check_start(self, losses: Float[Tensor, " replica"]) -> None:
        chance = find(self.training.loss or self.training.task).chance_loss(self.data.card.classes)
        for place, loss in enumerate(losses.tolist()):
            if self.bounds.masks[place] is not None or not self.replicas[place].fresh or chance is None:
                continue  # neither a sparse beginning nor a trained one is a fresh network
            said = asserts.loss_at_start(loss, self.data.card.classes)
            if said:
                self.checks[place].append(said)

    def _keep(self, places: list[int]) -> None:
        self._account()
        index = torch.tensor(places, dtype=torch.int64, device=self.weights.device)
        self.weights, self.gradient = self.weights[index], self.gradient[index]
        self.bits = self.weights.view(torch.int32)
        self.loss, self.right, self.seen = self.loss[index], self.right[index], self.seen[index]
        self.batches.keep(places)
        self.bounds.keep(places)
        self.program.keep(places)
        self.optimizer.keep(places)
        if self.whole is not None:
            self.whole.keep(places)
        for name in ("replicas", "places", "curves", "checks"):
            rows = getattr(self, name)
            setattr(self, name, [rows[place] for place in places])
