"""The optimiser of a pack whose steps are recorded: what differs from step to step is read from the device.

`PackOptimizer` takes its learning rate as a number, which a recorded step would keep for ever, and calls a kernel for
each group of networks with the same rates, which are as many as networks when every one has its own. Here rates are a
tensor [replica] that was written ahead of the step, and counts of updates go up on the device. Where all networks are
alike it is PyTorch's fused kernels still; where they are not, the same update written out over all rows at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from whether.history.facts import Training
from whether.train.optim import PackOptimizer
from whether.train.schedule import factor


class RowOptimizer(PackOptimizer):
    """A pack's optimiser whose update can be recorded; state and its names are those of `PackOptimizer`."""

    def __init__(self, trainings: Sequence[Training], like: Float[Tensor, "replica flat"]) -> None:
        super().__init__(trainings, like)
        self.device = like.device
        self.count: Tensor | None = None

    def rates(self, first: int, steps: int) -> Float[Tensor, "step replica"]:
        """The learning rates of the steps from `first` on, on the host."""
        factors: dict[str, list[float]] = {}
        columns = []
        for training in self.trainings:
            key = json.dumps([training.schedule, training.total], sort_keys=True)
            if key not in factors:
                factors[key] = [factor(training.schedule, first + step, training.total) for step in range(steps)]
            columns.append([training.optimizer["lr"] * by for by in factors[key]])
        return torch.tensor(columns, dtype=torch.float32).t().contiguous()

    def ready(self) -> None:
        """Bring to the device what `apply` reads there; nothing may be recorded meanwhile."""
        if self.count is not None:
            return
        settings = [
            json.dumps([training.optimizer, training.schedule, training.total], sort_keys=True)
            for training in self.trainings
        ]
        self.alike = len({*zip(settings, self.counts, strict=True)}) == 1
        self.count = torch.tensor(self.counts, dtype=torch.float32).to(self.device)
        decays = [float(training.optimizer["weight_decay"]) for training in self.trainings]
        self.decay = torch.tensor(decays, dtype=torch.float32).view(-1, 1).to(self.device) if any(decays) else None

    def apply(
        self,
        weights: Float[Tensor, "replica flat"],
        gradient: Float[Tensor, "replica flat"],
        rates: Float[Tensor, " replica"],
    ) -> None:
        """One step in place, with rates that lie on the device; whoever calls it counts by `counted`."""
        assert self.count is not None, "ready() comes first"
        if self.alike:
            self._fused(weights, gradient, rates[0], self.count[0])
            return
        settings, rate = self.trainings[0].optimizer, rates.unsqueeze(1)
        if settings["name"] == "sgd":
            self._sgd(weights, self._decayed(weights, gradient), rate, settings)
        else:
            if settings["name"] == "adamw" and self.decay is not None:
                weights.mul_(1.0 - rate * self.decay)
            decays_gradient = settings["name"] == "adam"
            slope = self._decayed(weights, gradient) if decays_gradient else gradient
            self._adam(weights, slope, rate, settings)

    def counted(self, steps: int = 1) -> None:
        """So many updates were done."""
        self.counts = [count + steps for count in self.counts]

    def load(self, place: int, state: dict[str, Tensor], layout: Any) -> None:
        """Go on from a state that `state` gave."""
        super().load(place, state, layout)
        self.count = None

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these."""
        super().keep(places)
        self.count = None
        self.ready()

    def _decayed(self, weights: Tensor, gradient: Tensor) -> Tensor:
        return gradient if self.decay is None else torch.addcmul(gradient, weights, self.decay)

    def _sgd(self, weights: Tensor, slope: Tensor, rate: Tensor, settings: Any) -> None:
        if "momentum" in self.moments:
            moment = self.moments["momentum"]
            torch.add(slope, moment, alpha=settings["momentum"], out=moment)
            slope = torch.add(slope, moment, alpha=settings["momentum"]) if settings["nesterov"] else moment
        weights.addcmul_(slope, rate, value=-1.0)

    def _adam(self, weights: Tensor, slope: Tensor, rate: Tensor, settings: Any) -> None:
        assert self.count is not None
        (first, second), (mean, square) = settings["betas"], (self.moments["exp_avg"], self.moments["exp_avg_sq"])
        self.count.add_(1.0)
        steps = self.count.double().unsqueeze(1)  # 1 − β^t loses most of float32's digits at first
        mean.lerp_(slope, 1.0 - first)
        square.mul_(second).addcmul_(slope, slope, value=1.0 - second)
        below = square.sqrt().div_((1.0 - second**steps).sqrt().float()).add_(settings["eps"])
        length = (rate.double() / (1.0 - first**steps)).float()
        weights.addcmul_(torch.div(mean, below, out=below), length, value=-1.0)

    def _fused(self, weights: Tensor, gradient: Tensor, rate: Tensor, count: Tensor) -> None:
        settings = self.trainings[0].optimizer
        if settings["name"] == "sgd":
            sgd(
                [weights],
                [gradient],
                [self.moments["momentum"] if self.moments else None],
                fused=True,
                weight_decay=settings["weight_decay"],
                momentum=settings["momentum"],
                lr=rate,  # type: ignore[arg-type]
                dampening=0.0,
                nesterov=settings["nesterov"],
                maximize=False,
            )
            return
        (adam if settings["name"] == "adam" else adamw)(
            [weights],
            [gradient],
            [self.moments["exp_avg"]],
            [self.moments["exp_avg_sq"]],
            [],
            [count],  # PyTorch adds one to it, on the device
            fused=True,
            amsgrad=False,
            beta1=settings["betas"][0],
            beta2=settings["betas"][1],
            lr=rate,
            weight_decay=settings["weight_decay"],
            eps=settings["eps"],
            maximize=False,
        )
