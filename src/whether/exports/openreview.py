"""A venue on OpenReview: submission fields, a review stage for each category, the decision form, the values of a sheet.

Plain JSON after the grammar of OpenReview's API 2, as its documentation ("Customizing forms", "Specifiers") and
openreview-py 2.9 have it: a field is `{order, description, value: {param: {type, …}}, readers}`. Nothing here imports
openreview-py: `setup_openreview.py`, which a chair runs, does.

OpenReview knows no conditions. A field that only some categories have is optional for all, and says whose it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from whether.cover.fields import CATEGORIES, FIELDS, Field
from whether.cover.sheet import Sheet
from whether.criteria.form import ORDER, Criterion, Form, Stage, Text
from whether.exports.asked import COVERED, UPLOADS, asked_fields, looking, only_of, room, text_of

Json: TypeAlias = dict[str, Any]
Forms: TypeAlias = Mapping[str, Form]
"""The form that each category of a venue is reviewed by."""

AUTHORS_AND_CHAIRS = ["{venue_id}", "{paper_authors_id}"]
"""Readers of a hidden submission field, in openreview-py's own placeholders; the script fills them in."""
REVIEWER_AND_CHAIRS = ["{program_chairs_id}", "${5/signatures}"]
"""Readers of a reply's field that only chairs and its writer see."""

EVIDENCE = 4000
"""Characters of the evidence for one score."""

_FIRST = 10
"""Additional fields follow those that OpenReview asks anyway, which are 1 to 7."""
_PATTERNS = {
    "digest": (r"^[0-9a-f]{64}$", "must be 64 digits and letters from a to f: a SHA-256"),
    "date": (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "must be year-month-day, as 2026-11-25"),
    "doi": (r"^\S+$", "must be a DOI or an address, without spaces"),
    "verdict": (r"^([Yy]es|[Nn]o|[Ii]nconclusive|\[cannot verify)[\s\S]*$", "must begin with yes, no or inconclusive"),
}
_LONG_FROM = 160
_CHILDREN: tuple[tuple[Stage, str], ...] = (("design", "Design_Review"), ("result", "Official_Review"))
_PDF: Json = {"type": "file", "maxSize": 50, "extensions": ["pdf"]}


def submission_fields(forms: Forms) -> Json:
    """What authors fill in beside title, authors, abstract and paper: the fields of the sheet, and the sheet itself.

    Fields that name the authors are read by authors and chairs only; where a form covers the verdict, those that may
    tell it are too, and the paper itself, until the category is unlocked.
    """
    categories = tuple(forms)
    hidden = {name for name, item in FIELDS.items() if item.names_authors} | set(covered_fields(forms))
    fields: Json = {}
    for name, item in asked_fields(categories).items():
        asked = item.ask if name == "category" else _asked(item, categories)
        fields[name] = {"description": asked, "value": {"param": _param(name, item, categories)}}
    for name, (label, extension, what) in UPLOADS.items():
        param = {"type": "file", "maxSize": 10, "extensions": [extension], "fieldName": label, **_OPTIONAL}
        fields[name] = {
            "description": f"{what} For double-blind reviewing, the blinded one.",
            "value": {"param": param},
        }
    for order, field in enumerate(fields.values(), start=_FIRST):
        field["order"] = order
    if "pdf" in hidden:
        fields["pdf"] = {"order": 7, "description": "The paper, a PDF.", "value": {"param": dict(_PDF)}}
    return {name: _hidden(field) if name in hidden else field for name, field in fields.items()}


def covered_fields(forms: Forms) -> tuple[str, ...]:
    """The submission fields that are hidden until their category is unlocked; none where no form covers the verdict."""
    covered = [category for category, form in forms.items() if form.covered]
    return (*(name for name in asked_fields(covered) if name in COVERED), *UPLOADS, "pdf") if covered else ()


def stages(forms: Forms) -> list[Json]:
    """The review stages, in the order in which they open.

    Returns:
        For each one: `name` of its invitation, `child` invitations of the submissions, the `category` of submissions
        that it is for (empty for all), whether it `opens` with the "design" or the "result", its `description`, and its
        `content`, the form.
    """
    alone = len({form.name for form in forms.values()}) == 1
    served = {"": next(iter(forms.values()))} if alone else forms
    made = [_stage(opens, child, category, form) for opens, child in _CHILDREN for category, form in served.items()]
    return [stage for stage in made if stage["content"]]


def review_content(form: Form, stage: Stage) -> Json:
    """The fields of one review form at one stage; empty when nothing is asked there.

    Every criterion is a choice whose options are its anchors, followed by the evidence for it, which must be given.
    """
    criteria = form.at(stage)
    pairs = [pair for one in criteria for pair in ((one.id, _score(form, one)), (f"{one.id}_evidence", _evidence(one)))]
    texts = [(_key(text), _text_field(text)) for text in form.texts] if stage == "result" or not form.covered else []
    content = dict(pairs + texts) if criteria else {}
    for order, field in enumerate(content.values(), start=1):
        field["order"] = order
    return content


def decision(forms: Forms) -> Json:
    """The decision form: `options`, the `accept_options` of them, and the `content` to add.

    The table of criteria is one text, as OpenReview has one decision form for all categories.
    """
    rules = [form.rule for form in forms.values()]
    options = list(dict.fromkeys(rule.labels[name] for name in ORDER for rule in rules if name in rule.labels))
    accepting = {label for rule in rules for name, label in rule.labels.items() if name.startswith("accept")}
    rows = {form.title: ", ".join(form.ids) for form in forms.values()}
    asked = "; ".join(f"{title}: {ids}" for title, ids in rows.items())
    content = {
        "criterion_table": _prose(
            "Criteria",
            "One row a criterion: its id, the judgement of the reviewers together, and the evidence that decides. "
            f"Every criterion of the submission's form has a row. {asked}.",
            20_000,
        ),
        "fixes": _prose(
            "Changes asked for",
            "What must be changed or supplied, so exactly that somebody else can check it.",
            20_000,
            needed=False,
        ),
        "for_chairs": {
            **_prose("For the chairs only", "Not read by authors or reviewers.", 10_000, needed=False),
            "readers": ["{program_chairs_id}"],
        },
    }
    for order, field in enumerate(content.values(), start=4):
        field["order"] = order
    return {"options": options, "accept_options": [one for one in options if one in accepting], "content": content}


def submission_values(sheet: Sheet, *, blind: bool = False) -> Json:
    """The content of a submission note, so that nothing is filled in twice.

    Authors are left to OpenReview, which takes them from their profiles; abstract and files to the author.

    Args:
        sheet: what to submit.
        blind: leave out everything that says who made it. Not needed where the venue's fields hide it themselves.

    Example:
        >>> from whether.cover.sheet import Said
        >>> said = {"question": Said(state="declared", text="Do tickets match?", pointer="paper.pdf")}
        >>> submission_values(Sheet(category="science", fields=said))
        {'category': {'value': 'science'}, 'question': {'value': 'Do tickets match?\\n[declared: paper.pdf]'}}
    """
    shown = sheet.blind() if blind else sheet
    title = shown.fields.get("title")
    texts = {"title": " ".join(title.text.split()) if title else ""}
    texts |= {name: text_of(shown, name) for name in asked_fields([shown.category])}
    return {name: {"value": text} for name, text in texts.items() if text}


def files(forms: Forms) -> dict[str, str]:
    """Everything that a chair needs, by file name: the forms, the script that sets them up, the steps to take."""
    from importlib.resources import files as resources

    from whether.exports.steps import openreview_steps

    made = stages(forms)
    decided = decision(forms)
    forms_of = {f"{stage['name'].lower().replace('_', '-')}.json": stage.pop("content") for stage in made}
    venue = {
        "categories": list(forms),
        "covered": list(covered_fields(forms)),
        "stages": [{**stage, "form": name} for stage, name in zip(made, forms_of, strict=True)],
        "decision": {name: decided[name] for name in ("options", "accept_options")},
    }
    plain = {"venue.json": venue, "submission.json": submission_fields(forms), **forms_of}
    plain["decision.json"] = decided["content"]
    texts = {name: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for name, value in plain.items()}
    script = resources("whether.exports").joinpath("setup_openreview.py").read_text(encoding="utf-8")
    return {**texts, "setup_openreview.py": script, "README.md": openreview_steps(venue)}


_OPTIONAL = {"optional": True, "deletable": True}


def _stage(opens: Stage, child: str, category: str, form: Form) -> Json:
    return {
        "name": f"{category.title()}_{child.removeprefix('Official_')}" if category else child,
        "child": child,
        "category": category,
        "opens": opens,
        "description": _introduction(form),
        "content": review_content(form, opens),
    }


def _hidden(field: Json) -> Json:
    return {**field, "readers": list(AUTHORS_AND_CHAIRS)}


def _asked(item: Field, categories: Iterable[str]) -> str:
    only = only_of(item, tuple(categories))
    whose = f"For {' and '.join(only)} only. " if only else ""
    return f"{whose}{item.ask} Such as: {item.example}"


def _param(name: str, item: Field, categories: tuple[str, ...]) -> Json:
    if name == "category":
        options = [{"value": one, "description": f"{one}: {CATEGORIES.get(one, one)}"} for one in categories]
        return {"fieldName": item.label, "type": "string", "enum": options, "input": "radio"}
    param: Json = {"fieldName": item.label, "type": "string"}
    if name in _PATTERNS:
        # One way of checking a field: OpenReview takes a pattern or a length, so a pattern stands alone.
        param["regex"], param["mismatchError"] = _PATTERNS[name]
    else:
        param["maxLength"] = room(name)
    if item.many or room(name) > _LONG_FROM:
        param["input"] = "textarea"
    return param if item.needed and not only_of(item, categories) else {**param, **_OPTIONAL}


def _score(form: Form, one: Criterion) -> Json:
    answers = form.scale(one).answers
    options = [
        {"value": answer.label, "description": f"{answer.label}: {one.anchors[answer.id]}"} for answer in answers
    ]
    return {
        "description": f"{one.ask}{looking(one)}",
        "value": {
            "param": {"fieldName": f"{one.id}. {one.title}", "type": "string", "enum": options, "input": "radio"},
        },
    }


def _evidence(one: Criterion) -> Json:
    return _prose(f"{one.id} evidence", f"Where a reader can look. {one.evidence}", EVIDENCE)


def _key(text: Text) -> str:
    """A name that OpenReview gives no meaning of its own in a note."""
    return f"for_{text.id}" if text.id in ("authors", "authorids", "title", "pdf", "venue", "venueid") else text.id


def _text_field(text: Text) -> Json:
    if text.choices:
        options = [{"value": name, "description": f"{name}: {said}"} for name, said in text.choices.items()]
        param: Json = {"fieldName": text.title, "type": "string", "enum": options, "input": "radio"}
        made: Json = {"description": text.ask, "value": {"param": param if text.needed else {**param, **_OPTIONAL}}}
    else:
        made = _prose(text.title, text.ask, text.most, needed=text.needed)
    return {**made, "readers": list(REVIEWER_AND_CHAIRS)} if text.audience == "chairs" else made


def _prose(label: str, ask: str, most: int, *, needed: bool = True) -> Json:
    param: Json = {"fieldName": label, "type": "string", "maxLength": most, "input": "textarea", "markdown": True}
    return {"description": ask, "value": {"param": param if needed else {**param, **_OPTIONAL}}}


def _introduction(form: Form) -> str:
    never = "\n".join(f"- {said}" for said in form.never)
    return "\n\n".join([f"{form.title}: {form.question}", *form.preamble, f"Never a criterion:\n\n{never}"])
