"""A venue on HotCRP: its settings as one JSON object, and the values of a sheet as a submission.

The grammar is that of `etc/settinginfo.json` and of the parsers in `src/settings/` (`s_options.php`,
`s_reviewform.php`, `s_reviewfieldcondition.php`) of github.com/kohler/hotcrp (copies of 2023 to 2026); submissions
follow `devel/apidoc/submissions.md`. Conditions of review fields that speak of the submission need
a version of 2026.

- Fields have no ids: HotCRP then knows them by name, so that the same settings can be uploaded again.
- Scores are letters, A the best, as its parser wants them: consecutive, lower letters better.
- A field that is `covered` has the visibility "review": seen by those who have submitted their review.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

from whether.cover.fields import FIELDS, Field
from whether.cover.sheet import Sheet
from whether.criteria.form import ORDER, Criterion, Form, Outcome, Text
from whether.exports.asked import COVERED, UPLOADS, asked_fields, looking, room, text_of

Json: TypeAlias = dict[str, Any]
Forms: TypeAlias = Mapping[str, Form]

ROUNDS = ("design", "result")
PAPER = "Covered paper"
"""Where the PDF goes in categories whose design is reviewed first; HotCRP's own field would be open at once."""

_LONG_FROM = 240
_DECISIONS: Mapping[Outcome, str] = {
    "accept": "accept",
    "accept_after_fixes": "accept",
    "cannot_judge": "maybe",
    "reject": "reject",
}


def settings(forms: Forms) -> Json:
    """What is pasted into Settings > Advanced.

    Args:
        forms: the form that each category of the venue is reviewed by.

    Example:
        >>> from whether.criteria.form import load
        >>> [one["name"] for one in settings({"artifact": load("artifact")})["decision"]]
        ['Accept', 'Accept after fixes', 'Cannot judge', 'Reject']
    """
    rule = next(iter(forms.values())).rule
    covered = covered_categories(forms)
    return {
        "sf": _numbered([*submission_fields(forms), *_paper(forms)]),
        "rf_reset": True,
        "rf": _numbered(review_fields(forms)),
        "review": [{"name": name} for name in ROUNDS] if covered else [{"name": ROUNDS[1]}],
        "decision_reset": True,
        "decision": [
            {"name": rule.labels[outcome].capitalize(), "category": _DECISIONS[outcome]}
            for outcome in ORDER
            if outcome in rule.labels
        ],
    }


def covered_categories(forms: Forms) -> tuple[str, ...]:
    """The categories whose reviewers judge the design before they see the verdict."""
    return tuple(category for category, form in forms.items() if form.covered)


def submission_fields(forms: Forms) -> list[Json]:
    """The fields of the sheet, and the sheet itself; what may tell the verdict twice where only some are covered."""
    categories = tuple(forms)
    made = [
        {**_submission_field(field, name, item), **_condition(whose, categories)}
        for name, item in asked_fields(categories).items()
        if name != "category"
        for field, whose in _names(item.label, name in COVERED, _having(item, categories), forms)
    ]
    for label, extension, what in UPLOADS.values():
        for name, whose in _names(label, True, categories, forms):
            made.append(
                {
                    "name": name,
                    "type": "pdf" if extension == "pdf" else "document",
                    "description": escape(f"{what} For anonymous submissions, the blinded one."),
                    "required": "no",
                    "display": "top",
                    "visibility": "review" if set(whose) <= set(covered_categories(forms)) else "all",
                    **_condition(whose, categories),
                }
            )
    return [_category_field(categories), *made]


def review_fields(forms: Forms) -> list[Json]:
    """Every criterion as a score and its evidence, then the texts; those that forms share stand once."""
    made: dict[str, Json] = {}
    criteria = list(dict.fromkeys(_key(one) for form in forms.values() for one in form.criteria))
    for key in criteria:
        having = {name: form for name, form in forms.items() if any(_key(one) == key for one in form.criteria)}
        form = next(iter(having.values()))
        one = next(one for one in form.criteria if _key(one) == key)
        condition = _when({name: one in held.at("design") for name, held in having.items()}, forms)
        for field in (_score(form, one), _evidence(one)):
            made[_free(field["name"], made, having)] = {**field, **condition}
    for text in dict.fromkeys(_text_key(text) for form in forms.values() for text in form.texts):
        having = {name: form for name, form in forms.items() if text in map(_text_key, form.texts)}
        found = next(one for one in next(iter(having.values())).texts if _text_key(one) == text)
        field = _text_field(found)
        made[_free(field["name"], made, having)] = {**field, **_when(dict.fromkeys(having, False), forms)}
    return [{**field, "name": name} for name, field in made.items()]


def submission_values(sheet: Sheet, *, blind: bool = False, covered: bool | None = None) -> Json:
    """A sheet as a submission, for HotCRP's API; a draft, to which its author adds abstract and files.

    Args:
        sheet: what to submit.
        blind: leave out everything that says who made it. Not needed where submissions are anonymous on HotCRP.
        covered: whether the venue covers the verdict of this category; by default as the forms that come along do.

    Example:
        >>> from whether.cover.sheet import Said
        >>> said = {"question": Said(state="declared", text="Do tickets match?", pointer="paper.pdf")}
        >>> submission_values(Sheet(category="science", fields=said))["question"]
        'Do tickets match?\\n[declared: paper.pdf]'
    """
    from whether.criteria.form import load
    from whether.exports.citation import split_affiliation, split_orcid

    shown = sheet.blind() if blind else sheet
    hides = load(shown.category).covered if covered is None else covered
    title, authors = (shown.fields[name].text if name in shown.fields else "" for name in ("title", "authors"))
    made: Json = {"object": "paper", "pid": "new", "status": "draft"}
    if title:
        made["title"] = " ".join(title.split())
    if authors:
        people = [split_affiliation(split_orcid(line)[0]) for line in authors.splitlines() if line.strip()]
        made["authors"] = [{"name": name, **({"affiliation": at} if at else {})} for name, at in people]
    for name, item in asked_fields([shown.category]).items():
        if text := text_of(shown, name):
            made[json_key(_covered(item.label) if hides and name in COVERED else item.label)] = text
    return made


def json_key(name: str) -> str:
    """How a submission calls a field.

    Example:
        >>> json_key("A yes would mean")
        'a_yes_would_mean'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def files(forms: Forms) -> dict[str, str]:
    """Everything that a chair needs, by file name."""
    from whether.exports.steps import hotcrp_steps

    told = json.dumps(settings(forms), indent=1, ensure_ascii=False) + "\n"
    return {"settings.json": told, "README.md": hotcrp_steps(tuple(forms), covered_categories(forms))}


def _paper(forms: Forms) -> list[Json]:
    """HotCRP's own PDF for categories whose verdict is open, one that opens after the design review for the others."""
    covered, categories = covered_categories(forms), tuple(forms)
    if not covered:
        return []
    rest = [name for name in categories if name not in covered]
    return [
        {"id": "submission", **(_condition(rest, categories) if rest else {"condition": "NONE"})},
        {
            "name": PAPER,
            "type": "pdf",
            "description": "The paper. Reviewers see it when they have submitted their review of the design.",
            "required": "submit",
            "display": "top",
            "visibility": "review",
            **_condition(covered, categories),
        },
    ]


def _names(label: str, may_tell: bool, having: Sequence[str], forms: Forms) -> list[tuple[str, list[str]]]:
    """A field's name with the categories that have it; two where some of them cover it and others do not."""
    covered = [name for name in having if may_tell and forms[name].covered]
    rest = [name for name in having if name not in covered]
    return [(name, whose) for name, whose in ((label, rest), (_covered(label), covered)) if whose]


def _covered(label: str) -> str:
    return f"Covered {label[:1].lower()}{label[1:]}"


def _having(item: Field, categories: Sequence[str]) -> list[str]:
    return [name for name in categories if not item.categories or name in item.categories]


def _category_field(categories: Sequence[str]) -> Json:
    """What the others depend on: the first, and asked for as soon as a submission is begun."""
    options = [{"name": name, "order": at} for at, name in enumerate(categories, start=1)]
    told = {**_submission_field(FIELDS["category"].label, "category", FIELDS["category"]), "required": "register"}
    return {**told, "type": "radio", "description": escape(FIELDS["category"].ask), "values": options}


def _submission_field(label: str, name: str, item: Field) -> Json:
    hidden = "nonblind" if item.names_authors else "review" if label == _covered(item.label) else "all"
    field: Json = {
        "name": label,
        "type": "mtext" if item.many or room(name) > _LONG_FROM else "text",
        "description": escape(f"{item.ask} At most {room(name):,} characters. Such as: {item.example}"),
        "required": "submit" if item.needed else "no",
        "display": "right" if item.group in ("identity", "question", "verdict") else "rest",
        "visibility": hidden,
    }
    return field


def _condition(whose: Sequence[str], categories: Sequence[str]) -> Json:
    if set(whose) == set(categories):
        return {}
    return {"condition": " OR ".join(f"category:{name}" for name in whose)}


def _when(design: Mapping[str, bool], forms: Forms) -> Json:
    """When a review field is there.

    Args:
        design: the categories that have it, and whether it is answered before the verdict is shown.
    """
    ways = []
    for category, early in design.items():
        whose = [f"category:{category}"] if len({form.name for form in forms.values()}) > 1 else []
        late = ["round:result"] if forms[category].covered and not early else []
        ways.append(" AND ".join(whose + late))
    if "" in ways or (set(design) == set(forms) and all(" " not in way and way.startswith("category") for way in ways)):
        return {}
    unique = list(dict.fromkeys(ways))
    return {"condition": " OR ".join(f"({way})" if " " in way and len(unique) > 1 else way for way in unique)}


def _key(one: Criterion) -> str:
    """What makes two criteria of different forms the same one."""
    return repr((one.id, one.title, one.ask, one.kind, sorted(one.anchors.items()), one.evidence, one.look))


def _text_key(text: Text) -> str:
    return repr((text.id, text.title, text.ask, text.audience, list(text.choices.items()), text.needed))


def _free(name: str, made: Mapping[str, Json], having: Forms) -> str:
    """A name that no field has yet: forms that a chair edited may share the name and not the contents."""
    return name if name not in made else f"{name}, {' and '.join(having)}"


def _score(form: Form, one: Criterion) -> Json:
    best_first = sorted(form.scale(one).answers, key=lambda answer: -answer.rank)
    return {
        "name": f"{one.id} {one.title}",
        "type": "radio",
        "description": escape(f"{one.ask}{looking(one)}"),
        "required": True,
        "visibility": "au",
        "scheme": "sv",
        "values": _lettered([f"{answer.label}: {one.anchors[answer.id]}" for answer in best_first]),
    }


def _evidence(one: Criterion) -> Json:
    ask = f"Where a reader can look. {one.evidence}"
    return {"name": f"{one.id} evidence", "type": "text", "description": escape(ask), "visibility": "au"}


def _text_field(text: Text) -> Json:
    seen = "admin" if text.audience == "chairs" else "au"
    field: Json = {"name": text.title, "type": "text", "description": escape(text.ask), "visibility": seen}
    if not text.choices:
        return field
    values = _lettered([f"{name}: {said}" for name, said in text.choices.items()])
    return {**field, "type": "radio", "required": text.needed, "values": values, "scheme": "none"}


def _lettered(names: Sequence[str]) -> list[Json]:
    return [{"symbol": chr(ord("A") + at), "name": name, "order": at + 1} for at, name in enumerate(names)]


def _numbered(fields: Sequence[Json]) -> list[Json]:
    return [{**field, "order": at} for at, field in enumerate(fields, start=1)]
