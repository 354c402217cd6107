"""Which layer reads what another one makes: so that the inputs that read a pruned channel can go with it.

Shapes do not tell: behind a shortcut, a layer reads a sum of several. So the module is traced (`torch.fx`), on a copy,
and a layer has a reader where nothing else sees its outputs and nothing in between mixes its channels. Modules that
cannot be traced (their way depends on their data) have no readers: of those only rows are pruned.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from torch import fx, nn

Layer = nn.Linear | nn.modules.conv._ConvNd

KEEPING_CHANNELS = (
    *(nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus),
    *(nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Dropout, nn.Dropout1d, nn.Dropout2d),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    *(nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d),
)
FUNCTIONS = {
    *("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "dropout"),
    *("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"),
}


def readers(module: nn.Module) -> dict[str, str]:
    """For each weight whose outputs one other weight alone reads, channel by channel: the name of that other.

    Args:
        module: stays as it is. Weights that several layers share, and layers that are asked twice, have no readers.

    Returns:
        Names as of `named_parameters`.

    Example:
        >>> readers(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)))
        {'0.weight': '3.weight'}
    """
    try:
        graph = fx.Tracer().trace(copy.deepcopy(module))
    except Exception:  # code of one's own, given what stands for a tensor, may raise whatever it likes
        return {}
    layers = dict(module.named_modules())
    asked = Counter(node.target for node in graph.nodes if node.op == "call_module")
    used = Counter(id(layer.weight) for layer in layers.values() if isinstance(layer, Layer))
    names = {id(value): name for name, value in module.named_parameters()}

    def alone(target: Any) -> bool:
        layer = layers.get(target)
        return isinstance(layer, Layer) and asked[target] == 1 == used[id(layer.weight)] and id(layer.weight) in names

    found = {}
    for node in graph.nodes:
        if node.op == "call_module" and alone(node.target):
            reader = _reader(node, layers)
            if reader is not None and alone(reader):
                found[names[id(layers[node.target].weight)]] = names[id(layers[reader].weight)]
    return found


def _reader(node: fx.Node, layers: dict[str, nn.Module]) -> str | None:
    """Follow what a layer makes to the next layer, as long as each step has one reader and keeps channels apart."""
    maker = layers[str(node.target)]
    flat = isinstance(maker, nn.Linear)
    while len(node.users) == 1:
        before, node = node, next(iter(node.users))
        if not node.args or node.args[0] is not before or before in node.args[1:]:
            return None
        layer = layers.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(layer, Layer):
            return str(node.target) if _reads(maker, layer, flat) else None
        if _flattens(node, layer):
            flat = True
        elif not (isinstance(layer, KEEPING_CHANNELS) or (layer is None and _called(node) in FUNCTIONS)):
            return None
    return None


def _reads(maker: nn.Module, reader: nn.Module, flat: bool) -> bool:
    """Whether the inputs of a layer are another's channels, each at as many neighbouring places as there are."""
    if getattr(maker, "transposed", False) or getattr(reader, "transposed", False):
        return False
    if isinstance(maker, nn.Linear):
        return isinstance(reader, nn.Linear) and reader.in_features == maker.out_features
    made = int(getattr(maker, "out_channels", 0))
    if isinstance(reader, nn.Linear):
        return flat and reader.in_features % made == 0
    return not flat and getattr(reader, "groups", 0) == 1 and getattr(reader, "in_channels", 0) == made


def _flattens(node: fx.Node, layer: nn.Module | None) -> bool:
    """Whether a step makes rows of images: by flattening all but the batch, or by the mean over an image."""
    if isinstance(layer, nn.Flatten):
        return (layer.start_dim, layer.end_dim) == (1, -1)
    said = [*node.args[1:], *node.kwargs.values()]
    if _called(node) == "flatten":
        return said in ([1], [1, -1])
    return _called(node) == "mean" and len(said) == 1 and said[0] in ((2, 3), [2, 3], (-2, -1), [-2, -1])


def _called(node: fx.Node) -> str:
    if node.op == "call_method":
        return str(node.target)
    return getattr(node.target, "__name__", "") if node.op == "call_function" else ""
