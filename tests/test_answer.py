"""An answer can be written down, read back and laid out as a table."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from by_hand import WHY, answered, asking
from whether import Answer, Control, above, exceeds, ordered
from whether.answer import FORMAT, ArmSummary, ClaimResult, ControlResult, LadderResult, Run

VALUES = {"a": [1.0, 2.0, 1.5], "b": [0.0, 0.5, 0.25]}


def answer(values: dict[str, list[float]] = VALUES) -> Answer:
    claim = exceeds("a", "b", by=0.5, because=WHY, if_no="nothing")
    question = asking(
        [claim],
        secondary=[above("a", 1, because=WHY), ordered(claim, above("b", 0, because=WHY))],
        controls=[Control(claim, expect="yes", because="known")],
        options={"density": 0.1, "model": None},
    )
    curves = {"a": {"step": [0, 10], "mean": [1.0, 2.0], "low": [None, 1.5], "high": [None, 2.5]}}
    facts = {
        "curves": curves,
        "checks": ["loss at the start"],
        "circumstances": {"seconds": 1.5},
        "ledger": {"count": 3},
    }
    return answered(question, values, facts)


def test_it_is_read_back_as_it_was() -> None:
    first = answer()
    assert Answer.from_json(first.to_json()) == first


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=1, max_size=5))
def test_whatever_its_numbers_are(pairs: list[tuple[float, float]]) -> None:
    first = answer({"a": [pair[0] for pair in pairs], "b": [pair[1] for pair in pairs]})
    assert Answer.from_json(first.to_json()) == first


def test_parts_come_back_with_their_types() -> None:
    back = Answer.from_json(answer().to_json())
    for part, kind in [
        (back.claims, ClaimResult),
        (back.secondary, ClaimResult),
        (back.ladders, LadderResult),
        (back.ladders[0].claims, ClaimResult),
        (back.controls, ControlResult),
        (back.arms, ArmSummary),
        (back.table, Run),
    ]:
        assert part
        assert all(isinstance(item, kind) for item in part)
    assert isinstance(back.controls[0].claim, ClaimResult)


def test_json_is_sorted_readable_and_plain() -> None:
    written = answer({"a": [1.0], "b": [0.0]}).to_json()
    said = json.loads(written, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert list(said) == sorted(said)
    assert written.endswith("}\n")
    assert said["format"] == FORMAT
    assert said["options"] == {"density": "0.1"}  # what was left open is not said
    assert said["claims"][0]["low"] is None


def test_runs_are_a_table() -> None:
    runs = answer().runs
    assert list(runs.columns) == [field.name for field in dataclasses.fields(Run)]
    assert len(runs) == 6
    assert runs.groupby("arm")["value"].mean().to_dict() == {"a": 1.5, "b": 0.25}
    assert set(runs["outcome"]) == {"done"}


def test_an_answer_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'verdict'"):
        answer().verdict = "no"  # type: ignore[misc]


def test_numbers_survive_to_the_bit() -> None:
    value = math.nextafter(0.1, 1)
    back = Answer.from_json(answer({"a": [value, 0.3], "b": [1 / 3, 2 / 3]}).to_json())
    assert [run.value for run in back.table] == [value, 0.3, 1 / 3, 2 / 3]
