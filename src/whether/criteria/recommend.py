"""The written rule: from the answers to the criteria to a recommendation, with its reasons.

Nothing goes into it but the answers; not the verdict, not interest, not confidence. Nothing is added up: every answer
leads to an outcome (`form.Rule`), and the worst of them is the recommendation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from whether.criteria.form import ORDER, Criterion, Form, Outcome
from whether.errors import RequestError
from whether.handwritten import nearest

HEADS: Mapping[Outcome, str] = {
    "accept": "",
    "accept_after_fixes": "To mend",
    "cannot_judge": "Missing",
    "reject": "Because",
}
"""What stands over the reasons that lead to an outcome."""
EVERY = "Every answer leads to an outcome, and the worst of these is the recommendation."
APART = "Neither the direction of the verdict, nor interest, nor confidence has a part in it."


@dataclass(frozen=True, kw_only=True)
class Reason:
    """An answer that leads away from "accept".

    Attributes:
        criterion, title: whose answer it is.
        answer: its label; "not scored" where there is none.
        anchor: what the answer says.
        outcome: where it leads.
        why: why it leads elsewhere than such answers do; empty where the rule has no exception.
    """

    criterion: str
    title: str
    answer: str
    anchor: str
    outcome: Outcome
    why: str = ""

    @property
    def sentence(self) -> str:
        """In one line, without the anchor."""
        return f"{self.criterion} {self.title}: {self.answer}{f' ({self.why})' if self.why else ''}."


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What follows from a review's answers.

    Attributes:
        outcome: the worst to which any answer leads.
        label, meaning: as the form calls it.
        fixes: what is to be mended.
        because: why it is rejected.
        missing: without what it cannot be judged; criteria that have no answer yet among them.
    """

    outcome: Outcome
    label: str
    meaning: str
    fixes: tuple[Reason, ...] = ()
    because: tuple[Reason, ...] = ()
    missing: tuple[Reason, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The recommendation and each of its reasons, those that decide first."""
        return (
            f"{self.label[:1].upper()}{self.label[1:]}. {self.meaning}",
            *(f"{HEADS[reason.outcome]}: {reason.sentence}" for reason in self.reasons),
        )

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All, those that decide first."""
        return (*self.because, *self.missing, *self.fixes)


def recommend(form: Form, scores: Mapping[str, str]) -> Recommendation:
    """What a form's rule makes of answers.

    A total function: any answers to any of the criteria lead to one recommendation, and a better answer never to a
    worse one.

    Args:
        form: whose rule it is.
        scores: criterion → answer. A criterion without one is missing, so that nobody can judge yet.

    Raises:
        RequestError: an unknown criterion or answer; all of them.

    Example:
        >>> from whether.criteria.form import load
        >>> form = load("short")
        >>> recommend(form, {"A": "yes", "W": "sound", "D": "sound", "F": "sound"}).label
        'accept'
        >>> print(*recommend(form, {"A": "yes", "W": "sound", "D": "not_supported"}).sentences, sep="\\n")
        Reject. A criterion fails that no revision of this work would mend.
        Because: D Design: not supported.
        Missing: F Follows: not scored.
    """
    if wrong := list(_unknown(form, scores)):
        raise RequestError(*wrong)
    reasons = [_reason(form, criterion, scores.get(criterion.id)) for criterion in form.criteria]
    outcome = max((reason.outcome for reason in reasons), key=ORDER.index, default=ORDER[0])
    found = {way: tuple(reason for reason in reasons if reason.outcome == way) for way in ORDER}
    return Recommendation(
        outcome=outcome,
        label=form.rule.labels[outcome],
        meaning=form.rule.meanings[outcome],
        fixes=found["accept_after_fixes"],
        because=found["reject"],
        missing=found["cannot_judge"],
    )


def explain(form: Form) -> str:
    """A form's rule for people, in lines without markup.

    Example:
        >>> from whether.criteria.form import load
        >>> print(explain(load("short")).splitlines()[0])
        Every answer leads to an outcome, and the worst of these is the recommendation. Nothing is added up.
    """
    ways: dict[Outcome, list[str]] = {outcome: [] for outcome in ORDER}
    kinds = {criterion.kind for criterion in form.criteria}
    for kind in [kind for kind in form.scales if kind in kinds]:
        for answer, outcome in form.rule.answers[kind].items():
            ways[outcome].append(form.scales[kind][answer].label)
    lines = [
        f"{EVERY} Nothing is added up.",
        "",
        *(_way(form, way, told) for way, told in ways.items() if told or _is_exception(form, way)),
        *exceptions(form),
        "",
        APART,
    ]
    return "\n".join(lines)


def asks_for(form: Form) -> str:
    """What a reviewer owes with an answer: the same on every page, in every file, and in the checks.

    Example:
        >>> from whether.criteria.form import load
        >>> asks_for(load("gate"))
        'An answer of yes or no may point to its evidence. A no needs a reason.'
    """
    kinds = {criterion.kind for criterion in form.criteria}
    scored, gate = "score" in kinds, "yes_no" in kinds
    said = ["Every score needs evidence, a pointer to where a reader can see that it is so."] * scored
    said += [f"An answer of yes or no may {'have one, too' if scored else 'point to its evidence'}."] * gate
    reason = "Every answer but sound and yes needs a reason." if gate else "Every answer but sound needs a reason."
    return " ".join([*said, reason if scored else "A no needs a reason."])


def _way(form: Form, way: Outcome, answers: list[str]) -> str:
    told = f"{' · '.join(answers)}. " if answers else ""
    return f"{form.rule.labels[way]}: {told}{form.rule.meanings[way]}"


def _is_exception(form: Form, way: Outcome) -> bool:
    return any(one.outcome == way for ways in form.rule.instead.values() for one in ways.values())


def exceptions(form: Form) -> list[str]:
    """The rule's exceptions, a sentence each."""
    return [
        f"But {name} {form.scale(form[name])[answer].label}: {form.rule.labels[way.outcome]}, since {way.why}."
        for name, ways in form.rule.instead.items()
        for answer, way in ways.items()
    ]


def _reason(form: Form, criterion: Criterion, answer: str | None) -> Reason:
    told = {"criterion": criterion.id, "title": criterion.title}
    if answer is None:
        return Reason(**told, answer="not scored", anchor="", outcome="cannot_judge")
    exception = form.rule.instead.get(criterion.id, {}).get(answer)
    return Reason(
        **told,
        answer=form.scale(criterion)[answer].label,
        anchor=criterion.anchors[answer],
        outcome=form.rule.outcome(criterion, answer),
        why=exception.why if exception else "",
    )


def _unknown(form: Form, scores: Mapping[str, str]) -> Iterator[str]:
    for name, answer in scores.items():
        if name not in form.ids:
            yield f"unknown criterion {name!r}{nearest(name, form.ids)}"
        elif answer not in form.scale(form[name]).ids:
            yield f"{name}: unknown answer {answer!r}{nearest(answer, form.scale(form[name]).ids)}"
