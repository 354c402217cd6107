"""A worker process of the local executor: `python -m whether.execute.process FD LAB DEVICE`.

Jobs come and events go over the socket FD. When it closes, whoever asked is gone and this process ends at once,
whatever it is doing: everything that was reached stands in the lab.
"""

from __future__ import annotations

import os
import platform
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from whether.execute import job as jobs
from whether.execute.contract import Event, Failed, Joined, Slot, Told
from whether.execute.progress import Event as Heard
from whether.execute.progress import Note


def main(link: Connection, lab: Path, device: str) -> None:
    """Join, then carry out whatever comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the one who asked decides
    waiting = _listen(link)  # before anything is loaded, which takes seconds: whoever asked may be gone by then
    import torch

    from whether.execute.worker import Post, Worker, failure_of
    from whether.execute.workshop import Workshop
    from whether.store.folder import Store

    if device == "cpu":
        torch.set_num_threads(1)
    speaking = threading.Lock()

    def say(event: Event) -> None:
        try:
            with speaking:
                link.send(event)
        except OSError:
            os._exit(0)

    def tell(event: Heard) -> None:
        if isinstance(event, Note):
            say(Told("", event.text))

    worker = Worker(Workshop(Store(lab), tell), device)
    say(Joined("", Slot("", platform.node(), device, worker.profile)))
    while True:
        data = waiting.get()
        try:
            job = jobs.decode(data)
        except Exception as error:
            say(Failed("", jobs.number(data), failure_of(error)))
            continue
        worker.carry_out(job, Post("", say))


def _listen(link: Connection) -> queue.SimpleQueue[bytes]:
    """Jobs as they come; the end of the process when no more can come."""
    found: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        while True:
            try:
                found.put(link.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)

    threading.Thread(target=listen, daemon=True, name="listening").start()
    return found


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])), Path(sys.argv[2]), sys.argv[3])
