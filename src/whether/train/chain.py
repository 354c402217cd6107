"""The step of a chain of linear layers and ReLUs, written out: R networks as batched products, no autograd.

    z_l = h_{l-1} W_lᵀ + b_l,   h_l = max(z_l, 0),   L = −mean log softmax(z_last)[y]
    δ_last = (softmax − onehot) / batch,   ∂W_l = δ_lᵀ h_{l-1},   ∂b_l = Σ δ_l,   δ_{l-1} = (δ_l W_l) · 1[h_{l-1} > 0]

The input's gradient is never formed. The last layer lies class by class, as a softmax over few classes is fastest.
`loop.py` computes the same through PyTorch's modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.train.layout import LINE, Layout

EVALUATED_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class _Layer:
    """Views of one layer in a pack's flat rows: weight [replica, out, in], bias [replica, 1, out]."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True, eq=False)
class _Space:
    """Room that is written anew at each step: a fresh tensor a step costs more here than the product that fills it."""

    hidden: list[Tensor]
    deltas: list[Tensor]
    minus_one: Tensor


class Chain:
    """A pack's forward and backward pass for perceptrons.

    Args:
        module: an `nn.Sequential` for which `Chain.fits` is true.
    """

    def __init__(self, module: nn.Module) -> None:
        names = [name for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
        linear = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
        self.names = names
        self.classes = linear[-1].out_features
        self.features = linear[0].in_features
        shapes = {
            f"{name}.{part}": tuple(getattr(layer, part).shape)
            for name, layer in zip(names, linear, strict=True)
            for part in ("weight", "bias")
        }
        self.layout = Layout.of(shapes, padded=True)
        self._bound: dict[int, tuple[Tensor, list[_Layer]]] = {}
        self._spaces: dict[tuple[int, int], _Space] = {}

    @staticmethod
    def fits(module: nn.Module) -> bool:
        """Whether a module is a flattening, then linear layers with ReLUs between them, each with a bias."""
        if type(module) is not nn.Sequential or len(module) < 2 or type(module[0]) is not nn.Flatten:
            return False
        layers = list(module)[1:]
        kinds = [nn.Linear if place % 2 == 0 else nn.ReLU for place in range(len(layers))]
        if len(layers) % 2 == 0 or any(type(layer) is not kind for layer, kind in zip(layers, kinds, strict=True)):
            return False
        # Shared, frozen or missing parameters and hooks are code of one's own: they are left to autograd.
        trained = [value for value in module.parameters() if value.requires_grad]
        hooked = any(layer._forward_hooks or layer._forward_pre_hooks for layer in module.modules())
        return len(trained) == len(layers) + 1 and not hooked

    def inputs(self, x: Float[Tensor, "row *shape"]) -> Float[Tensor, "row feature"]:
        """Examples as this program reads them: flat, with features up to a multiple of 16."""
        flat = x.reshape(len(x), -1)
        missing = -flat.shape[1] % LINE
        return torch.nn.functional.pad(flat, (0, missing)) if missing else flat

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Float[Tensor, "replica batch feature"],
        y: Int[Tensor, "replica batch"],
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network."""
        del step  # a perceptron draws nothing while it trains
        space = self._space(y.shape[0], y.shape[1], weights)
        layers, slopes = self._views(weights), self._views(into)
        hidden = self._forward(layers, x, space)
        logp = torch.log_softmax(hidden[-1][:, : self.classes], dim=1)
        picked = logp.gather(1, y.unsqueeze(1))
        delta = self._last_delta(logp, y, space).transpose(1, 2)
        for place in reversed(range(len(self.names))):
            torch.bmm(delta.transpose(1, 2), hidden[place], out=slopes[place].weight)
            torch.sum(delta, dim=1, keepdim=True, out=slopes[place].bias)
            if place:
                below = torch.bmm(delta, layers[place].weight, out=space.deltas[place - 1])
                delta = torch.ops.aten.threshold_backward.grad_input(below, hidden[place], 0, grad_input=below)
        return picked.mean((1, 2)).neg_(), (logp.max(1).indices == y).sum(1)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Float[Tensor, "row feature"],
        y: Int[Tensor, " row"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network."""
        replicas, layers = len(weights), self._views(weights)
        loss = torch.zeros(replicas, dtype=torch.float64, device=weights.device)
        right = torch.zeros(replicas, dtype=torch.int64, device=weights.device)
        for begin in range(0, len(x), EVALUATED_AT_ONCE):
            part = x[begin : begin + EVALUATED_AT_ONCE]
            labels = y[begin : begin + EVALUATED_AT_ONCE].expand(replicas, -1)
            space = self._space(replicas, len(part), weights)
            logits = self._forward(layers, part.expand(replicas, *part.shape), space)[-1]
            logp = torch.log_softmax(logits[:, : self.classes], dim=1)
            loss -= logp.gather(1, labels.unsqueeze(1)).sum((1, 2), dtype=torch.float64)
            right += (logp.max(1).indices == labels).sum(1)
        return (loss / len(x)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        del places  # what is held here is room, not any one network's
        self._bound.clear()
        self._spaces.clear()

    def buffers(self, place: int) -> dict[str, Tensor]:
        """State that is no parameter: a perceptron has none."""
        del place
        return {}

    def set_buffers(self, place: int, values: dict[str, Tensor]) -> None:
        """A perceptron has no state beside its parameters."""
        del place, values

    def _forward(self, layers: Sequence[_Layer], x: Tensor, space: _Space) -> list[Tensor]:
        hidden = [x]
        for layer, room in zip(layers[:-1], space.hidden[:-1], strict=True):
            hidden.append(torch.baddbmm(layer.bias, hidden[-1], layer.weight.transpose(1, 2), out=room).relu_())
        last, below, room = layers[-1], hidden[-1], space.hidden[-1]
        if below.shape[1] == 1:  # a matrix times one column is summed otherwise alone than in company
            torch.baddbmm(last.bias, below, last.weight.transpose(1, 2), out=room.transpose(1, 2))
        else:
            torch.baddbmm(last.bias.transpose(1, 2), last.weight, below.transpose(1, 2), out=room)
        return [*hidden, room]

    def _last_delta(self, logp: Tensor, y: Tensor, space: _Space) -> Tensor:
        replicas, classes, batch = logp.shape
        delta = space.deltas[-1]
        inner = delta[:, :classes]
        torch.exp(logp, out=inner)
        inner.scatter_add_(1, y.unsqueeze(1), space.minus_one.expand(replicas, 1, batch))
        return delta.div_(batch)

    def _views(self, rows: Tensor) -> list[_Layer]:
        """The layers in a tensor of flat rows; kept while that tensor lives, as it does for many steps."""
        found = self._bound.get(id(rows))
        if found is None or found[0] is not rows:
            views = [
                _Layer(self.layout.view(rows, f"{name}.weight"), self.layout.view(rows, f"{name}.bias").unsqueeze(1))
                for name in self.names
            ]
            found = self._bound[id(rows)] = (rows, views)
        return found[1]

    def _space(self, replicas: int, rows: int, like: Tensor) -> _Space:
        """Room for activations and their gradients, made once for a width and a batch and used again at every step."""
        key = (replicas, rows)
        if key not in self._spaces:
            widths = [self.layout.slot(f"{name}.bias").stored[0] for name in self.names]
            shapes = [*((replicas, rows, width) for width in widths[:-1]), (replicas, widths[-1], rows)]
            self._spaces[key] = _Space(
                hidden=[like.new_empty(shape) for shape in shapes],
                deltas=[like.new_zeros(shape) for shape in shapes],
                minus_one=like.new_full((1, 1, 1), -1.0),
            )
        return self._spaces[key]
