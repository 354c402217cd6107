"""A function that derives a number of others, named "derived_parts:mean" in the tests."""

from __future__ import annotations

from collections.abc import Mapping


def mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
