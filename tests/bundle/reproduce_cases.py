"""Answers to be made again, from plain numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from whether.answer import Answer, Column, Run
from whether.conclude import conclude
from whether.question import Question


def name_of(*parts: object) -> str:
    """A digest as the lab gives one."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def answered(claims: Sequence[Any], arms: Mapping[str, Sequence[float]], **fields: Any) -> Answer:
    """The answer to claims about arms, each with one value a replicate.

    Args:
        claims: of the question.
        arms: their values; None stands for a run that diverged, and counts as 10.
        fields: of the question; `meaning` says what the numbers mean.
    """
    meaning = {"unit": "points", "better": "higher", "share": False, "resolution": 0.1, "worst": 10.0} | fields.pop(
        "meaning", {}
    )
    columns = [
        Column(
            arm=arm,
            family=arm,
            x=None,
            split="validation",
            measure="accuracy",
            runs=[_run(arm, index, value) for index, value in enumerate(values)],
            **meaning,
        )
        for arm, values in arms.items()
    ]
    question = Question(lambda rep: {}, claims=claims, if_yes="Believe it.", if_no="Do not.", **fields)
    question = replace(question, name="signs", text="Do signs matter?")
    if not question.looks:
        question = replace(question, replicates=max(len(column.runs) for column in columns))
    facts: dict[str, Any] = {"digest": name_of("signs"), "grade": "exploratory", "split": "validation", "data": {}}
    return conclude(question, columns, **facts)


def _run(arm: str, index: int, value: float | None) -> Run:
    return Run(
        arm=arm,
        family=arm,
        x=None,
        replicate=index,
        seed=name_of("seed", index)[:16],
        value=10.0 if value is None else value,
        outcome="done" if value is not None else "diverged",
        note="",
        measure=name_of("measure", arm, index),
        state=name_of("state", arm, index),
        steps=400,
    )


def again(answer: Answer, values: Mapping[str, Sequence[float | None]]) -> list[Run]:
    """The first runs of arms made again, with other values."""
    originals = {(run.arm, run.replicate): run for run in answer.table}
    return [
        replace(
            originals[arm, index],
            value=10.0 if value is None else value,
            outcome="done" if value is not None else "diverged",
        )
        for arm, given in values.items()
        for index, value in enumerate(given)
    ]
