"""Questions: what is fixed beforehand, and every mistake in it told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from whether import (
    Claim,
    Control,
    Measure,
    Network,
    Question,
    Replicate,
    above,
    accuracy,
    at,
    curve,
    density,
    early_stop,
    exceeds,
    loss,
    measure,
    not_worse,
    ordered,
    question,
    same,
    solved,
)
from whether.errors import RequestError
from whether.question import Template
from whether.seeds import Seed

WHY = "less is noise"


def network(rep: Seed) -> Network:
    return Network("mlp-2", data="xor", seed=rep)


def two(rep: Replicate) -> dict[str, Network | Measure]:
    return {"a": network(rep).train(), "b": network(rep)}


def asking(arms: Any = two, **changes: Any) -> Question:
    said: dict[str, Any] = {"claims": [exceeds("a", "b", by=1, because=WHY)], "if_yes": "this", "if_no": "that"}
    return Question(arms, **(said | changes))


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"claims": []}, r"a Question needs at least one claim, for example exceeds\('a', 'b'"),
    ({"claims": exceeds("a", "b", by=1, because=WHY)}, r"claims is Claim\(.*; expected a list of Claim, as exceeds"),
    ({"claims": ["a > b"]}, r"claims is \['a > b'\]; expected a list of Claim"),
    ({"claims": [ordered(exceeds("a", "b", by=1, because=WHY))]}, r"claims is \[Ladder.*; expected a list of Claim"),
    ({"secondary": ["a"]}, r"secondary is \['a'\]; expected a list of Claim or Ladder"),
    ({"controls": [exceeds("a", "b", by=1, because=WHY)]}, "controls is .*; expected a list of Control"),
    ({"arms": {"a": 1}}, "arms is a dict; expected a function from a replicate to a dict of arms"),
    ({"if_yes": " "}, "if_yes is empty: say what a reader should then believe or do"),
    ({"if_no": ""}, "if_no is empty"),
    ({"if_no": " this "}, "if_yes and if_no say the same: a question is worth asking when its answers differ"),
    ({"replicates": 0}, "replicates is 0; expected a whole number, 1 or more"),
    ({"replicates": 2.0}, r"replicates is 2\.0; expected a whole number"),
    ({"replicates": True}, "replicates is True; expected a whole number"),
    ({"alpha": 0.5}, r"alpha is 0\.5; expected a one-sided level in \(0, 0\.5\), such as 0\.05"),
    ({"alpha": "5%"}, "alpha is '5%'; expected a one-sided level"),
    ({"combine": "ordered", "hold_to": 2}, "hold_to is 2; expected 1 to 1, the number of claims"),
    ({"combine": "ordered", "hold_to": 0}, "hold_to is 0; expected 1 to 1"),
    ({"hold_to": 1}, "hold_to=1 is read under combine='ordered' only; leave it out"),
    ({"category": "sience"}, "unknown category 'sience'; did you mean 'science'"),
    ({"combine": "most"}, "unknown rule to combine claims 'most'.*Known: all, any, ordered"),
    ({"pairing": "seed"}, "unknown pairing 'seed'.*Known: none, replicate"),
    ({"metric": "acuracy"}, "unknown metric 'acuracy'; did you mean 'accuracy'"),
    ({"if_yes": None}, "if_yes is None; expected text: what a reader should then believe or do"),
    ({"looks": [8, 4]}, r"looks is \[8, 4\]; expected whole numbers of replicates that increase, such as \[4, 8, 16\]"),
    ({"looks": [4, 4]}, r"looks is \[4, 4\]; expected whole numbers of replicates that increase"),
    ({"looks": ["4", 8]}, r"looks is \['4', 8\]; expected whole numbers"),
    ({"looks": [0, 8]}, r"looks is \[0, 8\]; expected whole numbers"),
    ({"looks": 8}, r"looks is 8; expected numbers of replicates, such as looks=\[4, 8, 16\]"),
    ({"looks": [1, 8]}, "the first look is at 1 replicate, which shows no spread; look at 2 or more"),
    ({"looks": [4, 8], "replicates": 9}, "the last look is at 8 replicates, and replicates is 9; leave replicates out"),
    ({"power": 1}, r"power is 1; expected a chance in \(0, 1\), such as 0\.8"),
    ({"spending": "pokock"}, "unknown spending 'pokock'; did you mean 'pocock'"),
    (
        {"arms": 3, "if_yes": "", "replicates": 0, "category": "c"},
        "(?s)arms is a int.*if_yes is empty.*replicates is 0.*unknown category 'c'",
    ),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_mistakes_in_a_question(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        asking(**given)


def test_mistakes_of_claims_do_not_hide_those_of_their_question() -> None:
    """A claim without size or reason, looks that fall, equal outcomes, a strange metric, a delta where it cannot be."""
    claims = [
        exceeds("a", "b", because=WHY),
        above("a", 3),
        not_worse("a", "b", by=1, because=WHY, delta_yes=-2),
    ]
    controls = [Control(same("a", "a", within=-1, because=WHY), expect="perhaps", because=WHY)]
    with pytest.raises(RequestError, match="says no size") as told:
        asking(claims=claims, controls=controls, looks=[8, 4], if_no="this", metric="acuracy")
    expected = [
        "the claim 'a exceeds b by more than … points' says no size; write by=…",
        "the claim 'a lies above 3 points' gives no reason for its size",
        "delta_yes of the claim 'a is not worse than b by 1 point or more' is -2; expected",
        "unknown expected outcome of a control 'perhaps'",
        "the claim 'a and a differ by less than -1 points' has the size -1",
        "the claim 'a and a differ by less than -1 points' compares an arm with itself",
        "if_yes and if_no say the same",
        "looks is [8, 4]; expected whole numbers",
        "unknown metric 'acuracy'; did you mean 'accuracy'",
    ]
    assert len(told.value.problems) == len(expected)
    for problem, begin in zip(told.value.problems, expected, strict=True):
        assert problem.startswith(begin)


def test_a_question_that_says_nothing_is_told_all_that_it_lacks() -> None:
    with pytest.raises(RequestError, match=r"(?s)needs at least one claim.*if_yes is empty"):
        Question(two)


class TestReplicates:
    def test_unsaid_they_are_those_of_the_last_look(self) -> None:
        assert (asking().replicates, asking(looks=[4, 12]).replicates) == (8, 12)
        assert (asking().looked_at, asking(looks=[4, 12]).looked_at) == ((8,), (4, 12))

    def test_seeds_come_from_the_root_and_the_number_alone(self) -> None:
        seen: list[Replicate] = []

        def arms(rep: Replicate) -> dict[str, Network | Measure]:
            seen.append(rep)
            return two(rep)

        for count in (2, 5):
            for index in range(2):
                asking(arms, replicates=count).replicate(index, Seed(3))
        assert seen[:2] == seen[2:]
        assert [rep.index for rep in seen[:2]] == [0, 1]
        assert [rep.value for rep in seen[:2]] == [Seed(3).seed("replicate", index).value for index in (0, 1)]
        assert len({rep.value for rep in seen}) == 2

    def test_a_replicate_is_a_root_of_seeds(self) -> None:
        rep = Replicate(7, 2)
        assert rep.seed("order", 1) == Seed(7).seed("order", 1)
        assert Replicate(7, 3).seed("order", 1) == rep.seed("order", 1)


class TestArms:
    def test_networks_are_asked_for_the_metric_and_measures_are_taken_as_they_are(self) -> None:
        arms = asking(
            lambda rep: {"a": network(rep), "b": loss(network(rep))},
            metric="loss",
            claims=[exceeds("a", "b", by=1, unit="nats", because=WHY)],
        ).replicate(0, Seed(0))
        assert [(arm.name, arm.measure.name, arm.family, arm.x) for arm in arms] == [
            ("a", "loss", "a", None),
            ("b", "loss", "b", None),
        ]

    def test_families_are_named_by_their_place(self) -> None:
        claims = [exceeds(at("net", 10.7374), at("net", 100), by=1, because=WHY)]
        arms = asking(lambda rep: {"net": {100.0: network(rep), 10.7374: network(rep)}}, claims=claims).replicate(
            0, Seed(0)
        )
        assert [(arm.name, arm.family, arm.x) for arm in arms] == [
            ("net at 100", "net", 100.0),
            ("net at 10.7", "net", 10.7374),
        ]

    @pytest.mark.parametrize(
        ("x", "name"),
        [(100, "f at 100"), (3.5184, "f at 3.52"), (0.00123, "f at 0.00123"), (2000, "f at 2000"), (1e6, "f at 1e+06")],
    )
    def test_at(self, x: float, name: str) -> None:
        assert at("f", x) == name

    @pytest.mark.parametrize("x", ["0.1", None, True, float("nan"), (1,)])
    def test_places_are_numbers(self, x: Any) -> None:
        with pytest.raises(
            RequestError, match=r"the family 'net' has the key .*; expected a number, its place on the axis"
        ):
            asking(lambda rep: {"net": {x: network(rep)}}).replicate(0, Seed(0))

    @pytest.mark.parametrize(
        ("arms", "message"),
        [
            (
                lambda rep: [network(rep)],
                r"arms\(\) gave \[<Network .*; expected a dict of names to Networks or Measures",
            ),
            (lambda rep: {}, r"arms\(\) gave \{\}; expected a dict"),
            (lambda rep: None, r"arms\(\) gave None; expected a dict"),
            (lambda rep: {"a": network(rep), "b": 3}, "the arm 'b' is a int; expected a Network or a Measure"),
            (lambda rep: {"a": network(rep).mask()}, "the arm 'a' is a Mask; expected a Network or a Measure"),
            (lambda rep: {"a": curve(network(rep))}, r"the arm 'a' is a curve; an arm is a number, such as accuracy"),
            (lambda rep: {"a": network(rep), "c": network(rep)}, "unknown arm in a claim 'b'.*Known: a, c"),
            (lambda rep: {"x": network(rep)}, r"(?s)unknown arm in a claim 'a'.*\nunknown arm in a claim 'b'"),
            (
                lambda rep: two(rep) | {"f": {99.96: network(rep), 99.98: network(rep)}},
                "two arms are called 'f at 100'; a family's keys are read to 3 digits",
            ),
        ],
    )
    def test_mistakes(self, arms: Callable[[Replicate], Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            asking(arms).replicate(0, Seed(0))

    @pytest.mark.parametrize(
        ("a", "b", "unit", "message"),
        [
            (accuracy, loss, "points", r"compares points \(higher is better\) with nats \(lower is better\)"),
            (accuracy, density, "points", r"compares points \(higher is better\) with points \(lower is better\)"),
            (accuracy, solved, "points", "both arms need the same kind of measure"),
            (
                loss,
                loss,
                "points",
                "is about arms that are measured in nats; write unit='nats' and its size in that unit",
            ),
            (early_stop, early_stop, "points", "measured in it; write unit='it'"),
        ],
    )
    def test_apples_and_pears(self, a: Any, b: Any, unit: str, message: str) -> None:
        def arms(rep: Replicate) -> dict[str, Measure]:
            return {"a": a(network(rep)), "b": b(network(rep))}

        with pytest.raises(RequestError, match=message):
            asking(arms, claims=[exceeds("a", "b", by=1, unit=unit, because=WHY)]).replicate(0, Seed(0))

    def test_controls_and_secondary_claims_are_looked_at_too(self) -> None:
        extra = above("c", 1, because=WHY)
        for place in ({"controls": [Control(extra, expect="no", because=WHY)]}, {"secondary": [ordered(extra)]}):
            with pytest.raises(RequestError, match="unknown arm in a claim 'c'"):
                asking(**place).replicate(0, Seed(0))

    def test_a_measure_of_ones_own_may_leave_its_unit_open(self) -> None:
        def arms(rep: Replicate) -> dict[str, Measure]:
            return {name: measure("m:f", network(rep)) for name in "ab"}

        assert len(asking(arms, claims=[exceeds("a", "b", by=1, unit="ms", because=WHY)]).replicate(0, Seed(0))) == 2


def test_every_claim_in_order() -> None:
    first, second, third, last = (above("a", bound, because=WHY) for bound in range(4))
    asked = asking(
        claims=[first], secondary=[second, ordered(third)], controls=[Control(last, expect="no", because=WHY)]
    )
    assert asked.every_claim == (first, second, third, last)
    assert all(isinstance(claim, Claim) for claim in asked.every_claim)


@question(category="engineering", presets={"small": {"width": 2, "replicates": 3}})
def wide_enough(width: int = 8, s: float = 1.0) -> Question:
    """Is it wide enough?

    Some more about it.
    """
    return asking(claims=[exceeds("a", "b", by=s, because=WHY)])


class TestTemplates:
    def test_the_function_fills_it_in(self) -> None:
        assert isinstance(wide_enough, Template)
        assert (wide_enough.name, wide_enough.category) == ("wide-enough", "engineering")
        assert (wide_enough.text, wide_enough.idea) == ("Is it wide enough?", "Some more about it.")
        assert wide_enough.options == {"width": 8, "s": 1.0}

    def test_calling_it_gives_the_question(self) -> None:
        made = wide_enough(s=2.0)
        assert (made.name, made.text, made.category) == ("wide-enough", "Is it wide enough?", "engineering")
        assert made.options == {"width": 8, "s": 2.0}
        assert made.claims[0].size == 2.0
        assert made.replicates == 8

    def test_replicates_and_alpha_are_options_of_every_question(self) -> None:
        made = wide_enough(replicates=5, alpha=0.01)
        assert (made.replicates, made.alpha) == (5, 0.01)
        assert made.options["replicates"] == 5

    def test_presets_come_before_what_is_given(self) -> None:
        assert wide_enough(preset="small").options == {"width": 2, "s": 1.0, "replicates": 3}
        assert wide_enough(preset="small", width=4).options["width"] == 4
        assert wide_enough(preset="small").replicates == 3

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"preset": "smal"}, "unknown preset 'smal'; did you mean 'small'"),
            (
                {"widht": 3},
                "unknown option of wide-enough 'widht'; did you mean 'width'.*Known: alpha, looks, power, preset, repl",
            ),
            ({"widht": 3, "t": 1}, r"(?s)option of wide-enough 'widht'.*\nunknown option of wide-enough 't'"),
            ({"replicates": 0}, "replicates is 0; expected a whole number"),
            ({"s": 0}, "has the size 0; expected a number of points above zero"),
        ],
    )
    def test_mistakes_in_options(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            wide_enough(**given)

    def test_a_name_of_ones_own(self) -> None:
        assert question(name="other-name")(wide_enough.build).name == "other-name"

    def test_a_function_without_text(self) -> None:
        def bare(width: int = 3) -> Question:
            return asking()

        with pytest.raises(
            RequestError, match="the question 'bare' has no text; its docstring's first line is what is asked"
        ):
            question()(bare)

    def test_options_need_defaults(self) -> None:
        def open_ended(width: int, depth: int, s: float = 1.0) -> Question:
            """Is it?"""
            return asking()

        with pytest.raises(RequestError, match="'open-ended' has options without a default: width, depth"):
            question()(open_ended)

    def test_presets_name_options(self) -> None:
        with pytest.raises(
            RequestError, match="unknown option in preset 'big' of wide-enough 'widht'; did you mean 'width'"
        ):
            question(presets={"big": {"widht": 99}})(wide_enough.build)

    def test_a_category_is_one_of_three(self) -> None:
        with pytest.raises(RequestError, match=r"unknown category 'art'.*did you mean 'artifact'"):
            question("art")

    def test_a_function_that_returns_something_else(self) -> None:
        @question()
        def hollow(width: int = 3) -> Any:
            """Is it?"""

        with pytest.raises(RequestError, match="hollow returned nothing; expected a Question"):
            hollow()
