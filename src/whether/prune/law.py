"""The scaling law of pruning: the error of a pruned network from its density, its width and its depth.

    ε(d) = ε_np · ‖(d' − j·p·(ε↑/ε_np)^{1/γ}) / (d' − j·p)‖^γ,        d' = l^φ · w^ψ · d,  j = √−1

ε_np is the error of the unpruned network, d the density, l and w depth and width. Towards dense networks the error is
ε_np, in the middle it falls as a power of the density with slope γ, and where next to nothing is left it is ε↑, which
is reached around d' = p. With one depth and one width it is the law of a single network. Pure functions on numbers.

Source: Rosenfeld, Frankle, Carbin and Shavit, "On the Predictability of Pruning Across Scales" (ICML 2021), equations 1
and 2. Differences: it is fitted to logarithms of the errors, not to relative errors (the same where these are small),
and any error above zero will do, such as a cross-entropy, where the paper has the share misclassified.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from whether.errors import RequestError

Array = npt.NDArray[np.float64]

_SLOPES, _PLACES, _RISES = (0.3, 1.0, 3.0), (0.25, 0.75), (1.5, 6.0)  # where fits begin
_FARTHEST = 12.0  # how far logarithms of p and of ε↑ may go beyond what was seen
_EXPONENT = 5.0
_ROUGH, _FINE, _FINALISTS = 15, 150, 3  # looks from each beginning, and from the best of what they led to


class Net(NamedTuple):
    """One network as the law sees it.

    Attributes:
        chain: the unpruned network that it was pruned from, by name.
        density: the part of the weights that exists, in (0, 1].
        depth, width: in any unit; 1 where they do not vary.
        fitted: whether the law may see its error; otherwise it is held out.
    """

    chain: str
    density: float
    depth: float = 1.0
    width: float = 1.0
    fitted: bool = True


@dataclass(frozen=True, kw_only=True)
class Law:
    """The constants of the law.

    Attributes:
        ceiling: ε↑, the error where next to nothing is left.
        corner: p, the rescaled density d' around which that is reached.
        slope: γ, the power by which the error falls in the middle.
        depth: φ, 0 where depths do not vary.
        width: ψ, 0 where widths do not vary.
    """

    ceiling: float
    corner: float
    slope: float
    depth: float = 0.0
    width: float = 0.0

    def error(self, density: float, unpruned: float, *, depth: float = 1.0, width: float = 1.0) -> float:
        """The error that the law predicts.

        Args:
            density: d, in (0, 1].
            unpruned: ε_np, above 0.
            depth, width: l and w.

        Example:
            >>> law = Law(ceiling=2.0, corner=1e-4, slope=1.0)
            >>> [round(law.error(d, 0.1), 4) for d in (1.0, 0.01, 0.001, 1e-9)]
            [0.1, 0.102, 0.2225, 2.0]
        """
        place = math.log(density) + self.depth * math.log(depth) + self.width * math.log(width)
        far = 2 * (math.log(self.corner) + (math.log(self.ceiling) - math.log(unpruned)) / self.slope)
        rise = _logadd(2 * place, far) - _logadd(2 * place, 2 * math.log(self.corner))
        return unpruned * math.exp(self.slope / 2 * rise)


def fit(nets: Sequence[Net], errors: Sequence[float]) -> Law:
    """The law that is nearest to networks: least squares of the logarithms of their errors.

    From several beginnings, always the same ones, the best end is taken. Where the networks do not reach the ceiling,
    it and the corner are not told apart by them, and only what lies within their densities is predicted.

    Args:
        nets: each chain with its unpruned network (density 1), whose error is ε_np. Depth and width are fitted where
            they vary among the chains. Those that are held out are not looked at.
        errors: of each, above 0.

    Raises:
        RequestError: when there are fewer networks than constants, a chain has no unpruned one, or a number is out of
            range.

    Example:
        >>> true = Law(ceiling=2.0, corner=1e-3, slope=1.0)
        >>> nets = [Net("dense", 0.7**k) for k in range(30)]
        >>> found = fit(nets, [true.error(net.density, 0.1) for net in nets])
        >>> round(found.ceiling, 1), round(found.corner, 4), round(found.slope, 2)
        (2.0, 0.001, 1.0)
    """
    check(nets, errors)
    return _fit(tuple(nets), tuple(map(float, errors)))


@lru_cache(maxsize=64)  # a question asks several things of one fit
def _fit(nets: tuple[Net, ...], errors: tuple[float, ...]) -> Law:
    problem = _problem(nets, errors)
    rough = sorted((problem.end(begin, _ROUGH) for begin in problem.beginnings()), key=lambda end: end[0])
    _, best = min((problem.end(at.tolist(), _FINE) for _, at in rough[:_FINALISTS]), key=lambda end: end[0])
    ceiling, corner, slope, *others = best.tolist()
    exponents = dict(zip(problem.varied, others, strict=True))
    corner += sum(exponent * problem.middle[name] for name, exponent in exponents.items())
    return Law(ceiling=math.exp(ceiling), corner=math.exp(corner), slope=math.exp(slope), **exponents)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """A fit in logarithms: what was seen of each network, ε_np, density, and rescaled by their means depth and width.

    The law does not change when d' and p are rescaled together, so the means go into p at the end.
    """

    seen: Array
    unpruned: Array
    density: Array
    scales: Array
    varied: tuple[str, ...]
    middle: Mapping[str, float]

    def parts(self, at: Array) -> tuple[Array, Array, Array]:
        """log A = log p + (log ε↑ − log ε_np) / γ, and the logarithms of d'² + A² and d'² + p²."""
        place = self.density + self.scales @ at[3:]
        far = at[1] + (at[0] - self.unpruned) * math.exp(-at[2])
        return far, np.logaddexp(2 * place, 2 * far), np.logaddexp(2 * place, 2 * at[1])

    def off(self, at: Array) -> Array:
        """Predicted less seen, in logarithms, at (log ε↑, log p, log γ, exponents)."""
        _, above, below = self.parts(at)
        return self.unpruned + math.exp(at[2]) / 2 * (above - below) - self.seen

    def slopes(self, at: Array) -> Array:
        """The derivatives of `off`, one row a network."""
        far, above, below = self.parts(at)
        gamma = math.exp(at[2])
        risen, reached = np.exp(2 * far - above), np.exp(2 * at[1] - below)
        place = gamma * (reached - risen)  # of d': its part of d'² + A², less that of d'² + p²
        bent = gamma / 2 * (above - below) - risen * (at[0] - self.unpruned)
        return np.column_stack([risen, gamma * (risen - reached), bent, self.scales * place[:, None]])

    def beginnings(self) -> Iterator[list[float]]:
        """Where fits begin: slopes, places at which the error starts to rise, and ceilings above what was seen."""
        most, least = float(self.seen.max()), float(self.density.min())
        middle = float(self.unpruned.mean())
        for gamma, part, rise in itertools.product(_SLOPES, _PLACES, _RISES):
            ceiling = most + math.log(rise)
            corner = part * least - max(ceiling - middle, 0.0) / gamma
            yield [ceiling, corner, math.log(gamma), *[1.0] * len(self.varied)]

    def end(self, begin: Sequence[float], most: int) -> tuple[float, Array]:
        """The sum of squares in which a fit ends after so many looks at most, and where."""
        from scipy.optimize import least_squares

        low = [float(self.seen.min()), float(self.density.min()) - 3 * _FARTHEST, math.log(1e-2)]
        high = [float(self.seen.max()) + _FARTHEST, float(self.density.max()) + _FARTHEST, math.log(1e2)]
        low, high = low + [-_EXPONENT] * len(self.varied), high + [_EXPONENT] * len(self.varied)
        inside = [min(max(value, a + 1e-6), b - 1e-6) for value, a, b in zip(begin, low, high, strict=True)]
        found = least_squares(self.off, inside, jac=self.slopes, bounds=(low, high), max_nfev=most)
        return float(found.cost), found.x


def _problem(nets: Sequence[Net], errors: Sequence[float]) -> _Problem:
    taken = [(net, error) for net, error in zip(nets, errors, strict=True) if net.fitted]
    whole = unpruned(nets, errors)
    sizes = {name: np.log([getattr(net, name) for net, _ in taken]) for name in ("depth", "width")}
    varied = tuple(name for name, logs in sizes.items() if float(np.ptp(logs)) > 0)
    if len(taken) < 3 + len(varied):
        raise RequestError(f"the law has {3 + len(varied)} constants, and is fitted to {len(taken)} networks; fit more")
    middle = {name: float(sizes[name].mean()) for name in varied}
    scales = np.array([sizes[name] - middle[name] for name in varied]).reshape(len(varied), len(taken)).T
    return _Problem(
        seen=np.log([error for _, error in taken]),
        unpruned=np.log([whole[net.chain] for net, _ in taken]),
        density=np.log([net.density for net, _ in taken]),
        scales=scales,
        varied=varied,
        middle=middle,
    )


def unpruned(nets: Sequence[Net], errors: Sequence[float]) -> dict[str, float]:
    """ε_np by chain: the error of the network whose density is 1.

    Raises:
        RequestError: for a chain that has none that is fitted.
    """
    found = {net.chain: error for net, error in zip(nets, errors, strict=True) if net.density == 1.0 and net.fitted}
    for net in nets:
        if net.chain not in found:
            raise RequestError(
                f"the chain {net.chain!r} has no network of density 1 to fit; its error is the law's ε_np"
            )
    return found


def check(nets: Sequence[Net], errors: Sequence[float]) -> None:
    """See that networks and their errors are such as the law is about.

    Raises:
        RequestError: when there are not as many of both, or a number is out of range.
    """
    if len(nets) != len(errors):
        raise RequestError(f"expected an error of each of {len(nets)} networks, got {len(errors)}")
    for net, error in zip(nets, errors, strict=True):
        if not (math.isfinite(error) and error > 0):
            raise RequestError(
                f"the network of density {net.density:g} of {net.chain!r} has the error {error!r}; the law is about "
                "logarithms, so it needs errors above 0, such as cross-entropies"
            )
        if not 0 < net.density <= 1 or not min(net.depth, net.width) > 0:
            raise RequestError(f"{net} is no network: expected a density in (0, 1], a depth and a width above 0")


def _logadd(a: float, b: float) -> float:
    """log(e^a + e^b)."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))
