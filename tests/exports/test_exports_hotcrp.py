"""Settings for HotCRP, held to the grammar of its settings and to what its parsers refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from whether.criteria.form import Form
from whether.exports import hotcrp

Forms = Mapping[str, Form]
Json = dict[str, Any]

# etc/settinginfo.json, etc/optiontypes.json, etc/reviewfieldtypes.json: names, and the values of each choice.
TOP = {"sf", "rf", "rf_reset", "review", "decision", "decision_reset"}
SF_TYPES = {
    *("checkbox", "dropdown", "radio", "checkboxes", "numeric", "realnumber", "text", "mtext", "pdf", "slides"),
    *("document", "attachments", "topics", "separator"),
}
RF_TYPES = {"dropdown", "radio", "text", "checkbox", "checkboxes"}
SF: dict[str, Any] = {
    "id": {"submission"},
    "name": str,
    "order": int,
    "type": SF_TYPES,
    "description": str,
    "values": list,
    "required": {"no", "register", "submit"},
    "display": {"right", "rest", "top", "left", "none"},
    "visibility": {"all", "nonblind", "conflict", "review", "admin"},
    "condition": str,
}
SCHEMES = {"sv", "svr", "bupu", "pubu", "rdpk", "pkrd", "viridisr", "viridis", "orbu", "buor", "turbo", "turbor"}
RF: dict[str, Any] = {
    **{name: SF[name] for name in ("name", "order", "description", "values", "condition")},
    "type": RF_TYPES,
    "required": bool,
    "visibility": {"au", "re", "audec", "pconly", "admin"},
    "scheme": SCHEMES | {"catx", "none"},
}
RESERVED = r"(?:paper|submission|title|authors?|final|none|any|all|true|false|opt(?:ion)?[-:_ ]?\d+)"  # s_options.php


def shape_problems(one: Json, grammar: Json, where: str) -> Iterator[str]:
    for key, value in one.items():
        wanted = grammar.get(key)
        if wanted is None:
            yield f"{where}: {key} is unknown"
        elif not (value in wanted if isinstance(wanted, set) else type(value) is wanted):
            yield f"{where}: {key} is {value!r}"


def condition_problems(condition: str, categories: set[str], rounds: set[str]) -> Iterator[str]:
    """Searches made of categories and rounds only; no AND beside an OR without brackets."""
    known = {f"category:{name}" for name in categories} | {f"round:{name}" for name in rounds}
    words = re.findall(r"[^\s()]+", condition)
    yield from (f"{word} in {condition}" for word in words if word not in {*known, "AND", "OR", "NONE"})
    if " AND " in re.sub(r"\([^)]*\)", "", condition) and " OR " in condition:
        yield f"{condition} can be read in two ways"


def problems(told: Json) -> Iterator[str]:
    """What HotCRP would not take."""
    yield from (f"{name} is unknown" for name in told if name not in TOP)
    rounds = {one["name"] for one in told["review"]}
    category = next(one for one in told["sf"] if one.get("name") == "Category")
    categories = {one["name"] for one in category["values"]}
    for part, grammar in (("sf", SF), ("rf", RF)):
        names = [one["name"].lower() for one in told[part] if "name" in one]
        yield from (f"{part}: {name} twice" for name in names if names.count(name) > 1)
        yield from (f"{name} is reserved" for name in names if re.fullmatch(RESERVED, name))
        for one in told[part]:
            where = one.get("name", one.get("id"))
            yield from shape_problems(one, grammar, where)
            allowed = rounds if part == "rf" else set()
            yield from condition_problems(one.get("condition", ""), categories, allowed)
            yield from value_problems(one, part)
            yield from html_problems(one.get("description", ""))
    for one in told["decision"]:
        grammar = {"name": str, "category": {"accept", "reject", "desk_reject", "maybe"}}
        yield from shape_problems(one, grammar, one["name"])
    for name in rounds:
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]{0,11}", name):
            yield f"{name} is no name of a round"


def value_problems(one: Json, part: str) -> Iterator[str]:
    if ("values" in one) != (one.get("type") == "radio"):
        yield f"{one['name']}: values"
    values = one.get("values", [])
    names = [value["name"] for value in values]
    if len(set(names)) < len(names) or any(name != " ".join(name.split()) or not name for name in names):
        yield f"{one['name']}: values {names}"
    if part == "rf" and values:
        # s_reviewform.php: from 1 on, or consecutive capitals.
        symbols = [value["symbol"] for value in values]
        if symbols != [chr(ord("A") + at) for at in range(len(values))] or len(values) < 2:
            yield f"{one['name']}: symbols {symbols}"


class _Tags(HTMLParser):
    seen: tuple[str, ...] = ()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen = (*self.seen, tag)


def html_problems(text: str) -> Iterator[str]:
    parser = _Tags()
    parser.feed(text)
    yield from (f"<{tag}> in {text[:60]}" for tag in parser.seen)


class TestGrammar:
    @pytest.mark.parametrize("which", ["forms", "short"])
    def test_hotcrp_takes_the_settings(self, which: str, request: pytest.FixtureRequest) -> None:
        told = json.loads(hotcrp.files(request.getfixturevalue(which))["settings.json"])
        assert list(problems(told)) == []

    @pytest.mark.parametrize("names", [("engineering", "artifact"), ("science",), ("science", "artifact")])
    def test_some_categories_only(self, names: tuple[str, ...], forms: Forms) -> None:
        told = hotcrp.settings({name: forms[name] for name in names})
        assert list(problems(told)) == []
        assert len(told["review"]) == (2 if "science" in names else 1)

    def test_the_checker_tells_what_is_wrong(self, forms: Forms) -> None:
        told = json.loads(json.dumps(hotcrp.settings(forms)))
        told["sf"][1] |= {"type": "textarea", "name": "Paper", "exists_if": "x"}
        told["rf"][0] |= {"condition": "category:sience AND round:result OR round:design", "description": "<b>"}
        told["rf"][0]["values"].reverse()
        assert len(list(problems(told))) == 7

    def test_text_is_escaped_where_hotcrp_reads_html(self, forms: Forms) -> None:
        one = forms["artifact"].criteria[4]
        hostile = replace(one, ask="<script>alert('x')</script> & co?", evidence='"<img src=x>"')
        form = replace(forms["artifact"], criteria=(hostile,))
        fields = hotcrp.review_fields({"artifact": form})
        assert fields[0]["description"].startswith("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; co?")
        assert list(html_problems(fields[1]["description"])) == []


class TestFields:
    def test_conditions_follow_category_and_round(self, forms: Forms) -> None:
        when = {one["name"].split()[0]: one.get("condition", "") for one in hotcrp.review_fields(forms)}
        assert when["S1"] == "category:science"
        assert when["S4"] == "category:science AND round:result"
        assert when["E1"] == "category:engineering"
        assert when["A1"] == "(category:science AND round:result) OR category:engineering OR category:artifact"
        assert when["A3"] == ""

    def test_one_form_for_all_asks_for_no_category(self, short: Forms) -> None:
        when = {one["name"]: one.get("condition", "") for one in hotcrp.review_fields(short)}
        assert (when["W Worth"], when["F Follows"], when["Summary"]) == ("", "round:result", "round:result")

    def test_every_criterion_has_a_score_of_its_anchors_and_evidence(self, forms: Forms) -> None:
        fields = {one["name"]: one for one in hotcrp.review_fields(forms)}
        for form in forms.values():
            for one in form.criteria:
                score = fields[f"{one.id} {one.title}"]
                assert score["required"] is True
                assert {value["name"].partition(": ")[2] for value in score["values"]} == set(one.anchors.values())
                assert fields[f"{one.id} evidence"]["type"] == "text"
        best = [value["name"].partition(":")[0] for value in fields["S1 A question worth either answer"]["values"]]
        assert best == ["sound", "fixable", "cannot tell", "not supported"]

    def test_what_only_chairs_see(self, forms: Forms) -> None:
        hidden = {one["name"] for one in hotcrp.review_fields(forms) if one["visibility"] == "admin"}
        assert hidden == {text.title for text in forms["science"].texts if text.audience == "chairs"}
        assert "Interest" in hidden

    def test_the_verdict_of_science_opens_after_its_review(self, forms: Forms) -> None:
        fields = {one.get("name", one.get("id")): one for one in hotcrp.settings(forms)["sf"]}
        seen = {name: (one.get("visibility"), one.get("condition")) for name, one in fields.items()}
        assert seen["Covered verdict"] == ("review", "category:science")
        assert seen["Verdict"] == ("all", "category:engineering")
        assert seen["Covered paper"] == ("review", "category:science")
        assert seen["submission"] == (None, "category:engineering OR category:artifact")
        assert seen["Contact"] == ("nonblind", None)
        assert seen["Covered sheet as PDF"] == ("review", "category:science")
        assert next(iter(fields)) == "Category"

    def test_forms_that_share_a_name_and_not_the_words_stand_apart(self, forms: Forms) -> None:
        edited = tuple(
            replace(one, evidence="Another.") if one.id == "A1" else one for one in forms["artifact"].criteria
        )
        told = hotcrp.settings({**forms, "artifact": replace(forms["artifact"], criteria=edited)})
        assert list(problems(told)) == []
        names = [one["name"] for one in told["rf"] if one["name"].startswith("A1 evidence")]
        assert names == ["A1 evidence", "A1 evidence, artifact"]


class TestValues:
    @pytest.mark.parametrize("category", ["science", "engineering", "artifact"])
    def test_every_value_has_its_field(self, category: str, forms: Forms, make_sheet: Any) -> None:
        values = hotcrp.submission_values(make_sheet(category))
        keys = {hotcrp.json_key(one["name"]): one for one in hotcrp.settings(forms)["sf"] if "name" in one}
        own = {"object", "pid", "status", "title", "authors"}
        assert set(values) - own <= set(keys)
        for name in set(values) - own:
            condition = keys[name].get("condition", f"category:{category}")
            assert f"category:{category}" in condition
        needed = {name for name, one in keys.items() if one["required"] != "no"}
        mine = {
            name for name in needed if f"category:{category}" in keys[name].get("condition", f"category:{category}")
        }
        assert mine - set(values) <= {"covered_paper"}

    def test_authors_have_names_without_their_orcids(self, make_sheet: Any) -> None:
        values = hotcrp.submission_values(make_sheet())
        assert values["authors"] == [{"name": "Ada Example"}, {"name": "Bo van Beispiel"}]
        assert (values["object"], values["pid"], values["status"]) == ("paper", "new", "draft")
        assert values["covered_verdict"].startswith("yes: winning")
        assert hotcrp.submission_values(make_sheet("engineering"))["verdict"].startswith("yes: winning")
        assert "covered_verdict" in hotcrp.submission_values(make_sheet("engineering"), covered=True)

    def test_a_blind_one_names_nobody(self, make_sheet: Any) -> None:
        told = json.dumps(hotcrp.submission_values(make_sheet("artifact"), blind=True))
        assert not re.search("Ada|Bo van|ada@|authors", told.replace("The authors", "").replace("by the authors", ""))


def test_the_steps_name_what_was_made(forms: Forms, short: Forms) -> None:
    readme = hotcrp.files(forms)["README.md"]
    assert "Assign reviewers to submissions of science in the round `design`, to others in `result`." in readme
    assert "design:result" in readme
    assert "in the round `design`" not in hotcrp.files({"artifact": forms["artifact"]})["README.md"]
    assert "Assign all reviewers in the round `design`." in hotcrp.files(short)["README.md"]
