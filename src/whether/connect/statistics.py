"""Running statistics that belong to the weights beside them.

The mean and variance that a BatchNorm layer keeps were gathered while its network trained. Weights that nobody trained
(interpolated, perturbed, averaged) have others, and with stale ones their network looks worse than it is: Jordan et
al., "REPAIR" (ICLR 2023); Izmailov et al., "Averaging weights leads to wider optima" (UAI 2018), section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.instancenorm import _InstanceNorm

from whether.connect.named import Named, carrier, give
from whether.errors import RequestError

EXAMPLES_AT_ONCE = 500


def reestimate(
    module: nn.Module, weights: Mapping[str, Tensor], x: Shaped[Tensor, "row *shape"], *, batch: int = EXAMPLES_AT_ONCE
) -> Named:
    """The same weights with running statistics computed anew.

    Examples go through once, in batches, with norm layers normalising by the batch (as in training) and all others in
    evaluation mode (no dropout). Each norm layer's running mean and variance become those of everything that it was
    given, all values weighed alike whatever batch they came in, the variance over n−1. With one batch these are
    the network's own statistics on the examples; with more, a layer behind another norm sees what batches made of it.
    PyTorch's momentum=None weighs batches alike instead, and leaves out the variance between them.

    Args:
        module: gives the computation; it stays as it was. Layers of `torch.nn` with running statistics are found,
            a norm of one's own is not.
        weights: of one network.
        x: training inputs (images, or token ids), at least 2; never test inputs.
        batch: examples at once, at least 2. Batches differ by one example at most.

    Returns:
        The given tensors, but for new running means and variances. `num_batches_tracked` stays; a module without
        running statistics gives all tensors back.

    Raises:
        RequestError: for fewer than 2 examples or a batch below 2.

    Example:
        >>> norm = nn.BatchNorm1d(1)
        >>> fresh = reestimate(norm, norm.state_dict(), torch.tensor([[1.0], [2.0], [6.0]]))
        >>> fresh["running_mean"].item(), fresh["running_var"].item()
        (3.0, 7.0)
    """
    if len(x) < 2 or batch < 2:
        raise RequestError(
            f"running statistics need at least 2 examples, and batches of at least 2; got {len(x)} and {batch}"
        )
    if not tracking(module):
        return dict(weights)
    copy = give(carrier(module), weights)
    tracked = tracking(copy)
    moments = {name: _Moments() for name in tracked}
    for name, layer in tracked.items():
        layer.train()
        layer.register_forward_pre_hook(partial(_see, moments[name]))
    pieces = max(1, min(-(-len(x) // batch), len(x) // 2))
    with torch.no_grad():
        for piece in torch.tensor_split(x, pieces):
            copy(piece)
    fresh = dict(weights)
    for name, found in moments.items():
        if found.count:  # else its layer is never called
            prefix = f"{name}." if name else ""
            kept = dict(tracked[name].named_buffers())
            for key, value in (("running_mean", found.mean), ("running_var", found.variance)):
                fresh[prefix + key] = value.to(kept[key].dtype)
    return fresh


def tracking(module: nn.Module) -> dict[str, nn.Module]:
    """The norm layers that keep running statistics, by name; a layer that is used twice has one."""
    return {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, _NormBase) and layer.running_mean is not None
    }


def _see(moments: _Moments, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    moments.add(inputs[0].double(), by_example=isinstance(layer, _InstanceNorm))


class _Moments:
    """Mean and variance of all that was added, by channel: batches merged exactly (Chan, Golub & LeVeque, 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros(())
        self._squares = torch.zeros(())
        self._divisor = 0

    @property
    def variance(self) -> Tensor:
        return self._squares / self._divisor

    def add(self, values: Float[Tensor, "row channel *place"], *, by_example: bool) -> None:
        if by_example:  # InstanceNorm keeps the average of its examples' own means and variances
            flat = values.flatten(2)
            self._merge(flat.mean(2).mean(0), flat.var(2).sum(0), len(values), len(values), between=False)
        else:
            flat = values.transpose(0, 1).flatten(1)
            mean = flat.mean(1)
            count = flat.shape[1]
            self._merge(
                mean, (flat - mean.unsqueeze(1)).square().sum(1), count, count - (self.count == 0), between=True
            )

    def _merge(self, mean: Tensor, squares: Tensor, count: int, divisor: int, *, between: bool) -> None:
        total = self.count + count
        apart = mean - self.mean
        self.mean = self.mean + apart * (count / total)
        self._squares = self._squares + squares
        if between and self.count:
            self._squares = self._squares + apart.square() * (self.count * count / total)
        self.count = total
        self._divisor += divisor
