"""How claims make the verdict, in sentences: the rule, its error, its looks, what would settle it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from report_cases import asked, column, concluded

from whether.answer import Answer
from whether.question import below, exceeds, not_worse, same
from whether.report import rule


@pytest.mark.parametrize(
    ("way", "said"), [("all", "Both claims must"), ("any", "One of the 2"), ("ordered", "in order")]
)
def test_how_claims_combine(way: str, said: str) -> None:
    question = asked(
        [exceeds("a", "b", by=1.0, because="x"), not_worse("a", "b", by=1.0, because="x")],
        name="n",
        text="t",
        combine=way,
    )
    answer = concluded(question, [column("a", [97.0, 97.5]), column("b", [95.0, 95.5])])
    assert said in rule.combination(answer)


def test_one_claim_needs_no_rule(answers: dict[str, Answer]) -> None:
    assert rule.combination(answers["xor"]).startswith("One claim decides.")


def test_a_no_that_is_not_strict_enough_is_explained() -> None:
    question = asked(
        [not_worse("a", "b", by=0.5, because="x"), not_worse("b", "a", by=50.0, because="x")], name="n", text="t"
    )
    low = [97.0 - loss for loss in (1.8, 0.2, 1.5, 1.0, 2.0, 0.6)]
    answer = concluded(question, [column("a", low), column("b", [97.0] * 6)])
    assert answer.claims[0].verdict == "no"
    assert answer.verdict == "inconclusive"
    assert "is a no at α = 0.05, but not at α/2" in rule.strictness(answer)


def test_nothing_is_explained_where_nothing_is_torn(answers: dict[str, Answer]) -> None:
    assert all(rule.strictness(answer) == "" for answer in answers.values())


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (
            "all",
            "A yes needs both claims, and one that is false would have to err for it, so each is read at α undivided",
        ),
        ("any", "For a yes one claim suffices, so a yes counts at α/2"),
        ("ordered", "reading stops at the first that is not a yes"),
    ],
)
def test_how_alpha_is_shared_among_claims(way: str, said: str, answers: dict[str, Answer]) -> None:
    assert said in rule.multiplicity(replace(answers["diverged"], claims=answers["open"].claims, combine=way))[0]


def test_one_claim_at_one_look_shares_nothing(answers: dict[str, Answer]) -> None:
    assert rule.multiplicity(answers["underpowered"]) == []


def test_how_alpha_is_shared_among_looks_and_secondaries(answers: dict[str, Answer]) -> None:
    _, looks = rule.multiplicity(answers["open"])
    assert "α = 0.05 is spent over the looks, little at first and most at the end" in looks
    evenly = rule.multiplicity(replace(answers["open"], spending="pocock"))[1]
    assert "over the looks, evenly (Lan and DeMets, Pocock type)" in evenly
    assert rule.multiplicity(answers["lottery"])[-1] == (
        "The p-values of 3 secondary claims are corrected for their number (Holm)."
    )


def test_at_which_look_it_was_decided(answers: dict[str, Answer]) -> None:
    first = answers["confirmed"]
    assert rule.looked(first) == "Decided at the second look, with 10 of at most 20 replicates: 10 fewer than planned."
    assert rule.looked(answers["open"]) == (
        "All 3 looks were taken, the last with 20 replicates, and the question is still open."
    )
    cut = replace(answers["open"], looks=answers["open"].looks[:2])
    assert rule.looked(cut) == "After 2 looks, with 10 of at most 20 replicates, the question is still open."
    last = replace(first, looks=[*first.looks, replace(first.looks[-1], n=20)])
    assert rule.looked(last) == "Decided at the third look, with 20 replicates."


def test_a_look_tells_what_was_seen_and_what_was_decided_before(answers: dict[str, Answer]) -> None:
    rows = rule.look_rows(answers["open"])
    assert [row.n for row in rows] == [5, 10, 20]
    assert [[seen.word for seen in row.claims] for row in rows] == [["open", "open"], ["open", "yes"], ["open", "yes"]]
    assert [seen.fresh for seen in rows[-1].claims] == [True, False]
    assert rows[-1].claims[1].text == "decided before"
    answer = answers["open"]
    effect, low = answer.looks[1].estimates[0], answer.looks[1].lows[0]
    assert effect is not None
    assert low is not None
    assert rows[1].claims[0].text.startswith(f"{effect:.2f} [{low:.2f} to ")


def test_what_would_settle_it_is_said_of_inconclusive_answers_only(answers: dict[str, Answer]) -> None:
    assert [
        name for name, answer in answers.items() if bool(rule.settle(answer)) != (answer.verdict == "inconclusive")
    ] == []


def test_an_open_question_is_told_how_many_replicates_would_settle_it(answers: dict[str, Answer]) -> None:
    known, how = rule.settle(answers["open"])
    many = rule.replicates_to_settle(answers["open"].claims[0])
    assert many is not None
    assert "is open: the effect lies between 0.8" in known
    assert "on both sides of 1 point" in known
    assert f"about {many} replicates instead of 20 make it a yes." in known
    assert f"register it anew with looks=[{math.ceil(many / 4)},{math.ceil(many / 2)},{many}], named beforehand" in how
    free = rule.settle(replace(answers["open"], grade="exploratory"))[1]
    assert "ask it anew with other seeds (--seed 1) and looks=[" in free


def alike(far: float, count: int) -> Answer:
    """An answer about replicates that always have this mean difference and a standard deviation of 1."""
    even = count - count % 2
    side = math.sqrt((count - 1) / even)
    values = [97.0 + far + (side if index % 2 else -side) * (index < even) for index in range(count)]
    question = asked([exceeds("a", "b", by=1.0, because="x")], name="n", text="t")
    return concluded(question, [column("a", values, resolution=0.0), column("b", [97.0] * count, resolution=0.0)])


@pytest.mark.parametrize(("far", "n"), [(0.5, 3), (1.7, 5), (-0.2, 3), (0.8, 20), (1.5, 8)])
def test_so_many_replicates_would_settle_it_and_fewer_would_not(far: float, n: int) -> None:
    """Held against the rule itself, read on replicates whose mean and spread stay as they are."""
    now = alike(far, n)
    assert now.verdict == "inconclusive"
    many = rule.replicates_to_settle(now.claims[0])
    assert many is not None
    assert alike(far, many).verdict == ("yes" if far > 1 else "no")
    assert alike(far, many - max(1, many // 10)).verdict == "inconclusive"


def test_an_effect_at_the_edge_is_not_promised_to_settle() -> None:
    question = asked([exceeds("a", "b", by=1.0, because="x")], name="n", text="t")
    answer = concluded(question, [column("a", [97.0, 99.0, 98.0]), column("b", [97.0] * 3)])
    known, how = rule.settle(answer)
    assert "More replicates would hardly tell on which" in known
    assert how.endswith("ask it anew with other seeds (--seed 1) and looks, named beforehand.")


def test_one_replicate_needs_two(answers: dict[str, Answer]) -> None:
    said = rule.settle(answers["single"])
    assert len(said) == 2
    assert all("needs two replicates or more" in one for one in said)


def test_failed_runs_are_what_would_settle_it(answers: dict[str, Answer]) -> None:
    assert rule.settle(answers["lost"]) == [
        "2 runs always failed; `whether retry` trains them again, and what they give may settle it."
    ]


def test_of_ordered_claims_the_first_open_one_would_settle_it() -> None:
    draws = [[97.0, 99.5, 96.5], [96.0, 96.5, 95.5]]
    claims = [exceeds("a", "b", by=1.2, because="x"), same("a", "b", within=1.3, because="x")]
    answer = concluded(
        asked(claims, name="n", text="t", combine="ordered"), [column("a", draws[0]), column("b", draws[1])]
    )
    assert [one.verdict for one in answer.claims] == ["inconclusive", "inconclusive"]
    assert len([said for said in rule.settle(answer) if "is open" in said]) == 1


def test_a_bound_and_a_share_are_settled_too() -> None:
    columns = [column("a", [100.0 if index % 3 else 0.0 for index in range(20)], share=True, resolution=0.0)]
    answer = concluded(asked([below("a", 75.0, because="x")], name="n", text="t"), columns)
    assert answer.verdict == "inconclusive"
    known = rule.settle(answer)[0]
    assert "on both sides of 75 points" in known
    assert known.endswith("replicates instead of 20 make it a yes.")


def test_what_was_planned_is_a_surer_guide_than_few_replicates(answers: dict[str, Answer]) -> None:
    found = answers["open"]
    power = {**found.study["power"], "enough": 12}
    told = rule.settle(replace(found, study={**found.study, "power": power}))
    assert f"it takes 12 replicates, not {found.claims[0].n}" in told[0]
    assert "looks=[3,6,12]" in told[-1]
