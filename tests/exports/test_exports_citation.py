"""CITATION.cff: read back by a YAML parser, held to the format, with ORCIDs that are ones."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from whether.cover.sheet import DECLARED, Said, Sheet
from whether.errors import RequestError
from whether.exports.citation import author, check_digit, citation, split_orcid

# Of the schema of Citation File Format 1.2.0 what we write.
PERSON = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        **{
            name: {"type": "string", "minLength": 1}
            for name in ("given-names", "family-names", "name-particle", "name")
        },
        "orcid": {"pattern": r"^https://orcid\.org/[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]{1}$"},
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["authors", "cff-version", "message", "title"],
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "message": {"type": "string", "minLength": 1},
        "title": {"type": "string", "minLength": 1},
        "type": {"enum": ["dataset", "software"]},
        "version": {"type": "string", "minLength": 1},
        "date-released": {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "doi": {"pattern": r"^10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-\.\(\)\[\]\\]+$"},
        "url": {"pattern": r"^(https|http|ftp|sftp)://.+"},
        "repository-code": {"pattern": r"^(https|http|ftp|sftp)://.+"},
        "license": {"type": "string"},
        "abstract": {"type": "string", "minLength": 1},
        "keywords": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "minLength": 1}},
        "identifiers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "value"],
                "additionalProperties": False,
                "properties": {"type": {"const": "other"}, "value": {"minLength": 1}, "description": {"minLength": 1}},
            },
        },
        "authors": {"type": "array", "minItems": 1, "items": PERSON},
    },
}


def read(text: str) -> Any:
    yaml = pytest.importorskip("yaml")
    jsonschema = pytest.importorskip("jsonschema")
    told = yaml.safe_load(text)
    jsonschema.validate(told, SCHEMA)
    return told


def stating(category: str = "science", **told: str) -> Sheet:
    fields = {name: Said(state=DECLARED, text=text, pointer="paper.pdf") for name, text in told.items()}
    return Sheet(category=category, fields=fields)


@pytest.mark.parametrize("category", ["science", "engineering", "artifact"])
def test_it_is_the_format(category: str, make_sheet: Any) -> None:
    told = read(citation(make_sheet(category, code="https://github.com/ada/tickets at 1a2b3c4, clean")))
    assert told["authors"] == [
        {"given-names": "Ada", "family-names": "Example", "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"given-names": "Bo", "name-particle": "van", "family-names": "Beispiel"},
    ]
    assert told["type"] == ("software" if category == "artifact" else "dataset")
    assert told["repository-code"] == "https://github.com/ada/tickets"
    assert told["date-released"] == dt.date(2026, 11, 25).isoformat()
    assert told["doi"] == "10.5281/zenodo.1234567"
    assert told.get("license") == ("Apache-2.0" if category == "artifact" else None)


def test_what_the_sheet_does_not_say_is_left_out() -> None:
    told = read(citation(stating(title="T", authors="Plato", date="soon", doi="https://arxiv.org/abs/1803.03635")))
    assert set(told) == {"cff-version", "message", "title", "type", "authors", "keywords", "url"}
    assert told["authors"] == [{"name": "Plato"}]


def test_hostile_names_stay_names() -> None:
    hostile = 'Eve "}\\n- name: "Mallory'
    told = read(citation(stating(title='T"\nauthors: []\n', authors=hostile)))
    assert len(told["authors"]) == 1
    assert told["title"] == 'T" authors: []'


class TestOrcid:
    @pytest.mark.parametrize(
        "line",
        [
            "Ada Example (0000-0002-1825-0097)",
            "Ada Example 0000000218250097",
            "Ada Example, https://orcid.org/0000-0002-1825-0097",
            "(0000-0002-1825-0097)  Ada   Example",
        ],
    )
    def test_is_found_in_a_line(self, line: str) -> None:
        assert split_orcid(line) == ("Ada Example", "0000-0002-1825-0097")

    @pytest.mark.parametrize("orcid", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
    def test_published_examples_are_right(self, orcid: str) -> None:
        digits = orcid.replace("-", "")
        assert check_digit(digits[:-1]) == digits[-1]

    def test_a_mistyped_one_is_told_and_so_is_every_other(self) -> None:
        sheet = stating(title="T", authors="Ada (0000-0002-1825-0098)\nBo (0000-0001-5109-3701)")
        with pytest.raises(RequestError, match=r"0000-0002-1825-0098 is no ORCID.*would be 7") as caught:
            citation(sheet)
        assert len(caught.value.problems) == 2

    def test_needs_a_name(self) -> None:
        with pytest.raises(RequestError, match="says 0000-0002-1825-0097 and no name"):
            author("0000-0002-1825-0097")

    def test_a_name_without_one_stays(self) -> None:
        told = author("Ludwig van Beispiel (Example University) (ORCID 0000-0002-1694-233x)")
        assert (told["family-names"], told["affiliation"]) == ("Beispiel", "Example University")
        assert told["orcid"] == "https://orcid.org/0000-0002-1694-233X"


def test_title_and_authors_are_needed_and_a_blind_sheet_has_none(make_sheet: Any) -> None:
    with pytest.raises(RequestError, match="needs a title") as caught:
        citation(stating())
    assert len(caught.value.problems) == 2
    with pytest.raises(RequestError, match=r"names its authors.*blinded sheet has none"):
        citation(make_sheet().blind())
