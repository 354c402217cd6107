"""Claims: what they say, what a plan needs of them, and everything wrong with one told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from whether import Claim, Control, above, below, exceeds, not_worse, ordered, same
from whether.errors import RequestError

WHY = "less is noise"


class TestClaims:
    def test_what_they_say(self) -> None:
        claims = [
            exceeds("a", "b", by=1.5, because=WHY),
            not_worse("a", "b", by=1, unit="nats", because=WHY),
            same("a", "b", within=0.1, because=WHY),
            below("a", 2, because=WHY),
            above("a", -3, unit="it", because=WHY),
        ]
        assert [claim.said for claim in claims] == [
            "a exceeds b by more than 1.5 points",
            "a is not worse than b by 1 nat or more",
            "a and b differ by less than 0.1 points",
            "a lies below 2 points",
            "a lies above -3 iterations",
        ]
        assert [claim.names for claim in claims] == [("a", "b")] * 3 + [("a",)] * 2

    @pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf"), True, "1", None])
    def test_a_smallest_size_is_above_zero(self, size: Any) -> None:
        with pytest.raises(
            RequestError, match=r"has the size .*; expected a number of points above zero: the smallest"
        ):
            exceeds("a", "b", by=size, because=WHY).check()

    @pytest.mark.parametrize("bound", [float("nan"), float("-inf"), "2", False])
    def test_a_bound_is_a_number(self, bound: Any) -> None:
        with pytest.raises(RequestError, match=r"has the size .*; expected a number of points\.$"):
            below("a", bound, because=WHY).check()

    def test_a_bound_may_be_zero_or_less(self) -> None:
        for bound in (0, -1.5):
            below("a", bound, because=WHY).check()

    @pytest.mark.parametrize(("make", "word"), [(exceeds, "by"), (not_worse, "by"), (same, "within")])
    def test_a_size_that_is_not_said(self, make: Callable[..., Claim], word: str) -> None:
        with pytest.raises(
            RequestError, match=rf"says no size; write {word}=…, in nats: the smallest difference that would matter"
        ):
            make("a", "b", unit="nats", because=WHY).check()

    def test_everything_wrong_is_told_at_once(self) -> None:
        with pytest.raises(RequestError, match=r"(?s)has the size 0.*gives no reason for its size.*with itself"):
            exceeds("a", "a", by=0, because=" ").check()

    @pytest.mark.parametrize("because", ["", "  ", None])
    def test_a_size_has_a_reason(self, because: Any) -> None:
        with pytest.raises(RequestError, match="gives no reason for its size; write because='…'"):
            above("a", 3, because=because).check()

    @pytest.mark.parametrize(
        ("claim", "message"),
        [
            (exceeds("a", "b", by=1, because=WHY, delta_yes=1), "delta_yes .* is 1; .* inside its yes region: above 1"),
            (exceeds("a", "b", by=1, because=WHY, delta_no=1.5), r"delta_no .* is 1\.5; .* its no region: below 1"),
            (not_worse("a", "b", by=1, because=WHY, delta_no=0), "delta_no .* is 0; .* its no region: below -1"),
            (same("a", "b", within=1, because=WHY, delta_yes=-1), "inside its yes region: between -1 and 1"),
            (same("a", "b", within=1, because=WHY, delta_no=0.5), "inside its no region: beyond ±1"),
            (below("a", 3, because=WHY, delta_yes=4), "inside its yes region: below 3"),
            (above("a", 3, because=WHY, delta_yes="x"), "delta_yes .* is 'x'; expected an effect strictly inside"),
            (above("a", 3, because=WHY, sd=0), "sd of the claim 'a lies above 3 points' is 0; expected a number above"),
        ],
    )
    def test_what_a_plan_needs_lies_where_it_should(self, claim: Claim, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            claim.check()

    @pytest.mark.parametrize(
        ("claim", "planned"),
        [
            (exceeds("a", "b", by=1.5, because=WHY), (3.0, 0.0)),
            (not_worse("a", "b", by=1.5, because=WHY), (0.0, -3.0)),
            (same("a", "b", within=1.5, because=WHY), (0.0, 3.0)),
            (same("a", "b", within=1.5, because=WHY, delta_yes=0.5, delta_no=-2), (0.5, -2.0)),
            (below("a", 3, because=WHY), None),
            (below("a", 3, because=WHY, delta_yes=1), None),
            (below("a", 3, because=WHY, delta_yes=1, delta_no=5), (1.0, 5.0)),
        ],
    )
    def test_what_is_planned_for(self, claim: Claim, planned: tuple[float, float] | None) -> None:
        claim.check()
        assert claim.planned == planned

    def test_a_control_has_an_outcome(self) -> None:
        claim = above("a", 3, because=WHY)
        with pytest.raises(RequestError, match=r"unknown expected outcome of a control 'ja'.*Known: no, yes"):
            Control(claim, expect="ja", because=WHY).check()
        Control(claim, expect="no", because=WHY).check()

    def test_a_control_and_a_ladder_look_at_their_claims(self) -> None:
        wrong = above("a", 3)
        for item in (Control(wrong, expect="yes", because=WHY), ordered(above("a", 2, because=WHY), wrong)):
            with pytest.raises(RequestError, match="'a lies above 3 points' gives no reason"):
                item.check()
