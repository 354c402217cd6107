"""Forms as pages: complete, closed to the world, and nothing that people write is markup."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from whether.cover.fields import fields_of
from whether.cover.sheet import AxisRow, Said, Sheet
from whether.criteria.blank import blank
from whether.criteria.form import NAMES, Form, load
from whether.criteria.pages import form_page, looks, told
from whether.criteria.pages_text import handed, markdown, pdf
from whether.criteria.recommend import asks_for

EVIL = "</script><img src=x onerror=alert(1)>\"'`*_[x](javascript:1)|#$\\"


class Shape(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def sheet(verdict: str = "yes", text: str = "Tickets") -> Sheet:
    fields = {name: Said(state="declared", text=text, pointer="p. 1") for name in fields_of("science")}
    fields["verdict"] = Said(state="declared", text=f"{verdict}: SECRET", pointer="p. 2")
    row = AxisRow(said="it is so", kind="exceeds", verdict=verdict, estimate=1.0, low=0.5, high=1.5, size=0.1, unit="")
    return Sheet(category="science", verdict=verdict, fields=fields, axis=[row], made_by="by hand")


def entitled(verdict: str) -> Sheet:
    """One whose title gives its verdict away."""
    plain = sheet(verdict)
    title = Said(state="declared", text=f"Tickets: {verdict}", pointer="p. 1")
    return replace(plain, fields={**plain.fields, "title": title})


@pytest.fixture(params=NAMES)
def form(request: pytest.FixtureRequest) -> Form:
    return load(request.param)


class TestHtml:
    def test_every_criterion_and_text_is_asked(self, form: Form) -> None:
        page = form_page(form)
        plain = html.unescape(page)
        for one in form.criteria:
            assert all(text in plain for text in (one.title, one.ask, one.evidence, *one.anchors.values()))
            assert page.count(f'name="{one.id}"') == len(form.scale(one).ids)
        for text in form.texts:
            assert text.ask in plain
        assert all(said in plain for said in (*form.preamble, *form.never))

    def test_nothing_is_loaded(self, form: Form) -> None:
        page = form_page(form)
        assert not re.search(r"https?://|@import|url\(", page)
        assert "default-src 'none'" in page
        assert not [tag for tag, has in Shape(page).found if tag in ("link", "img", "iframe") or "src" in has]

    def test_names_are_unique_and_labels_point_to_something(self, form: Form) -> None:
        found = Shape(form_page(form, sheet() if form.covered else None)).found
        ids = [has["id"] for _, has in found if "id" in has]
        assert len(ids) == len(set(ids))
        for name in ("for", "aria-describedby", "aria-labelledby"):
            assert {has[name] for _, has in found if has.get(name)} <= set(ids)

    def test_the_verdict_is_covered_at_first(self) -> None:
        pages = [form_page(load("science"), entitled(verdict)) for verdict in ("yes", "no", "inconclusive")]
        shown = [re.sub(r'"uncovered": "[^"]*"', "", page) for page in pages]
        assert shown[0] == shown[1] == shown[2]
        assert "SECRET" not in pages[0]
        beneath = told(load("science"), sheet("no"))["uncovered"]
        assert "SECRET" in base64.b64decode(beneath).decode()

    def test_nothing_that_is_covered_is_pointed_to(self) -> None:
        own = load("science")
        asked = replace(own["S2"], look=("verdict", "rule"))
        form = replace(own, criteria=tuple(asked if one.id == "S2" else one for one in own.criteria))
        assert looks(form, form["S2"]) == "Rule"
        assert looks(replace(form, covered=False), asked) == "Verdict · Rule"

    def test_the_paper_is_called_by_its_title_where_that_gives_nothing_away(self) -> None:
        page = form_page(load("engineering"), replace(entitled("no"), category="engineering"))
        assert 'value="Tickets: no"' in page
        assert 'value="Tickets"' in form_page(load("science"), entitled("no"))

    def test_of_engineering_nothing_is_covered(self) -> None:
        page = form_page(load("engineering"), replace(sheet(), category="engineering"))
        assert "SECRET" in page
        assert told(load("engineering"), sheet())["uncovered"] == ""

    def test_what_people_write_is_no_markup(self) -> None:
        own = load("science")
        evil = replace(own["S1"], title=EVIL, ask=EVIL, anchors=dict.fromkeys(own["S1"].anchors, EVIL), evidence=EVIL)
        form = replace(
            own, title=EVIL, preamble=(EVIL,), never=(EVIL,), criteria=(*own.criteria[:4], evil, *own.criteria[5:])
        )
        page = form_page(form, sheet(text=EVIL))
        assert not [tag for tag, has in Shape(page).found if tag == "img" or "onerror" in has]
        assert page.count("</script>") == 2
        data = re.search(r'id="data">(.*?)</script>', page, re.S)
        assert data
        assert json.loads(data[1])["criteria"]["S1"]["title"] == EVIL

    def test_the_same_form_gives_the_same_page(self, form: Form) -> None:
        assert form_page(form) == form_page(load(form.name))


class TestText:
    def test_markdown_has_a_box_for_each_answer(self, form: Form) -> None:
        text = markdown(form)
        answers = sum(len(one.anchors) for one in form.criteria) + sum(len(asked.choices) for asked in form.texts)
        assert text.count("- [ ] ") == answers
        assert [line for line in text.splitlines() if line.startswith("# ")] == [text.splitlines()[0]]

    def test_markdown_escapes(self) -> None:
        text = markdown(replace(load("short"), title=EVIL, preamble=(EVIL,)))
        assert "<img" not in text
        assert "[x](" not in text

    @pytest.mark.parametrize("name", ["science", "short"])
    def test_pdf_says_it_all(self, name: str) -> None:
        from pypdf import PdfReader

        form = load(name)
        made = pdf(form)
        pages = PdfReader(io.BytesIO(made)).pages
        plain = "".join("".join(page.extract_text().split()) for page in pages)
        for one in form.criteria:
            assert "".join(one.title.split()) in plain
        assert len(pages) <= 4
        assert made == pdf(form)

    def test_blank_toml_shows_every_anchor(self, form: Form) -> None:
        said = " ".join(blank(form).replace("\n#", " ").split())
        assert all(text in said for one in form.criteria for text in one.anchors.values())
        assert all(len(line) <= 200 for line in blank(form).splitlines())


@pytest.mark.parametrize("name", ["science", "gate"])
def test_every_form_of_a_form_says_the_same_of_evidence(name: str) -> None:
    form = load(name)
    said = asks_for(form)
    pages = [blank(form).replace("\n# ", " "), markdown(form), form_page(form), handed(form)["evidence"]]
    assert all(said in one for one in pages)
    assert ("Every score" in said) == (name == "science")


def test_a_gate_is_named_apart_from_its_number() -> None:
    assert '<span class="id">Gate&#32;A3</span>' in form_page(load("science"))


def test_a_blind_sheet_says_what_is_hidden_and_who_sees_to_it() -> None:
    page = form_page(load("science"), sheet("no").blind())
    assert "<strong>Hidden from reviewers:</strong>" in page
    assert "the chairs see to this: Conflicts of interest, Funding" in page
