"""Two answers side by side: what is told of both, what cannot be compared, one axis, and the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_cases import EVIL, add, bench, folder_of, get, read

from whether.answer import Answer, ControlResult
from whether.history.difference import Difference
from whether.report.chart import tick_labels
from whether.store.folder import Store
from whether.web.compare import compared, label, panels
from whether.web.compare_svg import bars_svg, of_arms, of_claims, told
from whether.web.svg import ticks

SVG = "{http://www.w3.org/2000/svg}"


def answer(name: str = "question-00", arms: int = 4, replicates: int = 5, **said: Any) -> Answer:
    return replace(bench().answer_of(name, arms, replicates, 0), **said)


def drawing(a: Answer, b: Answer) -> ET.Element:
    claims = panels(compared(a, b).claims)[0]
    groups, across = of_claims(claims)
    return ET.fromstring(bars_svg(groups, across, unit="points", title="T", text=told(claims), name="n"))


class TestCompared:
    def test_only_what_differs_comes_first(self) -> None:
        a = answer(options={"density": "0.1", "model": "mlp-3"})
        b = answer(options={"density": "0.2", "model": "mlp-3", "rounds": "4"}, replicates=5)
        found = compared(a, b)
        assert [(item.name, item.a, item.b) for item in found.options if item.differs] == [
            ("density", "0.1", "0.2"),
            ("rounds", "not given", "4"),
        ]
        assert [item.differs for item in found.options] == [True, True, False]

    def test_the_rule_and_the_grade_are_told(self) -> None:
        found = compared(answer(), answer(grade="exploratory", alpha=0.01, replicates=5, planned=20))
        apart = {item.name: (item.a, item.b) for item in found.rule if item.differs}
        assert apart["α"] == ("0.05", "0.01")
        assert apart["grade"] == ("registered", "exploratory")
        assert apart["replicates"] == ("5", "5 of at most 20")

    def test_claims_meet_by_what_they_compare(self) -> None:
        a, b = answer(), answer(replicates=8)
        found = compared(a, b)
        assert [(item.a, item.b) for item in found.claims] == list(zip(a.claims, b.claims, strict=True))
        assert all(item.shares_axis and item.role == "decides" for item in found.claims)

    def test_a_claim_of_one_alone_stands_last(self) -> None:
        a = answer()
        found = compared(a, replace(answer(), claims=a.claims[1:]))
        assert [item.b is None for item in found.claims] == [False, True]

    def test_arms_that_both_have(self) -> None:
        found = compared(answer(arms=3), answer(arms=5))
        assert [item.name for item in found.arms] == ["arm 0", "arm 1", "arm 2"]
        assert (list(found.only_a), list(found.only_b)) == ([], ["arm 3", "arm 4"])

    def test_seeds_that_follow_from_another_root_are_left_out(self) -> None:
        differences = [Difference("all arms › start › seed", "1", "2"), Difference("all arms › train › lr", "1", "2")]
        differences += [Difference("claim x › size", "1", "2"), Difference("verdict", "yes", "no")]
        other = compared(answer(), answer(seed=5), differences)
        assert [item.path for item in other.histories] == ["all arms › train › lr"]
        assert len(compared(answer(), answer(), differences).histories) == 2

    def test_what_nobody_can_tell_of_histories_is_one_sentence(self) -> None:
        found = compared(answer(), answer(), [Difference(f"{name} › history", "ab", "cd") for name in ("a", "b", "c")])
        assert (found.histories, found.untold) == ([], 3)
        assert any("Records of 3 networks are not in this lab" in said for said in found.cautions)
        assert not any("not in this lab" in said for said in compared(answer(), answer()).cautions)


class TestCautions:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"name": "other"}, "They ask different questions"),
            ({"data": {"name": "mnist", "content": "x"}}, r"Their data differ \(digits and mnist\)"),
            ({"split": "test"}, r"different splits \(validation and test\)"),
            ({"alpha": 0.01}, r"different levels \(90 % and 98 %\)"),
        ],
    )
    def test_what_cannot_be_compared_is_said(self, change: dict[str, Any], says: str) -> None:
        assert re.search(says, " ".join(compared(answer(), answer(**change)).cautions))

    def test_units_and_sizes_are_watched(self) -> None:
        a = answer()
        nats = replace(a, claims=[replace(a.claims[0], unit="nats"), replace(a.claims[1], size=3.0)])
        found = compared(a, nats)
        said = " ".join(found.cautions)
        assert "is told in points and in nats: it has no common axis" in said
        assert "its smallest size of interest is 0.5 points in A and 3 points in B" in said
        assert [len(panel) for panel in panels(found.claims)] == [2, 1]

    def test_runs_in_common_are_no_independent_evidence(self) -> None:
        said = " ".join(compared(answer(), answer()).cautions)
        assert "20 runs are the same in both" in said
        apart = answer("question-01")
        assert "the same in both" not in " ".join(compared(answer(), apart).cautions)

    def test_nothing_in_common_is_said(self) -> None:
        a = answer()
        other = replace(a, claims=[replace(claim, left="elsewhere") for claim in a.claims])
        assert "No claim of the one is a claim of the other" in " ".join(compared(a, other).cautions)


class TestDrawing:
    def test_both_stand_on_one_axis(self) -> None:
        a, b = answer(), answer(replicates=40)
        svg = drawing(a, b)
        dots = [float(str(dot.get("cx"))) for dot in svg.iter(f"{SVG}circle")]
        estimates = [one.estimate for pair in zip(a.claims, b.claims, strict=True) for one in pair]
        shown = [(place, value) for place, value in zip(dots, estimates, strict=True)]
        (x0, v0), (x1, v1) = min(shown, key=lambda one: one[1]), max(shown, key=lambda one: one[1])
        for place, value in shown:  # places follow values linearly, whichever answer they are of
            assert place == pytest.approx(x0 + (value - v0) / (v1 - v0) * (x1 - x0), abs=0.2)

    def test_what_runs_out_of_view_is_an_arrow_and_no_interval_is_none(self) -> None:
        a = answer()
        claim = replace(a.claims[0], left="far", estimate=1e6, low=None, high=None)
        far = replace(a, controls=[ControlResult(claim=claim, expect="yes", because="it is far", behaved=True)])
        marks = [str(part.get("class")) for part in drawing(far, a).iter()]
        assert [mark for mark in marks if mark.startswith("beyond")] == [f"beyond {claim.verdict}"]
        assert sum(mark.startswith("estimate") for mark in marks) == 2 * len(a.claims)

    def test_hostile_words_stay_words(self) -> None:
        a = answer()
        evil = replace(a, claims=[replace(a.claims[0], said=EVIL * 50), a.claims[1]])
        tags = {part.tag.removeprefix(SVG) for part in drawing(evil, evil).iter()}
        assert tags <= {"svg", "title", "desc", "text", "rect", "path", "circle"}

    def test_means_have_their_names_beside_them(self) -> None:
        groups, across = of_arms(compared(answer(), answer(replicates=9)).arms)
        svg = ET.fromstring(bars_svg(groups, across, unit="", title="T", text="t", name="m", aside=True))
        names = [part.text for part in svg.iter(f"{SVG}text") if part.get("class") == "name"]
        assert names == ["arm 0", "arm 1", "arm 2", "arm 3"]


class TestAxis:
    @given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 9))
    def test_marks_are_round_few_and_inside(self, low: float, span: float, most: int) -> None:
        high = low + span
        if not high > low:
            return
        marks = ticks(low, high, most)
        slack = 1e-6 * max(abs(low), abs(high), span)
        assert 1 <= len(marks) <= max(most, 2)
        assert all(low - slack <= mark <= high + slack for mark in marks)
        assert len(tick_labels(marks)) == len(marks)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from whether.web.app import create_app

    store = Store.find(tmp_path_factory.mktemp("compare") / "lab")
    add(store, answer("question-00"))
    add(store, answer("question-01", arms=3, text=EVIL, options={"<b>": EVIL}))
    return create_app(store.root)


A, B = folder_of("question-00"), folder_of("question-01")


class TestPage:
    def test_it_shows_both(self, lab: Any) -> None:
        page = read(get(lab, f"/compare?a={A}&b={B}"))
        assert {f"/answers/{A}", f"/answers/{B}"} <= set(page.links())
        assert "They ask different questions" in page.words
        assert "Arms that both have" in page.words
        assert [said["value"] for said in page.named("option") if "selected" in said] == [A, B]

    def test_nothing_of_it_is_markup(self, lab: Any) -> None:
        page = read(get(lab, f"/compare?a={A}&b={B}"))
        assert page.named("img") == []
        assert page.named("script") == []
        assert "alert(1)" in page.words

    @pytest.mark.parametrize(
        ("query", "status", "says"),
        [
            ("", 200, "Pick two"),
            (f"?a={A}", 200, "Pick two"),
            (f"?a={A}&b={A}", 404, "A and B are the same answer"),
            (f"?a={A}&b=../../etc", 404, "B names no answer of this lab"),
            ("?a=%3Cscript%3E&b=x", 404, "A names no answer of this lab"),
        ],
    )
    def test_what_is_wrong_is_said(self, lab: Any, query: str, status: int, says: str) -> None:
        got = get(lab, f"/compare{query}")
        assert (got.status, says in read(got).words) == (status, True)
        assert "%3C" not in got.text
        assert "etc" not in got.text

    def test_a_damaged_answer_is_told(self, tmp_path: Path) -> None:
        from whether.web.app import create_app

        store = Store.find(tmp_path / "lab")
        folders = [add(store, answer(name)) for name in ("question-00", "question-01")]
        path = store.answers.folder / folders[0] / "answer.json"
        path.write_bytes(path.read_bytes().replace(b'"yes"', b'"no"'))
        got = get(create_app(store.root), f"/compare?a={folders[0]}&b={folders[1]}")
        assert f"A, {folders[0]}, is damaged" in read(got).words

    def test_a_lab_with_one_answer_teaches(self, tmp_path: Path) -> None:
        from whether.web.app import create_app

        store = Store.find(tmp_path / "lab")
        add(store, answer())
        assert "It takes two answers to compare" in read(get(create_app(store.root), "/compare")).words

    def test_a_choice_says_what_sets_it_apart(self) -> None:
        one = answer(options={"k": "1"})
        assert label(one, {one.digest: ["k=1"]}) == f"question-00 k=1: {one.verdict}, registered, 5 replicates"
