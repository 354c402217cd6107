"""How claims make the verdict, in sentences: the rule, how its error is shared out, its looks, what would settle it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whether.report.axis_view import edge
from whether.report.numbers import amount, confidence, decimals_for, limits, number, plural, short, unit_name, with_unit
from whether.report.wording import lies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whether.answer import Answer, ClaimResult, LookResult

_SPENDING = {
    "obrien-fleming": "little at first and most at the end (Lan and DeMets, O'Brien–Fleming type)",
    "pocock": "evenly (Lan and DeMets, Pocock type)",
}
_MOST_TIMES, _MOST_OPEN = 25, 2


def combination(answer: Answer) -> str:
    """How the primary claims make the verdict."""
    many, alpha = len(answer.claims), short(answer.alpha)
    if many == 1:
        return f"One claim decides. Each of its two limits is wrong with probability at most α = {alpha}."
    if answer.combine == "any":
        one = f"One of the {many} claims suffices for a yes, at α/{many}"
        return f"{one}; a no needs every claim to be a no at α = {alpha}."
    if answer.combine == "ordered":
        held = "" if answer.held is None else f" {answer.held} held."
        named = answer.hold_to or many
        return (
            f"The {many} claims are read in order, each at α = {alpha}, up to the first that is not a yes; "
            f"the answer is yes if at least the first {named} hold.{held}"
        )
    every = "Both" if many == 2 else f"All {many}"
    return f"{every} claims must be a yes, each at α = {alpha}; one that is a no at α/{many} makes the answer no."


def strictness(answer: Answer) -> str:
    """Why claims that look decided leave the answer open; empty where there is nothing to explain."""
    deciding = {"all": "no", "any": "yes"}.get(answer.combine)
    torn = [claim for claim in answer.claims if claim.verdict == deciding != claim.verdict_strict]
    if answer.verdict != "inconclusive" or not torn:
        return ""
    return (
        f"“{torn[0].said}” is a {deciding} at α = {short(answer.alpha)}, but not at α/{len(answer.claims)}, which "
        "deciding alone among several claims takes."
    )


def multiplicity(answer: Answer) -> list[str]:
    """How α is shared among claims, looks and secondary claims; empty where one claim is looked at once."""
    said = []
    many, alpha = len(answer.claims), short(answer.alpha)
    if many > 1:
        every = "both" if many == 2 else "all"
        said.append(
            {
                "all": f"A yes needs {every} claims, and one that is false would have to err for it, so each is read "
                f"at α undivided. For a no one claim suffices, so a no counts at α/{many}.",
                "any": f"For a yes one claim suffices, so a yes counts at α/{many}. A no needs {every} of them, so "
                "each is read at α undivided.",
                "ordered": "The order was fixed and reading stops at the first that is not a yes, so each is read at α "
                "undivided.",
            }[answer.combine]
        )
    if answer.spending:
        said.append(
            f"Every look is a chance to err, so α = {alpha} is spent over the looks, "
            f"{_SPENDING.get(answer.spending, answer.spending)}: together they err no more often than one look would. "
            "Intervals have the level of their look, and what was decided stays decided."
        )
    corrected = sum(claim.p_holm is not None for claim in answer.secondary)
    if corrected > 1:
        said.append(f"The p-values of {corrected} secondary claims are corrected for their number (Holm).")
    return said


def several_looks(answer: Answer) -> bool:
    """Whether more than one look was foreseen."""
    return bool(answer.spending)


def looked(answer: Answer) -> str:
    """At which look the question was decided, or that none did."""
    if not answer.looks:
        return ""
    last = answer.looks[-1]
    taken = plural(len(answer.looks), "look")
    if last.verdict == "inconclusive":
        if last.n < answer.planned:
            return f"After {taken}, with {last.n} of at most {answer.planned} replicates, the question is still open."
        return f"All {taken} were taken, the last with {last.n} replicates, and the question is still open."
    spared = answer.planned - last.n
    more = f" of at most {answer.planned} replicates: {spared} fewer than planned" if spared else " replicates"
    return f"Decided at the {_ordinal(len(answer.looks))} look, with {last.n}{more}."


@dataclass(frozen=True)
class Seen:
    """One claim at one look: its effect and interval in words, and its verdict after it."""

    text: str
    verdict: str
    fresh: bool

    @property
    def word(self) -> str:
        """The verdict in a word; one that can still come is open."""
        return "open" if self.verdict == "inconclusive" else self.verdict


@dataclass(frozen=True)
class LookRow:
    """One look in the table of looks."""

    n: int
    level: str
    claims: list[Seen]
    verdict: str


def look_rows(answer: Answer) -> list[LookRow]:
    """Every look with what was seen at it; a claim that had been decided before is not read again."""
    return [
        LookRow(
            look.n,
            confidence(look.level),
            [_seen(answer.claims[place], look, place) for place in range(len(answer.claims))],
            look.verdict,
        )
        for look in answer.looks
    ]


def _seen(claim: ClaimResult, look: LookResult, place: int) -> Seen:
    effect, low, high = look.estimates[place], look.lows[place], look.highs[place]
    if effect is None:
        return Seen("decided before", look.verdicts[place], fresh=False)
    decimals = decimals_for(low, effect, high)
    unit = unit_name(claim.unit)
    span = "no interval" if low is None and high is None else f"[{limits(low, high, decimals)}]"
    return Seen(f"{number(effect, decimals)} {span} {unit}".rstrip(), look.verdicts[place], fresh=True)


def settle(answer: Answer) -> list[str]:
    """Of an inconclusive answer, what is known and what would settle it, if things stay as they look."""
    if answer.verdict != "inconclusive":
        return []
    if answer.failed:  # what they count as is a bound, from which nothing can be foretold
        failed = plural(answer.failed, "run")
        return [f"{failed} always failed; `whether retry` trains them again, and what they give may settle it."]
    open_claims = _open(answer)
    said = [_what_settles(claim, _planned(answer)) for claim in open_claims[:_MOST_OPEN]]
    if any(claim.low is not None for claim in open_claims):
        said.append(_how_to_go_on(answer, open_claims))
    return said


def _how_to_go_on(answer: Answer, open_claims: Sequence[ClaimResult]) -> str:
    most = _planned(answer) or max(replicates_to_settle(claim) or 0 for claim in open_claims)
    looks = f"looks=[{math.ceil(most / 4)},{math.ceil(most / 2)},{most}]" if most >= 8 else "looks"
    how = f"ask it anew with other seeds (--seed 1) and {looks}"
    how = how if answer.grade == "exploratory" else f"register it anew with {looks}"
    return f"Adding replicates until an answer comes errs more often than α: {how}, named beforehand."


def _open(answer: Answer) -> Sequence[ClaimResult]:
    """The claims that keep the answer open."""
    open_claims = [claim for claim in answer.claims if claim.verdict == "inconclusive"]
    return open_claims[:1] if answer.combine == "ordered" else open_claims


def _planned(answer: Answer) -> int | None:
    """Of a question that was registered with too few replicates, how many would have done; a surer guide than those."""
    enough: int | None = (answer.study.get("power") or {}).get("enough")
    return enough


def _what_settles(claim: ClaimResult, planned: int | None) -> str:
    if claim.low is None or claim.high is None:
        return f"“{claim.said}” needs two replicates or more, to have an interval."
    many, side = replicates_to_settle(claim), lies(replace(claim, low=claim.estimate, high=claim.estimate))
    decimals = decimals_for(claim.low, claim.estimate, claim.high)
    low, high = number(claim.low, decimals), with_unit(number(claim.high, decimals), claim.unit)
    edges = f"±{amount(claim.size, claim.unit)}" if claim.kind == "same" else amount(edge(claim), claim.unit)
    known = f"“{claim.said}” is open: the effect lies between {low} and {high}, on both sides of {edges}."
    if planned is not None:
        return f"{known} With the spread that was planned with it takes {planned:,} replicates, not {claim.n}."
    if many is None:
        return (
            f"{known} More replicates would hardly tell on which. A quieter measure, such as a larger split to measure "
            "on, might, or another smallest size that has a reason."
        )
    return (
        f"{known} If effect and spread stay as they are, about {many} replicates instead of {claim.n} make it a {side}."
    )


def replicates_to_settle(claim: ClaimResult) -> int | None:
    """About how many replicates would take a claim's interval clear of its edge, its effect and spread unchanged.

    Returns:
        The number, beyond 20 to two digits; None when it is more than 25 times what there is, or cannot be told.
    """
    from scipy.special import ndtri, stdtrit

    if claim.low is None or claim.high is None or claim.n < 2:
        return None
    edges = (-claim.size, claim.size) if claim.kind == "same" else (edge(claim),)
    away = min(abs(claim.estimate - one) for one in edges)
    if away == 0:
        return None

    def quantile(n: int) -> float:
        found = stdtrit(n - 1, claim.level) if claim.method in ("t", "paired t", "Welch t") else ndtri(claim.level)
        return -float(found)

    half = (claim.high - claim.low) / 2
    for n in range(claim.n + 1, _MOST_TIMES * claim.n + 1):
        if half * quantile(n) / quantile(claim.n) * math.sqrt(claim.n / n) < away:
            step = 10 ** max(0, len(str(n)) - 2) if n > 20 else 1
            return math.ceil(n / step) * step
    return None


def _ordinal(count: int) -> str:
    names = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    return names[count - 1] if count <= len(names) else f"{count}th"
