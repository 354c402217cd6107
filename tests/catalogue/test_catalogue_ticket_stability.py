"""Stability and tickets: one change to search, tickets and dense network alike, and the gap between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.catalogue.ticket_stability import SD, gap, ticket_stability
from whether.errors import RequestError
from whether.history.facts import Start
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed

COURSES = ("usual", "lower rate", "warm-up")


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def fact(found: Asked, name: str) -> Any:
    return next(fact for item, fact in found.arms[0] if item.name == name)


def state(found: Asked, name: str) -> Any:
    return fact(found, name).state


class TestArms:
    def test_the_courses_differ_in_the_rate_or_the_warm_up_alone(self) -> None:
        found = asked(ticket_stability(replicates=1, low=0.3))
        usual, lower, warm = (state(found, f"dense, {name}").trajectory for name in COURSES)
        plain, low, slow = (dict(item.training.plain()) for item in (usual, lower, warm))
        assert {key for key in plain if plain[key] != low[key]} == {"optimizer"}
        assert low["optimizer"]["lr"] == pytest.approx(0.3 * plain["optimizer"]["lr"])
        assert {key for key in plain if plain[key] != slow[key]} == {"schedule"}
        assert slow["schedule"] == {**plain["schedule"], "warmup": 100}
        assert len({item.begin.digest for item in (usual, lower, warm)}) == 1
        assert len({item.order for item in (usual, lower, warm)}) == 1

    @pytest.mark.parametrize("name", COURSES)
    def test_tickets_are_found_and_trained_by_the_course_itself(self, name: str) -> None:
        found = asked(ticket_stability(replicates=1, low=0.3))
        dense, first, second = (
            state(found, f"{arm}") for arm in (f"dense, {name}", f"ticket, {name} at 60", f"ticket, {name} at 36")
        )
        assert isinstance(first.trajectory.begin.origin, Start)
        assert first.trajectory.training.digest == dense.trajectory.training.digest
        assert first.trajectory.begin.worn.state.digest == dense.digest
        assert second.trajectory.begin.worn.state.digest == first.digest

    @pytest.mark.parametrize("name", COURSES)
    def test_a_gap_is_of_the_two_in_its_course(self, name: str) -> None:
        found = asked(ticket_stability(replicates=1, low=0.3))
        parts = [part.state.digest for part in fact(found, f"gap, {name}").parts]
        assert parts == [state(found, f"{arm}").digest for arm in (f"dense, {name}", f"ticket, {name} at 7.78")]

    def test_barriers_are_between_dense_copies_that_part_at_the_beginning(self) -> None:
        found = asked(ticket_stability(replicates=1, low=0.3))
        (part,) = fact(found, "barrier, warm-up").parts
        assert part.state.digest == state(found, "dense, warm-up").digest
        assert part.other.trajectory.begin.digest == part.state.trajectory.begin.digest
        assert part.other.trajectory.order != part.state.trajectory.order


def test_a_gap_is_what_the_ticket_lacks() -> None:
    assert gap({"dense": 97.5, "ticket": 95.0}) == 2.5
    assert gap({"ticket": 98.0, "dense": 97.5}) == -0.5


class TestTheQuestion:
    def test_a_narrower_gap_is_better(self) -> None:
        made = ticket_stability()
        assert [claim.names for claim in made.claims] == [("gap, warm-up", "gap, usual")]
        kinds = {item.name: item.measure.kind for item, _ in asked(ticket_stability(replicates=1, low=0.3)).arms[0]}
        assert (kinds["gap, usual"].better, kinds["gap, usual"].unit) == ("lower", "points")
        assert [item.expect for item in made.controls] == ["no", "yes", "yes", "yes"]
        assert not made.published
        assert not any("lower rate" in name for claim in made.every_claim for name in claim.names)

    def test_the_spread_is_stated_where_it_was_measured_only(self) -> None:
        assert ticket_stability(s=0.5, replicates=5).claims[0].sd == SD
        for given in ({"warmup": "10%"}, {"model": "mlp-100"}, {"lr": 0.01}, {"density": 0.13}, {"warmed": 0.5}):
            assert ticket_stability(**given).claims[0].sd is None, given

    def test_the_paper(self, shared_data: Callable[[str], Path]) -> None:
        shared_data("cifar10")
        made = ticket_stability(preset="paper", replicates=1)
        found = asked(made)
        usual, lower, warm = (state(found, f"ticket, {name} at 16.8").trajectory.training for name in COURSES)
        assert (usual.total, usual.batch) == (160 * usual.per_epoch, 128)
        assert [item.optimizer["lr"] for item in (usual, lower, warm)] == pytest.approx([0.1, 0.01, 0.03])
        assert [item.schedule.get("warmup") for item in (usual, lower, warm)] == [None, None, 30_000]
        assert {item.arm: item.value for item in made.published} == {"gap, lower rate": 0.2, "gap, warm-up": 0.2}

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"low": 1.5}, r"low is 1\.5; expected a number in \(0, 1\)"),
            ({"warmup": "0it"}, "warmup is '0it'; expected more than an iteration, less than training"),
            ({"warmup": "401it"}, "warmup is '401it'; expected more than an iteration"),
            ({"warmup": 100}, "100, a bare number"),
            ({"training": "papers"}, "unknown training 'papers'; did you mean 'paper'"),
            ({"density": 0.5}, r"no round leaves a density of 0\.5"),
            ({"warmed": -1}, "adam: lr is -"),
            ({"s": 0}, "has the size 0"),
        ],
    )
    def test_options_that_are_refused(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            ticket_stability(**given)


def test_a_tiny_one_from_end_to_end(tmp_path: Path) -> None:
    made = ticket_stability(model="mlp-12", rounds=2, density=0.36, steps="40it", low=0.3, replicates=2)
    answer = Lab(tmp_path / "lab").run(made)
    assert answer.verdict in ("yes", "no", "inconclusive")
    values = answer.runs.set_index(["arm", "replicate"])["value"]
    for name in COURSES:
        apart = values[f"dense, {name}", 0] - values[f"ticket, {name} at 36", 0]
        assert values[f"gap, {name}", 0] == pytest.approx(apart)
