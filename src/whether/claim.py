"""A Claim: what is said of arms, how much of it would matter, and why.

What makes a claim yes or no is one table (`stats.verdict`); here is how claims are said. What is wrong with one is told
by `check`, which a Question calls for all of its claims: so the mistakes of a question are told together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from whether.errors import RequestError, gather, unknown
from whether.stats.verdict import Kind, verdict
from whether.words import MeasureKind

_UNSAID = float("nan")  # of a size that is not given


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An estimand, its smallest size of interest, and where yes and no lie (`stats.verdict`).

    Made by `exceeds`, `not_worse`, `same`, `below` and `above`. For a comparison `size` is the smallest difference
    that matters, above zero; for a bound it is the bound. Effects are oriented so that positive supports the claim.

    Attributes:
        delta_yes, delta_no: for planning, effects (for a bound: means) at which a yes and a no are to be found,
            strictly inside the yes and the no region; by default as in `planned`.
        sd: for planning, the standard deviation over replicates of what the claim's interval is of: of the paired
            differences, of one arm's values (bounds, and each of two unpaired arms). None: from a pilot.
    """

    kind: Kind
    left: str
    right: str | None
    size: float
    unit: str
    because: str
    if_no: str = ""
    delta_yes: float | None = None
    delta_no: float | None = None
    sd: float | None = None

    def check(self) -> None:
        """See that it can be asked.

        Raises:
            RequestError: with all that is wrong with it.
        """
        gather(self._check_size, self._check_reason, self._check_arms, self._check_planned)

    def _check_size(self) -> None:
        if self.size is _UNSAID:
            word = "within" if self.kind == "same" else "by"
            raise RequestError(
                f"the claim '{self.said}' says no size; write {word}=…, in {self.unit}: the smallest difference that "
                "would matter."
            )
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

    def _check_planned(self) -> None:
        wrong: list[RequestError] = []
        sized = _is_number(self.size) and (self.right is None or self.size > 0)  # a wrong size is told by itself
        for name, side in (("delta_yes", "yes"), ("delta_no", "no")):
            value = getattr(self, name)
            if (
                value is None
                or not sized
                or (_is_number(value) and verdict(self.kind, value, value, self.size) == side)
            ):
                continue
            wrong.append(
                RequestError(
                    f"{name} of the claim '{self.said}' is {value!r}; expected an effect strictly inside its {side} "
                    f"region: {_regions(self.kind, self.size)[side]}."
                )
            )
        if self.sd is not None and not (_is_number(self.sd) and self.sd > 0):
            wrong.append(RequestError(f"sd of the claim '{self.said}' is {self.sd!r}; expected a number above zero."))
        if wrong:
            raise RequestError.join(wrong)

    @property
    def planned(self) -> tuple[float, float] | None:
        """δ_yes and δ_no: as stated, else 2s and 0 (`exceeds`), 0 and −2s (`not_worse`), 0 and 2s (`same`).

        None for a bound of which one is not stated.
        """
        usual = {"exceeds": (2 * self.size, 0.0), "not_worse": (0.0, -2 * self.size), "same": (0.0, 2 * self.size)}
        yes, no = usual.get(self.kind, (None, None))
        yes = self.delta_yes if self.delta_yes is not None else yes
        no = self.delta_no if self.delta_no is not None else no
        return None if yes is None or no is None else (float(yes), float(no))

    @property
    def said(self) -> str:
        """The claim in words."""
        many = {"it": "iterations"}.get(self.unit, self.unit)
        counted = self.size == 1 and many in ("points", "nats", "iterations", "doublings")
        one = many.removesuffix("s") if counted else many
        by = f"{self.size:g} {one}" if isinstance(self.size, (int, float)) else str(self.size)
        by = f"… {many}" if self.size is _UNSAID else by
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


def exceeds(
    a: str,
    b: str,
    *,
    by: float = _UNSAID,
    unit: str = "points",
    because: str = "",
    if_no: str = "",
    delta_yes: float | None = None,
    delta_no: float | None = None,
    sd: float | None = None,
) -> Claim:
    """`a` is better than `b` by more than `by`: yes when the interval lies above `by`, no when it lies below.

    Args:
        a, b: arms.
        by: the smallest size of interest, in `unit`, above zero; to be given.
        unit: that of the arms' measure.
        because: why no smaller difference matters; to be given.
        if_no: what a no of this claim says by itself.
        delta_yes, delta_no, sd: for planning (`Claim`).
    """
    return Claim(
        kind="exceeds",
        left=a,
        right=b,
        size=by,
        unit=unit,
        because=because,
        if_no=if_no,
        delta_yes=delta_yes,
        delta_no=delta_no,
        sd=sd,
    )


def not_worse(
    a: str,
    b: str,
    *,
    by: float = _UNSAID,
    unit: str = "points",
    because: str = "",
    if_no: str = "",
    delta_yes: float | None = None,
    delta_no: float | None = None,
    sd: float | None = None,
) -> Claim:
    """`a` is worse than `b` by less than `by`: yes when the interval lies above −by, no when it lies below.

    Arguments as of `exceeds`.
    """
    return Claim(
        kind="not_worse",
        left=a,
        right=b,
        size=by,
        unit=unit,
        because=because,
        if_no=if_no,
        delta_yes=delta_yes,
        delta_no=delta_no,
        sd=sd,
    )


def same(
    a: str,
    b: str,
    *,
    within: float = _UNSAID,
    unit: str = "points",
    because: str = "",
    if_no: str = "",
    delta_yes: float | None = None,
    delta_no: float | None = None,
    sd: float | None = None,
) -> Claim:
    """`a` and `b` differ by less than `within`: yes when the interval lies inside ±within, no when outside.

    Arguments as of `exceeds`.
    """
    return Claim(
        kind="same",
        left=a,
        right=b,
        size=within,
        unit=unit,
        because=because,
        if_no=if_no,
        delta_yes=delta_yes,
        delta_no=delta_no,
        sd=sd,
    )


def below(
    arm: str,
    bound: float,
    *,
    unit: str = "points",
    because: str = "",
    if_no: str = "",
    delta_yes: float | None = None,
    delta_no: float | None = None,
    sd: float | None = None,
) -> Claim:
    """The mean of `arm` lies below `bound`. Arguments as of `exceeds`; to register it, both deltas are to be given."""
    return Claim(
        kind="below",
        left=arm,
        right=None,
        size=bound,
        unit=unit,
        because=because,
        if_no=if_no,
        delta_yes=delta_yes,
        delta_no=delta_no,
        sd=sd,
    )


def above(
    arm: str,
    bound: float,
    *,
    unit: str = "points",
    because: str = "",
    if_no: str = "",
    delta_yes: float | None = None,
    delta_no: float | None = None,
    sd: float | None = None,
) -> Claim:
    """The mean of `arm` lies above `bound`. Arguments as of `exceeds`; to register it, both deltas are to be given."""
    return Claim(
        kind="above",
        left=arm,
        right=None,
        size=bound,
        unit=unit,
        because=because,
        if_no=if_no,
        delta_yes=delta_yes,
        delta_no=delta_no,
        sd=sd,
    )


@dataclass(frozen=True)
class Ladder:
    """Claims in an order fixed beforehand, each asked only while all before it are yes: how far does it hold?"""

    claims: tuple[Claim, ...]

    def check(self) -> None:
        """See that each of its claims can be asked.

        Raises:
            RequestError: with all that is wrong with them.
        """
        gather(*(claim.check for claim in self.claims))


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

    def check(self) -> None:
        """See that it can be asked, and has an outcome.

        Raises:
            RequestError: with all that is wrong with it.
        """
        gather(self._check_outcome, self.claim.check)

    def _check_outcome(self) -> None:
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


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)


def _regions(kind: Kind, size: float) -> dict[str, str]:
    """Where yes and no lie, in words."""
    if kind == "same":
        return {"yes": f"between {-size:g} and {size:g}", "no": f"beyond ±{size:g}"}
    edge = -size if kind == "not_worse" else size
    above, below = ("no", "yes") if kind == "below" else ("yes", "no")
    return {above: f"above {edge:g}", below: f"below {edge:g}"}
