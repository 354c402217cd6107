"""Fragments for notebooks: what they show, that they are escaped and need nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
from report_answers import MAKERS
from report_cases import HOSTILE, asked

from whether.answer import Answer
from whether.question import Control, exceeds, ordered
from whether.report.notebook import answer_html, plan_html, question_html


@dataclass(frozen=True)
class Course:
    label: str
    stored: bool = False
    model: str = "mlp-300-100"
    data: str = "digits"
    begin: int = 0
    end: int = 400
    steps: int = 400
    wanted_by: int = 3


@dataclass(frozen=True)
class Plan:
    trajectories: list[Course]
    steps_to_train: int = 1200
    questions: tuple[str, ...] = ("lottery-ticket", "xor")
    replicates: int = 8
    arms: int = 20
    measures: int = 160
    measures_stored: int = 0
    steps_alone: int = 9000
    steps_unique: int = 3000
    steps_stored: int = 1800
    width: int = 16


def assert_inert(fragment: str) -> None:
    assert re.findall(r"<(script|style|link|img|iframe)", fragment) == []
    assert re.findall(r"\son\w+=", fragment) == []
    assert "class=" not in fragment


@pytest.mark.parametrize("name", MAKERS)
def test_an_answer_shows_verdict_claims_and_a_figure(name: str, answers: dict[str, Answer]) -> None:
    fragment = answer_html(answers[name])
    assert_inert(fragment)
    assert fragment.index("</strong>") > fragment.index(
        {"yes": "Yes", "no": "No"}.get(answers[name].verdict, "Inconclusive")
    )
    assert fragment.count("<svg") == 1
    assert fragment.count("<tr>") == 1 + len(answers[name].claims)
    assert len(fragment.encode()) < 60_000


def test_an_answer_is_shown_by_a_notebook(answers: dict[str, Answer]) -> None:
    assert answers["xor"]._repr_html_() == answer_html(answers["xor"])
    assert "48 points" in answer_html(answers["xor"])


def test_figures_of_two_answers_do_not_share_names(answers: dict[str, Answer]) -> None:
    other = replace(answers["xor"], digest="0" * 64)
    names = [set(re.findall(r'id="([^"]+)"', answer_html(answer))) for answer in (answers["xor"], other)]
    assert names[0]
    assert names[0].isdisjoint(names[1])


def test_a_question_shows_what_either_answer_would_mean() -> None:
    made = asked(
        [exceeds("a", "b", by=2.0, because="less is noise")],
        name="q",
        text=HOSTILE,
        if_yes="Then do it.",
        if_no="Then do not.",
        secondary=[ordered(exceeds("c", "d", by=1.0, because="x"), exceeds("e", "f", by=1.0, because="x"))],
        controls=[Control(claim=exceeds("b", "z", by=1.0, because="x"), expect="no", because="they are equal")],
        options={"width": 20},
    )
    fragment = question_html(made)
    assert_inert(fragment)
    told = [
        "a exceeds b by more than 2 points",
        "less is noise",
        "Then do it.",
        "Then do not.",
        "width=20",
        "they are equal",
    ]
    told += ["2 steps in order, from “c exceeds d by more than 1 point” to “e exceeds f"]
    assert [said for said in told if said not in fragment] == []
    assert "&lt;script&gt;" in fragment


def test_a_plan_shows_what_is_shared_and_what_is_left() -> None:
    plan = Plan([Course("ticket", stored=True), Course("dense"), Course("dense"), Course(HOSTILE)])
    fragment = plan_html(plan)
    assert_inert(fragment)
    told = ["1,200 steps to train", "lottery-ticket, xor", "3,000 steps: 3.0 times less", "1,800 steps", "up to 16"]
    assert [said for said in told if said not in fragment] == []
    rows = re.findall(r'font-weight:400">(\d+)</th><td[^>]*>(\w+)', fragment)
    assert rows == [("2", "dense"), ("1", "ticket")]
    assert "stored</td>" in fragment


def test_a_plan_with_nothing_to_do_says_so() -> None:
    fragment = plan_html(Plan([], steps_to_train=0, steps_unique=0))
    assert "Nothing to train" in fragment
    assert "Trajectories" not in fragment


def test_many_kinds_of_trajectories_are_counted() -> None:
    assert "and 3 more kinds" in plan_html(Plan([Course(f"kind {index}") for index in range(15)]))
