"""One look at the lab a second, shared by all browsers that listen to it as a stream of server-sent events.

Nobody looks while nobody listens. A browser is told what changed, and something short now and then so that connections
which nothing came through for long are not cut; when it goes, its stream ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping

MOST = 32
"""Browsers that may listen at once; others are asked to load the page again now and then."""
EVERY, HEARTBEAT, LONGEST = 1.0, 15.0, 600.0
"""Seconds between two looks; without news until a sign of life; of a stream, after which a browser connects anew."""
BLINK = 0.2
"""Seconds within which a stream notices that the server ends."""
RETRY = 2000
"""Milliseconds after which a browser that lost us tries again."""
BEAT = b": nothing new\n\n"


class Feed:
    """The stream of one page.

    Args:
        look: gives what is to be told, in plain values; called in a thread, about once in `every` seconds.
        most, every, heartbeat, longest: as the constants of this file.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, str]],
        *,
        most: int = MOST,
        every: float = EVERY,
        heartbeat: float = HEARTBEAT,
        longest: float = LONGEST,
    ) -> None:
        self._look = look
        self._most, self._every, self._heartbeat, self._longest = most, every, heartbeat, longest
        self._watch: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._message = b""
        self._id = ""
        self.listeners = 0
        """Browsers that listen now."""

    @property
    def is_full(self) -> bool:
        """Whether nobody more may listen."""
        return self.listeners >= self._most

    async def listen(self, last: str = "", is_over: Callable[[], bool] = lambda: False) -> AsyncIterator[bytes]:
        """The events for one browser, until it goes or the stream has become long.

        Args:
            last: the id of the last event that it has seen (its header Last-Event-ID); that is not told again.
            is_over: whether the server is about to end; asked several times a second.
        """
        self.listeners += 1
        try:
            if self._watch is None:
                self._news = asyncio.Event()
                self._watch = asyncio.create_task(self._watching())
            yield f"retry: {RETRY}\n\n".encode()
            now = asyncio.get_running_loop().time
            ends, beats = now() + self._longest, now() + self._heartbeat
            while now() < ends and not is_over():
                news = self._news
                if self._id and self._id != last:
                    last, beats = self._id, now() + self._heartbeat
                    yield self._message
                elif now() >= beats:
                    beats = now() + self._heartbeat
                    yield BEAT
                else:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), min(BLINK, self._heartbeat))
        finally:
            self.listeners -= 1
            if not self.listeners and self._watch is not None:
                self._watch.cancel()
                self._watch, self._id, self._message = None, "", b""

    async def _watching(self) -> None:
        while True:
            try:
                told = await asyncio.to_thread(self._look)
            except Exception:  # a disk that is away for a moment, say: the next look tells
                logging.getLogger("uvicorn.error").exception("could not look at what is at work")
            else:
                self._tell(told)
            await asyncio.sleep(self._every)

    def _tell(self, told: Mapping[str, str]) -> None:
        if event_id(told) != self._id:
            self._message, self._id = event(told), event_id(told)
            news, self._news = self._news, asyncio.Event()
            news.set()


def event_id(told: Mapping[str, str]) -> str:
    """The id of an event: the same for the same news, also of another server."""
    return hashlib.sha256(_data(told)).hexdigest()[:16]


def event(told: Mapping[str, str]) -> bytes:
    """An event as it is sent: JSON, which has no line breaks of its own.

    Example:
        >>> event({"spoken": "a\\nb"}).decode().splitlines()
        ['id: 647c5aa342f67ef6', 'event: lab', 'data: {"spoken": "a\\\\nb"}', '']
    """
    return b"id: %s\nevent: lab\ndata: %s\n\n" % (event_id(told).encode(), _data(told))


def _data(told: Mapping[str, str]) -> bytes:
    return json.dumps(dict(told)).encode()
