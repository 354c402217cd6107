"""The step of any `nn.Module`, through autograd: the networks of a pack one after the other.

On a CPU a network that fills the cores gains nothing from being batched with others (`docs/performance.md`), and one at
a time its bits cannot depend on its companions. Whatever a module draws (dropout) follows from the network's own stream
and the step.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from whether.models.alone import alone
from whether.seeds import Stream
from whether.train.layout import Layout

EVALUATED_AT_ONCE = 500


class Modules:
    """A pack's forward and backward pass for any module.

    Args:
        module: gives the computation; its own weights are never used. Parameters that ask for no gradient stay.
        noise: one stream a network, for whatever the module draws (dropout).
    """

    def __init__(self, module: nn.Module, noise: list[Stream]) -> None:
        self.module = module
        self.noise = noise
        shapes = {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
        self.layout = Layout.of(shapes, padded=False)
        self._buffers: list[dict[str, Tensor]] = [{} for _ in noise]

    def inputs(self, x: Float[Tensor, "row *shape"]) -> Float[Tensor, "row *shape"]:
        """Examples as they are."""
        return x

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Float[Tensor, "replica batch *shape"],
        y: Int[Tensor, "replica batch"],
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network."""
        self.module.train()
        losses, rights = [], []
        for place in range(len(weights)):
            row = weights[place].detach().requires_grad_()
            with torch.enable_grad(), alone(noise_key(self.noise[place], step)):
                named = self._named(row, place)
                logits = functional_call(self.module, named, (x[place],))
                loss = nn.functional.cross_entropy(logits, y[place])
                (found,) = torch.autograd.grad(loss, row)
            into[place] = found
            # Running statistics are changed in place, or by new tensors that `functional_call` leaves in the dict.
            self._buffers[place] = {name: named[name].detach() for name in self._buffers[place]}
            losses.append(loss.detach())
            rights.append((logits.detach().argmax(-1) == y[place]).sum())
        return torch.stack(losses), torch.stack(rights)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Float[Tensor, "row *shape"],
        y: Int[Tensor, " row"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network, in evaluation mode."""
        self.module.eval()
        loss = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        right = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        with torch.no_grad():
            for place in range(len(weights)):
                named = self._named(weights[place], place)
                with alone(noise_key(Stream(self.noise[place].seed, "noise of looks"), 0)):
                    for begin in range(0, len(x), EVALUATED_AT_ONCE):
                        labels = y[begin : begin + EVALUATED_AT_ONCE]
                        logits = functional_call(self.module, named, (x[begin : begin + EVALUATED_AT_ONCE],))
                        loss[place] += nn.functional.cross_entropy(logits, labels, reduction="sum").double()
                        right[place] += (logits.argmax(-1) == labels).sum()
        self.module.train()
        return (loss / len(x)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self._buffers = [self._buffers[place] for place in places]
        self.noise = [self.noise[place] for place in places]

    def buffers(self, place: int) -> dict[str, Tensor]:
        """A network's state that is not trained: running statistics, parameters that ask for no gradient."""
        return {name: value.detach().clone() for name, value in self._buffers[place].items()}

    def set_buffers(self, place: int, values: dict[str, Tensor]) -> None:
        """Give a network its state that is not trained."""
        self._buffers[place] = {name: value.clone() for name, value in values.items()}

    def _named(self, row: Tensor, place: int) -> dict[str, Tensor]:
        slots = self.layout.slots
        named = {slot.name: row[slot.begin : slot.begin + slot.size].view(slot.shape) for slot in slots}
        return named | self._buffers[place]


def noise_key(noise: Stream, step: int) -> int:
    """The 64 bits from which whatever a module draws in one step follows."""
    return int(noise.words(1, step)[0])
