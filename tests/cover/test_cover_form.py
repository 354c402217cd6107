"""The form for work done elsewhere, in a browser: what it saves is what is read; nothing leaves the page."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from sheets import CLAIM, HOSTILE, damaged, example, hostile, longest, young

from whether.cover import render
from whether.cover.elsewhere import read
from whether.cover.fields import CATEGORIES, FIELDS, fields_of
from whether.cover.form import form_page
from whether.cover.sheet import Sheet

PAPER = Path(__file__).parents[2] / "docs" / "examples" / "lottery-ticket-2019.cover.toml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PRINTED: dict[str, Sheet] = {
    "young": young(),
    "damaged": damaged(),
    "hostile": hostile(),
    **{category: example(category) for category in CATEGORIES},
    **{f"full {category}": longest(category) for category in CATEGORIES},
}


def test_the_page_is_the_same_again_and_asks_everything() -> None:
    told = form_page()
    assert told == form_page()
    for name, item in FIELDS.items():
        assert name == "category" or (f'id="f-{name}"' in told and item.ask.split("'")[0] in told)
    assert "whether cover --blank science" in told[told.index("<noscript>") : told.index("</noscript>")]


def test_it_loads_nothing() -> None:
    told = form_page()
    assert "default-src 'none'" in told
    assert not any(word in told for word in (" src=", "fetch(", "XMLHttpRequest", "@import", "innerHTML", "eval("))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture
def form(browser: Any, tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "form.html").write_text(form_page(), encoding="utf-8")
    page = browser.new_context(accept_downloads=True).new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto((tmp_path / "form.html").as_uri())
    yield page
    page.context.close()
    assert wrong == []


def fill(page: Any, category: str, **said: str) -> None:
    page.check(f'input[value="{category}"]')
    page.fill("#source", "https://example.org/a")
    for name, item in fields_of(category).items():
        if name != "category":
            page.fill(f"#f-{name}", said.get(name, item.example))


def claim(page: Any, **values: str) -> Any:
    page.click("#add")
    box = page.locator("#claims fieldset").last
    for key, value in values.items():
        one = box.locator(f'[data-key="{key}"]')
        one.select_option(value) if key in ("kind", "level") else one.fill(value)
    return box


def saved(page: Any, how: str) -> str:
    with page.expect_download() as begun:
        page.click(f"#save-{how}")
    assert begun.value.suggested_filename == f"cover.{how}"
    return str(Path(begun.value.path()).read_text(encoding="utf-8"))


@pytest.mark.long
class TestInABrowser:
    def test_what_is_saved_is_read_either_way(self, form: Any) -> None:
        fill(
            form, "science", verdict="yes: so it is", title=HOSTILE[:90], authors="Ada\n\n \x7fBo “q” \\ \"x\" 'y' 𝛼\n"
        )
        form.fill("#p-runs", "section 3")
        claim(form, said=HOSTILE[:80], kind="not_worse", size="1", unit="%", estimate="−0.25", low="-.5", high="1e-3")
        claim(form, said="b", kind="same", size="2.0", high="1", low="-1", level="0.025")
        toml, plain = saved(form, "toml"), saved(form, "json")
        sheet = read(toml, "cover.toml")
        assert sheet.to_json() == read(plain, "cover.toml").to_json()
        assert sheet.fields["title"].text == " ".join(HOSTILE[:90].replace("\u202e", " ").split())
        assert sheet.fields["authors"].text == "Ada\nBo “q” \\ \"x\" 'y' 𝛼"
        assert sheet.fields["runs"].pointer == "https://example.org/a, section 3"
        first, second = sheet.axis
        assert (first.estimate, first.low, first.high, first.size, first.verdict) == (-0.25, -0.5, 0.001, 1.0, "yes")
        assert (second.kind, second.level, second.verdict) == ("same", 0.025, "yes")
        assert form.locator("#state").inner_text() == "Everything that is needed is said."

    @pytest.mark.parametrize("category", ["engineering", "artifact"])
    def test_other_categories(self, form: Any, category: str) -> None:
        fill(form, category)
        sheet = read(saved(form, "toml"), "cover.toml")
        assert sheet.category == category
        assert {name: one.text for name, one in sheet.fields.items() if name != "category"} == {
            name: item.example for name, item in fields_of(category).items() if name != "category"
        }
        assert form.locator("#claims-part").is_visible() == (category != "artifact")
        assert not form.locator("#f-runs" if category == "artifact" else "#f-install").is_visible()

    def test_what_is_wrong_is_told_as_it_is_written(self, form: Any) -> None:
        state = form.locator("#state")
        assert "needed and not said yet" in state.inner_text()
        form.fill("#f-title", "t" * 200)
        assert f"200 characters; the page has room for {FIELDS['title'].most}." in form.inner_text("#wrong-title")
        assert form.get_attribute("#f-title", "aria-invalid") == "true"
        form.fill("#f-runs", "five")
        assert "Say where to look" in form.inner_text("#wrong-runs")
        form.fill("#f-verdict", "yes")
        box = claim(form, said="a", kind="exceeds", size="1", low="0.5", high="2")
        assert box.locator(".follows").inner_text() == "By its interval: inconclusive."
        assert box.locator("svg").count() == 1
        assert "The verdict is yes, but every claim is inconclusive." in state.inner_text()
        box.locator('[data-key="low"]').fill("0,5")
        assert "low is no number" in box.locator(".follows").inner_text()
        assert box.locator("svg").count() == 0
        box.locator(".remove").click()
        assert form.locator("#claims fieldset").count() == 0

    def test_what_was_saved_is_loaded_again(self, form: Any, tmp_path: Path) -> None:
        fill(form, "science", verdict="no: not so", title=HOSTILE[:90])
        claim(form, said="a", kind="below", size="3", low="4", level="0.05")
        for how in ("toml", "json"):
            before = saved(form, how)
            (tmp_path / f"cover.{how}").write_text(before, encoding="utf-8")
            form.reload()
            form.set_input_files("#load", tmp_path / f"cover.{how}")
            form.locator("#loaded", has_text="is loaded").wait_for()
            assert saved(form, how) == before

    def test_a_file_written_by_hand_is_loaded(self, form: Any, tmp_path: Path) -> None:
        form.set_input_files("#load", PAPER)
        form.locator("#loaded", has_text="is loaded").wait_for()
        again = read(saved(form, "toml"), PAPER.name)
        assert again.to_json() == read(PAPER.read_text(encoding="utf-8"), PAPER.name).to_json()
        (tmp_path / "bad.json").write_text(json.dumps({"titel": "x"}), encoding="utf-8")
        form.set_input_files("#load", tmp_path / "bad.json")
        form.locator("#loaded", has_text="cannot be loaded").wait_for()
        assert "what no form has: titel" in form.inner_text("#loaded")
        assert form.input_value("#f-title").startswith("The Lottery Ticket")

    def test_a_finished_sheet_is_loaded_and_declared(self, form: Any, tmp_path: Path) -> None:
        sheet = replace(example(), axis=[CLAIM])
        (tmp_path / "cover.json").write_text(sheet.to_json(), encoding="utf-8")
        form.set_input_files("#load", tmp_path / "cover.json")
        form.locator("#loaded", has_text="It is a finished sheet").wait_for()
        again = read(saved(form, "toml"), "cover.toml")
        assert {name: one.text for name, one in again.fields.items()} == {
            name: one.text for name, one in sheet.fields.items()
        }
        assert (again.mark, again.axis, again.verdict) == ("declared", [CLAIM], "yes")

    def test_dates_and_addresses_are_looked_at(self, form: Any) -> None:
        for name, wrong, right in (
            ("date", "in May", "2019-02"),
            ("date", "2019-02-30", "2019"),
            ("contact", "me", "ada@example.org"),
            ("doi", "soon", "10.1234/x"),
        ):
            form.fill(f"#f-{name}", wrong)
            assert form.inner_text(f"#wrong-{name}") != ""
            form.fill(f"#f-{name}", right)
            assert form.inner_text(f"#wrong-{name}") == ""

    def test_hostile_text_stays_text(self, form: Any) -> None:
        fill(form, "science", **dict.fromkeys(("title", "question"), HOSTILE))
        claim(form, said=HOSTILE, unit="<b>x</b>", size="1", low="0", high="2")
        assert form.locator("img").count() == 0
        assert form.evaluate("window.name") == ""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_nothing_stands_in_the_way_of_anybody(self, form: Any, scheme: str) -> None:
        from axe_playwright_python.sync_playwright import Axe

        form.emulate_media(color_scheme=scheme)
        claim(form, said="a", size="1", low="0", high="2")
        found = Axe().run(form).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []

    @pytest.mark.parametrize("name", PRINTED)
    def test_a_sheet_prints_on_one_page_and_is_for_everybody(self, browser: Any, name: str) -> None:
        from axe_playwright_python.sync_playwright import Axe

        page = browser.new_page()
        page.set_content(render.html(PRINTED[name]))
        printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
        found = Axe().run(page).response["violations"]
        page.close()
        assert len(printed.pages) == 1
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
