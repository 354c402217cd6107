"""What every statistic asks of its input, with errors that say what would be right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from whether.errors import RequestError


def numbers(values: Iterable[float], what: str) -> list[float]:
    """Take one row of finite numbers.

    Args:
        values: any iterable of things that are numbers.
        what: what the row is called in an error, for example "the first arm".

    Raises:
        RequestError: for an empty row, for something that is no number, for NaN and infinities.
    """
    taken: list[float] = []
    for place, value in enumerate(values):
        # math.isfinite takes what has a float value, and so refuses None, text and rows of a table.
        try:
            finite = math.isfinite(value)
        except (TypeError, OverflowError):
            raise RequestError(f"{what}: value {place} is {value!r}; expected one row of numbers") from None
        if not finite:
            raise RequestError(
                f"{what}: value {place} is {value!r}; expected finite numbers. A diverged run counts at the metric's "
                "worst value; a run that crashed is run again"
            )
        taken.append(float(value))
    if not taken:
        raise RequestError(f"{what}: got no values; expected one per replicate, and two for an interval with a width")
    return taken


def by_task(scores: Mapping[str, Iterable[float]], what: str) -> dict[str, list[float]]:
    """Take one row of finite numbers for each task.

    Args:
        scores: from a task's name to its runs' scores.
        what: what the scores are called in an error, for example "the first arm".

    Raises:
        RequestError: for no tasks, or a row that `numbers` refuses.
    """
    if not isinstance(scores, Mapping) or not scores:
        raise RequestError(f"{what}: expected scores by task, as {{'digits': [0.97, 0.98]}}, got {scores!r}")
    return {task: numbers(runs, f"{what}, task {task!r}") for task, runs in scores.items()}


def outcomes(values: Iterable[bool], what: str) -> list[bool]:
    """Take one row of yes-or-no outcomes, written as booleans or as 0 and 1.

    Raises:
        RequestError: for an empty row and for anything that is neither 0 nor 1.
    """
    taken = numbers(values, what)
    for place, value in enumerate(taken):
        if value not in (0.0, 1.0):
            raise RequestError(f"{what}: value {place} is {value!r}; expected True or False for each replicate")
    return [value == 1.0 for value in taken]


def same_length(first: int, second: int) -> None:
    """Refuse arms that cannot be paired.

    Raises:
        RequestError: when the arms have different numbers of values.
    """
    if first != second:
        raise RequestError(
            f"paired arms need one value each per replicate, got {first} and {second}; keep the replicates that both "
            "arms have, or compare the arms unpaired if they share no seeds"
        )


def check_alpha(alpha: float) -> None:
    """Refuse an error rate that is none.

    Raises:
        RequestError: unless 0 < alpha < 1/2.
    """
    if not 0.0 < alpha < 0.5:
        raise RequestError(
            f"alpha is the one-sided chance of a wrong verdict, above 0 and below 0.5, got {alpha!r}; 0.05 is usual "
            "and gives a 90 % interval"
        )


def check_size(value: float, what: str) -> None:
    """Refuse a size that is negative or not finite.

    Raises:
        RequestError: unless `value` is finite and at least 0.
    """
    if not (math.isfinite(value) and value >= 0.0):
        raise RequestError(f"{what} must be a finite number of at least 0 in the measure's unit, got {value!r}")


def check_positive(value: float, what: str) -> None:
    """Refuse a size that is not above 0 or not finite.

    Raises:
        RequestError: unless `value` is finite and above 0.
    """
    if not (math.isfinite(value) and value > 0.0):
        raise RequestError(f"{what} must be a finite number above 0 in the measure's unit, got {value!r}")


def check_count(successes: int, n: int, what: str) -> None:
    """Refuse counts that are no share.

    Raises:
        RequestError: unless n ≥ 1 and 0 ≤ successes ≤ n.
    """
    if n < 1 or not 0 <= successes <= n:
        raise RequestError(f"{what}: expected 0 <= successes <= n with n of at least 1, got {successes} of {n}")
