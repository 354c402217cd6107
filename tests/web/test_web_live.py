"""What is at work, in words and as a stream: one look for all who listen, none when nobody does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from web_cases import EVIL, get, read
from web_served import served

from whether.store.folder import Store
from whether.web.feed import BEAT, MOST, Feed, event, event_id
from whether.web.live import Command, commands, spoken

STATUS: dict[str, Any] = {
    "questions": ["lottery-ticket", "xor"],
    "on": "local:4",
    "slots": [
        {"slot": "lane 1", "host": "here", "device": "cpu", "doing": "mlp-4 on xor", "seconds": 75.0, "silent": 1.0},
        {"slot": "lane 2", "host": "here", "device": "cpu", "doing": "", "seconds": 2.0, "silent": 2.0},
    ],
    "busy": 1,
    "utilisation": 0.875,
    "steps": [250, 1000],
    "pieces": [3, 12],
    "measures": [5, 20],
    "ready": 4,
    "waiting": 7,
    "elsewhere": 2,
    "retried": 0,
    "lost": 0,
    "failed": 1,
    "seconds": 125.0,
    "seconds_left": 240.0,
}


def said(**status: Any) -> dict[str, Any]:
    return {"id": "here-7-ab", "host": "here", "pid": 7, "alive": True, "status": STATUS | status}


def one(**status: Any) -> Command:
    return commands([said(**status)])[0]


class TestCommands:
    def test_what_is_done_is_told_in_words(self) -> None:
        found = one()
        assert (found.questions, found.percent) == (("lottery-ticket", "xor"), "25 %")
        assert found.who == "here, process 7, on local:4"
        assert dict(found.rows) == {
            "Networks": "3 of 12 trained",
            "Measures": "5 of 20 taken",
            "Steps": "250 of 1,000",
            "Time": "2 min 5 s, about 4 min 0 s left",
            "Devices": "1 of 2 at work, busy 88 % lately",
            "Queue": "4 ready, 7 wait for others, 2 at work in another command",
        }
        assert found.trouble == "1 network failed"
        assert found.slots[0] == ("lane 1", "here cpu", "mlp-4 on xor", "1 min 15 s", "")
        assert found.slots[1][2] == "idle"

    def test_nothing_is_done_before_it_is(self) -> None:
        assert one(steps=[999, 1000]).percent == "99 %"
        assert one(steps=[0, 0]).percent == "100 %"

    def test_silence_is_told_of_who_works(self) -> None:
        slot = STATUS["slots"][0]
        assert one(slots=[slot | {"silent": 90.0}]).slots[0][4] == "silent for 1 min 30 s"
        assert one(slots=[slot | {"silent": 90.0, "doing": ""}]).slots[0][4] == ""

    def test_many_devices_are_told_by_host(self) -> None:
        slots = [STATUS["slots"][0] | {"host": f"node-{number % 20}"} for number in range(80)]
        found = one(slots=slots).slots
        assert len(found) == 17
        assert found[0][:3] == ("node-0", "4 devices", "4 mlp-4 on xor")
        assert found[-1][2] == "and 4 hosts more"

    @pytest.mark.parametrize(
        "status",
        [
            {},
            None,
            [],
            "x",
            {"slots": None},
            {"slots": "many"},
            {"questions": "xor"},
            {"slots": [1, None], "steps": "x", "pieces": [], "seconds": "long", "utilisation": float("nan")},
            {"slots": [], "steps": [float("inf"), None], "seconds_left": {}, "failed": True},
            {"slots": [{}], "steps": [5, 1], "questions": [1, None]},
        ],
    )
    def test_whatever_others_write_is_taken_as_far_as_it_can_be_read(self, status: Any) -> None:
        found = commands([{"id": "x", "status": status}])[0]
        assert 0 <= found.share <= 1
        assert spoken([found])

    def test_what_is_read_aloud_changes_a_few_times_only(self) -> None:
        told = {spoken([one(steps=[done, 1000])]) for done in range(1001)}
        assert len(told) == 11
        assert spoken([one()]) == "lottery-ticket and xor: 20 % done, 1 network failed."
        assert spoken(commands([{"id": "x", "status": {"questions": ["xor"]}}])) == "xor: about to begin."


class Looks:
    """What a feed looks at: counts how often, and says what it is told to."""

    def __init__(self, *told: str) -> None:
        self.count = 0
        self.told = list(told) or ["a"]

    def __call__(self) -> dict[str, str]:
        self.count += 1
        now = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        if now == "raise":
            raise OSError("the disk is away")
        return {"html": now}


def told(message: bytes) -> str:
    data = next(line for line in message.decode().splitlines() if line.startswith("data: "))
    return str(json.loads(data.removeprefix("data: "))["html"])


async def first(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    """So many messages, without the one that says when to try again."""
    assert (await anext(stream)).startswith(b"retry: ")
    return [await asyncio.wait_for(anext(stream), 10) for _ in range(count)]


def running(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


class TestFeed:
    def test_one_look_serves_all(self) -> None:
        looks = Looks("a")
        feed = Feed(looks, every=1000)

        async def work() -> None:
            streams = [feed.listen() for _ in range(20)]
            messages = await asyncio.gather(*(first(stream, 1) for stream in streams))
            assert {told(message) for (message,) in messages} == {"a"}
            assert (looks.count, feed.listeners) == (1, 20)
            for stream in streams:
                await stream.aclose()

        running(work)
        assert feed.listeners == 0

    def test_nobody_looks_while_nobody_listens(self) -> None:
        looks = Looks("a")
        feed = Feed(looks, every=0.001)

        async def work() -> None:
            async with aclosing(feed.listen()) as stream:
                await first(stream, 1)
            await asyncio.sleep(0.05)
            before = looks.count
            await asyncio.sleep(0.05)
            assert looks.count == before
            async with aclosing(feed.listen()) as stream:
                assert told((await first(stream, 1))[0]) == "a"  # and whoever comes later is told anew

        assert looks.count == 0
        running(work)

    def test_only_what_changed_is_told(self) -> None:
        feed = Feed(Looks("a", "a", "b", "b", "c"), every=0.001)

        async def work() -> None:
            async with aclosing(feed.listen()) as stream:
                assert [told(message) for message in await first(stream, 3)] == ["a", "b", "c"]

        running(work)

    def test_a_look_that_fails_is_followed_by_others(self, caplog: pytest.LogCaptureFixture) -> None:
        feed = Feed(Looks("raise", "raise", "a"), every=0.001)

        async def work() -> None:
            async with aclosing(feed.listen()) as stream:
                assert told((await first(stream, 1))[0]) == "a"

        running(work)
        assert "could not look" in caplog.text

    def test_without_news_there_is_a_sign_of_life_and_an_end(self) -> None:
        feed = Feed(Looks("a"), every=0.001, heartbeat=0.01, longest=0.1)

        async def work() -> None:
            messages = [message async for message in feed.listen(event_id({"html": "a"}))]
            assert messages[0].startswith(b"retry: ")
            assert set(messages[1:]) == {BEAT}  # what was seen before the line broke is not told again

        running(work)

    def test_it_can_be_full(self) -> None:
        feed = Feed(Looks("a"), most=2, every=1000)

        async def work() -> None:
            streams = [feed.listen(), feed.listen()]
            for stream in streams:
                await first(stream, 1)
            assert feed.is_full
            await streams[0].aclose()
            assert not feed.is_full
            await streams[1].aclose()

        running(work)

    def test_an_event_has_no_line_breaks_of_its_own(self) -> None:
        lines = event({"html": "a\n\ndata: b\r\nid: c"}).decode().split("\n")
        assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", "", ""]


def claimed(store: Store, **status: Any) -> Any:
    """A command at work in a lab, as its file says: this very process, so it lives."""
    claimant = store.claims.enter()
    claimant.beat(STATUS | status)
    return claimant


class TestPage:
    def test_what_is_at_work_is_there_without_scripts(self, root: Path, app: Any) -> None:
        with claimed(Store(root)):
            page = read(get(app, "/live"))
        assert "25 %" in page.words
        assert {"/questions/lottery-ticket", "/questions/xor"} <= set(page.links())
        (bar,) = page.named("progress")
        assert (bar["value"], bar["max"]) == ("0.2500", "1")
        assert bar["aria-label"]
        assert [said["aria-live"] for _, said in page.elements if "aria-live" in said] == ["polite"]
        assert "/live?every=10" in page.links()

    def test_it_is_loaded_again_only_where_one_asks_for_it(self, app: Any) -> None:
        def again(query: str) -> list[str]:
            metas = read(get(app, f"/live{query}")).named("meta")
            return [said["content"] for said in metas if said.get("http-equiv") == "refresh"]

        assert again("") == []
        assert again("?every=10") == ["10"]
        assert again("?every=0") == again("?every=1e9") == again("?every=%3Cb%3E") == []

    def test_nobody_at_work_is_said_and_the_last_answers_are_near(self, app: Any) -> None:
        page = read(get(app, "/live"))
        assert "Nobody is at work in this lab" in page.words
        assert sum(link.startswith("/answers/") for link in page.links()) == 3

    def test_nothing_that_others_write_is_markup(self, root: Path, app: Any) -> None:
        slot = dict.fromkeys(("slot", "host", "device", "doing"), EVIL)
        with claimed(Store(root), questions=[EVIL], on=EVIL, slots=[slot]):
            page = read(get(app, "/live"))
        assert page.named("img") == []
        assert [said["src"] for said in page.named("script")] == ["/static/live.js"]
        assert page.words.count("alert(1)") >= 4

    def test_what_the_page_shows_already_is_not_told_again(self, root: Path, app: Any) -> None:
        (place,) = [said for said in read(get(app, "/live")).named("div") if said.get("id") == "at-work"]

        async def work() -> None:
            from whether.web.live_pages import _look
            from whether.web.view import View

            assert event_id(_look(View(root))) == place["data-event"]

        running(work)

    def test_asking_for_the_head_of_the_stream_does_not_hang(self, app: Any) -> None:
        got = get(app, "/live/events", method="HEAD")
        assert (got.status, got.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@contextmanager
def patiently(client: Any, address: str) -> Iterator[None]:
    """Listen to a stream as soon as there is room: the server may still be noticing who left."""
    deadline = time.monotonic() + 20
    while True:
        with client.stream("GET", address) as got:
            if got.status_code == 200:
                yield
                return
        assert time.monotonic() < deadline, "there was no room"
        time.sleep(0.05)


class TestStream:
    def test_it_tells_what_begins_and_what_ends(self, root: Path, app: Any) -> None:
        import httpx

        with (
            served(app) as base,
            httpx.Client(timeout=20) as client,
            client.stream("GET", f"{base}/live/events") as got,
        ):
            assert got.headers["content-type"].startswith("text/event-stream")
            assert got.headers["cache-control"] == "no-store"
            stream = events(got.iter_lines())
            assert next(stream)["spoken"] == "Nobody is at work."
            with claimed(Store(root)):
                assert next(stream)["spoken"].startswith("lottery-ticket and xor: 20 % done")
            assert next(stream)["spoken"] == "Nobody is at work."

    @pytest.mark.long
    def test_those_who_go_make_room_for_others(self, app: Any) -> None:
        import httpx

        limits = httpx.Limits(max_connections=None)
        with served(app) as base, httpx.Client(timeout=20, limits=limits) as client:
            for _ in range(2):
                with ExitStack() as kept:
                    for _ in range(MOST):
                        kept.enter_context(patiently(client, f"{base}/live/events"))
                    turned = client.get(f"{base}/live/events")
                    assert (turned.status_code, turned.headers["retry-after"]) == (503, "10")

    @pytest.mark.long
    def test_a_real_run_is_seen_from_its_beginning_to_its_answer(self, tmp_path: Path) -> None:
        import httpx

        from whether.web.app import create_app

        lab = Store.find(tmp_path / "lab").root
        words = [sys.executable, "-m", "whether", "run", "xor", "replicates=40", "--lab", str(lab)]
        with served(create_app(lab)) as base, httpx.Client(timeout=60) as client:
            with client.stream("GET", f"{base}/live/events") as got:
                stream = events(got.iter_lines())
                assert "Nothing is answered yet" in next(stream)["html"]
                with subprocess.Popen(
                    words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ}
                ) as run:
                    seen = [next(stream)]
                    while "/answers/xor-" not in seen[-1]["html"]:
                        seen.append(next(stream))
                    assert run.wait(60) == 0
            assert any(told["spoken"].startswith("xor: ") for told in seen)
            shares = [read(told["html"]).named("progress") for told in seen]
            values = [float(bar[0]["value"]) for bar in shares if bar]
            assert values == sorted(values)
            address = next(link for link in read(seen[-1]["html"]).links() if link.startswith("/answers/xor-"))
            assert client.get(f"{base}{address}").status_code == 200
