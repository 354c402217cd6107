"""The plain reference: one network, PyTorch's own modules, loss and optimisers. Every fast path is held to it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from whether.data.tensors import Tensors
from whether.models.alone import alone
from whether.prune.masks import wear
from whether.seeds import Stream
from whether.train.module import noise_key
from whether.train.replica import Named, Replica
from whether.train.schedule import factor


def train_one(module: nn.Module, replica: Replica, data: Tensors) -> tuple[Named, list[float]]:
    """Train a network from its step to its last stop.

    Returns:
        Its parameters and buffers by name, and the loss of every batch.
    """
    training = replica.training
    module.load_state_dict(wear(replica.weights, replica.masks or {}), strict=False)  # a shared tensor has one name
    module.train()
    settings = {name: value for name, value in training.optimizer.items() if name != "name"}
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    optimizer = kinds[training.optimizer["name"]](module.parameters(), **settings)
    noise = Stream(replica.order, "noise")
    losses = []
    for step in range(replica.step, replica.stops[-1]):
        x, y = batch(replica, data, step)
        for group in optimizer.param_groups:
            group["lr"] = settings["lr"] * factor(training.schedule, step, training.total)
        with alone(noise_key(noise, step)):
            loss = nn.functional.cross_entropy(module(x), y)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        mask(module, replica.masks or {})
        losses.append(loss.item())
    return {name: value.detach().clone() for name, value in module.state_dict().items()}, losses


def batch(replica: Replica, data: Tensors, step: int) -> tuple[Tensor, Tensor]:
    """The examples of one step: the epoch's permutation, cut into batches."""
    epoch, place = divmod(step, replica.training.per_epoch)
    size, rows = replica.training.batch, data.train_index
    if size < len(rows):  # otherwise one batch holds everything, and there is no order to draw
        order = Stream(replica.order, "order").permutation(len(rows), epoch)
        rows = rows[torch.from_numpy(order)[place * size : (place + 1) * size]]
    return data.x_train[rows], data.y_train[rows]


@torch.no_grad()
def mask(module: nn.Module, masks: Named) -> None:
    """Put masked weights to exactly zero."""
    for name, value in module.named_parameters():
        if name in masks:
            value.copy_(value.where(masks[name], 0.0))
