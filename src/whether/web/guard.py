"""What is let in, and the headers of every answer.

Only this machine is spoken to, but pages of others in the same browser could try to: so the name under which we are
asked must be this machine's (no rebinding of names), nobody may frame us or read us from elsewhere, and nothing but
our own files is run. What another page asks for, and not the person in front of the browser, is refused: it could read
nothing of it, but keep us busy. Only GET and HEAD exist. Addresses that try to climb are not found, before anything
looks at them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from whether.errors import WhetherError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

METHODS = ("GET", "HEAD")
LONGEST = 1024
"""Bytes that a path may have; names of folders have at most 109 signs, each at most 12 bytes when encoded."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For files of the lab that a browser shows by itself: they run nothing, load nothing and are of no origin."""

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", POLICY.encode()),
)
_HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_CLIMBS = re.compile(rb"%(2f|5c|2e|25|00)|\\|\x00|//", re.IGNORECASE)


def is_plain(raw: bytes) -> bool:
    """Whether a path, as it came, is one that our pages could have: nothing in it climbs or hides.

    Example:
        >>> [is_plain(path) for path in (b"/answers/xor-f70a434f", b"/answers/../x", b"/answers/%2e%2e%2fx")]
        [True, False, False]
    """
    climbs = any(part in (b".", b"..") for part in raw.split(b"/"))
    return len(raw) <= LONGEST and not climbs and _CLIMBS.search(raw) is None


def is_here(host: bytes) -> bool:
    """Whether a Host header names this machine, on whatever port.

    Example:
        >>> [is_here(host) for host in (b"localhost:8642", b"127.0.0.1", b"[::1]:80", b"evil.example", b"")]
        [True, True, True, False, False]
    """
    return _HOST.fullmatch(host.lower()) is not None


def is_asked_by_others(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a page of another origin asks, for a part of itself: browsers say so, and other clients say nothing.

    That somebody follows a link to us from there is another thing.

    Example:
        >>> link = {b"sec-fetch-site": b"cross-site", b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}
        >>> [is_asked_by_others(said.items()) for said in (link, {**link, b"sec-fetch-dest": b"iframe"}, {})]
        [False, True, False]
    """
    said = dict(headers)
    follows = (said.get(b"sec-fetch-mode"), said.get(b"sec-fetch-dest")) == (b"navigate", b"document")
    return said.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin") and not follows


class Guard:
    """An application behind the rules of this file.

    Args:
        app: what is asked when the rules allow it.
        missing: answers where there is nothing of that name.
        unread: answers where the disk does not give out what `app` has to read, or something else than was written.
        fault: answers where `app` raised anything else. Both go to the log and not to who asked.
    """

    def __init__(self, app: App, missing: App, unread: App, fault: App) -> None:
        self.app = app
        self.missing = missing
        self.unread = unread
        self.fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message = {**message, "headers": [*given, *(pair for pair in _HEADERS if pair[0] not in names)]}
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not is_here(hosts[0]):
            await _plain(guarded, 421, "This lab is shown to this machine only: open http://127.0.0.1 and its port.\n")
        elif is_asked_by_others(scope["headers"]):
            await _plain(guarded, 403, "The lab is shown to whoever opens it, and not to other pages.\n")
        elif scope["method"] not in METHODS:
            await _plain(guarded, 405, "The lab is read here, and never changed.\n", (b"allow", b"GET, HEAD"))
        elif not is_plain(scope.get("raw_path") or scope["path"].encode()):
            await self.missing(scope, receive, guarded)
        else:
            try:
                await self.app(scope, receive, guarded)
            except asyncio.CancelledError:  # the server ends
                if not begun:
                    await _plain(guarded, 503, "The server ends.\n")
            except Exception as error:
                is_unread = isinstance(error, OSError | WhetherError)
                _log(scope["path"], error, told=not is_unread)
                if not begun:
                    await (self.unread if is_unread else self.fault)(scope, receive, guarded)


def _log(path: str, error: Exception, *, told: bool) -> None:
    """Say on the terminal what happened; nothing of what was asked can write there anything but a line of text."""
    logger = logging.getLogger("uvicorn.error")
    if told:
        logger.error("a page could not be made: %r", path[:200], exc_info=error)
    else:
        logger.error("%r could not be read for a page: %r", path[:200], error)


async def _plain(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    told = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": text.encode()})
