"""Optimisers of a pack: R networks in one [R, P] tensor, each with its own learning rate and weight decay.

The arithmetic is PyTorch's fused kernels, called once for each group of networks that share their rates. They work
number by number, so what a network becomes does not depend on who is in its group. `loop.py` uses `torch.optim`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from whether.history.facts import Training
from whether.train.layout import Rows
from whether.train.replica import Named
from whether.train.schedule import factor

MOMENTS = {"sgd": ("momentum",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}


@dataclass(frozen=True)
class _Group:
    """Networks that take the same step: their rows, as one tensor when they are the whole pack."""

    training: Training
    count: Tensor
    weights: list[Tensor]
    gradient: list[Tensor]
    moments: Mapping[str, list[Tensor]]


class PackOptimizer:
    """The optimiser state of a pack and its update.

    Args:
        trainings: of each network; kind, betas, eps, momentum and nesterov agree over the pack.
        like: the pack's weights [R, P].

    Attributes:
        moments: running moments by name, each [R, P].
        counts: updates so far of each network, as Adam's bias correction needs.
    """

    def __init__(self, trainings: Sequence[Training], like: Float[Tensor, "replica flat"]) -> None:
        self.trainings = list(trainings)
        settings = self.trainings[0].optimizer
        plain = settings["name"] == "sgd" and settings["momentum"] == 0
        self.moments = {name: torch.zeros_like(like) for name in (() if plain else MOMENTS[settings["name"]])}
        self.counts = [0] * len(self.trainings)
        self._groups: list[_Group] = []

    def update(
        self, weights: Float[Tensor, "replica flat"], gradient: Float[Tensor, "replica flat"], step: int
    ) -> None:
        """One step in place; `step` is how many the schedule counts before it."""
        if not self._groups:
            self._groups = self._bind(weights, gradient)
        for group in self._groups:
            _step(group, step)
        self.counts = [count + 1 for count in self.counts]

    def forget(self, place: int, stays: Bool[Tensor, " flat"]) -> None:
        """Remember nothing of a network's weights but of those that stay."""
        for rows in self.moments.values():
            rows[place].masked_fill_(~stays, 0.0)

    def state(self, place: int, layout: Rows) -> Named:
        """What a network's updates go on from: its moments as "exp_avg/0.weight", and "count"."""
        found = {
            f"{name}/{key}": value
            for name, rows in self.moments.items()
            for key, value in layout.at(place).take(rows[place].cpu()).items()
        }
        return found | {"count": torch.tensor(self.counts[place])}

    def load(self, place: int, state: Named, layout: Rows) -> None:
        """Go on from a state that `state` gave."""
        for name, rows in self.moments.items():
            prefix = f"{name}/"
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            layout.at(place).fill(rows[place], own)
        self.counts[place] = int(state["count"])

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these; weights and gradients are other tensors from now on."""
        index = torch.tensor(list(places), dtype=torch.int64)
        self.moments = {name: rows[index.to(rows.device)] for name, rows in self.moments.items()}
        self.trainings = [self.trainings[place] for place in places]
        self.counts = [self.counts[place] for place in places]
        self._groups = []

    def _bind(self, weights: Tensor, gradient: Tensor) -> list[_Group]:
        alike: dict[tuple[str, int], list[int]] = {}
        for place, (training, count) in enumerate(zip(self.trainings, self.counts, strict=True)):
            rates = json.dumps([training.optimizer, training.schedule, training.total], sort_keys=True)
            alike.setdefault((rates, count), []).append(place)

        def rows(tensor: Tensor, places: list[int]) -> list[Tensor]:
            return [tensor] if len(alike) == 1 else [tensor[place] for place in places]

        return [
            _Group(
                training=self.trainings[places[0]],
                count=torch.tensor(float(count), device=weights.device),  # fused kernels read it where weights are
                weights=rows(weights, places),
                gradient=rows(gradient, places),
                moments={name: rows(tensor, places) for name, tensor in self.moments.items()},
            )
            for (_, count), places in alike.items()
        ]


def _step(group: _Group, step: int) -> None:
    settings: Mapping[str, Any] = group.training.optimizer
    lr = settings["lr"] * factor(group.training.schedule, step, group.training.total)
    if settings["name"] == "sgd":
        if settings["momentum"] == settings["weight_decay"] == 0:
            for weights, gradient in zip(group.weights, group.gradient, strict=True):
                weights.add_(gradient, alpha=-lr)  # PyTorch's kernel does the same, ten times as many calls later
            return
        sgd(
            group.weights,
            group.gradient,
            list(group.moments.get("momentum", [None] * len(group.weights))),
            fused=True,
            weight_decay=settings["weight_decay"],
            momentum=settings["momentum"],
            lr=lr,
            dampening=0.0,
            nesterov=settings["nesterov"],
            maximize=False,
        )
        return
    (adam if settings["name"] == "adam" else adamw)(
        group.weights,
        group.gradient,
        group.moments["exp_avg"],
        group.moments["exp_avg_sq"],
        [],
        # PyTorch adds one to every count that it is given: one for each tensor.
        [group.count.clone() for _ in group.weights],
        fused=True,
        amsgrad=False,
        beta1=settings["betas"][0],
        beta2=settings["betas"][1],
        lr=lr,
        weight_decay=settings["weight_decay"],
        eps=settings["eps"],
        maximize=False,
    )
    group.count.add_(1)
