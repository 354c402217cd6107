"""Columns of numbers as a test writes them down, and the answer that they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from whether import Answer, Question
from whether.answer import Column, Run
from whether.conclude import conclude

WHY = "less is noise"
FACTS: dict[str, Any] = {"digest": "ab" * 32, "grade": "exploratory", "split": "validation", "data": {"name": "digits"}}


def column(name: str, values: Sequence[float], **changes: Any) -> Column:
    """An arm in points on 1,000 examples; `diverged` names the replicates that did."""
    diverged = changes.pop("diverged", ())
    said: dict[str, Any] = {"unit": "points", "better": "higher", "share": False, "resolution": 0.1} | changes
    runs = [
        Run(
            arm=name,
            family=name,
            x=None,
            replicate=place,
            seed=f"{place:016x}",
            value=value,
            outcome="diverged" if place in diverged else "done",
            note="",
            measure=f"{place:064x}",
            state=f"{place:064x}",
            steps=100,
        )
        for place, value in enumerate(values)
    ]
    return Column(arm=name, family=name, x=None, split="validation", measure="accuracy", runs=runs, **said)


def asking(claims: Sequence[Any], **changes: Any) -> Question:
    said: dict[str, Any] = {"if_yes": "this", "if_no": "that", "if_inconclusive": "who knows", "name": "q"}
    return Question(lambda rep: {}, claims=list(claims), **(said | changes))


def answered(
    question: Question, values: Mapping[str, Sequence[float]], facts: Mapping[str, Any] | None = None, **changes: Any
) -> Answer:
    """The answer from rows of values by arm; `changes` are of every column. Without looks it has as many replicates."""
    columns = [column(name, row, **changes) for name, row in values.items()]
    return conclude(sized(question, columns), columns, **(FACTS | dict(facts or {})))


def sized(question: Question, columns: Sequence[Column]) -> Question:
    """A question without looks, with as many replicates as there are runs."""
    return question if question.looks else replace(question, replicates=max(len(column.runs) for column in columns))
