"""Whoever changes one file of the evidence flips the fields that rest on it, and the sheet's mark; no other field."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from cover_labs import flip, folder_of, record_of, rewrite_record, the_answer, write
from sheets import blank, faults

from whether import Lab
from whether.cover.filled import RESTS_ON, fill
from whether.cover.filled_evidence import ANSWER, ENVIRONMENT, LEDGER, RECORDS
from whether.cover.sheet import CANNOT, Sheet

Damage = Callable[[Lab], None]
EVERY = {
    *("identifier", "version", "date", "digest", "question", "if_yes", "if_no", "verdict", "effect", "grade"),
    *("registration", "deviations", "rule", "runs", "variation", "checks", "data", "baselines", "compute", "code"),
    "command",
}
"""All that is computed for an answer that nobody has made again."""


def resting_on(*concerns: str) -> set[str]:
    return {name for name in EVERY if set(RESTS_ON.get(name, (ANSWER,))) & set(concerns)}


def flipped(sheet: Sheet) -> set[str]:
    return {name for name, said in sheet.fields.items() if said.state == CANNOT}


def edit_answer(old: str, new: str) -> Damage:
    def damage(lab: Lab) -> None:
        path = folder_of(lab) / "answer.json"
        text = path.read_text()
        assert old in text
        write(path, text.replace(old, new, 1).encode())

    return damage


def first_measure(lab: Lab) -> str:
    return the_answer(lab).table[0].measure


def first_state(lab: Lab) -> str:
    return the_answer(lab).table[0].state


def drop(of: Callable[[Lab], str]) -> Damage:
    return lambda lab: record_of(lab, of(lab)).unlink()


def entry(number: int) -> Damage:
    return lambda lab: flip(lab.root / "ledger" / f"{number:08d}.json")


def other_number(lab: Lab) -> None:
    rewrite_record(lab, first_measure(lab), lambda said: said.update(value=99.0))


def profile(lab: Lab) -> None:
    (path,) = (lab.root / "profiles").glob("*.json")
    flip(path)


NUMBERS = resting_on("numbers", "runs")
CASES: dict[str, tuple[Damage, set[str], str]] = {
    "the verdict in answer.json": (edit_answer('"verdict": "yes"', '"verdict": "no"'), EVERY, "not the answer that"),
    "a circumstance in answer.json": (edit_answer('"lab": ', '"lap": '), EVERY, "not the answer that the ledger"),
    "the record of a run": (lambda lab: flip(record_of(lab, first_measure(lab))), resting_on(RECORDS), "records/"),
    "the record of a network": (lambda lab: flip(record_of(lab, first_state(lab))), resting_on(RECORDS), "records/"),
    "a record that is gone": (drop(first_measure), resting_on(RECORDS), "has no record"),
    "a network's record that is gone": (drop(first_state), resting_on(RECORDS), "has no record here"),
    "another number, sealed anew": (other_number, NUMBERS, "its record says 99.0"),
    "the registration": (entry(0), resting_on(LEDGER, "registration"), "Entry 0 of the ledger was altered"),
    "a look": (entry(1), resting_on(LEDGER, "looks"), "Entry 1 of the ledger was altered"),
    "the entry of the answer": (entry(2), EVERY, "Entry 2 of the ledger was altered"),
    "the environment": (lambda lab: flip(folder_of(lab) / "environment.txt"), resting_on(ENVIRONMENT), "environment"),
    "an environment that is gone": (
        lambda lab: (folder_of(lab) / "environment.txt").unlink(),
        resting_on(ENVIRONMENT),
        "is missing",
    ),
    "the profile of the machine": (profile, {"compute"}, "compute: "),
    "a profile that is gone": (lambda lab: shutil.rmtree(lab.root / "profiles"), {"compute"}, "compute: The profile"),
    "no ledger": (lambda lab: shutil.rmtree(lab.root / "ledger"), EVERY, "ledger"),
    "no records": (lambda lab: shutil.rmtree(lab.root / "records"), resting_on(RECORDS, "runs"), "has no record"),
}


@pytest.mark.parametrize("name", CASES)
def test_damage_flips_what_rests_on_it_and_nothing_else(stood: Lab, name: str) -> None:
    damage, fields, what = CASES[name]
    damage(stood)
    sheet = fill(stood.store, the_answer(stood))
    assert flipped(sheet) == fields
    assert sheet.mark == CANNOT
    assert faults(sheet) == blank(sheet) == []
    assert all(sheet.fields[field].note and sheet.fields[field].text for field in fields)
    assert any(what in problem for problem in sheet.problems)


def test_what_rests_on_what_is_as_it_was_thought() -> None:
    """Written out, so that an entry of the table that is lost is seen."""
    assert resting_on(ENVIRONMENT) == {"code"}
    assert resting_on(RECORDS) == {"verdict", "effect", "runs", "checks", "data", "compute"}
    assert {"verdict", "effect", "runs", "checks"} == NUMBERS
    assert resting_on(LEDGER) == {
        *("version", "date", "digest", "grade", "registration", "deviations", "rule", "runs", "data"),
    }


def test_an_answer_that_is_gone(stood: Lab) -> None:
    answer = the_answer(stood)
    (folder_of(stood) / "answer.json").unlink()
    sheet = fill(stood.store, answer)
    assert flipped(sheet) == EVERY
    assert any("does not stand any more" in problem for problem in sheet.problems)


def test_an_answer_that_is_another_than_the_one_that_stands(stood: Lab) -> None:
    sheet = fill(stood.store, replace(the_answer(stood), meaning="that which pleases"))
    assert flipped(sheet) == EVERY
    assert any("another answer than the one that is told of here" in problem for problem in sheet.problems)


def test_problems_are_listed_up_to_a_page(stood: Lab) -> None:
    answer = the_answer(stood)
    many = replace(answer, table=[*answer.table, *(replace(answer.table[0], replicate=n) for n in range(3, 40))])
    problems = fill(stood.store, many).problems
    assert len(problems) == 21
    assert problems[-1].endswith("more; `whether verify` lists them all.")


def test_states_are_not_read(stood: Lab) -> None:
    """A sheet rests on records; that it is quick is said in the guide, and that `whether verify` reads every byte."""
    for path in (stood.root / "states").glob("*/*"):
        flip(path)
    assert flipped(fill(stood.store, the_answer(stood))) == set()


def test_another_questions_damage_is_none_of_it(stood: Lab) -> None:
    record = json.loads(record_of(stood, first_measure(stood)).read_text())
    write(stood.root / "records" / "ab" / f"{'ab' * 32}.json", json.dumps(record).encode())
    assert flipped(fill(stood.store, the_answer(stood))) == set()
