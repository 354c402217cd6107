"""Planted truths: what is reduced, shuffled and damaged, and what must come of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sabotage_cases import TICKET, WHY, arms_of, asking, column, network, two_of

from whether import Question, Replicate, above, accuracy, at, early_stop, exceeds, loss, not_worse, same, solved
from whether.answer import ClaimResult
from whether.claim import Claim
from whether.conclude import conclude
from whether.errors import RequestError
from whether.history.facts import Point, Redrawn
from whether.plan import Asked, ask
from whether.sabotage import planted, usual_replicates
from whether.sabotage.planted import compared, damage_found, damaged, damages, deciding, shuffled
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arms(question: Question) -> dict[str, Any]:
    return {arm.name: fact for arm, fact in asked(question).arms[0]}


class TestDeciding:
    def test_it_keeps_what_claims_and_controls_name_and_nothing_else(self) -> None:
        small = deciding(asking(), 2)
        assert list(arms(small)) == ["dense", TICKET, "random"]
        assert (small.replicates, small.secondary, small.looks) == (2, (), ())
        assert (small.claims, small.controls) == (asking().claims, asking().controls)

    def test_what_it_keeps_is_what_the_whole_question_asks(self) -> None:
        whole, small = arms(asking()), arms(deciding(asking(), 2))
        assert {name: fact.digest for name, fact in small.items()} == {name: whole[name].digest for name in small}

    def test_looks_are_left_out(self) -> None:
        small = deciding(asking(looks=[2, 4, 6], replicates=6), 3)
        assert small.looked_at == (3,)

    def test_no_test_split_is_opened(self) -> None:
        made = two_of(lambda rep: accuracy(network(rep).train(), split="test"), lambda rep: network(rep.seed("b")))
        assert {fact.split for fact in arms(deciding(made, 1)).values()} == {"validation"}

    def test_what_is_wrong_with_arms_is_still_told(self) -> None:
        wrong = asking(lambda rep: arms_of(rep) | {"dense": 3})
        with pytest.raises(RequestError, match="the arm 'dense' is a int; expected a Network or a Measure"):
            asked(deciding(wrong, 1))
        with pytest.raises(RequestError, match=r"arms\(\) gave None; expected a dict"):
            asked(deciding(asking(lambda rep: None), 1))  # type: ignore[arg-type,return-value]

    def test_an_arm_that_is_not_there_is_told(self) -> None:
        with pytest.raises(RequestError, match="unknown arm in a claim 'nobody'"):
            asked(deciding(asking(claims=[exceeds("nobody", "dense", by=1, because=WHY)]), 1))


class TestCompared:
    def test_bounds_compare_nothing(self) -> None:
        bound = above("dense", 50, because=WHY)
        assert compared(asking(claims=[bound, *asking().claims])) == list(asking().claims)
        with pytest.raises(
            RequestError,
            match=r"no claim of tiny compares two arms \(dense lies above 50 points\): there are no labels",
        ):
            compared(asking(claims=[bound]))

    @pytest.mark.parametrize(("given", "used"), [(3, 3), (8, 8), (20, 8)])
    def test_replicates_of_means(self, given: int, used: int) -> None:
        assert usual_replicates(asking(replicates=given)) == used

    def test_shares_say_less_each(self) -> None:
        made = two_of(lambda rep: solved(network(rep)), lambda rep: solved(network(rep.seed("b"))), replicates=100)
        assert usual_replicates(made) == 32


class TestDamage:
    def test_one_arm_is_drawn_anew_and_never_trained(self) -> None:
        before, after = arms(asking()), arms(damaged(asking(), TICKET))
        assert {name for name in before if before[name].digest != after[name].digest} == {TICKET}
        drawn = after[TICKET].state
        assert isinstance(drawn, Redrawn)
        assert isinstance(drawn.origin, Point)
        assert drawn.origin.digest == before[TICKET].state.digest
        assert drawn.mask is not None
        assert drawn.mask.digest == before[TICKET].state.mask.digest
        assert (drawn.init, drawn.keep) == ("xavier-normal", "nothing")

    def test_each_replicate_is_drawn_by_itself(self) -> None:
        rows = asked(damaged(asking(), "dense")).arms
        assert len({fact.state.seed for row in rows for arm, fact in row if arm.name == "dense"}) == 3

    def test_measures_stay_what_they_are(self) -> None:
        made = two_of(
            lambda rep: loss(network(rep).train(), split="train"), lambda rep: loss(network(rep)), unit="nats"
        )
        fact = arms(damaged(made, "a"))["a"]
        assert (fact.name, fact.split) == ("loss", "train")

    def test_every_compared_arm_is_damaged_once(self) -> None:
        assert damages(asking()) == [TICKET, "dense", "random"]

    @pytest.mark.parametrize(
        ("claim", "left", "right"),
        [
            (exceeds("a", "b", by=1, because=WHY), "no", "yes"),
            (not_worse("a", "b", by=1, because=WHY), "no", "yes"),
            (same("a", "b", within=1, because=WHY), "no", "no"),
        ],
    )
    def test_what_must_come_of_it(self, claim: Claim, left: str, right: str) -> None:
        question = two_of(network, network, claims=[claim])
        good, bad = [90.0, 91.0, 92.0], [10.0, 9.0, 12.0]
        for name, expected, columns in (
            ("a", left, [column("a", bad), column("b", good)]),
            ("b", right, [column("a", good), column("b", bad)]),
        ):
            (truth,) = damage_found(question, name, concluded(question, columns))
            assert (truth.expected, truth.found, truth.ok) == (expected, expected, True)

    def test_what_is_not_found_is_told(self) -> None:
        question = two_of(network, network)
        values = [90.0, 91.0, 92.0]
        (truth,) = damage_found(question, "b", concluded(question, [column("a", values), column("b", values)]))
        assert (truth.expected, truth.ok) == ("yes", False)

    def test_losses_are_worse_when_they_are_higher(self) -> None:
        question = two_of(lambda rep: loss(network(rep)), lambda rep: loss(network(rep)), unit="nats")
        less = {"unit": "nats", "better": "lower", "measure": "loss"}
        columns = [column("a", [9.0, 9.1, 9.2], **less), column("b", [0.1, 0.2, 0.15], **less)]
        (truth,) = damage_found(question, "a", concluded(question, columns))
        assert (truth.expected, truth.found) == ("no", "no")

    def test_where_it_cannot_be_planted(self) -> None:
        (truth,) = damage_found(two_of(network, network), "a", None, "because")
        assert (truth.ok, truth.found, truth.why_not) == (None, "", "because")


def concluded(question: Question, columns: list[Any]) -> Any:
    return conclude(question, columns, digest="0" * 64, grade="exploratory", split="validation", data={})


class TestShuffled:
    FAR = ([97.0, 97.2, 96.9, 97.1, 97.3, 97.0], [90.0, 90.2, 89.9, 90.1, 90.3, 90.2])

    def ask(self, claims: list[Claim], columns: list[Any], **changes: Any) -> Any:
        return shuffled(two_of(network, network, claims=claims, replicates=6, **changes), columns)

    def test_a_large_difference_is_gone(self) -> None:
        (truth,) = self.ask(
            [exceeds("a", "b", by=1, because=WHY)], [column("a", self.FAR[0]), column("b", self.FAR[1])]
        )
        assert truth.ok
        assert truth.expected == "yes in at most about 5 %"
        assert 0 < truth.shares["yes"] <= truth.limit < 0.08
        assert sum(truth.shares.values()) == pytest.approx(1)

    def test_of_the_other_kinds_it_is_the_no_that_must_be_rare(self) -> None:
        columns = [column("a", self.FAR[0]), column("b", self.FAR[1])]
        claims = [not_worse("a", "b", by=1, because=WHY), same("a", "b", within=1, because=WHY)]
        found = self.ask(claims, columns)
        assert [truth.expected for truth in found] == ["no in at most about 5 %", "no in at most about 10 %"]
        assert all(truth.ok and truth.shares["no"] > 0 for truth in found)

    def test_equal_arms_are_the_same_however_they_are_dealt(self) -> None:
        values = [97.0, 97.0, 97.0, 97.0, 97.0, 97.0]
        (truth,) = self.ask([same("a", "b", within=1, because=WHY)], [column("a", values), column("b", values)])
        assert truth.shares["yes"] == 1.0

    def test_few_replicates_can_be_dealt_in_few_ways(self) -> None:
        question = two_of(network, network, replicates=2)
        (truth,) = shuffled(question, [column("a", [97.0, 97.1]), column("b", [90.0, 90.1])])
        assert truth.expected == "yes in at most about 25 %"
        assert truth.ok
        assert truth.shares["yes"] == pytest.approx(0.25, abs=0.04)  # both on one side

    def test_it_is_always_the_same(self) -> None:
        columns = [column("a", self.FAR[0]), column("b", self.FAR[1])]
        claims = [exceeds("a", "b", by=1, because=WHY)]
        assert self.ask(claims, columns) == self.ask(claims, columns)

    def test_a_replicate_keeps_its_runs(self) -> None:
        columns = [column("a", [1.0, 2.0]), column("b", [10.0, 20.0]), column("c", [100.0, 200.0])]
        seen = set()
        for draw in range(40):
            dealt = planted._dealt([columns], draw)
            rows = list(zip(*(dealt[name].values for name in "abc"), strict=True))
            assert [sorted(row) for row in rows] == [[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]
            seen.add(tuple(rows))
        assert len(seen) > 20  # of 36 ways

    def test_numbers_of_different_kinds_are_not_mixed(self) -> None:
        claims = [exceeds("a", "b", by=1, because=WHY), exceeds("c", "d", by=1, unit="it", because=WHY)]
        steps = {"unit": "it", "better": "lower", "measure": "early_stop"}
        columns = [
            *(column(name, [97.0, 96.0]) for name in "ab"),
            *(column(name, [300.0, 310.0], **steps) for name in "cd"),
            column("spare", [0.0, 0.0]),
        ]
        groups = planted._exchangeable(claims, columns)
        assert [[item.arm for item in group] for group in groups] == [["a", "b"], ["c", "d"]]

    def test_shares_are_dealt_as_they_are(self) -> None:
        share = {"share": True, "measure": "solved"}
        columns = [column("a", [100.0] * 6, **share), column("b", [0.0] * 6, **share)]
        made = {"a": lambda rep: solved(network(rep)), "b": lambda rep: solved(network(rep))}
        question = two_of(made["a"], made["b"], claims=[exceeds("a", "b", by=25, because=WHY)], replicates=6)
        (truth,) = shuffled(question, columns)
        assert truth.ok
        assert truth.shares["yes"] < 0.05

    def test_an_analysis_that_sees_effects_everywhere_is_found_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = planted.read_claim

        def hopeful(*given: Any) -> ClaimResult:
            found = real(*given)
            return replace(found, verdict="yes") if found.estimate > 0 else found

        monkeypatch.setattr(planted, "read_claim", hopeful)
        (truth,) = self.ask(
            [exceeds("a", "b", by=1, because=WHY)], [column("a", self.FAR[0]), column("b", self.FAR[1])]
        )
        assert truth.ok is False
        assert truth.shares["yes"] > 0.3


def test_an_early_stop_is_read_from_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    made = two_of(lambda rep: early_stop(network(rep).train()), lambda rep: early_stop(network(rep).train()), unit="it")
    with pytest.raises(RequestError, match="early_stop is asked of a network that was not trained"):
        asked(damaged(made, "a"))


def test_a_family_keeps_its_members_apart() -> None:
    made = asking(claims=[exceeds(at("ticket", 1), TICKET, by=1, because=WHY)], controls=[])
    before, after = arms(deciding(made, 1)), arms(damaged(deciding(made, 1), at("ticket", 1)))
    assert list(before) == list(after) == [TICKET, at("ticket", 1)]
    assert before[TICKET].digest == after[TICKET].digest
    assert before[at("ticket", 1)].digest != after[at("ticket", 1)].digest


def test_arms_know_their_replicate() -> None:
    seen: list[int] = []

    def noting(rep: Replicate) -> Any:
        seen.append(rep.index)
        return arms_of(rep)

    asked(deciding(asking(noting), 3))
    assert seen == [0, 1, 2]
