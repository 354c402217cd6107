"""A filled review: read, everything that is wrong told at once, and what its authors see of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from whether.criteria.blank import blank
from whether.criteria.form import NAMES, load
from whether.criteria.review import Review, Score, for_authors, is_review, read_review
from whether.criteria.review_checks import is_pointer
from whether.errors import RequestError

SCIENCE = load("science")
HOSTILE = '"]\n[scores.S1]\nanswer="x"\n</script>\u202e\x7f\\ \'\'\' """ \t' + "é" * 50


def filled(name: str = "science", **changes: Any) -> Review:
    form = load(name)
    answers = {one.id: "sound" if one.kind == "score" else "yes" for one in form.criteria}
    return replace(
        Review(
            form=form.name,
            version=form.version,
            paper="17: Tickets",
            reviewer="R. Eader",
            design_scored=datetime(2026, 3, 2, 14, 5, tzinfo=UTC) if form.covered else None,
            verdict_uncovered=datetime(2026, 3, 2, 14, 6, tzinfo=UTC) if form.covered else None,
            scores={name: Score(answer=answer, evidence="Table 2") for name, answer in answers.items()},
            to_authors={"summary": "Tickets match.", "confidence": "read"},
            to_chairs={"interest": "few", "conflicts": "None.", "note": "Not for authors."},
        ),
        **changes,
    )


def scored(**scores: Score) -> Review:
    return filled(scores={**filled().scores, **scores})


def told(review: Review | str) -> list[str]:
    with pytest.raises(RequestError, match=r"r\.toml") as caught:
        read_review(review if isinstance(review, str) else review.to_toml(), "r.toml")
    return [problem.removeprefix("r.toml: ") for problem in caught.value.problems]


class TestRead:
    @pytest.mark.parametrize("name", NAMES)
    def test_toml_and_json_come_back(self, name: str) -> None:
        review = filled(name)
        assert read_review(review.to_toml(), "r.toml") == (review, load(name))
        assert read_review(review.to_json(), "r.json") == (review, load(name))
        assert review.recommendation(load(name)).outcome == "accept"

    def test_what_people_write_comes_back_as_they_wrote_it(self) -> None:
        review = scored(S1=Score(answer="fixable", evidence=f"x{HOSTILE}x", reason=f"x{HOSTILE}x"))
        for text in (review.to_toml(), review.to_json()):
            assert read_review(text, "r")[0] == review

    def test_answers_may_be_written_as_people_read_them(self) -> None:
        text = filled().to_toml().replace('answer = "sound"', 'answer = "Cannot tell"', 1)
        text = text.replace('evidence = "Table 2"\nreason = ""', 'evidence = "Table 2"\nreason = "none stated"')
        review, _ = read_review(text, "r.toml")
        assert sorted(set(review.answers.values())) == ["cannot_tell", "sound", "yes"]

    def test_a_time_may_be_one_of_toml(self) -> None:
        text = filled().to_toml().replace('"2026-03-02T14:05:00+00:00"', "2026-03-02T15:05:00+01:00")
        assert read_review(text, "r.toml")[0] == filled()

    @pytest.mark.parametrize("name", NAMES)
    def test_a_blank_one_names_all_that_is_missing_and_nothing_else(self, name: str) -> None:
        problems = told(blank(load(name)))
        assert len(problems) == (7 if load(name).covered else 6)
        assert problems[1].startswith(f"no answer to {load(name).ids[0]}")
        assert all(" is empty" in problem for problem in (problems[0], *problems[2:6]))

    def test_a_review_is_told_from_a_criteria_file(self) -> None:
        assert is_review(filled().to_toml())
        assert is_review("nonsense [")
        assert not is_review('[criteria.S1]\ntitle = "x"')


class TestMistakes:
    def test_a_score_without_evidence(self) -> None:
        problems = told(scored(S3=Score(answer="sound"), A1=Score(answer="yes")))
        assert problems == [
            "S3 The design can tell: scored “sound” without evidence. Wanted: where power, controls, and what differs "
            "between the arms are told."
        ]

    def test_evidence_that_points_nowhere(self) -> None:
        assert (
            "its evidence, 'see the paper', points to no place"
            in told(scored(S3=Score(answer="sound", evidence="see the paper")))[0]
        )

    @pytest.mark.parametrize("text", ["", "-", "n/a", "See paper.", "none", "…", "the whole text", " , ; "])
    def test_no_pointers(self, text: str) -> None:
        assert not is_pointer(text)

    @pytest.mark.parametrize("text", ["Table 2", "§4", "runs.csv", "cover sheet: rule", "図3", "I ran make test"])
    def test_pointers(self, text: str) -> None:
        assert is_pointer(text)

    @pytest.mark.parametrize(
        ("name", "answer", "wanted"),
        [
            ("A4", "no", "say where it does not hold"),
            ("S1", "fixable", "say what would mend it"),
            ("S1", "not_supported", "say what fails"),
            ("S1", "cannot_tell", "name what is missing"),
        ],
    )
    def test_an_answer_that_needs_a_reason(self, name: str, answer: str, wanted: str) -> None:
        problems = told(scored(**{name: Score(answer=answer, evidence="Table 2", reason=" ")}))
        assert len(problems) == 1
        assert f"without a reason; {wanted}" in problems[0]

    def test_unknown_and_missing_scores(self) -> None:
        text = filled().to_toml().replace("[scores.S3]", "[scores.S33]").replace("[scores.S5]", "[scores.s5]")
        problems = told(text)
        assert problems[0].startswith("scores.S33 is no criterion of the form science; did you mean 'S3'")
        assert problems[1].startswith("scores.s5 is no criterion of the form science; did you mean 'S5'")
        assert problems[2].startswith("no answer to S3 and S5; expected one of sound, ")

    def test_an_unknown_answer(self) -> None:
        assert "'soud' is no answer; did you mean 'sound'" in told(scored(S1=Score(answer="soud", evidence="§1")))[0]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"form": "scince"}, "form is 'scince'; did you mean 'science'"),
            ({"version": "2"}, "filled in with version 2 of the form science, which is now at version 1"),
            ({"paper": " "}, "paper is empty"),
            ({"to_authors": {"summary": "s", "confidence": "high"}}, "to_authors.confidence is 'high'. Known: checked"),
            ({"to_authors": {"confidence": "read"}}, "to_authors.summary is empty"),
            (
                {"to_chairs": {"interest": "few", "conflicts": "x" * 3000}},
                "has 3,000 characters; there is room for 2,000",
            ),
            ({"design_scored": None}, "design_scored is not told: A3, A4, S1, S2 and S3 are scored before"),
            ({"verdict_uncovered": None, "design_scored": None}, "design_scored and verdict_uncovered are not told"),
            (
                {"verdict_uncovered": datetime(2026, 3, 2, 14, 4, tzinfo=UTC)},
                "the verdict was uncovered (2026-03-02T14:04:00+00:00) before A3, A4, S1, S2 and S3 were scored",
            ),
        ],
    )
    def test_one_thing_is_wrong(self, changes: dict[str, Any], said: str) -> None:
        problems = told(filled(**changes))
        assert len(problems) == 1
        assert said in problems[0]

    def test_what_is_for_chairs_does_not_stand_among_what_authors_read(self) -> None:
        problems = told(filled(to_authors={**filled().to_authors, "interest": "few"}))
        assert problems == ["to_authors.interest is for chairs only; it belongs under [to_chairs]."]

    def test_everything_is_told_at_once(self) -> None:
        text = filled().to_toml().replace('paper = "17: Tickets"', "papr = 17").replace('"few"', '"fw"')
        text = text.replace('[scores.S4]\nanswer = "sound"', "[scores.S4]\nanswer = 3")
        text = text.replace("14:05:00+00:00", "14:05:00").replace('evidence = "Table 2"', 'evidence = ""', 1)
        problems = told(text)
        assert {problem.split()[0] for problem in problems} == {
            *("paper", "papr", "scores.S4.answer", "design_scored", "to_chairs.interest"),
        }

    @pytest.mark.parametrize(
        "text", ["", "[", "{", "[" * 5000, "{" * 5000, '{"a": 1}', "null", "\ufeff", "a = 1", "{}"]
    )
    def test_what_is_no_review(self, text: str) -> None:
        assert told(text)

    def test_what_is_too_large(self) -> None:
        assert "more than any review has" in told("#" * 4_000_001)[0]

    def test_engineering_needs_no_times(self) -> None:
        assert read_review(filled("engineering").to_toml(), "r.toml")[0].design_scored is None


def test_authors_see_nothing_that_is_for_chairs() -> None:
    said = for_authors(filled())
    for text in (said.to_toml(), said.to_json()):
        assert "Tickets match." in text
        for hidden in ("R. Eader", "Not for authors.", "few", "interest"):
            assert hidden not in text
    assert said.scores == filled().scores
    assert json.loads(said.to_json())["to_chairs"] == {}
