"""What can never come out is told beforehand: bounds out of reach, measures too coarse, too few replicates."""

from __future__ import annotations

from typing import Any

import pytest

from whether import Claim, Control, Network, Question, above, below, exceeds, measure, not_worse, same
from whether.attainable import scale_of, unattainable
from whether.history import accuracy, density, early_stop, loss, solved
from whether.plan import Asked, ask
from whether.question import Replicate
from whether.recipe import default_recipe
from whether.seeds import Seed

WHY = "less is noise"


def asked(*claims: Claim, of: Any = accuracy, data: str = "digits", **changes: Any) -> Asked:
    def arms(rep: Replicate) -> dict[str, Any]:
        network = Network("mlp-2", data=data, seed=rep, recipe=default_recipe(data).but(total="200it"))
        return {"a": of(network.train()), "b": of(network.train(order=rep.seed("again")))}

    said = {"if_yes": "this", "if_no": "that", "replicates": 5} | changes
    return ask(Question(arms, claims=list(claims), **said), seed=Seed(0), open_test=False)


def told(*claims: Claim, **changes: Any) -> list[str]:
    return list(unattainable(asked(*claims, **changes)))


@pytest.mark.parametrize(
    "claim",
    [
        exceeds("a", "b", by=1, because=WHY),
        exceeds("a", "b", by=40, because=WHY),
        not_worse("a", "b", by=1, because=WHY),
        same("a", "b", within=1, because=WHY),
        above("a", 99, because=WHY, delta_yes=99.5, delta_no=98),
        below("a", 10, because=WHY, delta_yes=9, delta_no=12),
    ],
)
@pytest.mark.parametrize("combine", ["all", "any", "ordered"])
def test_what_can_come_out_is_passed_over(claim: Claim, combine: str) -> None:
    assert told(claim, combine=combine) == []
    assert told(claim, combine=combine, looks=[3, 5]) == []


def test_a_bound_beyond_the_measure() -> None:
    first, second = told(above("a", 101, because=WHY, delta_yes=102, delta_no=95))
    assert first == (
        "'a lies above 101 points' can never come out yes: with values from 0 to 100 in steps of 0.333, not even the "
        "clearest outcome of 5 replicates does. Change its size, take more replicates, or measure on more examples."
    )
    assert second == (
        "delta_yes of 'a lies above 101 points' is 102, and the measure has values from 0 to 100 in steps of 0.333; "
        "state delta_yes=…, an effect that there can be."
    )


def test_a_difference_beyond_the_measure() -> None:
    said = told(exceeds("a", "b", by=60, because=WHY))
    assert [line.partition(",")[0] for line in said] == ["delta_yes of 'a exceeds b by more than 60 points' is 120"]


def test_a_measure_that_is_too_coarse() -> None:
    """Of four examples an accuracy is right in steps of 25 points: nothing shows two arms to be that close."""
    claim = same("a", "b", within=10, because=WHY)
    (said,) = told(claim, data="xor")
    assert said.startswith(
        "'a and b differ by less than 10 points' can never come out yes: with values from 0 to 100 in"
    )
    assert "in steps of 25, not even the clearest outcome of 5 replicates does" in said
    assert told(claim, data="xor", replicates=40) == []


@pytest.mark.parametrize("claim", [exceeds("a", "b", by=1, because=WHY), above("a", 50, because=WHY)])
def test_one_replicate_of_a_mean(claim: Claim) -> None:
    assert told(claim, replicates=1) == [
        "With 1 replicate a mean has no interval, so that nothing is ever decided; take 2 or more."
    ]


@pytest.mark.parametrize(("replicates", "words"), [(1, ["yes"]), (2, ["yes"]), (4, []), (60, [])])
def test_shares_of_few_replicates(replicates: int, words: list[str]) -> None:
    said = told(exceeds("a", "b", by=25, because=WHY), of=solved, data="xor", replicates=replicates)
    assert [line.partition("come out ")[2][:3] for line in said] == words


def test_the_level_is_that_at_which_a_claim_would_decide() -> None:
    """At α/10 three replicates are too few for a claim that at α they are enough for; the rule says which is read."""
    close = [above("a", 98.9, because=WHY, delta_yes=99.5, delta_no=10)]
    many = [above("b", 50 + place, because=WHY, delta_yes=90, delta_no=10) for place in range(9)]

    def words(combine: str) -> list[str]:
        said = told(*close, *many, replicates=3, combine=combine)
        return [line.partition("come out ")[2][:3] for line in said if "98.9" in line]

    assert words("all") == []
    assert words("any") == ["yes"]
    low = [above("a", 1.1, because=WHY, delta_yes=90, delta_no=0.5)]
    said = told(*low, *many, replicates=3)
    assert [line.partition("come out ")[2][:2] for line in said] == ["no"]
    assert told(*low, *many, replicates=3, combine="any") == []


def test_a_control_whose_outcome_cannot_come_out() -> None:
    control = Control(same("a", "b", within=10, because=WHY), expect="yes", because=WHY)
    (said,) = told(exceeds("a", "b", by=30, because=WHY), data="xor", controls=[control])
    assert said.startswith("Of a control, 'a and b differ by less than 10 points' can never come out yes")


@pytest.mark.parametrize(
    ("of", "low", "high"),
    [(accuracy, 0, 100), (solved, 0, 100), (density, 0, 100), (loss, 0, float("inf")), (early_stop, 0, 200)],
)
def test_what_values_a_measure_can_have(of: Any, low: float, high: float) -> None:
    arm, fact = asked(
        exceeds("a", "b", by=1, unit=of(Network("mlp-2", data="xor", seed=Seed(0))).kind.unit, because=WHY), of=of
    ).arms[0][0]
    found = scale_of(fact, arm.measure.kind)
    assert (found.low, found.high) == (low, high)


def test_of_a_measure_without_ends_anything_can_come_out() -> None:
    for claim in (
        exceeds("a", "b", by=1, unit="ms", because=WHY),
        same("a", "b", within=1e6, unit="ms", because=WHY),
        below("a", -3, unit="ms", because=WHY),
    ):
        assert told(claim, of=lambda network: measure("foreign:small_measure", network, unit="ms")) == []
    assert told(exceeds("a", "b", by=1, unit="nats", because=WHY), of=loss) == []
    (said,) = told(below("a", -1, unit="nats", because=WHY, delta_yes=-2, delta_no=1), of=loss)[:1]
    assert "'a lies below -1 nats' can never come out yes: with values of any size" in said
