"""The rule on many courses at once says of each course what `conclude.look` says of it alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from by_hand import WHY, asking, column
from whether import Claim, Question, above, below, exceeds, not_worse, same, stats
from whether.conclude import look
from whether.odds import Odds, Read, decide, odds_of, read, verdicts
from whether.reading import levels
from whether.seeds import Seed, Stream
from whether.stats.verdict import KINDS, Kind, Rule

LOOKS = [3, 5, 8]
COURSES = 60
MAKE: dict[Kind, Callable[[str, str], Claim]] = {
    "exceeds": lambda a, b: exceeds(a, b, by=1, because=WHY),
    "not_worse": lambda a, b: not_worse(a, b, by=1, because=WHY),
    "same": lambda a, b: same(a, b, within=1, because=WHY),
    "above": lambda a, b: above(a, 1, because=WHY),
    "below": lambda a, b: below(a, 1, because=WHY),
}


@dataclass(frozen=True)
class Drawn:
    """Rows of values of each arm, a row for each course."""

    claims: list[Claim]
    arms: dict[str, Any]


@lru_cache(maxsize=8)
def drawn(kinds: tuple[Kind, ...]) -> Drawn:
    """Claims of these kinds, each on two arms of its own, whose truths lie on all sides of the edges."""
    claims, arms = [], {}
    for place, kind in enumerate(kinds):
        left, right = f"a{place}", f"b{place}"
        claims.append(MAKE[kind](left, right))
        values = Stream(Seed(8), f"claim {place}").normal(2 * COURSES * LOOKS[-1]).reshape(2, COURSES, LOOKS[-1])
        truths = np.linspace(-2.5, 3.5, COURSES)[Stream(Seed(8), f"truth {place}").permutation(COURSES)]
        arms |= {left: truths[:, None] + values[0], right: values[1] / 2}
    return Drawn(claims, arms)


def by_limits(question: Question, found: Drawn) -> list[Read]:
    """Each claim in every course, its limits from the plain functions."""
    every = levels(question)

    def limits(claim: Claim, n: int) -> Any:
        def of(alpha: float) -> Any:
            rows = [[float(v) for v in row[:n]] for row in found.arms[claim.left]]
            if claim.right is None:
                plain = [stats.mean_interval(row, alpha=alpha, resolution=0.1) for row in rows]
            else:
                others = [[float(v) for v in row[:n]] for row in found.arms[claim.right]]
                pairs = zip(rows, others, strict=True)
                plain = [stats.paired_t(a, b, alpha=alpha, resolution=0.1) for a, b in pairs]
            return np.array([one.low for one in plain]), np.array([one.high for one in plain])

        return of

    return [
        read(question.combine, claim, [limits(claim, level.n) for level in every], every) for claim in question.claims
    ]


def one_by_one(question: Question, found: Drawn) -> list[tuple[str, int]]:
    told = []
    for course in range(COURSES):
        columns = [column(name, [float(v) for v in rows[course]]) for name, rows in found.arms.items()]
        looked = look(question, columns)
        told.append((looked.verdict, looked.looks[-1].n))
    return told


RULES: list[dict[str, Any]] = [
    {"combine": "all"},
    {"combine": "any"},
    {"combine": "ordered"},
    {"combine": "ordered", "hold_to": 1},
    {"combine": "ordered", "hold_to": 2},
]
WORDS = {1: "yes", -1: "no", 0: "inconclusive"}


ASKED: list[tuple[Kind, ...]] = [("exceeds",), ("not_worse", "exceeds"), ("same", "above", "below")]


@pytest.mark.parametrize(
    ("rule", "kinds"), [(rule, kinds) for rule in RULES for kinds in ASKED if rule.get("hold_to", 1) <= len(kinds)]
)
@pytest.mark.parametrize("looks", [LOOKS, [8]], ids=str)
def test_each_course_comes_to_what_it_comes_to_alone(
    rule: dict[str, Any], kinds: tuple[Kind, ...], looks: list[int]
) -> None:
    found = drawn(kinds)
    question = asking(found.claims, looks=looks, spending="pocock", **rule)
    verdict, used = decide(question, by_limits(question, found), looks)
    told = [(WORDS[int(one)], int(n)) for one, n in zip(verdict, used, strict=True)]
    assert told == one_by_one(question, found)
    if len(looks) > 1 and kinds[0] != "same":  # the cases say something: all verdicts, and several looks
        assert {word for word, _ in told} == {"yes", "no", "inconclusive"}
        assert len({n for _, n in told}) > 1


def test_verdicts_are_those_of_the_table() -> None:
    edges = [-np.inf, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, np.inf]
    pairs = [(low, high) for low, high in product(edges, edges) if low <= high]
    low, high = np.array(pairs).T
    for kind in KINDS:
        expected = [stats.verdict(kind, *pair, 1.0) for pair in pairs]
        assert [WORDS[int(one)] for one in verdicts(kind, low, high, 1.0)] == expected


def frequencies(claim: Read) -> Odds:
    alone, among = claim.alone[0], claim.among[0]
    rates = [float((row == word).mean()) for row in (alone, among) for word in (1, -1)]
    return Odds(yes=rates[0], no=rates[1], yes_among=rates[2], no_among=rates[3])


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_odds_of_independent_claims_multiply(rule: dict[str, Any]) -> None:
    """Every course of one claim beside every course of the others."""
    alone = [[1, 1, 0, -1], [1, 0, -1, -1], [1, 1, 1, -1]]
    among = [[1, 0, 0, -1], [1, 0, 0, -1], [0, 0, 1, 0]]
    grid = [np.array(list(product(*rows)), np.int8).T[:, None, :] for rows in (alone, among)]
    claims = [Read(one, other) for one, other in zip(*grid, strict=True)]
    question = asking(drawn(("not_worse", "exceeds", "same")).claims, **rule)
    verdict, used = decide(question, claims, [8])
    yes, no = odds_of(question, [frequencies(claim) for claim in claims])
    assert (float((verdict == 1).mean()), float((verdict == -1).mean())) == pytest.approx((yes, no))
    assert set(used) == {8.0}


def test_a_decision_is_kept_and_a_settled_claim_no_longer_read() -> None:
    def limits(*rows: Sequence[float]) -> list[Any]:
        return [lambda alpha, row=row: (np.array([row[0] - alpha]), np.array([row[1] + alpha])) for row in rows]

    claim = exceeds("a", "b", by=1, because=WHY)
    every = levels(asking([claim, claim], looks=LOOKS))
    yes_then_no = limits((3.0, 4.0), (-3.0, -2.0), (-3.0, -2.0))
    for rule in ("all", "any", "ordered"):
        found = read(rule, claim, yes_then_no, every)
        assert found.alone[:, 0].tolist() == [1, 1, 1]
        assert found.among[:, 0].tolist() == [1, 1, 1]
    barely = [level.among + (level.alone - level.among) / 2 for level in every]  # yes at α, not yet at α/m
    late = [
        lambda alpha, edge=edge: (np.array([1.0 + (alpha - edge)]), np.array([9.0])) for edge in barely[:1]
    ] + limits((3.0, 4.0), (3.0, 4.0))
    settled: dict[Rule, list[int]] = {"all": [0, 0, 0], "any": [0, 1, 1], "ordered": [0, 0, 0]}
    for rule, among in settled.items():
        found = read(rule, claim, late, every)
        assert found.alone[:, 0].tolist() == [1, 1, 1]
        assert found.among[:, 0].tolist() == among
