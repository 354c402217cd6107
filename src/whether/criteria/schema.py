"""What may stand in a criteria file: its tables, types and limits. Imports pydantic; import it where it is used."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from whether.criteria.form import Audience, Kind, Outcome, Stage
from whether.handwritten import one_line

MOST_ANSWERS = 26
"""Places of review letter them from A to Z."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,23}$")]
CriterionId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,7}$")]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(one_line)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=800), AfterValidator(one_line)]

Several = Annotated[tuple[Prose, ...], BeforeValidator(lambda said: tuple(said) if isinstance(said, list) else said)]
Words = Annotated[tuple[str, ...], BeforeValidator(lambda said: tuple(said) if isinstance(said, list) else said)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)


class AnswerTable(_Table):
    """An answer of a scale."""

    label: Phrase
    meaning: Prose
    rank: StrictInt


class CriterionTable(_Table):
    """A criterion."""

    title: Phrase
    ask: Prose
    kind: Kind = "score"
    gate: StrictBool = False
    stage: Stage
    look: Words = ()
    evidence: Prose
    anchors: dict[Id, Prose]


class TextTable(_Table):
    """What is asked besides scores."""

    title: Phrase
    ask: Prose
    audience: Audience
    choices: Annotated[dict[Id, Prose], Field(max_length=MOST_ANSWERS)] = {}
    needed: StrictBool = True
    most: Annotated[StrictInt, Field(ge=20, le=200_000)] = 5000


class OutcomeTable(_Table):
    """How an outcome is called."""

    label: Phrase
    meaning: Prose


class InsteadTable(_Table):
    """An exception of the rule."""

    outcome: Outcome
    why: Prose


class RuleTable(_Table):
    """The rule."""

    outcomes: dict[Outcome, OutcomeTable]
    answers: dict[Kind, dict[Id, Outcome]]
    instead: dict[str, dict[Id, InsteadTable]] = {}


class File(_Table):
    """A whole file, after what it includes was put in."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    title: Phrase
    question: Prose
    category: str = ""
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,19}$")]
    covered: StrictBool = False
    preamble: Several
    never: Several
    scales: dict[Kind, Annotated[dict[Id, AnswerTable], Field(max_length=MOST_ANSWERS)]]
    criteria: dict[CriterionId, CriterionTable]
    texts: dict[Id, TextTable]
    rule: RuleTable
