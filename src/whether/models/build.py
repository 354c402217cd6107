"""From an architecture's name to an `nn.Module`."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from whether import words
from whether.errors import CODE_RAISES, RequestError, raised_at
from whether.history.facts import Model
from whether.models.alone import alone
from whether.seeds import Seed

PRUNABLE = (nn.Linear, nn.modules.conv._ConvNd)


def build(model: Model, seed: Seed | None = None) -> nn.Module:
    """The module of an architecture, in training mode on the host.

    Args:
        model: the architecture; "module:function" is called with its options, and `shape` and `classes` if taken.
        seed: for modules of one's own, which draw values when they are made: of that draw.

    Raises:
        RequestError: when code of one's own cannot be called so, gives no module, or does not fit the data.
    """
    word = words.find("model", model.name)
    make = words.load(word)
    given: dict[str, Any] = {"name": model.name, "shape": tuple(model.shape), "classes": model.classes}
    taken = inspect.signature(make).parameters
    known = {name: value for name, value in given.items() if name in taken}
    with alone(seed.value if seed else 0):
        try:
            module = make(**known, **model.options)
        except CODE_RAISES as error:
            names = ", ".join(sorted({*known, *model.options})) or "nothing"
            raise RequestError(
                f"the model {model.name!r} cannot be made from {names}: {type(error).__name__}: {error}"
                f"{raised_at(error)}. Its function is given those of name, shape and classes that it takes, and "
                "Network's options={…}."
            ) from error
        if not isinstance(module, nn.Module):
            kind = type(module).__name__
            raise RequestError(f"the model {model.name!r} gave something of type {kind}; expected an nn.Module.")
        if words.is_own_code(model.name):
            check_fit(module, model)
    return module


def check_fit(module: nn.Module, model: Model) -> None:
    """Send two empty examples through a module.

    Raises:
        RequestError: when it refuses them, or its output is not one logit a class.
    """
    shape = " × ".join(map(str, model.shape))
    was_training = module.training
    try:
        with torch.no_grad():
            out = module.eval()(torch.zeros(2, *model.shape))
    except CODE_RAISES as error:
        raise RequestError(
            f"the model {model.name!r} does not fit the data: examples are {shape}, and it says "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}{raised_at(error)}"
        ) from error
    finally:
        module.train(was_training)
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != (2, model.classes):
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise RequestError(
            f"the model {model.name!r} does not fit the data: for 2 examples it gives {got}; expected "
            f"(2, {model.classes}), a logit for each of the {model.classes} classes."
        )


def prunable(module: nn.Module) -> tuple[str, ...]:
    """Names of the tensors that can be pruned: weights of linear and convolution layers, never biases or norms."""
    names = {id(value): name for name, value in module.named_parameters()}  # a shared weight has one name
    found = [names.get(id(layer.weight)) for layer in module.modules() if isinstance(layer, PRUNABLE)]
    return tuple(dict.fromkeys(name for name in found if name is not None))
