"""Train R networks of one shape as one computation, replica axis first.

The networks of a pack share architecture, data set, batch, length and kind of optimiser; seeds, orders, masks, learning
rates and weight decay are each their own. What happens to one does not reach another: every product is batched over
replicas, every sum stays within one. So a network's bits are the same alone and in company, and one that diverges is
recorded and let go.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.prune.masks import wear
from whether.seeds import Stream
from whether.train import asserts
from whether.train.chain import EVALUATED_AT_ONCE, Chain
from whether.train.layout import Layout
from whether.train.module import Modules
from whether.train.optim import PackOptimizer
from whether.train.replica import CURVES, Named, Replica, Snapshot

SMALL_BATCH = 64  # below it a lone network is computed on one thread: two would cut its products elsewhere


class Program(Protocol):
    """How a pack computes: `Chain` for perceptrons, `Modules` for anything."""

    layout: Layout

    def inputs(self, x: Tensor) -> Tensor:
        """Examples as the program reads them."""

    def gradient(self, weights: Tensor, into: Tensor, x: Tensor, y: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Write the gradient of the mean loss into `into`; return mean loss and number right, by network."""

    def evaluate(self, weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss and number right on one set of examples, for every network."""

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""

    def buffers(self, place: int) -> Named:
        """A network's state that is no parameter."""

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is no parameter."""


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
    """

    stop: OnStop
    checkpoint: OnStop = _unheard
    progress: Callable[[int], None] = _unheard
    checkpoint_every: float = 20.0
    threads: Callable[[], int] = torch.get_num_threads


def train_pack(module: nn.Module, replicas: Sequence[Replica], data: Tensors, watch: Watch) -> None:
    """Train networks together, each through its stops.

    Args:
        module: the architecture.
        replicas: networks that agree in `plan.width.pack_key` and in `step`.
        data: on the device that trains.
        watch: is told of every state that was asked for.
    """
    _Pack(module, replicas, data, watch).run()


class _Pack:
    def __init__(self, module: nn.Module, replicas: Sequence[Replica], data: Tensors, watch: Watch) -> None:
        self.replicas = list(replicas)
        self.places = list(range(len(replicas)))  # where each stood in the pack as it was given
        self.training = replicas[0].training
        self.step = replicas[0].step
        self.grid = frozenset(self.training.grid)
        self.watch = watch
        self.data = data
        device = data.x_train.device
        self.program: Program = (
            Chain(module)
            if Chain.fits(module)
            else Modules(module.to(device), [Stream(r.order, "noise") for r in replicas])
        )
        layout = self.program.layout
        self.train_index = data.train_index.cpu()
        self.x, self.y = self.program.inputs(data.x_train), data.y_train
        self.x_held, self.y_held = self.x[data.validation_index], self.y[data.validation_index]
        self.weights = torch.zeros(len(replicas), layout.size, dtype=torch.float32, device=device)
        self.gradient = torch.zeros_like(self.weights)
        self.bits = self.weights.view(torch.int32)
        self.optimizer = PackOptimizer([r.training for r in replicas], self.weights)
        self.keep_bits = self._masks(device)
        for place, replica in enumerate(replicas):
            self._load(place, replica)
        self.curves = [replica.curves.copy() for replica in replicas]
        self.loss = torch.tensor([c.gathered[0] for c in self.curves], dtype=torch.float64, device=device)
        self.right = torch.tensor([c.gathered[1] for c in self.curves], dtype=torch.int64, device=device)
        self.seen = [c.gathered[2] for c in self.curves]
        self.batches = self.curves[0].batches
        self.checks = [list(replica.checks) for replica in replicas]
        self.orders: Tensor | None = None
        self.rooms: dict[int, Tensor] = {}  # for batches: fresh tensors at every step cost more than filling them
        self.spent = 0.0  # seconds, each network's share
        self.since = self.saved = time.perf_counter()

    def run(self) -> None:
        if not self.curves[0].steps and self.step in self.grid:
            self._look()
        while self.replicas:
            place, size = self.step % self.training.per_epoch, self.training.batch
            rows = min(size, len(self.train_index) - place * size)  # an epoch's last batch may be small
            with _threads(len(self.replicas), rows, self.watch.threads()):
                self._advance()

    def _advance(self) -> None:
        x, y = self._batch()
        losses, right = self.program.gradient(self.weights, self.gradient, x, y, self.step)
        if self.step == 0:
            self._check_start(losses)
        self.optimizer.update(self.weights, self.gradient, self.step)
        if self.keep_bits is not None:
            # Exactly zero whatever stood there, at the speed of a product: the bits of masked weights are cleared.
            self.bits.bitwise_and_(self.keep_bits)
        self.loss += losses
        self.right += right
        self.seen = [seen + y.shape[1] for seen in self.seen]
        self.batches += 1
        self.step += 1
        self.watch.progress(len(self.replicas))
        if self.step in self.grid:
            self._look()
        self._stop()
        self._checkpoint()

    def _batch(self) -> tuple[Tensor, Tensor]:
        per_epoch, size = self.training.per_epoch, self.training.batch
        epoch, place = divmod(self.step, per_epoch)
        whole = size == len(self.data.train_index)  # one batch holds everything: there is no order to draw
        if self.orders is None or (place == 0 and not whole):
            self.orders = torch.stack([self._order(replica, epoch) for replica in self.replicas]).to(self.x.device)
        index = self.orders[:, place * size : (place + 1) * size]
        rows = index.reshape(-1)
        if len(rows) not in self.rooms:
            self.rooms[len(rows)] = self.x.new_empty(len(rows), *self.x.shape[1:])
        x = torch.index_select(self.x, 0, rows, out=self.rooms[len(rows)])
        return x.view(*index.shape, *self.x.shape[1:]), self.y[index]

    def _order(self, replica: Replica, epoch: int) -> Int[Tensor, " row"]:
        index = self.train_index
        if self.training.batch == len(index):
            return index
        return index[torch.from_numpy(Stream(replica.order, "order").permutation(len(index), epoch))]

    def _look(self) -> None:
        """A point of the grid: training figures since the last one, validation figures now; the diverged are let go."""
        held = [torch.full((len(self.replicas),), math.nan), torch.zeros(len(self.replicas), dtype=torch.int64)]
        if len(self.y_held):
            last_part = len(self.y_held) % EVALUATED_AT_ONCE or EVALUATED_AT_ONCE
            with _threads(len(self.replicas), last_part, self.watch.threads()):
                held = list(self.program.evaluate(self.weights, self.x_held, self.y_held))
        rows = zip(self.loss.tolist(), self.right.tolist(), held[0].tolist(), held[1].tolist(), strict=True)
        lost: list[int] = []
        for place, (loss, right, held_loss, held_right) in enumerate(rows):
            seen, batches = self.seen[place], self.batches
            found = (
                loss / batches if batches else None,
                100.0 * right / seen if seen else None,
                held_loss if len(self.y_held) else None,
                100.0 * held_right / len(self.y_held) if len(self.y_held) else None,
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
        self.seen = [0] * len(self.seen)
        self.batches = 0
        self._diverge(lost)

    def _diverge(self, lost: Sequence[int]) -> None:
        for place in lost:
            self.watch.stop(self.places[place], self._snapshot(place, "diverged"))
        if lost:
            self._keep([place for place in range(len(self.replicas)) if place not in lost])

    def _stop(self) -> None:
        ended: list[int] = []
        lost: list[int] = []
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

    def _checkpoint(self) -> None:
        if time.perf_counter() - self.saved < self.watch.checkpoint_every:
            return
        for place in range(len(self.replicas)):
            if bool(torch.isfinite(self.weights[place]).all()):
                self.watch.checkpoint(self.places[place], self._snapshot(place, "done"))
        self.saved = time.perf_counter()

    def _snapshot(self, place: int, outcome: str) -> Snapshot:
        layout, replica = self.program.layout, self.replicas[place]
        curves = self.curves[place].copy()
        curves.gathered = (float(self.loss[place]), int(self.right[place]), self.seen[place])
        curves.batches = self.batches
        self._account()
        checks, seconds = tuple(self.checks[place]), replica.seconds + self.spent
        if outcome == "diverged":
            return Snapshot(self.step, outcome, {}, replica.masks, {}, curves, checks, seconds)
        weights = _on_host(layout.take(self.weights[place]) | self.program.buffers(place))
        asserts.masks_hold(weights, replica.masks)
        moments = {
            f"{name}/{key}": value
            for name, rows in self.optimizer.moments.items()
            for key, value in layout.take(rows[place]).items()
        }
        moments = _on_host(moments)
        moments["count"] = torch.tensor(self.optimizer.counts[place])
        return Snapshot(self.step, outcome, weights, replica.masks, moments, curves, checks, seconds)

    def _account(self) -> None:
        now = time.perf_counter()
        self.spent += (now - self.since) / len(self.replicas)
        self.since = now

    def _load(self, place: int, replica: Replica) -> None:
        layout = self.program.layout
        worn = wear(replica.weights, replica.masks or {})
        layout.fill(self.weights[place], worn)
        names = {slot.name for slot in layout.slots}
        self.program.set_buffers(place, {name: value for name, value in worn.items() if name not in names})
        if replica.optimizer is not None:
            for moment, rows in self.optimizer.moments.items():
                prefix = f"{moment}/"
                layout.fill(
                    rows[place],
                    {k.removeprefix(prefix): v for k, v in replica.optimizer.items() if k.startswith(prefix)},
                )
            self.optimizer.counts[place] = int(replica.optimizer["count"])

    def _masks(self, device: torch.device) -> Int[Tensor, "replica flat"] | None:
        if all(replica.masks is None for replica in self.replicas):
            return None
        keep = torch.ones_like(self.weights)
        for place, replica in enumerate(self.replicas):
            if replica.masks is not None:
                ones = {slot.name: torch.ones(slot.shape) for slot in self.program.layout.slots}
                self.program.layout.fill(
                    keep[place], ones | {name: mask.float() for name, mask in replica.masks.items()}
                )
        return -keep.to(torch.int32).to(device)

    def _check_start(self, losses: Float[Tensor, " replica"]) -> None:
        for place, loss in enumerate(losses.tolist()):
            if self.replicas[place].masks is not None:
                continue  # a sparse beginning is no fresh network: its outputs are small
            said = asserts.loss_at_start(loss, self.data.card.classes)
            if said:
                self.checks[place].append(said)

    def _keep(self, places: list[int]) -> None:
        self._account()
        index = torch.tensor(places, dtype=torch.int64, device=self.weights.device)
        self.weights, self.gradient = self.weights[index], self.gradient[index]
        self.bits = self.weights.view(torch.int32)
        self.keep_bits = None if self.keep_bits is None else self.keep_bits[index]
        self.loss, self.right = self.loss[index], self.right[index]
        self.orders = None if self.orders is None else self.orders[index]
        self.rooms.clear()
        self.program.keep(places)
        self.optimizer.keep(places)
        for name in ("replicas", "places", "curves", "seen", "checks"):
            rows = getattr(self, name)
            setattr(self, name, [rows[place] for place in places])


def _on_host(tensors: Named) -> Named:
    return {name: value.cpu() for name, value in tensors.items()}


@contextmanager
def _threads(replicas: int, rows: int, allowed: int) -> Iterator[None]:
    """One thread for a lone network with few rows, all of them otherwise: what keeps bits independent of width."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if replicas == 1 and rows < SMALL_BATCH else allowed)
    try:
        yield
    finally:
        torch.set_num_threads(before)
