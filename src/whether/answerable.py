"""Can a question be answered either way: the chance of a yes where it is true, and of a no, before anything is run.

    spreads(question, …)  ─▶  chances(question, spreads)  ─▶  yes .97, no .94
                              curve(question, spreads, [4, 8, 16])  ─▶  the same by number of replicates
                              enough(question, spreads)  ─▶  the least number with which both chances will do

What is computed is the registered rule: every claim at its levels, their combination, the looks, decisions kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from whether.assumed import Spread, spreads, spreads_of
from whether.claim import Claim
from whether.odds import Odds, Read, decide, odds_of, read
from whether.question import Question
from whether.reading import Level, levels
from whether.report.numbers import amount
from whether.seeds import Seed, Stream

__all__ = [
    "Chances",
    "Spread",
    "around",
    "chances",
    "curve",
    "enough",
    "in_words",
    "option",
    "spreads",
    "spreads_of",
]

COURSES = 20_000
COARSE = 5_000  # while a number of replicates is looked for
MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Chances:
    """How likely a question comes out yes where it is true, and no where it is false.

    Attributes:
        yes, no: the chances.
        replicates_yes, replicates_no: how many replicates are used then, on average.
        when_yes, when_no: the truths behind them, in words; where there are several, the one with the least chance.
        effects_yes, effects_no: the same as effects of the claims, in their order.
        method: "exact", or how many courses were drawn.
        error: standard error of the chances; 0 where they are exact.
    """

    yes: float
    no: float
    replicates_yes: float
    replicates_no: float
    when_yes: str
    when_no: str
    effects_yes: tuple[float, ...]
    effects_no: tuple[float, ...]
    method: str
    error: float

    @property
    def least(self) -> float:
        """The smaller of both."""
        return min(self.yes, self.no)


def chances(
    question: Question, spreads: Sequence[Spread], *, looks: Sequence[int] | None = None, count: int = COURSES
) -> Chances:
    """How likely the registered rule says yes where that is true, and no where that is.

    True means at the claims' δ_yes and δ_no, combined so that it is hardest to tell. Under `all` a no has one claim
    false and the others true; under `any` a yes has one claim true and the others false; under `ordered` the first
    `hold_to` are true, or all but one of them. Where that leaves a choice, the least chance counts.

    Claims are taken as independent of one another. Where they go together, as claims do that share an arm, all of them
    come out yes together more often than this says, and so do all of them no: it errs on the careful side for a yes of
    `all` and a no of `any`. The other two hang on a single claim, and hardly on the rest.

    Args:
        question: with its rule.
        spreads: of its claims, in order.
        looks: other numbers of replicates to look at than the question's.
        count: how many courses are drawn where chances are not exact. Exact are means at a single look.
    """
    if looks is not None:
        question = replace(question, looks=list(looks) if len(looks) > 1 else (), replicates=looks[-1])
    return _chances(question, spreads, levels(question), count)


def _chances(question: Question, spreads: Sequence[Spread], every: Sequence[Level], count: int) -> Chances:
    exact = len(every) == 1 and not any(spread.share for spread in spreads)
    tell = _exactly(question, spreads, every[0]) if exact else _by_courses(question, spreads, every, count)
    if_yes, if_no = ([(tell(truth), truth) for truth in truths] for truths in _truths(question))
    yes, when_yes = min(if_yes, key=lambda one: one[0].yes)
    no, when_no = min(if_no, key=lambda one: one[0].no)
    return Chances(
        yes=yes.yes,
        no=no.no,
        replicates_yes=yes.replicates,
        replicates_no=no.replicates,
        when_yes=_in_words(spreads, when_yes),
        when_no=_in_words(spreads, when_no),
        effects_yes=_effects(spreads, when_yes),
        effects_no=_effects(spreads, when_no),
        method="exact" if exact else f"{count:,} simulated courses",
        error=0.0 if exact else max(math.sqrt(rate * (1.0 - rate) / count) for rate in (yes.yes, no.no)),
    )


def around(question: Question) -> list[int]:
    """Numbers of replicates about that of a question, from a quarter of it to twice as many."""
    parts = (question.replicates * part / 4 for part in (1, 2, 3, 4, 6, 8))
    return sorted({max(2, round(part)) for part in parts} | {question.replicates})


def curve(question: Question, spreads: Sequence[Spread], counts: Sequence[int]) -> dict[str, list[float]]:
    """The chances by number of replicates.

    Where a question has several looks, they are taken at the same parts of n and at the levels that they have in it:
    these hardly depend on n, and are costly to find.

    Returns:
        "n", "yes" and "no", as long as `counts`.
    """
    every = levels(question)
    found = [_chances(question, spreads, _scaled(every, n), COURSES) for n in counts]
    return {"n": list(counts), "yes": [one.yes for one in found], "no": [one.no for one in found]}


def enough(question: Question, spreads: Sequence[Spread], most: int = MOST) -> int | None:
    """The least number of replicates with which both chances reach the question's power, its looks as in `curve`.

    Found by halving, for chances grow with replicates; those of shares do so in small steps up and down, and there it
    may be missed by a few.

    Returns:
        None where `most` are not enough.
    """
    every = levels(question)

    def reached(n: int) -> bool:
        return _chances(question, spreads, _scaled(every, n), COARSE).least >= question.power

    low, high = 1, 2
    while not reached(high):
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def option(question: Question, n: int) -> str:
    """The option that asks a question with n replicates: those of its last look, where it has several.

    Example:
        >>> from whether.claim import exceeds
        >>> claims = [exceeds("a", "b", by=1, because="less is noise")]
        >>> asked = Question(lambda rep: {}, claims=claims, if_yes="so", if_no="not so", looks=(4, 8, 16))
        >>> option(asked, 24)
        'looks=[6,12,24]'
    """
    if not question.looks:
        return f"replicates={n}"
    return f"looks=[{','.join(str(level.n) for level in _scaled(levels(question), n))}]"


def _scaled(every: Sequence[Level], n: int) -> list[Level]:
    """Looks at the same parts of another number of replicates; those that fall together are the last of them."""
    parts = {max(2, round(level.n * n / every[-1].n)): level for level in every[:-1]}
    looks = {look: level for look, level in parts.items() if look < n} | {n: every[-1]}
    return [replace(level, n=look) for look, level in looks.items()]


Truth = tuple[bool, ...]  # for each claim that counts whether it is true, at its δ_yes, or false, at its δ_no


@dataclass(frozen=True)
class _Told:
    """Of one truth, the chances of the question and how many replicates it takes."""

    yes: float
    no: float
    replicates: float


def _truths(question: Question) -> tuple[list[Truth], list[Truth]]:
    """The truths at which a yes, and at which a no is to be found."""
    many = len(question.claims)
    if question.combine == "ordered":  # what comes behind the claims that must hold decides nothing
        many = question.hold_to or many
    true, false = (True,) * many, (False,) * many
    one_false = [tuple(place != odd for place in range(many)) for odd in range(many)]
    one_true = [tuple(place == odd for place in range(many)) for odd in range(many)]
    return (one_true, [false]) if question.combine == "any" else ([true], one_false)


def _exactly(question: Question, spreads: Sequence[Spread], level: Level) -> Callable[[Truth], _Told]:
    def odds(spread: Spread, true: bool) -> Odds:
        effect = _effect(spread, true)
        yes, no = spread.exact(effect, level.n, level.alone)
        among = (yes, no) if level.among == level.alone else spread.exact(effect, level.n, level.among)
        return Odds(yes=yes, no=no, yes_among=among[0], no_among=among[1])

    table = {true: [odds(spread, true) for spread in spreads] for true in (True, False)}

    def tell(truth: Truth) -> _Told:
        yes, no = odds_of(question, [table[true][place] for place, true in enumerate(truth)])
        return _Told(yes, no, level.n)

    return tell


def _by_courses(
    question: Question, spreads: Sequence[Spread], every: Sequence[Level], count: int
) -> Callable[[Truth], _Told]:
    looks = [level.n for level in every]

    def drawn(place: int, true: bool) -> Read:
        stream = Stream(Seed(0).seed("answerable"), f"claim {place}")
        limits = spreads[place].courses(stream, looks, count, _effect(spreads[place], true))
        return read(question.combine, question.claims[place], limits, every)

    table = {true: [drawn(place, true) for place in range(len(spreads))] for true in (True, False)}

    def tell(truth: Truth) -> _Told:
        found, used = decide(question, [table[true][place] for place, true in enumerate(truth)], looks)
        return _Told(float((found == 1).mean()), float((found == -1).mean()), float(used.mean()))

    return tell


def _effect(spread: Spread, true: bool) -> float:
    planned = spread.claim.planned
    assert planned is not None, "spreads() refuses a claim without"
    return planned[0] if true else planned[1]


def _effects(spreads: Sequence[Spread], truth: Truth) -> tuple[float, ...]:
    """The effects of a truth; what decides nothing is true."""
    whole = (*truth, *[True] * (len(spreads) - len(truth)))
    return tuple(_effect(spread, true) for spread, true in zip(spreads, whole, strict=True))


def _in_words(spreads: Sequence[Spread], truth: Truth) -> str:
    """A truth in words; of many claims only the one that differs from the others, or all are alike."""
    said = [in_words(spread.claim, _effect(spread, true)) for spread, true in zip(spreads, truth, strict=False)]
    if len(said) <= 2:
        return "; ".join(said)
    if len(set(truth)) == 1:
        return f"{said[0]}; and so on, every claim {'true' if truth[0] else 'false'}"
    rare = sum(truth) == 1
    return f"{said[truth.index(rare)]}; every other claim {'false' if rare else 'true'}"


def in_words(claim: Claim, effect: float) -> str:
    """What is the case where a claim's effect is so large.

    Example:
        >>> from whether.claim import exceeds
        >>> in_words(exceeds("a", "b", by=1, because="less is noise"), 2.0)
        'a is better than b by 2 points'
    """
    if claim.right is None:
        return f"{claim.left} has a mean of {amount(effect, claim.unit)}"
    if effect == 0:
        return f"{claim.left} and {claim.right} are equal"
    if claim.kind == "same":
        return f"{claim.left} and {claim.right} differ by {amount(abs(effect), claim.unit)}"
    return (
        f"{claim.left} is {'better' if effect > 0 else 'worse'} than {claim.right} by {amount(abs(effect), claim.unit)}"
    )
