"""A review form in plain values: criteria with an anchor for every answer, texts, and the rule for a recommendation.

Forms are read from one TOML file a category (`files/`), or from a chair's edited copy of one. Everything else, pages,
exports, the checks of a filled review, is made of what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NAMES = ("gate", "science", "engineering", "artifact", "short")
"""The forms that come along: a category's name, "gate" for an annex, "short" for workshops."""

Stage = Literal["design", "result"]
Kind = Literal["score", "yes_no"]
Audience = Literal["authors", "chairs"]
Outcome = Literal["accept", "accept_after_fixes", "cannot_judge", "reject"]

ORDER: tuple[Outcome, ...] = ("accept", "accept_after_fixes", "cannot_judge", "reject")
"""Outcomes from the best to the worst; a recommendation is the worst that any criterion leads to."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One of the answers of a scale.

    Attributes:
        id: as files have it: "sound", "fixable", "not_supported", "cannot_tell"; "yes", "no".
        label: as people read it.
        meaning: in a sentence, the same for all criteria; each criterion's anchor says it for the matter at hand.
        rank: a higher one is better; for the rule, which never prefers a worse answer.
    """

    id: str
    label: str
    meaning: str
    rank: int


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Answers in the order in which they are shown."""

    kind: Kind
    answers: tuple[Answer, ...]

    def __getitem__(self, answer: str) -> Answer:
        return {one.id: one for one in self.answers}[answer]

    @property
    def ids(self) -> tuple[str, ...]:
        """The answers' ids, in order."""
        return tuple(one.id for one in self.answers)


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One criterion.

    Attributes:
        id: short, letters and digits: "S1".
        title: a few words.
        ask: what is asked, one sentence that ends in a question mark.
        kind: whose scale its answers are of.
        gate: whether it stands before every review; asked as yes or no.
        stage: "design": answered before the verdict is uncovered, where the form covers it; "result": after it.
        anchors: for each answer of its scale what must be the case, so that two reviewers agree.
        evidence: which pointer is wanted with the answer.
        look: fields of the cover sheet that speak of it (`whether.cover.fields`).
    """

    id: str
    title: str
    ask: str
    kind: Kind
    gate: bool
    stage: Stage
    anchors: Mapping[str, str]
    evidence: str
    look: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Text:
    """What a reviewer is asked for besides scores.

    Attributes:
        id: "summary", "advice", "confidence"; "interest", "conflicts", "note".
        audience: "authors": they read it, and the chairs do; "chairs": nobody else does.
        choices: where one of a few is chosen, each with its sentence; empty where text is written.
        needed: whether a review without it is incomplete.
        most: characters.
    """

    id: str
    title: str
    ask: str
    audience: Audience
    choices: Mapping[str, str] = field(default_factory=dict)
    needed: bool = True
    most: int = 5000


@dataclass(frozen=True, kw_only=True)
class Instead:
    """An exception of the rule: where an answer to one criterion leads, and why elsewhere than it otherwise would."""

    outcome: Outcome
    why: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """From scores to a recommendation: every answer leads to an outcome, and the worst of them stands.

    Attributes:
        labels, meanings: of each outcome, for people.
        answers: kind of scale → answer → outcome.
        instead: criterion → answer → what stands instead.
    """

    labels: Mapping[Outcome, str]
    meanings: Mapping[Outcome, str]
    answers: Mapping[Kind, Mapping[str, Outcome]]
    instead: Mapping[str, Mapping[str, Instead]]

    def outcome(self, criterion: Criterion, answer: str) -> Outcome:
        """Where one answer leads."""
        exception = self.instead.get(criterion.id, {}).get(answer)
        return exception.outcome if exception else self.answers[criterion.kind][answer]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A review form.

    Attributes:
        name: of the form; a review says it, with `version`, so that it is checked against the form it was filled in.
        question: what the category asks: "Is it so?".
        category: "science", "engineering" or "artifact"; empty for a form that serves any.
        covered: whether the verdict is covered until the criteria of stage "design" are answered.
        preamble: what a reviewer reads first, paragraphs.
        never: what is never a criterion, sentences.
        scales: by kind.
        criteria: in order, those of the gate first.
    """

    name: str
    title: str
    question: str
    category: str
    version: str
    covered: bool
    preamble: tuple[str, ...]
    never: tuple[str, ...]
    scales: Mapping[Kind, Scale]
    criteria: tuple[Criterion, ...]
    texts: tuple[Text, ...]
    rule: Rule

    def __getitem__(self, criterion: str) -> Criterion:
        return {one.id: one for one in self.criteria}[criterion]

    @property
    def ids(self) -> tuple[str, ...]:
        """The criteria's ids, in order."""
        return tuple(one.id for one in self.criteria)

    def scale(self, criterion: Criterion) -> Scale:
        """The answers that a criterion can have."""
        return self.scales[criterion.kind]

    def at(self, stage: Stage) -> tuple[Criterion, ...]:
        """The criteria that are answered before ("design") or after the verdict is uncovered; all after if none is."""
        if not self.covered:
            return self.criteria if stage == "result" else ()
        return tuple(one for one in self.criteria if one.stage == stage)


def load(name: str | Path) -> Form:
    """A form by its name, or from a file of somebody's own.

    Args:
        name: one of `NAMES`; or the path of a criteria file, which says all or only what differs (`include = "gate"`).

    Raises:
        RequestError: there is no such form or file, or the file is wrong: everything that is wrong with it.

    Example:
        >>> form = load("science")
        >>> form["S1"].title, form["S1"].stage, form.scale(form["S1"]).ids
        ('A question worth either answer', 'design', ('sound', 'fixable', 'not_supported', 'cannot_tell'))
        >>> [one.id for one in load("artifact").criteria if one.gate]
        ['A1', 'A2', 'A3', 'A4']
    """
    from whether.criteria.reading import packaged, read
    from whether.errors import RequestError, unknown

    if str(name) in NAMES:
        return read(packaged(str(name)), str(name))
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        raise unknown("category", name, NAMES, "A criteria file of your own is named by its path, such as mine.toml.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path}: cannot be read as a criteria file: {_told(error)}.") from None
    return read(text, str(name))


def _told(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror or error).lower()
