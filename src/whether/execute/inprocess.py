"""The in-process executor: slots are lanes, threads of this process with one core each.

A lane trains one pack on one core. Two lanes do as much as one pack on two cores, and where other programs want the
cores too they do more: they never wait for one another. A pack that is alone gets all the cores.
"""

from __future__ import annotations

import platform
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch

from whether.execute.contract import Ended, Event, Failed, Job, Joined, Slot
from whether.execute.worker import Post, Worker
from whether.execute.workshop import Workshop


class InProcess:
    """Lanes in this process.

    Args:
        workshop: over the lab.
        lanes: how many; by default as many as PyTorch has threads.
    """

    shares_process = True

    def __init__(self, workshop: Workshop, lanes: int | None = None) -> None:
        self.worker = Worker(workshop)
        self._cores = torch.get_num_threads()
        self._lanes = lanes or self._cores
        self._pool: ThreadPoolExecutor | None = None
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self._busy = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Make the lanes."""
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(self._lanes, thread_name_prefix="lane")
        for lane in range(self._lanes):
            slot = Slot(f"lane {lane + 1}", platform.node(), self.worker.device.type, self.worker.profile)
            self._events.put(Joined(slot.name, slot))

    def give(self, slot: str, job: Job) -> None:
        """Let a lane carry a job out."""
        assert self._pool is not None, "the executor was not started"
        with self._lock:
            self._busy += 1
        self._pool.submit(self._carry_out, slot, job)

    def events(self, timeout: float) -> list[Event]:
        """What happened since the last call; waits for the first.

        Raises:
            BaseException: what ended a lane and is no error of its job: nobody would ever hear of it otherwise.
        """
        found: list[Event] = []
        try:
            told = self._events.get(timeout=timeout) if timeout > 0 else self._events.get_nowait()
            while True:
                if isinstance(told, BaseException):
                    raise told
                found.append(told)
                told = self._events.get_nowait()
        except queue.Empty:
            return found

    def drop(self, slot: str, because: str) -> None:
        """A thread cannot be taken away from what it does; whoever waits for it can press Ctrl-C."""

    def stop(self) -> None:
        """Lanes end at their next step."""
        self._stopping.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._busy = 0

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def _carry_out(self, slot: str, job: Job) -> None:
        def say(event: Event) -> None:
            if isinstance(event, (Ended, Failed)):
                with self._lock:
                    self._busy -= 1
            self._events.put(event)

        try:
            self.worker.carry_out(job, Post(slot, say, self._stopping.is_set, self._threads))
        except BaseException as error:
            self._events.put(error)

    def _threads(self) -> int:
        return max(1, self._cores // max(1, self._busy))
