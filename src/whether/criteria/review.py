"""A filled review: read from TOML or from the JSON that a static form saves, checked, and written.

What authors read (`scores`, `to_authors`) stands apart from what chairs alone read (`to_chairs`, who the reviewer is).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from whether.criteria.form import Form, load
from whether.criteria.recommend import Recommendation, recommend
from whether.errors import RequestError
from whether.handwritten import nearest, quoted, sentences, toml_or_json, without_mistakes

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
LARGEST = 4_000_000
"""Bytes beyond which a file is no review."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """An answer to a criterion.

    Attributes:
        answer: one of its scale: "sound".
        evidence: where a reader can see that it is so: a place in the paper, a field of the sheet, a command.
        reason: what to change, why it fails, or what is missing; empty only for "sound" and "yes".
    """

    answer: str
    evidence: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review, filled in.

    Attributes:
        form, version: of which form.
        paper: what is reviewed: its number at the venue, or its title.
        reviewer: seen by chairs only.
        design_scored, verdict_uncovered: when; None where the form covers nothing.
        scores: by criterion.
        to_authors, to_chairs: texts and choices, by their ids in the form.
    """

    format: int = FORMAT
    form: str
    version: str
    paper: str
    reviewer: str = ""
    design_scored: datetime | None = None
    verdict_uncovered: datetime | None = None
    scores: Mapping[str, Score]
    to_authors: Mapping[str, str] = field(default_factory=dict)
    to_chairs: Mapping[str, str] = field(default_factory=dict)

    @property
    def answers(self) -> dict[str, str]:
        """Criterion → answer."""
        return {name: score.answer for name, score in self.scores.items()}

    def recommendation(self, form: Form) -> Recommendation:
        """What follows by the form's rule."""
        return recommend(form, self.answers)

    def plain(self) -> dict[str, Any]:
        """In plain values, as it is written."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        times = {name: value.isoformat() for name, value in said.items() if isinstance(value, datetime)}
        return said | times | {"scores": {name: dict(vars(score)) for name, score in self.scores.items()}}

    def to_json(self) -> str:
        """As the static form saves it."""
        return json.dumps(self.plain(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def to_toml(self) -> str:
        """As `blank` writes it, filled in."""
        tables = {name: value for name, value in self.plain().items() if isinstance(value, Mapping)}
        lines = [_line(name, value) for name, value in self.plain().items() if name not in tables]
        for name, score in tables.pop("scores").items():
            lines += ["", f"[scores.{name}]", *(_line(key, said) for key, said in score.items())]
        for table, texts in tables.items():
            lines += ["", f"[{table}]", *(_line(key, said) for key, said in texts.items())]
        return "\n".join(lines) + "\n"


def for_authors(review: Review) -> Review:
    """The review as its authors read it: without what is for chairs only.

    Example:
        >>> told = Review(form="short", version="1", paper="7", reviewer="R. Eader", scores={}, to_chairs={"note": "!"})
        >>> for_authors(told).reviewer, for_authors(told).to_chairs
        ('', {})
    """
    return replace(review, reviewer="", to_chairs={})


def is_review(text: str) -> bool:
    """Whether a file looks like a review, and not like a criteria file; what is neither is read as a review."""
    try:
        said = _parsed(text, "")
    except RequestError:
        return True
    return not isinstance(said.get("criteria"), dict)


def read_review(text: str, file: str, form: Form | str | Path | None = None) -> tuple[Review, Form]:
    """A review, checked against its form.

    Args:
        text: TOML, or JSON.
        file: how its user calls it, for messages.
        form: the form, or its name or file; by default the one that the review names.

    Returns:
        The review, and its form.

    Raises:
        RequestError: with everything that is wrong.
    """
    from pydantic import ValidationError

    from whether.criteria.review_checks import mistakes
    from whether.criteria.review_schema import ReviewFile

    said = _parsed(text, file)
    problems: list[str] = []
    doubtful: set[str] = set()
    try:
        told = ReviewFile(**said)
    except ValidationError as error:
        problems += sentences(error, ReviewFile, file)
        doubtful = {str(part) for item in error.errors() for part in item["loc"]}
        told = ReviewFile(**without_mistakes(said, error, {"form": "", "version": "", "paper": "", "scores": {}}))
    known = form if isinstance(form, Form) else _its_form(told.form, form, file, problems)
    review = Review(
        **told.model_dump(exclude={"scores"}),
        scores={name: Score(**score.model_dump()) for name, score in told.scores.items()},
    )
    problems += [f"{file}: {problem.rstrip('.')}." for problem in mistakes(review, known, doubtful)]
    if problems:
        raise RequestError(*problems)
    return review, known


def _its_form(named: str, given: str | Path | None, file: str, problems: list[str]) -> Form:
    from whether.criteria.form import NAMES

    if given is not None:
        return load(given)
    if named not in NAMES:
        said = f"form is {named!r}{nearest(named, NAMES)}" if named else "form says which form was filled in."
        raise RequestError(*problems, f"{file}: {said} A form of your own is named beside it: --form mine.toml.")
    return load(named)


def _parsed(text: str, file: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        raise RequestError(f"{file}: {len(text):,} characters are more than any review has.")
    return toml_or_json(text, file)


def _line(name: str, value: Any) -> str:
    return f"{name} = {value if isinstance(value, int) else quoted(str(value))}"
