"""A criteria file becomes a Form, or everything that is wrong with it is told.

A file says all of it, or `include = "gate"` and what it adds: tables are laid over those of the gate's file, name by
name, so that a chair changes one sentence by writing one sentence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from whether.criteria.form import ORDER, Answer, Criterion, Form, Instead, Rule, Scale, Text
from whether.errors import RequestError
from whether.handwritten import nearest, sentences, toml

if TYPE_CHECKING:
    from whether.criteria.schema import File

WORSE_PREFERRED = "prefers a worse answer: {worse} leads to {to_worse} and {better} only to {to_better}"


def packaged(name: str) -> str:
    """The text of a criteria file that comes along."""
    from importlib.resources import files

    return files("whether.criteria").joinpath("files", f"{name}.toml").read_text(encoding="utf-8")


def read(text: str, file: str) -> Form:
    """A form from the text of its file.

    Args:
        text: TOML.
        file: how its user calls it, for messages.

    Raises:
        RequestError: with everything that is wrong.
    """
    from pydantic import ValidationError

    from whether.criteria.schema import File

    said = toml(text, file)
    try:
        told = File(**_whole(said, file))
    except ValidationError as error:
        raise RequestError(*sentences(error, File, file)) from None
    if wrong := [f"{file}: {problem.rstrip('.')}." for problem in _mistakes(told)]:
        raise RequestError(*wrong)
    return _form(told)


def _whole(said: dict[str, Any], file: str) -> dict[str, Any]:
    """A file laid over what it includes, without what it leaves out."""
    include = said.pop("include", None)
    if include is not None and include != "gate":
        raise RequestError(f'{file}: include is {include!r}; expected "gate", or nothing.')
    whole = _laid_over(toml(packaged("gate"), "gate"), said) if include else said
    omitted = whole.pop("leaves_out", [])
    for name in omitted if isinstance(omitted, list) else []:
        if str(name) not in whole.get("criteria", {}):
            raise RequestError(f"{file}: leaves_out names {name!r}{nearest(name, whole.get('criteria', {}))}")
        whole["criteria"].pop(str(name))
        whole.get("rule", {}).get("instead", {}).pop(str(name), None)
    return whole


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    made = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(made.get(name), dict)
        made[name] = _laid_over(made[name], value) if both else value
    return made


def _mistakes(told: File) -> Iterator[str]:
    """What no type can say: anchors for every answer, a rule for every answer, and one that is monotone."""
    from whether.cover.fields import CATEGORIES, FIELDS

    if told.category and told.category not in CATEGORIES:
        yield f"category is '{told.category}'{nearest(told.category, CATEGORIES)}"
    for name, one in told.criteria.items():
        answers = told.scales.get(one.kind, {})
        if not answers:
            yield f"criteria.{name} is of kind {one.kind}, but there is no table scales.{one.kind}"
        for answer in answers.keys() - one.anchors.keys():
            yield f"criteria.{name} has no anchor for '{answer}'"
        for answer in one.anchors.keys() - answers.keys():
            yield f"criteria.{name}.anchors.{answer} is no answer{nearest(answer, answers)}"
        for look in one.look:
            if look not in FIELDS:
                yield f"criteria.{name}.look names no field of the cover sheet: '{look}'{nearest(look, FIELDS)}"
    for kind, scale in told.scales.items():
        for answer in scale.keys() ^ told.rule.answers.get(kind, {}).keys():
            yield f"rule.answers.{kind} and scales.{kind} differ in '{answer}'"
    for name, ways in told.rule.instead.items():
        if name not in told.criteria:
            yield f"rule.instead.{name} is no criterion{nearest(name, told.criteria)}"
        else:
            known = told.scales.get(told.criteria[name].kind, {})
            yield from (
                f"rule.instead.{name}.{answer} is no answer{nearest(answer, known)}" for answer in ways.keys() - known
            )
    for outcome in ORDER:
        if outcome not in told.rule.outcomes:
            yield f"rule.outcomes has no table '{outcome}'"
    if told.covered and not any(one.stage == "design" and not one.gate for one in told.criteria.values()):
        yield "covered is true, but no criterion has the stage design: nothing would uncover the verdict"
    yield from _not_monotone(told)


def _not_monotone(told: File) -> Iterator[str]:
    for name, one in told.criteria.items():
        leads = dict(told.rule.answers.get(one.kind, {}))
        leads |= {answer: way.outcome for answer, way in told.rule.instead.get(name, {}).items()}
        ranked = sorted(told.scales.get(one.kind, {}).items(), key=lambda item: item[1].rank)
        for (worse, _), (better, _) in itertools.pairwise(ranked):
            if {worse, better} <= leads.keys() and ORDER.index(leads[better]) > ORDER.index(leads[worse]):
                ways = {"worse": worse, "better": better, "to_worse": leads[worse], "to_better": leads[better]}
                yield f"the rule for {name} {WORSE_PREFERRED.format(**ways)}"


def _form(told: File) -> Form:
    criteria = [Criterion(id=name, **one.model_dump()) for name, one in told.criteria.items()]
    instead = {
        name: {answer: Instead(outcome=way.outcome, why=way.why) for answer, way in ways.items()}
        for name, ways in told.rule.instead.items()
    }
    plain = told.model_dump(include={"name", "title", "question", "category", "version", "covered"})
    return Form(
        **plain,
        preamble=told.preamble,
        never=told.never,
        scales={kind: Scale(kind=kind, answers=_answers(scale)) for kind, scale in told.scales.items()},
        criteria=tuple(sorted(criteria, key=lambda one: not one.gate)),
        texts=tuple(Text(id=name, **one.model_dump()) for name, one in told.texts.items()),
        rule=Rule(
            labels={name: one.label for name, one in told.rule.outcomes.items()},
            meanings={name: one.meaning for name, one in told.rule.outcomes.items()},
            answers=told.rule.answers,
            instead=instead,
        ),
    )


def _answers(scale: Mapping[str, Any]) -> tuple[Answer, ...]:
    return tuple(Answer(id=name, **one.model_dump()) for name, one in scale.items())
