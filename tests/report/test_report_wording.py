"""The sentences: each kind of claim and verdict, warnings, ladders, trust, the command."""

import random
from dataclasses import replace
from typing import Any

import pytest
from report_cases import DIGITS, asked, column, concluded, lottery

from whether.answer import Answer, ClaimResult
from whether.question import above, below, exceeds, not_worse, ordered, same
from whether.report import wording


def claim(kind: str, low: float | None, high: float | None, verdict: str, **fields: Any) -> ClaimResult:
    """A claim about a and b of size 1 point."""
    middle = 0.0 if low is None or high is None else (low + high) / 2
    right = None if kind in wording.BOUNDS else "b"
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
    assert found in wording.finding(told, "90 %")
    assert why in wording.reason(told)


def test_where_the_edge_lies_is_where_the_verdict_turns(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for one in answer.claims:
            if one.low is not None and one.kind in ("exceeds", "not_worse"):
                assert (one.low > wording.edge(one)) == (one.verdict == "yes")


def test_remarks_tell_a_floored_spread_and_the_note() -> None:
    told = wording.remarks(claim("exceeds", 0.0, 1.0, "no", floored=True, note="one thing"))
    assert told[0] == "One thing."
    assert "raised to it" in told[1]


@pytest.mark.parametrize(
    ("rule", "said"), [("all", "Both claims must"), ("any", "One of the 2"), ("ordered", "in order")]
)
def test_how_claims_combine(rule: str, said: str) -> None:
    question = asked(
        [exceeds("a", "b", by=1.0, because="x"), not_worse("a", "b", by=1.0, because="x")],
        name="n",
        text="t",
        combine=rule,
    )
    answer = concluded(question, [column("a", [97.0, 97.5]), column("b", [95.0, 95.5])])
    assert said in wording.combination(answer)


def test_one_claim_needs_no_rule(answers: dict[str, Answer]) -> None:
    assert wording.combination(answers["xor"]).startswith("One claim decides.")


def test_a_no_that_is_not_strict_enough_is_explained() -> None:
    question = asked(
        [not_worse("a", "b", by=0.5, because="x"), not_worse("b", "a", by=50.0, because="x")], name="n", text="t"
    )
    low = [97.0 - loss for loss in (1.8, 0.2, 1.5, 1.0, 2.0, 0.6)]
    answer = concluded(question, [column("a", low), column("b", [97.0] * 6)])
    assert answer.claims[0].verdict == "no"
    assert answer.verdict == "inconclusive"
    assert "is a no at α = 0.05, but not at α/2" in wording.strictness(answer)


def test_nothing_is_explained_where_nothing_is_torn(answers: dict[str, Answer]) -> None:
    assert all(wording.strictness(answer) == "" for answer in answers.values())


def test_trust_tells_grade_split_and_sampling_error(answers: dict[str, Answer]) -> None:
    grade, split, sampling = wording.trust(answers["lottery"])
    assert "not registered before its runs" in grade
    assert "validation split of digits (300 examples)" in split
    assert "test split was not opened" in split
    assert "one example is 0.33 points" in sampling
    # sqrt(.97 · .03 / 300) = .0098
    assert "97.0 % right among 300 examples has a standard error of 0.98 points" in sampling


def test_data_with_one_split_has_no_sampling_error_to_tell(answers: dict[str, Answer]) -> None:
    assert wording.trust(answers["xor"])[1:] == [
        "The same 4 examples of xor are its training, validation and test split."
    ]


def test_an_opened_test_split_is_told_and_in_the_command(answers: dict[str, Answer]) -> None:
    opened = replace(answers["lottery"], split="test")
    assert "which was opened for this" in wording.split_sentence(opened)
    assert wording.command(opened).endswith(" --open-test")


def test_the_sampling_error_leaves_diverged_runs_out(answers: dict[str, Answer]) -> None:
    assert "96.9 % right" in wording.sampling_sentence(answers["diverged"])


def test_a_measure_that_counts_no_examples_has_no_binomial_error() -> None:
    draw = random.Random(0)
    question = asked([above("a", 0.0, unit="nats", because="x")], name="n", text="t")
    answer = concluded(question, [column("a", [draw.random() for _ in range(4)], unit="nats")])
    assert wording.sampling_sentence(answer).endswith("300 of them.")
    assert wording.sampling_sentence(replace(answer, data={})).endswith("how many those were is not recorded.")


def test_warnings_begin_with_the_control(answers: dict[str, Answer]) -> None:
    control, check, ended = wording.warnings(answers["diverged"])
    assert "“careful exceeds untrained by more than 50 points” was expected to be yes and is no" in control
    assert check.startswith("A check failed: the loss at the start is 4.1")
    assert "3 of 24 runs diverged (bold: 3)" in ended
    assert wording.warnings(answers["lottery"]) == []


def test_many_failed_checks_are_counted(answers: dict[str, Answer]) -> None:
    said = wording.warnings(replace(answers["lottery"], checks=[f"check {index}" for index in range(9)]))
    assert said == [
        *(f"A check failed: check {index}" for index in range(3)),
        "6 more checks failed; the page lists them all.",
    ]


def test_one_replicate_is_warned_of(answers: dict[str, Answer]) -> None:
    assert "nothing shows how results vary" in wording.warnings(answers["single"])[0]


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


def test_the_command_quotes_for_a_shell(answers: dict[str, Answer]) -> None:
    assert wording.command(answers["lottery"]) == (
        "whether run lottery-ticket data=digits density=10.7 'hidden=[300, 100]' model=mlp-300-100 rewind=0it"
    )


def test_the_command_names_the_file_and_the_seed(answers: dict[str, Answer]) -> None:
    told = replace(answers["lottery"], source="my signs.py", options={"s": "2"}, seed=7)
    assert wording.command(told) == "whether run 'my signs.py' s=2 --seed 7"


def test_circumstances_are_flattened_and_sorted() -> None:
    told = {
        "steps_trained": 12000,
        "versions": {"torch": "2.13"},
        "devices": ["cpu", "mps"],
        "on": True,
        "seconds": 87.41,
    }
    assert wording.circumstances(told) == [
        ("devices", "cpu, mps"),
        ("on", "yes"),
        ("seconds", "87.41"),
        ("steps trained", "12,000"),
        ("versions: torch", "2.13"),
    ]
    assert wording.circumstances({"note": None, "empty": {}}) == [("empty", "–"), ("note", "–")]
    said = {"idle_share": 0.0041, "sharing": 9.808, "time": "2026-11-24T02:55:59.623+00:00"}
    assert wording.circumstances(said) == [
        ("idle share", "0.4 %"),
        ("sharing", "9.8 times less than each arm on its own"),
        ("time", "2026-11-24 02:55:59 UTC"),
    ]


@pytest.mark.parametrize("grade", ["exploratory", "registered", "confirmatory"])
def test_every_grade_says_what_it_is(grade: str, answers: dict[str, Answer]) -> None:
    told = replace(answers["lottery"], grade=grade)
    assert wording.grade(told).lower().startswith(f"{grade}: ")
    assert len(wording.grade_in_short(told)) > 20


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


def test_facts_tell_data_and_split() -> None:
    answer = lottery(2, (100.0, 10.7))
    assert wording.facts(answer) == "2 replicates · 9 arms · 18 runs, none diverged · digits, validation split"
    assert wording.facts(replace(answer, data={})) == "2 replicates · 9 arms · 18 runs, none diverged"
    assert DIGITS["rows"] == 300


def test_bounds_are_told_with_their_needs() -> None:
    question = asked(
        [below("a", 2.0, because="x"), same("a", "b", within=2.0, because="x")], name="n", text="t", replicates=2
    )
    answer = concluded(question, [column("a", [1.0, 1.2]), column("b", [1.0, 1.2])])
    assert [wording.needs(one) for one in answer.claims] == ["below 2 points", "within ±2 points"]
