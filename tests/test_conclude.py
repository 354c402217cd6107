"""From numbers to an answer: the verdicts that the tables of the design say, whatever the unit or direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from by_hand import WHY, answered, asking, column, sized
from whether import Claim, Control, above, below, exceeds, not_worse, ordered, same, stats
from whether.answer import Answer, ClaimResult
from whether.conclude import conclude
from whether.errors import RequestError

COMPARISONS: dict[str, Callable[..., Claim]] = {
    "exceeds": lambda size, **said: exceeds("a", "b", by=size, because=WHY, **said),
    "not_worse": lambda size, **said: not_worse("a", "b", by=size, because=WHY, **said),
    "same": lambda size, **said: same("a", "b", within=size, because=WHY, **said),
}
rows = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*(st.lists(st.floats(-9, 9), min_size=n, max_size=n) for _ in "ab"))
)
Z = 0.02  # half the spread of three values that lie so close that their interval is far shorter than a point


def near(value: float) -> list[float]:
    """Four values about one, so close that every verdict is clear."""
    return [value - Z, value - Z / 2, value + Z / 2, value + Z]


def one(kind: str, size: float, a: list[float], b: list[float], **changes: Any) -> ClaimResult:
    pairing = changes.pop("pairing", "replicate")
    unit = changes.get("unit", "points")
    found = answered(asking([COMPARISONS[kind](size, unit=unit)], pairing=pairing), {"a": a, "b": b}, **changes)
    return found.claims[0]


def by_the_table(kind: str, low: float, high: float, s: float) -> str:
    """Section 1 of the design's statistics, written down once more."""
    yes, no = {
        "exceeds": (low > s, high < s),
        "not_worse": (low > -s, high < -s),
        "same": (-s < low and high < s, low > s or high < -s),
        "below": (high < s, low > s),
        "above": (low > s, high < s),
    }[kind]
    return "yes" if yes else "no" if no else "inconclusive"


class TestComparisons:
    @pytest.mark.parametrize(
        ("kind", "difference", "verdict"),
        [
            ("exceeds", 2.0, "yes"),
            ("exceeds", 1.0, "inconclusive"),
            ("exceeds", 0.5, "no"),
            ("exceeds", -2.0, "no"),
            ("not_worse", 0.0, "yes"),
            ("not_worse", -0.5, "yes"),
            ("not_worse", -1.0, "inconclusive"),
            ("not_worse", -2.0, "no"),
            ("same", 0.0, "yes"),
            ("same", 1.0, "inconclusive"),
            ("same", -1.0, "inconclusive"),
            ("same", 2.0, "no"),
            ("same", -2.0, "no"),
        ],
    )
    @pytest.mark.parametrize("pairing", ["replicate", "none"])
    def test_where_yes_and_no_lie(self, kind: str, difference: float, verdict: str, pairing: str) -> None:
        a, b = [value + difference for value in near(90.0)[::-1]], near(90.0)
        assert one(kind, 1.0, a, b, pairing=pairing).verdict == verdict

    @settings(max_examples=60)
    @given(rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)))
    def test_paired_is_the_t_interval_of_the_differences(self, pair: Any, size: float, kind: str) -> None:
        a, b = pair
        found = one(kind, size, a, b, resolution=0.3)
        differences = [x - y for x, y in zip(a, b, strict=True)]
        n, mean = len(a), math.fsum(differences) / len(a)
        sd = max(0.3, math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (n - 1)))
        half = float(scipy_stats.t.ppf(0.95, n - 1)) * sd / math.sqrt(n)
        assert (found.estimate, found.low, found.high) == pytest.approx((mean, mean - half, mean + half), abs=1e-9)
        assert (found.n, found.method, found.shared) == (n, "paired t", "paired by replicate")
        assert found.verdict == by_the_table(kind, found.low, found.high, size)  # type: ignore[arg-type]

    @settings(max_examples=60)
    @given(rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)))
    def test_unpaired_is_welchs(self, pair: Any, size: float, kind: str) -> None:
        a, b = pair
        assume(min(max(row) - min(row) for row in pair) > 1e-3)
        found = one(kind, size, a, b, pairing="none", resolution=0.0)
        theirs = scipy_stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.9)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-6, abs=1e-6)
        assert (found.method, found.shared, found.p_sign_flip) == ("Welch t", "unpaired", None)
        assert found.verdict == by_the_table(kind, found.low, found.high, size)  # type: ignore[arg-type]

    @settings(max_examples=60)
    @given(rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)), st.sampled_from(["replicate", "none"]))
    def test_where_less_is_better_the_mirrored_numbers_say_the_same(
        self, pair: Any, size: float, kind: str, pairing: str
    ) -> None:
        a, b = pair
        up = one(kind, size, a, b, pairing=pairing)
        down = one(kind, size, [-v for v in a], [-v for v in b], pairing=pairing, better="lower")
        assert (down.verdict, down.verdict_strict) == (up.verdict, up.verdict_strict)
        sign = -1.0 if kind == "same" else 1.0  # which of two has more is all that a sign tells there
        assert down.estimate == pytest.approx(sign * up.estimate)
        assert down.p == pytest.approx(up.p)
        assert down.p_sign_flip == up.p_sign_flip

    @settings(max_examples=60)
    @given(
        rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)), st.sampled_from([0.01, 1000.0]), st.booleans()
    )
    def test_another_unit_says_the_same(self, pair: Any, size: float, kind: str, scale: float, paired: bool) -> None:
        a, b = pair
        pairing = "replicate" if paired else "none"
        first = one(kind, size, a, b, pairing=pairing)
        assume(all(abs(edge - s) > 1e-6 for edge in (first.low, first.high) for s in (size, -size)))  # type: ignore[operator]
        scaled = [[scale * value for value in row] for row in pair]
        other = one(kind, scale * size, *scaled, pairing=pairing, resolution=scale * 0.1, unit="other")
        assert other.verdict == first.verdict
        assert other.estimate == pytest.approx(scale * first.estimate, abs=1e-9 * scale)
        assert other.p == pytest.approx(first.p, rel=1e-6, abs=1e-12)

    @settings(max_examples=80)
    @given(rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)), st.booleans(), st.floats(0.01, 0.2))
    def test_p_lies_below_alpha_exactly_when_the_verdict_is_yes(
        self, pair: Any, size: float, kind: str, paired: bool, alpha: float
    ) -> None:
        question = asking([COMPARISONS[kind](size)], pairing="replicate" if paired else "none", alpha=alpha)
        found = answered(question, {"a": pair[0], "b": pair[1]}).claims[0]
        assert found.p is not None
        assume(abs(found.p - alpha) > 1e-9)
        assert (found.p < alpha) == (found.verdict == "yes")

    def test_the_coarser_of_two_resolutions_is_the_floor(self) -> None:
        columns = [column("a", [91.0] * 4, resolution=0.1), column("b", [90.0] * 4, resolution=0.4)]
        found = conclude(
            asking([COMPARISONS["exceeds"](0.5)], replicates=4), columns, digest="", grade="", split="", data={}
        ).claims[0]
        assert (found.sd, found.floored) == (0.4, True)
        assert found.p == pytest.approx(float(scipy_stats.t.sf(0.5 / 0.2, 3)))


class TestBounds:
    @pytest.mark.parametrize(
        ("make", "value", "verdict"),
        [
            (above, 3.0, "yes"),
            (above, 2.0, "inconclusive"),
            (above, 1.0, "no"),
            (below, 1.0, "yes"),
            (below, 2.0, "inconclusive"),
            (below, 3.0, "no"),
        ],
    )
    @pytest.mark.parametrize("better", ["higher", "lower"])
    def test_a_mean_against_a_constant(self, make: Any, value: float, verdict: str, better: str) -> None:
        found = answered(asking([make("a", 2.0, because=WHY)]), {"a": near(value)}, better=better).claims[0]
        assert (found.verdict, found.method, found.right, found.shared) == (verdict, "t", None, "")
        assert found.estimate == pytest.approx(value)
        assert (found.p < 0.05) == (verdict == "yes")  # type: ignore[operator]

    @given(st.lists(st.floats(-9, 9), min_size=2, max_size=8), st.floats(-5, 5), st.booleans())
    def test_by_the_table(self, values: list[float], bound: float, up: bool) -> None:
        make = above if up else below
        found = answered(asking([make("a", bound, because=WHY)]), {"a": values}).claims[0]
        assert found.verdict == by_the_table(make.__name__, found.low, found.high, bound)  # type: ignore[arg-type]


class TestFewAndEqual:
    @pytest.mark.parametrize("pairing", ["replicate", "none"])
    def test_one_replicate_decides_nothing(self, pairing: str) -> None:
        claims = [*(make(1.0) for make in COMPARISONS.values()), above("a", 3, because=WHY)]
        found = answered(asking(claims, pairing=pairing, replicates=1), {"a": [99.0], "b": [1.0]})
        assert found.verdict == "inconclusive"
        for claim in found.claims:
            assert (claim.verdict, claim.low, claim.high, claim.p, claim.n) == ("inconclusive", None, None, None, 1)
            assert "one replicate shows no spread" in claim.note
        assert [(arm.mean, arm.low, arm.sd) for arm in found.arms] == [(99.0, None, None), (1.0, None, None)]
        assert "NaN" not in found.to_json()
        assert "Infinity" not in found.to_json()

    def test_equal_outcomes_have_the_width_of_the_resolution(self) -> None:
        found = one("exceeds", 1.0, [95.0] * 4, [93.0] * 4, resolution=0.5)
        half = float(scipy_stats.t.ppf(0.95, 3)) * 0.5 / 2
        assert (found.low, found.high) == pytest.approx((2 - half, 2 + half))
        assert (found.floored, found.sd) == (True, 0.5)
        assert one("exceeds", 1.0, [95.0] * 4, [93.0] * 4, resolution=4.0).verdict == "inconclusive"
        assert not one("exceeds", 1.0, near(95.0), near(93.0)[::-1], resolution=0.01).floored

    def test_many_pairs_get_their_sign_flips_too(self) -> None:
        """Beyond sixteen pairs not all patterns are tried, which must not stop an answer."""
        values = [float(place % 3) for place in range(40)]
        first, second = (one("exceeds", 1.0, [v + 2 for v in values], values) for _ in range(2))
        assert first.p_sign_flip == second.p_sign_flip
        assert first.p_sign_flip is not None
        assert 0 < first.p_sign_flip < 0.001

    @given(rows, st.floats(0.1, 5), st.sampled_from(sorted(COMPARISONS)))
    def test_sign_flips_are_of_the_distance_that_yes_must_exceed(self, pair: Any, size: float, kind: str) -> None:
        differences = [x - y for x, y in zip(*pair, strict=True)]
        beyond = {
            "exceeds": [[d - size for d in differences]],
            "not_worse": [[d + size for d in differences]],
            "same": [[size + d for d in differences], [size - d for d in differences]],
        }[kind]
        found = one(kind, size, *pair)
        assert found.p_sign_flip == pytest.approx(max(stats.sign_flip_p(row) for row in beyond), abs=2**-7)


class TestShares:
    SAID: ClassVar[dict[str, Any]] = {"share": True, "resolution": 25.0}

    def test_a_paired_difference_is_newcombes(self) -> None:
        a, b = [100.0] * 18 + [0.0] * 2, [0.0] * 15 + [100.0] * 5
        found = one("exceeds", 25.0, a, b, **self.SAID)
        theirs = stats.newcombe_paired([v > 0 for v in a], [v > 0 for v in b], alpha=0.05)
        assert found.estimate == pytest.approx(65.0)
        assert (found.low, found.high) == pytest.approx((100 * theirs.low, 100 * theirs.high))
        assert (found.method, found.verdict, found.n) == ("Newcombe paired", "yes", 20)
        assert (found.p, found.p_sign_flip, found.floored) == (None, None, False)

    def test_an_unpaired_one_is_newcombes_other(self) -> None:
        found = one("not_worse", 25.0, [100.0, 0.0] * 9, [0.0, 100.0] * 9, pairing="none", **self.SAID)
        theirs = stats.newcombe(9, 18, 9, 18, alpha=0.05)
        assert (found.low, found.high) == pytest.approx((100 * theirs.low, 100 * theirs.high))
        assert found.method == "Newcombe"

    def test_a_bound_and_a_summary_are_wilsons(self) -> None:
        found = answered(asking([above("a", 50, because=WHY)]), {"a": [100.0] * 9 + [0.0]}, **self.SAID)
        theirs = stats.wilson(9, 10, alpha=0.05)
        assert found.claims[0].method == "Wilson"
        for said in (found.claims[0], found.arms[0]):
            assert (said.low, said.high) == pytest.approx((100 * theirs.low, 100 * theirs.high))
        assert found.arms[0].mean == 90.0

    def test_all_or_none_still_has_a_width(self) -> None:
        found = one("exceeds", 25.0, [100.0] * 50, [0.0] * 50, **self.SAID)
        assert found.verdict == "yes"
        assert found.low is not None
        assert found.low < 100.0 == found.high == found.estimate


class TestCombining:
    """Arms a … f lie at whole points, so that each claim's verdict is chosen by its names."""

    VALUES: ClassVar[dict[str, list[float]]] = {name: near(float(place)) for place, name in enumerate("abcdef")}
    YES, NO, OPEN = ("c", "a"), ("a", "c"), ("b", "a")  # a difference of 2, −2 and 1, against a size of 1

    def ask(self, *pairs: tuple[str, str], **changes: Any) -> Answer:
        claims = [exceeds(*pair, by=1, because=WHY, if_no=f"no {pair[0]}") for pair in pairs]
        return answered(asking(claims, **changes), self.VALUES)

    @pytest.mark.parametrize(
        ("rule", "pairs", "verdict"),
        [
            ("all", [YES], "yes"),
            ("all", [YES, YES], "yes"),
            ("all", [YES, NO], "no"),
            ("all", [OPEN, NO], "no"),
            ("all", [YES, OPEN], "inconclusive"),
            ("any", [NO, YES], "yes"),
            ("any", [OPEN, YES], "yes"),
            ("any", [NO, NO], "no"),
            ("any", [NO, OPEN], "inconclusive"),
            ("ordered", [YES, YES], "yes"),
            ("ordered", [YES, NO], "no"),
            ("ordered", [NO, YES], "no"),
            ("ordered", [OPEN, NO], "inconclusive"),
        ],
    )
    def test_rules(self, rule: str, pairs: list[tuple[str, str]], verdict: str) -> None:
        assert self.ask(*pairs, combine=rule).verdict == verdict

    @pytest.mark.parametrize(
        ("pairs", "hold_to", "held", "verdict"),
        [
            ([YES, YES, NO], None, 2, "no"),
            ([YES, YES, NO], 2, 2, "yes"),
            ([YES, NO, YES], 1, 1, "yes"),
            ([YES, OPEN, NO], 3, 1, "inconclusive"),
            ([YES, OPEN, NO], 2, 1, "inconclusive"),
            ([NO, YES, YES], 2, 0, "no"),
            ([YES, YES, YES], None, 3, "yes"),
        ],
    )
    def test_ordered_tells_how_far_it_held(self, pairs: Any, hold_to: int | None, held: int, verdict: str) -> None:
        found = self.ask(*pairs, combine="ordered", hold_to=hold_to)
        assert (found.held, found.verdict) == (held, verdict)

    def test_the_one_of_many_that_decides_is_corrected(self) -> None:
        """A single no among `all`, a single yes among `any`, counts at alpha over their number only."""
        noise = [-1.0, -0.3, 0.3, 1.0]
        barely = {"a": [v + 1.5 for v in noise], "b": [0.0] * 4, "c": [9.0, 9.1, 8.9, 9.0]}
        weak = exceeds("a", "b", by=0.45, because=WHY)
        strong = exceeds("a", "c", by=0.45, because=WHY)
        alone = answered(asking([weak], combine="any"), barely)
        assert (alone.verdict, alone.claims[0].verdict) == ("yes", "yes")
        among = answered(asking([weak, strong], combine="any"), barely)
        assert [claim.verdict for claim in among.claims] == ["yes", "no"]
        assert among.claims[0].verdict_strict == "inconclusive"
        assert among.verdict == "inconclusive"

        turned = {name: [-v for v in row] for name, row in barely.items()}
        refuted = not_worse("a", "b", by=0.45, because=WHY)
        held = not_worse("a", "c", by=0.45, because=WHY)
        assert answered(asking([refuted]), turned).verdict == "no"
        both = answered(asking([refuted, held]), turned)
        assert [claim.verdict for claim in both.claims] == ["no", "yes"]
        assert (both.claims[0].verdict_strict, both.verdict) == ("inconclusive", "inconclusive")

    def test_meanings(self) -> None:
        assert self.ask(self.YES).meaning == "this"
        assert self.ask(self.OPEN).meaning == "who knows"
        assert self.ask(self.NO, self.YES, ("b", "d")).meaning == "that no a no b"
        assert self.ask(self.NO, self.NO).meaning == "that no a"
        assert self.ask(self.NO, self.NO, combine="any").meaning == "that no a"
        assert self.ask(self.YES, ("b", "d"), self.NO, combine="ordered").meaning == "that no b"

    def test_a_stricter_alpha_decides_less(self) -> None:
        values = {"a": [1.0, 3.0, 2.0, 2.5], "b": [0.0] * 4}
        claim = exceeds("a", "b", by=1, because=WHY)
        assert [answered(asking([claim], alpha=alpha), values).verdict for alpha in (0.1, 0.01)] == [
            "yes",
            "inconclusive",
        ]


class TestBesides:
    VALUES = TestCombining.VALUES

    def test_secondary_claims_are_corrected_by_holm_and_never_decide(self) -> None:
        pairs = [("c", "a"), ("a", "c"), ("b", "a")]
        extra = [exceeds(*pair, by=1, because=WHY) for pair in pairs]
        found = answered(asking([exceeds("f", "a", by=1, because=WHY)], secondary=extra), self.VALUES)
        assert found.verdict == "yes"
        assert [claim.verdict for claim in found.secondary] == ["yes", "no", "inconclusive"]
        raw = [claim.p for claim in found.secondary]
        assert [claim.p_holm for claim in found.secondary] == stats.holm([p for p in raw if p is not None])
        assert all(claim.p_holm is None for claim in found.claims)

    def test_a_ladder_tells_how_far_it_holds(self) -> None:
        ladder = ordered(*(exceeds(name, "a", by=1.5, because=WHY) for name in "fedbc"))
        found = answered(asking([exceeds("f", "a", by=1, because=WHY)], secondary=[ladder]), self.VALUES).ladders
        assert [item.held for item in found] == [3]
        assert [claim.verdict for claim in found[0].claims] == ["yes", "yes", "yes", "no", "yes"]

    def test_controls_behave_or_do_not(self) -> None:
        claim = exceeds("c", "a", by=1, because=WHY)
        controls = [Control(claim, expect=expect, because="known") for expect in ("yes", "no")]
        found = answered(asking([claim], controls=controls), self.VALUES).controls
        assert [(item.expect, item.behaved) for item in found] == [("yes", True), ("no", False)]

    def test_what_diverged_counts_at_its_worst_value_and_is_told(self) -> None:
        good, hurt = [97.0, 97.2, 96.8, 97.1], [97.0, 10.0, 96.8, 97.1]
        columns = [column("a", hurt, diverged=(1,)), column("b", good)]
        question = sized(asking([not_worse("a", "b", by=1, because=WHY)]), columns)
        found = conclude(question, columns, digest="", grade="", split="", data={})
        assert found.verdict == "inconclusive"
        assert found.claims[0].n == 4
        assert found.claims[0].estimate == pytest.approx((10 - 97.2) / 4)
        assert (found.diverged, [arm.diverged for arm in found.arms]) == (1, [1, 0])

    def test_every_run_and_every_arm_is_there(self) -> None:
        found = answered(asking([exceeds("c", "a", by=1, because=WHY)]), self.VALUES)
        assert [run.value for run in found.table] == [value for row in self.VALUES.values() for value in row]
        assert [(arm.arm, arm.n) for arm in found.arms] == [(name, 4) for name in "abcdef"]


def test_the_answer_is_a_function_of_its_numbers() -> None:
    question = asking([COMPARISONS[kind](1.0) for kind in sorted(COMPARISONS)], combine="any")
    rows = {"a": [91.3, 92.1, 90.7], "b": [90.0, 91.7, 90.2]}
    first, second = answered(question, rows), answered(question, dict(reversed(rows.items())))
    assert answered(question, rows).to_json() == first.to_json()
    assert first.claims == second.claims


def test_arms_of_unequal_length_cannot_be_paired() -> None:
    with pytest.raises(RequestError, match="looked at with 2 replicates, and an arm has 1; no other look"):
        answered(asking([COMPARISONS["exceeds"](1.0)]), {"a": [1.0, 2.0], "b": [1.0]})
