"""Planted truths: what a claim must come to when it is known beforehand, and what it did come to.

No effect: within each replicate the arms' runs are dealt out again at random, so that no arm is better than another.
An effect: an arm is replaced by the same network with freshly drawn weights, never trained.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from whether.answer import Answer, Column
from whether.claim import Claim
from whether.errors import RequestError, in_its_file
from whether.history import Measure, Network, measure
from whether.question import Question, Replicate, at
from whether.reading import levels, read_claim
from whether.sabotage.result import TruthFound
from whether.seeds import Seed, Stream

SHUFFLES = 1000
CHANCE = 3.0  # standard errors of a share of shuffles that are put down to counting
UNTRAINED = {"density": "a network has the same density whether it is trained or not"}
"""Measures in which no damage shows."""

Change = Callable[[str, Measure, Replicate], Measure | None]


def compared(question: Question) -> list[Claim]:
    """The primary claims that compare two arms.

    Raises:
        RequestError: when there are none.
    """
    found = [claim for claim in question.claims if claim.right is not None]
    if not found:
        said = "; ".join(claim.said for claim in question.claims)
        raise RequestError(
            f"no claim of {question.name} compares two arms ({said}): there are no labels to shuffle and no arm to "
            "damage. Expected a claim such as exceeds('a', 'b', by=1, because='…')."
        )
    return found


def deciding(question: Question, replicates: int) -> Question:
    """A question reduced to what decides: its primary claims, its controls, and the arms that they name.

    Measures that name the test split are asked of the validation split: sabotage opens none.

    Args:
        question: with all its arms.
        replicates: how many to ask for; it is looked at once, when all of them are there.
    """
    named = {name for claim in (*question.claims, *(item.claim for item in question.controls)) for name in claim.names}

    def only(name: str, item: Measure, rep: Replicate) -> Measure | None:  # noqa: ARG001 - a Change
        if name not in named:
            return None
        return replace(item, split=None) if item.split == "test" else item

    return replace(question, arms=_changed(question, only), secondary=(), looks=(), replicates=replicates)


def damaged(question: Question, name: str) -> Question:
    """A question in which one arm is never trained: its weights are drawn anew, and its mask is kept."""

    def anew(other: str, item: Measure, rep: Replicate) -> Measure:
        if other != name:
            return item
        return replace(item, network=item.network.reinit(rep.seed("sabotage", name)))

    return replace(question, arms=_changed(question, anew), name=f"{question.name}-damaged")


def _changed(question: Question, change: Change) -> Callable[[Replicate], Mapping[str, Any]]:
    """Arms as a question gives them, each changed or, where `change` gives None, left out."""

    def one(name: str, item: Any, rep: Replicate) -> Any:
        asked = measure(question.metric, item) if isinstance(item, Network) else item
        return change(name, asked, rep) if isinstance(asked, Measure) else item  # the question says what is wrong

    def arms(rep: Replicate) -> Mapping[str, Any]:
        with in_its_file(question.arms):
            given = question.arms(rep)
        if not isinstance(given, Mapping):
            return given
        found: dict[str, Any] = {}
        for name, item in given.items():
            if isinstance(item, Mapping):
                members = {x: one(at(name, x), member, rep) for x, member in item.items()}
                found[name] = {x: member for x, member in members.items() if member is not None} or None
            else:
                found[name] = one(name, item, rep)
        return {name: item for name, item in found.items() if item is not None}

    return arms


def shuffled(question: Question, columns: Sequence[Column], *, draws: int = SHUFFLES) -> list[TruthFound]:
    """What the claims come to when the arms that they compare have their runs dealt out at random.

    Where nothing differs, `exceeds` must not come out yes, and `not_worse` and `same` must not come out no, more often
    than at α; of `same`, which has a no on either side, at 2α. Few replicates can be dealt in few ways, so that 2⁻ⁿ is
    allowed, and as shuffles are counted, so are three standard errors of counting.

    Args:
        question: with its claims.
        columns: of the honest answer.
        draws: how many shuffles; always the same ones.

    Returns:
        One truth for each claim that compares two arms.
    """
    claims = compared(question)
    (level,) = levels(question)
    found: list[Counter[str]] = [Counter() for _ in claims]
    groups = _exchangeable(claims, columns)
    for draw in range(draws):
        dealt = _dealt(groups, draw)
        for place, claim in enumerate(claims):
            found[place][read_claim(question, claim, dealt, level).verdict] += 1
    return [
        _no_effect(
            claim, {verdict: count[verdict] / draws for verdict in ("yes", "no", "inconclusive")}, question, draws
        )
        for claim, count in zip(claims, found, strict=True)
    ]


def _no_effect(claim: Claim, shares: Mapping[str, float], question: Question, draws: int) -> TruthFound:
    wrong = "yes" if claim.kind == "exceeds" else "no"
    level = max(question.alpha * (2 if claim.kind == "same" else 1), math.ldexp(1.0, -question.replicates))
    most = min(1.0, level + CHANCE * math.sqrt(level * (1 - level) / draws))
    return TruthFound(
        kind="no effect",
        planted=f"labels shuffled {draws:,} times",
        claim=claim.said,
        expected=f"{wrong} in at most about {100 * level:.3g} %",
        found=f"{wrong} in {100 * shares[wrong]:.3g} %",
        ok=shares[wrong] <= most,
        shares=dict(shares),
        limit=most,
    )


def _exchangeable(claims: Sequence[Claim], columns: Sequence[Column]) -> list[list[Column]]:
    """The arms that are compared, in groups of one kind of number."""
    named = {name for claim in claims for name in claim.names}
    groups: dict[tuple[Any, ...], list[Column]] = {}
    for column in columns:
        if column.arm in named:
            kind = (column.unit, column.better, column.share, column.measure)
            groups.setdefault(kind, []).append(column)
    return list(groups.values())


def _dealt(groups: Sequence[Sequence[Column]], draw: int) -> dict[str, Column]:
    """Within each group and each replicate, the arms' runs in another order."""
    found: dict[str, Column] = {}
    for place, group in enumerate(groups):
        rows = list(zip(*(column.runs for column in group), strict=True))
        words = (
            Stream(Seed(place), "shuffled labels").words(len(rows) * len(group), draw).reshape(len(rows), len(group))
        )
        order = words.argsort(axis=1, kind="stable").tolist()
        for arm, column in enumerate(group):
            runs = [row[order[replicate][arm]] for replicate, row in enumerate(rows)]
            found[column.arm] = replace(column, runs=runs)
    return found


def damages(question: Question) -> list[str]:
    """The arms to damage, one at a time: all that a claim compares."""
    return list(dict.fromkeys(name for claim in compared(question) for name in claim.names))


def damage_found(question: Question, name: str, answer: Answer | None, why_not: str = "") -> list[TruthFound]:
    """What the claims about a damaged arm came to.

    Args:
        question: that was asked honestly.
        name: the arm that was never trained.
        answer: to the question with that arm; None when it could not be asked.
        why_not: then, why.
    """
    found = []
    for place, claim in enumerate(question.claims):
        if claim.right is None or name not in claim.names:
            continue
        expected = "yes" if name == claim.right and claim.kind != "same" else "no"
        result = answer.claims[place] if answer is not None else None
        found.append(
            TruthFound(
                kind="effect",
                planted=f"{name} never trained",
                claim=claim.said,
                expected=expected,
                found=result.verdict if result is not None else "",
                ok=result.verdict == expected if result is not None else None,
                effect=result.estimate if result is not None else None,
                unit=claim.unit,
                why_not=why_not,
            )
        )
    return found
