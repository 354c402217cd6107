"""What every task can tell of outputs and labels, and which tasks there are."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor

from whether import words
from whether.errors import RequestError, unknown

NAMES = ("classification", "language-modelling", "regression")


class Task(ABC):
    """A task: how outputs are held against labels. Pure functions of tensors, which `torch.func.vmap` can map.

    A prediction is what is right or wrong by itself: one an example in classification and regression, one a counted
    position in language modelling.

    Attributes:
        name: as a card's `task` has it, or "module:function" for a loss of one's own.
    """

    name: str

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "row *out"], y: Tensor, *, smoothing: float = 0.0) -> Float[Tensor, ""]:
        """The mean loss over all predictions of a batch.

        Args:
            outputs: what the network gave.
            y: the labels.
            smoothing: the share of the target that is spread evenly over all classes, 0 to 1 (Szegedy et al., 2016).

        Raises:
            RequestError: when outputs do not fit labels, and for smoothing where there are no classes.
        """

    @abstractmethod
    def each(self, outputs: Float[Tensor, "row *out"], y: Tensor) -> Float[Tensor, " row"]:
        """The loss of each example: the mean over its own predictions."""

    @abstractmethod
    def right(self, outputs: Float[Tensor, "row *out"], y: Tensor) -> Int[Tensor, ""]:
        """How many predictions are right."""

    @abstractmethod
    def counted(self, y: Tensor) -> Int[Tensor, ""]:
        """How many predictions there are to be made: what `right` is a part of, and what `loss` is a mean over."""

    @abstractmethod
    def chance_loss(self, classes: int) -> float | None:
        """The loss of guessing evenly, None where guessing has no such value."""


def find(name: str) -> Task:
    """The task of a name.

    Args:
        name: one of `NAMES`, or "module:function" for a loss of one's own: a callable(outputs, y) that gives a scalar;
            "module:function@hash" is the same.

    Raises:
        RequestError: for an unknown name, and for a module or function that is not there.

    Example:
        >>> round(find("classification").chance_loss(10), 4)
        2.3026
    """
    from whether.tasks import kinds

    known = {kind.name: kind for kind in (kinds.Classification(), kinds.LanguageModelling(), kinds.Regression())}
    if name in known:
        return known[name]
    bare = name.partition("@")[0] if isinstance(name, str) else name
    if words.is_own_code(bare):
        return kinds.Own(bare, words.load(words.find("loss", bare)))
    raise unknown(
        "task", name, NAMES, "Or name a loss of your own as 'module:function': a function of outputs and labels."
    )


def refuse_smoothing(name: str, smoothing: float) -> None:
    """Smoothing is of class labels; whoever has none says so.

    Raises:
        RequestError: for any smoothing but 0.
    """
    if smoothing:
        raise RequestError(
            f"smoothing={smoothing} is spread over classes, and {name!r} has none to spread it over; leave it out"
        )
