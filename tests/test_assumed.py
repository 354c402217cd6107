"""What is assumed of replicates before there are any: stated, or as a pilot showed, with room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from by_hand import WHY, answered, asking
from whether import Claim, Question, above, below, exceeds, not_worse, ordered, same, solved
from whether.answerable import spreads, spreads_of
from whether.errors import RequestError
from whether.history import Network, accuracy
from whether.plan import ask
from whether.question import Control, Replicate
from whether.seeds import Seed
from whether.stats.power import sd_upper
from whether.words import MEASURES

EXCEEDS = exceeds("a", "b", by=1, because=WHY, sd=1.2)
KINDS = dict.fromkeys("abc", MEASURES["accuracy"])


def pilot(**changes: Any) -> Any:
    question = asking(
        [exceeds("a", "b", by=1, because=WHY)],
        secondary=[not_worse("a", "c", by=1, because=WHY), ordered(above("b", 1, because=WHY))],
        controls=[Control(same("b", "c", within=1, because=WHY), expect="yes", because=WHY)],
        options={"s": 1.0, "replicates": 5, "none": None},
        **changes,
    )
    values = {"a": [91, 93, 92, 95.0, 90], "b": [90, 91, 89, 90.0, 91], "c": [90, 90, 91.0, 95, 90]}
    return question, answered(question, values)


class TestPilots:
    def test_its_spread_is_widened(self) -> None:
        question, answer = pilot()
        (found,) = spreads(question, KINDS, answer)
        sd = answer.claims[0].sd
        assert found.sd == pytest.approx(sd_upper(sd, 5))
        assert found.sd == pytest.approx(1.56 * sd, rel=0.01)
        assert found.source == f"upper 80 % limit of pilot q-abababab (sd {sd:.3g} at n 5)"

    def test_what_is_stated_comes_first(self) -> None:
        question, answer = pilot()
        stated = replace(question, claims=[replace(question.claims[0], sd=7.0)])
        (found,) = spreads(stated, KINDS, answer)
        assert (found.sd, found.source) == (7.0, "stated in the question")

    @pytest.mark.parametrize(
        "claim",
        [
            not_worse("a", "c", by=3, because=WHY),
            exceeds("b", "c", by=2, because=WHY),
            above("b", 90, because=WHY, delta_yes=91, delta_no=89),
        ],
    )
    def test_any_claim_of_it_about_the_same_arms_serves(self, claim: Claim) -> None:
        _, answer = pilot()
        (found,) = spreads(asking([claim]), KINDS, answer)
        assert "pilot" in found.source

    @pytest.mark.parametrize(
        "claim",
        [
            exceeds("c", "a", by=1, because=WHY),
            exceeds("a", "b", by=1, unit="nats", because=WHY),
            above("a", 90, because=WHY, delta_yes=91, delta_no=89),
        ],
    )
    def test_one_about_others_does_not(self, claim: Claim) -> None:
        _, answer = pilot()
        with pytest.raises(RequestError, match="no standard deviation over replicates is known"):
            spreads(asking([claim]), KINDS, answer)

    def test_unpaired_arms_are_planned_with_the_wider_of_both(self) -> None:
        question, answer = pilot(pairing="none")
        (found,) = spreads(question, KINDS, answer)
        widest = max(arm.sd for arm in answer.arms if arm.arm in "ab")
        assert found.sd == pytest.approx(sd_upper(widest, 5))
        with pytest.raises(RequestError, match="no standard deviation"):  # its pairs were not kept together
            spreads(replace(question, pairing="replicate"), KINDS, answer)

    def test_one_replicate_is_no_pilot(self) -> None:
        question = asking([exceeds("a", "b", by=1, because=WHY)])
        answer = answered(question, {"a": [1.0], "b": [2.0]})
        with pytest.raises(RequestError, match="no standard deviation"):
            spreads(question, KINDS, answer)


class TestLacking:
    def test_every_claim_that_lacks_something_is_named_with_what_to_do(self) -> None:
        claims = [
            exceeds("a", "b", by=1, because=WHY),
            EXCEEDS,
            above("a", 90, because=WHY, delta_yes=92, delta_no=88),
            below("a", 90, because=WHY, sd=1),
        ]
        with pytest.raises(RequestError, match="no standard deviation") as told:
            spreads(asking(claims, source="mine.py"), KINDS)
        assert told.value.problems == (
            "no standard deviation over replicates is known to plan with: 'a exceeds b by more than 1 point' (of the "
            "paired differences, in points); 'a lies above 90 points' (of the values of 'a', in points). State sd=… in "
            "the claim, and where it comes from; or let a pilot show it, which is exploratory: whether run mine.py "
            "replicates=5, with the same options.",
            "a bound says nothing of what is planned for: 'a lies below 90 points'. State delta_yes=… and delta_no=…: "
            "means at which a yes and a no are to be found.",
        )

    def test_of_a_question_with_looks_a_pilot_is_asked_by_looks(self) -> None:
        with pytest.raises(RequestError, match=r"whether run q looks=\[5\], with the same options"):
            spreads(asking([replace(EXCEEDS, sd=None)], looks=(4, 8)), KINDS)

    def test_unpaired_arms_lack_one_each(self) -> None:
        with pytest.raises(RequestError, match=r"by more than 1 point' \(of each arm's values, in points\)"):
            spreads(asking([exceeds("a", "b", by=1, because=WHY)], pairing="none"), KINDS)


class TestAsked:
    def test_kinds_and_resolutions_come_from_the_arms(self) -> None:
        def arms(rep: Replicate) -> Any:
            network = Network("mlp-2", data="digits", seed=rep)
            return {"a": accuracy(network.train()), "b": accuracy(network)}

        question = Question(arms, claims=[EXCEEDS], if_yes="this", if_no="that", replicates=1)
        (found,) = spreads_of(ask(question, seed=Seed(0), open_test=False))
        assert (found.sd, found.share, found.paired) == (1.2, False, True)
        assert found.resolution == pytest.approx(100 / 300)
        (opened,) = spreads_of(ask(question, seed=Seed(0), open_test=True))
        assert opened.resolution == pytest.approx(100 / 597)

    def test_shares_are_known_as_such(self) -> None:
        def arms(rep: Replicate) -> Any:
            network = Network("mlp-2", data="xor", seed=rep)
            return {"a": solved(network.train()), "b": solved(network)}

        question = Question(
            arms, claims=[exceeds("a", "b", by=25, because=WHY)], if_yes="this", if_no="that", replicates=1
        )
        (found,) = spreads_of(ask(question, seed=Seed(0), open_test=False))
        assert found.share
