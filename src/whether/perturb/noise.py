"""Noise in units of a layer's initial weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from whether.errors import RequestError
from whether.perturb.change import Redraw, Weights, change, fitting
from whether.seeds import Seed, Stream


def noise(
    weights: Weights, *, names: Sequence[str], seed: Seed, init: Redraw, scale: float | int = 1.0
) -> dict[str, Float[Tensor, "..."]]:
    """Add Gaussian noise of n·σ: w + n·σ·ε, with σ the standard deviation of the layer's initial distribution.

    σ is the root mean square of one fresh draw of the layer: initialisers are centred at zero, and for those of
    constant magnitude it is exact. Frankle, Schwab & Morcos (2020) add noise to ask how exact a state at step k needs
    to be.

    Args:
        weights: of a state, by name.
        names: which of them change, each by a stream of its own.
        seed: of ε, standard normal and independent.
        init: a fresh tensor for a name, from the model's initialiser; gives σ.
        scale: n, at least 0, in standard deviations.

    Raises:
        RequestError: for a name that is not there, a scale that is no such number, or a fresh tensor of another shape.

    Example:
        >>> still = {"w": torch.zeros(4)}
        >>> noisy = noise(still, names=["w"], seed=Seed(1), init=lambda name: torch.full((4,), 0.1), scale=3)
        >>> expected = 3 * 0.1 * torch.from_numpy(Stream(Seed(1), "perturb/noise/w").normal(4))
        >>> torch.allclose(noisy["w"].double(), expected)
        True
    """
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 <= scale < math.inf:
        raise RequestError(f"the scale of noise is a number of standard deviations, at least 0; got {scale!r}.")

    def become(name: str, weight: Tensor) -> Tensor:
        fresh = fitting(init(name), name, weight, "the initialiser").double()
        drawn = Stream(seed, f"perturb/noise/{name}").normal(weight.numel())
        return weight.double() + scale * fresh.square().mean().sqrt() * torch.from_numpy(drawn).reshape(weight.shape)

    return change(weights, names, become)
