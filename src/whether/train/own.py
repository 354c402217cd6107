"""Optimisers of one's own: a `torch.optim.Optimizer` for each network of a pack, over views of its row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from whether import words
from whether.errors import CODE_RAISES, RequestError, failed
from whether.history.facts import Training
from whether.models.alone import alone
from whether.train.layout import Layout
from whether.train.replica import Named
from whether.train.schedule import factor


class OwnOptimizer:
    """The optimisers of a pack's networks, each made by a function of the user's.

    Args:
        trainings: of each network; their optimiser names the function, which takes (tensors, lr, **options).
        like: the pack's weights [replica, flat].
        layout: where each tensor lies in a row.

    Attributes:
        moments: none: what these optimisers remember is theirs, and a mask that changes does not reach it.
        counts: updates so far of each network.
    """

    def __init__(self, trainings: Sequence[Training], like: Float[Tensor, "replica flat"], layout: Layout) -> None:
        self.trainings = list(trainings)
        self.layout = layout
        self.moments: dict[str, Tensor] = {}
        self.counts = [0] * len(self.trainings)
        self.rows = like
        self.made = [self._make(place) for place in range(len(self.trainings))]

    def update(
        self, weights: Float[Tensor, "replica flat"], gradient: Float[Tensor, "replica flat"], step: int
    ) -> None:
        """One step in place; `step` is how many the schedule counts before it."""
        self._bind(weights)
        for place, (training, optimizer) in enumerate(zip(self.trainings, self.made, strict=True)):
            rate = training.optimizer["lr"] * factor(training.schedule, step, training.total)
            tensors = optimizer.param_groups[0]["params"]
            for tensor, slope in zip(tensors, self._views(gradient[place]), strict=True):
                tensor.grad = slope
            for group in optimizer.param_groups:
                group["lr"] = rate
            with alone(step):
                try:
                    optimizer.step()
                except CODE_RAISES as error:
                    raise failed(f"the optimizer {training.optimizer['name']!r}", error) from error
            self.counts[place] += 1

    def state(self, place: int, layout: Layout) -> Named:
        """What a network's updates go on from: each tensor that its optimiser remembers, and "count"."""
        found: Named = {"count": torch.tensor(self.counts[place])}
        for slot, tensor in zip(layout.slots, self.made[place].param_groups[0]["params"], strict=True):
            for key, value in self.made[place].state.get(tensor, {}).items():
                kept = value if isinstance(value, Tensor) else torch.tensor(value)
                found[f"{key}/{slot.name}"] = kept.detach().to("cpu", copy=True)
        return found

    def load(self, place: int, state: Named, layout: Layout) -> None:
        """Go on from a state that `state` gave."""
        optimizer = self.made[place]
        for slot, tensor in zip(layout.slots, optimizer.param_groups[0]["params"], strict=True):
            ending = f"/{slot.name}"
            own = {key.removesuffix(ending): value for key, value in state.items() if key.endswith(ending)}
            optimizer.state[tensor] = {
                key: value.to(tensor.device).clone() if value.ndim or key == "step" else value.item()
                for key, value in own.items()
            }
        self.counts[place] = int(state["count"])

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these; weights and gradients are other tensors from now on."""
        self.trainings = [self.trainings[place] for place in places]
        self.counts = [self.counts[place] for place in places]
        self.made = [self.made[place] for place in places]

    def _make(self, place: int) -> torch.optim.Optimizer:
        said = self.trainings[place].optimizer
        make = words.load(words.find("optimizer", said["name"]))
        tensors = self._views(self.rows[place])
        with alone(0):
            try:
                made = make(tensors, lr=said["lr"], **said["options"])
            except CODE_RAISES as error:
                raise failed(f"the optimizer {said['name']!r}", error) from error
        if not isinstance(made, torch.optim.Optimizer):
            kind = type(made).__name__
            raise RequestError(f"the optimizer {said['name']!r} gave a {kind}; expected a torch.optim.Optimizer.")
        return made

    def _bind(self, weights: Tensor) -> None:
        """After a network was let go the others' rows lie elsewhere: their optimisers follow."""
        if weights is self.rows:
            return
        self.rows = weights
        for place, optimizer in enumerate(self.made):
            for tensor, view in zip(optimizer.param_groups[0]["params"], self._views(weights[place]), strict=True):
                tensor.data = view

    def _views(self, row: Float[Tensor, " flat"]) -> list[Tensor]:
        slots = self.layout.slots
        return [row[slot.begin : slot.begin + slot.size].view(slot.stored) for slot in slots]
