"""Sheets of work done elsewhere: what an author may write, and what is told as a mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sheets import HOSTILE, example, faults, hostile, longest

from whether.cover import render
from whether.cover.elsewhere import read
from whether.cover.fields import FIELDS, fields_of
from whether.cover.form import blank
from whether.cover.reading import read_sheet
from whether.cover.sheet import CANNOT, DECLARED, NOT_STATED, Sheet
from whether.errors import RequestError

PAPER = Path(__file__).parents[2] / "docs" / "examples" / "lottery-ticket-2019.cover.toml"
CLAIM = {
    "said": "a beats b",
    "kind": "exceeds",
    "estimate": 2.0,
    "low": 1.5,
    "high": 2.5,
    "size": 1.0,
    "unit": "points",
}


def work(kind: str = "science", **changed: Any) -> dict[str, Any]:
    """A file that says everything, as the form saves it; None takes a field away."""
    told: dict[str, Any] = {"category": kind, "source": "https://example.org/paper"}
    for name, item in fields_of(kind).items():
        if name != "category":
            told[name] = [item.example] if item.many else item.example
    if kind != "artifact":
        told |= {"verdict": "yes: it is so", "claim": [CLAIM]}
    told |= changed
    return {key: value for key, value in told.items() if value is not None}


def mistakes(told: dict[str, Any] | str) -> str:
    with pytest.raises(RequestError, match=r".+") as caught:
        read(told if isinstance(told, str) else json.dumps(told), "my.toml")
    assert all(problem.startswith("my.toml: ") for problem in caught.value.problems)
    return str(caught.value)


class TestRead:
    @pytest.mark.parametrize("category", ["science", "engineering", "artifact"])
    def test_what_is_said_is_declared(self, category: str) -> None:
        sheet = read(json.dumps(work(category)), "my.json")
        assert set(sheet.fields) == set(fields_of(category))
        assert {one.state for one in sheet.fields.values()} == {DECLARED}
        assert {one.pointer for one in sheet.fields.values()} == {"https://example.org/paper"}
        assert (sheet.category, sheet.mark, sheet.made_by) == (category, DECLARED, "by hand")
        assert sheet.verdict == ("" if category == "artifact" else "yes")

    def test_places_lie_in_the_source_or_elsewhere(self) -> None:
        told = work(
            runs={"text": "five", "pointer": "section 3"},
            data={"text": "MNIST", "pointer": "https://example.org/mnist"},
        )
        fields = read(json.dumps(told), "my.json").fields
        assert fields["runs"].pointer == "https://example.org/paper, section 3"
        assert fields["data"].pointer == "https://example.org/mnist"

    def test_only_its_author_can_say_some_things(self) -> None:
        told = work(source=None)
        for name, item in fields_of("science").items():
            if item.fill != "hand" and item.group != "identity":
                told[name] = {"text": told[name], "pointer": "paper.pdf"}
        fields = read(json.dumps(told), "my.json").fields
        assert fields["title"].pointer == fields["funding"].pointer == fields["date"].pointer == "my.json"

    def test_not_stated_is_said_in_so_many_words(self) -> None:
        fields = read(json.dumps(work(compute="not stated", ai="Not stated", doi=None)), "my.json").fields
        assert {name for name, one in fields.items() if one.state == NOT_STATED} == {"compute", "ai", "doi"}

    def test_a_date_of_toml_is_a_date(self) -> None:
        told = PAPER.read_text(encoding="utf-8").replace('date = "2019-03-04"', "date = 2019-03-04")
        assert read(told, "a.toml").fields["date"].text == "2019-03-04"

    def test_text_is_on_one_line_and_plain(self) -> None:
        told = work(title=HOSTILE[:60] + "\u202e\n", authors=["A\tB", ""])
        fields = read(json.dumps(told), "my.json").fields
        assert fields["authors"].text == "A B"
        assert fields["title"].text.isprintable()

    def test_a_claim_says_its_verdict_by_its_interval(self) -> None:
        row = read(json.dumps(work()), "my.json").axis[0]
        assert (row.verdict, row.low, row.high, row.level) == ("yes", 1.5, 2.5, None)

    def test_an_interval_may_be_open(self) -> None:
        told = 'category = "artifact"\nsource = "https://a.org"\n[[claim]]\nsaid = "a"\nkind = "above"\n'
        told += "size = 1.0\nlow = 2.0\nhigh = inf\n"
        for name, item in fields_of("artifact").items():
            if item.needed and name != "category":
                told = f'{name} = "not stated"\n{told}'
        row = read(told, "a.toml").axis[0]
        assert (row.low, row.high, row.verdict) == (2.0, None, "yes")

    def test_its_own_json_is_read_back(self) -> None:
        sheet = read(json.dumps(work()), "my.json")
        assert read(render.render(sheet)["cover.json"].decode(), "cover.json").to_json() == sheet.to_json()

    def test_blind_it_leads_nobody_to_its_authors(self) -> None:
        told = work(
            identifier="arXiv:1803.03635", data="MNIST, doi:10.1/23", runs={"text": "5", "pointer": "section 3"}
        )
        sheet = read(json.dumps(told), "my.json").blind()
        assert "example.org" not in sheet.to_json()
        assert "1803.03635" not in sheet.to_json()
        assert (sheet.fields["data"].text, sheet.fields["data"].pointer) == ("MNIST, the work", "the work")
        assert sheet.fields["runs"].pointer == "the work, section 3"
        assert faults(sheet) == []
        told_md = render.render(sheet)["cover.md"].decode()
        assert "*Hidden from reviewers:* Authors, Contact, Identifier, DOI, Code and environment, Conflicts" in told_md
        assert "*Not stated:*" not in told_md

    def test_nothing_is_verified_of_a_json_from_elsewhere(self) -> None:
        sheet = read(example().to_json(), "cover.json")
        assert {one.state for one in sheet.fields.values()} == {DECLARED}
        assert (sheet.mark, sheet.fields["runs"].pointer) == (DECLARED, "answer.json")

    def test_the_published_paper_is_one(self) -> None:
        sheet = read(PAPER.read_text(encoding="utf-8"), PAPER.name)
        assert sheet.fields["authors"].text == "Jonathan Frankle\nMichael Carbin"
        assert (sheet.mark, sheet.verdict, sheet.axis) == (DECLARED, "yes", [])


class TestMistakes:
    def test_all_are_told_at_once(self) -> None:
        told = mistakes(work(titel="x", authors=[1], runs="r" * 900, question=None, claim=[CLAIM | {"kind": "bigger"}]))
        assert "titel is unknown; did you mean 'title'" in told
        assert "authors is [1]; expected a text" in told
        assert f"runs has 900 characters; the page has room for {FIELDS['runs'].most}." in told
        assert "missing: question." in told
        assert "kind is 'bigger'; expected 'exceeds', 'not_worse', 'same', 'below' or 'above'" in told

    def test_no_place_to_look(self) -> None:
        told = mistakes(work(source=None))
        assert 'runs is declared without a place to look; expected runs = { text = …, pointer = "section 3" }' in told
        assert "title is declared" not in told

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"verdict": "maybe so"}, "verdict begins with 'maybe'; expected yes, no or inconclusive"),
            ({"verdict": "notable"}, "verdict begins with 'notable'"),
            ({"category": "art"}, "unknown category 'art'"),
            ({"adoption": "a lot"}, "adoption stands on sheets of category engineering only"),
            ({"annex": "the code"}, "annex begins with 'the code'; expected a category"),
            ({"authors": ["x"] * 41}, "authors has 41 items; expected at most 40"),
            ({"title": ["a", "b"]}, "title is a list of 2; expected one text"),
            ({"data": {"text": "x", "pointer": "p" * 300}}, "the pointer of data has 300 characters"),
            ({"data": {"text": "x", "ponter": "p"}}, "data.ponter is unknown"),
            ({"verdict": "no: not so"}, "the verdict is 'no', but every claim is 'yes'"),
            ({"verdict": "no", "claim": [CLAIM, CLAIM | {"low": 0.5}]}, "no claim is: they are inconclusive, yes"),
        ],
    )
    def test_each_is_told(self, changed: dict[str, Any], said: str) -> None:
        assert said in mistakes(work(**changed))

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"low": 0.5, "verdict": "yes"}, "claim 1 is declared 'yes', but its interval reaches across the smallest"),
            ({"verdict": "no"}, "claim 1 is declared 'no', but its interval lies where the answer is 'yes'"),
            ({"verdict": "inconclusive"}, "claim 1 is declared 'inconclusive', but its interval lies where"),
            ({"low": None, "high": None, "verdict": "no"}, "but its estimate lies where the answer is 'yes'"),
            ({"low": None, "high": None, "estimate": None, "verdict": "yes"}, "neither an estimate nor an interval"),
            ({"size": 0.0}, "claim 1: exceeds needs a smallest size of interest, finite and above 0"),
            ({"low": 3.0}, "claim 1: an interval needs a lower limit that is at most its upper one"),
            ({"estimate": 9.0}, "claim 1: the estimate 9 lies outside its interval"),
            ({"level": 0.95}, "claim 1: level is '0.95': input should be less than 0.5"),
            ({"said": "x" * 200}, "at most 160 characters"),
        ],
    )
    def test_a_verdict_must_follow(self, changed: dict[str, Any], said: str) -> None:
        claim = {key: value for key, value in (CLAIM | changed).items() if value is not None}
        assert said in mistakes(work(claim=[claim]))

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("title = ", "not TOML"),
            ('{"title": ', "not JSON"),
            ("[1, 2]", "not TOML|expected fields"),
            ("[" * 100_000, "nested too deeply|not JSON|not TOML"),
            ('{"a": ' * 5000, "not JSON|nested"),
            ('{"fields": {"x": 1}}', "has format None; this version of whether reads format 1"),
            (
                '{"category": "science", "claim": [{"size": NaN}]}',
                "one of its numbers is not finite",
            ),
        ],
    )
    def test_what_is_no_sheet(self, text: str, said: str) -> None:
        with pytest.raises(RequestError, match=said):
            read(text, "my.toml")


class TestCoverJson:
    """A cover.json that somebody hands in."""

    @pytest.mark.parametrize("sheet", [example(), example("artifact"), hostile(), longest("engineering")])
    def test_any_sheet_that_is_made_can_be_read(self, sheet: Sheet) -> None:
        again = read_sheet(sheet.to_json(), "cover.json")
        assert faults(again) == []
        assert again.mark == (CANNOT if sheet.problems else DECLARED)
        assert all(line.isprintable() for one in again.fields.values() for line in one.text.splitlines())

    def test_what_it_lacks_is_not_stated(self) -> None:
        told = json.loads(example().to_json())
        del told["fields"]["open"]
        assert read_sheet(json.dumps(told), "cover.json").fields["open"].state == NOT_STATED

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda told: told["fields"].update(titel={}), "unknown field 'titel'; did you mean 'title'"),
            (
                lambda told: told["fields"].update(adoption={}),
                "fields.adoption stands on sheets of category engineering",
            ),
            (lambda told: told["fields"].update(runs=3), "fields.runs is int; expected a table"),
            (
                lambda told: told["fields"]["runs"].update(state="sure"),
                "fields.runs.state is 'sure'; expected verified",
            ),
            (lambda told: told["fields"]["runs"].update(state=["x"]), "fields.runs.state is "),
            (lambda told: told["fields"]["runs"].update(text=""), "fields.runs is verified, but its text is empty"),
            (lambda told: told["fields"]["title"].update(pointer="\u202e"), "is declared, but its pointer is empty"),
            (lambda told: told["fields"]["runs"].update(state=CANNOT), "is cannot verify, but its note is empty"),
            (lambda told: told["fields"]["runs"].update(state=NOT_STATED), "is not stated, but has a text"),
            (lambda told: told["fields"]["runs"].update(text=3), "fields.runs.text is no text"),
            (lambda told: told["fields"]["runs"].update(more=3), "fields.runs.more is unknown"),
            (lambda told: told.update(verdict="perhaps"), "verdict is 'perhaps'; expected yes, no, inconclusive"),
            (lambda told: told.update(annex="x"), "annex is 'x'; expected science, engineering, artifact"),
            (lambda told: told.update(problems="x"), "problems is no list of texts"),
            (lambda told: told.update(category=["science"]), "unknown category"),
            (lambda told: told.update(category="sience"), "unknown category 'sience'; did you mean 'science'"),
            (lambda told: told.update(format=99), "cover.json has format 99; this version of whether reads format 1"),
            (lambda told: told.pop("axis"), "axis is missing; expected a list"),
            (lambda told: told.update(axis=told["axis"] * 99), "axis has 99 rows; expected a list of at most 40"),
            (lambda told: told["axis"][0].update(kind="zz"), "axis 1: kind is 'zz'; expected 'exceeds'"),
            (
                lambda told: told["axis"][0].update(low=3, high=-3),
                "axis 1: its interval ends at -3 before it begins at 3",
            ),
            (lambda told: told["axis"][0].update(low=-1e308, high=1e308), "axis 1: low is '-1e+308'"),
            (lambda told: told["axis"][0].update(size="big"), "axis 1: size must be a number"),
            (lambda told: told.update(axis=[3]), "axis 1:  must be a table"),
        ],
    )
    def test_what_is_wrong_is_told(self, change: Callable[[Any], Any], said: str) -> None:
        told = json.loads(example().to_json())
        change(told)
        with pytest.raises(RequestError, match=re.escape(said)):
            read_sheet(json.dumps(told), "cover.json")


class TestBlank:
    @pytest.mark.parametrize("category", ["science", "engineering", "artifact"])
    def test_every_field_is_asked_and_nothing_is_said(self, category: str) -> None:
        told = blank(category)
        assert max(map(len, told.splitlines())) <= 120
        needed = [name for name, item in fields_of(category).items() if item.needed and name != "category"]
        assert f'missing: {", ".join(needed)}. Where nobody can say, write "not stated".' in mistakes(told)

    def test_filled_in_it_is_a_sheet(self) -> None:
        told = blank("science").replace('source = ""', 'source = "https://a.org"').replace("# [[claim]]", "[[claim]]")
        head, claim = told.split("[[claim]]")
        told = head.replace('= ""', '= "yes"').replace("= []", '= ["yes"]') + "[[claim]]" + claim.replace("\n# ", "\n")
        told = re.sub(r'(annex|doi|date) = "yes"', "", told).replace('contact = "yes"', 'contact = "not stated"')
        assert read(told, "a.toml").axis[0].said.startswith("tickets at 7 %")

    def test_an_unknown_category(self) -> None:
        with pytest.raises(RequestError, match="unknown category 'sience'; did you mean 'science'"):
            blank("sience")


@pytest.mark.parametrize("date", ["2019", "2019-02", "2024-02-29", "not stated"])
def test_a_date_is_a_year_or_more(date: str) -> None:
    text = PAPER.read_text(encoding="utf-8")
    said = read(re.sub(r"(?m)^date = .*$", f'date = "{date}"', text), "a.toml").fields["date"]
    assert said.text == ("" if date == NOT_STATED else date)


@pytest.mark.parametrize("date", ["2019-13", "2019-02-30", "in May", "19-02-01", "2019-2", "2019-02-01T10:00:00"])
def test_what_is_no_date_is_told(date: str) -> None:
    text = PAPER.read_text(encoding="utf-8")
    with pytest.raises(RequestError, match=f"date is '{date}'; expected a year, year-month or year-month-day"):
        read(re.sub(r"(?m)^date = .*$", f'date = "{date}"', text), "a.toml")


def test_claims_are_told_of_with_all_else() -> None:
    claims = [CLAIM | {"kind": "bigger"}, CLAIM | {"verdict": "no"}, {"said": "x"}]
    with pytest.raises(RequestError, match="titel is unknown") as caught:
        read(json.dumps(work(titel="x", date="May", claim=claims)), "a.json")
    told = "\n".join(caught.value.problems)
    for what in ("date is 'May'", "claim 1: kind is 'bigger'", "claim 2 is declared 'no'", "claim 3: kind is missing"):
        assert f"a.json: {what}" in told
    assert ".." not in told


def test_sentences_of_a_blank_file_end_where_they_end() -> None:
    for category in ("science", "artifact"):
        lines = [line for line in blank(category).splitlines() if line.startswith("#")]
        assert max(map(len, lines)) <= 110
        head = "\n".join(lines[:6])
        assert "What only you\n# can say (title, declarations) needs none." in head


def test_words_of_an_answer_are_no_work_done_elsewhere() -> None:
    with pytest.raises(RequestError, match=r"what authors say of the answer tiny-12345678, .*: whether cover tiny$"):
        read('answer = "tiny-12345678"\ncategory = "science"', "a.toml")
