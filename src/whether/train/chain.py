"""The step of a chain of linear layers and ReLUs, written out: R networks as batched products, no autograd.

    z_l = h_{l-1} W_lᵀ + b_l,   h_l = max(z_l, 0),   L = −mean log softmax(z_last)[y]
    δ_last = (softmax − onehot) / batch,   ∂W_l = δ_lᵀ h_{l-1},   ∂b_l = Σ δ_l,   δ_{l-1} = (δ_l W_l) · 1[h_{l-1} > 0]

The input's gradient is never formed. `loop.py` computes the same through PyTorch's modules.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from whether.train.layout import LINE, Layout

EVALUATED_AT_ONCE = 1000


class Chain:
    """A pack's forward and backward pass for perceptrons.

    Args:
        module: an `nn.Sequential` for which `Chain.fits` is true.
        replicas: how many networks; `keep` lets some go.
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
        self._delta: Tensor | None = None

    @staticmethod
    def fits(module: nn.Module) -> bool:
        """Whether a module is a flattening, then linear layers with ReLUs between them, each with a bias."""
        if type(module) is not nn.Sequential or len(module) < 2 or type(module[0]) is not nn.Flatten:
            return False
        layers = list(module)[1:]
        kinds = [nn.Linear if place % 2 == 0 else nn.ReLU for place in range(len(layers))]
        return len(layers) % 2 == 1 and all(
            type(layer) is kind and (kind is nn.ReLU or layer.bias is not None)
            for layer, kind in zip(layers, kinds, strict=True)
        )

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
        hidden = self._forward(weights, x)
        logits = hidden[-1]
        logp = torch.log_softmax(logits[..., : self.classes], dim=-1)
        losses = -logp.gather(2, y.unsqueeze(2)).squeeze(2)
        delta = self._last_delta(logp, y)
        for place in reversed(range(len(self.names))):
            weight = self.layout.view(weights, f"{self.names[place]}.weight")
            torch.bmm(delta.transpose(1, 2), hidden[place], out=self.layout.view(into, f"{self.names[place]}.weight"))
            torch.sum(delta, dim=1, out=self.layout.view(into, f"{self.names[place]}.bias"))
            if place:
                delta = torch.ops.aten.threshold_backward(torch.bmm(delta, weight), hidden[place], 0)
        return losses.mean(1), (logp.argmax(2) == y).sum(1)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Float[Tensor, "row feature"],
        y: Int[Tensor, " row"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network."""
        loss = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        right = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        for begin in range(0, len(x), EVALUATED_AT_ONCE):
            part = x[begin : begin + EVALUATED_AT_ONCE]
            labels = y[begin : begin + EVALUATED_AT_ONCE].expand(len(weights), -1)
            logits = self._forward(weights, part.expand(len(weights), *part.shape))[-1]
            logp = torch.log_softmax(logits[..., : self.classes], dim=-1)
            loss -= logp.gather(2, labels.unsqueeze(2)).squeeze(2).sum(1, dtype=torch.float64)
            right += (logp.argmax(2) == labels).sum(1)
        return (loss / len(x)).to(torch.float32), right

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        del places  # nothing here is any one network's
        self._delta = None

    def buffers(self, place: int) -> dict[str, Tensor]:
        """State that is no parameter: a perceptron has none."""
        del place
        return {}

    def set_buffers(self, place: int, values: dict[str, Tensor]) -> None:
        """A perceptron has no state beside its parameters."""
        del place, values

    def _forward(self, weights: Tensor, x: Tensor) -> list[Tensor]:
        hidden = [x]
        last = len(self.names) - 1
        for place, name in enumerate(self.names):
            weight = self.layout.view(weights, f"{name}.weight")
            bias = self.layout.view(weights, f"{name}.bias")
            z = torch.baddbmm(bias.unsqueeze(1), hidden[-1], weight.transpose(1, 2))
            hidden.append(z if place == last else z.relu_())
        return hidden

    def _last_delta(self, logp: Tensor, y: Tensor) -> Tensor:
        replicas, batch, _ = logp.shape
        if self._delta is None or self._delta.shape[:2] != logp.shape[:2]:
            stored = self.layout.slot(f"{self.names[-1]}.bias").stored[0]
            self._delta = torch.zeros(replicas, batch, stored, device=logp.device)
        inner = self._delta[..., : self.classes]
        torch.exp(logp, out=inner)
        inner.scatter_add_(
            2, y.unsqueeze(2), torch.full((1, 1, 1), -1.0, device=logp.device).expand(replicas, batch, 1)
        )
        self._delta.div_(batch)
        return self._delta
