"""Example sheets that tests of cover sheets share, and what is wrong with a sheet."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema

from whether.cover.fields import FIELDS, fields_of
from whether.cover.sheet import CANNOT, DECLARED, HIDDEN, NOT_STATED, VERIFIED, AxisRow, Said, Sheet, State

HOSTILE = '</script><img src=x onerror="alert(1)">{{7*7}} $x_1$ \\input{a} | `code` *b* #1 @all \u202eright =1+1 “q” 中'
WORDS = "the winning tickets of this network were trained again from its beginning and came out as good as before "

SHIPPED = json.loads(files("whether.cover").joinpath("schema.json").read_text(encoding="utf-8"))
CHECK = jsonschema.Draft202012Validator(SHIPPED)


def faults(sheet: Sheet) -> list[str]:
    """What does not fit the schema."""
    return [error.message for error in CHECK.iter_errors(json.loads(sheet.to_json()))]


def blank(sheet: Sheet) -> list[str]:
    """The automatic fields of an answer's sheet that say nothing, but whether it was made again."""
    return [
        name
        for name, one in sheet.fields.items()
        if FIELDS[name].fill == "auto" and one.state == NOT_STATED and one.note != HIDDEN and name != "reproduced"
    ]


CLAIM = AxisRow(
    said="tickets at 7 % are at most a point worse than the dense network",
    kind="not_worse",
    verdict="yes",
    estimate=-0.23,
    low=-0.45,
    high=-0.01,
    size=1.0,
    unit="points",
    level=0.05,
)
CLAIMS = {
    "yes": CLAIM,
    "no": replace(CLAIM, verdict="no", estimate=-1.9, low=-2.4, high=-1.3),
    "inconclusive": replace(CLAIM, verdict="inconclusive", estimate=-0.9, low=-1.4, high=-0.4),
}


def said(name: str, text: str | None = None) -> Said:
    """A field as it would be: automatic ones verified, others declared."""
    state: State = VERIFIED if FIELDS[name].fill == "auto" else DECLARED
    where = "answer.json" if state == VERIFIED else "question.cover.toml"
    return Said(state=state, text=FIELDS[name].example if text is None else text, pointer=where)


def example(category: str = "science", verdict: str = "yes", **fields: Said | str) -> Sheet:
    """A sheet of a category with its fields' examples; an artifact has no verdict."""
    if category == "artifact":
        verdict = ""
    told = {name: said(name) for name in fields_of(category)}
    told["category"] = said("category", category)
    if verdict:
        told["verdict"] = said("verdict", f"{verdict}: what was asked came out so")
    for name, one in fields.items():
        told[name] = said(name, one) if isinstance(one, str) else one
    axis = [CLAIMS[verdict]] if verdict else []
    return Sheet(category=category, verdict=verdict, fields=told, axis=axis)


def longest(category: str = "science", **changed: Any) -> Sheet:
    """Every field with as many characters as it may have, every pointer long and its own, four claims."""
    fields = {}
    for place, (name, field) in enumerate(fields_of(category).items()):
        lines = min(field.items, 3) if field.many else 1
        text = (WORDS * 9)[: field.most]
        if lines > 1:
            part = field.most // lines - 1
            text = "\n".join(text[line * part : (line + 1) * part].strip() for line in range(lines))
        fields[name] = replace(
            said(name, text), pointer=f"paper.pdf, section {place}, page {place + 3}, figure {place}b"
        )
    sheet = example(category)
    fields["category"] = sheet.fields["category"]
    rows = [replace(CLAIM, said=(WORDS * 2)[:120]), replace(CLAIM, said=(WORDS * 2)[:120], kind="same")]
    return replace(sheet, fields=fields, axis=[] if category == "artifact" else rows, **changed)


def young() -> Sheet:
    """What an answer has before its author has said anything: hand fields are not stated."""
    sheet = example()
    fields = {
        name: one if FIELDS[name].fill == "auto" else Said(state=NOT_STATED) for name, one in sheet.fields.items()
    }
    fields |= {"category": sheet.fields["category"], "title": said("title")}
    return replace(sheet, fields=fields)


def damaged() -> Sheet:
    """One whose evidence does not hold."""
    broken = Said(
        state=CANNOT, pointer="answer.json", note="the interval recomputes to −0.61 to 0.10, not −0.45 to −0.01"
    )
    return replace(example(verdict="yes", effect=broken), problems=["answer.json differs from its digest"])


def hostile(category: str = "science") -> Sheet:
    """Every text is an attack."""
    fields = {
        name: Said(state=DECLARED, text=HOSTILE, pointer=f"javascript:alert(1) {HOSTILE}")
        for name in fields_of(category)
    }
    row = replace(CLAIM, said=HOSTILE, unit=HOSTILE)
    axis = [] if category == "artifact" else [row, row]
    return Sheet(category=category, verdict="yes" if axis else "", fields=fields, axis=axis, problems=[HOSTILE])
