"""What people wrote stays words, in pages, tables and figures, whatever it is."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from web_cases import EVIL, SVG, Got, add, bench, crawl, folder_of, get, read

from whether.answer import Answer
from whether.store.folder import Store
from whether.web.app import create_app
from whether.web.drawn import safe_svg

SMALL = folder_of("question-01")
KEPT = {
    *("digest", "name", "verdict", "verdict_strict", "verdicts", "verdicts_strict", "kind", "outcome", "seed", "state"),
    *("grade", "combine", "pairing", "spending", "registration", "id", "better", "category", "design", "likeness"),
    *("nonce", "type", "time", "expect"),
}


def poisoned(value: Any, key: str = "") -> Any:
    """The same with something hostile at the end of every text that is not one of a few words of ours."""
    if isinstance(value, dict):
        return {name: poisoned(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [poisoned(inner, key) for inner in value]
    return value + EVIL if isinstance(value, str) and key not in KEPT and len(value) != 64 else value


def hostile_lab(root: Path) -> None:
    """An answer, a study, and entries of the ledger in which every text is hostile."""
    store = Store(root)
    study = {
        "id": "ab" * 4,
        "title": "t",
        "registration": "cd" * 32,
        "time": "2026-03-02",
        "entry": 1,
        "sd": "1",
        "stamped_by": "by",
        "stamped_at": "at",
        "remarks": ["r"],
        "exposure": ["e"],
        "reworded": ["w"],
        "amendments": [{"time": "2026-03-02", "what": "what", "because": "because"}],
        "deviations": [{"time": "2026", "what": "w", "reason": "r", "because": "b", "effect": "unknown"}],
        "power": {"yes": 0.9, "no": 0.9, "when_yes": "y", "when_no": "n", "enough": None, "stated": 0.8},
        "answerable": {"n": [3, 4], "yes": [0.1, 0.2], "no": [0.1, 0.2]},
        "underpowered": True,
        "uncontrolled": True,
    }
    plain = bench().answer_of("hostile", 4, 5, 1).plain()
    more = {"study": study, "checks": ["check"], "options": {"k" + EVIL: "v"}, "source": "file.py", "axis": "axis"}
    more["sources"] = {
        "varied": ["a"],
        "fixed": ["b"],
        "shared": [{"left": "l", "right": "r", "shared": ["x"], "apart": ["y"]}],
    }
    answer = Answer.from_json(json.dumps(poisoned(plain | more)))
    add(store, answer)
    body = bench().registered("hostile-too", 3)
    frozen = body["document"]["questions"][0]
    body["document"] |= {"notes": "n", "budget": "b", "exposure": ["e"]}
    frozen["controls"] = [{"claim": frozen["claims"][0], "expect": "yes", "because": "b"}]
    document = poisoned(body["document"])
    document["questions"][0] |= {"unit": "the replicate", "metric": "accuracy", "split": EVIL, "options": {EVIL: EVIL}}
    for claim in (*document["questions"][0]["claims"], document["questions"][0]["controls"][0]["claim"]):
        claim["unit"] = "points"
    store.ledger.append(
        "registered", body | {"document": document, "remarks": [EVIL], "runs": {"hostile-too": {EVIL: []}}}
    )
    told = {
        "study": body["study"],
        "question": "hostile-too",
        "what": EVIL,
        "because": EVIL,
        "reason": EVIL,
        "effect": EVIL,
    }
    store.ledger.append("deviated", told)
    store.ledger.append("amended", told | {"now": document["questions"][0], "runs": {EVIL: []}, "answer": "ef" * 32})
    store.ledger.append("looked", told | {"n": EVIL, "level": EVIL, "verdict": EVIL})
    store.ledger.append("answered", {"folder": EVIL, "answer": EVIL})
    store.ledger.append("opened", {"question": EVIL, "design": EVIL, "data": EVIL})
    store.ledger.append("odd" + EVIL, {EVIL: EVIL, "list": [EVIL]})
    store.ledger.append("adopted", {"entry": {"kind": EVIL}, "lab": EVIL})
    driver = {
        "id": "here-1",
        "host": "elsewhere",
        "pid": 1,
        "counter": 1,
        "status": {"questions": [EVIL, 7], "on": EVIL},
    }
    (root / "work" / "drivers").mkdir(parents=True, exist_ok=True)
    (root / "work" / "drivers" / "here-1.json").write_text(json.dumps(driver))


@pytest.fixture(scope="module")
def pages(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Got]:
    root = Path(shutil.copytree(made, tmp_path_factory.mktemp("hostile") / "lab"))
    hostile_lab(root)
    return crawl(create_app(root), networks=0)


class TestHostileWords:
    def test_all_pages_stand(self, pages: dict[str, Got]) -> None:
        # The ledger names a folder and a study that are nowhere, and running questions nobody knows of.
        lost = {page for page, got in pages.items() if got.status not in (200, 404)}
        assert lost == set()
        for page in ("/", "/questions/hostile", "/studies", "/ledger", f"/answers/{folder_of('hostile')}"):
            assert pages[page].status == 200
            assert "alert(1)" in pages[page].text  # the words are there, and only words

    def test_no_element_or_attribute_comes_of_them(self, pages: dict[str, Got]) -> None:
        seen = 0
        for address, got in pages.items():
            if "html" not in got.headers["content-type"] or "/report.html" in address:
                continue
            page = read(got)
            seen += "alert(1)" in page.words
            assert page.named("img") == page.named("style") == [], address
            assert all(given.get("src", "").startswith("/static/") for given in page.named("script")), address
            names = {name for _, given in page.elements for name in given}
            assert not {name for name in names if name.startswith("on") or name == "data-evil"}, address
            assert "49" not in {*page.words.split("{{ 7 * 7 }}")}, address
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", got.text), address
            for link in page.links():
                assert link.startswith(("/", "#")), (address, link)
                assert not link.startswith("//"), (address, link)
        assert seen > 8

    def test_tables_hold_no_formulae(self, pages: dict[str, Got]) -> None:
        told = [got.text for address, got in pages.items() if address.endswith(".csv") and "hostile" in address]
        assert len(told) > 2
        cells = [cell for text in told for row in csv.reader(io.StringIO(text)) for cell in row]
        assert any("alert(1)" in cell for cell in cells)
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@")) or re.match(r"-[^\d.]", cell)]


@pytest.fixture(scope="module")
def drawn_on(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The figure of an answer, to be written over, and the application that shows it."""
    root = Path(shutil.copytree(made, tmp_path_factory.mktemp("figures") / "lab"))
    return root / "answers" / SMALL / "figures" / "claims.svg", create_app(root)


class TestHostileFigures:
    @pytest.mark.parametrize(
        "svg",
        [
            b"<svg viewBox='0 0 9 9'><script>alert(1)</script></svg>",
            b"<svg viewBox='0 0 9 9'><foreignObject><p>Yes</p></foreignObject></svg>",
            b"<svg viewBox='0 0 9 9'><image href='https://evil.example/x'/></svg>",
            b"<svg viewBox='0 0 9 9'><a href='https://evil.example'><text>go</text></a></svg>",
            b"<svg viewBox='0 0 9 9'></svg></figure><h1>Yes</h1>",
            b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">]><svg viewBox="0 0 9 9"><text>&a;</text></svg>',
            b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg viewBox="0 0 9 9"><text>&x;</text></svg>',
            b"<svg viewBox='0 0 9 9'>" + b"<g>" * 20_000 + b"</g>" * 20_000 + b"</svg>",
            b"no svg at all",
            b"",
            b"\xff\xfe\x00",
        ],
    )
    def test_what_is_no_figure_of_ours_is_not_shown(self, drawn_on: tuple[Path, Any], svg: bytes) -> None:
        figure, app = drawn_on
        figure.write_bytes(svg)
        got = get(app, f"/answers/{SMALL}")
        assert got.status == 200
        assert "is not one that we draw, so it is not shown" in got.text
        assert b"evil.example" not in got.body
        assert len(read(got).named("h1")) == 1

    def test_attributes_that_do_something_are_left_out(self, drawn_on: tuple[Path, Any]) -> None:
        figure, app = drawn_on
        svg = (
            b"<svg viewBox='0 0 9 9' onload='alert(1)'><path d='M 0 0' onclick='x()' class='verdict' id='main'"
            b" style='fill: url(https://evil.example); stroke: #0a5fa4; position: fixed'/>"
            b"<use href='https://evil.example#a'/><text x='1' y='javascript:1'>&lt;b&gt;told</text></svg>"
        )
        figure.write_bytes(svg)
        page = read(get(app, f"/answers/{SMALL}"))
        path = next(given for tag, given in page.elements if tag == "path")
        assert path == {"d": "M 0 0", "stroke": "var(--yes,#0a5fa4)"}
        assert {} in page.named("use")
        assert "<b>told" in page.words
        assert b"evil.example" not in get(app, f"/answers/{SMALL}").body

    def test_a_figure_of_ours_stays_as_it_is(self) -> None:
        assert safe_svg(SVG) == b'<svg viewBox="0 0 9 9"><path d="M 0 0 L 9 9" stroke="#0a5fa4"/></svg>'


def test_poison_reaches_every_text() -> None:
    """The tests above mean something: no text of an answer but a few of our own words is left clean."""
    told = poisoned(asdict(bench().answer_of("hostile", 4, 5, 1)))
    assert told["text"].endswith(EVIL)
    assert told["claims"][0]["said"].endswith(EVIL)
    assert told["table"][0]["arm"].endswith(EVIL)
