"""The JSON Schema of `cover.json`, made of the table of fields; `schema.json` beside this file is what it gives.

The schema has the version of `sheet.FORMAT`. Whoever reads sheets elsewhere needs that file alone.
"""

from __future__ import annotations

import json
from typing import Any

from whether.cover.fields import CATEGORIES, FIELDS, fields_of
from whether.cover.sheet import CANNOT, DECLARED, FORMAT, NOT_STATED, VERIFIED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
STATES = (VERIFIED, DECLARED, NOT_STATED, CANNOT)
_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": "string"}
_SOME = {"type": "string", "minLength": 1}


def schema() -> dict[str, Any]:
    """The schema of a cover sheet, in plain values."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:whether:cover:{FORMAT}",
        "title": "Cover sheet",
        "description": "On one page what is claimed and how far to trust it; each field says in which state it is.",
        **_object(
            {
                "schema": {"const": f"whether cover sheet {FORMAT}"},
                "format": {"const": FORMAT},
                "category": {"enum": list(CATEGORIES)},
                "annex": {"enum": [*CATEGORIES, None]},
                "verdict": {"enum": ["yes", "no", "inconclusive", ""]},
                "made_by": {"enum": ["whether", "by hand"]},
                "mark": {"enum": list(STATES)},
                "problems": {"type": "array", "items": _SOME},
                "axis": {"type": "array", "items": {"$ref": "#/$defs/claim"}},
                "fields": {"type": "object"},
            }
        ),
        "allOf": [
            *(_of_category(category) for category in CATEGORIES),
            {
                "if": {"properties": {"problems": {"minItems": 1}}},
                "then": {"properties": {"mark": {"const": CANNOT}}},
            },
        ],
        "$defs": {"said": _said(), "claim": _claim()},
    }


def as_text() -> str:
    """What stands in `schema.json`."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these properties and no others."""
    said = {"type": "object", "properties": properties, "required": list(properties)}
    return said | {"additionalProperties": False}


def _of_category(category: str) -> dict[str, Any]:
    """A sheet has all fields of its category and no others."""
    fields = {name: {"title": FIELDS[name].label, "$ref": "#/$defs/said"} for name in fields_of(category)}
    return {
        "if": {"properties": {"category": {"const": category}}},
        "then": {"properties": {"fields": _object(fields)}},
    }


def _said() -> dict[str, Any]:
    """One field: what is declared points somewhere, and what cannot be verified says why."""
    needs = {
        VERIFIED: {"text": _SOME},
        DECLARED: {"text": _SOME, "pointer": _SOME},
        NOT_STATED: {"text": {"const": ""}},
        CANNOT: {"note": _SOME},
    }
    return {
        **_object({"state": {"enum": list(STATES)}, "text": _TEXT, "pointer": _TEXT, "note": _TEXT, "value": True}),
        "allOf": [
            {"if": {"properties": {"state": {"const": state}}}, "then": {"properties": properties}}
            for state, properties in needs.items()
        ],
    }


def _claim() -> dict[str, Any]:
    return _object(
        {
            "said": _SOME,
            "kind": {"enum": ["exceeds", "not_worse", "same", "below", "above"]},
            "verdict": {"enum": ["yes", "no", "inconclusive"]},
            "estimate": _NUMBER,
            "low": _NUMBER,
            "high": _NUMBER,
            "size": {"type": "number"},
            "unit": _TEXT,
            "level": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 0.5},
        }
    )
