"""A reproduction as a whole: runs beside their originals, claims judged, what is told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from reproduce_cases import again, answered

from whether.answer import Answer
from whether.bundle.agreement import expect_difference, expect_mean, expect_paired_shares, expect_share
from whether.bundle.reproduced import MOST_TEXT, Reproduced, compare, reproduced
from whether.errors import RequestError
from whether.question import Control, above, below, exceeds, ordered, same
from whether.store.sealed import seal, unseal

A = [95.0, 96.0, 94.0, 95.5, 96.5, 94.5, 95.2, 95.8]
B = [90.0, 91.5, 89.0, 90.2, 91.0, 90.1, 89.9, 90.6]
CLAIM = exceeds("a", "b", by=1.0, because="two seeds differ by less")


def judged(answer: Answer, values: dict[str, Any], **facts: Any) -> Reproduced:
    return reproduced(answer, compare(answer, again(answer, values)), answer="0" * 64, **facts)


class TestRuns:
    def test_every_run_stands_beside_its_original(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": [None, *B[1:]]})
        found = judged(answer, {"a": [95.0, 96.5], "b": [None, 91.5]})
        assert [(run.arm, run.replicate, run.value, run.value_again, run.same) for run in found.numbers] == [
            ("a", 0, 95.0, 95.0, True),
            ("a", 1, 96.0, 96.5, False),
            ("b", 0, 10.0, 10.0, True),  # it diverged both times
            ("b", 1, 91.5, 91.5, True),
        ]
        assert (found.equal, found.same_bits) == (3, False)

    def test_a_run_that_diverges_once_only_is_another(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        found = judged(replace(answer), {"a": A[:2], "b": [None, B[1]]})
        run = found.numbers[2]
        assert (run.outcome, run.outcome_again, run.same) == ("done", "diverged", False)
        assert found.agrees == "no"  # it counts as guessing

    def test_the_same_number_of_another_outcome_is_another(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": [10.0, *B[1:]]})
        assert not judged(answer, {"b": [None]}).numbers[0].same

    def test_a_number_that_is_none_is_equal_to_itself(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        runs = [replace(run, value=math.nan) for run in answer.table]
        found = compare(replace(answer, table=runs), [runs[0]])
        assert found[0].same

    @pytest.mark.parametrize("field", ["arm", "measure"])
    def test_a_run_without_original(self, field: str) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        run = replace(answer.table[0], **{field: "f" * 64})
        with pytest.raises(RequestError, match="replicate 0, is none of the answer signs"):
            compare(answer, [run])


class TestClaims:
    def test_equal_numbers_agree_however_few(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": A[:1], "b": B[:1]})
        assert (found.agrees, found.same_bits, found.claims[0].k) == ("yes", True, 1)

    def test_an_effect_is_held_against_the_originals_spread(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": [95.1, 95.9], "b": [90.1, 91.2]}).claims[0]
        expected = expect_mean([x - y for x, y in zip(A, B, strict=True)], 2, resolution=0.1)
        assert (found.low, found.high, found.original) == (expected.low, expected.high, expected.estimate)
        assert (found.paired, found.again) == pytest.approx((4.75, 4.85))
        assert (found.agrees, found.n, found.k) == ("yes", 8, 2)
        low, high = found.shift_low, found.shift_high
        assert low is not None
        assert high is not None
        assert (low + high) / 2 == pytest.approx(0.1)

    def test_outside_it_does_not_agree(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": [91.0, 91.0], "b": [90.0, 91.5]})
        assert found.agrees == "no"

    def test_error_is_shared_among_the_claims_that_decide(self) -> None:
        claims = [CLAIM, above("a", 80.0, unit="points", because="it should")]
        found = judged(answered(claims, {"a": A, "b": B}), {"a": [95.1], "b": [90.1]}).claims
        expected = expect_mean(A, 1, error=0.025, resolution=0.1)
        assert (found[1].low, found[1].high) == (expected.low, expected.high)

    def test_less_is_better(self) -> None:
        answer = answered([CLAIM], {"a": B, "b": A}, meaning={"better": "lower"})
        found = judged(answer, {"a": B[:2], "b": [95.1, 96.2]}).claims[0]
        assert found.again == pytest.approx((5.1 + 4.7) / 2)
        assert found.original == pytest.approx(sum(A) / 8 - sum(B) / 8)

    def test_arms_apart(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B}, pairing="none")
        found = judged(answer, {"a": A[:2], "b": [90.1, 91.5]}).claims[0]
        expected = expect_difference(A, B, 2, resolution=0.1)
        assert (found.low, found.high, found.method) == (expected.low, expected.high, "Welch t")

    def test_shares(self) -> None:
        a, b = [100.0] * 9 + [0.0], [0.0] * 8 + [100.0] * 2
        meaning = {"share": True, "worst": 0.0}
        claims = [exceeds("a", "b", by=25.0, because="x"), below("b", 50.0, unit="%", because="x")]
        answer = answered(claims, {"a": a, "b": b}, meaning=meaning)
        found = judged(answer, {"a": a[:3], "b": [0.0, 100.0, 0.0]}).claims
        hits = [value > 50 for value in a], [value > 50 for value in b]
        expected = expect_paired_shares(*hits, 3, error=0.025)
        assert (found[0].low, found[0].high) == (expected.low, expected.high)
        bound = expect_share(hits[1], 3, error=0.025)
        assert (found[1].low, found[1].high, found[1].agrees) == (bound.low, bound.high, "cannot tell")
        assert found[1].again == pytest.approx(100 / 3)

    def test_what_is_shown_beside_decides_nothing(self) -> None:
        answer = answered(
            [CLAIM],
            {"a": A, "b": B, "c": B},
            secondary=[same("b", "c", within=1.0, because="x"), ordered(exceeds("a", "c", by=1, because="x"))],
            controls=[Control(exceeds("a", "c", by=1, because="x"), expect="yes", because="y")],
        )
        found = judged(answer, {"a": [95.0, 96.2], "b": B[:2], "c": [20.0, 20.0]})
        assert [(claim.decides, claim.agrees) for claim in found.claims] == [
            (True, "yes"),
            (False, "no"),
            (False, "no"),
            (False, "no"),
        ]
        assert found.agrees == "yes"

    def test_arms_left_out_cannot_be_told(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": [A[0], A[1] + 0.1]})
        assert (found.agrees, found.claims[0].why) == ("cannot tell", "none of its runs was made again")
        assert (found.arms, found.of_arms, found.same_bits) == (1, 2, False)

    def test_what_is_equal_to_the_bit_agrees_however_few_and_says_of_what(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": A[:1]})
        assert (found.agrees, found.claims[0].agrees, found.partial) == ("yes", "cannot tell", "1 run")
        assert found.text.endswith(
            "1 of 8 replicates, 1 of 2 arms, made again (1 run): every number is equal to the bit; of claims that "
            "decide some were not made again."
        )
        assert judged(answered([CLAIM], {"a": A, "b": B}), {"a": A[:1], "b": B[:1]}).partial == ""

    def test_failed_runs_are_left_out_on_both_sides(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        table = [replace(run, outcome="failed") if run is answer.table[0] else run for run in answer.table]
        answer = replace(answer, table=table)
        runs = [replace(run, value=run.value + 0.1) for run in table if run.replicate < 2]
        found = reproduced(answer, compare(answer, runs), answer="0" * 64).claims[0]
        assert (found.n, found.k) == (7, 1)

    def test_looks_use_what_they_read(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B}, looks=[4, 8])
        assert answer.replicates == 4
        assert judged(answer, {"a": [95.1], "b": [90.1]}).claims[0].n == 4


class TestVerdict:
    def test_it_is_read_with_the_runs_made_again(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        assert judged(answer, {"a": A[:2], "b": B[:2]}).verdict_now == "yes"
        assert judged(answer, {"a": [40.0, 160.0], "b": B[:2]}).verdict_now == "inconclusive"


class TestTheSameWeights:
    """Of the very networks of the original, on the same machine, another number cannot be right."""

    def again(self, value: float, *, profile: bool | None = True, weights: bool = True, **meaning: Any) -> Reproduced:
        answer = answered([CLAIM], {"a": A, "b": B}, meaning=meaning)
        runs = again(answer, {"a": [value, A[1]], "b": B[:2]})
        said = {run.measure: weights for run in runs}
        found = compare(answer, runs, same_weights=said)
        return reproduced(answer, found, answer="0" * 64, same_profile=profile)

    def test_a_number_that_was_typed_in_does_not_agree(self) -> None:
        found = self.again(95.5)  # well within what the spread lets one expect
        assert (found.agrees, found.mismeasured, found.claims[0].agrees) == ("no", 1, "yes")
        assert found.text.endswith(
            "does not agree, 1 other number of the same trained weights; 3 numbers equal to the bit."
        )

    @pytest.mark.parametrize("how", [{"profile": False}, {"profile": None}, {"weights": False}])
    def test_elsewhere_or_of_other_weights_the_spread_decides(self, how: dict[str, Any]) -> None:
        found = self.again(95.5, **how)
        assert (found.agrees, found.mismeasured) == ("yes", 0)

    def test_rounding_is_none(self) -> None:
        assert self.again(95.05).mismeasured == 0  # less than the resolution
        assert self.again(95.0005, resolution=1e-6).mismeasured == 0

    def test_a_time_is_another_each_time(self) -> None:
        answer = answered([CLAIM], {"a": A, "b": B})
        timed = replace(answer, arms=[replace(arm, measure="step_time") for arm in answer.arms])
        runs = again(answer, {"a": [96.0], "b": B[:1]})
        assert not any(
            run.mismeasured for run in compare(timed, runs, same_weights={run.measure: True for run in runs})
        )


class TestText:
    @pytest.mark.parametrize(
        ("values", "text"),
        [
            ({"a": A[:2], "b": B[:2]}, "B. Else, 2026-06-01: 2 of 8 replicates made again (4 runs): every number is "),
            ({"a": [95.1], "b": B[:1]}, "agrees, 1 claim within what the original's spread predicts; 1 number equal"),
            ({"a": [80.0], "b": B[:1]}, "does not agree, 1 of 1 claim outside what the original's spread predicts"),
            ({"a": A[:2]}, "2 of 8 replicates, 1 of 2 arms, made again (2 runs): every number is equal to the bit; of"),
        ],
    )
    def test_a_sentence_for_the_sheet(self, values: dict[str, Any], text: str) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), values, by="B. Else", time="2026-06-01T10:00:00+00:00")
        assert text in found.text
        assert len(found.text) <= MOST_TEXT

    def test_too_few(self) -> None:
        found = judged(
            answered([CLAIM], {"a": [90.0, 99.0, 95.0], "b": [89.0, 85.0, 92.0]}), {"a": [91.0], "b": [89.0]}
        )
        assert found.text == (
            "1 of 3 replicates made again (2 runs): too few to tell whether it agrees; 1 number equal to the bit."
        )

    def test_it_fits_whoever_made_it(self) -> None:
        answer = answered([CLAIM, replace(CLAIM, size=2.0)], {"a": A, "b": B, "c": B})
        found = judged(answer, {"a": [80.0, 81.0], "b": B[:2]}, by="x\u202e\n" * 5000, time="2026-06-01T10:00:00+00:00")
        assert len(found.text) <= MOST_TEXT
        assert "\n" not in found.text
        assert "\u202e" not in found.text
        assert "does not agree" in found.text

    def test_nobody_named(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": A[:2], "b": B[:2]})
        assert found.text.startswith("2 of 8 replicates")
        assert found.plain()["by"] == "not stated"

    def test_it_can_be_sealed_whatever_its_numbers(self) -> None:
        found = judged(answered([CLAIM], {"a": A, "b": B}), {"a": [95.1], "b": B[:1]})
        told = unseal(seal(replace(found, numbers=[replace(found.numbers[0], value_again=-0.0)]).plain()))
        assert told is not None
        assert (told["format"], told["runs"], told["agrees"]) == (1, 1, "yes")
        assert told["numbers"][0]["value_again"] == "-0.0"
        assert json.dumps(told, allow_nan=False)
