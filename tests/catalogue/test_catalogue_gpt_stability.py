"""Stability of a language model: as `mode-connectivity`, in nats, on the split that is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whether import Answer, Lab
from whether.catalogue.gpt_stability import SDS, gpt_stability
from whether.errors import RequestError
from whether.history.facts import Point
from whether.plan import Asked, ask
from whether.question import Question
from whether.seeds import Seed


def asked(question: Question) -> Asked:
    return ask(question, seed=Seed(0), open_test=False)


def arm(found: Asked, name: str, replicate: int = 0) -> Any:
    return next(fact for item, fact in found.arms[replicate] if item.name == name)


def test_copies_part_at_the_step_and_lose_in_nats() -> None:
    (pair,) = arm(asked(gpt_stability(replicates=1)), "barrier at 100").parts
    begin = pair.other.trajectory.begin
    assert (pair.name, pair.options["points"]) == ("loss_barrier", 31)
    assert isinstance(begin, Point)
    assert (begin.trajectory.digest, begin.at) == (pair.state.trajectory.digest, 100)
    assert pair.state.trajectory.order != pair.other.trajectory.order
    assert {claim.unit for claim in gpt_stability().every_claim} == {"nats"}


@pytest.mark.parametrize("split", ["train", "validation"])
def test_everything_is_measured_on_the_split_that_is_named(split: str) -> None:
    found = asked(gpt_stability(replicates=1, split=split))
    facts = [fact for _, fact in found.arms[0]]
    assert {part.split for fact in facts for part in (fact.parts or (fact,))} == {split}


def test_the_latest_is_asked_first_and_spreads_are_those_of_the_setting() -> None:
    made = gpt_stability()
    assert [claim.left for claim in made.claims] == [f"barrier at {k}" for k in (300, 200, 100, 50, 0)]
    assert made.hold_to == 2
    assert [claim.sd for claim in made.claims] == list(SDS.values())
    assert {claim.sd for claim in gpt_stability(split="validation").claims} == {None}


def test_the_preset_is_of_text() -> None:
    made = gpt_stability(preset="tiny-shakespeare", replicates=1)
    fact = arm(asked(made), "barrier at 500").parts[0]
    assert fact.state.model.name == "gpt-4-128"
    assert (fact.split, fact.data_name.name, fact.state.at) == ("validation", "tiny-shakespeare", 5000)
    assert fact.state.trajectory.training.clip == 1.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"split": "training"}, "split is 'training'; expected 'train'"),
        ({"stable_from": "70it"}, "expected one of the steps in after: 0it, 50it"),
        ({"model": "mlp-8"}, "mlp-8"),
        ({"training": "sum"}, "sums"),
    ],
)
def test_what_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        asked(gpt_stability(replicates=1, **given))


def by_arm(answer: Answer) -> dict[str, list[float]]:
    return {name: list(rows["value"]) for name, rows in answer.runs.groupby("arm")}


def test_a_tiny_one_is_answered(tmp_path: Path) -> None:
    made = gpt_stability(
        model="gpt-1-8", after=["0it", "10it"], stable_from="10it", steps="30it", points=3, replicates=2
    )
    values = by_arm(Lab(tmp_path).run(made))
    assert all(value >= 0 for name in ("barrier at 0", "two beginnings") for value in values[name])
    assert max(values["rounding twins"]) < 1e-4 < min(values["two beginnings"])
