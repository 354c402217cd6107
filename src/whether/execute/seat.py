"""A worker as a Ray actor: jobs are given to it, and it is asked what happened."""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from whether.errors import RequestError, WhetherError
from whether.execute.contract import Event, Failed, Failure, Kind

WAITS = 1.0  # seconds that a question for what happened stays open


@dataclass(frozen=True)
class Orders:
    """What an actor is told when it is made.

    Attributes:
        lab: the lab's folder.
        device: on which it trains.
        folder, path: the working directory and module path of whoever asked, where code of one's own is.
        token: a mark of this name lies in the lab's work/, by which it is known to be the same one.
        version: of whoever asked.
    """

    lab: str
    device: str
    folder: str
    path: tuple[str, ...]
    token: str
    version: str


class Seat:
    """The actor; it never raises: what is wrong is the first thing that it tells."""

    def __init__(self, orders: Orders) -> None:
        self._jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        threading.Thread(target=self._work, args=(orders,), daemon=True, name="working").start()

    def give(self, data: bytes) -> None:
        """Take a job."""
        self._jobs.put(data)

    def poll(self) -> list[Event]:
        """What happened since the last time; waits a little for something to happen."""
        found: list[Event] = []
        try:
            found.append(self._events.get(timeout=WAITS))
            while True:
                found.append(self._events.get_nowait())
        except queue.Empty:
            return found

    def _work(self, orders: Orders) -> None:
        try:
            wrong = misfit(orders)
            if wrong:
                self._events.put(Failed("", 0, Failure("request", wrong)))
                return
            from whether.execute.serving import employ, serve

            if os.path.isdir(orders.folder):
                os.chdir(orders.folder)
            sys.path[:] = [*(path for path in orders.path if path not in sys.path), *sys.path]
            worker = employ(Path(orders.lab), orders.device, self._events.put)
        except WhetherError as error:
            kind: Kind = "request" if isinstance(error, RequestError) else "work"
            self._events.put(Failed("", 0, Failure(kind, str(error))))
            return
        except Exception as error:  # a PyTorch that cannot be loaded: with nothing said, all would wait for this node
            said = f"{type(error).__name__}: {error}"
            self._events.put(Failed("", 0, Failure("work", f"the node {platform.node()} cannot work here ({said})")))
            return
        serve(worker, self._jobs.get, self._events.put)


def misfit(orders: Orders) -> str:
    """Why an actor with these orders cannot work here; empty when it can."""
    import whether
    from whether.store.folder import Store

    host = platform.node()
    if orders.version != whether.__version__:
        return (
            f"the node {host} has Whether {whether.__version__}, and this command is {orders.version}: two versions "
            "may make other bits of the same history. Install the same one on every node."
        )
    store = Store(Path(orders.lab))
    if not store.work.is_marked(orders.token):
        return (
            f"the node {host} does not see the lab {orders.lab}. All nodes must see it at the same place: put it on a "
            "file system that they share, and name it with --lab."
        )
    return ""
