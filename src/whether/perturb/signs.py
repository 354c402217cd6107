"""Signs from one place, magnitudes from another.

Frankle, Schwab & Morcos, "The Early Phase of Neural Network Training" (ICLR 2020), who ask what of a state at step k a
subnetwork needs: its signs, its magnitudes, or both. A weight of exactly zero has no sign: it keeps no magnitude that
is given to it, and gives its sign to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from whether.perturb.change import Redraw, Weights, change, fitting


def redraw_magnitudes(weights: Weights, *, names: Sequence[str], init: Redraw) -> dict[str, Float[Tensor, "..."]]:
    """Keep signs, draw magnitudes again: sign(w)·|fresh|.

    Args:
        weights: of a state, by name.
        names: which of them change.
        init: a fresh tensor for a name, from the model's initialiser.

    Raises:
        RequestError: for a name that is not there, or a fresh tensor of another shape.

    Example:
        >>> fresh = torch.tensor([-1.0, 5.0])
        >>> redraw_magnitudes({"w": torch.tensor([2.0, -3.0])}, names=["w"], init=lambda name: fresh)
        {'w': tensor([ 1., -5.])}
    """

    def become(name: str, weight: Tensor) -> Tensor:
        return weight.sign() * fitting(init(name), name, weight, "the initialiser").abs()

    return change(weights, names, become)


def redraw_signs(weights: Weights, *, names: Sequence[str], init: Redraw) -> dict[str, Float[Tensor, "..."]]:
    """Keep magnitudes, draw signs again: |w|·sign(fresh).

    The signs are those of a fresh draw of the initialiser, fair coins for all that ship. Arguments and errors as in
    `redraw_magnitudes`.

    Example:
        >>> redraw_signs({"w": torch.tensor([2.0, -3.0])}, names=["w"], init=lambda name: torch.tensor([-1.0, -5.0]))
        {'w': tensor([-2., -3.])}
    """

    def become(name: str, weight: Tensor) -> Tensor:
        return _signed(weight, fitting(init(name), name, weight, "the initialiser"))

    return change(weights, names, become)


def swap_magnitudes(weights: Weights, *, names: Sequence[str], other: Weights) -> dict[str, Float[Tensor, "..."]]:
    """Keep signs, take the magnitudes of another state: sign(w)·|other|.

    Args:
        weights: of a state, by name.
        names: which of them change.
        other: weights of a state of the same architecture.

    Raises:
        RequestError: for a name that either state lacks, or another shape.

    Example:
        >>> swap_magnitudes({"w": torch.tensor([2.0, -3.0])}, names=["w"], other={"w": torch.tensor([-1.0, 5.0])})
        {'w': tensor([ 1., -5.])}
    """

    def become(name: str, weight: Tensor) -> Tensor:
        return weight.sign() * fitting(other.get(name), name, weight, "the other state").abs()

    return change(weights, names, become)


def swap_signs(weights: Weights, *, names: Sequence[str], other: Weights) -> dict[str, Float[Tensor, "..."]]:
    """Keep magnitudes, take the signs of another state: |w|·sign(other). Arguments and errors as in `swap_magnitudes`.

    Example:
        >>> swap_signs({"w": torch.tensor([2.0, -3.0])}, names=["w"], other={"w": torch.tensor([-1.0, 0.0])})
        {'w': tensor([-2., -3.])}
    """

    def become(name: str, weight: Tensor) -> Tensor:
        return _signed(weight, fitting(other.get(name), name, weight, "the other state"))

    return change(weights, names, become)


def _signed(weight: Tensor, signs: Tensor) -> Tensor:
    """|weight| with the signs of the second tensor; its own where that is zero."""
    return torch.where(signs == 0, weight, weight.abs() * signs.sign())
