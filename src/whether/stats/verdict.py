"""From an interval to yes, no or inconclusive; from several claims to one verdict.

    kind         yes                  no                  size
    exceeds      L > s                U < s               s > 0, the smallest size of interest
    not_worse    L > -s               U < -s              s > 0
    same         -s < L and U < s     L > s or U < -s     s > 0
    below        U < b                L > b               b, the bound
    above        L > b                U < b               b

Anything else is inconclusive. Effect, limits and size are in the measure's own unit, and the effect is oriented so that
positive supports the claim: where smaller is better, swap the arms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from whether.errors import RequestError, unknown

Verdict: TypeAlias = Literal["yes", "no", "inconclusive"]
Kind: TypeAlias = Literal["exceeds", "not_worse", "same", "below", "above"]
Rule: TypeAlias = Literal["all", "any", "ordered"]
Spending: TypeAlias = Literal["obrien-fleming", "pocock"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
KINDS: tuple[Kind, ...] = get_args(Kind)
RULES: tuple[Rule, ...] = get_args(Rule)
SPENDINGS: tuple[Spending, ...] = get_args(Spending)


def verdict(kind: Kind, low: float, high: float, size: float) -> Verdict:
    """Read a claim's verdict from its interval, by the table above.

    Args:
        kind: what is claimed.
        low: lower limit L, or -inf; carries yes for `exceeds`, `not_worse` and `above`.
        high: upper limit U ≥ L, or inf.
        size: the smallest size of interest s > 0; for `below` and `above` the bound b, any finite number.

    Returns:
        Exactly one verdict for every L ≤ U.

    Raises:
        RequestError: for an unknown kind, a limit that is NaN, L > U, or a size out of range.

    Example:
        >>> verdict("exceeds", 1.2, 3.4, 1.0), verdict("exceeds", 0.2, 3.4, 1.0), verdict("exceeds", -0.4, 0.7, 1.0)
        ('yes', 'inconclusive', 'no')
    """
    if kind not in KINDS:
        raise unknown("kind of claim", kind, KINDS)
    if not low <= high:
        raise RequestError(f"an interval needs a lower limit that is at most its upper one, got [{low!r}, {high!r}]")
    if not math.isfinite(size) or (size <= 0.0 and kind not in ("below", "above")):
        wanted = "a finite bound" if kind in ("below", "above") else "a smallest size of interest, finite and above 0"
        raise RequestError(f"{kind} needs {wanted}, got {size!r}")
    if kind == "same":
        return _read(yes=-size < low and high < size, no=low > size or high < -size)
    if kind == "below":
        return _read(yes=high < size, no=low > size)
    least = -size if kind == "not_worse" else size
    return _read(yes=low > least, no=high < least)


@dataclass(frozen=True)
class Combined:
    """The verdict of a question over its primary claims.

    Attributes:
        verdict: of the question.
        held: under `ordered`, how many claims held from the first on without a gap; None under `all` and `any`.
    """

    verdict: Verdict
    held: int | None = None


def combine(
    rule: Rule, at_alpha: Sequence[Verdict], at_alpha_over_m: Sequence[Verdict], *, named: int | None = None
) -> Combined:
    """One verdict from a question's m primary claims, by the rule that the question wrote down.

    Args:
        rule: `all`, `any` or `ordered`.
        at_alpha: each claim's verdict from its interval of level 1 − 2 alpha.
        at_alpha_over_m: each claim's verdict from its interval of level 1 − 2 alpha / m, m the number of claims; it is
            wider, so it decides less often and never otherwise. Not read under `ordered`.
        named: under `ordered`, index from 0 of the claim that must have held for a yes; the last one if not given.

    Raises:
        RequestError: for an unknown rule or what the rule's own function refuses.

    Example:
        >>> combine("ordered", ["yes", "yes", "inconclusive"], [], named=1)
        Combined(verdict='yes', held=2)
    """
    if rule == "ordered":
        return combine_ordered(at_alpha, len(at_alpha) - 1 if named is None else named)
    if named is not None:
        raise RequestError(f"only the rule 'ordered' has a named claim, got named={named!r} with rule {rule!r}")
    if rule == "all":
        return Combined(combine_all(at_alpha, at_alpha_over_m))
    if rule == "any":
        return Combined(combine_any(at_alpha, at_alpha_over_m))
    raise unknown("rule", rule, RULES)


def combine_all(at_alpha: Sequence[Verdict], at_alpha_over_m: Sequence[Verdict]) -> Verdict:
    """Do all claims hold: yes if each is yes at alpha, no if any is no at alpha / m.

    A yes is an intersection–union test: wrong with probability at most alpha whatever the dependence (Berger 1982). A
    no needs one of m, so each gets alpha / m (Bonferroni).

    Args:
        at_alpha: each claim's verdict from its interval of level 1 − 2 alpha.
        at_alpha_over_m: each claim's verdict from its interval of level 1 − 2 alpha / m, in the same order.

    Raises:
        RequestError: for no claims, rows of unequal length, a word that is no verdict, or a claim that the wider
            interval decides and the narrower one does not decide likewise.

    Example:
        >>> combine_all(["yes", "no"], ["inconclusive", "no"]), combine_all(["yes", "no"], ["inconclusive"] * 2)
        ('no', 'inconclusive')
    """
    _check_pairs(at_alpha, at_alpha_over_m)
    return _read(yes=all(one == "yes" for one in at_alpha), no="no" in at_alpha_over_m)


def combine_any(at_alpha: Sequence[Verdict], at_alpha_over_m: Sequence[Verdict]) -> Verdict:
    """Does any claim hold: yes if one is yes at alpha / m, no if each is no at alpha (`combine_all` turned round).

    Args:
        at_alpha: each claim's verdict from its interval of level 1 − 2 alpha.
        at_alpha_over_m: each claim's verdict from its interval of level 1 − 2 alpha / m, in the same order.

    Raises:
        RequestError: as `combine_all`.

    Example:
        >>> combine_any(["yes", "no"], ["yes", "no"]), combine_any(["no", "no"], ["inconclusive", "no"])
        ('yes', 'no')
    """
    _check_pairs(at_alpha, at_alpha_over_m)
    return _read(yes="yes" in at_alpha_over_m, no=all(one == "no" for one in at_alpha))


def combine_ordered(at_alpha: Sequence[Verdict], named: int) -> Combined:
    """How far it holds: claims in an order fixed beforehand, each at alpha, up to the first that is not yes.

    Yes if at least the named claim held. No if the claim at which the row stopped, up to and including the named one,
    is no. Otherwise inconclusive. Claims behind the stop are not read, whatever they show.

    A false yes anywhere in the row has probability at most alpha, since the first claim that is not true must be passed
    (Maurer, Hothorn and Lehmacher 1995). A false no has at most the sum over claims of reaching one and reading no:
    alpha / (1 − alpha) for independent claims whose truth lies exactly at s, less when it lies beyond; about alpha for
    claims that rise and fall together, as with a shared arm, and up to 2 alpha for two that run against each other.

    Args:
        at_alpha: each claim's verdict from its interval of level 1 − 2 alpha, in the order named beforehand.
        named: index from 0 of the claim that must have held for a yes.

    Returns:
        The verdict, and how many claims held before the stop.

    Raises:
        RequestError: for no claims, a word that is no verdict, or an index outside the row.

    Example:
        >>> combine_ordered(["yes", "yes", "no"], named=2)
        Combined(verdict='no', held=2)
        >>> combine_ordered(["yes", "inconclusive", "no"], named=2)
        Combined(verdict='inconclusive', held=1)
    """
    _check_words(at_alpha)
    if not 0 <= named < len(at_alpha):
        raise RequestError(f"the named claim has an index from 0 to {len(at_alpha) - 1}, got {named!r}")
    held = next((place for place, one in enumerate(at_alpha) if one != "yes"), len(at_alpha))
    stopped_by_no = held <= named and at_alpha[held] == "no"
    return Combined(_read(yes=held > named, no=stopped_by_no), held)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of secondary claims so that their joint error is that of one.

    The i-th smallest of m is multiplied by m − i + 1 (i from 1), raised to the largest so far, and cut at 1.

    Args:
        p_values: raw p-values in [0, 1], in any order.

    Returns:
        Adjusted p-values in the order given.

    Raises:
        RequestError: for a value outside [0, 1].

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    for place, p in enumerate(p_values):
        if not 0.0 <= p <= 1.0:
            raise RequestError(f"p-values lie from 0 to 1, got {p!r} at place {place}")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min((len(p_values) - rank) * p_values[place], 1.0))
        adjusted[place] = largest
    return adjusted


def _read(*, yes: bool, no: bool) -> Verdict:
    return "yes" if yes else "no" if no else "inconclusive"


def _check_words(verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        raise RequestError("a question combines at least one primary claim, got none")
    for one in verdicts:
        if one not in VERDICTS:
            raise unknown("verdict", one, VERDICTS)


def _check_pairs(at_alpha: Sequence[Verdict], at_alpha_over_m: Sequence[Verdict]) -> None:
    _check_words(at_alpha)
    if len(at_alpha) != len(at_alpha_over_m):
        raise RequestError(
            f"each claim has a verdict at alpha and one at alpha / m, got {len(at_alpha)} and {len(at_alpha_over_m)}"
        )
    _check_words(at_alpha_over_m)
    for place, (narrow, wide) in enumerate(zip(at_alpha, at_alpha_over_m, strict=True)):
        if wide not in ("inconclusive", narrow):
            raise RequestError(
                f"claim {place} is {wide!r} at alpha / m but {narrow!r} at alpha; the interval at alpha / m is the "
                "wider one and cannot decide otherwise: are the two rows swapped?"
            )
