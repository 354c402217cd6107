"""A sheet in all its forms: one page, the state of every field, nothing that people wrote becomes markup."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pypdf
import pytest
from sheets import CLAIMS, damaged, example, hostile, longest, said, young

from whether.cover import linked, paper, render
from whether.cover.fields import FIELDS, fields_of
from whether.cover.page import link, page
from whether.cover.sheet import CANNOT, DECLARED, NOT_STATED, Said, Sheet

CATEGORIES = ("science", "engineering", "artifact")
SHEETS = {
    "young": young(),
    "damaged": damaged(),
    "hostile": hostile(),
    **{category: example(category) for category in CATEGORIES},
    **{f"longest {category}": longest(category) for category in CATEGORIES},
    **{f"hostile {category}": hostile(category) for category in CATEGORIES},
}


class Seen(HTMLParser):
    """The tags, attributes and text of a page; void tags do not nest."""

    VOID = frozenset(("meta", "img", "br", "link", "input"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def pdf_text(sheet: Sheet) -> str:
    pages = pypdf.PdfReader(io.BytesIO(render.pdf(sheet))).pages
    assert len(pages) == 1
    assert [round(float(side)) for side in pages[0].mediabox[2:]] == [595, 842]
    return " ".join(pages[0].extract_text().split())


def young_untitled() -> Sheet:
    return example(title=Said(state=NOT_STATED))


class TestForms:
    def test_there_are_five_and_each_is_the_same_again(self) -> None:
        made = render.render(example())
        assert sorted(made) == ["cover.html", "cover.json", "cover.jsonld", "cover.md", "cover.tex"]
        assert render.render(example()) == made
        assert render.pdf(example()) == render.pdf(example())

    def test_the_json_is_read_back(self) -> None:
        for sheet in SHEETS.values():
            told = render.render(sheet)["cover.json"].decode()
            assert Sheet.from_json(told).to_json() == told == sheet.to_json()

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param(name, marks=[] if name in ("hostile", "longest engineering") else pytest.mark.long)
            for name in SHEETS
        ],
    )
    def test_the_pdf_is_one_page(self, name: str) -> None:
        assert "Cover sheet" in pdf_text(SHEETS[name])

    @pytest.mark.parametrize("form", ["cover.html", "cover.md", "cover.tex", "pdf"])
    def test_what_is_said_stands_in_every_form(self, form: str) -> None:
        for category in CATEGORIES:
            sheet = example(category)
            told = pdf_text(sheet) if form == "pdf" else render.render(sheet)[form].decode()
            told = Seen(told).words if form == "cover.html" else told
            for name in fields_of(category):
                if name in (
                    "category",
                    "verdict",
                    "effect",
                    "contact",
                    "digest",
                ):  # drawn, set apart, signs with a meaning
                    continue
                word = max(re.findall(r"[A-Za-z]{4,}", sheet.fields[name].text) or ["None"], key=len)
                assert word.lower()[:5] in told.lower(), (name, word)

    def test_the_verdict_is_large_and_first(self) -> None:
        for verdict in CLAIMS:
            seen = Seen(render.html(example(verdict=verdict))).words
            assert seen.index(verdict.capitalize()) < seen.index("What it does not show") < seen.index("How far to")
            assert f"**{verdict.upper()}.**" in render.render(example(verdict=verdict))["cover.md"].decode()


class TestStates:
    def test_each_field_says_its_state_by_sign_and_word(self) -> None:
        seen = Seen(render.html(damaged())).words
        assert "● verified: Runs" in seen
        assert "○ declared: Deviations" in seen
        assert "⚠ cannot verify: Effect Cannot verify: the interval recomputes to" in seen
        assert "⚠ cannot verify. Do not rely on it as it stands." in seen
        assert "answer.json differs from its digest" in seen

    def test_a_damaged_sheet_says_so_in_every_form(self) -> None:
        told = [pdf_text(damaged()), *(render.render(damaged())[name].decode() for name in ("cover.md", "cover.tex"))]
        for one in told:
            assert "the interval recomputes" in one
            assert re.search(r"answer.?\.json differs from its digest", one)

    def test_what_is_not_stated_shrinks_to_a_list(self) -> None:
        seen = Seen(render.html(young())).words
        assert re.search(r"Not stated: Authors, Contact, .*Use of AI, Start reading\.", seen)
        assert "What it does not show Not stated." in seen
        assert "not stated: Funding" not in seen

    def test_legend_counts_every_field_once(self) -> None:
        for sheet in SHEETS.values():
            shown = page(sheet)
            silent = len(shown.missing) + (sheet.fields["limits"].state == "not stated")
            counts = {key.state: key.count for key in shown.keys}
            assert counts.pop("not stated", 0) == silent
            assert sum(counts.values()) == sum(said.state != "not stated" for said in sheet.fields.values())

    def test_a_place_that_many_share_is_told_once(self) -> None:
        told = {name: replace(said(name, "x"), state=DECLARED) for name in fields_of("science")}
        told = {name: replace(one, pointer="https://example.org/a") for name, one in told.items()}
        told["runs"] = replace(told["runs"], pointer="https://example.org/a, section 3")
        shown = page(replace(example(), fields=told))
        assert [key.pointer for key in shown.keys] == ["https://example.org/a"]
        assert (shown.items["runs"].pointer, shown.items["runs"].link) == ("section 3", "https://example.org/a")
        assert shown.items["data"].pointer == ""

    def test_a_sheet_without_claims_says_that_there_is_no_axis(self) -> None:
        bare = replace(example(), axis=[])
        assert "No axis: no claim is stated" in pdf_text(bare)
        assert "No axis: no claim is stated" in Seen(render.html(bare)).words
        assert "No axis" not in Seen(render.html(example("artifact"))).words

    def test_an_effect_is_told_once(self) -> None:
        """An answer's stands on the axis; what others say of theirs is not known to be the same."""
        assert FIELDS["effect"].example not in Seen(render.html(example())).words
        assert "−0.23 points, 90 % interval −0.45 to −0.01" in Seen(render.html(example())).words
        assert FIELDS["effect"].example in Seen(render.html(replace(example(), made_by="by hand"))).words
        assert FIELDS["effect"].example in Seen(render.html(replace(example(), axis=[]))).words

    def test_no_state_at_all_is_not_stated(self) -> None:
        empty = replace(example(), fields={"category": said("category")}, axis=[])
        assert page(empty).items["limits"].state == NOT_STATED
        assert "Without a title" in pdf_text(empty)
        assert page(young_untitled()).title == FIELDS["identifier"].example


class TestHostile:
    @pytest.mark.parametrize("name", ["hostile", "hostile engineering", "hostile artifact"])
    def test_html_stays_what_it_was(self, name: str) -> None:
        seen = Seen(render.html(SHEETS[name]))
        tags = [tag for tag, _ in seen.tags]
        assert "img" not in tags
        assert tags.count("script") == 1
        assert not any(key.startswith("on") for _, attrs in seen.tags for key in attrs)
        assert all(str(attrs.get("href")).startswith("https://") for tag, attrs in seen.tags if tag == "a")
        assert "\u202e" not in render.html(SHEETS[name])
        assert seen.open == []

    def test_data_in_the_page_is_data(self) -> None:
        element = re.fullmatch(r'<script type="application/ld\+json">(.*)</script>', linked.script(hostile()))
        assert element is not None
        assert not set("<>&") & set(element[1])
        assert json.loads(element[1]) == linked.article(hostile())

    def test_markdown_has_no_markup_of_theirs(self) -> None:
        told = render.render(hostile())["cover.md"].decode()
        outside = re.sub(r"```text\n.*?\n```", "", told, flags=re.DOTALL)
        assert "<img" not in outside
        assert "<script" not in outside.replace("&lt;", "")
        assert not re.search(r"(?<!\\)\|", outside)
        assert "\\*b\\*" in outside
        assert told.count("```") == 2

    def test_latex_is_balanced_and_has_no_command_of_theirs(self) -> None:
        for sheet in SHEETS.values():
            told = render.render(sheet)["cover.tex"].decode()
            body = re.sub(r"\\[\\{}]|(?<!\\)%.*", "", told)
            depth = 0
            for sign in body:
                depth += {"{": 1, "}": -1}.get(sign, 0)
                assert depth >= 0
            assert depth == 0
            assert "\\input" not in told
            assert told.count("\\begingroup") == told.count("\\endgroup") == 1
            plain = re.sub(r"\$\\?\w+\$|\$-\$|\$[<>]\$", "", body.split("\\small", 1)[1])
            assert not re.search(r"(?<!\\)[$&#_^~]", plain.replace("~", ""))

    def test_a_text_of_any_length_is_one_page(self) -> None:
        fields = {name: Said(state=CANNOT, text="W" * 10_000, note="w " * 5000) for name in FIELDS}
        endless = replace(example("engineering"), fields=fields, problems=["p" * 10_000] * 50)
        told = pdf_text(endless)
        assert "and 47 more, in cover.json" in told
        assert len(render.html(endless)) < 60_000

    def test_only_addresses_are_links(self) -> None:
        assert link("javascript:alert(1)") == link("answer.json") == link("data:text/html,x") == ""
        assert link("https://a.b/c>x") == "https://a.b/c"


class TestCovered:
    def test_whatever_came_out_looks_the_same(self) -> None:
        yes = example(verdict="yes")
        no = example(
            verdict="no",
            title="Tickets do not win",
            limits="A no may come of the optimiser.",
            checks="A control failed.",
            runs="40 diverged",
            deviations="Stopped early, it was clear.",
            start="result: page 1, no",
            reproduced="again a no",
            open="Why not?",
        )
        no = replace(no, problems=["the verdict recomputes to inconclusive"])
        assert render.fragment(yes, covered=True) == render.fragment(no, covered=True)
        assert render.fragment(yes) != render.fragment(no)

    def test_it_says_so_and_shows_the_design(self) -> None:
        seen = Seen(render.fragment(example(), covered=True))
        assert "covered until the design is scored" in seen.words
        assert FIELDS["question"].example in seen.words
        assert FIELDS["rule"].example in seen.words
        assert "−0.23" not in seen.words
        assert "svg" not in [tag for tag, _ in seen.tags]

    def test_hides_what_cannot_be_verified_and_why(self) -> None:
        told = replace(example(), fields={**example().fields, "rule": Said(state=CANNOT, text="a", note="it is a no")})
        assert "it is a no" not in render.fragment(told, covered=True)


class TestLinkedData:
    def test_it_is_a_scholarly_article(self) -> None:
        told = linked.article(example())
        assert told["@type"] == "ScholarlyArticle"
        assert told["author"] == [{"@type": "Person", "name": "Ada Example"}]
        assert told["sameAs"] == "https://doi.org/10.5281/zenodo.1234567"
        assert told["about"]["acceptedAnswer"]["text"].startswith("yes")

    def test_a_blind_sheet_names_nobody_in_any_form(self) -> None:
        for category in CATEGORIES:
            blind = example(category, code="no name").blind()
            made = render.render(blind) | {"pdf": pdf_text(blind).encode()}
            assert {name for name, raw in made.items() if b"Ada" in raw or b"ada@" in raw} == set()


def test_sizes_of_type_are_what_the_guide_says() -> None:
    """The fullest sheets in 8.5, 8 and 10 points; every example in more than 10."""
    import typst

    def size(sheet: Sheet) -> float:
        handed = {"data": json.dumps(paper.handed(page(sheet)))}
        source = paper.source().encode()
        told = typst.query(source, "<size>", field="value", sys_inputs=handed, ignore_system_fonts=True)
        return float(json.loads(told)[0][0])

    assert [size(longest(category)) for category in CATEGORIES] == [8.5, 8.0, 10.0]
    assert min(size(example(category)) for category in CATEGORIES) >= 10
