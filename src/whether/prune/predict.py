"""How well the errors of pruned networks are predicted that were held out: by the law of pruning, and by neighbours.

The words that a question derives of many networks' errors are here: `law_error`, `law_margin`, `law_fit`. What is
fitted and what is held out is said in rows, one of each network (`Net`). Pure functions on numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from whether.errors import RequestError, unknown
from whether.prune.law import Net, check, fit, unpruned
from whether.seeds import Seed, Stream

TELLS = ("deviation", "mean")
PERMUTED = "permuted law"
Rows = Sequence[Sequence[Any]]
Pairs = list[tuple[float, float]]


def predictions(nets: Sequence[Net], errors: Sequence[float], *, by: str = "law") -> list[float]:
    """The errors of all networks, held out or not, as they are predicted from those that are fitted.

    Args:
        nets, errors: as of `fit`.
        by: "law"; "interpolation", log error on straight lines between neighbours: over log density within a chain, and
            where a chain has no neighbours on both sides, over log width between the nearest chains of its depth that
            have; "rise", the same of the error over that of the unpruned network, which is known of each chain; or
            "constant", the geometric mean of all that are fitted.

    Raises:
        RequestError: as `fit`; for an unknown word; where there is nothing between which to interpolate.
    """
    check(nets, errors)
    if by not in PREDICTORS:
        raise unknown("predictor", by, PREDICTORS)
    return PREDICTORS[by](nets, errors)


def _by_law(nets: Sequence[Net], errors: Sequence[float]) -> list[float]:
    law, whole = fit(nets, errors), unpruned(nets, errors)
    return [law.error(net.density, whole[net.chain], depth=net.depth, width=net.width) for net in nets]


def _by_mean(nets: Sequence[Net], errors: Sequence[float]) -> list[float]:
    seen = [math.log(error) for net, error in zip(nets, errors, strict=True) if net.fitted]
    if not seen:
        raise RequestError("no network is fitted, so that nothing is known; fit some")
    return [math.exp(math.fsum(seen) / len(seen))] * len(nets)


def _by_neighbours(nets: Sequence[Net], errors: Sequence[float]) -> list[float]:
    chains: dict[str, list[tuple[Net, float]]] = {}
    for net, error in zip(nets, errors, strict=True):
        if net.fitted:
            chains.setdefault(net.chain, []).append((net, math.log(error)))
    return [math.exp(_between(net, chains)) for net in nets]


def _by_rise(nets: Sequence[Net], errors: Sequence[float]) -> list[float]:
    whole = unpruned(nets, errors)
    risen = [error / whole[net.chain] for net, error in zip(nets, errors, strict=True)]
    return [rise * whole[net.chain] for net, rise in zip(nets, _by_neighbours(nets, risen), strict=True)]


PREDICTORS: dict[str, Callable[[Sequence[Net], Sequence[float]], list[float]]] = {
    "law": _by_law,
    "interpolation": _by_neighbours,
    "rise": _by_rise,
    "constant": _by_mean,
}


def _between(net: Net, chains: Mapping[str, list[tuple[Net, float]]]) -> float:
    """The log error between neighbours: of its own chain, else of chains that are narrower and wider."""
    place, across = math.log(net.density), []
    for chain, known in chains.items():
        line = sorted((math.log(one.density), log) for one, log in known)
        if line[0][0] <= place <= line[-1][0]:
            if chain == net.chain:
                return _on(line, place)
            if known[0][0].depth == net.depth:
                across.append((math.log(known[0][0].width), _on(line, place)))
    width = math.log(net.width)
    below, above = ([one for one in across if (one[0] - width) * side >= 0] for side in (-1, 1))
    if not below or not above:
        raise RequestError(
            f"the network of density {net.density:g} of {net.chain!r} has no neighbours that are fitted on both sides, "
            "neither in its chain nor in narrower and wider ones of its depth; fit the ends of what is to be predicted"
        )
    return _on([max(below), min(above)], width)


def _on(line: Pairs, place: float) -> float:
    return float(np.interp(place, [x for x, _ in line], [y for _, y in line]))


def permuted(nets: Sequence[Net], seed: Seed) -> list[Net]:
    """The networks with the densities of those that are fitted and pruned put in another order, chain by chain."""
    made = list(nets)
    for chain in dict.fromkeys(net.chain for net in nets):
        moved = [i for i, net in enumerate(nets) if net.chain == chain and net.fitted and net.density < 1.0]
        order = Stream(seed, f"densities of {chain}").permutation(len(moved)).tolist()
        for to, of in zip(moved, order, strict=True):
            made[to] = made[to]._replace(density=nets[moved[of]].density)
    return made


def averaged(nets: Sequence[Net], errors: Sequence[float]) -> tuple[list[Net], list[float]]:
    """Each network once, with the geometric mean of its errors where it stands there several times."""
    check(nets, errors)
    logs: dict[Net, list[float]] = {}
    for net, error in zip(nets, errors, strict=True):
        logs.setdefault(net, []).append(math.log(error))
    return list(logs), [math.exp(math.fsum(some) / len(some)) for some in logs.values()]


def law_error(values: Mapping[str, float], *, nets: Rows | None, by: str = "law", permute: str | None = None) -> float:
    """By how many per cent networks that were held out are mispredicted: 100 · the mean of |log predicted − log seen|.

    Args:
        values: the networks' errors.
        nets: of each, in the same order, the fields of its `Net`; of those that are alike the mean is taken.
        by: as of `predictions`; or "permuted law", of which the densities of those that are fitted are permuted first,
            so that the law cannot hold for them.
        permute: a seed in hexadecimal, by which they are.

    Raises:
        RequestError: as `predictions`, and where nothing is held out.

    Example:
        >>> from whether.prune.law import Law
        >>> nets = [["dense", 0.7**k, 1, 1, k % 2 == 0] for k in range(13)]
        >>> true = Law(ceiling=2.0, corner=1e-3, slope=1.0)
        >>> values = {f"{k}": true.error(net[1], 0.1) for k, net in enumerate(nets)}
        >>> [round(law_error(values, nets=nets, by=by), 1) for by in ("law", "interpolation", "constant")]
        [0.0, 1.0, 11.4]
    """
    told, errors = _told(nets, values)
    seen, how = (permuted(told, _seed(permute)), "law") if by == PERMUTED else (told, by)
    found = predictions(seen, errors, by=how)
    off = [abs(math.log(p / e)) for net, e, p in zip(told, errors, found, strict=True) if not net.fitted]
    if not off:
        raise RequestError("no network is held out, so that nothing is predicted; fit fewer")
    return 100.0 * math.fsum(off) / len(off)


def law_margin(
    values: Mapping[str, float],
    *,
    nets: Rows | None,
    by: str = "law",
    over: str = "interpolation",
    less: float = 0.0,
    permute: str | None = None,
) -> float:
    """How far one predictor's `law_error` lies below that of another, less a part of that; below 0 where it does not.

    A difference and no ratio: its mean over several sets of networks compares the mean errors.

    Args:
        values, nets, permute: as of `law_error`.
        by, over: the one, and the other.
        less: by how many per cent the error is to be lower at least.

    Raises:
        RequestError: as `law_error`, and for a part that is none.
    """
    if isinstance(less, bool) or not isinstance(less, (int, float)) or not 0 <= less < 100:
        raise RequestError(f"less is {less!r}; expected per cent in [0, 100): by how many the error is to be lower")
    one, other = (law_error(values, nets=nets, by=name, permute=permute) for name in (by, over))
    return (1.0 - less / 100.0) * other - one


def law_fit(values: Mapping[str, float], *, nets: Rows | None, tell: str = "deviation") -> float:
    """How far the law is from those networks that it was fitted to: (ε̂ − ε) / ε in per cent.

    Args:
        values, nets: as of `law_error`.
        tell: "deviation", the standard deviation over the networks, or "mean", the mean without its sign.

    Raises:
        RequestError: as `predictions`.
    """
    if tell not in TELLS:
        raise unknown("word for how far a fit is", tell, TELLS)
    told, errors = _told(nets, values)
    found = predictions(told, errors)
    off = [100.0 * (p - e) / e for net, e, p in zip(told, errors, found, strict=True) if net.fitted]
    mean = math.fsum(off) / len(off)
    return abs(mean) if tell == "mean" else math.sqrt(math.fsum((x - mean) ** 2 for x in off) / (len(off) - 1))


def _told(nets: Rows | None, values: Mapping[str, float]) -> tuple[list[Net], list[float]]:
    """Networks from plain rows, as options have them, and their errors."""
    rows = nets if isinstance(nets, (list, tuple)) else []
    if not rows or any(not isinstance(row, (list, tuple)) or len(row) != len(Net._fields) for row in rows):
        raise RequestError(f"nets is {nets!r}; expected a list of [{', '.join(Net._fields)}], one of each part.")
    if len(rows) != len(values):
        raise RequestError(f"nets says {len(rows)} networks, and there are {len(values)} parts; say each, in order.")
    told = [Net(str(a), float(b), float(c), float(d), bool(e)) for a, b, c, d, e in rows]
    return averaged(told, list(values.values()))


def _seed(permute: str | None) -> Seed:
    if not isinstance(permute, str) or re.fullmatch("[0-9a-f]{16}", permute) is None:
        raise RequestError(
            f"permute is {permute!r}; expected a seed's sixteen digits, such as rep.seed('permuted').hex"
        )
    return Seed(int(permute, 16))
