"""A question's rule on many courses of its claims at once: verdicts at each look, decisions kept, until it stands.

The fast path beside `conclude.look`, which reads one course; tests hold the two equal. Verdicts are small integers
here: 1 is yes, −1 is no, 0 is inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from whether.claim import Claim
from whether.question import Question
from whether.reading import Level
from whether.stats.verdict import Kind, Rule

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from whether.stats.paths import Array, Limits

    Verdicts: TypeAlias = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Read:
    """One claim in every course.

    Attributes:
        alone: its verdict at α, a row for each look.
        among: its verdict at α over the number of claims, likewise.
    """

    alone: Verdicts
    among: Verdicts


@dataclass(frozen=True)
class Odds:
    """The chances of one claim at one look: of yes and no at α, and at α over the number of claims."""

    yes: float
    no: float
    yes_among: float
    no_among: float


def read(rule: Rule, claim: Claim, limits: Sequence[Limits], levels: Sequence[Level]) -> Read:
    """A claim's verdicts at every look, as if every look were taken.

    Args:
        rule: that combines the claims; it says when a claim is settled and no longer read.
        claim: with its size.
        limits: for each look the limits of every course, by level.
        levels: of the looks.
    """
    import numpy as np

    alone: list[Verdicts] = []
    among: list[Verdicts] = []
    for find, level in zip(limits, levels, strict=True):
        now = verdicts(claim.kind, *find(level.alone), claim.size)
        strict = verdicts(claim.kind, *find(level.among), claim.size)
        if alone:
            kept, kept_strict = alone[-1], among[-1]
            settled = _settled(rule, kept, kept_strict)
            late = np.where(kept_strict != 0, kept_strict, np.where(strict == kept, strict, 0))
            strict = np.where(kept == 0, strict, np.where(settled, kept_strict, late)).astype(np.int8)
            now = np.where(kept == 0, now, kept).astype(np.int8)
        alone.append(now)
        among.append(strict)
    return Read(np.stack(alone), np.stack(among))


def verdicts(kind: Kind, low: Array, high: Array, size: float) -> Verdicts:
    """`stats.verdict` of many intervals."""
    import numpy as np

    if kind == "same":
        yes, no = (low > -size) & (high < size), (low > size) | (high < -size)
    elif kind == "below":
        yes, no = high < size, low > size
    else:
        least = -size if kind == "not_worse" else size
        yes, no = low > least, high < least
    return np.asarray(yes.astype(np.int8) - no.astype(np.int8))


def decide(question: Question, claims: Sequence[Read], looks: Sequence[int]) -> tuple[Verdicts, Array]:
    """The question's verdict in every course, and how many replicates it took.

    Args:
        question: its rule.
        claims: each of its claims, in order.
        looks: replicates at each look.
    """
    import numpy as np

    found = np.zeros(claims[0].alone.shape[1], np.int8)
    used = np.full(found.shape, float(looks[-1]))
    for place, n in enumerate(looks):
        alone = np.stack([claim.alone[place] for claim in claims])
        among = np.stack([claim.among[place] for claim in claims])
        now = np.where(found == 0, _combined(question, alone, among), found).astype(np.int8)
        used[(found == 0) & (now != 0)] = n
        found = now
    return found, used


def odds_of(question: Question, claims: Sequence[Odds]) -> tuple[float, float]:
    """The chances of a question at one look, from those of its claims, which are taken as independent."""
    yes = no = 1.0
    if question.combine == "all":
        for claim in claims:
            yes, no = yes * claim.yes, no * (1.0 - claim.no_among)
        return yes, 1.0 - no
    if question.combine == "any":
        for claim in claims:
            yes, no = yes * (1.0 - claim.yes_among), no * claim.no
        return 1.0 - yes, no
    refuted = 0.0
    for claim in claims[: question.hold_to]:
        refuted, yes = refuted + yes * claim.no, yes * claim.yes
    return yes, refuted


def _settled(rule: Rule, alone: Verdicts, among: Verdicts) -> npt.NDArray[np.bool_]:
    import numpy as np

    if rule == "ordered":
        return np.asarray(alone != 0)
    at_alpha = 1 if rule == "all" else -1
    return np.asarray((alone == at_alpha) | (among == -at_alpha))


def _combined(question: Question, alone: Verdicts, among: Verdicts) -> Verdicts:
    """`stats.combine` of many rows: claims by courses."""
    import numpy as np

    if question.combine == "all":
        yes, no = (alone == 1).all(axis=0), (among == -1).any(axis=0)
    elif question.combine == "any":
        yes, no = (among == 1).any(axis=0), (alone == -1).all(axis=0)
    else:
        asked = alone[: question.hold_to]
        first = np.argmax(asked != 1, axis=0)  # 0 where all hold, whose verdict there is yes
        stop = np.take_along_axis(asked, first[None], axis=0)[0]
        yes, no = (asked == 1).all(axis=0), stop == -1
    return np.asarray(yes.astype(np.int8) - no.astype(np.int8))
