"""A network's weights by name, and a module that carries them.

`Named` holds parameters and buffers; a tensor that layers share has one name. Modules are taken for what they compute:
their own weights are nobody's, and whatever works with them works on a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from torch import Tensor, nn

from whether.errors import RequestError

Named = dict[str, Tensor]


def check_alike(a: Mapping[str, Tensor], b: Mapping[str, Tensor], *, what: str) -> None:
    """Two networks have the same tensors.

    Args:
        a: one network's weights.
        b: the other's.
        what: needs them to be alike, for the message: "alignment", "a path".

    Raises:
        RequestError: naming the first tensor that one lacks, or that has another shape, and both shapes.
    """
    for name in dict.fromkeys((*a, *b)):
        if name not in a or name not in b:
            has, lacks = ("first", "second") if name in a else ("second", "first")
            raise RequestError(
                f"{what} needs two networks of one architecture: the {has} has {name!r}, the {lacks} does not."
            )
        if a[name].shape != b[name].shape:
            raise RequestError(
                f"{what} needs two networks of one architecture: {name!r} is {tuple(a[name].shape)} in the first and "
                f"{tuple(b[name].shape)} in the second."
            )


def carrier(module: nn.Module) -> nn.Module:
    """A copy of a module, in evaluation mode, to be given weights by `give`."""
    return copy.deepcopy(module).eval()


def give(module: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """Give a copy of a module weights as they are, in their own precision, where they lie.

    Args:
        module: from `carrier`; it is changed.
        weights: every parameter of the module; buffers that are not among them stay.

    Returns:
        The same module.

    Raises:
        RequestError: for a parameter that is missing, a name that the module does not have, or another shape.
    """
    parameters = dict(module.named_parameters())
    slots: dict[str, Tensor] = {**parameters, **dict(module.named_buffers())}
    strangers = [name for name in weights if name not in slots]
    missing = [name for name in parameters if name not in weights]
    if strangers or missing:
        said = f"has no {strangers[0]!r}" if strangers else f"needs {missing[0]!r}, which is not among them"
        raise RequestError(f"these weights are not this module's ({type(module).__name__}): it {said}.")
    if weights:
        module.to(next(iter(weights.values())).device)
    for name, value in weights.items():
        if slots[name].shape != value.shape:
            raise RequestError(
                f"these weights are not this module's ({type(module).__name__}): {name!r} is {tuple(value.shape)}, "
                f"expected {tuple(slots[name].shape)}."
            )
    for name, slot in (*module.named_parameters(), *module.named_buffers()):
        if name in weights:
            slot.data = weights[name].detach().clone()  # not `load_state_dict`, which would round to the module's kind
    return module
