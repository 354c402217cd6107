"""The page: complete, self-contained, escaped, accessible, small."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from report_answers import MAKERS
from report_cases import HOSTILE

from whether.answer import Answer
from whether.report.inline import inline
from whether.report.numbers import confidence
from whether.report.page import matrix, report_html
from whether.report.style import DARK, LIGHT, LINES

VOID = {"meta", "br", "hr", "img", "input", "link", "path", "use"}


@dataclass
class Page(HTMLParser):
    """A page's tags with their attributes, its text, and whether tags close as they open."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(page: str) -> Page:
    parsed = Page()
    parsed.feed(page)
    assert parsed.open == []
    return parsed


@pytest.fixture(scope="module")
def pages(rendered: dict[str, dict[str, bytes]]) -> dict[str, str]:
    return {name: files["report.html"].decode() for name, files in rendered.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_a_page_needs_nothing_beside_it(name: str, pages: dict[str, str]) -> None:
    page = read(pages[name])
    assert page.all("script", "link", "img", "iframe", "object", "image") == []
    loads = [attributes.get(key) for _, attributes in page.tags for key in ("src", "srcset", "data", "style")]
    assert not any(value and "url(" in value and "url(#" not in value for value in loads)
    targets = [attributes["href"] for attributes in page.all("a", "use") if attributes.get("href")]
    assert all(target and (target.startswith("#") or target == "runs.csv") for target in targets)
    assert "@import" not in pages[name]
    assert "default-src 'none'" in pages[name]


@pytest.mark.parametrize("name", MAKERS)
def test_a_page_can_be_read_aloud(name: str, pages: dict[str, str]) -> None:
    page = read(pages[name])
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [len(page.all(tag)) for tag in ("main", "header", "footer", "nav", "h1")] == [1] * 5
    assert page.all("html")[0]["lang"] == "en"
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes["role"] == "img" for attributes in page.all("svg"))
    called = [attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes]
    assert {part for value in called for part in (value or "").split()} <= set(names)
    targets = [attributes["href"] or "" for attributes in page.all("a", "use") if "href" in attributes]
    assert {target[1:] for target in targets if target.startswith("#")} <= set(names)


@pytest.mark.parametrize("name", MAKERS)
def test_every_clip_path_is_there(name: str, pages: dict[str, str]) -> None:
    defined = set(re.findall(r'id="([^"]+)"', pages[name]))
    assert set(re.findall(r"url\(#([^)]+)\)", pages[name])) <= defined


@pytest.mark.parametrize("name", MAKERS)
def test_a_page_is_small(name: str, pages: dict[str, str]) -> None:
    assert len(pages[name].encode()) < 300_000


def test_the_verdict_comes_first_with_what_it_means(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    for name, word in {"lottery": "Yes", "single": "Inconclusive", "diverged": "No"}.items():
        text = read(pages[name]).text.partition("What decides")[0]
        assert text.index(answers[name].text) < text.rindex(word) < text.rindex(answers[name].meaning)
        assert "Exploratory : not registered before its runs." in text
        assert "<title>" + word + ": " in pages[name]


def test_all_that_was_asked_is_told(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    answer, text = answers["lottery"], read(pages["lottery"]).text
    told = [
        answer.if_yes,
        answer.if_no,
        answer.if_inconclusive,
        answer.digest,
        "whether run lottery-ticket data=digits density=10.7 'hidden=[300,100]' model=mlp-300-100 rewind=0it",
        "Both claims must be a yes, each at α = 0.05; one that is a no at α/2 makes the answer no.",
        "Holds for",
        "p (Holm)",
        "one example is 0.33 points",
        "steps trained 121,600",
        "versions: torch 2.13.0",
    ]
    told += [item.said for item in (*answer.claims, *answer.secondary, *(one.claim for one in answer.controls))]
    told += [item.because for item in (*answer.claims, *answer.controls)]
    told += [arm.arm for arm in answer.arms]
    assert [said for said in told if said not in text] == []


def test_every_run_is_in_the_list_and_in_the_matrix(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    answer = answers["diverged"]
    listed = pages["diverged"].partition("One row for each run")[2]
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)</th><td class=\"n\">(\d)</td>", listed)
    assert rows == [(run.arm, str(run.replicate)) for run in answer.table]
    assert len(re.findall(r'title="diverged"', pages["diverged"])) == 3
    assert pages["diverged"].count('<td class="alarm">diverged</td>') == 3
    assert "the loss was not finite at step 212" in pages["diverged"]


def test_a_run_that_is_missing_is_a_dash(answers: dict[str, Answer]) -> None:
    answer = answers["diverged"]
    kept = [run for run in answer.table if (run.arm, run.replicate) != ("careful", 2)]
    rows = matrix(replace(answer, table=kept))
    assert [cell is None for cell in rows["careful"]] == [False, False, True, *[False] * 5]
    assert rows["bold"][1] is not None
    assert (rows["bold"][1].text, rows["bold"][1].outcome) == ("10.00", "diverged")


def test_overrun_is_shown_in_brackets_and_apart(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    answer, page = answers["confirmed"], pages["confirmed"]
    rows = matrix(answer)
    assert {len(row) for row in rows.values()} == {20}
    assert [cell is not None and cell.outcome for cell in rows["ticket"]] == ["done"] * 10 + ["overrun"] * 10
    assert page.count('title="overrun"') == len(answer.overrun) == 50
    assert page.count('<td class="overrun">overrun</td>') == 50
    text = read(page).text
    assert text.index("One row for each run") < text.index("Overrun: trained, shown, and never analysed")
    assert "never analysed" not in read(pages["lottery"]).text.partition("Runs by outcome")[0]


def test_runs_by_outcome_are_a_table_of_families(pages: dict[str, str]) -> None:
    rows = re.findall(
        r'<tr><th scope="row">([^<]+?)(?: <span[^>]*>\((\d+) arms\)</span>)?</th><td class="n">',
        pages["lottery"].partition('class="outcomes"')[2],
    )
    assert rows[:4] == [("dense", ""), ("ticket", "16"), ("random re-initialisation", "16"), ("random mask", "16")]
    outcomes = pages["diverged"].partition('class="outcomes"')[2]
    assert '<th scope="row">bold</th><td class="n">5</td><td class="n alarm">3</td><td class="n">–</td>' in outcomes


def test_a_study_shows_looks_registration_and_sources(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    text = read(pages["confirmed"]).text
    told = [
        "Confirmatory : frozen on 2026-03-02 13:41 UTC before its first run, stamped by timestamp.example",
        "Decided at the second look, with 10 of at most 20 replicates",
        answers["confirmed"].study["registration"],
        "Amended on 2026-03-02 13:59 UTC: title reworded (a word was misspelt).",
        "Seen before it was registered: exploratory answer signs-matter-1f2e3d4c",
        "Between replicates varied: initial weights, order of the data and mask.",
        "ticket · new signs order of the data, mask, recipe, training data, architecture initial weights",
        "1 note on what was measured",
        "is spent over the looks",
    ]
    assert [said for said in told if said not in text] == []
    anchors = ['href="#looks"', 'href="#registered"', 'href="#sources"', 'id="looks"', 'id="registered"']
    assert [anchor for anchor in anchors if anchor not in pages["confirmed"]] == []
    assert [anchor for anchor in anchors if anchor in pages["lottery"]] == []


def test_each_look_is_a_row_with_its_level(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    table = pages["open"].partition('class="looks"')[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row" class="n">(\d+)</th>', table) == ["5", "10", "20"]
    assert table.count("decided before") == 1
    levels = [confidence(look.level) for look in answers["open"].looks]
    assert re.findall(r'</th><td class="n">(.*?)</td>', table) == [level.replace(">", "&gt;") for level in levels]


def test_intervals_of_different_looks_have_their_own_levels(pages: dict[str, str], answers: dict[str, Answer]) -> None:
    answer, text = answers["open"], read(pages["open"]).text
    first, second = (confidence(claim.level) for claim in answer.claims)
    assert first != second
    assert "Interval (level)" in text
    assert f"{first} interval" in text
    assert f"{second} interval" in text
    assert "their intervals, each at its own level" in text
    arms = text.partition("Mean over replicates with its ")[2]
    assert arms.startswith("90 % interval")


def test_deviations_and_missing_power_stand_above_everything(pages: dict[str, str]) -> None:
    text = read(pages["underpowered"]).text.partition("What decides")[0]
    told = ["Before you believe it", "Not as registered (2026-03-03", "Underpowered", "Registered without a"]
    assert [text.count(said) for said in told] == [1, 2, 1, 1]
    assert "What was not done as registered" in read(pages["underpowered"]).text


def test_an_inconclusive_page_says_what_would_settle_it_before_all_else(pages: dict[str, str]) -> None:
    text = read(pages["open"]).text
    assert text.index("Inconclusive") < text.index("What would settle it") < text.index("What decides")
    assert "What would settle it" not in read(pages["lottery"]).text


def test_a_control_that_misbehaved_is_warned_of_before_the_claims(pages: dict[str, str]) -> None:
    text = read(pages["diverged"]).text
    assert text.index("Before you believe it") < text.index("A control did not behave") < text.index("What decides")
    assert "! did not behave" in text
    assert "Before you believe it" not in read(pages["lottery"]).text


def test_hostile_names_are_shown_and_do_nothing(pages: dict[str, str]) -> None:
    page, plain = read(pages["hostile"]), '<script>alert("1")</script> & $\\frac{$ _x'
    assert plain in page.text
    assert "alert(" not in re.sub(r"&lt;script&gt;alert\((&#34;|&quot;|\")1(&#34;|&quot;|\")\)", "", pages["hostile"])
    assert "49" not in re.findall(r"\{\{ (.*?) \}\}", page.text)
    assert "\u202e" not in pages["hostile"]
    assert "\x00" not in pages["hostile"]
    assert HOSTILE.count('style="fill: #1b1f24"') == 1
    assert 'style="fill: #1b1f24"' in page.text


def test_a_figure_in_a_page_follows_light_and_dark(pages: dict[str, str]) -> None:
    figure = pages["xor"][pages["xor"].index("<figure>") : pages["xor"].index("</figure>")]
    drawn = set(re.findall(r"#[0-9a-f]{6}", re.sub(r"var\([^)]*\)", "", figure)))
    assert drawn == set()
    assert "var(--yes-tint," in figure


def test_inlining_leaves_what_is_written_alone() -> None:
    svg = b'<svg viewBox="0 0 1 2"><g id="a"><text style="fill: #1b1f24">id="x" #1b1f24 url(#y)</text></g></svg>'
    made = inline(svg, name="n", title="t & u", text="w")
    assert '<text style="fill:var(--ink,#1b1f24)">id="x" #1b1f24 url(#y)</text>' in made
    assert '<title id="n-title">t &amp; u</title>' in made
    assert 'id="a"' not in made


def luminance(tone: str) -> float:
    parts = [int(tone[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tones", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(tones: dict[str, str]) -> None:
    written = ["ink", "muted", "yes", "no", "inconclusive", *(f"line-{index + 1}" for index in range(LINES))]
    assert {
        role: contrast(tones[role], tones["paper"]) for role in written if contrast(tones[role], tones["paper"]) < 4.5
    } == {}
    assert contrast(tones["ink"], tones["alarm-tint"]) > 4.5
    for tint in ("yes-tint", "no-tint"):
        assert min(contrast(tones[role], tones[tint]) for role in ("yes", "no", "inconclusive", "muted", "ink")) > 4.5


def test_every_colour_has_its_own_role_in_light_and_dark() -> None:
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert LIGHT.keys() == DARK.keys()


def test_a_page_without_figures_or_options_stands(answers: dict[str, Answer]) -> None:
    bare = replace(answers["single"], options={}, circumstances={}, controls=(), secondary=(), ladders=(), text="")
    assert "<h1>signs-matter</h1>" in report_html(bare, {})
