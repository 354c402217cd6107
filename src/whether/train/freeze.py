"""Which parameters train; what does not stays as it was drawn.

Frankle, Schwab & Morcos, "Training BatchNorm and Only BatchNorm" (ICLR 2021), whose main setting is "batchnorm": γ and
β train, everything else is frozen, the output layer too. Running statistics are no parameters: they are estimated
whatever is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from whether import words
from whether.errors import CODE_RAISES, RequestError, failed, unknown
from whether.models.build import PRUNABLE
from whether.seeds import Seed, Stream

Trains = dict[str, Bool[Tensor, "..."]]
NORM = nn.modules.batchnorm._BatchNorm


def trainable(module: nn.Module, what: str, *, seed: Seed | None = None) -> Trains:
    """Where a module's parameters train.

    Words, which "+" joins ("batchnorm+output" trains both):

    - "all", "nothing";
    - "batchnorm": weights and biases of the BatchNorm layers;
    - "output": weight and bias of the last linear layer, in the order in which layers were made;
    - "biases": every parameter whose own name ends with "bias", those of norms included;
    - "random-as-batchnorm": of the linear or convolution layer that each BatchNorm layer follows, as many weights as
      the norm has parameters, drawn from the seed as evenly over the first dimension as can be. A norm of as many
      features as its layer has outputs so gives two random weights an output, as in the paper;
    - "module:function": code of one's own, from the module to names of parameters, or to masks by name.

    Args:
        module: gives names and shapes. What asks for no gradient never trains.
        what: the words.
        seed: of "random-as-batchnorm"; a stream for each weight.

    Returns:
        By name of every parameter, true where it trains.

    Raises:
        RequestError: for an unknown word, a module that has no such layers, a draw without a seed or of more weights
            than the layer has, or code of one's own that names no parameters.
        WorkError: when code of one's own raises.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2))
        >>> {name: int(trains.sum()) for name, trains in trainable(net, "batchnorm").items()}
        {'0.weight': 0, '0.bias': 0, '1.weight': 3, '1.bias': 3, '3.weight': 0, '3.bias': 0}
    """
    parts = what.split("+") if isinstance(what, str) else [what]
    chosen = [_chosen(module, part, seed) for part in parts]
    trains: Trains = {}
    for name, value in module.named_parameters():
        mask = torch.zeros(value.shape, dtype=torch.bool)
        for part in chosen:
            mask |= part.get(name, torch.zeros_like(mask))
        trains[name] = mask & value.requires_grad
    return trains


def _chosen(module: nn.Module, what: str, seed: Seed | None) -> Trains:
    if words.is_own_code(str(what).partition("@")[0]):
        return _own(module, what)
    if what not in CHOICES:
        hint = "Words are joined by '+'; or name code of your own as 'module:function'."
        raise unknown("choice of what trains", what, CHOICES, hint)
    if what == "random-as-batchnorm":
        return _random(module, seed)
    return _whole(module, SIMPLE[what](module))


def _whole(module: nn.Module, names: Iterable[str]) -> Trains:
    shapes = {name: value.shape for name, value in module.named_parameters()}
    return {name: torch.ones(shapes[name], dtype=torch.bool) for name in names}


def _everything(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def _names(module: nn.Module, layer: nn.Module) -> list[str]:
    names = {id(value): name for name, value in module.named_parameters()}  # a shared tensor has one name
    own = (names.get(id(value)) for value in layer.parameters(recurse=False))
    return [name for name in own if name is not None]


def _norms(module: nn.Module) -> list[str]:
    found = [name for layer in module.modules() if isinstance(layer, NORM) for name in _names(module, layer)]
    if not found:
        others = {type(layer).__name__ for layer in module.modules() if "Norm" in type(layer).__name__}
        has = f"; it has {', '.join(sorted(others))}, without parameters or of another kind" if others else ""
        raise RequestError(
            f"'batchnorm' trains the weights and biases of BatchNorm layers, and this network has none{has}. Take a "
            "model that has them, or choose what trains by 'module:function'."
        )
    return found


def _output(module: nn.Module) -> list[str]:
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    found = _names(module, layers[-1]) if layers else []
    if not found:
        raise RequestError(
            "'output' trains the last linear layer, and this network has none with parameters of its own. Choose what "
            "trains by 'module:function'."
        )
    return found


def _biases(module: nn.Module) -> list[str]:
    found = [name for name, _ in module.named_parameters() if name.rpartition(".")[2].endswith("bias")]
    if not found:
        raise RequestError("'biases' trains parameters named bias, and this network has none. Choose another word.")
    return found


SIMPLE: Mapping[str, Callable[[nn.Module], list[str]]] = {
    "all": _everything,
    "nothing": lambda _: [],
    "batchnorm": _norms,
    "output": _output,
    "biases": _biases,
}
CHOICES = (*SIMPLE, "random-as-batchnorm")


def _random(module: nn.Module, seed: Seed | None) -> Trains:
    if seed is None:
        raise RequestError("'random-as-batchnorm' draws weights: give trainable() the seed=Seed(…) of the draw.")
    weights = dict(module.named_parameters())
    return {
        name: _drawn(name, tuple(weights[name].shape), count, Stream(seed, f"freeze/{name}"))
        for name, count in _followed(module).items()
    }


def _followed(module: nn.Module) -> dict[str, int]:
    """By name of a weight, how many parameters the norms have that follow its layer in the order of modules."""
    _norms(module)  # refuses a network that has none
    names = {id(value): name for name, value in module.named_parameters()}
    last: str | None = None
    counts: dict[str, int] = {}
    for layer in module.modules():
        if isinstance(layer, PRUNABLE) and layer.weight.requires_grad:
            last = names.get(id(layer.weight), last)
        elif isinstance(layer, NORM) and (count := sum(value.numel() for value in layer.parameters())):
            if last is None:
                raise RequestError(
                    "'random-as-batchnorm' takes weights of the layer that a BatchNorm layer follows, and the first of "
                    "this network follows none. Choose what trains by 'module:function'."
                )
            counts[last] = counts.get(last, 0) + count
    return counts


def _drawn(name: str, shape: tuple[int, ...], count: int, stream: Stream) -> Bool[Tensor, "..."]:
    """`count` random places, as evenly over the rows as can be."""
    size = int(np.prod(shape))
    if count > size:
        raise RequestError(
            f"'random-as-batchnorm' would train {count} weights of {name}, which has {size}; expected a layer of at "
            "least as many weights as the norms after it have parameters."
        )
    keys = stream.words(size).reshape(shape[0], -1)
    rank = keys.argsort(1, kind="stable").argsort(1, kind="stable")  # each weight's place in its own row's draw
    mask = torch.zeros(size, dtype=torch.bool)
    mask[torch.from_numpy(np.lexsort((keys.reshape(-1), rank.reshape(-1)))[:count])] = True
    return mask.reshape(shape)


def _own(module: nn.Module, what: str) -> Trains:
    function = words.load(words.find("freeze", what.partition("@")[0]))
    try:
        found = function(module)
    except CODE_RAISES as error:
        raise failed(f"choosing what trains by {what!r}", error) from error
    shapes = {name: value.shape for name, value in module.named_parameters()}
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise RequestError(f"{what!r} gave {found!r}; expected names of parameters, or masks by name.")
    named = found if isinstance(found, Mapping) else dict.fromkeys(found)
    masks: Trains = {}
    for name, mask in named.items():
        if name not in shapes:
            raise unknown(f"parameter from {what!r}", name, shapes)
        mask = torch.ones(shapes[name], dtype=torch.bool) if mask is None else mask
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != shapes[name]:
            got = f"{mask.dtype} {tuple(mask.shape)}" if isinstance(mask, Tensor) else type(mask).__name__
            raise RequestError(f"{what!r} gave {got} for {name}; expected a mask, bool {tuple(shapes[name])}.")
        masks[name] = mask
    return masks
