"""Runs that always failed: the verdict is given only if it holds whatever they would have been."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from by_hand import FACTS, WHY, asking, column, sized
from whether import Claim, exceeds, not_worse, same
from whether.answer import Answer, Column
from whether.conclude import conclude
from whether.failures import conclude_bounded, is_over, joint_look, look_bounded, needed_bounded

WORST = 10.0  # guessing among ten
AB = exceeds("a", "b", by=1, because=WHY)
Rows = Mapping[str, Sequence[float | None]]


def columns(rows: Rows, **changes: Any) -> list[Column]:
    """Arms as by_hand has them; None stands for a run that failed and stands at its worst."""
    found = []
    for name, row in rows.items():
        plain = column(name, [WORST if value is None else value for value in row], **changes)
        runs = [
            dataclasses.replace(run, outcome="failed") if value is None else run
            for run, value in zip(plain.runs, row, strict=True)
        ]
        found.append(dataclasses.replace(plain, runs=runs))
    return found


def bounded(claims: Sequence[Claim], rows: Rows, *, checks: Sequence[str] = (), **how: Any) -> Answer:
    asked = asking(claims, **{name: how.pop(name) for name in ("combine", "pairing") if name in how})
    return conclude_bounded(sized(asked, columns(rows, **how)), columns(rows, **how), checks=checks, **FACTS)


def near(value: float, count: int = 30, *failed: int) -> list[float | None]:
    return [None if place in failed else value + 0.01 * (-1) ** place for place in range(count)]


def test_without_failures_it_is_the_plain_answer() -> None:
    rows = {"a": near(90), "b": near(80)}
    plain = conclude(sized(asking([AB]), columns(rows)), columns(rows), checks=["one"], **FACTS)
    assert bounded([AB], rows, checks=["one"]) == plain


def test_a_verdict_that_holds_either_way_is_given_and_told() -> None:
    found = bounded([AB], {"a": near(95, 30, 3), "b": near(50)}, checks=["one"])
    assert (found.verdict, found.meaning) == ("yes", "this")
    assert found.checks == [
        "one",
        "1 runs always failed (a): shown at the worst value that they could have; the verdict is the same at the best",
    ]
    assert [run.value for run in found.table if run.outcome == "failed"] == [WORST]


def test_a_verdict_that_hangs_on_them_is_left_open() -> None:
    rows = {"a": near(52, 8, *range(4)), "b": near(50, 8)}
    assert conclude(sized(asking([AB]), columns(rows)), columns(rows), **FACTS).verdict != "yes"
    found = bounded([exceeds("b", "a", by=1, because=WHY)], {"a": near(49, 4, 0, 1, 2, 3), "b": near(50, 4)})
    assert (found.verdict, found.meaning) == ("inconclusive", "who knows")
    assert "at the best the verdict would be another, so the question stays open" in found.checks[-1]


@pytest.mark.parametrize("lost", ["a", "b", "both"])
def test_the_arm_that_lost_runs_is_never_favoured(lost: str) -> None:
    """Left out, they would not change the verdict; at their worst they would turn it."""
    gone = {"a": (0, 1, 2), "b": (), "both": (0, 1, 2)}[lost]
    also = {"a": (), "b": (0, 1, 2), "both": (3, 4, 5)}[lost]
    found = bounded([AB], {"a": near(53, 6, *gone), "b": near(50, 6, *also)})
    assert found.verdict == "inconclusive"


def test_an_arm_of_which_nothing_is_known_is_not_told_apart_from_another() -> None:
    """At the worst it lies far below, at the best far above: "not the same" both times, and yet it may be the same."""
    claim = same("a", "b", within=5, because=WHY)
    found = bounded([claim], {"a": near(0, 6, *range(6)), "b": near(60, 6)})
    assert found.verdict == "inconclusive"
    assert "at the best the verdict would be so for the opposite reason" in found.checks[-1]


def test_what_is_far_away_either_way_is_told_apart() -> None:
    claim = same("a", "b", within=5, because=WHY)
    rows = {"a": near(95, 30, 0), "b": near(20, 30)}
    assert bounded([claim], rows).verdict == "no"


def test_less_is_better_where_it_is() -> None:
    rows = {"a": [0.1, 0.11, 0.1, None], "b": near(9, 4)}
    found = bounded([not_worse("a", "b", by=1, because=WHY)], rows, better="lower")
    assert [run.value for run in found.table if run.outcome == "failed"] == [WORST]
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("arms", [3, 6])
def test_each_pair_of_arms_is_taken_at_its_worst(arms: int) -> None:
    """One arm at its worst with another at its best, however many arms lost runs."""
    names = "abcdef"[:arms]
    rows = {name: near(60, 4, *range(4)) for name in names}
    for left, right in pairwise(names):
        claim = not_worse(left, right, by=3, because=WHY)
        found = bounded([claim], rows)
        assert found.verdict == "inconclusive", (left, right)


values = st.one_of(st.none(), st.floats(10, 100).map(lambda value: round(value, 1)))
CLAIMS = (
    AB,
    not_worse("a", "b", by=4, because=WHY),
    same("a", "b", within=8, because=WHY),
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_verdict_is_turned_by_what_a_lost_run_would_have_been(data: st.DataObject) -> None:
    """An arm lost some of its runs, all alike: whatever they are put at, a verdict that was given is confirmed."""
    count = data.draw(st.integers(2, 6))
    row = st.lists(values, min_size=count, max_size=count)
    rows = {"a": data.draw(row), "b": data.draw(row)}
    claims = data.draw(st.sampled_from([[claim] for claim in CLAIMS] + [list(CLAIMS[:2])]))
    pairing = data.draw(st.sampled_from(["replicate", "none"]))
    found = bounded(claims, rows, pairing=pairing)
    if found.verdict == "inconclusive":
        return
    put = {name: data.draw(st.floats(10, 100)) for name in rows}
    whole = {name: [put[name] if value is None else value for value in rows[name]] for name in rows}
    truth = conclude(sized(asking(claims, pairing=pairing), columns(whole)), columns(whole), **FACTS)
    assert truth.verdict == found.verdict


class TestLooks:
    """Of a question that is looked at more than once, one way may be decided earlier than another."""

    LOOKS = (2, 4, 6)

    def taken(self, rows: Rows) -> tuple[Answer, list[Any]]:
        """The answer, and the looks as a course takes them: with as many runs as each asks for."""
        question = asking([AB], looks=self.LOOKS, spending="pocock")
        found, upto = [], self.LOOKS[0]
        while True:
            cut = [one.first(upto) for one in columns(rows)]
            ways = look_bounded(question, cut)
            found.append(joint_look(ways))
            if is_over(question, ways):
                return conclude_bounded(question, cut, checks=(), **FACTS), found
            assert needed_bounded(question, cut, ways) == {"a", "b"}
            upto = self.LOOKS[len(found)]

    def test_every_run_that_a_look_read_is_in_the_answer(self) -> None:
        rows = {"a": near(90, 6), "b": [50, None, 50.1, 50.2, 50.1, 50]}
        answer, looks = self.taken(rows)
        assert [one.n for one in looks] == [2, 4, 6], "a look is taken once"
        assert [(one.n, one.verdict) for one in answer.looks] == [(one.n, one.verdict) for one in looks]
        assert [one.verdict for one in looks] == ["inconclusive", "inconclusive", "yes"]
        worst = conclude(asking([AB], looks=self.LOOKS, spending="pocock"), columns(rows), **FACTS)
        assert (worst.verdict, worst.replicates) == ("yes", 4), "at the worst it was decided before"
        assert (answer.verdict, answer.replicates, len(answer.table)) == ("yes", 6, 12)
        assert [run.value for run in answer.table if run.outcome == "failed"] == [WORST], "listed as the others are"
        assert "intervals are told with b at the best, where the question was open longest" in answer.checks[-1]

    def test_opposite_verdicts_end_it_and_leave_it_open(self) -> None:
        rows = {"a": [None] * 6, "b": near(50, 6)}
        answer, looks = self.taken(rows)
        assert [(one.n, one.verdict) for one in looks] == [(2, "inconclusive")]
        assert [(one.n, one.verdict) for one in answer.looks] == [(2, "inconclusive")]
        assert (answer.verdict, answer.meaning, answer.replicates) == ("inconclusive", "who knows", 2)

    def test_a_run_that_failed_beyond_the_look_that_decided_is_not_read(self) -> None:
        answer, looks = self.taken({"a": near(90, 6), "b": near(50, 6, 2)})
        assert [(one.n, one.verdict) for one in looks] == [(2, "yes")]
        assert (answer.verdict, answer.checks, answer.failed) == ("yes", [], 0)
