"""A worker process of the local executor: `python -m whether.execute.process FD LAB DEVICE`.

Jobs come and events go over the socket FD. When it closes, whoever asked is gone and this process ends at once,
whatever it is doing: everything that was reached stands in the lab.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from whether.execute.contract import Event


def main(link: Connection, lab: Path, device: str) -> None:
    """Join, then carry out whatever comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the one who asked decides
    gc.set_threshold(50_000, 20, 50)  # as the command line does: PyTorch is imported in a tenth less
    waiting = _listen(link)  # before anything is loaded, which takes seconds: whoever asked may be gone by then
    from whether.execute.serving import employ, serve

    speaking = threading.Lock()

    def say(event: Event) -> None:
        try:
            with speaking:
                link.send(event)
        except OSError:
            os._exit(0)

    serve(employ(lab, device, say), waiting.get, say)


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
