"""The examples of each step: every network's own order of the data, drawn once an epoch, and its own augmentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from whether.data import augment
from whether.data.tensors import Tensors, black
from whether.seeds import Seed, Stream
from whether.train.replica import Replica


class Batches:
    """The batches of a pack.

    Args:
        replicas: the networks; they share data, batch and augmentation.
        data: on the device that trains.
        inputs: how the program reads examples.
    """

    def __init__(self, replicas: Sequence[Replica], data: Tensors, inputs: Callable[[Tensor], Tensor]) -> None:
        self.training = replicas[0].training
        self.orders_of = [replica.order for replica in replicas]
        self.index = data.train_index.cpu()
        self.words = self.training.augment
        self.inputs = inputs
        self.shape = data.card.shape
        self.black = black(data.card).to(data.x_train.device) if self.words else None
        self.x = data.x_train if self.words else inputs(data.x_train)
        self.y = data.y_train
        self.orders: Tensor | None = None
        self.drawn: Mapping[str, Tensor] = {}
        self.drawn_of = -1  # the epoch that these draws are of
        self.rooms: dict[int, Tensor] = {}  # for batches: fresh tensors at every step cost more than filling them

    def rows(self, step: int) -> int:
        """Examples in a step's batch: an epoch's last one may be small."""
        place, size = step % self.training.per_epoch, self.training.batch
        return min(size, len(self.index) - place * size)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """The examples of one step: x [replica, batch, …] as the program reads them, y [replica, batch, …]."""
        per_epoch, size = self.training.per_epoch, self.training.batch
        epoch, place = divmod(step, per_epoch)
        whole = size == len(self.index)  # one batch holds everything: there is no order to draw
        if self.orders is None or (place == 0 and not whole):
            self.orders = torch.stack([self._order(seed, epoch) for seed in self.orders_of]).to(self.x.device)
        index = self.orders[:, place * size : (place + 1) * size]
        rows = index.reshape(-1)
        if len(rows) not in self.rooms:
            self.rooms[len(rows)] = self.x.new_empty(len(rows), *self.x.shape[1:])
        x = torch.index_select(self.x, 0, rows, out=self.rooms[len(rows)])
        x = x.view(*index.shape, *self.x.shape[1:])
        y = torch.index_select(self.y, 0, rows).view(*index.shape, *self.y.shape[1:])
        return (self._augmented(x, epoch, place) if self.words else x), y

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these."""
        self.orders_of = [self.orders_of[place] for place in places]
        index = torch.tensor(list(places), dtype=torch.int64, device=self.x.device)
        self.drawn = {kind: values[index] for kind, values in self.drawn.items()}
        self.orders = None if self.orders is None else self.orders[index]
        self.rooms.clear()

    def _augmented(self, x: Tensor, epoch: int, place: int) -> Tensor:
        """Each network's images changed by its own draws of this epoch."""
        assert self.black is not None
        if self.drawn_of != epoch:
            streams = [Stream(seed, "augmentation") for seed in self.orders_of]
            rows = len(self.index)
            self.drawn = augment.stacked(streams, rows, epoch, words=self.words, shape=self.shape, device=self.x.device)
            self.drawn_of = epoch
        size = self.training.batch
        part = slice(place * size, place * size + x.shape[1])
        changed = augment.apply(x, {kind: drawn[:, part] for kind, drawn in self.drawn.items()}, self.words, self.black)
        flat = self.inputs(changed.flatten(0, 1))
        return flat.view(*changed.shape[:2], *flat.shape[1:])

    def _order(self, seed: Seed, epoch: int) -> Int[Tensor, " row"]:
        if self.training.batch == len(self.index):
            return self.index
        return self.index[torch.from_numpy(Stream(seed, "order").permutation(len(self.index), epoch))]
