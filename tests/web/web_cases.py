"""Labs to look at, requests as a browser or an attacker would send them, and pages read as a browser reads them."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from whether.answer import Answer
from whether.store.folder import Store

HOST = "127.0.0.1:8642"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M 0 0 L 9 9" style="stroke: #0a5fa4"/></svg>'
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1) data-evil=1>{{ 7 * 7 }}\u202e</title></style>=1+1"


@functools.cache
def bench() -> ModuleType:
    """The benchmark of pages, which makes labs."""
    path = Path(__file__).parents[2] / "benchmarks" / "serve_pages.py"
    spec = importlib.util.spec_from_file_location("serve_pages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(answer: Answer) -> dict[str, bytes]:
    """The files of an answer without the time that drawing takes."""
    from whether.report.figures import drawings

    files = {f"figures/{name}.{ending}": content for name in drawings(answer) for ending, content in FIGURE.items()}
    return files | {"report.html": b"<!DOCTYPE html><title>A report</title><p>told"}


FIGURE = {"svg": SVG, "png": b"\x89PNG\r\n\x1a\n"}


def folder_of(name: str) -> str:
    """The folder of an answer of the benchmark's labs."""
    return f"{name}-{bench().name_of(name)[:8]}"


def add(store: Store, answer: Answer) -> str:
    """Write an answer with its files, as a lab does; gives its folder."""
    folder = store.answers.open(answer.name, answer.digest)
    for file, content in drawn(answer).items():
        folder.write(file, content)
    store.conclude(folder, answer.plain())
    return folder.name


@dataclass
class Got:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def get(
    app: Any,
    path: str | bytes,
    *,
    method: str = "GET",
    host: str | None = HOST,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Got:
    """Ask an application for a path exactly as it is given, without anything put right on the way."""
    raw, _, query = (path.encode() if isinstance(path, str) else path).partition(b"?")
    named = [(b"host", host.encode())] if host is not None else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw.decode("latin-1")),
        "raw_path": raw,
        "query_string": query,
        "headers": [*named, *headers],
        "server": ("127.0.0.1", 8642),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
    }
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Got(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))


@dataclass
class Read(HTMLParser):
    """A page as a browser reads it: its elements with their attributes, and its text."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def links(self) -> list[str]:
        return [said["href"] for tag, said in self.elements if tag == "a"]

    def named(self, tag: str) -> list[dict[str, str]]:
        return [said for name, said in self.elements if name == tag]


def read(page: Got | str) -> Read:
    """Parse a page."""
    made = Read()
    made.feed(page if isinstance(page, str) else page.text)
    made.close()
    return made


def crawl(app: Any, start: str = "/", networks: int = 2) -> dict[str, Got]:
    """Every page that links lead to, by address, anchors left out; so many networks stand for all."""
    found: dict[str, Got] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        enough = address.startswith("/networks/") and sum(one.startswith("/networks/") for one in found) >= networks
        if not address or address in found or enough:
            continue
        found[address] = get(app, address)
        if found[address].headers.get("content-type", "").startswith("text/html") and "/report.html" not in address:
            waiting += [link for link in read(found[address]).links() if link.startswith("/")]
    return found
