"""Every page says what it should, leads only to pages that are there, and can be read without scripts."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_cases import HOST, add, bench, crawl, folder_of, get, read
from web_served import served

from whether.store.folder import Store
from whether.web import cover_pages
from whether.web.app import create_app

BIG = f"/answers/{folder_of('question-00')}"
SMALL = f"/answers/{folder_of('question-01')}"


def tree(root: Path) -> dict[str, Any]:
    """Everything that stands in a folder, with its bytes and times."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in [root, *root.rglob("*")]
    }


@pytest.fixture(scope="module")
def crawled(shown: Any, made: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stood in the lab before, and every page of it."""
    return tree(made), crawl(shown)


@pytest.fixture(scope="module")
def found(crawled: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return crawled[1]


class TestAll:
    def test_no_link_leads_nowhere(self, found: dict[str, Any]) -> None:
        # The lab's records are made up, so networks have no history that could be shown.
        lost = {page for page, got in found.items() if got.status != 200 and not page.startswith("/networks/")}
        assert lost == set()
        assert {"/", BIG, f"{BIG}/runs", f"{BIG}/cover", "/studies", "/ledger", f"{BIG}/runs.csv"} <= found.keys()

    def test_nothing_is_written(self, made: Path, crawled: tuple[dict[str, Any], dict[str, Any]]) -> None:
        before, found = crawled
        assert len(found) > 30
        assert tree(made) == before

    def test_a_lab_that_cannot_be_written_to_is_shown(self, root: Path) -> None:
        for path in sorted(root.rglob("*"), reverse=True):
            path.chmod(0o555 if path.is_dir() else 0o444)
        assert get(create_app(root), BIG).status == 200

    def test_pages_have_what_screen_readers_need(self, found: dict[str, Any]) -> None:
        for address, got in found.items():
            if (
                "html" not in got.headers["content-type"]
                or "report.html" in address
                or address.startswith(("/networks", "/live"))
            ):
                continue  # those are tested next door
            page = read(got)
            assert [said.get("lang") for said in page.named("html")] == ["en"], address
            assert len(page.named("h1")) == 1, address
            assert len(page.named("main")) == 1, address
            assert page.links()[0] == "#main", address  # the first thing that Tab reaches skips the navigation
            levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]
            assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), address
            assert len(page.named("table")) == len(page.named("caption")), address
            ids = [said["id"] for _, said in page.elements if "id" in said]
            assert len(ids) == len({*ids}), address
            named = {said[key] for _, said in page.elements for key in ("aria-labelledby",) if key in said}
            assert {one for several in named for one in several.split()} <= {*ids}, address

    def test_the_navigation_marks_where_one_is(self, found: dict[str, Any]) -> None:
        for address, here in (("/", "/"), (BIG, "/"), ("/studies", "/studies"), ("/ledger", "/studies")):
            marked = [said["href"] for said in read(found[address]).named("a") if "aria-current" in said]
            assert marked == [here], address

    @pytest.mark.long
    def test_showing_the_pages_loads_no_torch(self, made: Path) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from whether.web import server; from whether.web.app import create_app\n"
            "from starlette.testclient import TestClient\n"
            f"app = create_app(Path({str(made)!r})); server.prepare(app)\n"
            "client = TestClient(app, base_url='http://127.0.0.1')\n"
            f"told = [client.get(page).status_code for page in ('/', '/live', {BIG!r}, {BIG + '/cover.pdf'!r})]\n"
            "print(told, 'torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[200, 200, 200, 200] False\n"


class TestAnswer:
    def test_it_tells_the_verdict_and_what_it_rests_on(self, shown: Any, made: Path) -> None:
        words = read(get(shown, SMALL)).words
        said = json.loads((made / SMALL.removeprefix("/") / "answer.json").read_text("utf-8"))
        for told in (said["text"], said["meaning"], said["if_no"], said["digest"], said["claims"][0]["said"]):
            assert told in words
        assert "Every run accounted for None is left out: 20 runs analysed, all done." in words
        assert "whether run" in words

    def test_its_figures_stand_in_the_page_and_can_be_had(self, shown: Any) -> None:
        page = read(get(shown, SMALL))
        assert len(page.named("svg")) == len(page.named("figure")) == 3  # claims, curves, arms
        assert all(said["role"] == "img" for said in page.named("svg"))
        for ending in ("svg", "png", "csv"):
            assert f"{SMALL}/figures/claims.{ending}" in page.links()

    def test_a_figure_that_is_gone_is_told(self, root: Path, app: Any) -> None:
        (root / SMALL.removeprefix("/") / "figures" / "claims.svg").unlink()
        page = read(get(app, SMALL))
        assert len(page.named("svg")) == 2
        assert "The file of this figure is not there any more." in page.words

    def test_an_answer_to_a_question_of_several_leads_to_the_others(self, root: Path) -> None:
        other = bench().answer_of("question-01", 4, 5, 9)
        again = add(Store(root), type(other)(**{**vars(other), "digest": "ab" * 32, "options": {"rounds": "3"}}))
        app = create_app(root)
        assert f"/answers/{again}" in read(get(app, SMALL)).links()
        page = read(get(app, "/questions/question-01"))
        assert {f"/answers/{again}", SMALL} <= {*page.links()}
        assert "rounds" in page.words


class TestRuns:
    def test_every_run_stands_there_with_its_network(self, shown: Any, made: Path) -> None:
        page = read(get(shown, f"{BIG}/runs"))
        table = json.loads((made / BIG.removeprefix("/") / "answer.json").read_text("utf-8"))["table"]
        assert len(page.named("tr")) == len(table) + 1 == 41
        assert {f"/networks/{run['state']}" for run in table} <= {*page.links()}
        assert "damaged" not in page.words
        assert "missing" not in page.words

    def test_so_many_stand_on_a_page(self, shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from whether.web import answer_pages

        assert answer_pages.A_PAGE == 1000
        monkeypatch.setattr(answer_pages, "A_PAGE", 30)
        pages = [read(get(shown, f"{BIG}/runs?page={number}")) for number in (1, 2)]
        assert [len(page.named("tr")) - 1 for page in pages] == [30, 10]
        assert "31 to 40 of 40" in pages[1].words
        assert f"{BIG}/runs?page=2" in pages[0].links()
        assert f"{BIG}/runs?page=1" in pages[1].links()
        for odd in ("0", "99", "-1", "x", "1e9", "9" * 5000, "%00", "٣"):
            assert get(shown, f"{BIG}/runs?page={odd}".encode()).status == 200


class TestStudies:
    def test_what_was_frozen_stands_there(self, shown: Any) -> None:
        body = bench().registered("open-question", 7)
        page = read(get(shown, f"/studies/{body['digest'][:8]}"))
        asked = body["document"]["questions"][0]
        for told in (body["digest"], asked["design"], asked["if_yes"], asked["claims"][0]["because"], "package-7 7.0"):
            assert told in page.words
        assert "open" in page.words
        assert get(shown, f"/studies/{body['digest']}").status == 200

    def test_a_study_leads_to_its_answer_and_back(self, shown: Any) -> None:
        address = f"/studies/{bench().registered('question-00', 0)['digest'][:8]}"
        assert BIG in read(get(shown, address)).links()
        assert address in read(get(shown, "/studies")).links()

    def test_the_ledger_is_told_whole(self, shown: Any, made: Path) -> None:
        page = read(get(shown, "/ledger"))
        entries = Store(made).ledger.entries()
        assert f"Whole: {len(entries)} entries" in page.words
        assert entries[-1].hash in page.words
        assert len(page.named("tr")) == len(entries) + 1


class TestCover:
    def test_the_sheet_is_computed_and_given_in_every_form(self, shown: Any) -> None:
        forms = {"pdf": b"%PDF", "json": b"{", "md": b"", "tex": b"", "jsonld": b"{"}
        for form, begins in forms.items():
            got = get(shown, f"{SMALL}/cover.{form}")
            assert (got.status, got.body[: len(begins)]) == (200, begins)
        page = get(shown, f"{SMALL}/cover")
        assert "Computed from the evidence at" in read(page).words
        assert " style=" not in page.text
        assert get(shown, f"{SMALL}/cover.exe").status == 404

    def test_words_of_its_authors_stand_in_it_and_nothing_else_is_believed(self, root: Path, app: Any) -> None:
        from whether.cover.hand import Hand, Words, write
        from whether.cover.sheet import Sheet

        said = {"title": "Ours", "authors": "A. <b>Author", "variation": "and the weather"}
        hand = Hand(said={name: Words(text=text) for name, text in said.items()})
        folder = app.state.view.store.answers.open("question-01", bench().name_of("question-01"))
        folder.write("cover/cover.json", b'{"fields": {"verdict": {"text": "Forged"}}}')
        folder.write("cover/hand.toml", write(hand).encode())
        found = Sheet.from_json(get(app, f"{SMALL}/cover.json").text)
        assert (found.fields["title"].text, found.fields["authors"].text) == ("Ours", "A. <b>Author")
        assert found.fields["variation"].text.endswith("and the weather")
        assert "Forged" not in get(app, f"{SMALL}/cover.md").text
        page = get(app, f"{SMALL}/cover")
        assert "with the words of its authors" in page.text
        assert "<b>Author" not in page.text
        for wrong in (b"", b"{", b"title = 7", b"\xff", b'answer = "question-00000000"', b'verdict = "Forged"'):
            folder.write("cover/hand.toml", wrong)
            assert get(app, f"{SMALL}/cover.json").status == 200
            assert "without words of its authors" in get(app, f"{SMALL}/cover").text

    def test_a_page_does_not_wait_for_it(self, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import threading

        from whether.cover import filled

        ready = threading.Event()
        usual = filled.fill

        def slow(*given: Any) -> Any:
            assert ready.wait(10)
            return usual(*given)

        monkeypatch.setattr(filled, "fill", slow)
        page = read(get(app, f"{SMALL}/cover"))
        assert "It is being computed from the evidence." in page.words
        assert {"http-equiv": "refresh", "content": "2"} in page.named("meta")
        begun = cover_pages.Begun(None, time.monotonic() - 11, Future())
        assert (begun.again, replace(begun, since=time.monotonic() - 900).again) == (11, 30)
        ready.set()
        assert get(app, f"{SMALL}/cover.json").status == 200
        assert "refresh" not in get(app, f"{SMALL}/cover").text

    def test_those_who_wait_for_it_hold_up_nobody(self, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import threading

        from whether.cover import filled

        ready = threading.Event()
        usual = filled.fill

        def slow(*given: Any) -> Any:
            assert ready.wait(10)
            return usual(*given)

        monkeypatch.setattr(filled, "fill", slow)
        many = httpx.Limits(max_connections=60)
        with served(app) as base, httpx.Client(limits=many, timeout=20) as client, ThreadPoolExecutor(60) as asking:
            waiting = [asking.submit(client.get, f"{base}{SMALL}/cover.md") for _ in range(50)]
            try:
                assert client.get(f"{base}/studies", timeout=5).status_code == 200
                assert not any(one.done() for one in waiting)
            finally:
                ready.set()
            assert {one.result().status_code for one in waiting} == {200}

    def test_what_cannot_be_computed_is_told_and_not_tried_at_once_again(
        self, app: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from whether.cover import filled

        tried: list[int] = []

        def fails(*_: Any) -> Any:
            tried.append(1)
            raise OSError("the disk is away")

        monkeypatch.setattr(filled, "fill", fails)
        for form in ("", ".json", ".pdf"):
            assert get(app, f"{SMALL}/cover{form}").status == 503
        assert tried == [1]


class TestHead:
    def test_head_is_answered_as_get_is(self, shown: Any) -> None:
        for address in ("/", BIG, "/nothing", f"{BIG}/runs.csv"):
            assert get(shown, address, method="HEAD", host=HOST).status == get(shown, address).status
