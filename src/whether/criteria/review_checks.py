"""What is wrong with a review, seen against its form: sentences that say what would be right."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from whether.criteria.form import Audience, Criterion, Form, Text
from whether.criteria.review import FORMAT, Review, Score
from whether.handwritten import nearest, shown
from whether.report.numbers import listed

WANTED = {
    "fixable": "say what would mend it, so exactly that somebody else can check that it was done",
    "not_supported": "say what fails",
    "cannot_tell": "name what is missing",
    "no": "say where it does not hold",
}
_VAGUE = (
    "n/a na none nothing no yes tbd todo see the above paper text manuscript whole all everywhere everything throughout"
)
NOWHERE = frozenset(_VAGUE.split())
"""Words that point to no place; an evidence pointer of nothing else is none."""


def mistakes(review: Review, form: Form, doubtful: Collection[str] = ()) -> Iterator[str]:
    """Everything that is wrong.

    Args:
        review: as it was read.
        form: that it should fit.
        doubtful: names whose entries were wrong already, of which nothing more is said.
    """
    yield from _of_the_form(review, form, doubtful)
    for name in review.scores:
        if name not in form.ids:
            yield f"scores.{shown(name)} is no criterion of the form {form.name}{nearest(name, form.ids)}"
    unscored = [one.id for one in form.criteria if not _has_answer(review, one) and one.id not in doubtful]
    if unscored:
        yield f"no answer to {listed(unscored)}; expected one of {_scales(form, unscored)}"
    for one in form.criteria:
        if _has_answer(review, one) and one.id not in doubtful:
            yield from _of_a_score(form, one, review.scores[one.id])
    for text in form.texts:
        if text.id not in doubtful:
            yield from _of_a_text(review, text)
    for table in ("to_authors", "to_chairs"):
        for name in getattr(review, table).keys() - {text.id for text in form.texts}:
            yield f"{table}.{shown(name)} is not asked for{nearest(name, [text.id for text in form.texts])}"
    if form.covered and not {"design_scored", "verdict_uncovered"} & {*doubtful}:
        yield from _of_the_order(review, form)


def is_pointer(text: str) -> bool:
    """Whether a text can lead to evidence: more than a word that points nowhere.

    Example:
        >>> is_pointer("Table 2"), is_pointer("see paper"), is_pointer("n/a."), is_pointer("§4")
        (True, False, False, True)
    """
    words = re.findall(r"[^\s,;:()]+", text.casefold())
    return any(word.strip(".!") not in NOWHERE and any(sign.isalnum() for sign in word) for word in words)


def _of_the_form(review: Review, form: Form, doubtful: Collection[str]) -> Iterator[str]:
    if review.format != FORMAT:
        yield f"format is {review.format}; expected {FORMAT}"
    if review.form and review.form != form.name:
        yield f"it was filled in with the form '{shown(review.form)}', not with '{form.name}'"
    elif review.version and review.version != form.version:
        yield (
            f"it was filled in with version {shown(review.version)} of the form {form.name}, which is now at version "
            f"{form.version}. Fill in a new one (`whether criteria form {form.name}`), or name the file of the old "
            "form: --form"
        )
    if not review.paper.strip() and "paper" not in doubtful:
        yield "paper is empty; say what is reviewed: its number at the venue, or its title"


def _has_answer(review: Review, criterion: Criterion) -> bool:
    return criterion.id in review.scores and review.scores[criterion.id].answer != ""


def _of_a_score(form: Form, criterion: Criterion, score: Score) -> Iterator[str]:
    scale, what = form.scale(criterion), f"{criterion.id} {criterion.title}"
    if score.answer not in scale.ids:
        yield f"{what}: '{shown(score.answer)}' is no answer{nearest(score.answer, scale.ids)}"
        return
    answer = scale[score.answer]
    if criterion.kind == "score" and not is_pointer(score.evidence):
        vague = f"its evidence, '{shown(score.evidence)}', points to no place"
        got = vague if score.evidence else f"scored “{answer.label}” without evidence"
        yield f"{what}: {got}. Wanted: {_small(criterion.evidence)}"
    if answer.rank < max(one.rank for one in scale.answers) and not score.reason.strip():
        yield f"{what}: “{answer.label}” without a reason; {WANTED.get(answer.id, 'say why')}"


def _of_a_text(review: Review, text: Text) -> Iterator[str]:
    tables: dict[Audience, str] = {"authors": "to_authors", "chairs": "to_chairs"}
    other = tables["chairs" if text.audience == "authors" else "authors"]
    said = getattr(review, tables[text.audience]).get(text.id, "")
    if text.id in getattr(review, other):
        seen = "for chairs only" if text.audience == "chairs" else "for the authors, too"
        yield f"{other}.{text.id} is {seen}; it belongs under [{tables[text.audience]}]"
    elif not said and text.needed:
        yield f"{tables[text.audience]}.{text.id} is empty. {text.ask}{_choices(text)}"
    elif said and text.choices and said not in text.choices:
        yield f"{tables[text.audience]}.{text.id} is '{shown(said)}'{nearest(said, text.choices)}"
    elif len(said) > text.most:
        yield f"{tables[text.audience]}.{text.id} has {len(said):,} characters; there is room for {text.most:,}"


def _of_the_order(review: Review, form: Form) -> Iterator[str]:
    design = listed([one.id for one in form.at("design")])
    scored, uncovered = review.design_scored, review.verdict_uncovered
    if scored is None or uncovered is None:
        empty = [name for name in ("design_scored", "verdict_uncovered") if getattr(review, name) is None]
        yield (
            f"{listed(empty)} {'is' if len(empty) == 1 else 'are'} not told: {design} are scored before the verdict is "
            "uncovered, and the review says when each was, such as 2026-03-02T14:05:00Z"
        )
    elif scored > uncovered:
        yield (
            f"the verdict was uncovered ({uncovered.isoformat()}) before {design} were scored ({scored.isoformat()}). "
            "Such scores may follow the result; let somebody who has not seen it review the design"
        )


def _scales(form: Form, names: Collection[str]) -> str:
    kinds = dict.fromkeys(form[name].kind for name in names)
    return "; ".join(", ".join(form.scales[kind].ids) for kind in kinds)


def _choices(text: Text) -> str:
    return f" Expected {', '.join(text.choices)}" if text.choices else ""


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
