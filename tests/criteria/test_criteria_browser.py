"""The form in a browser: locked until the design is confirmed, told what is missing, saved as what `check` reads."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_criteria_pages import sheet

from whether.criteria.blank import blank
from whether.criteria.form import Form, load
from whether.criteria.pages import form_page
from whether.criteria.recommend import recommend
from whether.criteria.review import read_review

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no browser on this machine")
CHOOSE = """([answers, fields]) => {
  for (const [name, value] of Object.entries(answers))
    document.querySelector(`[name="${name}"][value="${value}"]`).checked = true;
  for (const [id, value] of Object.entries(fields)) document.getElementById(id).value = value;
  document.dispatchEvent(new Event("input"));
}"""
TEXT = 'He said "no"\n[scores.S1] é\x7f\\ <b>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    context = browser.new_context(accept_downloads=True)
    problems: list[str] = []

    def open_it(form: Form, verdict: str = "") -> Any:
        (tmp_path / "form.html").write_text(form_page(form, sheet(verdict) if verdict else None), encoding="utf-8")
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
        page.goto(f"file://{tmp_path / 'form.html'}")
        return page

    yield open_it
    context.close()
    assert problems == []


def answer(page: Any, form: Form, stage: str) -> None:
    """Give the best answer to each criterion of a stage, all at once; people's hands are tried elsewhere."""
    asked = form.at(stage)  # type: ignore[arg-type]
    fields = {f"{one.id}-evidence": "Table 2" for one in asked} | {f"{one.id}-reason": TEXT for one in asked}
    page.evaluate(CHOOSE, [{one.id: form.scale(one).ids[0] for one in asked}, fields])


def saved(page: Any, kind: str, folder: Path) -> str:
    with page.expect_download() as waiting:
        page.click(f"#save-{kind}")
    waiting.value.save_as(folder / f"saved.{kind}")
    return (folder / f"saved.{kind}").read_text(encoding="utf-8")


@pytest.mark.long
def test_science_from_the_first_score_to_a_checked_review(opened: Any, tmp_path: Path) -> None:
    form = load("science")
    page = opened(form, "no")
    assert page.is_disabled('input[name="S4"] >> nth=0')
    assert "SECRET" not in page.inner_text("#sheet")
    page.click("#confirm")
    assert page.inner_text("#lock-said").startswith("Not yet: A3 (not scored), A4 (not scored), S1 (not scored)")
    answer(page, form, "design")
    page.fill("#S2-evidence", "see paper")
    page.click("#confirm")
    assert page.inner_text("#lock-said") == "Not yet: S2 (the evidence points to no place)."
    page.fill("#S2-evidence", "Table 2")
    page.click("#confirm")
    assert page.is_disabled('input[name="S1"] >> nth=0')
    assert page.is_disabled('input[name="S4"] >> nth=0')
    page.click("#change")
    page.check('input[name="S1"][value="fixable"]')
    page.click("#confirm")
    page.click("#uncover")
    assert "SECRET" in page.inner_text("#sheet")
    answer(page, form, "result")
    assert page.inner_text("#outcome strong") == "accept after fixes"
    page.fill("#text-summary-said", TEXT)
    page.fill("#text-conflicts-said", "None.")
    page.check('input[name="text-confidence"][value="read"]')
    assert page.inner_text("#open-head") == "Still missing: 1"
    page.check('input[name="text-interest"][value="few"]')
    assert page.is_hidden("#open")
    by_json, by_toml = (read_review(saved(page, kind, tmp_path), kind) for kind in ("json", "toml"))
    assert by_json == by_toml
    assert by_json[0].scores["S1"].reason == TEXT
    assert by_json[0].recommendation(form).outcome == "accept_after_fixes"

    for kind in ("json", "toml"):
        again = opened(form, "no")
        again.set_input_files("#load", tmp_path / f"saved.{kind}")
        again.locator("#saved", has_text="Filled in").wait_for()
        assert again.inner_text("#outcome strong") == "accept after fixes"
        assert again.is_disabled('input[name="S1"] >> nth=0')
        assert "SECRET" in again.inner_text("#sheet")
        assert read_review(saved(again, "json", tmp_path), "again") == by_json
    other = opened(load("short"))
    other.set_input_files("#load", tmp_path / "saved.json")
    other.locator("#saved", has_text="form science, version 1").wait_for()


@pytest.mark.long
def test_what_an_editor_wrote_is_loaded(opened: Any, tmp_path: Path) -> None:
    form = load("gate")
    text = (
        blank(form)
        .replace('paper = ""', "paper = 'a \\ 17'")
        .replace('summary = ""', 'summary = """\none "two"\nthree"""')
    )
    text = text.replace('[scores.A2]\nanswer = ""', '[scores.A2]\nanswer = "no"')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    page = opened(form)
    page.set_input_files("#load", tmp_path / "mine.toml")
    page.locator("#saved", has_text="Filled in").wait_for()
    assert page.input_value("#paper") == "a \\ 17"
    assert page.input_value("#text-summary-said") == 'one "two"\nthree'
    assert page.is_checked('input[name="A2"][value="no"]')
    for wrong, said in (
        ("paper = ", "line 1: expected a text"),
        ("[scores", "expected ]"),
        ("a = 1\na.b = 2", "is a table and a value"),
    ):
        (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
        page.set_input_files("#load", tmp_path / "wrong.toml")
        page.locator("#saved", has_text=said).wait_for()


def test_the_page_recommends_what_the_rule_does(opened: Any) -> None:
    drawn = random.Random(7)
    for name in ("engineering", "gate"):
        form = load(name)
        page = opened(form)
        for _ in range(8):
            answers = {
                one.id: drawn.choices(form.scale(one).ids, [8, 3, 1, 1][: len(form.scale(one).ids)])[0]
                for one in form.criteria
            }
            page.evaluate(CHOOSE, [answers, {}])
            made = recommend(form, answers)
            assert page.inner_text("#outcome strong") == made.label
            said = [" ".join(one.split()) for one in page.locator("#reasons li").all_inner_texts()]
            assert said == list(made.sentences[1:])


def test_keyboard_and_print(opened: Any) -> None:
    page = opened(load("short"))
    page.focus('input[name="W"] >> nth=0')
    page.keyboard.press("ArrowDown")
    assert page.is_checked('input[name="W"][value="fixable"]')
    page.emulate_media(media="print")
    assert page.is_hidden("#aside")
    assert page.is_visible("#F")


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["science", "short"])
def test_axe_finds_nothing(name: str, scheme: str, opened: Any) -> None:
    form = load(name)
    page = opened(form, "yes")
    page.emulate_media(color_scheme=scheme)
    assert faults(page) == []
    answer(page, form, "design")
    page.click("#confirm")
    page.click("#uncover")
    answer(page, form, "result")
    page.click("#open-head")
    assert faults(page) == []


def faults(page: Any) -> list[tuple[str, str]]:
    """What axe finds, but within the cover sheet, which has tests of its own."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["html"])
        for one in found
        for node in one["nodes"]
        if ".cover" not in json.dumps(node["target"])
    ]
