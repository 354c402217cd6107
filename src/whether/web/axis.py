"""Round marks on the axes of small drawings that the server makes by itself: fast, and without a drawing library."""

from __future__ import annotations

import math
from collections.abc import Sequence

from whether.report.numbers import number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from low to high, at most so many.

    Example:
        >>> ticks(-0.4, 2.3), ticks(96.2, 98.9, 4), ticks(3.0, 3.0)
        ([0.0, 0.5, 1.0, 1.5, 2.0], [97.0, 98.0], [3.0])
    """
    if not high > low:
        return [low]
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (size * factor for factor in (*_STEPS, 20.0, 25.0, 50.0)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [round(at * step, 12) + 0.0 for at in range(first, last + 1)]
    return [low, high]


def labels(marks: Sequence[float]) -> list[str]:
    """Marks in words, all with as many decimals as the finest needs.

    Example:
        >>> labels([0.0, 0.25, 0.5]), labels([-10.0, 0.0, 10.0])
        (['0.00', '0.25', '0.50'], ['−10', '0', '10'])
    """
    decimals = next(
        (n for n in range(6) if all(abs(mark - round(mark, n)) < 1e-9 * max(1, abs(mark)) for mark in marks)), 6
    )
    return [number(mark, min(decimals, 5)) if abs(mark) < 1e6 else f"{mark:.3g}" for mark in marks]
