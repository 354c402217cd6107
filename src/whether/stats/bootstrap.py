"""Percentile bootstrap over many tasks, for display.

It decides nothing: with few runs it promises more than it keeps. Intervals of level 90 % for the mean of normal values
cover, at 3, 5 and 10 runs of each task,

    one task            61, 78 and 84 %
    two tasks           74, 82 and 86 %
    very many tasks     82, 86 and 88 %

A mean of runs drawn anew spreads √((n − 1) / n) of what it should, which more tasks do not mend; of one task there are
besides few different draws (ten of three runs).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from whether.errors import RequestError
from whether.stats.inputs import by_task, check_alpha
from whether.stats.intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from whether.seeds import Stream


def percentile_bootstrap(
    statistic: Callable[..., float],
    *arms: Mapping[str, Iterable[float]],
    alpha: float,
    stream: Stream,
    draws: int = 2_000,
) -> Interval:
    """The interval of any summary over tasks: runs are drawn anew within each task and arm, with replacement.

    Args:
        statistic: takes each arm's scores by task (a dict of lists) and returns one number, as
            `probability_of_improvement` does for two arms.
        arms: scores by task, one mapping per arm. Arms are drawn independently of each other; give paired arms as one
            arm of differences.
        alpha: one-sided error that each limit is meant to have, in (0, 1/2): limits are the alpha and 1 − alpha
            quantiles of the statistic over the draws.
        stream: where the draws come from; the same stream gives the same bits, in whatever order tasks are named.
        draws: how often all runs are drawn anew, at least 100.

    Returns:
        The interval; n counts the fewest runs that any task of any arm has. With one of them its limits are infinite,
        and `note` says why.

    Raises:
        RequestError: for no arms, scores that are empty or not finite, alpha or draws out of range, or a statistic that
            returns a number which is not finite.

    Example:
        >>> from whether.seeds import Seed, Stream
        >>> from whether.stats.summaries import iqm
        >>> scores = {"digits": [0.96, 0.98, 0.97], "xor": [0.7, 1.0, 1.0]}
        >>> def over_all(scores): return iqm(run for runs in scores.values() for run in runs)
        >>> found = percentile_bootstrap(over_all, scores, alpha=0.05, stream=Stream(Seed(1), "display"))
        >>> f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}] n={found.n}"
        '0.978 [0.897, 0.990] n=3'

    Source: Efron (1979); strata and use over tasks as in Agarwal et al. (2021), section 4.1.
    """
    import numpy as np

    check_alpha(alpha)
    if not arms or draws < 100:
        raise RequestError(f"expected at least one arm and 100 draws, got {len(arms)} arms and draws={draws}")
    taken = [by_task(arm, f"arm {place}") for place, arm in enumerate(arms)]
    estimate = _number(statistic(*taken))
    fewest = min(len(runs) for arm in taken for runs in arm.values())
    if fewest < 2:
        return _interval(estimate, -math.inf, math.inf, alpha, fewest, "a task with one run shows no spread")
    drawn = [_drawn(arm, stream, draws, place) for place, arm in enumerate(taken)]
    found = [
        _number(statistic(*({task: rows[draw] for task, rows in arm.items()} for arm in drawn)))
        for draw in range(draws)
    ]
    low, high = np.quantile(found, [alpha, 1.0 - alpha])
    note = "bootstrap, for display: with few runs it covers less than its level says"
    return _interval(estimate, float(low), float(high), alpha, fewest, note)


def _drawn(arm: dict[str, list[float]], stream: Stream, draws: int, place: int) -> dict[str, list[list[float]]]:
    import numpy as np

    def rows(runs: npt.NDArray[np.float64], at: int) -> list[list[float]]:
        chosen = (stream.uniform(draws * len(runs), at=at) * len(runs)).astype(np.int64)
        drawn: list[list[float]] = runs[chosen].reshape(draws, len(runs)).tolist()
        return drawn

    # A task's draws hang on its rank by name and its arm, not on where it stands; a stream's time is a number.
    rank = {task: at for at, task in enumerate(sorted(arm))}
    return {task: rows(np.asarray(runs), (place << 32) + rank[task]) for task, runs in arm.items()}


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise RequestError(f"the statistic returned {value!r}; expected a finite number for every draw of the runs")
    return float(value)


def _interval(estimate: float, low: float, high: float, alpha: float, n: int, note: str) -> Interval:
    return Interval(estimate=estimate, low=low, high=high, alpha=alpha, n=n, method="percentile bootstrap", note=note)
