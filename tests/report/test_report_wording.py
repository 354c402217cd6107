"""The sentences of claims and arms: each kind of claim and verdict, levels of looks, ladders."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from report_cases import asked, column, concluded

from whether.answer import Answer, ClaimResult
from whether.question import below, exceeds, ordered, same
from whether.report import axis_view, wording


def claim(kind: str, low: float | None, high: float | None, verdict: str, **fields: Any) -> ClaimResult:
    """A claim about a and b of size 1 point."""
    middle = 0.0 if low is None or high is None else (low + high) / 2
    right = None if kind in axis_view.BOUNDS else "b"
    said: dict[str, Any] = {
        "said": "a and b",
        "kind": kind,
        "left": "a",
        "right": right,
        "size": 1.0,
        "unit": "points",
        "because": "",
        "if_no": "",
        "verdict": verdict,
        "verdict_strict": verdict,
        "estimate": middle,
        "low": low,
        "high": high,
        "n": 8,
        "method": "paired t",
        "sd": 1.0,
        "floored": False,
        "p": 0.01,
        "p_holm": None,
        "p_sign_flip": None,
        "shared": "",
        "note": "",
        "level": 0.05,
        "look": 8,
    }
    return ClaimResult(**said | fields)


@pytest.mark.parametrize(
    ("kind", "low", "high", "verdict", "found", "why"),
    [
        ("exceeds", 2.0, 3.0, "yes", "a came out 2.50 points better than b", "lies above 1 point, as"),
        (
            "exceeds",
            -3.0,
            -2.0,
            "no",
            "a came out 2.50 points worse than b",
            "lies below 1 point; a yes needs it above 1",
        ),
        (
            "exceeds",
            0.0,
            3.0,
            "inconclusive",
            "1.5 points better",
            "reaches across 1 point; a yes needs all of it above",
        ),
        ("not_worse", -0.5, 0.5, "yes", "a came out level with b", "lies above −1 point, as"),
        ("not_worse", -3.0, -2.0, "no", "2.50 points worse", "lies below −1 point; a yes"),
        ("same", -0.5, 0.7, "yes", "a came out 0.10 points above b", "lies within ±1 point, as"),
        ("same", 2.0, 3.0, "no", "2.50 points above b", "lies outside ±1 point; a yes"),
        ("same", -2.0, 0.0, "inconclusive", "1.0 points below b", "reaches across −1 point; a yes"),
        ("same", -2.0, 2.0, "inconclusive", "level with", "reaches across −1 point and 1 point; a yes"),
        ("below", 0.2, 0.4, "yes", "a lies at 0.30 points", "lies below 1 point, as"),
        ("below", 2.0, 3.0, "no", "a lies at 2.50 points", "lies above 1 point; a yes needs it below 1 point"),
        ("above", 2.0, 3.0, "yes", "a lies at 2.50 points", "lies above 1 point, as"),
        ("above", None, None, "inconclusive", "(no interval; n = 8)", "above 1 point, and there is none."),
    ],
)
def test_a_claim_is_told_by_what_came_and_why(
    kind: str, low: float | None, high: float | None, verdict: str, found: str, why: str
) -> None:
    told = claim(kind, low, high, verdict)
    assert found in wording.finding(told)
    assert why in wording.reason(told)


def test_where_the_edge_lies_is_where_the_verdict_turns(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for one in answer.claims:
            if one.low is not None and one.kind in ("exceeds", "not_worse"):
                assert (one.low > axis_view.edge(one)) == (one.verdict == "yes")


def test_remarks_tell_a_floored_spread_and_the_note() -> None:
    told = wording.remarks(claim("exceeds", 0.0, 1.0, "no", floored=True, note="one thing"))
    assert told[0] == "One thing."
    assert "raised to it" in told[1]


def test_a_ladder_says_how_far_it_holds_and_where_it_stops(answers: dict[str, Answer]) -> None:
    ladder = answers["lottery"].ladders[0]
    said = wording.ladder(ladder, answers["lottery"])
    assert said.startswith(f"Holds for {ladder.held} of 15 steps, down to “{ladder.claims[ladder.held - 1].left}”; at ")
    whole = replace(ladder, held=15)
    assert wording.ladder(whole, answers["lottery"]) == "Holds for all 15 steps, down to “ticket at 3.52”."
    none = replace(ladder, held=0)
    assert wording.ladder(none, answers["lottery"]).startswith(
        "Holds for none of 15 steps: the first, “ticket at 80 is"
    )


def test_a_ladder_off_the_axis_goes_as_far_as() -> None:
    question = asked(
        [exceeds("a", "b", by=0.5, because="x")],
        name="n",
        text="t",
        secondary=[ordered(exceeds("a", "b", by=0.5, because="x"), exceeds("a", "b", by=1.0, because="x"))],
    )
    answer = concluded(question, [column("a", [97.0, 97.5]), column("b", [90.0, 90.5])])
    assert wording.ladder(answer.ladders[0], answer) == "Holds for all 2 steps, as far as “a”."


def test_an_arm_without_an_interval_says_so(answers: dict[str, Answer]) -> None:
    answer = answers["single"]
    assert [wording.arm_interval(arm, answer) for arm in answer.arms] == ["none"] * 3
    assert wording.arm_mean(answer.arms[0], answer) == "97.30 %"
    assert wording.spread(answer.arms[0]) == "–"
    assert wording.spread(replace(answer.arms[0], sd=0.4)) == "0.40"
    assert wording.spread(replace(answer.arms[0], sd=29.3)) == "29"


def test_means_of_one_unit_have_the_same_decimals(answers: dict[str, Answer]) -> None:
    answer = answers["diverged"]
    assert [wording.arm_mean(arm, answer) for arm in answer.arms] == ["64.29 %", "97.25 %", "96.96 %"]


def test_bounds_are_told_with_their_needs() -> None:
    question = asked(
        [below("a", 2.0, because="x"), same("a", "b", within=2.0, because="x")], name="n", text="t", replicates=2
    )
    answer = concluded(question, [column("a", [1.0, 1.2]), column("b", [1.0, 1.2])])
    assert [wording.needs(one) for one in answer.claims] == ["below 2 points", "within ±2 points"]


def test_an_interval_has_the_level_of_its_look() -> None:
    early, late = claim("exceeds", 2.0, 3.0, "yes", level=0.00047), claim("exceeds", 2.0, 3.0, "yes", level=0.0475)
    assert "(99.906 % interval 2.00 to 3.00; n = 8, paired t)" in wording.finding(early)
    assert wording.intervals([early, early]) == "99.906 % intervals"
    assert wording.intervals([early, late]) == "intervals, each at its own level"
    assert [wording.interval_head(some) for some in ([late], [early, late])] == ["90.5 % interval", "Interval (level)"]
    assert wording.interval_among(late, [late]) == "2.00 to 3.00"
    assert wording.interval_among(late, [early, late]) == "2.00 to 3.00 (90.5 %)"
    none = claim("exceeds", None, None, "inconclusive", level=0.04)
    assert wording.interval_among(none, [none, late]) == "none"


def test_what_was_decided_at_an_earlier_look_is_said_to_be_kept() -> None:
    kept = wording.reason(claim("exceeds", 0.5, 3.0, "yes"))
    assert kept == "It was a yes at an earlier look, and what was decided is kept; a yes needs it above 1 point."


@pytest.mark.parametrize("kind", ["exceeds", "not_worse", "same", "below", "above"])
def test_regions_are_where_an_interval_gives_their_word(kind: str) -> None:
    found = wording.regions(claim(kind, 0.0, 0.0, "inconclusive"))
    assert all(before[1] == after[0] for before, after in pairwise(found))
    for low, high, word in found:
        middle = max(low, -9.0) / 2 + min(high, 9.0) / 2
        assert wording.lies(claim(kind, middle - 0.1, middle + 0.1, "inconclusive")) == word
