"""Which weights a layer's name means."""

from __future__ import annotations

from torch import Tensor, nn

from whether.errors import RequestError, unknown
from whether.models.build import prunable


def weights(module: nn.Module, layer: str | None = None) -> dict[str, Tensor]:
    """Prunable weights by name: all of them, or one layer's.

    Args:
        module: the network.
        layer: the name of a weight ("1.weight"), of its layer ("1"), or "output" for the last one.

    Raises:
        RequestError: for a layer that is not there, and a network without weights of linear or convolution layers.

    Example:
        >>> list(weights(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), "output"))
        ['1.weight']
    """
    named = dict(module.named_parameters())
    found: dict[str, Tensor] = {name: named[name] for name in prunable(module)}
    if not found:
        raise RequestError("this network has no weights of linear or convolution layers, which this measure is about.")
    if layer is None:
        return found
    places = {"output": list(found)[-1]} | {name.rpartition(".")[0]: name for name in found}
    places |= {name: name for name in found}
    if layer not in places:
        raise unknown("layer", layer, [*found, "output"])
    return {places[layer]: found[places[layer]]}
