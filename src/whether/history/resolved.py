"""What is trained and how, resolved: an architecture for examples of one shape, and a recipe in iterations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from whether.data.cards import Data
from whether.history.fact import Fact

NAMES = "names of parts"
"""The option of a derived measure that says what its parts are called."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Model(Fact):
    """An architecture for examples of one shape: name, shape, classes; the hash of its code when it is the user's."""

    tag = "model"
    neutral: ClassVar[Mapping[str, Any]] = {"code": "", "options": {}, "task": "classification"}
    name: str
    shape: tuple[int, ...]
    classes: int
    code: str = ""
    options: Mapping[str, Any]
    task: str = "classification"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Training(Fact):
    """A resolved recipe: every length in iterations, the data by digest.

    `data` is the resolved split of the data set (`Data.resolve`), `total`, `evaluate` and what is in `schedule` are
    iterations, `per_epoch` is iterations an epoch.
    """

    tag = "training"
    neutral: ClassVar[Mapping[str, Any]] = {
        "asserts": (),
        "augment": (),
        "clip": None,
        "evaluate": None,
        "loss": "",
        "precision": "fp32",
        "smoothing": 0.0,
        "sparsify": None,
        "task": "classification",
    }
    aside = ("data_name",)
    optimizer: Mapping[str, Any]
    schedule: Mapping[str, Any]
    total: int
    batch: int
    last_batch: str
    per_epoch: int
    data: Mapping[str, Any]
    data_name: Data
    task: str
    evaluate: int | None
    asserts: tuple[str, ...]
    augment: tuple[str, ...] = ()
    clip: float | None = None
    loss: str = ""
    precision: str = "fp32"
    smoothing: float = 0.0
    sparsify: Mapping[str, Any] | None = None

    @property
    def grid(self) -> tuple[int, ...]:
        """The steps at which the validation split is looked at: both ends and every `evaluate` steps between."""
        every = self.evaluate or usual_gap(self.total)
        return (*range(0, self.total, every), self.total)


def usual_gap(total: int) -> int:
    """Iterations between two looks at the validation split, when a recipe does not say: a fiftieth of the total."""
    return max(1, round(total / 50))
