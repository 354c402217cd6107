"""The chances of a yes and of a no: against closed forms and the plain analysis, and what they are planned with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from by_hand import WHY, answered, asking, column
from whether import Claim, Question, above, below, exceeds, not_worse, same
from whether.answerable import (
    Spread,
    around,
    chances,
    curve,
    enough,
    in_words,
    spreads,
)
from whether.conclude import look
from whether.seeds import Seed, Stream
from whether.stats.chance import chance, chance_unpaired
from whether.stats.power import t_power, tost_power
from whether.words import MEASURES

ACCURACY, SOLVED = MEASURES["accuracy"], MEASURES["solved"]
EXCEEDS = exceeds("a", "b", by=1, because=WHY, sd=1.2)
NOT_WORSE = not_worse("a", "c", by=1, because=WHY, sd=0.9)
SAME = same("b", "c", within=1, because=WHY, sd=0.8)
THREE = [EXCEEDS, NOT_WORSE, SAME]
KINDS = dict.fromkeys("abc", ACCURACY)


def planned(question: Question) -> list[Spread]:
    return spreads(question, KINDS, resolutions=dict.fromkeys("abc", 0.1))


class TestOneClaim:
    @pytest.mark.parametrize("n", [2, 5, 16])
    def test_at_one_look_it_is_the_power_of_the_t_test(self, n: int) -> None:
        question = asking([EXCEEDS], replicates=n)
        found = chances(question, spreads(question, KINDS))
        power = t_power(1 / 1.2, n, alpha=0.05)  # 2 lies as far above the edge of 1 as 0 below
        assert (found.yes, found.no) == pytest.approx((power, power), abs=1e-9)
        assert (found.method, found.error, found.replicates_yes) == ("exact", 0.0, n)

    def test_of_same_it_is_that_of_two_one_sided_tests(self) -> None:
        question = asking([SAME], replicates=12)
        found = chances(question, spreads(question, KINDS))
        assert found.yes == pytest.approx(tost_power(0, 0.8, 12, within=1, alpha=0.05), abs=1e-9)
        assert found.no == pytest.approx(t_power(1 / 0.8, 12, alpha=0.05), abs=1e-6)

    def test_unpaired_arms_each_have_the_spread(self) -> None:
        question = asking([EXCEEDS], replicates=12, pairing="none")
        found = chances(question, planned(question))
        expected = chance_unpaired("exceeds", 2.0, 1.0, (1.2, 1.2), 12, alpha=0.05, resolution=0.1)
        assert found.yes == pytest.approx(expected[0])
        paired = asking([EXCEEDS], replicates=12)
        assert found.yes < chances(paired, planned(paired)).yes

    @pytest.mark.parametrize(("make", "low", "high"), [(above, "no", "yes"), (below, "yes", "no")])
    def test_a_bound_is_about_one_arm(self, make: Any, low: str, high: str) -> None:
        claim = make("a", 90, because=WHY, sd=1.5, **{f"delta_{low}": 89.2, f"delta_{high}": 91.5})
        found = chances(asking([claim], replicates=9), planned(asking([claim])))
        assert getattr(found, low) == pytest.approx(t_power(0.8 / 1.5, 9, alpha=0.05), abs=1e-6)
        assert getattr(found, high) == pytest.approx(t_power(1.0, 9, alpha=0.05), abs=1e-6)

    def test_the_resolution_is_a_floor_in_the_plan_as_it_is_in_the_analysis(self) -> None:
        claim = exceeds("a", "b", by=1, because=WHY, sd=0.01)
        (spread,) = spreads(asking([claim]), KINDS, resolutions={"a": 0.1, "b": 0.4})
        assert (spread.sd, spread.resolution) == (0.4, 0.4)
        (plain,) = spreads(asking([EXCEEDS]), KINDS, resolutions={"b": 1.5})
        found = chances(asking([EXCEEDS], replicates=3), [plain])
        assert found.yes == pytest.approx(chance("exceeds", 2, 1, 1.5, 3, alpha=0.05, resolution=1.5)[0])

    def test_one_replicate_decides_nothing(self) -> None:
        question = asking([EXCEEDS], replicates=1)
        assert chances(question, planned(question)).least == 0.0


class TestSeveralClaims:
    def test_all_of_them(self) -> None:
        """Yes: every one at α. No: the one that is hardest to refute, at α/m, beside true ones that hardly ever are."""
        question = asking(THREE, replicates=10)
        found = chances(question, planned(question))
        at = [
            chance(claim.kind, 2.0 if claim is EXCEEDS else 0.0, 1, claim.sd or 0, 10, alpha=0.05, resolution=0.1)
            for claim in THREE
        ]
        assert found.yes == pytest.approx(math.prod(yes for yes, _ in at))
        refuted = chance("exceeds", 0.0, 1, 1.2, 10, alpha=0.05 / 3, resolution=0.1)[1]
        assert found.no == pytest.approx(refuted, abs=1e-3)
        assert found.no > refuted  # the others may, wrongly, be refuted instead

    def test_any_of_them(self) -> None:
        question = asking([EXCEEDS, NOT_WORSE], replicates=10, combine="any")
        found = chances(question, planned(question))
        one = chance("exceeds", 2.0, 1, 1.2, 10, alpha=0.025, resolution=0.1)[0]
        assert found.yes == pytest.approx(one, abs=1e-3)
        assert found.no == pytest.approx(
            math.prod(
                chance(kind, effect, 1, sd, 10, alpha=0.05, resolution=0.1)[1]
                for kind, effect, sd in (("exceeds", 0.0, 1.2), ("not_worse", -2.0, 0.9))
            )
        )

    def test_in_order(self) -> None:
        """The last of those that must hold is the hardest to refute: all before it must have held."""
        question = asking(THREE, replicates=10, combine="ordered", hold_to=2)
        found = chances(question, planned(question))
        first, second = (
            chance(kind, effect, 1, sd, 10, alpha=0.05, resolution=0.1)
            for kind, effect, sd in (("exceeds", 2.0, 1.2), ("not_worse", -2.0, 0.9))
        )
        assert found.no == pytest.approx(first[1] + first[0] * second[1])
        whole = chances(replace(question, hold_to=None), planned(question))
        assert whole.yes < found.yes
        assert whole.no <= found.no

    def test_the_truths_are_told(self) -> None:
        def told(**rule: Any) -> tuple[str, str]:
            question = asking(THREE, replicates=10, **rule)
            found = chances(question, planned(question))
            return found.when_yes, found.when_no

        assert told() == (
            "a is better than b by 2 points; and so on, every claim true",
            "a and b are equal; every other claim true",
        )
        assert told(combine="any") == (
            "a is better than b by 2 points; every other claim false",
            "a and b are equal; and so on, every claim false",
        )
        assert told(combine="ordered", hold_to=2) == (
            "a is better than b by 2 points; a and c are equal",
            "a is better than b by 2 points; a is worse than c by 2 points",
        )
        pair = asking([EXCEEDS, SAME], replicates=10)
        assert chances(pair, planned(pair)).when_yes == "a is better than b by 2 points; b and c are equal"

    @pytest.mark.parametrize(
        ("claim", "effect", "words"),
        [
            (EXCEEDS, 0, "a and b are equal"),
            (NOT_WORSE, -2, "a is worse than c by 2 points"),
            (SAME, -2, "b and c differ by 2 points"),
            (above("a", 3, unit="nats", because=WHY), 3.5, "a has a mean of 3.5 nats"),
        ],
    )
    def test_a_truth_in_words(self, claim: Claim, effect: float, words: str) -> None:
        assert in_words(claim, effect) == words


def by_the_plain_analysis(question: Question, truth: list[float], count: int = 300) -> tuple[float, float, float]:
    """How often `conclude.look` says yes and no, and how many replicates it uses, each claim on arms of its own."""
    claims = [
        replace(claim, left=f"l{place}", right=claim.right and f"r{place}")
        for place, claim in enumerate(question.claims)
    ]
    alone, n = replace(question, claims=claims), question.replicates
    verdicts, used = [], []
    for course in range(count):
        columns = []
        for place, (claim, effect) in enumerate(zip(claims, truth, strict=True)):
            drawn = Stream(Seed(course), f"plain {place}").normal(2 * n)
            sd = claim.sd or 0.0
            values = [effect + sd * float(value) for value in drawn[:n]]
            columns.append(column(claim.left, values))
            if claim.right is not None:
                others = [sd * float(value) for value in drawn[n:]] if question.pairing == "none" else [0.0] * n
                columns.append(column(claim.right, others))
        looked = look(alone, columns)
        verdicts.append(looked.verdict)
        used.append(looked.looks[-1].n)
    return verdicts.count("yes") / count, verdicts.count("no") / count, sum(used) / count


class TestLooks:
    @pytest.mark.parametrize(
        ("claims", "changes"),
        [
            ([EXCEEDS], {"spending": "pocock"}),
            ([EXCEEDS], {"spending": "pocock", "pairing": "none"}),
            ([NOT_WORSE, SAME], {"spending": "obrien-fleming"}),
            ([NOT_WORSE, SAME], {"spending": "pocock", "combine": "any"}),
        ],
    )
    def test_they_are_those_of_the_registered_rule(self, claims: list[Claim], changes: dict[str, Any]) -> None:
        question = asking(claims, looks=[3, 5, 8], **changes)
        found = chances(question, planned(question))
        assert found.method == "20,000 simulated courses"
        many = [claim.planned or (0, 0) for claim in claims]
        true, false = [yes for yes, _ in many], [no for _, no in many]
        when_yes = true if question.combine == "all" else [true[0], *false[1:]]
        when_no = false if question.combine == "any" or len(claims) == 1 else [false[0], *true[1:]]
        if question.combine == "any":  # the one that is true is the one that is harder to see
            options = [[true[0], false[1]], [false[0], true[1]]]
            when_yes = options[found.when_yes.startswith(in_words(NOT_WORSE, false[0]))]
        elif len(claims) > 1:
            options = [[false[0], true[1]], [true[0], false[1]]]
            when_no = options[found.when_no.startswith(in_words(NOT_WORSE, true[0]))]
        yes, _, used_yes = by_the_plain_analysis(question, when_yes)
        _, no, used_no = by_the_plain_analysis(question, when_no)
        for seen, expected in ((yes, found.yes), (no, found.no)):
            assert abs(seen - expected) < 4 * math.sqrt(expected * (1 - expected) / 300) + 0.01
        assert (used_yes, used_no) == pytest.approx((found.replicates_yes, found.replicates_no), abs=0.6)

    def test_they_cost_some_chance_and_save_some_replicates(self) -> None:
        whole = asking([EXCEEDS], replicates=16)
        several = asking([EXCEEDS], looks=[5, 10, 16])
        once, often = chances(whole, planned(whole)), chances(several, planned(several))
        assert once.yes - 0.06 < often.yes < once.yes
        assert often.replicates_yes < 13

    def test_other_looks_than_its_own(self) -> None:
        question = asking([EXCEEDS], looks=[3, 5, 8])
        other = asking([EXCEEDS], replicates=8)
        assert chances(question, planned(question), looks=[8]) == chances(other, planned(other))


class TestShares:
    CLAIM = exceeds("a", "b", by=25, because=WHY)
    KINDS = dict.fromkeys("ab", SOLVED)

    def test_no_standard_deviation_is_needed(self) -> None:
        (spread,) = spreads(asking([self.CLAIM]), self.KINDS)
        assert (spread.sd, spread.share) == (None, True)
        assert "share" in spread.source

    def test_arms_lie_as_near_to_one_half_as_the_effect_allows(self) -> None:
        (spread,) = spreads(asking([self.CLAIM]), self.KINDS)
        assert spread.shares(0) == (0.5, 0.5)
        assert spread.shares(50) == (0.75, 0.25)
        assert spread.shares(-100) == (0.0, 1.0)
        assert spread.shares(150) == (1.0, 0.0)
        bound = above("a", 60, because=WHY, delta_yes=90, delta_no=30)
        (one,) = spreads(asking([bound]), self.KINDS)
        assert one.shares(90)[0] == 0.9

    def test_shares_elsewhere_are_told_more_easily(self) -> None:
        question = asking([self.CLAIM], replicates=60)
        (spread,) = spreads(question, self.KINDS)
        from whether.stats import paths

        stream = Stream(Seed(3), "elsewhere")
        (limits,) = paths.two_shares(stream, [60], 4000, first=0.98, second=0.48, paired=True)
        elsewhere = float((limits(0.05)[0] > 25).mean())
        assert elsewhere > chances(question, [spread]).yes + 0.03

    def test_they_are_what_the_plain_analysis_says(self) -> None:
        question = asking([self.CLAIM], replicates=40)
        found = chances(question, spreads(question, self.KINDS))
        hits = 0
        for course in range(400):
            drawn = Stream(Seed(course), "share").uniform(80)
            a, b = [100.0 * (v < 0.75) for v in drawn[:40]], [100.0 * (v < 0.25) for v in drawn[40:]]
            hits += answered(question, {"a": a, "b": b}, share=True).verdict == "yes"
        assert abs(hits / 400 - found.yes) < 4 * math.sqrt(found.yes * (1 - found.yes) / 400)
        assert 0 < found.error < 0.004


class TestCurve:
    def test_chances_grow_with_replicates(self) -> None:
        question = asking([EXCEEDS, SAME], replicates=16)
        found = curve(question, planned(question), [2, 4, 8, 16, 32, 64])
        assert found["n"] == [2, 4, 8, 16, 32, 64]
        for name in ("yes", "no"):
            assert found[name] == sorted(found[name])
            assert found[name][-1] > 0.98
        assert found["yes"][3] == chances(question, planned(question)).yes

    def test_looks_keep_their_parts(self) -> None:
        question = asking([EXCEEDS], looks=[4, 8, 16], spending="pocock")
        found = curve(question, planned(question), [2, 8, 16, 32])
        now = chances(question, planned(question))
        assert found["yes"][2] == now.yes
        exactly = chances(question, planned(question), looks=[8, 16, 32])
        assert found["yes"][3] == pytest.approx(exactly.yes, abs=0.01)
        assert found["yes"][0] < found["yes"][1] < now.yes

    def test_numbers_around_that_of_the_question(self) -> None:
        assert around(asking([EXCEEDS], replicates=16)) == [4, 8, 12, 16, 24, 32]
        assert around(asking([EXCEEDS], replicates=5)) == [2, 4, 5, 8, 10]
        assert around(asking([EXCEEDS], replicates=1)) == [1, 2]

    @pytest.mark.parametrize("claims", [[EXCEEDS], THREE])
    @pytest.mark.parametrize("power", [0.8, 0.95])
    def test_the_least_that_is_enough(self, claims: list[Claim], power: float) -> None:
        question = asking(claims, replicates=4, power=power)
        n = enough(question, planned(question))
        assert n is not None
        assert chances(question, planned(question), looks=[n]).least >= power
        assert chances(question, planned(question), looks=[n - 1]).least < power

    def test_of_shares_it_is_found_too(self) -> None:
        question = asking([TestShares.CLAIM], replicates=4)
        found = spreads(question, TestShares.KINDS)
        n = enough(question, found)
        assert n is not None
        assert 0.78 < chances(question, found, looks=[n]).least < 0.84

    def test_none_is_enough_where_too_many_would_be_needed(self) -> None:
        question = asking([replace(EXCEEDS, sd=500.0)])
        assert enough(question, planned(question)) is None
        assert enough(asking([EXCEEDS]), planned(asking([EXCEEDS])), most=5) is None
