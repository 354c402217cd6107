"""The plain reference: one network, PyTorch's own modules, losses and optimisers. Every fast path is held to it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whether import words
from whether.data import augment
from whether.data.tensors import Tensors, black
from whether.history.facts import Training
from whether.models.alone import alone
from whether.prune import dynamic
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
    training, masks = replica.training, _first_masks(replica)
    module.load_state_dict(wear(replica.weights, masks), strict=False)  # a shared tensor has one name
    module.train()
    begun = {name: value.detach().clone() for name, value in module.named_parameters()}
    trains = replica.trains or {}
    optimizer = _optimizer(module, training)
    noise, places = Stream(replica.order, "noise"), Stream(replica.order, "sparsify")
    losses = []
    for step in range(replica.step, replica.stops[-1]):
        x, y = batch(replica, data, step)
        for group in optimizer.param_groups:
            group["lr"] = training.optimizer["lr"] * factor(training.schedule, step, training.total)
        bf16 = torch.autocast("cpu", torch.bfloat16) if training.precision == "bf16" else nullcontext()
        with alone(noise_key(noise, step)), bf16:
            outputs = module(x)
        loss = loss_of(training, outputs.float(), y)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        promise = gradients(module, trains)
        limit(module, masks, trains, training.clip)
        with alone(noise_key(Stream(replica.order, "optimizer"), step + 1)):
            optimizer.step()
        hold(module, masks, trains, begun)
        if training.sparsify is not None:
            weights = {name: value.detach() for name, value in module.named_parameters() if name in masks}
            new = dynamic.change(
                training.sparsify, step + 1, weights=weights, gradients=promise, masks=masks, stream=places
            )
            if new is not None:
                _replace(module, optimizer, begun, masks, new)
                masks = new
        losses.append(loss.item())
    return {name: value.detach().clone() for name, value in module.state_dict().items()}, losses


def batch(replica: Replica, data: Tensors, step: int) -> tuple[Tensor, Tensor]:
    """The examples of one step: the epoch's permutation, cut into batches, each image changed by the epoch's draws."""
    training = replica.training
    epoch, place = divmod(step, training.per_epoch)
    size, rows = training.batch, data.train_index
    part = slice(place * size, (place + 1) * size)
    if size < len(rows):  # otherwise one batch holds everything, and there is no order to draw
        order = Stream(replica.order, "order").permutation(len(rows), epoch)
        rows = rows[torch.from_numpy(order)[part]]
    x = data.x_train[rows]
    if training.augment:
        stream = Stream(replica.order, "augmentation")
        drawn = augment.draws(stream, len(data.train_index), epoch, training.augment, data.card.shape)
        own = {kind: torch.from_numpy(values)[part] for kind, values in drawn.items()}
        x = augment.plain(x, own, training.augment, black(data.card))
    return x, data.y_train[rows]


def loss_of(training: Training, outputs: Tensor, y: Tensor) -> Float[Tensor, ""]:
    """The mean loss of a batch, in PyTorch's own words."""
    if training.loss:
        found: Tensor = words.load(words.find("loss", training.loss.partition("@")[0]))(outputs, y)
        return found
    if training.task == "regression":
        return nn.functional.mse_loss(outputs, y)
    flat = outputs.reshape(-1, outputs.shape[-1])
    return nn.functional.cross_entropy(flat, y.reshape(-1), label_smoothing=training.smoothing)


def gradients(module: nn.Module, trains: Named) -> Named:
    """The gradient of each parameter that has one, also where no weight is; zero where nothing is trained."""
    named = {name: value.grad for name, value in module.named_parameters() if value.grad is not None}
    return {name: slope.where(trains[name], 0.0) if name in trains else slope.clone() for name, slope in named.items()}


@torch.no_grad()
def limit(module: nn.Module, masks: Named, trains: Named, clip: float | None) -> None:
    """No gradient where no weight is or nothing is trained, and none that is longer than `clip`."""
    for name, value in module.named_parameters():
        for there in (masks, trains):
            if name in there and value.grad is not None:
                value.grad[~there[name]] = 0.0
    if clip is not None:
        nn.utils.clip_grad_norm_(module.parameters(), clip)


@torch.no_grad()
def hold(module: nn.Module, masks: Named, trains: Named, begun: Named) -> None:
    """Put held weights to what they were, and masked ones to exactly zero."""
    for name, value in module.named_parameters():
        if name in trains:
            value.copy_(value.where(trains[name], begun[name]))
        if name in masks:
            value.copy_(value.where(masks[name], 0.0))


def _first_masks(replica: Replica) -> Named:
    plan, shapes = replica.training.sparsify, {name: tuple(replica.weights[name].shape) for name in replica.prunable}
    if plan is None or replica.masks is not None:
        return replica.masks or {}
    return dynamic.begin(plan, None, shapes, Stream(replica.order, "sparsify"))


def _optimizer(module: nn.Module, training: Training) -> torch.optim.Optimizer:
    settings: Mapping[str, Any] = {name: value for name, value in training.optimizer.items() if name != "name"}
    name = training.optimizer["name"]
    if words.is_own_code(name):
        trained = [value for value in module.parameters() if value.requires_grad]
        own: torch.optim.Optimizer = words.load(words.find("optimizer", name))(
            trained, lr=settings["lr"], **settings["options"]
        )
        return own
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    made: torch.optim.Optimizer = kinds[name](module.parameters(), **settings)
    return made


@torch.no_grad()
def _replace(module: nn.Module, optimizer: torch.optim.Optimizer, begun: Named, old: Named, new: Named) -> None:
    """Change masks: what goes or comes is zero, what is held of it too, and so is what is remembered of it."""
    named = dict(module.named_parameters())
    for name in old:
        moved = ~(old[name] & new[name])
        remembered = [value for value in optimizer.state[named[name]].values() if isinstance(value, Tensor)]
        for value in (named[name], begun[name], *(item for item in remembered if item.shape == moved.shape)):
            value[moved] = 0.0
