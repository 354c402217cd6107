"""The forms that come along, and a chair's own file: what it may say, and what is told of what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from whether.cover.fields import FIELDS
from whether.criteria.form import NAMES, Form, load
from whether.criteria.reading import packaged, read
from whether.errors import RequestError

OWN = {"science": "S", "engineering": "E", "artifact": "R"}


@pytest.fixture(params=NAMES)
def form(request: pytest.FixtureRequest) -> Form:
    return load(request.param)


def problems(text: str) -> list[str]:
    with pytest.raises(RequestError, match="mine") as caught:
        read(text, "mine")
    return list(caught.value.problems)


class TestForms:
    @pytest.mark.parametrize(("name", "letter"), OWN.items())
    def test_a_category_has_the_gate_and_seven_criteria(self, name: str, letter: str) -> None:
        form = load(name)
        assert form.ids == ("A1", "A2", "A3", "A4", *(f"{letter}{number}" for number in range(1, 8)))
        assert [one.id for one in form.criteria if one.gate] == ["A1", "A2", "A3", "A4"]
        assert form.category == name

    def test_an_annex_has_the_gate_only(self) -> None:
        assert load("gate").ids == ("A1", "A2", "A3", "A4")

    def test_the_short_form_has_four_questions(self) -> None:
        assert sorted(one.title for one in load("short").criteria) == ["Design", "Follows", "Gate", "Worth"]

    def test_of_science_the_question_and_the_design_come_before_the_verdict(self) -> None:
        before = [one.id for one in load("science").at("design") if not one.gate]
        assert before == ["S1", "S2", "S3"]
        assert load("engineering").at("design") == ()
        assert len(load("engineering").at("result")) == 11

    def test_every_answer_has_an_anchor_of_its_own(self, form: Form) -> None:
        anchors = [text for one in form.criteria for text in one.anchors.values()]
        assert len(set(anchors)) == len(anchors)
        assert all(one.anchors.keys() == {*form.scale(one).ids} for one in form.criteria)

    def test_texts_are_sentences_that_can_be_read(self, form: Form) -> None:
        for one in form.criteria:
            assert one.ask.endswith("?")
            assert len(one.ask.split()) <= 25
            for text in (*one.anchors.values(), one.evidence):
                assert re.search(r"[.”)]$", text), text
                assert len(text.split()) <= 55, text
            assert {*one.look} <= FIELDS.keys()

    def test_no_criterion_asks_for_novelty_or_rank(self, form: Form) -> None:
        asked = " ".join(text for one in form.criteria for text in (one.ask, one.title, *one.anchors.values()))
        assert not re.search(r"\b(novel|new idea|original|state.of.the.art|sota|leaderboard|outperform)", asked, re.I)

    def test_it_is_said_that_the_direction_of_the_result_is_no_criterion(self, form: Form) -> None:
        said = " ".join(form.never)
        assert re.search(r"verdict went|target was reached|which way they went", said)
        assert re.search(r"\bnew\b", said)

    def test_interest_is_for_chairs_only(self, form: Form) -> None:
        audiences = {text.id: text.audience for text in form.texts}
        assert audiences["interest"] == audiences["conflicts"] == "chairs"
        assert audiences["summary"] == "authors"


class TestOwnFile:
    def test_one_sentence_is_changed_by_one_sentence(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        text = packaged("science").replace('version = "1"', 'version = "1-mine"')
        path.write_text(text + '\n[criteria.A2]\nask = "Are its limits told in the first line?"\n', encoding="utf-8")
        form = load(path)
        assert form["A2"].ask == "Are its limits told in the first line?"
        assert form["A2"].anchors == load("science")["A2"].anchors
        assert (form.name, form.version, form.ids) == ("science", "1-mine", load("science").ids)

    def test_a_criterion_can_be_left_out(self) -> None:
        text = packaged("science").replace('include = "gate"', 'include = "gate"\nleaves_out = ["A2", "S7"]')
        assert read(text, "mine").ids == ("A1", "A3", "A4", "S1", "S2", "S3", "S4", "S5", "S6")

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('title = "Scope"', 'titel = "Scope"', r"criteria\.S7\.titel is unknown; did you mean 'title'"),
            ('include = "gate"', 'include = "gat"', "include is 'gat'; expected \"gate\""),
            ('category = "science"', 'category = "sciense"', "category is 'sciense'; did you mean 'science'"),
            (
                'look = ["start"]',
                'look = ["strat"]',
                "names no field of the cover sheet: 'strat'; did you mean 'start'",
            ),
            ("[rule.instead.S6.cannot_tell]", "[rule.instead.S9.cannot_tell]", "S9 is no criterion; did you mean 'S"),
            ("[criteria.S1.anchors]\nsound", "[criteria.S1.anchors]\nsond", "has no anchor for 'sound'"),
            ('version = "1"', "version = 1", "version must be text, in quotation marks"),
            ("covered = true", 'covered = "yes"', "covered must be true or false"),
            ('stage = "design"', 'stage = "first"', "stage is 'first'; expected 'design' or 'result'"),
            ("[criteria.S1]", "[criteria.s-1]", r"criteria\.s-1"),
            ('include = "gate"', 'include = "gate"\nleaves_out = ["A9"]', "leaves_out names 'A9'; did you mean 'A"),
            ('include = "gate"', 'include = ["gate"', "not TOML"),
        ],
    )
    def test_what_is_wrong_is_told(self, old: str, new: str, said: str) -> None:
        text = packaged("science")
        assert old in text
        assert re.search(said, "\n".join(problems(text.replace(old, new))))

    def test_everything_is_told_at_once(self) -> None:
        text = (
            packaged("science").replace('title = "Scope"', 'titel = "Scope"').replace("covered = true", "covered = 1")
        )
        assert len(problems(text)) == 3  # the title is missing, too

    def test_a_rule_that_prefers_a_worse_answer_is_refused(self) -> None:
        text = packaged("science") + '\n[rule.instead.S1.not_supported]\noutcome = "accept"\nwhy = "so"\n'
        told = problems(text)
        assert told == [
            "mine: the rule for S1 prefers a worse answer: not_supported leads to accept and cannot_tell only to "
            "cannot_judge."
        ]

    def test_a_file_without_the_gate_says_all_itself(self) -> None:
        told = problems('name = "mine"\nversion = "1"\n')
        assert "mine: criteria is missing." in told
        assert "mine: rule is missing." in told

    def test_neither_a_name_nor_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="unknown category 'scence'; did you mean 'science'"):
            load("scence")
        with pytest.raises(RequestError, match="cannot be read as a criteria file: no such file"):
            load(tmp_path / "none.toml")
        (tmp_path / "latin.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(RequestError, match="it is not UTF-8"):
            load(tmp_path / "latin.toml")
