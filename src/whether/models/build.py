"""From an architecture's name to an `nn.Module`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from whether import words
from whether.errors import CODE_RAISES, RequestError, raised_at
from whether.fit import TOKENS, fits
from whether.history.facts import Model
from whether.models.alone import alone
from whether.seeds import Seed

PRUNABLE = (nn.Linear, nn.modules.conv._ConvNd)


def build(model: Model, seed: Seed | None = None) -> nn.Module:
    """The module of an architecture, in training mode on the host.

    Args:
        model: the architecture; its function is called with its options, and what it takes of `name`, `shape` and
            `classes` (`num_classes` in torchvision and timm).
        seed: for modules of one's own, which draw values when they are made: of that draw.

    Raises:
        RequestError: when the model does not fit the data; when code of one's own cannot be called so, or gives no
            module.
    """
    word = words.find("model", model.name)
    fits(model.name, tuple(model.shape), task_of(model))
    make = words.load(word)
    known = arguments(make, model)
    with alone(seed.value if seed else 0):
        try:
            module = make(**known, **model.options)
        except RequestError:
            raise
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
        if words.is_own_code(model.name) or "/" in model.name:
            check_fit(module, model)
    return module


def arguments(make: Callable[..., Any], model: Model) -> dict[str, Any]:
    """What a model's function is given: those of name, shape and classes that it takes.

    As torchvision's and timm's functions have it, `num_classes` is given where `classes` is not taken, and `in_chans`
    where `shape` is not, unless the options say otherwise. Their functions hand on whatever they are given.

    Example:
        >>> digits = Model(name="nets:make", shape=(1, 8, 8), classes=10, options={})
        >>> arguments(lambda num_classes=1000, in_chans=3: None, digits)
        {'num_classes': 10, 'in_chans': 1}
    """
    taken = inspect.signature(make).parameters
    ours: dict[str, Any] = {"name": model.name, "shape": tuple(model.shape), "classes": model.classes}
    known = {name: value for name, value in ours.items() if name in taken}
    if "classes" not in taken and ("num_classes" in taken or _hands_on(make)):
        known["num_classes"] = model.classes
    if "shape" not in taken and "in_chans" in taken and len(model.shape) == 3:
        known["in_chans"] = model.shape[0]
    return {name: value for name, value in known.items() if name in ours or name not in model.options}


def _hands_on(make: Callable[..., Any]) -> bool:
    """Whether a function takes anything, and is of a library whose functions hand it on to their models."""
    anything = any(item.kind is item.VAR_KEYWORD for item in inspect.signature(make).parameters.values())
    return anything and str(getattr(make, "__module__", "")).partition(".")[0] in ("torchvision", "timm")


def check_fit(module: nn.Module, model: Model) -> None:
    """Send two empty examples through a module: zeros, as numbers or, for language modelling, as token ids.

    Raises:
        RequestError: when it refuses them, or its output is not one logit a class (and place of a sequence).
    """
    shape, tokens = " × ".join(map(str, model.shape)), task_of(model) == TOKENS
    examples = torch.zeros(2, *model.shape, dtype=torch.int64 if tokens else torch.float32)
    wanted = (2, *model.shape, model.classes) if tokens else (2, model.classes)
    was_training = module.training
    try:
        with torch.no_grad():
            out = module.eval()(examples)
    except CODE_RAISES as error:
        raise RequestError(
            f"the model {model.name!r} does not fit the data: examples are {shape}, and it says "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}{raised_at(error)}"
            f"{_channels(module, model)}"
        ) from error
    finally:
        module.train(was_training)
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != wanted:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        each = {
            TOKENS: f"at each place a logit for each of the {model.classes} tokens",
            "regression": f"{model.classes} numbers for each",
        }.get(task_of(model), f"a logit for each of the {model.classes} classes")
        raise RequestError(
            f"the model {model.name!r} does not fit the data: for 2 examples it gives {got}; expected {wanted}, {each}."
        )


def _channels(module: nn.Module, model: Model) -> str:
    """What to say when the first convolution takes other channels than the images have; empty otherwise."""
    first = next((layer for layer in module.modules() if isinstance(layer, nn.modules.conv._ConvNd)), None)
    if first is None or len(model.shape) != 3 or first.in_channels == model.shape[0]:
        return ""
    return (
        f". Its first convolution takes {first.in_channels} channels, and the images have {model.shape[0]}: models of "
        "timm take options={'in_chans': …}; others need a function of your own that changes that layer."
    )


def task_of(model: Model) -> str:
    """What a model is for: "classification", "regression" or "language-modelling"."""
    return str(getattr(model, "task", "classification"))


def prunable(module: nn.Module) -> tuple[str, ...]:
    """Names of the tensors that can be pruned: weights of linear and convolution layers, never biases or norms."""
    names = {id(value): name for name, value in module.named_parameters()}  # a shared weight has one name
    found = [names.get(id(layer.weight)) for layer in module.modules() if isinstance(layer, PRUNABLE)]
    return tuple(dict.fromkeys(name for name in found if name is not None))
