"""The straight line between two networks, and the barrier on it.

Frankle, Dziugaite, Roy & Carbin, "Linear mode connectivity and the lottery ticket hypothesis" (ICML 2020), section 2.
They take 30 values of α; 31 is what we take where nothing is said, so that ½ is among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from whether.connect.named import Named, carrier, check_alike, give
from whether.errors import RequestError, WorkError


@dataclass(frozen=True)
class Point:
    """One network on a path, and what was measured of it.

    Attributes:
        alpha: where: 0 is the first network, 1 the second.
        values: what `evaluate` gave, by name; with statistics re-estimated where that was asked for.
        stale: the same with statistics as they were interpolated; equal to `values` where nothing was re-estimated.
    """

    alpha: float
    values: dict[str, float]
    stale: dict[str, float]


def alphas(count: int = 31) -> tuple[float, ...]:
    """Evenly spaced places on a path, both ends included.

    Args:
        count: how many, at least 2; ½ is among them when it is odd.

    Raises:
        RequestError: for fewer than 2.

    Example:
        >>> alphas(5)
        (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    if count < 2:
        raise RequestError(f"a path has at least its two ends, got count={count}; write alphas(31)")
    return tuple(place / (count - 1) for place in range(count))


def interpolate(a: Mapping[str, Tensor], b: Mapping[str, Tensor], alpha: float) -> Named:
    """The network at α on the line: (1−α)·a + α·b, tensor by tensor.

    Where both networks have the same value it stays to the bit, so that a network with itself is itself at every α.
    Running statistics are interpolated like weights and describe neither network: see `reestimate`.

    Args:
        a: the network at α = 0.
        b: the network at α = 1, with the same names and shapes.
        alpha: from 0 to 1.

    Returns:
        New tensors. What counts (integers such as `num_batches_tracked`, booleans) is the first network's; at α = 1
        everything is the second's.

    Raises:
        RequestError: for α outside 0 to 1, or networks that differ in a name or a shape.

    Example:
        >>> interpolate({"w": torch.tensor([0.0, 1.0])}, {"w": torch.tensor([4.0, 1.0])}, 0.25)["w"].tolist()
        [1.0, 1.0]
    """
    if not 0.0 <= alpha <= 1.0:
        raise RequestError(f"alpha is from 0 (the first network) to 1 (the second), got {alpha}")
    check_alike(a, b, what="a path")
    if alpha in (0.0, 1.0):
        return {name: value.detach().clone() for name, value in (b if alpha else a).items()}
    return {name: _between(value.detach(), b[name].detach(), alpha) for name, value in a.items()}


def barrier(values: Sequence[float]) -> float:
    """How much worse a path gets than its ends are on average: max over α of E(α), less the mean of E(0) and E(1).

    The highest value includes the ends', so a barrier is never negative, and it is half the difference of the ends
    where there is no bump between them. It is a maximum: where E is measured on few examples, noise pushes it up, the
    more the more values of α there are. So a barrier of noise alone is above 0, and barriers are compared on one set of
    examples and the same values of α.

    Args:
        values: E along the path, in order of α, ends included: error in per cent, or loss in nats. Less is better.

    Returns:
        In the unit of the values.

    Raises:
        RequestError: for fewer than two values.
        WorkError: when a value is not a finite number.

    Example:
        >>> barrier([2.0, 9.0, 3.0])
        6.5

    Source: Frankle et al. (2020), section 2. Entezari et al. (2022) subtract (1−α)·E(0) + α·E(1) at each α instead:
    the same where the ends are equal, and smaller where they are not.
    """
    if len(values) < 2:
        raise RequestError(f"a barrier needs the values at both ends of a path, got {len(values)}")
    strange = [value for value in values if not math.isfinite(value)]
    if strange:
        raise WorkError(f"a value on the path is {strange[0]}; a network there has diverged, so it has no barrier.")
    # Ends halved first: their sum could be infinite, and max − mean be below 0 by a rounding.
    return max(0.0, max(values) - (values[0] / 2 + values[-1] / 2))


def walk(
    module: nn.Module,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    *,
    alphas: Sequence[float],
    evaluate: Callable[[nn.Module], Mapping[str, float]],
    reestimate: Callable[[Named], Named] | None = None,
    both: bool = True,
) -> list[Point]:
    """Measure the networks on the line between two.

    Args:
        module: gives the computation; it stays as it was.
        a: the weights at α = 0.
        b: the weights at α = 1.
        alphas: where to measure, in this order.
        evaluate: is given a copy of the module in evaluation mode with the weights of one α, under `no_grad`; returns
            numbers by name, such as error in per cent and loss in nats.
        reestimate: weights to weights with fresh running statistics, such as
            `lambda weights: reestimate(module, weights, x)`. The ends are re-estimated too, so that every point has its
            statistics from the same rule; `stale` at the ends is what the two networks are by themselves.
        both: measure with the statistics as they were interpolated, too; else `stale` is empty where they are not used.

    Returns:
        One point for each α.

    Raises:
        RequestError: for networks that differ, or are not the module's.
    """
    copy = carrier(module)
    points = []
    for alpha in alphas:
        weights = interpolate(a, b, alpha)
        fresh = weights if reestimate is None else reestimate(weights)
        same = fresh.keys() == weights.keys() and all(fresh[name] is value for name, value in weights.items())
        values = _measured(copy, fresh, evaluate)
        stale = values if same else _measured(copy, weights, evaluate) if both else {}
        points.append(Point(alpha, values, stale))
    return points


def _measured(
    copy: nn.Module, weights: Named, evaluate: Callable[[nn.Module], Mapping[str, float]]
) -> dict[str, float]:
    with torch.no_grad():
        return dict(evaluate(give(copy, weights).eval()))


def _between(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    if not (a.is_floating_point() or a.is_complex()):
        return a.clone()
    # Three roundings of their own: `lerp` and `add(alpha=)` fuse some of them on some processors and not on others.
    return torch.where(a == b, a, a * (1.0 - alpha) + b * alpha)
