"""Whether: ask whether, get an answer either way.

A lab for the science of deep learning. This is the front door: everything that a question needs. Importing it loads
nothing but the table below; a name is fetched from its home when it is first used. Only training loads torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.data.cards import Data
    from whether.errors import DamageError, RequestError, WhetherError, WorkError
    from whether.history import (
        Mask,
        Measure,
        Network,
        Tickets,
        accuracy,
        barrier,
        curve,
        density,
        derived,
        disagreement,
        distance,
        early_stop,
        loss,
        loss_barrier,
        measure,
        path,
        solved,
        tickets,
    )
    from whether.lab import Lab
    from whether.question import (
        Claim,
        Control,
        Question,
        Replicate,
        above,
        at,
        below,
        exceeds,
        not_worse,
        ordered,
        question,
        same,
    )
    from whether.recipe import Recipe, adam, adamw, constant, cosine, drops, linear, own_optimizer, sgd
    from whether.seeds import Seed
    from whether.sparsify import gradual, rigl, set_
    from whether.steps import Steps

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Claim",
    "Control",
    "DamageError",
    "Data",
    "Lab",
    "Mask",
    "Measure",
    "Network",
    "Question",
    "Recipe",
    "Replicate",
    "RequestError",
    "Seed",
    "Steps",
    "Tickets",
    "WhetherError",
    "WorkError",
    "above",
    "accuracy",
    "adam",
    "adamw",
    "at",
    "barrier",
    "below",
    "constant",
    "cosine",
    "curve",
    "density",
    "derived",
    "disagreement",
    "distance",
    "drops",
    "early_stop",
    "exceeds",
    "gradual",
    "linear",
    "loss",
    "loss_barrier",
    "measure",
    "not_worse",
    "ordered",
    "own_optimizer",
    "path",
    "question",
    "rigl",
    "same",
    "set_",
    "sgd",
    "solved",
    "tickets",
]

_HOMES = {
    "whether.answer": ("Answer",),
    "whether.data.cards": ("Data",),
    "whether.errors": ("DamageError", "RequestError", "WhetherError", "WorkError"),
    "whether.history": (
        "Mask",
        "Measure",
        "Network",
        "Tickets",
        "accuracy",
        "barrier",
        "curve",
        "density",
        "derived",
        "disagreement",
        "distance",
        "early_stop",
        "loss",
        "loss_barrier",
        "measure",
        "path",
        "solved",
        "tickets",
    ),
    "whether.lab": ("Lab",),
    "whether.question": (
        "Claim",
        "Control",
        "Question",
        "Replicate",
        "above",
        "at",
        "below",
        "exceeds",
        "not_worse",
        "ordered",
        "question",
        "same",
    ),
    "whether.recipe": ("Recipe", "adam", "adamw", "constant", "cosine", "drops", "linear", "own_optimizer", "sgd"),
    "whether.seeds": ("Seed",),
    "whether.sparsify": ("gradual", "rigl", "set_"),
    "whether.steps": ("Steps",),
}

_HOME = {name: home for home, names in _HOMES.items() for name in names}


class _FrontDoor(ModuleType):
    """This module's class: fetches names when they are used."""

    def __getattr__(self, name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'whether' has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})

    # The decorator has the name of the module that it lives in. The import system would put the module here.
    @property
    def question(self) -> Any:
        return import_module("whether.question").question

    @question.setter
    def question(self, module: ModuleType) -> None:
        del module


sys.modules[__name__].__class__ = _FrontDoor
