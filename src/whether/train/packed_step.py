"""A whole step of a pack on the device: examples by the order of the epoch, augmentation, gradient, update, sums.

Once an epoch the device draws every network's order of the data and its augmentation, and the learning rates of the
epoch's steps are sent to it. After that a step needs nothing from the host: it reads its place in the epoch from the
device and moves it on. So the same work serves for every step, and where there is somebody to record it (`capture.py`)
it is replayed; elsewhere it is done as it stands, which is how the tests walk through it on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether import words
from whether.data import augment, philox
from whether.history.facts import Training
from whether.seeds import Stream
from whether.train.batches import Batches
from whether.train.capture import WARM, Recorder, Work, is_memory
from whether.train.chain import Chain
from whether.train.module import may_draw
from whether.train.packed import Packed
from whether.train.packed_optim import RowOptimizer
from whether.train.replica import Named
from whether.train.stacked import Stacked

Step = Callable[[Tensor, Tensor, Tensor], None]
"""What is done with a batch: x [replica, batch, …], y [replica, batch, …], learning rates [replica]."""


def why_eager(program: object, module: nn.Module, training: Training) -> str:
    """Why the steps of a pack cannot be recorded; empty when they can.

    Args:
        program: what computes gradients.
        module: the architecture.
        training: how it trains.
    """
    if words.is_own_code(training.optimizer["name"]):
        return "an optimiser of one's own decides in Python"
    if training.sparsify is not None:
        return "masks change while they train, which the host decides"
    if training.loss:
        return "a loss of one's own may decide in Python"
    if not isinstance(program, (Chain, Packed, Stacked)):
        return "networks that are computed one after the other are not recorded"
    if isinstance(program, Stacked) and may_draw(module):
        return "code of one's own may decide in Python"
    return ""


class Course:
    """Where a pack stands in its epoch, and all that its steps read, on the device.

    Args:
        batches: of the pack: data, words of augmentation, the networks' streams.
        optimizer: knows the learning rates.

    Attributes:
        position: [1]: how many batches of the epoch are done.
    """

    def __init__(self, batches: Batches, optimizer: RowOptimizer) -> None:
        self.batches, self.optimizer = batches, optimizer
        self.training = batches.training
        self.device = batches.x.device
        self.whole = self.training.batch == len(batches.index)  # one batch holds everything: nothing is ordered
        self.index = batches.index.to(self.device)
        self.position = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.epoch = -1
        # Room for an epoch: what is drawn anew is written into it.
        count, rows = len(batches.orders_of), len(batches.index)
        self.orders: Tensor = self.index.repeat(count, 1)  # never a view: the index is the data's own
        kinds = augment.parse(batches.words, batches.shape) if batches.black is not None else ()
        self.drawn: Named = {
            kind: torch.zeros(count, rows, 2, dtype=torch.int64, device=self.device) for kind, _ in kinds
        }
        self.table: Tensor = torch.zeros(self.training.per_epoch, count, dtype=torch.float32, device=self.device)

    def rows(self, step: int) -> int:
        """Examples in a step's batch."""
        return self.batches.rows(step)

    def stand(self, step: int) -> None:
        """Begin at a step: draw its epoch, unless it is drawn, and put the position."""
        epoch, place = divmod(step, self.training.per_epoch)
        if epoch != self.epoch:
            self._draw(epoch)
            self.epoch = epoch
        self.position.fill_(place)

    def take(self, rows: int) -> tuple[Tensor, Tensor]:
        """The examples at the position, so many a network; reads nothing but the device."""
        columns = self.position * self.training.batch + torch.arange(rows, device=self.device)
        index = self.orders.index_select(1, columns)
        batches, flat = self.batches, index.flatten()
        x = batches.x.index_select(0, flat).view(*index.shape, *batches.x.shape[1:])
        y = batches.y.index_select(0, flat).view(*index.shape, *batches.y.shape[1:])
        if batches.black is not None:
            drawn = {kind: values.index_select(1, columns) for kind, values in self.drawn.items()}
            changed = batches.inputs(augment.apply(x, drawn, batches.words, batches.black).flatten(0, 1))
            x = changed.view(*index.shape, *changed.shape[1:])
        return x, y

    def rates(self) -> Float[Tensor, " replica"]:
        """Learning rates at the position."""
        return self.table.index_select(0, self.position).squeeze(0)

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these; `batches` and the optimiser have done so already."""
        index = torch.tensor(list(places), dtype=torch.int64).to(self.device)
        self.orders = self.orders[index]
        self.drawn = {kind: values[index] for kind, values in self.drawn.items()}
        self.table = self.table[:, index]

    def _draw(self, epoch: int) -> None:
        seeds, rows = self.batches.orders_of, len(self.index)
        if not self.whole:
            own = [Stream(seed, "order") for seed in seeds]
            for part in philox.parts(len(own), rows):
                order = philox.permutations(own[part], rows, epoch, self.device)
                self.orders[part] = self.index[order]
        if self.drawn:
            own = [Stream(seed, "augmentation") for seed in seeds]
            found = augment.drawn_there(
                own, rows, epoch, words=self.batches.words, shape=self.batches.shape, device=self.device
            )
            for kind, values in self.drawn.items():
                values.copy_(found[kind])
        rates = self.optimizer.rates(epoch * self.training.per_epoch, self.training.per_epoch)
        self.table.copy_(philox.sent(rates, self.device))


class WholeStep:
    """Does a pack's steps, one call each: replayed where they are recorded.

    Args:
        course: the examples and rates of each step.
        recorder: records steps; None does every step as it stands.
        tell: hears when a step cannot be recorded after all.
    """

    def __init__(self, course: Course, recorder: Recorder | None, tell: Callable[[str], None]) -> None:
        self.course, self.recorder, self.tell = course, recorder, tell
        self.stands_at = -1  # the step that the course stands at
        self._forget()

    def __call__(self, step: int, what: Step) -> None:
        """Do a step; steps follow one another, but for the first after a beginning.

        Args:
            step: of the training.
            what: is done with its batch: always the same, and it reads and writes tensors that stay where they are. It
                is not kept, lest a pack and its steps hold one another, and the device's memory with them.
        """
        if step != self.stands_at or step % self.course.training.per_epoch == 0:
            self._stand(step)
        self._find(self.course.rows(step), what)()
        self.course.optimizer.counted()
        self.stands_at = step + 1

    def once(self, step: int, what: Step) -> None:
        """Do a step as it stands, wherever the last one was."""
        self._stand(step)
        self._work(self.course.rows(step), what)

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these: what was recorded was of all of them."""
        self.course.keep(places)
        self._forget()

    def _forget(self) -> None:
        self.recorded: dict[int, Work] = {}
        self.done: dict[int, int] = {}

    def _stand(self, step: int) -> None:
        self.course.optimizer.ready()
        self.course.stand(step)

    def _find(self, rows: int, what: Step) -> Work:
        """How a step of so many examples a network is done now."""
        if rows in self.recorded:
            return self.recorded[rows]
        work = partial(self._work, rows, what)
        if self.recorder is None:
            return work
        self.done[rows] = self.done.get(rows, 0) + 1
        if self.done[rows] <= WARM:
            return partial(self.recorder.warm, work)
        try:
            self.recorded[rows] = self.recorder.record(work)
        except RuntimeError as error:
            if is_memory(error):  # a capture that ends badly hides why
                raise torch.OutOfMemoryError(str(error)) from error
            self.recorder = None
            said = str(error).strip().splitlines() or [type(error).__name__]
            self.tell(f"steps of these networks are launched one kernel after the other: {said[0]}")
            return work
        return self.recorded[rows]

    def _work(self, rows: int, what: Step) -> None:
        x, y = self.course.take(rows)
        what(x, y, self.course.rates())
        self.course.position.add_(1)
