"""The rule: total, monotone, blind to the verdict, and what it says in words."""

from __future__ import annotations

import inspect
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whether.criteria.form import NAMES, ORDER, Form, load
from whether.criteria.recommend import explain, recommend
from whether.errors import RequestError

FORMS = {name: load(name) for name in NAMES}
BETTER = {"score": ["not_supported", "cannot_tell", "fixable", "sound"], "yes_no": ["no", "yes"]}
"""Answers from worse to better, written down apart from the files."""

forms = st.sampled_from(list(FORMS.values()))


def answers(form: Form) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({one.id: st.sampled_from(BETTER[one.kind]) for one in form.criteria})


def best(form: Form) -> dict[str, str]:
    return {one.id: BETTER[one.kind][-1] for one in form.criteria}


class TestRule:
    @given(st.data())
    def test_total(self, data: st.DataObject) -> None:
        form = data.draw(forms)
        scores = data.draw(answers(form))
        made = recommend(form, scores)
        assert made.outcome in ORDER
        told = {reason.criterion for reason in made.reasons}
        assert told == {name for name, answer in scores.items() if answer not in ("sound", "yes")}
        assert (made.outcome == "accept") == (not told)
        assert (made.outcome == "reject") == bool(made.because)

    @given(st.data())
    def test_improving_one_answer_never_worsens_it(self, data: st.DataObject) -> None:
        form = data.draw(forms)
        scores = data.draw(answers(form))
        one = data.draw(st.sampled_from(form.criteria))
        ladder = [recommend(form, {**scores, one.id: answer}).outcome for answer in BETTER[one.kind]]
        places = [ORDER.index(outcome) for outcome in ladder]
        assert places == sorted(places, reverse=True)

    def test_all_combinations_of_the_short_form(self) -> None:
        form, counts = FORMS["short"], dict.fromkeys(ORDER, 0)
        for gate, *rest in itertools.product(BETTER["yes_no"], *[BETTER["score"]] * 3):
            scores = dict(zip(("A", "W", "D", "F"), (gate, *rest), strict=True))
            counts[recommend(form, scores).outcome] += 1
        # By hand: 1; fixable or sound 2³ − 1; with a "cannot tell" or a no 2·3³ − 2³; the rest of 2·4³.
        assert counts == {"accept": 1, "accept_after_fixes": 7, "cannot_judge": 46, "reject": 74}

    @pytest.mark.parametrize(
        ("name", "change", "outcome"),
        [
            ("science", {}, "accept"),
            ("science", {"S7": "fixable", "S2": "fixable"}, "accept_after_fixes"),
            ("science", {"S5": "cannot_tell", "S7": "fixable"}, "cannot_judge"),
            ("science", {"S5": "cannot_tell", "S3": "not_supported"}, "reject"),
            ("science", {"S6": "not_supported"}, "accept_after_fixes"),
            ("science", {"A2": "no"}, "accept_after_fixes"),
            ("science", {"A3": "no"}, "cannot_judge"),
            ("engineering", {"E4": "not_supported"}, "accept_after_fixes"),
            ("engineering", {"E2": "not_supported"}, "reject"),
            ("artifact", {"R2": "cannot_tell"}, "cannot_judge"),
            ("gate", {"A1": "no"}, "cannot_judge"),
        ],
    )
    def test_by_hand(self, name: str, change: dict[str, str], outcome: str) -> None:
        assert recommend(FORMS[name], {**best(FORMS[name]), **change}).outcome == outcome

    def test_nothing_but_answers_goes_into_it(self) -> None:
        assert list(inspect.signature(recommend).parameters) == ["form", "scores"]

    def test_what_is_not_scored_is_missing(self) -> None:
        scores = best(FORMS["science"])
        del scores["S4"]
        made = recommend(FORMS["science"], scores)
        assert (made.outcome, [one.criterion for one in made.missing]) == ("cannot_judge", ["S4"])

    def test_unknown_names_are_all_told(self) -> None:
        with pytest.raises(RequestError, match="unknown criterion 'S9'; did you mean") as caught:
            recommend(FORMS["science"], {"S9": "sound", "S1": "soud"})
        assert "S1: unknown answer 'soud'; did you mean 'sound'?" in caught.value.problems[1]


class TestWords:
    def test_reasons_stand_in_sentences_those_that_decide_first(self) -> None:
        made = recommend(FORMS["science"], {**best(FORMS["science"]), "S3": "not_supported", "S6": "not_supported"})
        assert made.sentences == (
            "Reject. A criterion fails that no revision of this work would mend.",
            "Because: S3 The design can tell: not supported.",
            "To mend: S6 Explanation apart from measurement: not supported (the explanation is struck from title, "
            "abstract and sheet, and the measurement stands without it).",
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_the_rule_is_explained_with_its_exceptions(self, name: str) -> None:
        told = explain(FORMS[name])
        assert told.count("\nBut ") == sum(len(ways) for ways in FORMS[name].rule.instead.values())
        for label in ("accept", "accept after fixes", "cannot judge"):
            assert f"\n{label}: " in told
        assert ("\nreject: " in told) == (name != "gate")  # none of whose answers leads there
        assert ": . " not in told
