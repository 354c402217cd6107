"""Optimisers of one's own: a `torch.optim.Optimizer` for each network of a pack, over views of its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whether import words
from whether.errors import CODE_RAISES, RequestError, failed
from whether.history.facts import Training
from whether.models.alone import alone
from whether.seeds import Stream
from whether.train.layout import Layout, Rows
from whether.train.module import noise_key
from whether.train.replica import Named
from whether.train.schedule import factor

PLAIN = "plain:"
"""Before the name of what an optimiser remembers as a number of Python's."""


class OwnOptimizer:
    """The optimisers of a pack's networks, each made by a function of the user's.

    What one remembers has to be in its `state`, by tensor, as those of PyTorch have it: tensors and numbers. That is
    what training goes on from after a stop; what it keeps elsewhere begins again.

    Args:
        trainings: of each network; their optimiser names the function, which takes (tensors, lr, **options).
        like: the pack's weights [replica, flat], already loaded.
        layout: where each tensor lies in a row.
        noise: one stream a network, for whatever its optimiser draws.

    Attributes:
        counts: updates so far of each network.
    """

    def __init__(
        self,
        trainings: Sequence[Training],
        like: Float[Tensor, "replica flat"],
        layout: Layout,
        noise: Sequence[Stream],
    ) -> None:
        self.trainings = list(trainings)
        self.layout = layout
        self.noise = list(noise)
        self.counts = [0] * len(self.trainings)
        self.rows = like
        self.tensors = [self._views(row) for row in like]
        self.made = [self._make(place) for place in range(len(self.trainings))]

    def update(
        self, weights: Float[Tensor, "replica flat"], gradient: Float[Tensor, "replica flat"], step: int
    ) -> None:
        """One step in place; `step` is how many the schedule counts before it."""
        self._bind(weights)
        for place, (training, optimizer) in enumerate(zip(self.trainings, self.made, strict=True)):
            for tensor, slope in zip(self.tensors[place], self._views(gradient[place]), strict=True):
                tensor.grad = slope
            for group in optimizer.param_groups:
                group["lr"] = training.optimizer["lr"] * factor(training.schedule, step, training.total)
            with alone(noise_key(self.noise[place], step + 1)):
                try:
                    optimizer.step()
                except CODE_RAISES as error:
                    raise failed(f"the optimizer {training.optimizer['name']!r}", error) from error
            self.counts[place] += 1

    def forget(self, place: int, stays: Bool[Tensor, " flat"]) -> None:
        """Remember nothing of a network's weights but of those that stay."""
        for tensor, kept in zip(self.tensors[place], self._views(stays), strict=True):
            for value in self.made[place].state.get(tensor, {}).values():
                if isinstance(value, Tensor) and value.shape == kept.shape:
                    value.masked_fill_(~kept, 0)

    def state(self, place: int, layout: Rows) -> Named:
        """What a network's updates go on from: what its optimiser remembers of each tensor, and "count"."""
        found: Named = {"count": torch.tensor(self.counts[place])}
        for slot, tensor in zip(layout.slots, self.tensors[place], strict=True):
            for key, value in self.made[place].state.get(tensor, {}).items():
                if isinstance(value, Tensor):
                    found[f"{key}/{slot.name}"] = value.detach().to("cpu", copy=True)
                elif value is not None:
                    found[f"{PLAIN}{key}/{slot.name}"] = self._number(place, key, value)
        return found

    def load(self, place: int, state: Named, layout: Rows) -> None:
        """Go on from a state that `state` gave."""
        optimizer = self.made[place]
        for slot, tensor in zip(layout.slots, self.tensors[place], strict=True):
            ending = f"/{slot.name}"
            own = {key.removesuffix(ending): value for key, value in state.items() if key.endswith(ending)}
            for key, value in own.items():
                plain = key.startswith(PLAIN)
                device = "cpu" if key == "step" else tensor.device  # where PyTorch's own have their count
                optimizer.state[tensor][key.removeprefix(PLAIN)] = value.item() if plain else value.to(device).clone()
        self.counts[place] = int(state["count"])

    def keep(self, places: Sequence[int]) -> None:
        """Let go of all networks but these; weights and gradients are other tensors from now on."""
        for name in ("trainings", "noise", "counts", "tensors", "made"):
            rows = getattr(self, name)
            setattr(self, name, [rows[place] for place in places])

    def _make(self, place: int) -> torch.optim.Optimizer:
        said = self.trainings[place].optimizer
        make = words.load(words.find("optimizer", said["name"]))
        with alone(noise_key(self.noise[place], 0)):
            try:
                made = make(list(self.tensors[place]), lr=said["lr"], **said["options"])
            except CODE_RAISES as error:
                raise failed(f"the optimizer {said['name']!r}", error) from error
        if not isinstance(made, torch.optim.Optimizer):
            kind = type(made).__name__
            raise RequestError(f"the optimizer {said['name']!r} gave a {kind}; expected a torch.optim.Optimizer.")
        held = {id(tensor) for group in made.param_groups for tensor in group["params"]}
        if not held & {id(tensor) for tensor in self.tensors[place]}:
            raise RequestError(
                f"the optimizer {said['name']!r} holds none of the tensors that it was given, and would move nothing; "
                "give them to torch.optim.Optimizer as they are, not copies."
            )
        return made

    def _number(self, place: int, key: str, value: Any) -> Tensor:
        if isinstance(value, (bool, int, float)):
            return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
        name = self.trainings[place].optimizer["name"]
        raise RequestError(
            f"the optimizer {name!r} remembers a {type(value).__name__} as {key!r} of a tensor; expected tensors and "
            "numbers, which training can go on from after a stop."
        )

    def _bind(self, weights: Tensor) -> None:
        """After a network was let go the others' rows lie elsewhere: their optimisers follow."""
        if weights is self.rows:
            return
        self.rows = weights
        for row, tensors in zip(weights, self.tensors, strict=True):
            for tensor, view in zip(tensors, self._views(row), strict=True):
                tensor.data = view

    def _views(self, row: Tensor) -> list[Tensor]:
        """A network's tensors in their own shapes: an optimiser may add to whatever it is given, but not to padding."""
        return [
            row[slot.begin : slot.begin + slot.size].view(slot.stored)[tuple(slice(0, size) for size in slot.shape)]
            for slot in self.layout.slots
        ]
