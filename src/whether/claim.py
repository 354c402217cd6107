"""A Claim: what is said of arms, how much of it would matter, and why.

What makes a claim yes or no is one table (`stats.verdict`); here is how claims are said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from whether.errors import RequestError, gather, unknown
from whether.stats.verdict import Kind
from whether.words import MeasureKind


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An estimand, its smallest size of interest, and where yes and no lie (`stats.verdict`).

    Made by `exceeds`, `not_worse`, `same`, `below` and `above`. For a comparison `size` is the smallest difference
    that matters, above zero; for a bound it is the bound. Effects are oriented so that positive supports the claim.
    """

    kind: Kind
    left: str
    right: str | None
    size: float
    unit: str
    because: str
    if_no: str = ""

    def __post_init__(self) -> None:
        gather(self._check_size, self._check_reason, self._check_arms)

    def _check_size(self) -> None:
        wrong = isinstance(self.size, bool) or not isinstance(self.size, (int, float)) or not math.isfinite(self.size)
        if wrong or (self.right is not None and self.size <= 0):
            more = "" if self.right is None else " above zero: the smallest difference that would matter"
            raise RequestError(
                f"the claim '{self.said}' has the size {self.size!r}; expected a number of {self.unit}{more}."
            )

    def _check_reason(self) -> None:
        if not isinstance(self.because, str) or not self.because.strip():
            raise RequestError(f"the claim '{self.said}' gives no reason for its size; write because='…'.")

    def _check_arms(self) -> None:
        if self.left == self.right:
            raise RequestError(f"the claim '{self.said}' compares an arm with itself.")

    @property
    def said(self) -> str:
        """The claim in words."""
        many = {"it": "iterations"}.get(self.unit, self.unit)
        one = many.removesuffix("s") if self.size == 1 and many in ("points", "nats", "iterations") else many
        by = f"{self.size:g} {one}" if isinstance(self.size, (int, float)) else str(self.size)
        return {
            "exceeds": f"{self.left} exceeds {self.right} by more than {by}",
            "not_worse": f"{self.left} is not worse than {self.right} by {by} or more",
            "same": f"{self.left} and {self.right} differ by less than {by}",
            "below": f"{self.left} lies below {by}",
            "above": f"{self.left} lies above {by}",
        }[self.kind]

    @property
    def said_of_less(self) -> str:
        """The claim in words, of a measure of which less is better."""
        return self.said.replace(" exceeds ", " is lower than ").replace(" is not worse than ", " is not higher than ")

    @property
    def names(self) -> tuple[str, ...]:
        """The arms that it is about."""
        return (self.left,) if self.right is None else (self.left, self.right)


def exceeds(a: str, b: str, *, by: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` is better than `b` by more than `by`: yes when the interval lies above `by`, no when it lies below."""
    return Claim(kind="exceeds", left=a, right=b, size=by, unit=unit, because=because, if_no=if_no)


def not_worse(a: str, b: str, *, by: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` is worse than `b` by less than `by`: yes when the interval lies above −by, no when it lies below."""
    return Claim(kind="not_worse", left=a, right=b, size=by, unit=unit, because=because, if_no=if_no)


def same(a: str, b: str, *, within: float, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """`a` and `b` differ by less than `within`: yes when the interval lies inside ±within, no when outside."""
    return Claim(kind="same", left=a, right=b, size=within, unit=unit, because=because, if_no=if_no)


def below(arm: str, bound: float, *, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """The mean of `arm` lies below `bound`."""
    return Claim(kind="below", left=arm, right=None, size=bound, unit=unit, because=because, if_no=if_no)


def above(arm: str, bound: float, *, unit: str = "points", because: str, if_no: str = "") -> Claim:
    """The mean of `arm` lies above `bound`."""
    return Claim(kind="above", left=arm, right=None, size=bound, unit=unit, because=because, if_no=if_no)


@dataclass(frozen=True)
class Ladder:
    """Claims in an order fixed beforehand, each asked only while all before it are yes: how far does it hold?"""

    claims: tuple[Claim, ...]


def ordered(*claims: Claim) -> Ladder:
    """A secondary ladder of claims, for example from dense to sparse."""
    return Ladder(tuple(claims))


@dataclass(frozen=True)
class Control:
    """A claim whose outcome is known: it tells whether the experiment could have seen what it looks for."""

    claim: Claim
    _: KW_ONLY
    expect: str
    because: str

    def __post_init__(self) -> None:
        if self.expect not in ("yes", "no"):
            raise unknown("expected outcome of a control", self.expect, ("yes", "no"))


def mismatch(claim: Claim, kinds: Sequence[MeasureKind]) -> list[RequestError]:
    """What is wrong with a claim about arms that are measured so: apples and pears, or another unit than theirs."""
    first, last = kinds[0], kinds[-1]
    if (first.unit, first.better, first.share) != (last.unit, last.better, last.share):
        said = " with ".join(f"{kind.unit or 'a number'} ({kind.better} is better)" for kind in (first, last))
        return [RequestError(f"the claim '{claim.said}' compares {said}; both arms need the same kind of measure.")]
    if first.unit and first.unit != claim.unit:
        more = f"write unit={first.unit!r} and its size in that unit"
        return [RequestError(f"the claim '{claim.said}' is about arms that are measured in {first.unit}; {more}.")]
    return []
