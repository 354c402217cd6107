"""Forms for OpenReview: held to the grammar of its API 2, and to openreview-py, which has to keep them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from whether.cover.fields import FIELDS
from whether.cover.sheet import Said
from whether.criteria.form import Form, load
from whether.exports import openreview
from whether.exports.asked import asked_fields, checked_categories, room, too_long

Forms = Mapping[str, Form]

# API 2's grammar, from its documentation ("Customizing forms", "Specifiers") and from every field that openreview-py
# brings along: what stands beside `value`, the types of content, ways of input, and what each key holds.
BESIDE = {"order": int, "description": str, "value": dict, "readers": list}
TYPES = {"string", "string[]", "integer", "float", "boolean", "date", "file"}
INPUTS = {"text", "textarea", "select", "radio", "checkbox"}
KEYS: dict[str, type] = {
    "type": str,
    "input": str,
    "enum": list,
    "regex": str,
    "maxLength": int,
    "minLength": int,
    "fieldName": str,
    "mismatchError": str,
    "optional": bool,
    "deletable": bool,
    "markdown": bool,
    "maxSize": int,
    "extensions": list,
}
WAYS = ("enum", "regex", "maxLength", "maxSize")
HOSTILE = '<b>"it\'s"</b>\n=cmd|/c calc! `x` $\\alpha$ \u202emirrored\u202c \x85 \ufeff \U0001f600 ' + "long " * 2000
OWN = {"title", "authors", "authorids", "keywords", "TLDR", "abstract", "venue", "venueid", "license", "_bibtex"}


def problems(content: Mapping[str, Any]) -> Iterator[str]:
    """What OpenReview would not take."""
    orders = [field.get("order") for field in content.values()]
    if len(set(orders)) < len(orders):
        yield "two fields have one order"
    for name, field in content.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name) or name in OWN:
            yield f"{name} is no name for a field"
        yield from (f"{name}: {key}" for key in field if not isinstance(field[key], BESIDE.get(key, type(None))))
        yield from (f"{name}: {problem}" for problem in param_problems(field["value"]["param"]))


def param_problems(param: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is {param[key]!r}" for key in param if not isinstance(param[key], KEYS.get(key, type(None))))
    if param.get("type") not in TYPES or param.get("input", "text") not in INPUTS:
        yield "type or input"
    if [key in param for key in WAYS].count(True) != 1:
        yield "is checked in no way, or in two ways at once"
    if "input" in param and param["input"] in ("radio", "checkbox", "select") and "enum" not in param:
        yield "a choice of nothing"
    if "mismatchError" in param and "regex" not in param:
        yield "an error without a pattern"
    if "deletable" in param and "optional" not in param:
        yield "what is needed cannot be deleted"
    for option in param.get("enum", []):
        if set(option) != {"value", "description"} or not all(isinstance(said, str) for said in option.values()):
            yield f"option {option}"
    if "regex" in param:
        re.compile(param["regex"])


def refusal(param: Mapping[str, Any], value: Any) -> str:
    """Why a value would be refused."""
    if not isinstance(value, str):
        return "no text"
    if "enum" in param and value not in [option["value"] for option in param["enum"]]:
        return "not an option"
    if "regex" in param and not re.fullmatch(param["regex"], value):
        return "does not fit the pattern"
    if "\n" in value and param.get("input") != "textarea":
        return "several lines in a field of one"
    return "too long" if len(value) > param.get("maxLength", 10**9) else ""


def every_form(forms: Forms) -> dict[str, dict[str, Any]]:
    contents = {stage["name"]: stage["content"] for stage in openreview.stages(forms)}
    return {"submission": openreview.submission_fields(forms), "decision": openreview.decision(forms)["content"]} | (
        contents
    )


class TestGrammar:
    @pytest.mark.parametrize("which", ["forms", "short"])
    def test_every_field_is_one_that_openreview_takes(self, which: str, request: pytest.FixtureRequest) -> None:
        found = {name: list(problems(one)) for name, one in every_form(request.getfixturevalue(which)).items()}
        assert {name: wrong for name, wrong in found.items() if wrong} == {}

    def test_the_grammar_is_that_of_the_library_s_own_forms(self) -> None:
        """Else the test above would hold our forms to rules that nobody has."""
        from openreview.stages import default_content

        review = {name: field for name, field in default_content.review_v2.items() if name != "title"}
        review["rating"]["value"]["param"]["enum"] = [{"value": "a", "description": "a"}]
        review["confidence"]["value"]["param"]["enum"] = [{"value": "a", "description": "a"}]
        assert list(problems(review)) == []

    def test_it_tells_what_is_wrong(self) -> None:
        wrong = {"title": {"order": 1, "value": {"param": {"type": "text", "input": "radio", "colour": 1}}}}
        assert len(list(problems(wrong))) == 5


class TestSubmission:
    def test_every_field_of_the_sheet_is_asked(self, forms: Forms) -> None:
        asked = openreview.submission_fields(forms)
        assert list(asked)[:-3] == [name for name in FIELDS if name not in ("title", "authors")]
        assert asked["category"]["value"]["param"]["enum"][0] == {
            "value": "science",
            "description": "science: Is it so?",
        }

    def test_what_one_category_lacks_is_optional_and_says_whose_it_is(self, forms: Forms) -> None:
        asked = openreview.submission_fields(forms)
        assert asked["adoption"]["value"]["param"]["optional"]
        assert asked["adoption"]["description"].startswith("For engineering only. What must somebody change")
        alone = openreview.submission_fields({"engineering": forms["engineering"]})
        assert "optional" not in alone["adoption"]["value"]["param"]
        assert "install" not in alone

    def test_authors_and_verdict_are_hidden_from_reviewers(self, forms: Forms) -> None:
        hidden = {name for name, field in openreview.submission_fields(forms).items() if "readers" in field}
        naming = {name for name, item in FIELDS.items() if item.names_authors} - {"authors"}
        tells = {"verdict", "effect", "limits", "deviations", "runs", "checks", "reproduced", "compute", "command"}
        assert hidden == naming | tells | {"start", "open", "cover_json", "cover_pdf", "pdf"}

    def test_nothing_is_covered_where_no_form_covers(self, forms: Forms) -> None:
        open_ones = {name: forms[name] for name in ("engineering", "artifact")}
        asked = openreview.submission_fields(open_ones)
        assert "readers" not in asked["verdict"]
        assert "pdf" not in asked
        assert "readers" in asked["contact"]
        assert openreview.covered_fields(open_ones) == ()


class TestStages:
    def test_the_design_of_science_comes_before_all_reviews(self, forms: Forms) -> None:
        told = [(one["name"], one["child"], one["category"]) for one in openreview.stages(forms)]
        assert told == [
            ("Science_Design_Review", "Design_Review", "science"),
            ("Science_Review", "Official_Review", "science"),
            ("Engineering_Review", "Official_Review", "engineering"),
            ("Artifact_Review", "Official_Review", "artifact"),
        ]
        first, second = (one["content"] for one in openreview.stages(forms)[:2])
        assert {"S1", "S2", "S3", "S1_evidence"} <= set(first)
        assert {"S4", "S5", "S6", "S7"} <= set(second)
        assert not set(first) & set(second)
        scores = {name for name in {**first, **second} if re.fullmatch("[AS][0-9]", name)}
        assert scores == set(load("science").ids)

    def test_what_is_covered_is_what_its_categories_have(self, forms: Forms) -> None:
        own = {**forms, "engineering": replace(forms["engineering"], covered=True)}
        assert {"failures", "adoption", "verdict"} < set(openreview.covered_fields(own))
        assert not {"failures", "licence"} & set(openreview.covered_fields(forms))
        assert openreview.covered_fields({"artifact": forms["artifact"]}) == ()

    def test_one_form_for_all_is_one_stage_for_all(self, short: Forms) -> None:
        told = [(one["name"], one["child"], one["category"]) for one in openreview.stages(short)]
        assert told == [("Design_Review", "Design_Review", ""), ("Official_Review", "Official_Review", "")]

    def test_every_score_has_its_anchors_and_asks_for_evidence(self, forms: Forms) -> None:
        for form in forms.values():
            content = {**openreview.review_content(form, "design"), **openreview.review_content(form, "result")}
            for one in form.criteria:
                options = content[one.id]["value"]["param"]["enum"]
                assert [option["description"].partition(": ")[2] for option in options] == [
                    one.anchors[answer] for answer in form.scale(one).ids
                ]
                assert "optional" not in content[f"{one.id}_evidence"]["value"]["param"]
                assert list(content).index(f"{one.id}_evidence") == list(content).index(one.id) + 1

    def test_what_only_chairs_see_is_read_by_chairs_and_its_writer(self, forms: Forms) -> None:
        content = openreview.review_content(forms["artifact"], "result")
        assert {name for name, field in content.items() if "readers" in field} == {*("interest", "conflicts", "note")}
        assert content["interest"]["readers"] == ["{program_chairs_id}", "${5/signatures}"]


class TestLibrary:
    """openreview-py keeps what we hand it."""

    def test_review_stages(self, forms: Forms) -> None:
        from openreview.stages import ReviewStage

        for told in openreview.stages(forms):
            stage = ReviewStage(
                name=told["name"],
                child_invitations_name=told["child"],
                source_submissions_query={"category": told["category"]},
                additional_fields=told["content"],
                remove_fields=["title", "review", "rating", "confidence"],
            )
            assert stage.get_content() == told["content"]
            assert stage.source_submissions_query == {"category": told["category"]}

    def test_submission_stage(self, forms: Forms) -> None:
        from openreview.stages import SubmissionStage

        fields = openreview.submission_fields(forms)
        content = SubmissionStage(double_blind=True, additional_fields=fields).get_content(api_version="2")
        assert {name: content[name] for name in fields} == fields
        assert set(content) - set(fields) == {"title", "authors", "authorids", "keywords", "TLDR", "abstract"}
        assert min(field["order"] for name, field in fields.items() if name != "pdf") > content["abstract"]["order"]

    def test_decision_stage(self, forms: Forms) -> None:
        from openreview.stages import DecisionStage
        from openreview.tools import is_accept_decision

        told = openreview.decision(forms)
        stage = DecisionStage(
            options=told["options"], accept_options=told["accept_options"], additional_fields=told["content"]
        )
        content = stage.get_content()
        assert content["decision"]["value"]["param"]["enum"] == [
            *("accept", "accept after fixes", "cannot judge", "reject")
        ]
        assert {name: content[name] for name in told["content"]} == told["content"]
        accepted = [one for one in told["options"] if is_accept_decision(one, told["accept_options"])]
        assert accepted == ["accept", "accept after fixes"]
        assert all(one in content["criterion_table"]["description"] for one in ("S7", "E1", "R7", "A4"))


class TestValues:
    @pytest.mark.parametrize("category", ["science", "engineering", "artifact"])
    def test_values_are_taken_by_the_fields(self, category: str, forms: Forms, make_sheet: Any) -> None:
        fields = openreview.submission_fields(forms)
        values = openreview.submission_values(make_sheet(category))
        refused = {
            name: refusal(fields[name]["value"]["param"], value["value"])
            for name, value in values.items()
            if name != "title"
        }
        assert refused == dict.fromkeys(refused, "")
        needed = [name for name in fields if "optional" not in fields[name]["value"]["param"]]
        assert set(needed) - set(values) == {"pdf"}

    def test_a_value_says_how_far_it_is_known(self, make_sheet: Any) -> None:
        values = openreview.submission_values(make_sheet())
        assert values["verdict"]["value"] == "yes: winning tickets exist here\n[declared: paper.pdf, section 4]"
        assert values["rule"]["value"].endswith("\n[verified]")
        assert values["compute"]["value"] == "[cannot verify: the record of run 7 is damaged]"
        assert values["digest"]["value"].startswith("9c1185a5")
        assert "authors" not in values

    @pytest.mark.parametrize("verdict", ["yes", "no", "inconclusive"])
    @pytest.mark.parametrize("text", ["{Verdict}. Tickets exist.", "{verdict}: they do", "tickets exist"])
    def test_a_verdict_as_sheets_word_it_is_taken(self, verdict: str, text: str, forms: Forms, make_sheet: Any) -> None:
        said = text.format(verdict=verdict, Verdict=verdict.capitalize())
        sheet = replace(make_sheet(verdict=said), verdict=verdict)
        value = openreview.submission_values(sheet)["verdict"]["value"]
        assert refusal(openreview.submission_fields(forms)["verdict"]["value"]["param"], value) == ""
        assert value.lower().count(f"{verdict}.") + value.lower().count(f"{verdict}:") == 1
        assert value.lower().startswith(verdict)

    def test_a_verdict_that_cannot_be_verified_claims_nothing(self, forms: Forms, make_sheet: Any) -> None:
        sheet = make_sheet()
        cannot = Said(state="cannot verify", text="Yes.", note="a record is damaged")
        value = openreview.submission_values(replace(sheet, fields={**sheet.fields, "verdict": cannot}))["verdict"][
            "value"
        ]
        assert value == "[cannot verify: a record is damaged]"
        assert refusal(openreview.submission_fields(forms)["verdict"]["value"]["param"], value) == ""

    def test_hostile_text_stays_text(self, make_sheet: Any) -> None:
        values = openreview.submission_values(make_sheet(limits=HOSTILE, title=HOSTILE))
        again = json.loads(json.dumps(values))
        assert again["limits"]["value"] == f"{HOSTILE.strip()}\n[declared: paper.pdf, section 4]"
        assert "\n" not in again["title"]["value"]

    def test_a_blind_one_names_nobody(self, make_sheet: Any) -> None:
        values = json.dumps(openreview.submission_values(make_sheet(category="artifact"), blind=True))
        assert "Ada" not in values
        assert "ada@" not in values

    def test_what_is_too_long_is_told(self, make_sheet: Any) -> None:
        assert too_long(make_sheet()) == []
        said = too_long(make_sheet(limits="x" * 5000))
        assert said == [
            f"What it does not show has 5,033 characters; the form takes {room('limits')}: shorten `limits`"
        ]

    def test_a_wrong_category_is_told_the_nearest(self) -> None:
        with pytest.raises(Exception, match="unknown category 'sciense'; did you mean 'science'"):
            checked_categories(["sciense"])
        assert checked_categories([]) == ("science", "engineering", "artifact")
        assert "install" not in asked_fields(["science"])
