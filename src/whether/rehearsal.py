"""The registered analysis, rehearsed on drawn numbers: does it err as rarely as it says, and find what is planned for?

The numbers take the way that real ones take (`conclude.look`). Each claim has arms of its own here, as in
`answerable.chances`: claims are independent of one another.

    at the edge   effects that lie just where yes begins, or where no does  ─▶  wrong with a chance of at most α
    as planned    the effects of δ_yes, or of δ_no                          ─▶  the chances computed for them
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whether.answer import DONE, Column, Run
from whether.answerable import Chances, Spread
from whether.claim import Claim
from whether.conclude import look
from whether.design import decides
from whether.digest import digest
from whether.question import Question
from whether.seeds import Seed, Stream
from whether.words import MeasureKind

if TYPE_CHECKING:
    from whether.stats.paths import Array

MOST, LEAST = 500, 100  # rehearsals of each kind
VALUES = 100_000  # of replicates that are drawn for each kind, unless that gives too few rehearsals
TRIED = ("wrong yes", "wrong no", "planned yes", "planned no")
DOUBT = 1e-4
"""How rarely an analysis that is right may be taken for a wrong one."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One kind of rehearsal.

    Attributes:
        what: one of TRIED.
        seen: how often it came out, of 1.
        expected: how often it is to: at most α where it is wrong, else the chance that was computed.
        right: whether the two agree, but for chance.
        count: how many rehearsals there were.
    """

    what: str
    count: int
    seen: float
    expected: float
    right: bool


def rehearse(
    question: Question,
    spreads: Sequence[Spread],
    kinds: Mapping[str, MeasureKind],
    found: Chances,
    *,
    count: int | None = None,
    progress: Progress = lambda _done, _of: None,
) -> list[Tried]:
    """Answer the question again and again from drawn numbers.

    Args:
        question: with its rule.
        spreads: of its claims, in order.
        kinds: what the numbers of each arm mean.
        found: the chances that are to come out.
        count: rehearsals of each kind; by default as many as take a second or so, from 100 to 500.
        progress: told how many of how many are done.
    """
    alone = _alone(question)
    if count is None:
        count = max(LEAST, min(MOST, VALUES // (question.replicates * len(question.claims))))
    seed = Seed(int(digest(decides(question))[:16], 16))  # of its own: questions are not all unlucky together
    tried = []
    for place, what in enumerate(TRIED):
        draws = [_Drawn(spread, seed, what, index, count, question.replicates) for index, spread in enumerate(spreads)]
        hits = 0
        for turn in range(count):
            effects = _effects(question, found, what, turn)
            columns = [
                made
                for drawn, effect, claim in zip(draws, effects, alone.claims, strict=True)
                for made in drawn.columns(turn, effect, claim, kinds[drawn.spread.claim.left])
            ]
            hits += look(alone, columns, beside=False).verdict == what.split()[1]
            progress(place * count + turn + 1, len(TRIED) * count)
        tried.append(_judged(what, hits, count, question, found))
    return tried


def edge(claim: Claim) -> float:
    """The effect at which yes ends and no begins."""
    return -claim.size if claim.kind == "not_worse" else float(claim.size)


def _effects(question: Question, found: Chances, what: str, turn: int) -> Sequence[float]:
    """Of each claim the effect in one rehearsal.

    A verdict is only just wrong where every claim lies at its edge (a yes of `any`, a no of `all`), or where one does,
    by turns, and the others are as planned.
    """
    if what.startswith("planned"):
        return found.effects_yes if what == "planned yes" else found.effects_no
    edges = [edge(claim) for claim in question.claims]
    if (question.combine, what) in (("any", "wrong yes"), ("all", "wrong no")):
        return edges
    others = [claim.planned or (math.nan, math.nan) for claim in question.claims]
    effects = [no if question.combine == "any" else yes for yes, no in others]
    odd = turn % (question.hold_to or len(edges))
    return [*effects[:odd], edges[odd], *effects[odd + 1 :]]


def _alone(question: Question) -> Question:
    """The question with arms of its own for each claim, and nothing beside its primary claims and their rule."""
    claims = [
        replace(claim, left=f"left {place}", right=None if claim.right is None else f"right {place}")
        for place, claim in enumerate(question.claims)
    ]
    return replace(question, claims=claims, secondary=(), controls=(), if_yes="yes", if_no="no")


class _Drawn:
    """What the arms of one claim give, turn by turn."""

    def __init__(self, spread: Spread, seed: Seed, what: str, place: int, count: int, n: int) -> None:
        self.spread, self.n = spread, n
        stream = Stream(seed.seed("rehearsal", what), f"claim {place}")
        draw = stream.uniform if spread.share else stream.normal
        self.noise: Array = draw(count * 2 * n).reshape(count, 2, n)

    def columns(self, turn: int, effect: float, claim: Claim, kind: MeasureKind) -> list[Column]:
        """The claim's arms where its effect is so large."""
        first, second = self.noise[turn]
        if claim.right is not None and claim.kind != "same" and kind.better == "lower":
            effect = -effect  # positive supports the claim; here less is better
        if self.spread.sd is None:
            chance, other = self.spread.shares(effect)
            left, right = 100.0 * (first < chance), 100.0 * (second < other)
        else:
            left = effect + self.spread.sd * first
            # What a pair has in common makes no difference, so that one arm of it may as well lie still.
            right = second * (0.0 if self.spread.paired else self.spread.sd)
        arms = [(claim.left, left)] if claim.right is None else [(claim.left, left), (claim.right, right)]
        return [column_of(name, values.tolist(), kind, self.spread.resolution) for name, values in arms]


def column_of(name: str, values: Sequence[float], kind: MeasureKind, resolution: float) -> Column:
    """An arm with numbers that no network gave."""
    runs = [
        Run(
            arm=name,
            family=name,
            x=None,
            replicate=index,
            seed="",
            value=value,
            outcome=DONE,
            note="",
            measure="",
            state="",
            steps=0,
        )
        for index, value in enumerate(values)
    ]
    return Column(
        arm=name,
        family=name,
        x=None,
        unit=kind.unit,
        better=kind.better,
        share=kind.share,
        resolution=resolution,
        split=None,
        measure="",
        runs=runs,
    )


def _judged(what: str, hits: int, count: int, question: Question, found: Chances) -> Tried:
    from scipy.special import bdtrc

    if what.startswith("wrong"):
        right = hits == 0 or float(bdtrc(hits - 1, count, question.alpha)) >= DOUBT
        return Tried(what=what, count=count, seen=hits / count, expected=question.alpha, right=right)
    expected = found.yes if what.endswith("yes") else found.no
    # Four standard errors are passed once in 16,000 times; one rehearsal more or less is the grain of what is counted.
    room = 4.0 * math.sqrt(expected * (1.0 - expected) / count + found.error**2) + 1.0 / count
    return Tried(
        what=what, count=count, seen=hits / count, expected=expected, right=abs(hits / count - expected) <= room
    )
