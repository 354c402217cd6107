"""Functions that derive a number of others, named "derivations:function" in the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def total(values: Mapping[str, float], **weights: float) -> float:
    """Each value once, or as often as the option of its name says."""
    return sum(weights.get(name, 1.0) * value for name, value in values.items())


def last(values: Mapping[str, Any]) -> float:
    """The end of a curve called "course"."""
    return float(values["course"]["values"][-1])


def names(values: Mapping[str, float]) -> str:
    return ", ".join(values)


def endless(values: Mapping[str, float]) -> float:
    return sum(values.values()) / 1e-320


def broken(values: Mapping[str, float]) -> float:
    raise ZeroDivisionError("nothing to divide by")


def flag(values: Mapping[str, float]) -> bool:
    return True
