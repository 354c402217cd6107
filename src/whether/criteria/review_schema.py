"""What may stand in the file of a filled review: tables and types. Imports pydantic; import it where it is used."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

NO_TIME = "expected a time with its zone, such as 2026-03-02T14:05:00Z"


def _folded(said: Any) -> Any:
    """ "Not supported" as people write it is not_supported."""
    return said.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(said, str) else said


def _time(said: Any) -> Any:
    if said == "":
        return None
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said.strip())
        except ValueError:
            raise ValueError(NO_TIME) from None
    if said is not None and (not isinstance(said, datetime) or said.tzinfo is None):
        raise ValueError(NO_TIME)
    return said


def _number(said: Any) -> Any:
    return str(said) if isinstance(said, int) and not isinstance(said, bool) else said


Time = Annotated[AwareDatetime | None, BeforeValidator(_time)]
Word = Annotated[str, BeforeValidator(_number), StringConstraints(strip_whitespace=True, max_length=400)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200_000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ScoreTable(_Table):
    """One score."""

    answer: Annotated[str, BeforeValidator(_folded)] = ""
    evidence: Prose = ""
    reason: Prose = ""


class ReviewFile(_Table):
    """A whole review."""

    format: int = 1
    form: Word
    version: Word
    paper: Word
    reviewer: Word = ""
    design_scored: Time = None
    verdict_uncovered: Time = None
    scores: dict[str, ScoreTable]
    to_authors: dict[str, Prose] = {}
    to_chairs: dict[str, Prose] = {}
