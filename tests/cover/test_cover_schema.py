"""`schema.json` takes every sheet that is made and refuses wrong ones; it follows from the table of fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from cover_labs import asking, flip, folder_of, the_answer
from sheets import CHECK, SHIPPED, blank, faults

from whether import Lab
from whether.cover.fields import CATEGORIES, FIELDS, fields_of
from whether.cover.filled import fill
from whether.cover.hand import Hand, Words
from whether.cover.schema import as_text
from whether.cover.sheet import FORMAT, Said, Sheet


def empty(category: str) -> Sheet:
    return Sheet(category=category, fields={name: Said(state="not stated") for name in fields_of(category)})


def test_what_is_shipped_follows_from_the_table() -> None:
    text = files("whether.cover").joinpath("schema.json").read_text(encoding="utf-8")
    assert text == as_text(), "write it anew: whether.cover.schema.as_text()"
    assert SHIPPED["$id"] == f"urn:whether:cover:{FORMAT}"
    jsonschema.Draft202012Validator.check_schema(SHIPPED)


@pytest.mark.parametrize("category", CATEGORIES)
def test_an_empty_sheet_of_each_category_fits(category: str) -> None:
    assert faults(empty(category)) == []


def test_a_missing_and_a_foreign_field_do_not() -> None:
    sheet = empty("science")
    assert faults(replace(sheet, fields={name: said for name, said in sheet.fields.items() if name != "limits"}))
    assert faults(replace(sheet, fields={**sheet.fields, "adoption": Said(state="not stated")}))
    assert "adoption" in FIELDS


def test_sheets_of_answers_fit_whole_damaged_blind_and_with_words(stood: Lab) -> None:
    answer = the_answer(stood)
    hand = Hand(
        said={"title": Words(text="T"), "baselines": Words(text="More."), "annex": Words(text="artifact: code")}
    )
    for sheet in (fill(stood.store, answer), fill(stood.store, answer, hand), fill(stood.store, answer, hand).blind()):
        assert faults(sheet) == blank(sheet) == []
        assert Sheet.from_json(sheet.to_json()) == sheet
    for category in CATEGORIES:
        assert faults(fill(stood.store, answer, Hand(said={"category": Words(text=category)}))) == []
    flip(folder_of(stood) / "environment.txt")
    assert faults(fill(stood.store, answer)) == []
    assert faults(fill(stood.store, stood.run(asking(), exploratory=True))) == []


def _field(**said: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["fields"].__setitem__(
        "title", {"text": "", "pointer": "", "note": "", "value": None} | said
    )


WRONG: dict[str, Callable[[dict[str, Any]], None]] = {
    "no schema": lambda told: told.pop("schema"),
    "another version": lambda told: told.__setitem__("format", 2),
    "another category": lambda told: told.__setitem__("category", "novelty"),
    "another verdict": lambda told: told.__setitem__("verdict", "maybe"),
    "a score": lambda told: told.__setitem__("score", 7),
    "an unknown state": _field(state="proven", text="x"),
    "declared without a pointer": _field(state="declared", text="x"),
    "declared without words": _field(state="declared", pointer="x"),
    "verified without words": _field(state="verified"),
    "unverifiable without a reason": _field(state="cannot verify", text="x"),
    "not stated, with words": _field(state="not stated", text="x"),
    "a number for a text": _field(state="declared", text=3, pointer="x"),
    "a problem and a clean mark": lambda told: told.update(problems=["damage"], mark="verified"),
    "a claim without a size": lambda told: told.__setitem__("axis", [{"said": "a"}]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ones_are_refused(name: str) -> None:
    told = json.loads(empty("science").to_json())
    assert CHECK.is_valid(told)
    WRONG[name](told)
    assert not CHECK.is_valid(told)
