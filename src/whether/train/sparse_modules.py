"""The step of any `nn.Module` some of whose layers have few weights: those in compressed rows, everything else dense.

What `module.py` computes, through autograd and one network after the other; `sparse_where.py` says which layers.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from whether.history.facts import Training
from whether.models.alone import alone
from whether.seeds import Stream
from whether.train.module import Modules
from whether.train.replica import Named
from whether.train.sparse_conv import SparseConv2d
from whether.train.sparse_layout import SparseLayout
from whether.train.sparse_linear import SparseLinear
from whether.train.sparse_weights import Compressed


class SparseModules:
    """A pack's forward and backward pass for modules with sparse layers.

    Args:
        module: gives the computation; its own weights are never used.
        masks: of each network, of the weights of these layers, by name: all networks have them in the same layers.
        noise: one stream a network, for whatever the module draws.
        training: says what is minimised; in float32.
    """

    def __init__(
        self,
        module: nn.Module,
        masks: Sequence[Mapping[str, Bool[Tensor, "out *in"]]],
        noise: list[Stream],
        training: Training,
    ) -> None:
        shapes = {name: tuple(value.shape) for name, value in module.named_parameters() if value.requires_grad}
        self.layout = SparseLayout(shapes, masks)
        with alone(0):  # another lane may have put its weights into this module for a while
            changed, names = copy.deepcopy(module), list(masks[0])
        for name in names:
            become(owner(changed, name), self.layout.stored.slot(name).size)
        self.modules = Modules(changed, noise, training, begin=self._begin)
        self._compressed = [{name: Compressed(kept) for name, kept in own.items()} for own in self.layout.kept]
        self._layers: dict[str, SparseLinear | SparseConv2d] = {}
        for name in names:
            layer = owner(self.modules.module, name)
            assert isinstance(layer, (SparseLinear, SparseConv2d))
            self._layers[name] = layer

    def inputs(self, x: Shaped[Tensor, "row *shape"]) -> Shaped[Tensor, "row *shape"]:
        """Examples as they are."""
        return x

    def gradient(
        self,
        weights: Float[Tensor, "replica flat"],
        into: Float[Tensor, "replica flat"],
        x: Shaped[Tensor, "replica batch *shape"],
        y: Shaped[Tensor, "replica batch *label"],
        step: int,
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Write the gradient of the mean loss into `into`; return the mean loss and how many are right, by network."""
        return self.modules.gradient(weights, into, x, y, step)

    def evaluate(
        self,
        weights: Float[Tensor, "replica flat"],
        x: Shaped[Tensor, "row *shape"],
        y: Shaped[Tensor, "row *label"],
    ) -> tuple[Float[Tensor, " replica"], Int[Tensor, " replica"]]:
        """Mean loss and number right on one set of examples, for every network, in evaluation mode."""
        return self.modules.evaluate(weights, x, y)

    def keep(self, places: list[int]) -> None:
        """Let go of all networks but these."""
        self.layout.keep(places)
        self._compressed = [self._compressed[place] for place in places]
        self.modules.keep(places)

    def buffers(self, place: int) -> Named:
        """A network's state that is not trained: running statistics, parameters that ask for no gradient."""
        return self.modules.buffers(place)

    def set_buffers(self, place: int, values: Named) -> None:
        """Give a network its state that is not trained."""
        self.modules.set_buffers(place, values)

    def _begin(self, place: int) -> None:
        """Let the layers know which network they are of from now on."""
        for name, layer in self._layers.items():
            layer.own = self._compressed[place][name]


def owner(module: nn.Module, name: str) -> nn.Linear | nn.Conv2d:
    """The layer that has a weight of this name."""
    layer = module.get_submodule(name.rpartition(".")[0])
    assert isinstance(layer, (nn.Linear, nn.Conv2d))
    return layer


def become(layer: nn.Linear | nn.Conv2d, count: int) -> None:
    """Change a layer, where it stands, into one that has so many entries, all zero: whoever holds it still does."""
    values = nn.Parameter(layer.weight.detach().new_zeros(count))
    layer.__class__ = SparseLinear if isinstance(layer, nn.Linear) else SparseConv2d
    layer.weight = values
