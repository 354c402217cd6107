"""The tasks: classification, language modelling, regression, and any loss of one's own.

Nothing here asks a tensor for a Python number or picks rows by a condition: a GPU is never waited for, and
`torch.func.vmap` maps every function over replicas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from whether.errors import CODE_RAISES, RequestError, failed
from whether.tasks.task import Task, refuse_smoothing

IGNORED = -100
"""The label of a position that is not to be predicted; PyTorch's own."""

OwnLoss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Classification(Task):
    """One class for each example: cross-entropy in nats, −ln softmax(outputs)[y].

    Example:
        >>> task, outputs = Classification(), torch.tensor([[2.0, 0.0], [0.0, 0.0]])
        >>> task.each(outputs, torch.tensor([0, 1]))
        tensor([0.1269, 0.6931])
        >>> int(task.right(outputs, torch.tensor([0, 1])))
        1
    """

    name: str = "classification"

    def loss(
        self, outputs: Float[Tensor, "row class"], y: Int[Tensor, " row"], *, smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        """The mean cross-entropy."""
        _check_fit(self.name, outputs, y)
        return cross_entropy(outputs, y, label_smoothing=smoothing)

    def each(self, outputs: Float[Tensor, "row class"], y: Int[Tensor, " row"]) -> Float[Tensor, " row"]:
        """The cross-entropy of each example."""
        _check_fit(self.name, outputs, y)
        return cross_entropy(outputs, y, reduction="none")

    def right(self, outputs: Float[Tensor, "row class"], y: Int[Tensor, " row"]) -> Int[Tensor, ""]:
        """How often the largest output is the label's; the first of several equal ones counts as the largest."""
        return (outputs.argmax(-1) == y).sum()

    def counted(self, y: Int[Tensor, " row"]) -> Int[Tensor, ""]:
        """The number of examples."""
        return torch.full((), y.shape[0], dtype=torch.int64, device=y.device)

    def chance_loss(self, classes: int) -> float | None:
        """The natural logarithm of the number of classes."""
        return math.log(classes)


@dataclass(frozen=True)
class LanguageModelling(Task):
    """A class for each position of each example: cross-entropy in nats over the positions whose label is not −100.

    Every counted position weighs the same, whichever example it stands in. A batch that counts none has the loss 0.
    """

    name: str = "language-modelling"

    def loss(
        self, outputs: Float[Tensor, "row position class"], y: Int[Tensor, "row position"], *, smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        """The mean cross-entropy over all counted positions."""
        return self._positions(outputs, y, smoothing).sum() / self.counted(y).clamp(min=1)

    def each(
        self, outputs: Float[Tensor, "row position class"], y: Int[Tensor, "row position"]
    ) -> Float[Tensor, " row"]:
        """The mean cross-entropy over the counted positions of each example."""
        return self._positions(outputs, y, 0.0).sum(-1) / (y != IGNORED).sum(-1).clamp(min=1)

    def right(self, outputs: Float[Tensor, "row position class"], y: Int[Tensor, "row position"]) -> Int[Tensor, ""]:
        """How many counted positions are predicted rightly."""
        return (outputs.argmax(-1) == y).sum()  # no class is -100, so a position that is not counted is never right

    def counted(self, y: Int[Tensor, "row position"]) -> Int[Tensor, ""]:
        """The number of positions whose label is not −100."""
        return (y != IGNORED).sum()

    def chance_loss(self, classes: int) -> float | None:
        """The natural logarithm of the size of the vocabulary."""
        return math.log(classes)

    def _positions(self, outputs: Tensor, y: Tensor, smoothing: float) -> Float[Tensor, "row position"]:
        _check_fit(self.name, outputs, y)
        flat = cross_entropy(
            outputs.flatten(0, 1), y.flatten(), reduction="none", ignore_index=IGNORED, label_smoothing=smoothing
        )
        return flat.view(y.shape)


@dataclass(frozen=True)
class Regression(Task):
    """Numbers for each example: the mean of (outputs − y)² over all of them. Nothing is right or wrong."""

    name: str = "regression"

    def loss(
        self, outputs: Float[Tensor, "row out"], y: Float[Tensor, "row out"], *, smoothing: float = 0.0
    ) -> Float[Tensor, ""]:
        """The mean squared error."""
        refuse_smoothing(self.name, smoothing)
        return self.each(outputs, y).mean()

    def each(self, outputs: Float[Tensor, "row out"], y: Float[Tensor, "row out"]) -> Float[Tensor, " row"]:
        """The squared error of each example."""
        # [row] beside [row, 1] would broadcast to [row, row] and train towards the mean label.
        _check_fit(self.name, outputs, y)
        return (outputs - y).square().flatten(1).mean(-1)

    def right(self, outputs: Float[Tensor, "row out"], y: Float[Tensor, "row out"]) -> Int[Tensor, ""]:  # noqa: ARG002
        """Always 0."""
        return torch.zeros((), dtype=torch.int64, device=outputs.device)

    def counted(self, y: Float[Tensor, "row out"]) -> Int[Tensor, ""]:
        """The number of examples."""
        return torch.full((), y.shape[0], dtype=torch.int64, device=y.device)

    def chance_loss(self, classes: int) -> float | None:  # noqa: ARG002
        """None: what guessing costs depends on the spread of the labels."""
        return None


@dataclass(frozen=True)
class Own(Task):
    """A loss of one's own, of outputs and class labels; right and wrong are counted as in classification.

    Attributes:
        function: callable(outputs, y) that gives the mean loss of a batch as one number, differentiably.
    """

    name: str
    function: OwnLoss

    def loss(self, outputs: Float[Tensor, "row *out"], y: Tensor, *, smoothing: float = 0.0) -> Float[Tensor, ""]:
        """What the function gives.

        Raises:
            RequestError: when that is not one number, and for smoothing, which is cross-entropy's.
            RaisedError: when the function raises.
        """
        refuse_smoothing(self.name, smoothing)
        try:
            given = self.function(outputs, y)
        except CODE_RAISES as error:
            raise failed(f"the loss {self.name!r}", error) from error
        if not isinstance(given, Tensor) or given.shape != () or not given.is_floating_point():
            said = f"a tensor of {tuple(given.shape)}, {given.dtype}" if isinstance(given, Tensor) else repr(given)
            raise RequestError(
                f"the loss {self.name!r} gave {said}; expected one floating-point number, "
                "such as the mean over the batch"
            )
        return given

    def each(self, outputs: Float[Tensor, "row *out"], y: Tensor) -> Float[Tensor, " row"]:
        """The function of one example after the other, each as a batch of its own."""
        return torch.stack([self.loss(outputs[row : row + 1], y[row : row + 1]) for row in range(len(y))])

    def right(self, outputs: Float[Tensor, "row class"], y: Int[Tensor, " row"]) -> Int[Tensor, ""]:
        """How often the largest output is the label's."""
        return Classification().right(outputs, y)

    def counted(self, y: Tensor) -> Int[Tensor, ""]:
        """The number of examples."""
        return Classification().counted(y)

    def chance_loss(self, classes: int) -> float | None:  # noqa: ARG002
        """None: nobody knows what guessing costs in it."""
        return None


def _check_fit(name: str, outputs: Tensor, y: Tensor) -> None:
    positions = {"classification": 1, "language-modelling": 2}.get(name)
    fits = outputs.shape == y.shape if positions is None else y.ndim == positions and outputs.shape[:-1] == y.shape
    if not fits:
        wanted = {
            "classification": "outputs [row, class] with labels [row]",
            "language-modelling": "outputs [row, position, class] with labels [row, position]",
            "regression": "outputs and labels of one shape, [row, out]",
        }[name]
        raise RequestError(
            f"{name} takes {wanted}; got outputs of {list(outputs.shape)} with labels of {list(y.shape)}: is the model "
            "made for another task than the data?"
        )
