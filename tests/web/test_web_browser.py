"""Every kind of page in a real browser: nothing fails, nothing is fetched elsewhere, and everybody can use it.

Chromium as the system has it; where there is none, or no Playwright, these tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graph_cases import told_lab
from test_web_live import claimed
from web_cases import bench, folder_of
from web_served import served

from whether.store.folder import Store

pytestmark = pytest.mark.xdist_group("browser")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

BIG, SMALL = folder_of("question-00"), folder_of("question-01")
PAGES = {
    "questions": "/",
    "some questions": "/?verdict=inconclusive",
    "question": "/questions/question-00",
    "question never asked": "/questions/lottery-ticket",
    "answer": f"/answers/{BIG}",
    "damaged answer": f"/answers/{folder_of('question-02')}",
    "runs": f"/answers/{BIG}/runs",
    "cover": f"/answers/{SMALL}/cover",
    "studies": "/studies",
    "study": f"/studies/{bench().registered('question-00', 0)['digest'][:8]}",
    "ledger": "/ledger",
    "live": "/live",
    "compare": "/compare",
    "two answers": f"/compare?a={BIG}&b={SMALL}",
    "search": "/search",
    "found": "/search?q=sparse",
    "not found": "/search?q=sparsse",
    "network": "/networks/TICKET",
    "two networks": "/networks/BARRIER",
    "failed network": "/networks/FAILED",
    "nothing": "/nothing-here",
}
"""A page of each kind; what is in capitals is the digest of a piece."""
FEW = ("answer", "network")
"""Those that the fast tests look at more closely."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, str]]:
    from web_cases import drawn

    root = tmp_path_factory.mktemp("browser") / "lab"
    store = bench().make_lab(root, 4, 60, drawn)
    path = store.answers.folder / folder_of("question-02") / "answer.json"
    path.write_bytes(path.read_bytes().replace(b"question-02", b"question-xx"))
    return store, told_lab(store)


@pytest.fixture(scope="module")
def base(lab: tuple[Store, dict[str, str]]) -> Iterator[str]:
    from whether.web.app import create_app

    with served(create_app(lab[0].root)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=CHROMIUM, args=words)
        yield made
        made.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def at(base: str, lab: tuple[Store, dict[str, str]]) -> Any:
    """The address of a kind of page."""

    def address(kind: str) -> str:
        pieces = {name.upper(): digest for name, digest in lab[1].items()}
        return base + re.sub("TICKET|BARRIER|FAILED", lambda found: pieces[found[0]], PAGES[kind])

    return address


def opened(page: Any, address: str) -> Any:
    """Go to a page; one that is being made is waited for."""
    got = page.goto(address)
    page.locator("meta[http-equiv=refresh]").wait_for(state="detached")
    return got


def wider_than(page: Any) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


class TestLoading:
    def test_every_page_loads_clean_and_fits_a_phone(self, page: Any, at: Any, base: str) -> None:
        told: list[str] = []
        asked: list[str] = []
        page.on("console", lambda one: told.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: told.append(f"error: {one}"))
        page.on("request", lambda one: asked.append(one.url))
        page.set_viewport_size({"width": 360, "height": 640})
        wide = {}
        for kind in PAGES:
            before = len(told)
            got = opened(page, at(kind))
            wide[kind] = wider_than(page)
            assert got.status == (404 if kind == "nothing" else 200), kind
            assert "content-security-policy" in got.headers
            # A browser says of a page that is not found that it is not found.
            said = [line for line in told[before:] if not (kind == "nothing" and "404" in line)]
            assert said == [], kind
            assert page.locator("h1").count() == 1, kind
        assert {kind: by for kind, by in wide.items() if by > 0} == {}
        assert [url for url in asked if not url.startswith(f"{base}/")] == []

    def test_no_kind_of_page_is_left_out(self, lab: tuple[Store, dict[str, str]]) -> None:
        from whether.web.app import create_app

        paths = {route.path for route in routes_of(create_app(lab[0].root))}
        files = {
            path for path in paths if path.startswith("/static") or "." in path or path.endswith(("{file}", "/events"))
        }
        shown = {re.sub(r"\?.*", "", path) for path in PAGES.values()}
        patterns = [re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)) for path in sorted(paths - files)]
        assert [one.pattern for one in patterns if not any(one.fullmatch(path) for path in shown)] == []


def routes_of(app: Any) -> Iterator[Any]:
    """The routes of an application, those of its parts too."""
    for route in app.routes:
        if hasattr(route, "path"):
            yield route
        elif hasattr(route, "original_router"):
            yield from route.original_router.routes
        else:
            raise AssertionError(f"{route!r} is a route of a kind that this test does not know")


def faults(page: Any) -> list[str]:
    """What axe finds that is serious or critical, with where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


class TestAccess:
    @pytest.mark.parametrize("kind", FEW)
    def test_axe_finds_no_serious_fault(self, page: Any, at: Any, kind: str) -> None:
        opened(page, at(kind))
        assert faults(page) == []

    @pytest.mark.long
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("kind", PAGES)
    def test_axe_finds_no_serious_fault_on_any_page(self, page: Any, at: Any, kind: str, scheme: Any) -> None:
        page.emulate_media(color_scheme=scheme)
        opened(page, at(kind))
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert faults(page) == []

    def test_axe_would_find_one(self, page: Any, at: Any) -> None:
        opened(page, at("search"))
        page.evaluate("document.querySelector('label').remove()")
        assert any(fault.startswith("label ") for fault in faults(page))

    def test_the_first_key_leads_past_the_navigation(self, page: Any, at: Any) -> None:
        opened(page, at("network"))
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert skip.bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.getElementById('main').contains(document.activeElement)")

    @pytest.mark.parametrize("kind", ["two answers"])
    def test_keys_reach_everything_and_show_where_they_are(self, page: Any, at: Any, kind: str) -> None:
        opened(page, at(kind))
        wanted = page.evaluate(REACHABLE)
        seen: list[list[Any]] = []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            seen.append(page.evaluate(FOCUSED))
        assert len({number for number, _ in seen}) == wanted
        assert [number for number, is_seen in seen if not is_seen] == []

    @pytest.mark.long
    @pytest.mark.parametrize("kind", PAGES)
    def test_keys_reach_everything_on_any_page(self, page: Any, at: Any, kind: str) -> None:
        self.test_keys_reach_everything_and_show_where_they_are(page, at, kind)


REACHABLE = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")];
  const shut = one => one.closest("details:not([open])");
  const open = one => !shut(one) || one === shut(one).querySelector("summary");
  const here = all.filter(one => one.checkVisibility() && !one.disabled && open(one));
  here.forEach((one, number) => one.dataset.number = number);
  return here.length;
}"""
"""Numbers everything that a key must reach, and counts it."""
FOCUSED = """() => {
  const one = document.activeElement, look = getComputedStyle(one);
  const box = one.querySelector(".box");
  const seen = look.outlineStyle !== "none" || (box && parseFloat(getComputedStyle(box).strokeWidth) > 3);
  return [one.dataset.number ?? one.tagName, Boolean(seen)];
}"""
"""The number of what has the focus, and whether one sees that it has."""


class TestWithout:
    def test_scripts_everything_is_there(self, browser: Any, page: Any, at: Any) -> None:
        bare = browser.new_context(java_script_enabled=False)
        plain = bare.new_page()
        opened(plain, at("live"))
        opened(page, at("live"))
        words = page.locator("main").inner_text().split()
        there = plain.locator("main").inner_text().split()
        bare.close()
        missing = [word for word in words if word not in there and word not in ("Kept", "current.", "Pause")]
        assert missing == []
        assert len(there) > 30

    def test_no_other_page_has_scripts(self, at: Any) -> None:
        with httpx.Client() as client:
            told = {kind: client.get(at(kind)).text for kind in PAGES}
        assert [kind for kind, text in told.items() if "<script" in text] == ["live"]

    def test_a_screen_pages_print_without_what_is_clicked(self, page: Any, at: Any) -> None:
        page.emulate_media(media="print")
        for kind in ("network", "two answers"):
            opened(page, at(kind))
            assert not page.locator("header nav").is_visible(), kind
            assert not page.locator("form.pick").is_visible() if kind == "two answers" else True
            assert wider_than(page) <= 0, kind


class TestLive:
    def test_the_page_follows_what_happens(self, page: Any, at: Any, lab: tuple[Store, dict[str, str]]) -> None:
        opened(page, at("live"))
        page.get_by_text("Kept current.").wait_for()
        with claimed(lab[0]) as claimant:
            page.get_by_role("link", name="lottery-ticket").wait_for()
            assert page.get_by_role("progressbar").get_attribute("value") == "0.2500"
            assert page.get_by_role("status").inner_text().startswith("lottery-ticket and xor: 20 % done")
            page.get_by_role("link", name="lottery-ticket").focus()
            claimant.beat({"questions": ["lottery-ticket"], "slots": [], "steps": [90, 100]})
            page.locator("strong", has_text="90 %").wait_for()
            assert page.evaluate("document.activeElement.textContent") == "lottery-ticket"  # the focus stays
        page.get_by_text("Nobody is at work in this lab").wait_for()

    def test_it_can_be_held(self, page: Any, at: Any, lab: tuple[Store, dict[str, str]]) -> None:
        opened(page, at("live"))
        page.get_by_text("Kept current.").wait_for()
        page.get_by_role("button", name="Pause").click()
        with claimed(lab[0]):
            page.wait_for_timeout(1500)
            assert page.get_by_text("Nobody is at work in this lab").is_visible()
            page.get_by_role("button", name="Pause").click()
            page.get_by_role("link", name="lottery-ticket").wait_for()
