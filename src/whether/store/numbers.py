"""How numbers that may be non-finite are written.

The curve of a run that diverged holds NaN and infinities, which JSON has no words for, and a negative zero has no place
in canonical JSON. These four are written as the strings "nan", "inf", "-inf" and "-0.0"; every other number stays a
number. Whoever puts measured values into a record passes them through `number`, `numbers` or `plain`, and whoever takes
them out, through `floats`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "-0.0": -0.0}


def number(value: float) -> float | str:
    """One number as it is written.

    Example:
        >>> [number(0.5), number(float("nan")), number(-0.0)]
        [0.5, 'nan', '-0.0']
    """
    value = float(value)
    ordinary = math.isfinite(value) and (value != 0.0 or math.copysign(1.0, value) > 0)
    return value if ordinary else str(value)


def numbers(values: Iterable[float]) -> list[float | str]:
    """A curve as it is written."""
    return [number(value) for value in values]


def floats(values: Iterable[object]) -> list[float]:
    """A curve as it was before it was written: the inverse of `numbers`.

    Raises:
        ValueError: for a string that is none of the four words, or for what is no number.

    Example:
        >>> floats([1, "-inf"])
        [1.0, -inf]
    """
    return [_float(value) for value in values]


def plain(value: object) -> object:
    """A whole structure with its floats as they are written; mappings become dicts, lists and tuples lists.

    Example:
        >>> plain({"loss": (0.7, float("inf")), "steps": 2})
        {'loss': [0.7, 'inf'], 'steps': 2}
    """
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _float(value: object) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"expected a number or one of {', '.join(_WORDS)}, got {value!r}")
