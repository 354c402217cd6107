"""Many runs, many tasks, in one number or one curve: summaries for display that say less of outliers than a mean does.

Scores come by task, from a task's name to its runs' scores, larger being better. Every task counts the same, however
many runs it has.

Source, but for `expected_maximum`: Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical
precipice".
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from whether.errors import RequestError
from whether.stats.inputs import by_task, numbers


def iqm(values: Iterable[float]) -> float:
    """The interquartile mean: the mean of what is left when the lowest and the highest quarter are cut off.

    With n values ⌊n / 4⌋ are cut at each end, as `scipy.stats.trim_mean(values, 0.25)` does: no value counts in part,
    and of three nothing is cut.

    Args:
        values: scores; of several tasks with equally many runs, all of them in one row.

    Raises:
        RequestError: for no values, or values that are not finite.

    Example:
        >>> iqm(range(10)), iqm([1, 2, 3, 4, 100]), iqm([1, 2, 6])
        (4.5, 3.0, 3.0)
    """
    ranked = sorted(numbers(values, "values"))
    cut = len(ranked) // 4
    kept = ranked[cut : len(ranked) - cut]
    return math.fsum(kept) / len(kept)


def probability_of_improvement(a: Mapping[str, Iterable[float]], b: Mapping[str, Iterable[float]]) -> float:
    """P(A > B): the chance that a run of one arm beats a run of the other on the same task; a tie counts half.

    The mean over tasks of U / (n_a n_b), U the statistic of Mann and Whitney. It says how often, not by how much.

    Args:
        a: the first arm's scores by task.
        b: the other arm's, for the same tasks; runs are not paired, and their counts may differ.

    Returns:
        From 0 to 1; 1/2 where neither is better.

    Raises:
        RequestError: for tasks that only one arm has, no scores, or scores that are not finite.

    Example:
        >>> probability_of_improvement({"digits": [0.97, 0.98]}, {"digits": [0.96, 0.97]})
        0.875

    Source: Mann and Whitney (1947); Agarwal et al. (2021), section 4.3.
    """
    first, second = by_task(a, "the first arm"), by_task(b, "the second arm")
    if lone := sorted(first.keys() ^ second.keys()):
        raise RequestError(f"both arms need the same tasks; only one has {', '.join(map(repr, lone))}")
    return math.fsum(_beats(first[task], sorted(second[task])) for task in sorted(first)) / len(first)


def performance_profile(scores: Mapping[str, Iterable[float]], thresholds: Iterable[float]) -> list[float]:
    """For each threshold the share of runs that score above it, averaged over tasks.

    Args:
        scores: one arm's scores by task.
        thresholds: where the curve is wanted, in the scores' unit, in any order.

    Returns:
        One share per threshold, in the order given; the area between the curves of two arms is their difference of
        means.

    Raises:
        RequestError: for no scores, no thresholds, or numbers that are not finite.

    Example:
        >>> performance_profile({"digits": [0.96, 0.98], "xor": [1.0, 1.0]}, [0.95, 0.97, 1.0])
        [1.0, 0.75, 0.0]

    Source: Dolan and Moré (2002); the form over runs Agarwal et al. (2021), section 4.2.
    """
    taken = [sorted(runs) for runs in by_task(scores, "scores").values()]
    return [
        math.fsum((len(runs) - bisect_right(runs, threshold)) / len(runs) for runs in taken) / len(taken)
        for threshold in numbers(thresholds, "thresholds")
    ]


def expected_maximum(values: Iterable[float], k: int, *, replace: bool = False) -> float:
    """What the best of k tuning trials scores on average, estimated from n trials that were made.

    The mean of the maximum over all ways to choose k of the n trials: with them ranked upward,
    Σ C(i − 1, k − 1) / C(n, k) v_i. It has no bias, and exists for k ≤ n only.

    With `replace` the mean over all nᵏ ways to choose with repetition, Σ ((i / n)ᵏ − ((i − 1) / n)ᵏ) v_i, as the curves
    of Dodge et al. have it. A trial that is chosen twice takes another's place, so this is too low, the more so the
    nearer k is to n: at k = n = 5 it lies .26 standard deviations below for normal scores. It is here to be compared
    with published curves.

    Args:
        values: the score of each trial, larger being better, all from the same distribution of settings.
        k: how many trials somebody would make.
        replace: whether a trial may be chosen more than once.

    Raises:
        RequestError: for no values, values that are not finite, k below 1, or k above n without `replace`.

    Example:
        >>> [round(expected_maximum([0.90, 0.94, 0.97, 0.98], k), 3) for k in (1, 2, 4)]
        [0.948, 0.97, 0.98]

    Source: Tang et al. (2020), "Showing your work doesn't always work"; with `replace` Dodge et al. (2019), "Show your
    work".
    """
    ranked = sorted(numbers(values, "values"))
    n = len(ranked)
    if k < 1 or (k > n and not replace):
        raise RequestError(
            f"expected k from 1 to the {n} trials that were made, got {k}; what more trials would reach cannot be told "
            "without bias"
        )
    if replace:
        return math.fsum(((i / n) ** k - ((i - 1) / n) ** k) * value for i, value in enumerate(ranked, start=1))
    # Whole numbers throughout: their quotient is rounded once.
    ways = math.comb(n, k)
    return math.fsum(math.comb(i - 1, k - 1) / ways * value for i, value in enumerate(ranked, start=1))


def _beats(runs: list[float], ranked: list[float]) -> float:
    # Below, and below or equal: their mean counts a tie as half.
    wins = sum(bisect_left(ranked, run) + bisect_right(ranked, run) for run in runs)
    return wins / (2.0 * len(runs) * len(ranked))
