"""Models of torchvision and timm by name, where those libraries are installed; untrained."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from torch import nn

from whether.errors import RequestError, unknown


def torchvision(name: str, classes: int, **options: Any) -> nn.Module:
    """A classifier of torchvision, untrained: "torchvision/resnet18".

    Args:
        name: "torchvision/" and a name that `torchvision.models.get_model` knows.
        classes: outputs.
        options: for that function, such as image_size.

    Returns:
        A module from images with three channels to logits [batch, classes].

    Raises:
        RequestError: when torchvision is not installed, or has no such model.
    """
    module, short = _installed("torchvision", "torchvision.models"), name.partition("/")[2]
    known = list(module.list_models(module=module))
    if short not in known:
        raise unknown("model of torchvision", short, known)
    _refuse_weights(name, options)
    made: nn.Module = module.get_model(short, **{"weights": None, "num_classes": classes} | options)
    return made


def timm(name: str, shape: tuple[int, ...], classes: int, **options: Any) -> nn.Module:
    """A model of timm, untrained, for images of any number of channels: "timm/resnet18".

    Args:
        name: "timm/" and a name that `timm.create_model` knows.
        shape: (channels, height, width).
        classes: outputs.
        options: for `timm.create_model`.

    Returns:
        A module from images to logits [batch, classes].

    Raises:
        RequestError: when timm is not installed, or has no such model.
    """
    module, short = _installed("timm", "timm"), name.partition("/")[2]
    known = list(module.list_models())
    if short not in known:
        raise unknown("model of timm", short, known)
    given: dict[str, Any] = {"pretrained": False, "num_classes": classes, "in_chans": shape[0]}
    _refuse_weights(name, options)
    made: nn.Module = module.create_model(short, **given | options)
    return made


def _installed(library: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RequestError(
            f"models of {library} need {library}, which is not installed here ({error}): pip install {library}"
        ) from error


def _refuse_weights(name: str, options: Mapping[str, Any]) -> None:
    """Weights that a library fetches would be part of no identity."""
    for option in ("weights", "pretrained", "checkpoint_path"):
        if options.get(option):
            raise RequestError(
                f"the model {name!r} with {option}={options[option]!r} would fetch weights that no history names; save "
                "them to a file, and begin with Network.from_file(path, model=…)."
            )
