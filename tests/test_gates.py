"""The gates of registration: each passes what it should, refuses what it should, and says what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from by_hand import answered
from whether import Claim, Control, Network, Question, above, accuracy, exceeds, gates, loss, not_worse, same, stats
from whether.catalogue.find import find, names
from whether.data.cards import Data, card
from whether.errors import RequestError
from whether.gates import (
    ANSWERABLE,
    ATTAINABLE,
    CONTROLS,
    DATA,
    OUTCOMES,
    PLANNED,
    REHEARSAL,
    REPLICATES,
    RULE,
    Gate,
    Gates,
    check_gates,
    sort_of,
)
from whether.plan import Asked, ask
from whether.question import Replicate
from whether.seeds import Seed
from whether.words import MEASURES

WHY = "less is noise"
NAMES = [OUTCOMES, RULE, PLANNED, ATTAINABLE, ANSWERABLE, REHEARSAL, DATA, CONTROLS, REPLICATES]
EXCEEDS = exceeds("a", "b", by=1, because=WHY, sd=0.8)
POSITIVE = Control(exceeds("a", "c", by=1, because=WHY), expect="yes", because=WHY)
NEGATIVE = Control(same("a", "b", within=9, because=WHY), expect="yes", because=WHY)


def arms(rep: Replicate) -> dict[str, Any]:
    network = Network("mlp-2", data="digits", seed=rep)
    return {"a": network.train(), "b": network.train(order=rep.seed("again")), "c": network}


def asking(claims: Sequence[Claim] = (EXCEEDS,), **changes: Any) -> Question:
    said: dict[str, Any] = {
        "if_yes": "this",
        "if_no": "that",
        "replicates": 12,
        "controls": [POSITIVE, NEGATIVE],
        "name": "q",
    }
    return Question(said.pop("arms", changes.pop("arms", arms)), claims=list(claims), **(said | changes))


def resolved(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def unchecked(question: Question, **changes: Any) -> Asked:
    """A resolved question with a mistake that a Question refuses."""
    asked = resolved(question)
    for name, value in changes.items():
        object.__setattr__(asked.question, name, value)
    return asked


@pytest.fixture(autouse=True)
def few_rehearsals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rehearsals are tested by themselves; here they are few."""
    from whether.rehearsal import rehearse

    monkeypatch.setattr(gates, "rehearse", lambda *given, **how: rehearse(*given, **how, count=60))


def checked(question: Question, **how: Any) -> dict[str, Gate]:
    return {gate.name: gate for gate in check_gates(resolved(question), **how).gates}


def failed(found: Gates) -> list[str]:
    return [gate.name for gate in found.gates if not gate.passed]


class TestAll:
    def test_a_sound_question_passes_all(self) -> None:
        found = check_gates(resolved(asking()))
        assert [gate.name for gate in found.gates] == NAMES
        assert all(gate.passed and not gate.waived for gate in found.gates), found.gates
        assert found.refused == []
        assert found.chances is not None
        assert found.planned == {
            "yes": found.chances.yes,
            "no": found.chances.no,
            "when_yes": found.chances.when_yes,
            "when_no": found.chances.when_no,
            "enough": None,
            "sd": "0.8 points, stated in the question",
        }
        assert list(found.curve["n"]) == [3, 6, 9, 12, 18, 24]
        assert found.curve["yes"][3] == found.chances.yes
        assert found.plain()[0] == {
            "name": "outcomes",
            "passed": True,
            "message": "A yes and a no are written, and differ.",
            "waived": False,
        }

    @pytest.mark.parametrize("name", names())
    def test_the_questions_of_the_catalogue_pass_all_with_room(self, name: str) -> None:
        found = check_gates(resolved(find(name)()))
        assert failed(found) == []
        assert found.chances is not None
        assert found.chances.least > 0.85

    def test_one_that_fails_all_of_them_is_told_of_each(self) -> None:
        bound = above("a", 101, because=WHY)
        asked = unchecked(asking([EXCEEDS]), claims=[bound], if_no="this", combine="most", controls=(), hold_to=None)
        asked.question.__dict__["combine"] = "most"

        def load(data: Data) -> str:
            raise RequestError(f"{data.name} is nowhere")

        found = check_gates(asked, load=load)
        assert failed(found) == NAMES[:-1]
        assert all(gate.message for gate in found.gates)
        assert set(found.planned.values()) == {None, ""}
        assert found.curve == {}

    def test_rehearsals_tell_how_far_they_are(self) -> None:
        heard: list[tuple[int, int]] = []
        check_gates(resolved(asking()), progress=lambda done, of: heard.append((done, of)))
        assert heard[-1] == (240, 240)


class TestOutcomes:
    @pytest.mark.parametrize("changes", [{"if_yes": " "}, {"if_no": ""}, {"if_no": " this "}])
    def test_both_are_written_and_differ(self, changes: dict[str, Any]) -> None:
        found = check_gates(unchecked(asking(), **changes))
        assert failed(found) == [OUTCOMES]
        assert found.gates[0].message.startswith("Write if_yes and if_no: what a reader should then believe or do.")


class TestRule:
    @pytest.mark.parametrize("combine", ["all", "any", "ordered"])
    @pytest.mark.parametrize("many", [1, 3, 6])
    def test_every_rule_there_is_is_total(self, combine: str, many: int) -> None:
        found = checked(asking([EXCEEDS] * many, combine=combine))[RULE]
        assert found.passed
        rows = {1: 5, 3: 125, 6: 210 if combine != "ordered" else 150}[many]
        assert f"each of {rows} rows" in found.message

    def test_two_verdicts_for_one_interval(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As if yes were read from the middle: an interval that is yes and holds a point that is no."""

        def careless(kind: str, low: float, high: float, size: float) -> str:
            return "yes" if (low + high) / 2 > size else "no"

        monkeypatch.setattr(stats, "verdict", careless)
        found = checked(asking())[RULE]
        assert not found.passed
        assert "What comes out is not always one verdict: 'a exceeds b by more than 1 point' is" in found.message

    def test_a_row_without_a_verdict(self) -> None:
        asked = unchecked(asking([EXCEEDS, EXCEEDS]), combine="most")
        rule = check_gates(asked).gates[1]
        assert not rule.passed
        assert "unknown rule 'most'" in rule.message


class TestPlanned:
    def test_a_bound_says_what_it_is_planned_for(self) -> None:
        found = checked(asking([above("a", 50, because=WHY, sd=1)]))
        assert not found[PLANNED].passed
        assert found[PLANNED].message.startswith(
            "'a lies above 50 points' is a bound: state delta_yes=… and delta_no=…"
        )
        assert "The chances are not known. A bound says nothing of what is planned for" in found[ANSWERABLE].message

    def test_effects_lie_strictly_inside(self) -> None:
        edge = replace(EXCEEDS, delta_no=1.0)
        found = check_gates(unchecked(asking(), claims=[edge]))
        gate = found.gates[NAMES.index(PLANNED)]
        assert not gate.passed
        assert gate.message == (
            "delta_no of 'a exceeds b by more than 1 point' is 1, which is not inside its no region."
        )

    def test_of_many_claims_three_are_told(self) -> None:
        found = checked(asking([EXCEEDS] * 5, combine="ordered", hold_to=1))[PLANNED]
        assert found.message.count("yes at 2, no at 0 points") == 3
        assert found.message.endswith("; and 2 more.")


class TestAttainable:
    def test_what_can_never_come_out_is_told(self) -> None:
        found = checked(asking([above("a", 101, because=WHY, sd=1, delta_yes=102, delta_no=90)]))[ATTAINABLE]
        assert not found.passed
        assert "can never come out yes" in found.message
        assert "delta_yes of 'a lies above 101 points' is 102" in found.message


class TestAnswerable:
    def test_too_few_replicates_are_told_with_how_many_would_do(self) -> None:
        asked = resolved(asking([replace(EXCEEDS, sd=1.5)], replicates=5))
        found = check_gates(asked)
        assert failed(found) == [ANSWERABLE]
        gate = found.gates[NAMES.index(ANSWERABLE)]
        assert found.chances is not None
        assert f"The chance of a yes is {found.chances.yes:.3f} (a is better than b by 2 points)" in gate.message
        assert f"of a no {found.chances.no:.3f} (a and b are equal); 0.8 is asked of both" in gate.message
        n = int(gate.message.partition("With replicates=")[2].split()[0])
        assert check_gates(resolved(asking([replace(EXCEEDS, sd=1.5)], replicates=n))).refused == []
        fewer = check_gates(resolved(asking([replace(EXCEEDS, sd=1.5)], replicates=n - 1)))
        assert failed(fewer) == [ANSWERABLE]

    def test_of_a_question_with_looks_the_looks_are_told_that_would_do(self) -> None:
        asked = resolved(asking([replace(EXCEEDS, sd=1.5)], replicates=6, looks=(3, 6)))
        gate = check_gates(asked).gates[NAMES.index(ANSWERABLE)]
        told = gate.message.partition("With looks=[")[2].partition("]")[0]
        looks = [int(n) for n in told.split(",")]
        assert looks[0] * 2 == pytest.approx(looks[1], abs=1)
        question = asking([replace(EXCEEDS, sd=1.5)], replicates=looks[-1], looks=looks)
        assert check_gates(resolved(question)).gates[NAMES.index(ANSWERABLE)].passed

    def test_it_can_be_waived_and_is_then_marked(self) -> None:
        found = check_gates(resolved(asking([replace(EXCEEDS, sd=1.5)], replicates=5)), waived={ANSWERABLE})
        assert found.refused == []
        assert [gate.name for gate in found.gates if gate.waived] == [ANSWERABLE]
        assert failed(found) == [ANSWERABLE]

    def test_what_passes_is_not_marked_as_waived(self) -> None:
        found = check_gates(resolved(asking()), waived={ANSWERABLE, CONTROLS})
        assert not any(gate.waived for gate in found.gates)

    def test_unknown_chances_are_not_waived(self) -> None:
        found = check_gates(resolved(asking([replace(EXCEEDS, sd=None)])), waived={ANSWERABLE})
        assert [gate.name for gate in found.refused] == [ANSWERABLE, REHEARSAL]
        assert "State sd=… in the claim, and where it comes from; or let a pilot show it" in found.refused[0].message

    def test_a_pilot_shows_the_spread(self) -> None:
        question = asking([replace(EXCEEDS, sd=None)])
        values = {"a": [91.0, 91.4, 91.2], "b": [90.0, 90.1, 90.6], "c": [9.0, 10.0, 11.0]}
        found = check_gates(resolved(question), pilot=answered(replace(question, replicates=3), values))
        assert found.refused == []
        assert "upper 80 % limit of pilot q-abababab (sd 0.351 at n 3)" in found.planned["sd"]

    def test_where_nothing_would_do_that_is_told(self) -> None:
        found = checked(asking([replace(EXCEEDS, sd=300.0)]))[ANSWERABLE]
        assert "No number of replicates up to 10,000 would do; or plan for larger effects" in found.message

    def test_what_the_chances_rest_on_may_be_given(self) -> None:
        from whether.answerable import Spread

        spread = Spread(claim=EXCEEDS, sd=2.5, source="a guess", resolution=0.1)
        found = check_gates(resolved(asking()), [spread])
        assert failed(found) == [ANSWERABLE]
        assert found.planned["sd"] == "2.5 points, a guess"


class TestRehearsal:
    def test_an_analysis_that_errs_is_not_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        narrow = stats.paired_t

        def careless(a: Any, b: Any, *, alpha: float, resolution: float) -> Any:
            return narrow(a, b, alpha=min(0.4, 6 * alpha), resolution=resolution)

        monkeypatch.setattr(stats, "paired_t", careless)
        found = checked(asking())[REHEARSAL]
        assert not found.passed
        assert "does not do what it says (wrong yes and wrong no" in found.message


class TestData:
    def test_they_are_read(self) -> None:
        asked: list[Data] = []

        def load(data: Data) -> str:
            asked.append(data)
            return card(data.name).digest

        found = checked(asking(), load=load)[DATA]
        assert found.passed
        assert [data.name for data in asked] == ["digits"]
        assert found.message == f"Here, and as named: digits ({card('digits').digest[:12]}…)."

    def test_by_default_from_where_they_are(self) -> None:
        assert checked(asking())[DATA].passed

    def test_other_data_are_refused(self) -> None:
        found = checked(asking(), load=lambda data: "0" * 64)[DATA]
        assert not found.passed
        assert found.message == (
            f"digits has the digest 000000000000…, and the question names {card('digits').digest[:12]}…; ask it again."
        )

    def test_data_that_are_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nowhere(name: str, **how: Any) -> Any:
            raise RequestError(f"{name} is not on this machine; fetch it with …")

        monkeypatch.setattr("whether.data.load.load", nowhere)
        found = checked(asking())[DATA]
        assert not found.passed
        assert found.message == "digits is not there: digits is not on this machine; fetch it with …"

    def test_earlier_uses_of_the_test_split_are_shown(self) -> None:
        found = checked(asking(), uses=["study ab12cd34, 2026-01-01"])[DATA]
        assert found.passed
        assert found.message.endswith("Uses of the test split before: study ab12cd34, 2026-01-01.")


class TestControls:
    @pytest.mark.parametrize(
        ("controls", "lacking"),
        [
            ([], ["positive", "negative"]),
            ([POSITIVE], ["negative"]),
            ([NEGATIVE], ["positive"]),
            ([POSITIVE, NEGATIVE], []),
        ],
    )
    def test_both_are_named(self, controls: list[Control], lacking: list[str]) -> None:
        found = checked(asking(controls=controls))[CONTROLS]
        assert found.passed == (not lacking)
        for sort in ("positive", "negative"):
            assert (f"A {sort} control is missing" in found.message) == (sort in lacking)
        if lacking:
            assert 'expect="yes", because="…")' in found.message

    def test_they_can_be_waived(self) -> None:
        found = check_gates(resolved(asking(controls=[])), waived={CONTROLS})
        assert found.refused == []
        assert [gate.name for gate in found.gates if gate.waived] == [CONTROLS]

    @pytest.mark.parametrize(
        ("claim", "yes"),
        [
            (exceeds("a", "b", by=1, because=WHY), "positive"),
            (same("a", "b", within=1, because=WHY), "negative"),
            (not_worse("a", "b", by=1, because=WHY), "negative"),
            (above("a", 90, because=WHY), "positive"),
        ],
    )
    def test_which_is_which(self, claim: Claim, yes: str) -> None:
        other = {"positive": "negative", "negative": "positive"}[yes]
        for expect, sort in (("yes", yes), ("no", other)):
            assert sort_of(Control(claim, expect=expect, because=WHY), MEASURES["accuracy"]) == sort
        lower = sort_of(Control(claim, expect="yes", because=WHY), MEASURES["loss"])
        assert lower == (other if claim.right is None else yes)  # of a loss, a high one is nothing to see


def test_measures_of_which_less_is_better_pass_too() -> None:
    def two(rep: Replicate) -> dict[str, Any]:
        return {name: loss(network) for name, network in arms(rep).items()}

    claim = not_worse("a", "b", by=0.1, unit="nats", because=WHY, sd=0.08)
    controls = [
        Control(exceeds("a", "c", by=0.1, unit="nats", because=WHY), expect="yes", because=WHY),
        Control(same("a", "b", within=1, unit="nats", because=WHY), expect="yes", because=WHY),
    ]
    assert failed(check_gates(resolved(asking([claim], arms=two, controls=controls)))) == []


def test_accuracies_may_be_named_as_such() -> None:
    def two(rep: Replicate) -> dict[str, Any]:
        return {name: accuracy(network) for name, network in arms(rep).items()}

    assert failed(check_gates(resolved(asking(arms=two)))) == []


def test_copies_of_one_network_are_no_replicates() -> None:
    found = checked(asking(arms=lambda rep: arms(Replicate(7, rep.index))))[REPLICATES]
    assert not found.passed
    assert "has 1 different networks in 12 replicates" in found.message
    assert "seed=rep" in found.message
