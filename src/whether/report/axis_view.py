"""How far the axis of claims reaches, whatever draws it: reports by matplotlib, cover sheets as plain SVG and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

BOUNDS = ("below", "above")


class OnAxis(Protocol):
    """What has a place on the axis: a claim of an answer, or one of a cover sheet."""

    @property
    def kind(self) -> str:
        """As claims are called."""

    @property
    def size(self) -> float:
        """The smallest size of interest, or the bound."""

    @property
    def estimate(self) -> float | None:
        """The effect, positive where it supports the claim; None where it is not stated."""

    @property
    def low(self) -> float | None:
        """Lower limit; None where there is none."""

    @property
    def high(self) -> float | None:
        """Upper limit; None where there is none."""


def edge(claim: OnAxis) -> float:
    """Where yes and no part on the claim's axis; `same` has a second edge at minus this."""
    return -claim.size if claim.kind == "not_worse" else claim.size


def edges(claim: OnAxis) -> list[float]:
    """All places where yes and no part."""
    return [-claim.size, claim.size] if claim.kind == "same" else [edge(claim)]


def view(deciding: Sequence[OnAxis], others: Sequence[OnAxis] = ()) -> tuple[float, float]:
    """The range that shows what decides: sizes, zero, estimates, intervals; what would dwarf them runs out of view."""
    core = [*_sizes(deciding), *(claim.estimate for claim in deciding if claim.estimate is not None)]
    low, high = _widened(core, [limit for claim in deciding for limit in (claim.low, claim.high)], 8.0)
    beside = [value for claim in others for value in (claim.estimate, claim.low, claim.high)]
    return _widened([low, high], [*beside, *(_sizes(others) if others else ())], 0.75)


def _sizes(claims: Sequence[OnAxis]) -> list[float]:
    sizes = [edge(claim) for claim in claims] + [-claim.size for claim in claims if claim.kind == "same"]
    return sizes if claims[0].kind in BOUNDS else [*sizes, 0.0]


def _widened(core: Sequence[float], wanted: Sequence[float | None], spans: float) -> tuple[float, float]:
    """The range of the core, widened by what is wanted and lies within so many of its spans."""
    low, high = min(core), max(core)
    span = high - low or 0.1 * abs(high) or 1.0
    near = [value for value in wanted if value is not None and low - spans * span <= value <= high + spans * span]
    low, high = min([low, *near]), max([high, *near])
    return (low, high) if high > low else (low - span / 2, high + span / 2)
